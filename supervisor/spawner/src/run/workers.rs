//! The workers that the spawner has: how they are started, inspected and reaped.

use std::io;
use std::os::fd::OwnedFd;

use nano_protocol::SandboxLayer;

use super::Spawner;
use crate::inspect::ProcInspection;
use crate::shortage::explain;
use crate::spawn::WorkerProcess;
use crate::uid::Uids;
use crate::wire::{Reply, SpawnerRefusal, WorkerPurpose};

/// Most workers at once: far more than anyone runs; a bound against a compromised supervisor.
const MAX_WORKERS: usize = 16 * 1024;

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

    pub(super) fn spawn(
        &mut self,
        generation: u64,
        purpose: WorkerPurpose,
        descriptors: Vec<OwnedFd>,
    ) -> Result<u64, SpawnerRefusal> {
        let own = self.generations.get(&generation).ok_or_else(no_generation)?;
        let (name, lease) = match purpose {
            WorkerPurpose::Serve => (own.app.as_str(), own.lease.as_ref()),
            WorkerPurpose::Check => (CHECKERS, self.uids.as_ref().map(Uids::checkers)),
        };
        let Ok([stdin, stderr]) = <[OwnedFd; 2]>::try_from(descriptors) else {
            return Err(SpawnerRefusal::Request("a worker needs a socket and a pipe".to_owned()));
        };
        if self.workers.len() >= MAX_WORKERS {
            return Err(SpawnerRefusal::Request("there are too many workers".to_owned()));
        }
        let failed = |error: io::Error| SpawnerRefusal::Process(explain(&error));
        let prepared = self.groups.prepare(name, own.memory);
        let started = self.factory.start(name, lease, &stdin, &stderr, &prepared);
        let mut worker = match started {
            Ok(worker) => worker,
            Err(error) => {
                if let Some(group) = prepared.group {
                    self.groups.give_back(group);
                }
                return Err(failed(error));
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
