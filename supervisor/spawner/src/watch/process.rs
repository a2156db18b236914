//! What a watcher does: waits for word that a name on the way of a path means something else or that a file was written,
//! looks whether the path leads to the same as before, and says so if not.

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

/// Between two looks, so that a source of events without end does not keep a processor busy with them.
const PAUSE: Duration = Duration::from_millis(20);

/// A look takes at most one part of so many of the time.
const SHARE: u32 = 5;

/// Where there was no room for all, it is tried anew this often.
const ARM_AGAIN: Duration = Duration::from_secs(30);

/// Ways that change while they are being followed are followed so often before what is there is taken.
const TRIES: usize = 8;

/// Ends when the spawner does.
pub(super) fn follow() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// Until there is something in the pipe and everything is said that was seen before.
pub(super) fn watch(places: Places, words: impl Write, end: &PipeReader) -> io::Result<()> {
    let mut watch = Watch { places, armed: Armed::default(), words, told: None };
    watch.arm()?;
    watch.compare()?;
    // A mount changes what is below a path, and no directory on its way says so.
    let mounts = File::open("/proc/self/mountinfo").ok();
    let (mut looked, mut armed) = (Instant::now(), Instant::now());
    loop {
        let woken = wait(&watch.armed, mounts.as_ref(), end.as_fd())?;
        let begun = Instant::now();
        let seen = watch.armed.seen();
        let is_blind = !watch.armed.blind.is_empty();
        // There may be room again.
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
    /// Watches the ways as they are now.
    fn arm(&mut self) -> io::Result<()> {
        let mut names = Chains::names(self.places.0.keys());
        for _ in 0..TRIES {
            // The old ones first: there may not be room for both.
            self.armed = Armed::default();
            self.armed = Armed::set(&names, self.places.0.keys());
            let again = Chains::names(self.places.0.keys());
            if again == names {
                break;
            }
            names = again;
        }
        // Before it is said that nothing is missed: whoever looks after what was before ends with that word.
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

    /// Looks whether every path leads to what it led to.
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

/// Why a wait was over.
struct Woken {
    end: bool,
    mounts: bool,
}

fn wait(armed: &Armed, mounts: Option<&File>, end: BorrowedFd<'_>) -> io::Result<Woken> {
    let mut watched = vec![PollFd::new(end, PollFlags::POLLIN)];
    watched.extend(mounts.map(|mounts| PollFd::new(mounts.as_fd(), PollFlags::POLLPRI)));
    watched.extend(armed.inotify.as_ref().map(|inotify| PollFd::new(inotify.as_fd(), PollFlags::POLLIN)));
    // What is not reported is looked at now and then.
    let polled = || PollTimeout::try_from(POLL_EVERY).unwrap_or(PollTimeout::MAX);
    let most = if armed.blind.is_empty() { PollTimeout::NONE } else { polled() };
    poll_for(&mut watched, most)?;
    let woken = |at: usize| watched.get(at).is_some_and(|each| each.any() == Some(true));
    Ok(Woken { end: woken(0), mounts: mounts.is_some() && woken(1) })
}

/// Unless it is to end.
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
