//! What clients say is in the log, and nobody reads the log: not on stderr, and not those who follow it at the
//! control socket. Memory stays as it is, what is lost is counted, and the neighbour notices nothing.
//!
//! Sabotage control: the check of the memory, beside a log that keeps its lines whole.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Connection, Nano, Site, sized, until};
use serde_json::json;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// What the supervisor may have.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of each request that are to be logged.
const LONG: usize = 60_000;
/// As many as may follow the log.
const FOLLOWERS: usize = 48;

fn verdict(resident: u64) -> Result<(), String> {
    if resident <= MAX_BYTES { Ok(()) } else { Err(format!("{} MiB", resident >> 20)) }
}

fn serve() -> Nano {
    let site = Site::new();
    let source =
        "export default { fetch(request) { console.log('\\u0001'.repeat(20000)); return new Response('ok'); } };";
    site.app("loud", source).app("bystander", APP);
    site.config(json!({ "log": { "access": true, "format": "json" }, "apps": [
        { "name": "loud", "hostname": "loud.local", "path": "loud" },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site.serve()
}

/// Requests whose bytes end up in the log, each in another way.
fn requests() -> [Vec<u8>; 4] {
    let long = "x".repeat(LONG);
    let host = [b"GET / HTTP/1.1\r\nHost: ".to_vec(), vec![0xff; LONG], b"\r\n\r\n".to_vec()].concat();
    let path = format!("GET /{long} HTTP/1.1\r\nHost: nobody.local\r\n\r\n").into_bytes();
    let served = format!("GET /{long} HTTP/1.1\r\nHost: loud.local\r\n\r\n").into_bytes();
    let name = format!("GET / HTTP/1.1\r\nHost: {long}.local\r\n\r\n").into_bytes();
    [host, path, served, name]
}

/// Sends so many requests of each kind on a connection of its own, and reads the answers. How many bytes that was.
fn flood(nano: &Nano, each: usize) -> u64 {
    let sent = AtomicU64::new(0);
    thread::scope(|scope| {
        for request in requests() {
            let (sent, address) = (&sent, nano.address);
            scope.spawn(move || {
                let mut client: Option<Connection> = None;
                for _ in 0..each {
                    let mut open = client.take().unwrap_or_else(|| Connection::open(address).unwrap());
                    open.send(&request).unwrap();
                    let response = open.receive().unwrap();
                    assert!(matches!(response.status, 200 | 400 | 404), "{response:?}");
                    sent.fetch_add(request.len() as u64, Ordering::Relaxed);
                    client = (!response.closes()).then_some(open);
                }
            });
        }
    });
    sent.into_inner()
}

fn follow(nano: &Nano) -> UnixStream {
    let mut follower = UnixStream::connect(nano.control_socket()).unwrap();
    follower.write_all(b"GET /logs?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // It follows when it has the head of the answer.
    follower.read_exact(&mut [0; 12]).unwrap();
    follower
}

#[test]
fn a_log_that_nobody_reads_costs_nobody_anything() {
    let nano = serve();
    let bystander = Bystander::of(&nano);
    let followers: Vec<UnixStream> = (0..FOLLOWERS).map(|_| follow(&nano)).collect();
    let held = nano.log.hold();
    let over = Arc::new(AtomicBool::new(false));
    let watch = {
        let (over, pid) = (Arc::clone(&over), nano.pid());
        thread::spawn(move || {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(resident(pid));
                thread::sleep(std::time::Duration::from_millis(20));
            }
            most
        })
    };
    // More than memory may hold, of each kind a quarter.
    flood(&nano, sized(400, 10_000));
    over.store(true, Ordering::Relaxed);
    let most = watch.join().unwrap();
    assert_eq!(verdict(most), Ok(()));
    // What the access log had to leave out is counted.
    assert!(nano.metrics().get("nano_log_lines_unwritten_total", &[]).unwrap() > 0.0);
    bystander.noticed_nothing();
    drop(held);
    nano.log.wait_for_text("log lines were dropped");
    drop(followers);
    until("the followers are gone", || {
        let answer = nano.ctl(&["logs"]);
        (answer.code == Some(0)).then_some(())
    });
}

#[test]
fn the_log_is_no_larger_than_the_requests() {
    let nano = serve();
    let before: usize = nano.log.lines().iter().map(String::len).sum();
    let sent = flood(&nano, sized(50, 500));
    until("all requests are logged", || {
        let logged = nano.log.records().iter().filter(|record| record["message"] == "request").count();
        (logged >= 4 * sized(50, 500)).then_some(())
    });
    let lines = nano.log.lines();
    let access = lines.iter().filter(|line| line.contains("\"message\":\"request\""));
    let logged: usize = access.map(String::len).sum();
    assert!(logged as u64 <= sent / 3, "{logged} bytes of access log for {sent} bytes of requests, {before} before");
    assert!(lines.iter().all(|line| line.len() <= 200 * 1024));
}

#[test]
fn a_log_that_keeps_whole_lines_turns_it_red() {
    let pid = i32::try_from(std::process::id()).unwrap();
    let before = resident(pid);
    let request = &requests()[0];
    // A line for each, as they would be written: the host takes three bytes for each that is no UTF-8.
    let lines: Vec<String> = (0..sized(1000, 8192)).map(|_| String::from_utf8_lossy(request).into_owned()).collect();
    assert!(verdict(resident(pid) - before).is_err(), "{} lines", lines.len());
    assert_eq!(verdict(20 << 20), Ok(()));
}
