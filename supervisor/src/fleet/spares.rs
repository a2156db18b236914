//! Workers that were started before it is known for which app: their process is made, V8 and its threads are there, and all
//! of their sandbox is closed that does not depend on the app. An app that needs a worker at once gets one of them.
//!
//! A spare belongs to no app until it is given to one, holds nothing of any app, and is given once. Others are started to
//! replace it, one after the other.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_protocol::Frame;
use nano_spawner::wire::WorkerPurpose;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::boot;
use super::context::FleetContext;
use super::modules::AppModules;
use super::process::Process;
use super::shared::{GenerationState, data_links};
use super::start_error::StartError;
use super::start_turns::StartKind;
use crate::duration::millis;
use crate::log::LogRate;

/// What a spare is called in the log.
const NAME: &str = "(spare)";

/// How long a spare's process may take until it is prepared.
const PREPARE: Duration = Duration::from_secs(10);

/// After a failure the next one is started so much later, and twice as late each time, up to the most.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The spares that are there, and the task that keeps their number.
#[derive(Debug, Default)]
pub(super) struct SparePool {
    wanted: Cell<usize>,
    ready: RefCell<VecDeque<Spare>>,
    changed: Rc<Notify>,
    keeper: RefCell<JoinSet<()>>,
}

/// A worker that waits for an app, with nano's ends of its data links.
#[derive(Debug)]
struct Spare {
    process: Process,
    links: Vec<UnixStream>,
}

/// A worker that was a spare.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) process: Process,
    /// nano's ends of its data links.
    pub(super) links: Vec<UnixStream>,
    pub(super) refill: Refill,
}

/// Dropping it has another spare started, for one that was given away. It is held until that one has its app: the spawner
/// does one thing at a time, and that comes first.
#[derive(Debug)]
pub(super) struct Refill(Rc<Notify>);

impl Drop for Refill {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl SparePool {
    /// Sets how many there are to be, and keeps as many from now on. Must run in a `LocalSet`.
    pub(super) fn set_wanted(&self, context: &Rc<FleetContext>, wanted: usize) {
        self.wanted.set(wanted);
        self.ready.borrow_mut().truncate(wanted);
        self.show(context);
        let mut keeper = self.keeper.borrow_mut();
        if keeper.is_empty() && wanted > 0 {
            keeper.spawn_local(keep(Rc::downgrade(context), Rc::clone(&self.changed)));
        }
        self.changed.notify_one();
    }

    /// How many are ready.
    pub(super) fn ready(&self) -> usize {
        self.ready.borrow().iter().filter(|spare| !spare.process.life.is_over()).count()
    }

    /// How many there are to be.
    pub(super) fn wanted(&self) -> usize {
        self.wanted.get()
    }

    /// A worker of this generation that was a spare; `None`: there is none, or it cannot be used for this app.
    pub(super) async fn adopt(
        &self,
        context: &FleetContext,
        shared: &GenerationState,
        modules: &AppModules,
    ) -> Option<Adopted> {
        // Its group is beside those of the apps. With several workers an app would have the weight of several.
        if shared.config.settings.workers > 1 {
            return None;
        }
        let taken = self.take();
        self.show(context);
        let Spare { mut process, links } = taken?;
        let refill = Refill(Rc::clone(&self.changed));
        let begun = Instant::now();
        match context.spawner.adopt(process.worker, modules.generation).await {
            Ok(layers) => process.layers = layers,
            Err(error) => {
                // Mostly it has ended, and the report of that is on its way.
                tracing::debug!(app = %shared.config.name, %error, "a spare worker cannot be used");
                return None;
            }
        }
        let app = shared.config.name.clone();
        process.link.queue(&Frame::Adopt { app: app.clone() });
        process.belongs_to(&app, &shared.rate);
        process.spawned = begun;
        Some(Adopted { process, links, refill })
    }

    fn take(&self) -> Option<Spare> {
        let mut ready = self.ready.borrow_mut();
        std::iter::from_fn(|| ready.pop_front()).find(|spare| !spare.process.life.is_over())
    }

    /// Has the metrics say how many there are.
    fn show(&self, context: &FleetContext) {
        context.metrics.set_spares(self.ready(), self.wanted());
    }

    /// Keeps a spare, unless fewer are wanted by now.
    fn keep(&self, spare: Spare) {
        let mut ready = self.ready.borrow_mut();
        if ready.len() < self.wanted.get() {
            ready.push_back(spare);
        }
    }

    fn is_short(&self) -> bool {
        self.ready.borrow_mut().retain(|spare| !spare.process.life.is_over());
        self.ready.borrow().len() < self.wanted.get()
    }
}

/// Keeps the number of spares.
async fn keep(context: Weak<FleetContext>, changed: Rc<Notify>) {
    let mut pause = PAUSE;
    loop {
        let Some(context) = context.upgrade() else { return };
        let mut failed = false;
        while !failed && context.spares.is_short() {
            match Spare::start(&context, &changed).await {
                Ok(spare) => {
                    pause = PAUSE;
                    context.spares.keep(spare);
                    context.spares.show(&context);
                }
                Err(error) => {
                    failed = true;
                    let pause_ms = millis(pause);
                    tracing::warn!(%error, pause_ms, "a spare worker cannot be started; apps start without");
                }
            }
        }
        drop(context);
        if failed {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        } else {
            changed.notified().await;
        }
    }
}

impl Spare {
    async fn start(context: &Rc<FleetContext>, changed: &Rc<Notify>) -> Result<Self, StartError> {
        let turn = context.start_turns.app();
        let _turn = turn.take(StartKind::Again).await;
        let (links, workers) = data_links(context.shards().len()).map_err(StartError::Spawn)?;
        let mut process = Process::spawn(&context.spawner, WorkerPurpose::Spare, workers).await?;
        match tokio::time::timeout(PREPARE, boot::next(&mut process)).await {
            Ok(Ok(Frame::Prepared)) => {}
            Ok(Ok(other)) => return Err(boot::out_of_turn(&other)),
            Ok(Err(Some(error))) => return Err(error),
            Ok(Err(None)) => {
                let rate = LogRate::new(Instant::now(), Arc::default());
                process.belongs_to(NAME, &Rc::new(RefCell::new(rate)));
                let exit = boot::ended(&mut process).await;
                let how = process.describe(&exit);
                let why = format!("it ended before it was prepared ({how}) {}", process.stderr_tail());
                return Err(StartError::Spawn(std::io::Error::other(why)));
            }
            Err(_) => return Err(StartError::Late(PREPARE)),
        }
        tracing::debug!(pid = process.pid, "a spare worker is prepared");
        // When it dies, another takes its place.
        let (mut life, changed, context) = (process.life.clone(), Rc::clone(changed), Rc::downgrade(context));
        let _task = tokio::task::spawn_local(async move {
            life.over().await;
            changed.notify_one();
            if let Some(context) = context.upgrade() {
                context.spares.show(&context);
            }
        });
        Ok(Self { process, links })
    }
}
