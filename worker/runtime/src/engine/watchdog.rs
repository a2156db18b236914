//! The CPU limit: a thread that watches how much CPU time the JavaScript thread spends within one turn. It also looks at
//! the process's memory, for what passes V8's own limits by (`memory.rs`); the kernel's limits stand behind it.
//!
//! A turn costs the JavaScript thread two atomic additions and no system call. Enforcement is late by at most one tick.

mod ticks;

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{io, mem};

use nano_protocol::ExitReason;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, gettid};

use crate::engine::fatal;
use crate::engine::memory;
use crate::engine::platform::tasks::TaskQueue;
use crate::engine::termination::Termination;
use ticks::Ticks;

/// What a terminated turn may still take of the processor before the process is ended from here: code that V8 cannot interrupt.
const GRACE: Duration = Duration::from_millis(250);
/// The longest that it may take in all: on a crowded machine it does not get the processor at once.
const LONGEST_GRACE: Duration = Duration::from_millis(1500);
/// Bytes of the watchdog's stack.
const STACK: usize = 128 * 1024;
/// Growth of resident memory, beyond what heap and buffers explain, after which garbage is collected: objects of `Intl`
/// hold tens of kilobytes each that V8 does not count.
const GARBAGE: usize = 8 << 20;

/// Where the JavaScript thread says that it is in a turn.
#[derive(Default)]
pub(crate) struct Turns {
    /// Odd within a turn; counts up at its begin and its end.
    count: AtomicU64,
}

/// The watchdog's thread, started early (after the sandbox is closed no thread can be), asleep until there is an isolate.
pub(crate) struct WatchdogThread {
    shared: Arc<Shared>,
    thread: Thread,
}

struct Shared {
    turns: Turns,
    watched: OnceLock<Watched>,
    /// When its other end is closed while a turn runs, the process ends: its work has no receiver.
    supervisor: OwnedFd,
    clock: ClockId,
}

/// What the watchdog measures and stops.
pub(crate) struct Watched {
    /// CPU time that one turn may take.
    pub(crate) cpu: Duration,
    /// Resident bytes that the process may have.
    pub(crate) resident: usize,
    /// Resident bytes from which on garbage is collected as they grow.
    pub(crate) collect_above: usize,
    pub(crate) isolate: v8::IsolateHandle,
    /// Wakes its event loop.
    pub(crate) tasks: Arc<TaskQueue>,
    pub(crate) termination: Arc<Termination>,
}

impl WatchdogThread {
    /// Starts the thread, for JavaScript that the calling thread will run.
    pub(crate) fn start(supervisor: OwnedFd) -> io::Result<Self> {
        let turns = Turns::default();
        let clock = thread_cpu_clock(gettid());
        let shared = Arc::new(Shared { turns, watched: OnceLock::new(), supervisor, clock });
        let theirs = Arc::clone(&shared);
        let (prepared, is_prepared) = mpsc::sync_channel(1);
        let handle = thread::Builder::new().name("watchdog".into()).stack_size(STACK).spawn(move || {
            let ticks = Ticks::new();
            // In the sandbox, no timer is made any more.
            let _ = prepared.send(());
            watch(&theirs, ticks);
        })?;
        let _ = is_prepared.recv();
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Names the isolate to watch.
    pub(crate) fn watch(self, watched: Watched) -> Watchdog {
        let _ = self.shared.watched.set(watched);
        self.thread.unpark();
        Watchdog(self)
    }
}

/// The JavaScript thread's side of the watchdog.
pub(crate) struct Watchdog(WatchdogThread);

impl Watchdog {
    /// A turn begins.
    pub(crate) fn enter(&self) {
        self.0.shared.turns.count.fetch_add(1, Ordering::SeqCst);
    }

    /// It ends.
    pub(crate) fn leave(&self) {
        self.0.shared.turns.count.fetch_add(1, Ordering::SeqCst);
    }
}

/// The clock of a thread's CPU time, as the kernel numbers it (see pthread_getcpuclockid(3); `CPUCLOCK_PERTHREAD_MASK |
/// CPUCLOCK_SCHED` in include/linux/posix-timers.h).
fn thread_cpu_clock(thread: Pid) -> ClockId {
    ClockId::from_raw((!thread.as_raw() << 3) | 4 | 2)
}

fn watch(shared: &Shared, mut ticks: Ticks) {
    let turns = &shared.turns;
    let watched = loop {
        match shared.watched.get() {
            Some(watched) => break watched,
            None => thread::park(),
        }
    };
    ticks.start((watched.cpu / 10).clamp(Duration::from_millis(2), Duration::from_millis(50)));
    let mut turn = 0;
    let mut spent_before = Duration::ZERO;
    let mut collect_at = watched.collect_above;
    loop {
        ticks.wait();
        let now = turns.count.load(Ordering::SeqCst);
        // Also what a turn took that is over.
        let peak = peak_resident();
        if peak > watched.resident {
            if watched.termination.begin(&watched.isolate, ExitReason::Memory) {
                watched.tasks.wake();
            }
        } else if peak >= collect_at {
            collect_at = peak + GARBAGE;
            memory::collect_soon(&watched.isolate);
        }
        if now.is_multiple_of(2) {
            continue;
        }
        if is_gone(&shared.supervisor) {
            fatal::exit_now(ExitReason::Restart.exit_status().into());
        }
        let spent = cpu_time(shared.clock);
        if mem::replace(&mut turn, now) != now {
            spent_before = spent;
        } else if spent.saturating_sub(spent_before) >= watched.cpu {
            watched.termination.begin(&watched.isolate, ExitReason::Cpu);
        }
        if watched.termination.reason().is_some() {
            end_of_turn(watched, shared, now);
        }
    }
}

/// Waits for the end of a turn that is being terminated; ends the process if it does not come.
fn end_of_turn(watched: &Watched, shared: &Shared, turn: u64) {
    let deadline = Instant::now() + LONGEST_GRACE;
    let spent_before = cpu_time(shared.clock);
    while shared.turns.count.load(Ordering::SeqCst) == turn {
        let spent = cpu_time(shared.clock).saturating_sub(spent_before);
        if spent >= GRACE || Instant::now() >= deadline {
            let reason = watched.termination.reason().unwrap_or(ExitReason::Cpu);
            fatal::die(reason, "nano-worker: its code could not be interrupted; the process ends\n");
        }
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn cpu_time(clock: ClockId) -> Duration {
    // It fails only when the thread is gone, and with it the process.
    clock_gettime(clock).map(Duration::from).unwrap_or_default()
}

/// The most bytes that the process ever had in memory.
pub(crate) fn peak_resident() -> usize {
    let peak = getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss());
    usize::try_from(peak).unwrap_or(0).saturating_mul(1024)
}

/// Whether the other end of a socket is closed.
fn is_gone(socket: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}
