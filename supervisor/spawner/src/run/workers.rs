//! The workers that the spawner has: how they are started, inspected and reaped.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use nano_protocol::SandboxLayer;

use super::Spawner;
use crate::groups::Groups;
use crate::inspect::ProcInspection;
use crate::shortage::explain;
use crate::spawn::{Owner, WorkerProcess};
use crate::wire::{Layer, Reply, SpawnerRefusal, WorkerPurpose};

/// Most workers at once: far more than anyone runs; a bound against a compromised supervisor.
const MAX_WORKERS: usize = 16 * 1024;

/// Most spares at once, likewise.
const MAX_SPARES: usize = 64;

/// The `memory_mb`, in bytes, that a spare's group is made for: the least that an app may have.
const SPARE_MEMORY: u64 = 8 << 20;

/// What workers that check are called where others have their app's name. No app has this one.
const CHECKERS: &str = "(check)";

impl Spawner {
    pub(super) fn reap(&mut self, ended: &[u64]) {
        for number in ended {
            if let Some(exit) = self.workers.get(number).and_then(WorkerProcess::reap) {
                let group = self.workers.remove(number).and_then(|worker| worker.group);
                if let Some(group) = group {
                    self.groups.give_back(group);
                }
                self.reply(Reply::Exited { worker: *number, exit }, None);
            }
        }
    }

    pub(super) fn spawn(&mut self, purpose: WorkerPurpose, descriptors: Vec<OwnedFd>) -> Result<u64, SpawnerRefusal> {
        let generation = |number| self.generations.get(&number).ok_or_else(no_generation)?.with_module();
        let (name, memory, owner) = match purpose {
            WorkerPurpose::Serve(number) => {
                let own = generation(number)?;
                (own.app.clone(), own.memory, Owner::Known(own.lease.clone()))
            }
            WorkerPurpose::Check(number) => {
                let lease = self.uids.as_ref().map(|uids| Rc::clone(uids.checkers()));
                (CHECKERS.to_owned(), generation(number)?.memory, Owner::Known(lease))
            }
            // It has a group of its own beside those of the apps, and as an app's worker it stays in it: moving it would take
            // longer than starting another.
            WorkerPurpose::Spare => {
                if self.workers.values().filter(|worker| worker.is_spare()).count() >= MAX_SPARES {
                    return Err(SpawnerRefusal::Request("there are too many spares".to_owned()));
                }
                (format!("(spare {})", self.number + 1), SPARE_MEMORY, Owner::Unknown)
            }
        };
        self.start(&name, memory, &owner, descriptors)
    }

    /// Gives a spare to an app. Returns the layers that the spawner makes.
    pub(super) fn adopt(&mut self, worker: u64, generation: u64) -> Result<Vec<Layer>, SpawnerRefusal> {
        let own = self.generations.get(&generation).ok_or_else(no_generation)?.with_module()?;
        let no_spare = || SpawnerRefusal::Request("there is no such spare".to_owned());
        let worker = self.workers.get_mut(&worker).filter(|worker| worker.is_spare()).ok_or_else(no_spare)?;
        if let Some(group) = &worker.group
            && let Err(error) = Groups::set_memory(group, own.memory)
        {
            return Err(SpawnerRefusal::Process(format!("its control group's limits cannot be set: {error}")));
        }
        worker.adopt(own.lease.clone()).map_err(|error| SpawnerRefusal::Process(explain(&error)))?;
        Ok(worker.layers.iter().cloned().map(Into::into).collect())
    }

    fn start(
        &mut self,
        name: &str,
        memory: u64,
        owner: &Owner,
        descriptors: Vec<OwnedFd>,
    ) -> Result<u64, SpawnerRefusal> {
        let Ok([stdin, stderr]) = <[OwnedFd; 2]>::try_from(descriptors) else {
            return Err(SpawnerRefusal::Request("a worker needs a socket and a pipe".to_owned()));
        };
        if self.workers.len() >= MAX_WORKERS {
            return Err(SpawnerRefusal::Request("there are too many workers".to_owned()));
        }
        let prepared = self.groups.prepare(name, memory);
        let mut worker = match self.factory.start(name, owner, &stdin, &stderr, &prepared) {
            Ok(worker) => worker,
            Err(error) => {
                if let Some(group) = prepared.group {
                    self.groups.give_back(group);
                }
                return Err(SpawnerRefusal::Process(explain(&error)));
            }
        };
        worker.group = prepared.group;
        let number = self.next();
        self.workers.insert(number, worker);
        Ok(number)
    }

    pub(super) fn reply_spawned(&mut self, id: u64, number: u64) {
        let Some(worker) = self.workers.get(&number) else { return };
        let layers = worker.layers.iter().cloned().map(Into::into).collect();
        self.reply(Reply::Spawned { id, worker: number, pid: worker.pid(), layers }, None);
    }
}

pub(super) fn no_generation() -> SpawnerRefusal {
    SpawnerRefusal::Request("there is no such generation".to_owned())
}

pub(super) fn inspect(worker: &WorkerProcess) -> Result<Vec<(String, String)>, String> {
    let inspection = ProcInspection::read(worker.pid()).map_err(|error| error.to_string())?;
    let user = worker.user();
    let seen = SandboxLayer::ALL.into_iter();
    let mut all: Vec<_> =
        seen.filter_map(|layer| Some((layer.as_str().to_owned(), inspection.contradiction(layer, user)?))).collect();
    let group = worker.group.as_ref().and_then(|group| group.contradiction(worker.pid()));
    all.extend(group.map(|seen| (SandboxLayer::Cgroup.as_str().to_owned(), seen)));
    Ok(all)
}
