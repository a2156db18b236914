//! Without a service manager: the process that somebody waits for stays, and ends with the nano that serves.

use crate::{end, gone, main_pid, serve, signal, site, upgrade};
use nano_test::process::{descendants, resident, runs};
use nano_test::until;
use nix::sys::signal::Signal;
use std::fs;

/// Waits until the first process has become what stands in.
fn stands_in(pid: i32) {
    until("the first process stands in", || {
        fs::read(format!("/proc/{pid}/cmdline")).unwrap().starts_with(b"nano: stand-in").then_some(())
    });
}

#[test]
fn the_first_process_stays_and_passes_signals_on() {
    let site = site();
    let nano = serve(&site);
    let first = nano.pid();
    let full = resident(first);
    let mut before = first;
    for _ in 0..3 {
        upgrade(&nano);
        stands_in(first);
        let now = main_pid(&nano);
        if before != first {
            gone(before);
        }
        before = now;
    }
    assert!(resident(first) < full, "nothing of the nano that it was is left");
    // SIGHUP is a reload, of the nano that serves.
    site.app("a", "export default { fetch: () => new Response('hello again') };");
    nano.signal(Signal::SIGHUP);
    until("the reload", || (nano.get("a.local", "/").text() == "hello again").then_some(()));
    let all = descendants(first);
    end(nano);
    assert!(all.into_iter().all(|pid| !runs(pid)), "nothing is left");
}

#[test]
fn signals_while_the_first_nano_still_has_requests_go_to_the_one_that_serves() {
    let site = site();
    let mut nano = serve(&site);
    let mut streaming = nano.connect();
    streaming.send_get("a.local", "/pieces").unwrap();
    streaming.receive_head().unwrap();
    upgrade(&nano);
    let new = main_pid(&nano);
    nano.signal(Signal::SIGTERM);
    // It has nothing in flight.
    nano.log
        .wait_for("the new nano ends", |record| record["message"] == "asked to stop; a second signal ends it at once");
    assert!(nano.is_running(), "it has a response in flight");
    drop(streaming);
    assert_eq!(nano.wait().code(), Some(0));
    gone(new);
}

#[test]
fn a_service_manager_that_signals_every_process_cuts_nothing() {
    let site = site();
    let mut nano = serve(&site);
    upgrade(&nano);
    stands_in(nano.pid());
    let new = main_pid(&nano);
    let mut streaming = nano.connect();
    streaming.send_get("a.local", "/pieces").unwrap();
    streaming.receive_head().unwrap();
    // As systemd does with KillMode=control-group.
    signal(new, Signal::SIGTERM);
    nano.signal(Signal::SIGTERM);
    nano.log.wait_for("the drain", |record| {
        record["message"].as_str().is_some_and(|text| text.starts_with("stopping: no new connections"))
    });
    assert!(streaming.receive_chunk().is_ok_and(|piece| piece == b"first"));
    assert!(nano.is_running());
    drop(streaming);
    assert_eq!(nano.wait().code(), Some(0));
}

#[test]
fn it_ends_as_the_nano_that_serves_does() {
    let site = site();
    let mut nano = serve(&site);
    upgrade(&nano);
    stands_in(nano.pid());
    signal(main_pid(&nano), Signal::SIGKILL);
    assert_eq!(nano.wait().code(), Some(1));
}

#[test]
fn without_what_stands_in_nano_ends() {
    let site = site();
    let nano = serve(&site);
    upgrade(&nano);
    stands_in(nano.pid());
    let new = main_pid(&nano);
    nano.signal(Signal::SIGKILL);
    gone(new);
    nano.log.wait_for_text("what stood in for nano is gone");
}
