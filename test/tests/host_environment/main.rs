//! What nano finds where it is started: limits, signals, file systems, links. It does without, puts it right, or says in
//! one paragraph what is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod container;
mod limits;
mod log;
mod restart;
mod signals;
mod watch;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nano_test::{Finished, Log, Site, binary, finish, tool, until};
use serde_json::{Value, json};

const APP: &str = "export default { fetch: () => new Response('hello') };";

/// A site with one app.
fn site() -> Site {
    let site = Site::new();
    site.app("a", APP);
    site.config(json!({ "sandbox": "best-effort", "apps": [app("a")] }));
    site
}

fn app(name: &str) -> Value {
    json!({ "name": name, "hostname": format!("{name}.local"), "path": name })
}

/// `program arguments…`, executed by other programs that set up its environment; `None` if the first of these is not here.
fn within(site: &Site, outer: &[&str], program: &str, arguments: &[&str]) -> Option<Command> {
    let first = if outer.first() == Some(&"refuse_calls") { example("refuse_calls") } else { tool(outer.first()?)? };
    let mut command = Command::new(first);
    command.args(&outer[1..]).arg(binary(program)).args(arguments).current_dir(site.folder()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", site.folder());
    Some(command)
}

const SERVE: [&str; 3] = ["serve", "--config", "nano.json"];

/// What a nano said that could not be started in this environment.
fn refused(site: &Site, outer: &[&str]) -> Option<Finished> {
    Some(finish(&mut within(site, outer, "nano", &SERVE)?, ""))
}

/// Serves there, answers, and ends with 0.
fn serves(site: &Site, outer: &[&str]) {
    let Some(command) = within(site, outer, "nano", &SERVE) else { return };
    let mut nano = site.serve_with(command);
    assert_eq!(nano.get("a.local", "/").text(), "hello", "{outer:?}");
    assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0), "{outer:?}");
    assert_eq!(nano.get("a.local", "/").text(), "hello", "{outer:?}");
    nano.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0), "{outer:?}");
}

/// A program of this package's that is built with its tests.
fn example(name: &str) -> PathBuf {
    let path = binary("nano").with_file_name("examples").join(name);
    assert!(path.is_file(), "{} is not there: run `cargo build -p nano-test --examples`", path.display());
    path
}

/// Some environments only root can set up.
fn is_root(what: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{what}: root only, and CI may skip nothing");
        eprintln!("skipped: {what}: root only");
    }
    root
}

/// A nano of which nothing is expected yet.
struct Started {
    child: Child,
    log: Log,
}

impl Started {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::collect(child.stderr.take().unwrap());
        Self { child, log }
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    fn wait(&mut self) -> Option<i32> {
        until("its end", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of nano ---\n{}\n--- end ---", self.log.lines().join("\n"));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Its children, zombies included.
fn children(pid: i32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// A field of `/proc/PID/status`.
fn status(pid: i32, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| Some(line.strip_prefix(field)?.strip_prefix(':')?.trim().to_owned()))
}
