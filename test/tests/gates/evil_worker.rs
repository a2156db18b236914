//! A worker that speaks the wire and means harm. Each crime costs its own app's requests and nothing else: where
//! it breaks the wire's rules the process ends for the reason `protocol`, elsewhere it is bounded. No client hangs, nobody
//! else notices, the supervisor neither panics nor grows. Single frames, thousands of them mutated, are the matter of
//! `supervisor/tests/data_plane/mutations.rs`.
//!
//! Sabotage control: a worker without a crime, which must not be found guilty.

use crate::bystander::{Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Nano, Response, Site, is_long, sized, until};
use serde_json::json;
use std::io;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The process ends for the reason `protocol`.
    Protocol,
    /// It is tolerated, and the client gets an error in time. Floods are, while they are read no faster than correct workers
    /// write, as on a slow machine, or until the worker does not answer a ping; `upstream/link/tests.rs`,
    /// `fleet/control_link/tests.rs` and `fleet/module_queue/tests.rs` find them out.
    Borne,
}
use End::{Borne, Protocol};

const CRIMES: [(&str, End); 43] = [
    ("garbage", Protocol),
    ("huge length", Protocol),
    ("zero length", Protocol),
    ("unknown kind", Protocol),
    ("frame of the other side", Protocol),
    ("frame of the other link", Protocol),
    ("wrong id", Protocol),
    ("id without end", Protocol),
    ("chunk first", Protocol),
    ("two heads", Protocol),
    ("credit of 0", Protocol),
    ("credit without end", Protocol),
    ("credit flood", Borne),
    ("beyond the window", Protocol),
    ("empty chunks", Borne),
    ("longer than said", Protocol),
    ("shorter than said", Protocol),
    ("header injection", Borne),
    ("header name injection", Borne),
    ("status 101", Protocol),
    ("status 600", Protocol),
    ("too many headers", Protocol),
    ("headers too large", Protocol),
    ("header beyond its list", Protocol),
    ("reason of the supervisor", Protocol),
    ("reset flood", Borne),
    ("stats flood", Borne),
    ("abort flood", Borne),
    ("chunk flood", Borne),
    ("pieces of a log flood", Borne),
    ("stderr flood", Borne),
    ("rapid fetches", Borne),
    ("lies about its end", Borne),
    ("log flood", Borne),
    ("pong flood", Protocol),
    ("ready again", Protocol),
    ("a spare again", Protocol),
    ("sandboxed again", Protocol),
    ("data frame as control", Protocol),
    ("module flood", Borne),
    ("acknowledges what was not reset", Protocol),
    ("mutated", Protocol),
    ("silence", Borne),
];

/// What the supervisor may have more than before.
const GROWTH: u64 = 48 << 20;
/// A body, of which the supervisor may hold a window.
const BODY: usize = 8 << 20;
/// Longest wait for an answer: `timeout_ms`, and a slow, busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn site() -> Site {
    let site = Site::new();
    site.file("app/index.js", "// the worker under test does not look at it");
    site.file("secret.js", "SECRET");
    std::os::unix::fs::symlink("../secret.js", site.path("app/link.js")).unwrap();
    std::os::unix::fs::symlink("..", site.path("app/up")).unwrap();
    site
}

fn configure(site: &Site, crimes: &[&str]) {
    let mut apps = vec![json!({ "name": "bystander", "hostname": HOST, "path": "app" })];
    for crime in crimes {
        apps.push(json!({
            "name": name(crime), "hostname": name(crime), "path": "app", "env": { "CRIME": crime }, "timeout_ms": 1500,
        }));
    }
    site.config(json!({ "log": { "access": false }, "sandbox": "best-effort", "apps": apps }));
}

fn name(crime: &str) -> String {
    format!("{}.local", crime.replace([' ', ':'], "-"))
}

pub(crate) fn serve(site: &Site) -> Nano {
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    let worker = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/evil_worker");
    assert!(worker.is_file(), "{} is not there: run `cargo build -p nano-test --examples` first", worker.display());
    command.env("NANO_WORKER", worker);
    site.serve_with(command)
}

/// What came of a crime, seen by its own client.
fn ask(nano: &Nano, crime: &str) -> (io::Result<Response>, Duration) {
    let start = Instant::now();
    let mut connection = nano.connect();
    connection.set_patience(PATIENCE);
    let answer = connection.get(&name(crime), "/");
    (answer, start.elapsed())
}

/// Sends a body to a worker that never reads its socket.
fn pour(nano: &Nano) -> (io::Result<Response>, Duration) {
    let start = Instant::now();
    let mut connection = nano.connect();
    connection.set_patience(PATIENCE);
    let head = format!("POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: {BODY}\r\n\r\n", name("silence"));
    // It is answered, and closed, in the middle of it.
    drop(connection.send(head.as_bytes()).and_then(|()| connection.send(&vec![b'x'; BODY])));
    let answer = connection.receive();
    (answer, start.elapsed())
}

/// What is wrong with that, if anything: it was not to hang, not to pass for a good answer, not to carry stolen headers.
fn verdict(answer: &io::Result<Response>, took: Duration) -> Result<(), String> {
    match answer {
        _ if took >= PATIENCE => Err(format!("the client waited {took:?}")),
        Ok(response) if response.status == 200 => Err(format!("served: {response:?}")),
        Ok(response) if response.header("set-cookie").is_some() => Err("a header was forged".to_owned()),
        // An error of ours, or a response that was cut.
        Ok(_) | Err(_) => Ok(()),
    }
}

#[test]
fn an_evil_worker_harms_nobody_but_its_own_app() {
    let site = site();
    let crimes: Vec<&str> = CRIMES.iter().map(|(crime, _)| *crime).collect();
    configure(&site, &crimes);
    let nano = serve(&site);
    let bystander = Bystander::of(&nano);
    until("some load", || (bystander.served() > 20).then_some(()));
    let before = resident(nano.pid());
    let mut faults = Vec::new();
    for _ in 0..sized(1, 5) {
        // All at once: they are to be borne together, too.
        let answers: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = crimes.iter().map(|crime| scope.spawn(|| ask(&nano, crime))).collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        });
        for (crime, (answer, took)) in crimes.iter().zip(&answers) {
            if let Err(fault) = verdict(answer, *took) {
                faults.push(format!("{crime}: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let poured: Vec<_> = std::thread::scope(|scope| {
        let pouring: Vec<_> = (0..sized(16, 64)).map(|_| scope.spawn(|| pour(&nano))).collect();
        let mut held = 0;
        while pouring.iter().any(|one| !one.is_finished()) {
            held = held.max(resident(nano.pid()).saturating_sub(before));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(held < GROWTH, "the supervisor held {held} bytes");
        pouring.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (answer, took) in &poured {
        verdict(answer, *took).unwrap();
    }
    for (crime, _) in CRIMES.iter().filter(|(_, end)| *end == Protocol) {
        let labels = [("app", name(crime)), ("reason", "protocol".to_owned())];
        let labels: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (*key, value.as_str())).collect();
        until(&format!("{crime} is found out"), || {
            (nano.metrics().sum("nano_worker_exits_total", &labels) >= 1.0).then_some(())
        });
    }
    let grown = resident(nano.pid()).saturating_sub(before);
    bystander.noticed_nothing();
    assert!(grown < GROWTH, "the supervisor grew by {grown} bytes");
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "bystander")]), 0.0);
    let lines = nano.log.lines();
    assert!(!lines.iter().any(|line| line.contains("panicked")), "a panic");
    assert!(!lines.iter().any(|line| line.starts_with("{\"level\":\"forged\"")), "a forged line");
    eprintln!("the supervisor grew by {grown} bytes");
}

#[test]
fn an_evil_worker_that_boots_gets_nothing_and_stops_no_reload() {
    let site = site();
    configure(&site, &[]);
    let nano = serve(&site);
    let bystander = Bystander::of(&nano);
    for crime in ["boot: head", "boot: garbage"] {
        configure(&site, &[crime]);
        let reload = nano.ctl(&["reload"]);
        assert_eq!(reload.code, Some(1), "{crime}: {reload:?}");
        assert!(reload.stderr.contains("protocol"), "{crime}: {reload:?}");
    }
    if is_long() {
        // It sends requests and never reads: it gets no answers, and in the end it is late.
        configure(&site, &["boot: modules unread"]);
        let reload = nano.ctl(&["reload"]);
        assert_eq!(reload.code, Some(1), "{reload:?}");
    }
    for crime in ["boot: modules", "boot: log flood"] {
        configure(&site, &[crime]);
        let reload = nano.ctl(&["reload"]);
        assert_eq!(reload.code, Some(0), "{crime}: {reload:?}");
        assert_eq!(nano.get(&name(crime), "/").text(), "still here");
    }
    let lines = nano.log.lines();
    let leaks: Vec<_> = lines.iter().filter(|line| line.contains("LEAKED") || line.contains("SECRET")).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    bystander.noticed_nothing();
}

/// It takes requests and lets go of none, whatever becomes of their clients.
#[test]
fn a_worker_that_keeps_what_is_over_has_no_more_than_its_places() {
    const PLACES: u32 = 4;
    const CRIME: &str = "never acknowledges";
    let site = site();
    site.config(json!({ "log": { "access": false }, "sandbox": "best-effort", "drain_ms": 2000, "apps": [
        { "name": "bystander", "hostname": HOST, "path": "app" },
        { "name": name(CRIME), "hostname": name(CRIME), "path": "app", "env": { "CRIME": CRIME },
          "timeout_ms": 300, "cpu_ms": 100, "max_concurrent": PLACES },
    ] }));
    let nano = serve(&site);
    let bystander = Bystander::of(&nano);
    let exits = |reason| nano.metrics().sum("nano_worker_exits_total", &[("app", &name(CRIME)), ("reason", reason)]);
    for restarted in [false, true] {
        // Some take too long, some clients leave.
        for round in 0..PLACES {
            if round % 2 == 0 {
                assert_eq!(ask(&nano, CRIME).0.unwrap().status, 504);
            } else {
                let mut client = nano.connect();
                client.send_get(&name(CRIME), "/").unwrap();
                nano.await_metric("nano_http_requests_in_flight", &[("app", &name(CRIME))], f64::from(round + 1));
            }
        }
        for _ in 0..3 {
            let answer = ask(&nano, CRIME).0.unwrap();
            assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("queue_timeout")), "{answer:?}");
        }
        let full = nano.metrics().sum("nano_http_requests_in_flight", &[("app", &name(CRIME))]);
        assert_eq!(full, f64::from(PLACES));
        if !restarted {
            // It stops nobody from replacing it.
            let restart = nano.ctl(&["restart", &name(CRIME)]);
            assert_eq!(restart.code, Some(0), "{restart:?}");
            until("it is replaced", || (exits("restart") >= 1.0).then_some(()));
        }
    }
    until("it is found out", || (exits("protocol") >= 1.0).then_some(()));
    bystander.noticed_nothing();
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "bystander")]), 0.0);
}

#[test]
fn an_honest_worker_turns_it_red() {
    let site = site();
    configure(&site, &["honest"]);
    let nano = serve(&site);
    let (answer, took) = ask(&nano, "honest");
    assert!(verdict(&answer, took).is_err(), "{answer:?}");
    assert!(verdict(&Err(io::ErrorKind::WouldBlock.into()), PATIENCE).is_err());
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("reason", "protocol")]), 0.0);
}
