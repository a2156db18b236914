//! No file descriptors left. In a process of its own: the limit is the whole process's.

use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::host::{Host, until};

const ALONE: &str = "NANO_TEST_ALONE";

#[test]
fn without_file_descriptors_connections_wait_and_nothing_spins() {
    if std::env::var_os(ALONE).is_none() {
        let name = "exhaustion::without_file_descriptors_connections_wait_and_nothing_spins";
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        return;
    }
    let (host, worker) = Host::with_worker();
    let server = worker.serve();
    let mut first = host.get("/first");
    assert_eq!(first.answer().status, 200);

    // Room for one descriptor more: the client's own end of its connection.
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let mut fillers = Vec::new();
    setrlimit(Resource::RLIMIT_NOFILE, open + 8, hard).unwrap();
    while let Ok(filler) = std::fs::File::open("/dev/null") {
        fillers.push(filler);
    }
    fillers.pop().unwrap();
    let mut second = host.get("/second");

    let spent = || getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let cpu = |usage: nix::sys::resource::Usage| {
        let time = |value: TimeVal| Duration::from_micros(value.num_microseconds().try_into().unwrap());
        time(usage.user_time()) + time(usage.system_time())
    };
    until("nothing can be accepted", || host.metrics.accept_pauses() > 0);
    let (start, before, paused) = (Instant::now(), cpu(spent()), host.metrics.accept_pauses());
    until("two more pauses are over", || host.metrics.accept_pauses() >= paused + 2);
    std::thread::sleep(Duration::from_millis(500));
    // Each lasts 100 ms or longer: tries are counted against the time that there was for them.
    let (pauses, most) = (host.metrics.accept_pauses() - paused, start.elapsed().as_millis() / 100 + 1);
    assert!(u128::from(pauses) <= most, "{pauses} pauses, not {most}");
    // Who spins takes all the time that there is.
    let (burnt, waited) = (cpu(spent()) - before, start.elapsed());
    assert!(burnt < waited / 4, "{burnt:?} of CPU in {waited:?} of waiting");
    // Those who are in are served; a descriptor that comes free lets the next one in.
    first.get("/again");
    assert_eq!(first.answer().status, 200);
    drop(first);
    assert_eq!(second.answer().status, 200);
    drop((second, fillers, host));
    server.join().unwrap();
}
