//! The part of the sandbox that a worker sets up itself, by giving up what it has. The spawner made new namespaces for
//! it, in which it has capabilities ([`SandboxArgs`]); the layers that need those come first. (A program cannot be
//! executed in a directory without files, nor by a user who may read none: so this process does it, and not the
//! spawner.)
//!
//! It happens in steps: [`enter`] before there are threads, [`Entered::close`] when all of them are there, and
//! [`Closed::finish`]; between the last two a spare waits for its app ([`Closed::adopt`]). All of it happens before the
//! worker is sent its app. It never fails: each layer reports whether it is in force, the spawner verifies from outside what
//! is visible there, and the supervisor decides.
//!
//! | layer | takes away |
//! |---|---|
//! | root | every file and mount, before anything else |
//! | uid | the user that other apps, or nano, have |
//! | capabilities | every capability, in case it was started with some |
//! | no_new_privs | gaining privileges by executing something |
//! | undumpable | being read by other processes of the same user, core dumps |
//! | rlimits | more than a few descriptors, files, locked memory, message queues, more threads or processes |
//! | landlock | every path, TCP ports, signals and abstract sockets to outside |
//! | seccomp | every system call that V8 and the event loop do not need |

mod descriptors;
mod filter;
mod landlock;
mod privileges;
mod rlimits;
mod root;
mod sandbox_args;
mod system_calls;
mod time_zone;
mod user;

use filter::SecondPart;
use nano_protocol::limits::MAX_LAYER_DETAIL;
use nano_protocol::{LayerReport, SandboxLayer};
use nix::unistd::geteuid;
pub use sandbox_args::SandboxArgs;

/// Which layers to apply. A worker applies all of them; the test that attacks it leaves one out to see its effect.
#[derive(Debug, Clone, Copy)]
pub struct Layers {
    /// [`SandboxLayer::Capabilities`].
    pub capabilities: bool,
    /// [`SandboxLayer::NoNewPrivs`]. Landlock and seccomp need it where the process has no capabilities.
    pub no_new_privs: bool,
    /// [`SandboxLayer::Undumpable`].
    pub undumpable: bool,
    /// [`SandboxLayer::Rlimits`].
    pub rlimits: bool,
    /// [`SandboxLayer::Landlock`].
    pub landlock: bool,
    /// [`SandboxLayer::Seccomp`].
    pub seccomp: bool,
}

impl Layers {
    /// Everything.
    pub const ALL: Self =
        Self { capabilities: true, no_new_privs: true, undumpable: true, rlimits: true, landlock: true, seccomp: true };
}

/// A layer's own report: how much of it is in force, or why none of it is.
type LayerResult = Result<String, String>;

/// A sandbox after its first step.
#[derive(Debug)]
pub struct Entered {
    layers: Layers,
    reports: Vec<LayerReport>,
    rlimits: LayerResult,
    /// It is a spare that becomes another user later.
    is_root: bool,
}

/// A sandbox that lacks its last part: what must be possible until it is known whose worker it is.
#[derive(Debug)]
pub struct Closed {
    layers: Layers,
    reports: Vec<LayerReport>,
    filter: Option<Result<SecondPart, String>>,
    is_root: bool,
}

/// Applies the layers that must be applied before there are threads, which inherit them. Call it while there is one
/// thread, before anything is opened: descriptors above standard error are closed. The time zone, the only thing that
/// is needed from the file system, is read here.
#[must_use]
pub fn enter(layers: Layers, sandbox_args: SandboxArgs) -> Entered {
    descriptors::close_inherited();
    time_zone::load();
    let mut reports = Vec::with_capacity(SandboxLayer::ALL.len());
    let named = sandbox_args.identity.map_or(Ok(()), user::name);
    if sandbox_args.empty_root {
        let outcome = named.and_then(|()| root::empty());
        reports.push(report(SandboxLayer::Root, outcome));
    }
    if let Some(user) = sandbox_args.user {
        reports.push(report(SandboxLayer::Uid, user::become_user(user)));
    }
    let mut apply = |wanted: bool, layer: SandboxLayer, apply: fn() -> LayerResult| {
        if wanted {
            reports.push(report(layer, apply()));
        }
    };
    apply(layers.undumpable, SandboxLayer::Undumpable, privileges::become_undumpable);
    apply(layers.no_new_privs, SandboxLayer::NoNewPrivs, privileges::forbid_new);
    apply(layers.landlock, SandboxLayer::Landlock, landlock::close);
    // A spare becomes another user later. Where it could not, it gives up everything now, as one that is no spare.
    let kept = (sandbox_args.spare && geteuid().is_root()).then(privileges::keep_user_change);
    if let Some(Err(reason)) = &kept {
        reports.push(report(SandboxLayer::Uid, Err(format!("it cannot change its user: {reason}"))));
    }
    let is_root = matches!(kept, Some(Ok(_)));
    if layers.capabilities && !is_root {
        reports.push(report(SandboxLayer::Capabilities, privileges::drop_capabilities()));
    }
    let rlimits = if layers.rlimits { rlimits::limit() } else { Err(String::new()) };
    Entered { layers, reports, rlimits, is_root }
}

impl Entered {
    /// Applies the remaining layers to all threads, but for the filter's second part. No more threads are to be made
    /// afterwards.
    #[must_use]
    pub fn close(self) -> Closed {
        let Self { layers, mut reports, rlimits, is_root } = self;
        if layers.rlimits {
            reports.push(report(SandboxLayer::Rlimits, rlimits.and_then(rlimits::forbid_threads)));
        }
        Closed { layers, reports, filter: layers.seccomp.then(filter::begin), is_root }
    }
}

impl Closed {
    /// A spare gets its app: it becomes that app's user, and with that gives up what it kept for it.
    ///
    /// # Errors
    /// It cannot, and must not go on: it still has what it kept.
    pub fn adopt(&mut self, user: Option<u32>) -> Result<(), String> {
        if self.is_root {
            let changed = user.ok_or("it was not told which user it is to be".to_owned()).and_then(user::change)?;
            self.reports.push(report(SandboxLayer::Uid, Ok(changed)));
            // The kernel empties the sets of every thread that is not root any more (capabilities(7)).
            self.reports.push(report(SandboxLayer::Capabilities, Ok(String::new())));
        }
        // The change of the user undid it.
        if self.layers.undumpable {
            self.reports.retain(|report| report.layer != SandboxLayer::Undumpable);
            self.reports.push(report(SandboxLayer::Undumpable, privileges::become_undumpable()));
        }
        Ok(())
    }

    /// Applies what is left to all threads. Returns the layers' reports.
    #[must_use]
    pub fn finish(self) -> Vec<LayerReport> {
        let Self { mut reports, filter, .. } = self;
        if let Some(filter) = filter {
            reports.push(report(SandboxLayer::Seccomp, filter.and_then(SecondPart::install)));
        }
        reports
    }
}

fn report(layer: SandboxLayer, outcome: LayerResult) -> LayerReport {
    let active = outcome.is_ok();
    let mut detail = outcome.unwrap_or_else(|reason| reason);
    while detail.len() > MAX_LAYER_DETAIL {
        detail.pop();
    }
    LayerReport { layer, active, detail }
}
