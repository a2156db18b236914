//! The control socket: nanoctl for people and programs, HTTP for curl, and its owner alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, PATIENCE, Site, app_path, finish, tool, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

fn serve() -> (Site, Nano) {
    let site = Site::new();
    site.apps(json!([
        { "name": "a", "hostname": ["a.local", "*.a.local"], "path": app_path("faults") },
        { "name": "b", "hostname": "b.local", "path": app_path("faults"), "workers": 2 },
    ]));
    let nano = site.serve();
    (site, nano)
}

/// One exchange over the control socket, as curl --unix-socket does it: status and body.
fn over_socket(nano: &Nano, request: &str) -> (u16, String) {
    let mut stream = UnixStream::connect(nano.control_socket()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn call(nano: &Nano, method: &str, path: &str) -> (u16, Value) {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: nano\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (status, body) = over_socket(nano, &request);
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

#[test]
fn apps_are_listed_for_people_and_for_programs() {
    let (_site, nano) = serve();
    let (a, b) = (nano.pid_of("a"), nano.pids("b"));
    assert_eq!(b.len(), 2);
    let table = nano.ctl(&["apps"]);
    assert_eq!(table.code, Some(0));
    for text in ["a.local", "b.local", &a.to_string(), &b[0].to_string(), &b[1].to_string()] {
        assert!(table.stdout.contains(text), "lacks {text}:\n{}", table.stdout);
    }
    let status = nano.ctl(&["status"]);
    assert_eq!(status.code, Some(0));
    assert!(status.stdout.contains(&nano.address.to_string()), "{}", status.stdout);
    assert!(nano.ctl_json(&["status"]).is_object());
    let version = nano.ctl(&["version"]);
    assert_eq!(version.code, Some(0));
    assert!(version.stdout.contains(env!("CARGO_PKG_VERSION")), "{version:?}");
    let metrics = nano.ctl(&["metrics"]);
    assert!(metrics.stdout.contains("# TYPE nano_build_info gauge"), "{metrics:?}");
}

#[test]
fn it_speaks_http() {
    let (_site, nano) = serve();
    for path in ["/apps", "/status"] {
        assert_eq!(call(&nano, "GET", path).0, 200, "{path}");
    }
    let (status, text) = over_socket(&nano, "GET /metrics HTTP/1.1\r\nHost: nano\r\nConnection: close\r\n\r\n");
    assert_eq!(status, 200);
    assert!(text.contains("nano_build_info"));
    assert_eq!(call(&nano, "POST", "/reload").0, 200);
    assert_eq!(call(&nano, "GET", "/nowhere").0, 404);
    assert_eq!(call(&nano, "GET", "/reload").0, 405);
    assert_eq!(call(&nano, "POST", "/apps/gone/restart").0, 404);
}

#[test]
fn restart_replaces_the_workers_without_losing_a_request() {
    let (_site, nano) = serve();
    let (a, mut b) = (nano.pid_of("a"), nano.pids("b"));
    let load = nano.load("b.local", "/slow?ms=20");
    until("load", || (load.served() > 20).then_some(()));
    let answer = nano.ctl(&["restart", "b"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    until("two other workers", || {
        let now = nano.pids("b");
        (now.len() == 2 && now.iter().all(|pid| !b.contains(pid))).then_some(())
    });
    let served = load.served();
    until("load after it", || (load.served() > served + 20).then_some(()));
    assert_eq!(load.stop().failures, Vec::<String>::new());
    assert_eq!(nano.pid_of("a"), a);
    b.sort_unstable();
    nano.await_metric("nano_worker_exits_total", &[("app", "b"), ("reason", "restart")], 2.0);
    let unknown = nano.ctl(&["restart", "gone"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("gone"), "{unknown:?}");
}

#[test]
fn the_socket_is_for_its_owner_alone() {
    let (_site, mut nano) = serve();
    let mode = std::fs::metadata(nano.control_socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Were the mode to be opened by accident, the peer's uid is looked at still.
    if !nix::unistd::geteuid().is_root() {
        return; // needs another user
    }
    let Some(setpriv) = tool("setpriv") else { return };
    let program = Site::new();
    let open = |path: &std::path::Path| {
        let mut mode = std::fs::metadata(path).unwrap().permissions();
        mode.set_mode(0o777);
        std::fs::set_permissions(path, mode).unwrap();
    };
    open(nano.control_socket().parent().unwrap());
    open(program.folder());
    // The build may lie where that user cannot read.
    let copy = program.path("nanoctl");
    std::fs::copy(nano_test::binary("nanoctl"), &copy).unwrap();
    open(&copy);
    let ask = || {
        finish(
            Command::new(&setpriv)
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&copy)
                .arg("--socket")
                .arg(nano.control_socket())
                .arg("apps")
                .current_dir("/"),
            "",
        )
    };
    let barred = ask();
    assert_eq!(barred.code, Some(1), "{barred:?}");
    let told = format!(
        "no nano answers at {} (permission denied: it is uid 0's): try with `sudo`",
        nano.control_socket().display()
    );
    assert!(barred.stderr.contains(&told), "{barred:?}");
    open(&nano.control_socket());
    // However many come, and whether or not they listen.
    for _ in 0..20 {
        let stranger = ask();
        assert!(!stranger.stdout.contains("a.local"), "{stranger:?}");
        assert_eq!(stranger.code, Some(1), "{stranger:?}");
        assert!(stranger.stderr.contains("you are uid 65534: try with `sudo`"), "{stranger:?}");
    }
    assert_eq!(nano.ctl(&["apps"]).code, Some(0));
    // The file goes with nano, whatever its mode is by now.
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    assert!(!nano.control_socket().exists());
}

#[test]
fn no_supervisor_is_exit_code_3() {
    let site = Site::new();
    for command in [&["apps"][..], &["reload"], &["status"], &["drain"]] {
        let answer = finish(&mut site.command("nanoctl", &[&["--socket", "nowhere.sock"], command].concat()), "");
        assert_eq!(answer.code, Some(3), "{command:?}: {answer:?}");
        assert!(answer.stderr.contains("nowhere.sock"), "{answer:?}");
    }
    // A socket at which no process listens any more.
    drop(std::os::unix::net::UnixListener::bind(site.path("dead.sock")).unwrap());
    let answer = finish(&mut site.command("nanoctl", &["--socket", "dead.sock", "apps"]), "");
    assert_eq!(answer.code, Some(3), "{answer:?}");
}

#[test]
fn a_stale_socket_is_taken_over_and_a_live_one_is_not() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('a') };");
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let mut first = site.serve();
    let second = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(second.code, Some(1), "two supervisors at one socket: {second:?}");
    assert!(second.stderr.contains("control.sock"), "{second:?}");
    assert_eq!(first.ctl(&["status"]).code, Some(0));
    first.signal(Signal::SIGTERM);
    assert_eq!(first.wait().code(), Some(0));
    // As after a power failure: the file is there, no process listens.
    drop(UnixListener::bind(site.path("control.sock")).unwrap());
    let third = site.serve();
    assert_eq!(third.ctl(&["status"]).code, Some(0));
}

#[test]
fn check_names_what_is_wrong_and_changes_nothing() {
    let (site, nano) = serve();
    site.file("other.json", "{ \"apps\": [{ \"hostname\": \"x\", \"path\": \"gone\" }] }");
    let answer = nano.ctl(&["check", site.path("other.json").to_str().unwrap()]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("other.json:1:"), "{answer:?}");
    let answer = nano.ctl(&["--json", "check", site.path("other.json").to_str().unwrap()]);
    let error: Value = serde_json::from_str(&answer.stderr).unwrap();
    assert_eq!((answer.code, &error["code"]), (Some(1), &json!("config_invalid")), "{answer:?}");
    assert_eq!(error["faults"][0]["line"], 1, "{answer:?}");
    let answer = nano.ctl(&["check", site.config_path().to_str().unwrap()]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    // A secret that everybody may read is warned of, whoever checks.
    site.app("x", "export default { fetch: () => new Response() };");
    site.file(
        "open.json",
        "{ \"apps\": [{ \"hostname\": \"x\", \"path\": \"x\", \"env\": { \"API_TOKEN\": \"0123456789abcdef\" } }] }",
    );
    fs::set_permissions(site.path("open.json"), fs::Permissions::from_mode(0o644)).unwrap();
    let open = site.path("open.json");
    let text = nano.ctl(&["check", open.to_str().unwrap()]);
    assert!(text.code == Some(0) && text.stderr.contains("warning: "), "{text:?}");
    let json = nano.ctl(&["--json", "check", open.to_str().unwrap()]);
    let body: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((body["apps"][0].as_str(), body["warnings"].as_array().map(Vec::len)), (Some("x"), Some(1)), "{json:?}");
    assert_eq!(json.stderr, "");
    assert_eq!(nano.metrics().sum("nano_config_reloads_total", &[]), 0.0);
}

#[test]
fn logs_are_told_and_followed() {
    let (site, nano) = serve();
    assert_eq!(nano.get("a.local", "/log?word=first").status, 200);
    assert_eq!(nano.get("b.local", "/log?word=other").status, 200);
    let tail = until("the line in the log", || {
        Some(nano.ctl(&["logs", "a"])).filter(|answer| answer.stdout.contains("info says first"))
    });
    assert!(!tail.stdout.contains("other"), "only app a was asked for: {tail:?}");

    let mut command = site.command("nanoctl", &["--socket", "control.sock", "logs", "-f", "a"]);
    let mut follower = command.stdout(Stdio::piped()).spawn().unwrap();
    let seen = nano_test::Log::collect(follower.stdout.take().unwrap());
    let mut round = 0;
    until("a followed line", || {
        round += 1;
        nano.get("a.local", &format!("/log?word=round{round}"));
        seen.lines().iter().any(|line| line.contains("info says round")).then_some(())
    });
    assert!(follower.try_wait().unwrap().is_none());
    follower.kill().unwrap();
    follower.wait().unwrap();
    // A follower that left does no harm.
    assert_eq!(nano.get("a.local", "/hello").status, 200);
}

#[test]
fn those_who_follow_the_log_leave_room_for_commands() {
    use std::io::{Read, Write};
    let (_site, nano) = serve();
    let answers: Vec<_> = (0..60)
        .map(|_| {
            let mut stream = std::os::unix::net::UnixStream::connect(nano.control_socket()).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(b"GET /logs?follow=1 HTTP/1.1\r\nHost: nano\r\n\r\n").unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap();
            (String::from_utf8(status[9..].to_vec()).unwrap(), stream)
        })
        .collect();
    let got = |status: &str| answers.iter().filter(|(answer, _)| answer == status).count();
    assert_eq!((got("200"), got("503")), (48, 12));
    assert_eq!(nano.ctl(&["status"]).code, Some(0));
    let follower = nano.ctl(&["logs", "-f"]);
    assert_eq!(follower.code, Some(1), "{follower:?}");
    assert!(follower.stderr.contains("48 clients follow the log"), "{follower:?}");
    // Who leaves makes room.
    drop(answers);
    until("there is room again", || {
        let mut stream = std::os::unix::net::UnixStream::connect(nano.control_socket()).unwrap();
        stream.write_all(b"GET /logs?follow=1 HTTP/1.1\r\nHost: nano\r\n\r\n").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        status.ends_with(b"200").then_some(())
    });
}

/// Ends the supervisor in `how` while a request is in flight: the request is finished, new ones are refused, exit code 0.
fn drains(how: impl FnOnce(&Nano)) {
    let (_site, mut nano) = serve();
    let workers = [nano.pids("a"), nano.pids("b")].concat();
    let mut waiting = nano.connect();
    waiting.send_get("a.local", "/slow?ms=1000").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    how(&nano);
    assert_eq!(waiting.receive().unwrap().text(), "slow");
    assert_eq!(nano.wait().code(), Some(0));
    assert!(nano_test::Connection::open(nano.address).is_err());
    assert!(!nano.control_socket().exists(), "the socket is removed");
    for pid in workers {
        until("the worker is gone", || (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    }
}

#[test]
fn sigterm_drains() {
    drains(|nano| nano.signal(Signal::SIGTERM));
}

#[test]
fn sigint_drains() {
    drains(|nano| nano.signal(Signal::SIGINT));
}

#[test]
fn nanoctl_drain_drains() {
    drains(|nano| assert_eq!(nano.ctl(&["drain"]).code, Some(0)));
}

#[test]
fn a_drain_after_a_while_gives_load_balancers_time() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('a') };");
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let mut nano = site.serve();
    for wrong in ["3601", "-1", "soon"] {
        assert_eq!(nano.ctl(&["drain", "--after", wrong]).code, Some(2), "{wrong}");
    }
    let mut kept = nano.connect();
    assert_eq!(kept.get("a.local", "/").unwrap().text(), "a");
    // Whoever asked for it need not wait for it.
    let socket = nano.control_socket();
    let arguments = ["--socket", socket.to_str().unwrap(), "drain", "--after", "3600"];
    let mut asks = site.command("nanoctl", &arguments).spawn().unwrap();
    until("/readyz says no", || (nano.probe("/readyz").text() == "leaving\n").then_some(()));
    asks.kill().unwrap();
    asks.wait().unwrap();
    assert_eq!(nano.probe("/readyz").status, 503);
    assert_eq!(nano.probe("/healthz").status, 200);
    assert_eq!(nano.ctl_json(&["status"])["phase"], "leaving");
    // Both are served, and the connection is kept.
    assert_eq!(nano.get("a.local", "/").text(), "a");
    let answer = kept.get("a.local", "/").unwrap();
    assert!(answer.text() == "a" && !answer.closes(), "{answer:?}");
    // A reload does not bring it back.
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.probe("/readyz").status, 503);
    thread::scope(|scope| {
        let other = scope.spawn(|| nano.ctl(&["drain", "--after", "3000"]));
        // At once: no other has to be waited for.
        assert_eq!(nano.ctl(&["drain"]).code, Some(0));
        let other = other.join().unwrap();
        assert!(matches!(other.code, Some(0 | 1 | 3)), "{other:?}");
    });
    assert_eq!(nano.wait().code(), Some(0));
}

#[test]
fn commands_to_a_nano_that_stops_say_that_it_stops() {
    let site = Site::new();
    site.app(
        "slow",
        "export default { fetch: () => new Promise((go) => setTimeout(() => go(new Response('late')), 700)) };",
    );
    site.apps(json!([{ "name": "slow", "hostname": "slow.local", "path": "slow" }]));
    let mut nano = site.serve();
    let mut connection = nano.connect();
    connection.send_get("slow.local", "/").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "slow")], 1.0);
    nano.signal(Signal::SIGTERM);
    nano.log.wait_for_text("stopping: no new connections");
    // From the first moment of its end to the last, and after it.
    loop {
        let over = !nano.is_running();
        let answer = nano.ctl(&["reload"]);
        let told = answer.stderr.contains("stopping") || (answer.code == Some(3));
        assert!(told || (answer.code == Some(1) && answer.stderr.contains("broke")), "{answer:?}");
        if over {
            break;
        }
    }
    assert_eq!(connection.receive().unwrap().text(), "late");
}

#[test]
fn drain_ends_at_drain_ms_and_a_second_signal_ends_it_at_once() {
    for second_signal in [false, true] {
        let site = Site::new();
        let drain_ms = if second_signal { 3_600_000 } else { 500 };
        site.config(json!({
            "drain_ms": drain_ms,
            "apps": [{ "name": "a", "hostname": "a.local", "path": app_path("faults") }],
        }));
        let mut nano = site.serve();
        let mut waiting = nano.connect();
        waiting.send_get("a.local", "/never").unwrap();
        nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
        let start = Instant::now();
        nano.signal(Signal::SIGTERM);
        if second_signal {
            until("it stops accepting", || nano_test::Connection::open(nano.address).is_err().then_some(()));
            nano.signal(Signal::SIGTERM);
        }
        nano.wait();
        assert!(second_signal || start.elapsed() >= Duration::from_millis(500));
    }
}

#[test]
fn a_killed_supervisor_leaves_no_orphan() {
    let (_site, mut nano) = serve();
    let workers = [nano.pids("a"), nano.pids("b")].concat();
    assert_eq!(workers.len(), 3);
    nano.signal(Signal::SIGKILL);
    nano.wait();
    for pid in workers {
        until("the orphan ends", || (!nano_test::process::runs(pid)).then_some(()));
    }
}
