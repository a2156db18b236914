//! A running supervisor, with its log, its addresses and its control socket.

use crate::http::{Connection, Response, exchange};
use crate::load::Load;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::process::{descendants, worker_title};
use crate::programs::{Finished, binary, finish};
use crate::wait::until;
use crate::websocket::WebSocket;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A `nano serve` that ends with this value.
pub struct Nano {
    child: Child,
    /// Everything it wrote to stderr.
    pub log: Log,
    /// Where apps are served.
    pub address: SocketAddr,
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub metrics_address: SocketAddr,
    control: PathBuf,
    /// Kept for as long as it serves from there.
    _folder: Arc<TempDir>,
}

/// What `nanoctl` answered.
pub type Ctl = Finished;

/// One worker process as `nanoctl --json apps` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Process id.
    pub pid: i32,
    /// starting, ready, draining or exited.
    pub state: String,
}

impl Nano {
    /// Starts `command` and waits until it listens and every app is ready.
    pub(crate) fn serve(mut command: Command, control: PathBuf, folder: Arc<TempDir>) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::collect(child.stderr.take().unwrap());
        let announced = log.clone();
        let mut nano = Self {
            child,
            log,
            address: SocketAddr::from(([0; 4], 0)),
            metrics_address: SocketAddr::from(([0; 4], 0)),
            control,
            _folder: folder,
        };
        let mut await_address = |message: &str| {
            until(message, || {
                let status = nano.child.try_wait().unwrap();
                assert!(status.is_none(), "nano ended at start: {status:?}");
                let address = announced.message(message)?["address"].as_str()?.parse::<SocketAddr>().unwrap();
                Some(if address.ip().is_unspecified() {
                    SocketAddr::from(([127, 0, 0, 1], address.port()))
                } else {
                    address
                })
            })
        };
        let (address, metrics_address) = (await_address("listening"), await_address("metrics listening"));
        nano.address = address;
        nano.metrics_address = metrics_address;
        until("/readyz", || (nano.probe("/readyz").status == 200).then_some(()));
        nano
    }

    /// `GET path` of an app, over a new connection.
    pub fn get(&self, host: &str, path: &str) -> Response {
        exchange(self.address, format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap_or_else(|error| panic!("GET {host}{path}: {error}"))
    }

    /// A request with a body.
    pub fn post(&self, host: &str, path: &str, body: &[u8]) -> Response {
        let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", body.len());
        exchange(self.address, &[head.as_bytes(), body].concat())
            .unwrap_or_else(|error| panic!("POST {host}{path}: {error}"))
    }

    /// Sends exact bytes over a new connection and reads one answer.
    pub fn raw(&self, bytes: &str) -> Response {
        exchange(self.address, bytes.as_bytes()).unwrap_or_else(|error| panic!("{bytes:?}: {error}"))
    }

    /// A new connection to the apps' port.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    /// Eight clients that ask for `path` of `host` until stopped; anything but 200 is a failure.
    pub fn load(&self, host: &str, path: &str) -> Load {
        Load::start(self.address, host, path, 8, |response| match response.status {
            200 => Ok(()),
            status => Err(format!("{status}: {}", String::from_utf8_lossy(&response.body))),
        })
    }

    /// A WebSocket of an app.
    pub fn socket(&self, host: &str, path: &str) -> WebSocket {
        let opened = WebSocket::open(self.address, host, path, "");
        let answer = opened.unwrap_or_else(|error| panic!("no WebSocket at {host}{path}: {error}"));
        answer.unwrap_or_else(|response| panic!("no WebSocket at {host}{path}: {response:?}"))
    }

    /// `GET path` of the metrics address.
    pub fn probe(&self, path: &str) -> Response {
        exchange(
            self.metrics_address,
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap_or_else(|error| panic!("GET {path} of the metrics address: {error}"))
    }

    /// A scrape.
    pub fn metrics(&self) -> Metrics {
        let response = self.probe("/metrics");
        assert_eq!(response.status, 200);
        Metrics { text: response.text() }
    }

    /// Waits until the sample is `value`.
    pub fn await_metric(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        until(&format!("{name} {labels:?} = {value}"), || {
            (self.metrics().get(name, labels) == Some(value)).then_some(())
        });
    }

    /// Runs `nanoctl` against this supervisor.
    pub fn ctl(&self, arguments: &[&str]) -> Ctl {
        finish(Command::new(binary("nanoctl")).arg("--socket").arg(&self.control).args(arguments), "")
    }

    /// Runs `nanoctl --json` against this supervisor; it must succeed.
    pub fn ctl_json(&self, arguments: &[&str]) -> Value {
        let answer = self.ctl(&[&["--json"], arguments].concat());
        assert_eq!(answer.code, Some(0), "nanoctl {arguments:?}: {answer:?}");
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {}", answer.stdout))
    }

    /// The workers of an app.
    pub fn workers(&self, app: &str) -> Vec<Worker> {
        let listed = self.ctl_json(&["apps"]);
        let apps = listed.as_array().or_else(|| listed["apps"].as_array()).expect("a list of apps");
        let entry =
            apps.iter().find(|entry| entry["name"] == app).unwrap_or_else(|| panic!("no app {app} in {listed}"));
        let workers = entry["workers"].as_array().unwrap_or_else(|| panic!("no workers in {entry}"));
        workers
            .iter()
            .filter_map(|worker| {
                let pid = i32::try_from(worker["pid"].as_i64()?).unwrap();
                Some(Worker { pid, state: worker["state"].as_str().unwrap_or_default().to_lowercase() })
            })
            .collect()
    }

    /// Process ids of the workers that are no app's yet.
    pub fn spares(&self) -> Vec<i32> {
        descendants(self.pid()).into_iter().filter(|pid| worker_title(*pid).as_deref() == Some("(spare)")).collect()
    }

    /// Process ids of an app's ready workers.
    pub fn pids(&self, app: &str) -> Vec<i32> {
        self.workers(app).into_iter().filter(|worker| worker.state == "ready").map(|worker| worker.pid).collect()
    }

    /// Process id of an app's only worker.
    pub fn pid_of(&self, app: &str) -> i32 {
        let pids = until(&format!("a ready worker of {app}"), || Some(self.pids(app)).filter(|pids| !pids.is_empty()));
        assert_eq!(pids.len(), 1, "{app} has several workers");
        pids[0]
    }

    /// The supervisor's own process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Sends the supervisor a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Waits for the supervisor's end.
    pub fn wait(&mut self) -> ExitStatus {
        until("the supervisor's end", || self.child.try_wait().unwrap())
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Where its control socket is.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.control.clone()
    }
}

impl Drop for Nano {
    /// Kills it; its workers see their socket close and go.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of nano ---\n{}\n--- end ---", self.log.lines().join("\n"));
        }
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
