//! A `nano dev` that a test started.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use nano_test::{Log, Response, Site, exchange, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub(crate) struct DevServer {
    child: Child,
    pub(crate) log: Log,
    address: SocketAddr,
    /// Where its files are.
    runtime: PathBuf,
}

impl DevServer {
    /// Starts it and waits until it serves, or has said that it waits.
    pub(crate) fn start(site: &Site, arguments: &[&str]) -> Self {
        let runtime = site.path("runtime");
        std::fs::create_dir_all(&runtime).unwrap();
        let mut command = site.command("nano", &[&["dev"], arguments, &["--port", "0"]].concat());
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::collect(child.stderr.take().unwrap());
        let address = until("where nano dev serves", || {
            assert!(child.try_wait().unwrap().is_none(), "nano dev ended: {:#?}", log.lines());
            let lines = log.lines();
            lines.iter().find_map(|line| line.split_once(" on http://")?.1.parse().ok())
        });
        Self { child, log, address, runtime }
    }

    pub(crate) fn get(&self, host: &str, path: &str) -> Response {
        self.ask(host, path, "")
    }

    /// As a browser asks when a page is opened.
    pub(crate) fn navigate(&self, path: &str) -> Response {
        self.ask("localhost", path, "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n")
    }

    fn ask(&self, host: &str, path: &str, headers: &str) -> Response {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
        exchange(self.address, head.as_bytes()).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Waits until `/` answers so.
    pub(crate) fn await_text(&self, text: &str) {
        until(&format!("{text:?} at /"), || (self.get("localhost", "/").text() == text).then_some(()));
    }

    /// Waits for a line in the terminal.
    pub(crate) fn await_line(&self, text: &str) -> String {
        until(&format!("a line with {text:?}"), || self.log.lines().into_iter().find(|line| line.contains(text)))
    }

    /// What it has beside the project.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.runtime).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("nano-dev-")).collect()
    }

    /// Asks it to end, as Ctrl-C does, and waits for that.
    pub(crate) fn stop(&mut self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGINT).unwrap();
        let status = until("the end of nano dev", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{:#?}", self.log.lines());
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of nano dev ---\n{}\n--- end ---", self.log.lines().join("\n"));
        }
        // Both fail only when it has ended already. Its server ends when its orders do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
