//! Start and end.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use nix::sys::signal::Signal;

use crate::nano::{Nano, PATIENCE, Site, eventually, finish, is_alive, text};

#[test]
fn serves_each_app_at_its_host_and_ends_with_0() {
    let site = Site::new();
    site.app("a", "respond one\nlog hello from a").app("b", "respond two");
    site.config(
        "",
        &["\"hostname\": \"a.example\", \"path\": \"a\"", "\"hostname\": \"*\", \"path\": \"b\", \"workers\": 2"],
    );
    let mut nano = site.serve();
    assert!(nano.get("a.example", "/").1.starts_with("one "));
    assert!(nano.get("else.example", "/").1.starts_with("two "));
    let line = nano.log("hello from a");
    assert!(
        line.contains("\"app\":\"a.example\"") && line.contains("\"pid\":") && line.contains("\"level\":\"info\""),
        "{line}"
    );
    assert_eq!(nano.metrics_get("/healthz").0, 200);
    assert_eq!(nano.metrics_get("/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(nano.metrics_get("/else").0, 404);
    let pids = [nano.pids("a.example"), nano.pids("default")].concat();
    assert_eq!(pids.len(), 3);
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0), "{}", nano.log_so_far());
    assert!(pids.into_iter().all(|pid| !is_alive(pid)));
    assert!(!nano.site.path("run/control.sock").exists());
}

#[test]
fn requests_in_flight_are_finished_first() {
    let site = Site::new();
    site.app("a", "slow 500\nrespond late").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let mut nano = site.serve();
    std::thread::scope(|scope| {
        let client = scope.spawn(|| nano.get("a", "/"));
        eventually("the request is in flight", || nano.metric("nano_http_requests_in_flight{app=\"a\"}") == Some(1.0));
        nano.signal(Signal::SIGINT);
        nano.log("asked to stop");
        let (status, body) = client.join().unwrap();
        assert!(status == 200 && body.starts_with("late "), "{status} {body}");
    });
    assert_eq!(nano.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let site = Site::new();
    site.app("a", "slow 600000").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let mut nano = site.serve();
    let pids = nano.pids("a");
    std::thread::scope(|scope| {
        let address = nano.log("\"message\":\"listening\"");
        let address: serde_json::Value = serde_json::from_str(&address).unwrap();
        let address = address["address"].as_str().unwrap().to_owned();
        scope.spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
        });
        eventually("the request is in flight", || nano.metric("nano_http_requests_in_flight{app=\"a\"}") == Some(1.0));
        nano.signal(Signal::SIGTERM);
        nano.log("asked to stop");
        nano.signal(Signal::SIGTERM);
        assert_eq!(nano.wait().code(), Some(1));
    });
    assert!(pids.into_iter().all(|pid| !is_alive(pid)));
}

#[test]
fn no_worker_outlives_a_killed_supervisor() {
    let site = Site::new();
    site.app("a", "respond x").config("", &["\"hostname\": \"a\", \"path\": \"a\", \"workers\": 2"]);
    let mut nano = site.serve();
    let pids = nano.pids("a");
    assert_eq!(pids.len(), 2);
    nano.signal(Signal::SIGKILL);
    nano.wait();
    for pid in pids {
        let gone = || match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'),
            Err(_) => true,
        };
        eventually("the orphan ends", gone);
    }
}

#[test]
fn what_is_wrong_is_told_and_ends_with_1() {
    let site = Site::new();
    let failed = |site: &Site, part: &str| {
        let output = site.run("nano", &["serve", "--config", "nano.json"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(part), "{part:?} in\n{stderr}");
    };
    failed(&site, "nano.json: the configuration cannot be read");
    site.app("a", "respond x").config("", &["\"hostname\": \"a\", \"path\": \"a\", \"worker\": 2"]);
    failed(&site, "nano.json:4:37: apps[0].worker: ");
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\""]).app("a", "fail 3 7 SyntaxError: Unexpected token");
    failed(&site, "nano.json:4:24: apps[0].path: app \"a\": a/index.js:3:7: SyntaxError: Unexpected token");
    site.app("a", "stderr bad luck\ndie");
    // Where there are namespaces it is not told from another signal.
    failed(&site, "the worker died while it loaded the app (signal SIG");
    failed(&site, "SIGABRT); its last words: bad luck");
    site.config(", \"control_socket\": \"nano.json\"", &["\"hostname\": \"a\", \"path\": \"a\""]).app("a", "respond x");
    let output = finish(site.command("nano").args(["nano.json"]).env_remove("NANO_CONTROL_SOCKET"));
    assert!(text(&output.stderr).contains("nano.json is there and is no socket"), "{}", text(&output.stderr));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = fs::read_to_string(site.path("nano.json")).unwrap();
    fs::write(site.path("nano.json"), config.replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1)).unwrap();
    failed(&site, &format!("127.0.0.1:{port} is in use by another process"));
    let output = finish(site.command("nano").args(["check", "nano.json"]).env("NANO_WORKER", "/nothing/here"));
    assert!(text(&output.stderr).contains("NANO_WORKER says /nothing/here"), "{}", text(&output.stderr));
}

#[test]
fn where_the_log_is_json_an_error_at_the_start_is_a_line_of_it_too() {
    let site = Site::new();
    let failed = |site: &Site| -> (Option<serde_json::Value>, String) {
        let output = site.run("nano", &["nano.json"]);
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        let json = stderr.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let line = json.into_iter().find(|line| line["level"] == "error");
        assert!(stderr.lines().any(|line| line.starts_with("nano: ")), "for people, too: {stderr}");
        (line, stderr)
    };
    site.app("a", "respond x").config("", &["\"hostname\": \"a\", \"path\": \"a\", \"worker\": 2"]);
    let (line, _) = failed(&site);
    let line = line.unwrap();
    assert_eq!((&line["code"], &line["config"]), (&"config_invalid".into(), &"nano.json".into()), "{line}");
    assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
    let fault = &line["faults"][0];
    assert_eq!((&fault["line"], &fault["column"], &fault["key"]), (&4.into(), &37.into(), &"apps[0].worker".into()));
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\""]).app("a", "fail 3 7 bad");
    let (line, stderr) = failed(&site);
    assert_eq!(line.unwrap()["faults"][0]["message"], "app \"a\": a/index.js:3:7: bad");
    // What is started is logged first.
    let started: serde_json::Value = serde_json::from_str(stderr.lines().next().unwrap()).unwrap();
    assert_eq!((&started["message"], &started["apps"]), (&"nano starts".into(), &1.into()), "{started}");
    assert_eq!((&started["version"], &started["sandbox"]), (&env!("CARGO_PKG_VERSION").into(), &"best-effort".into()));
    assert_eq!(started["config"], site.place.path().canonicalize().unwrap().join("nano.json").to_str().unwrap());
    assert!(started["pid"].is_u64() && started["listen"].as_str().unwrap().starts_with("127.0.0.1:"), "{started}");
    // For people alone, if the file says so, even one that is wrong elsewhere.
    for wrong in ["", ", \"prot\": 1"] {
        site.config(wrong, &["\"hostname\": \"a\", \"path\": \"a\""]);
        let config = fs::read_to_string(site.path("nano.json")).unwrap();
        fs::write(site.path("nano.json"), config.replacen("\"level\"", "\"format\": \"pretty\", \"level\"", 1))
            .unwrap();
        let (line, stderr) = failed(&site);
        assert_eq!(line, None, "{stderr}");
    }
}

#[test]
fn a_module_s_error_is_all_that_is_told_of_a_first_start() {
    let site = Site::new();
    site.app("a", "fail 3 7 TypeError: x").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let output = site.run("nano", &["nano.json"]);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("index.js:3:7: TypeError: x"), "{stderr}");
    assert!(!stderr.contains("flight record") && !stderr.contains("SIGKILL"), "{stderr}");
    let warned = |line: &str| line.contains("worker ended") && !line.contains("\"level\":\"debug\"");
    assert!(!stderr.lines().any(warned), "{stderr}");
    // A reload likewise; and `why` knows it.
    site.app("a", "respond x");
    let nano = site.serve();
    nano.site.app("a", "fail 3 7 TypeError: x");
    assert_eq!(nano.nanoctl(&["reload"]).status.code(), Some(1));
    let why = text(&nano.nanoctl(&["why", "a"]).stdout);
    assert!(
        why.contains("did not get ready: startup (exit code 1)") && why.contains("index.js:3:7: TypeError: x"),
        "{why}"
    );
    assert!(!why.contains("heap") && !why.contains("in flight"), "{why}");
    let log = nano.log_so_far();
    assert!(!log.contains("flight record") && !log.contains("SIGKILL"), "{log}");
}

#[test]
fn an_app_that_never_loads_is_late() {
    let site = Site::new();
    site.app("a", "hang").config("", &["\"hostname\": \"a\", \"path\": \"a\", \"cpu_ms\": 1"]);
    let output = site.run("nano", &["nano.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("was not loaded within 10001 ms"), "{}", text(&output.stderr));
}

#[test]
fn wrong_usage_ends_with_2() {
    let site = Site::new();
    for arguments in
        [&["srve"][..], &["serve"], &[], &["serve", "--config", "a", "--app", "b"], &["run"], &["nano.txt"]]
    {
        assert_eq!(site.run("nano", arguments).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [&["aps"][..], &[], &["restart"], &["apps", "--sockt", "x"]] {
        assert_eq!(site.run("nanoctl", arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn check_loads_every_app() {
    let site = Site::new();
    site.app("a", "respond x").app("b", "fail 1 2 no such module");
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let output = site.run("nano", &["check", "nano.json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "nano.json: ok, 1 app loads\n");
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\"", "\"hostname\": \"b\", \"path\": \"b\""]);
    for (program, prefix) in [("nano", "nano: "), ("nanoctl", "nanoctl: ")] {
        let output = site.run(program, &["check", "nano.json"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            text(&output.stderr),
            format!("{prefix}nano.json:5:24: apps[1].path: app \"b\": b/index.js:1:2: no such module\n")
        );
    }
}

#[test]
fn one_app_without_a_config() {
    let site = Site::new();
    site.app("a", "respond x");
    let mut command = site.command("nano");
    command.args(["serve", "--app", "a", "--port", "0"]);
    if nix::unistd::geteuid().is_root() {
        // The default policy asks for a sandbox, and these tests' workers have none. (With real workers: in test/.)
        let output = finish(&mut command);
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        assert!(stderr.contains("app \"default\" cannot be started: its sandbox is incomplete"), "{stderr}");
        assert!(stderr.contains("seccomp (the worker did not close it)"), "{stderr}");
        return;
    }
    let nano = Nano::spawn(site, |own| {
        // No default metrics address either, as when another nano has it.
        *own = command;
        own.stderr(std::process::Stdio::piped());
    });
    nano.log("\"message\":\"control listening\"");
    assert_eq!(nano.get("any.host", "/").0, 200);
    assert_eq!(nano.ask(&["apps"])["apps"][0]["name"], "default");
}

#[test]
fn systemd_is_told() {
    let site = Site::new();
    let socket = UnixDatagram::bind(site.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    site.app("a", "respond x").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let path = site.path("notify");
    let mut nano = Nano::spawn(site, |command| {
        command.env("NOTIFY_SOCKET", path);
    });
    let hear = |part: &str| {
        let mut bytes = [0; 4096];
        loop {
            let count = socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{part}: {error}"));
            if text(&bytes[..count]).contains(part) {
                return;
            }
        }
    };
    hear("READY=1");
    nano.ask(&["reload"]);
    hear("RELOADING=1");
    hear("READY=1");
    nano.signal(Signal::SIGTERM);
    hear("STOPPING=1");
    nano.wait();
}

#[test]
fn a_taken_control_socket_is_left_alone() {
    let site = Site::new();
    site.app("a", "respond x").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let nano = site.serve();
    let output = nano.site.run("nano", &["nano.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("another nano answers at the control socket"), "{}", text(&output.stderr));
    assert_eq!(nano.ask(&["status"])["phase"], "ready");
}
