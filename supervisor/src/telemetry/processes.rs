//! What the kernel says a process uses: `/proc/PID/stat` and `/proc/PID/statm` (proc(5)).

use std::sync::OnceLock;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time since it started.
    pub(crate) cpu: Duration,
    /// Resident bytes.
    pub(crate) resident: u64,
}

/// Reads it; `None` when there is no such process. Works for zombies too: their time is still there.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    let cpu = cpu_time(pid)?;
    Some(Usage { cpu, resident: resident(pid).unwrap_or(0) })
}

/// Resident bytes of a process, shared pages included.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(page_size()))
}

/// User and system time of a process since it started.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    parse_cpu_time(&read_stat(pid)?)
}

/// What a process does right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    /// It runs or would if it got a processor.
    Running,
    /// It waits, is stopped or has ended.
    Other,
}

/// What the process's first thread does right now.
pub(crate) fn state(pid: u32) -> Option<ProcessState> {
    let stat = read_stat(pid)?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(if rest.trim_start().starts_with('R') { ProcessState::Running } else { ProcessState::Other })
}

fn read_stat(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()
}

/// Fields 14 and 15; the name (field 2) may hold spaces and brackets, so count from its last bracket.
fn parse_cpu_time(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let ticks = clock_ticks_per_second();
    Some(Duration::from_micros((user + system).saturating_mul(1_000_000) / ticks))
}

/// The unit of times in `/proc`.
fn clock_ticks_per_second() -> u64 {
    static TICKS: OnceLock<u64> = OnceLock::new();
    *TICKS.get_or_init(|| setting(SysconfVar::CLK_TCK, 100))
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 10";
        assert_eq!(parse_cpu_time(stat).unwrap().as_millis(), u128::from(300_000 / clock_ticks_per_second()));
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(usage(std::process::id()).unwrap().resident > 100_000);
        assert_eq!(usage(u32::MAX), None);
    }
}
