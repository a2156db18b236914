//! What a process uses, by its CPU clock, `/proc/PID/stat` and `/proc/PID/statm` (proc(5)).

use std::sync::OnceLock;
use std::time::Duration;

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time since it started.
    pub(crate) cpu: Duration,
    /// Resident bytes; `None` where `/proc` hides the process.
    pub(crate) resident: Option<u64>,
}

/// Reads it; `None` if there is no such process. Works for zombies too: their time is still counted.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    let cpu = cpu_time(pid)?;
    Some(Usage { cpu, resident: resident(pid) })
}

/// Resident bytes of a process, shared pages included.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(page_size()))
}

/// CPU time of a process, all its threads together, since it started. Known where `/proc` hides other users' processes
/// too: clock_getcpuclockid(3) needs no permission.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let pid = i32::try_from(pid).ok()?;
    let clock = clock_getcpuclockid(Pid::from_raw(pid)).ok()?;
    clock_gettime(clock).ok().map(Duration::from)
}

/// The scheduler's state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    /// It runs or is runnable.
    Running,
    /// It waits, is stopped or has ended.
    Other,
}

/// The scheduler's state of the process's first thread.
pub(crate) fn state(pid: u32) -> Option<ProcessState> {
    let stat = read_stat(pid)?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(if rest.trim_start().starts_with('R') { ProcessState::Running } else { ProcessState::Other })
}

fn read_stat(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()
}

fn page_size() -> u64 {
    static SIZE: OnceLock<u64> = OnceLock::new();
    *SIZE.get_or_init(|| setting(SysconfVar::PAGE_SIZE, 4096))
}

fn setting(name: SysconfVar, otherwise: u64) -> u64 {
    sysconf(name)
        .ok()
        .flatten()
        .and_then(|value| u64::try_from(value).ok())
        .filter(|value| *value > 0)
        .unwrap_or(otherwise)
}

#[cfg(test)]
mod tests;
