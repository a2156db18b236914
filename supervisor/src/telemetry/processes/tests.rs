//! Memory and CPU time of real processes.

#![allow(clippy::unwrap_used, reason = "tests")]
use nix::sys::wait::{Id, WaitPidFlag, waitid};

use super::*;

#[test]
fn this_process_uses_memory() {
    assert!(usage(std::process::id()).unwrap().resident.unwrap() > 100_000);
    assert_eq!(usage(u32::MAX), None);
}

#[test]
fn time_that_another_process_spends_counts() {
    let mut child = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let id = child.id();
    let spent = || cpu_time(id).unwrap();
    while spent() < Duration::from_millis(20) {
        assert!(std::time::Instant::now() < deadline, "it spent {:?} in a minute", spent());
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    assert!(spent() >= Duration::from_millis(20), "it has ended and is not reaped");
    child.wait().unwrap();
    assert_eq!(cpu_time(child.id()), None);
}
