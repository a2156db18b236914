//! The ways to start `nano serve`, and what it takes from its environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Log, Response, Site, exchange, finish, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// A running program; killed at the end.
struct Running {
    child: Child,
    log: Log,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::collect(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// The first answer with this status that comes.
    fn answer(&self, address: SocketAddr, host: &str, status: u16) -> Response {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        until(&format!("{status} from {address}\n{}", self.log.lines().join("\n")), || {
            exchange(address, request.as_bytes()).ok().filter(|response| response.status == status)
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn hello(site: &Site) {
    site.app("a", "export default { fetch: (request) => new Response('hello ' + request.headers.get('host')) };");
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn one_app_without_a_configuration_answers_any_host() {
    let site = Site::new();
    hello(&site);
    // The default metrics address is taken, by this test or another program: a warning, and nano serves without it.
    let taken = TcpListener::bind("127.0.0.1:9464");
    let address = free_address();
    let mut command = site.command("nano", &["serve", "--app", "a", "--port", &address.port().to_string()]);
    command.env("XDG_RUNTIME_DIR", site.folder());
    let nano = Running::start(command);
    assert_eq!(nano.answer(address, "any.example", 200).text(), "hello any.example");
    assert_eq!(nano.answer(address, "127.0.0.1", 200).text(), "hello 127.0.0.1");
    let warning = nano.log.wait_for_text("127.0.0.1:9464");
    assert!(warning.contains("\"warn\""), "{warning}");
    drop(taken);
    // nanoctl finds the same socket by the same rule.
    assert!(site.path("nano/control.sock").exists());
    let mut ctl = site.command("nanoctl", &["apps"]);
    let answer = finish(ctl.env("XDG_RUNTIME_DIR", site.folder()), "");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    // systemd's RUNTIME_DIRECTORY goes before it.
    let mut ctl = site.command("nanoctl", &["apps"]);
    let answer = finish(ctl.env("XDG_RUNTIME_DIR", site.folder()).env("RUNTIME_DIRECTORY", site.path("nano")), "");
    assert_eq!(answer.code, Some(0), "{answer:?}");
}

#[test]
fn the_short_form_and_port() {
    let site = Site::new();
    hello(&site);
    let address = free_address();
    site.config(json!({ "port": address.port(), "apps": [{ "hostname": "a.local", "path": "a" }] }));
    let nano = Running::start(site.command("nano", &["nano.json"]));
    assert_eq!(nano.answer(address, "a.local", 200).text(), "hello a.local");
    assert_eq!(nano.answer(address, "b.local", 404).status, 404);
}

#[test]
fn several_addresses_and_unix_sockets() {
    let site = Site::new();
    hello(&site);
    let (one, two) = (free_address(), free_address());
    let unix = site.path("http.sock");
    site.config(json!({
        "listen": [one.to_string(), two.to_string(), format!("unix:{}", unix.display())],
        "apps": [{ "hostname": "a.local", "path": "a" }],
    }));
    let nano = Running::start(site.command("nano", &["serve", "--config", "nano.json"]));
    assert_eq!(nano.answer(one, "a.local", 200).text(), "hello a.local");
    assert_eq!(nano.answer(two, "a.local", 200).text(), "hello a.local");
    let mut stream = UnixStream::connect(&unix).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello a.local"), "{answer}");
}

#[test]
fn log_settings_are_obeyed() {
    let source =
        "export default { fetch() { console.debug('finely'); console.log('coarsely'); return new Response('a'); } };";
    let serve = |log: Value| {
        let site = Site::new();
        site.app("a", source);
        site.config(json!({ "log": log, "apps": [{ "name": "a", "hostname": "a.local", "path": "a" }] }));
        site
    };
    let site = serve(json!({ "level": "debug", "access": false }));
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").status, 200);
    nano.log.wait_for("the debug line", |record| record["message"] == "finely" && record["level"] == "debug");
    nano.log.wait_for("the info line", |record| record["message"] == "coarsely");
    assert_eq!(nano.ctl(&["status"]).code, Some(0));
    assert!(!nano.log.records().iter().any(|record| record["status"] == 200), "no access lines");

    let site = serve(json!({ "level": "warn", "format": "pretty" }));
    let address = free_address();
    let config = std::fs::read_to_string(site.config_path())
        .unwrap()
        .replace("127.0.0.1:0\"\n  ]", &format!("{address}\"\n  ]"));
    site.file("nano.json", &config);
    let quiet = Running::start(site.command("nano", &["serve", "--config", "nano.json"]));
    quiet.answer(address, "a.local", 200);
    assert!(!quiet.log.lines().iter().any(|line| line.contains("coarsely")), "{:?}", quiet.log.lines());
    assert!(quiet.log.records().is_empty(), "pretty is no JSON");
}

#[test]
fn the_worker_is_found_by_its_variable_and_its_absence_is_told() {
    let site = Site::new();
    hello(&site);
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    let answer = finish(command.env("NANO_WORKER", "/nowhere/nano-worker"), "");
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("/nowhere/nano-worker"), "{answer:?}");
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("NANO_WORKER", nano_test::binary("nano-worker"));
    let nano = site.serve_with(command);
    assert_eq!(nano.get("a.local", "/").status, 200);
}

#[test]
fn workers_know_nothing_of_the_supervisors_environment_and_files() {
    let site = Site::new();
    hello(&site);
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "env": { "TOKEN": "the-apps-own-secret" } }]));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("SUPERVISOR_SECRET", "hunter2");
    let nano = site.serve_with(command);
    let pid = nano.pid_of("a");
    let environment = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    assert!(!environment.contains("hunter2") && !environment.contains("the-apps-own-secret"), "{environment}");
    let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!arguments.contains("the-apps-own-secret") && !arguments.contains("nano.json"), "{arguments}");
    // Sockets and pipes to its supervisor, and nothing else: no configuration, no listener, no other worker.
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let target = std::fs::read_link(entry.unwrap().path()).unwrap_or_default();
        let target = target.to_string_lossy().into_owned();
        let known =
            ["socket:", "pipe:", "anon_inode:", "/dev/null", "/memfd:"].iter().any(|start| target.starts_with(start));
        assert!(known || target.is_empty(), "the worker holds {target}");
    }
}
