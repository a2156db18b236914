//! A nano to test: its directory, its process, its log, requests to it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How long anything may take on a crowded machine before it counts as not happening.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The workers of these tests.
fn fake_worker() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let program = deps.parent().and_then(Path::parent).unwrap().join("examples/fake_worker");
    assert!(program.exists(), "cargo builds {} with the tests of this package", program.display());
    program
}

/// A directory with a config and apps, before anything runs.
pub(crate) struct Site {
    pub(crate) place: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Writes an app's script.
    pub(crate) fn app(&self, name: &str, script: &str) -> &Self {
        fs::create_dir_all(self.path(name)).unwrap();
        fs::write(self.path(name).join("index.js"), script).unwrap();
        self
    }

    /// Writes a config with these apps, each given as its members' text.
    pub(crate) fn config(&self, server: &str, apps: &[&str]) -> &Self {
        let apps: Vec<String> = apps.iter().map(|app| format!("    {{ {app} }}")).collect();
        let text = format!(
            "{{\n  \"listen\": [\"127.0.0.1:0\"], \"metrics\": \"127.0.0.1:0\", \"log\": {{ \"level\": \"debug\" }}, \"sandbox\": \"best-effort\"{server},\n  \"apps\": [\n{}\n  ]\n}}\n",
            apps.join(",\n")
        );
        fs::write(self.path("nano.json"), text).unwrap();
        self
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let program = if program == "nano" { env!("CARGO_BIN_EXE_nano") } else { env!("CARGO_BIN_EXE_nanoctl") };
        let mut command = Command::new(program);
        command
            .env("NANO_WORKER", fake_worker())
            .env("NANO_CONTROL_SOCKET", self.path("run/control.sock"))
            .env("NANO_SHARDS", "2")
            .env_remove("NOTIFY_SOCKET")
            .current_dir(self.place.path());
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        finish(self.command(program).args(arguments))
    }

    /// Starts nano and waits until it listens.
    pub(crate) fn serve(self) -> Nano {
        let nano = Nano::spawn(self, |_| {});
        nano.log("\"message\":\"control listening\"");
        nano
    }
}

#[derive(Default)]
struct Log {
    text: Mutex<(String, bool)>,
    grown: Condvar,
}

pub(crate) struct Nano {
    pub(crate) site: Site,
    child: Child,
    log: Arc<Log>,
}

impl Nano {
    pub(crate) fn spawn(site: Site, adjust: impl FnOnce(&mut Command)) -> Self {
        let mut command = site.command("nano");
        command.args(["serve", "--config", "nano.json"]).stderr(Stdio::piped());
        adjust(&mut command);
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Log::default());
        let writer = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                writer.text.lock().unwrap().0.push_str(&format!("{line}\n"));
                writer.grown.notify_all();
            }
            writer.text.lock().unwrap().1 = true;
            writer.grown.notify_all();
        });
        Self { site, child, log }
    }

    /// Waits for the first line of the log that has this text.
    pub(crate) fn log(&self, part: &str) -> String {
        self.log_nth(part, 0)
    }

    /// The same for a further one, from 0.
    pub(crate) fn log_nth(&self, part: &str, nth: usize) -> String {
        let until = Instant::now() + PATIENCE;
        let mut text = self.log.text.lock().unwrap();
        loop {
            if let Some(line) = text.0.lines().filter(|line| line.contains(part)).nth(nth) {
                return line.to_owned();
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !text.1, "no line {nth} with {part:?} in\n{}", text.0);
            text = self.log.grown.wait_timeout(text, left).unwrap().0;
        }
    }

    pub(crate) fn log_so_far(&self) -> String {
        self.log.text.lock().unwrap().0.clone()
    }

    fn address(&self, message: &str) -> String {
        let line: Value = serde_json::from_str(&self.log(&format!("\"message\":\"{message}\""))).unwrap();
        line["address"].as_str().unwrap().to_owned()
    }

    /// The answer to a request: status and body.
    pub(crate) fn get(&self, host: &str, path: &str) -> (u16, String) {
        request(&self.address("listening"), host, path)
    }

    /// The answer to a request with this head: status and head of the response.
    pub(crate) fn send(&self, head: &str) -> (u16, String) {
        let (head, _) = exchange(&self.address("listening"), head);
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
    }

    /// The pid of the worker that answers.
    pub(crate) fn answering_pid(&self, host: &str) -> i32 {
        let (status, body) = self.get(host, "/");
        assert_eq!(status, 200, "{body}");
        body.rsplit(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn metrics_get(&self, path: &str) -> (u16, String) {
        request(&self.address("metrics listening"), "x", path)
    }

    /// Waits until a series has this value: a process is gone, for instance, before the supervisor has taken note of it.
    pub(crate) fn await_metric(&self, series: &str, value: f64) {
        eventually(&format!("{series} {value}"), || self.metric(series) == Some(value));
    }

    /// The value of a series; `None` if there is no such series.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let (status, text) = self.metrics_get("/metrics");
        assert_eq!(status, 200);
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    pub(crate) fn nanoctl(&self, arguments: &[&str]) -> Output {
        self.site.run("nanoctl", arguments)
    }

    /// The answer of `nanoctl --json`, which must succeed.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Value {
        let output = self.nanoctl(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The pids of an app's workers.
    pub(crate) fn pids(&self, app: &str) -> Vec<i64> {
        let answer = self.ask(&["apps"]);
        let apps = answer["apps"].as_array().unwrap();
        let app = apps.iter().find(|each| each["name"] == app).unwrap();
        app["workers"].as_array().unwrap().iter().filter_map(|worker| worker["pid"].as_i64()).collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("nano ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Nano {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "the log:\n{}", self.log_so_far());
        }
    }
}

pub(crate) fn request(address: &str, host: &str, path: &str) -> (u16, String) {
    let (head, body) = exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: {host}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

/// Sends a request with this head on a connection of its own; the response's head and body.
fn exchange(address: &str, head: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{head}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {answer:?}"));
    (head.to_owned(), body.to_owned())
}

/// Runs a program to its end; one that does not come to it is killed, and fails the test.
pub(crate) fn finish(command: &mut Command) -> Output {
    let name = format!("{command:?}");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (done, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output().unwrap()));
    end.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let _ = kill(pid, Signal::SIGKILL);
        panic!("waited {PATIENCE:?} in vain for the end of {name}")
    })
}

/// Waits until it is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there is such a process, be it a zombie.
pub(crate) fn is_alive(pid: i64) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
