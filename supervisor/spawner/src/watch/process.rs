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

use super::armed::{Armed, Seen};
use super::chain::Chains;
use super::{Places, Print, Word};
use crate::wire::{Coverage, POLL_EVERY};

/// Shortest time between two checks, so that endless events do not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(20);

/// Checks take at most one part in so many of the time.
const SHARE: u32 = 5;

/// If the kernel's limits left paths without watches, they are set up anew this often.
const ARM_AGAIN: Duration = Duration::from_secs(30);

/// How often paths that change while they are resolved are resolved anew.
const TRIES: usize = 8;

/// Ends this process when the spawner ends.
pub(super) fn follow() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// Watches until there is a byte in the pipe and all changes before it are reported.
pub(super) fn watch(places: Places, words: impl Write, end: &PipeReader) -> io::Result<()> {
    let mut watch = Watch { places, armed: Armed::default(), words, told: None };
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
        if seen == Seen::Place || woken.mounts || (is_blind && armed.elapsed() >= ARM_AGAIN) {
            watch.arm()?;
            armed = Instant::now();
        }
        if seen > Seen::Nothing || woken.mounts || (is_blind && looked.elapsed() >= POLL_EVERY) {
            watch.compare()?;
            looked = Instant::now();
        }
        if woken.end {
            return Ok(());
        }
        pause(end.as_fd(), PAUSE.max(begun.elapsed() * SHARE))?;
    }
}

struct Watch<W> {
    places: Places,
    armed: Armed,
    words: W,
    told: Option<Coverage>,
}

impl<W: Write> Watch<W> {
    /// Sets up watches for the paths as they lead now.
    fn arm(&mut self) -> io::Result<()> {
        let mut names = Chains::names(self.places.0.keys());
        for _ in 0..TRIES {
            // The old watches are dropped first: the limit may not leave room for both.
            self.armed = Armed::default();
            self.armed = Armed::set(&names, self.places.0.keys());
            let again = Chains::names(self.places.0.keys());
            if again == names {
                break;
            }
            names = again;
        }
        // Compared before the coverage is reported: the watcher that is replaced ends with that report.
        for (path, seen) in &mut self.places.0 {
            seen.get_or_insert_with(|| Print::of(path));
        }
        let coverage = self.armed.coverage(self.places.0.len());
        if self.told.as_ref() != Some(&coverage) {
            self.say(&Word::Covered(coverage.clone()))?;
            self.told = Some(coverage);
        }
        Ok(())
    }

    /// Checks whether every path is in the state that is known.
    fn compare(&mut self) -> io::Result<()> {
        let mut changed = false;
        for (path, seen) in &mut self.places.0 {
            let now = Print::of(path);
            changed |= seen.is_some_and(|seen| seen != now);
            *seen = Some(now);
        }
        if changed { self.say(&Word::Changed) } else { Ok(()) }
    }

    fn say(&mut self, word: &Word) -> io::Result<()> {
        let mut line = serde_json::to_vec(word)?;
        line.push(b'\n');
        self.words.write_all(&line)
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
