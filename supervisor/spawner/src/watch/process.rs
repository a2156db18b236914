//! What a watcher does: waits for an event that a name refers to another file or that a file was written, checks
//! whether the paths lead to the same as before, and reports a change.

use std::fs::File;
use std::io::{self, PipeReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;

use super::armed::{Armed, EventMeaning};
use super::chain::Chains;
use super::tree;
use super::{Fingerprint, WatchedPaths, WatcherMessage};
use crate::wire::{Coverage, POLL_EVERY};

/// Shortest time between two checks, so that endless events do not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(20);

/// Checks take at most one part in so many of the time.
const SHARE: u32 = 5;

/// If the kernel's limits left paths without watches, they are set up anew this often.
const REARM_INTERVAL: Duration = Duration::from_secs(30);

/// How often paths that change while they are resolved are resolved anew.
const TRIES: usize = 8;

/// Ends this process when the spawner ends.
pub(super) fn die_with_spawner() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// Watches until there is a byte in the pipe and all changes before it are reported.
pub(super) fn watch(places: WatchedPaths, messages: impl Write, end: &PipeReader) -> io::Result<()> {
    let mut watch = WatchLoop { places, armed: Armed::default(), messages, reported: None };
    watch.arm()?;
    watch.compare()?;
    // A mount changes what a path leads to, without an event in any directory.
    let mounts = File::open("/proc/self/mountinfo").ok();
    let (mut looked, mut armed) = (Instant::now(), Instant::now());
    loop {
        let woken = wait(&watch.armed, mounts.as_ref(), end.as_fd())?;
        let begun = Instant::now();
        let seen = watch.armed.seen();
        let is_blind = !watch.armed.blind.is_empty();
        // The kernel's limits may leave room again.
        if seen == EventMeaning::Place || woken.mounts || (is_blind && armed.elapsed() >= REARM_INTERVAL) {
            watch.arm()?;
            armed = Instant::now();
        }
        if seen > EventMeaning::Nothing || woken.mounts || (is_blind && looked.elapsed() >= POLL_EVERY) {
            watch.compare()?;
            looked = Instant::now();
        }
        if woken.end {
            return Ok(());
        }
        pause(end.as_fd(), PAUSE.max(begun.elapsed() * SHARE))?;
    }
}

struct WatchLoop<W> {
    places: WatchedPaths,
    armed: Armed,
    messages: W,
    reported: Option<Coverage>,
}

impl<W: Write> WatchLoop<W> {
    /// Sets up watches for the paths as they lead now.
    fn arm(&mut self) -> io::Result<()> {
        let mut names = Chains::names(self.places.paths.keys());
        for _ in 0..TRIES {
            // The old watches are dropped first: the limit may not leave room for both.
            self.armed = Armed::default();
            self.armed = Armed::set(&names, self.places.paths.keys());
            self.armed.add_trees(self.places.trees.keys());
            let again = Chains::names(self.places.paths.keys());
            if again == names {
                break;
            }
            names = again;
        }
        // Compared before the coverage is reported: the watcher that is replaced ends with that report.
        for (path, seen) in &mut self.places.paths {
            seen.get_or_insert_with(|| Fingerprint::of(path));
        }
        for (path, seen) in &mut self.places.trees {
            seen.get_or_insert_with(|| tree::state(path));
        }
        let coverage = self.armed.coverage(self.places.paths.len() + self.places.trees.len());
        if self.reported.as_ref() != Some(&coverage) {
            self.send(&WatcherMessage::Covered(coverage.clone()))?;
            self.reported = Some(coverage);
        }
        Ok(())
    }

    /// Checks whether every path is in the state that is known.
    fn compare(&mut self) -> io::Result<()> {
        let mut changed = false;
        for (path, seen) in &mut self.places.paths {
            let now = Fingerprint::of(path);
            changed |= seen.is_some_and(|seen| seen != now);
            *seen = Some(now);
        }
        for (path, seen) in &mut self.places.trees {
            let now = tree::state(path);
            changed |= seen.is_some_and(|seen| seen != now);
            *seen = Some(now);
        }
        if changed { self.send(&WatcherMessage::Changed) } else { Ok(()) }
    }

    fn send(&mut self, message: &WatcherMessage) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.messages.write_all(&line)
    }
}

/// Why a wait ended.
struct Woken {
    end: bool,
    mounts: bool,
}

fn wait(armed: &Armed, mounts: Option<&File>, end: BorrowedFd<'_>) -> io::Result<Woken> {
    let mut watched = vec![PollFd::new(end, PollFlags::POLLIN)];
    watched.extend(mounts.map(|mounts| PollFd::new(mounts.as_fd(), PollFlags::POLLPRI)));
    watched.extend(armed.inotify.as_ref().map(|inotify| PollFd::new(inotify.as_fd(), PollFlags::POLLIN)));
    // Paths without events are checked at intervals.
    let polled = || PollTimeout::try_from(POLL_EVERY).unwrap_or(PollTimeout::MAX);
    let most = if armed.blind.is_empty() { PollTimeout::NONE } else { polled() };
    poll_for(&mut watched, most)?;
    let woken = |at: usize| watched.get(at).is_some_and(|each| each.any() == Some(true));
    Ok(Woken { end: woken(0), mounts: mounts.is_some() && woken(1) })
}

/// Waits, unless the watcher is told to end.
fn pause(end: BorrowedFd<'_>, most: Duration) -> io::Result<()> {
    let most = PollTimeout::try_from(most).unwrap_or(PollTimeout::MAX);
    poll_for(&mut [PollFd::new(end, PollFlags::POLLIN)], most)
}

fn poll_for(watched: &mut [PollFd<'_>], most: PollTimeout) -> io::Result<()> {
    match poll(watched, most) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
