//! One app's worker is killed with SIGKILL every 200 ms while clients use it. Other apps lose nothing. That app
//! loses what was in flight, each with a code that says so, and serves again when the killing ends.
//!
//! Sabotage control: the kill meets the supervisor, without which nobody is served. The bystander must notice. (Kills of
//! its own worker are no control: a request that meets one is tried once more, and the client notices nothing.)

use crate::bystander::{APP, Bystander, HOST, is_back};
use nano_test::{Connection, Nano, PATIENCE, Site, sized, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Answers after a while, so that something is in flight whenever the killer comes.
const VICTIM: &str = "export default { async fetch() { await new Promise((go) => setTimeout(go, 20)); return new Response('alive'); } };";

fn serve() -> Nano {
    let site = Site::new();
    site.app("victim", VICTIM).app("bystander", APP);
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "victim", "hostname": "victim.local", "path": "victim" },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site.serve()
}

/// Kills the app's worker again and again, for so long and at least so often; which ones it killed.
fn kill_for(nano: &Nano, app: &str, span: Duration, least: usize) -> BTreeSet<i32> {
    let start = Instant::now();
    let mut killed = BTreeSet::new();
    while start.elapsed() < span || killed.len() < least {
        assert!(start.elapsed() < span + PATIENCE, "only {} kills of workers that came back", killed.len());
        for pid in nano.pids(app) {
            // It may be gone between the question and the kill, and listed for a moment after it.
            if kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
                killed.insert(pid);
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
    killed
}

/// Asks the victim until told to stop, and counts what comes: `200`, `502 worker_died`, …
fn clients(nano: &Nano, stop: &Arc<AtomicBool>) -> Vec<thread::JoinHandle<BTreeMap<String, u32>>> {
    let client = |_| {
        let (address, stop) = (nano.address, Arc::clone(stop));
        thread::spawn(move || {
            let mut outcomes = BTreeMap::new();
            while !stop.load(Ordering::Relaxed) {
                let answer = Connection::open(address).and_then(|mut open| open.get("victim.local", "/"));
                let outcome = match answer {
                    Ok(response) if response.status == 200 && response.body == b"alive" => "200".to_owned(),
                    Ok(response) => {
                        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
                        format!("{} {}", response.status, body["code"].as_str().unwrap_or("?"))
                    }
                    Err(error) => format!("{:?}", error.kind()),
                };
                *outcomes.entry(outcome).or_default() += 1;
                // A client with a `Retry-After` waits.
                thread::sleep(Duration::from_millis(5));
            }
            outcomes
        })
    };
    (0..4).map(client).collect()
}

/// What clients of a killed app may see, and nothing else.
fn verdict(outcomes: &BTreeMap<String, u32>) -> Result<(), String> {
    let allowed = ["200", "502 worker_died", "503 app_unavailable"];
    let strange: Vec<_> = outcomes.iter().filter(|(outcome, _)| !allowed.contains(&outcome.as_str())).collect();
    if !strange.is_empty() {
        return Err(format!("{strange:?} among {outcomes:?}"));
    }
    if outcomes.contains_key("200") { Ok(()) } else { Err(format!("never served: {outcomes:?}")) }
}

#[test]
fn an_app_that_is_killed_over_and_over_is_alone_in_it() {
    let nano = serve();
    let bystander = Bystander::of(&nano);
    let stop = Arc::new(AtomicBool::new(false));
    let clients = clients(&nano, &stop);
    let kills = kill_for(&nano, "victim", sized(Duration::from_secs(4), Duration::from_secs(60)), 4).len();
    // Before the clients stop: under load it must come back, too.
    is_back(&nano, "victim.local", "/");
    stop.store(true, Ordering::Relaxed);
    let mut outcomes = BTreeMap::new();
    for client in clients {
        for (outcome, count) in client.join().unwrap() {
            *outcomes.entry(outcome).or_insert(0) += count;
        }
    }
    bystander.noticed_nothing();
    verdict(&outcomes).unwrap();
    let exits = nano.metrics().get("nano_worker_exits_total", &[("app", "victim"), ("reason", "crash")]);
    assert_eq!(exits, Some(f64::from(u32::try_from(kills).unwrap())), "each kill is counted once");
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "bystander")]), 0.0);
    eprintln!("{kills} kills: {outcomes:?}");
}

#[test]
fn a_kill_of_what_the_bystander_needs_turns_it_red() {
    let nano = serve();
    let bystander = Bystander::of(&nano);
    nano.signal(Signal::SIGKILL);
    until("the bystander notices", || bystander.has_noticed().then_some(()));
    assert!(bystander.stop().verdict().is_err());
}

#[test]
fn another_outcome_than_the_tabled_turns_it_red() {
    let outcomes = |list: &[(&str, u32)]| list.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect();
    assert_eq!(verdict(&outcomes(&[("200", 5), ("502 worker_died", 2)])), Ok(()));
    assert!(verdict(&outcomes(&[("200", 5), ("504 timeout", 1)])).is_err());
    assert!(verdict(&outcomes(&[("200", 5), ("UnexpectedEof", 1)])).is_err());
    assert!(verdict(&outcomes(&[("502 worker_died", 1)])).is_err());
}
