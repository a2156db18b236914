//! Clients: each asks one app again and again, and enters what it gets.

use crate::ledger::{Ledger, Outcome};
use nano_test::{Connection, Response};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two requests of one client, so that clients do not take the machine from what they watch.
const PAUSE: Duration = Duration::from_millis(4);

/// A request, and what its answer must be.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) app: &'static str,
    bytes: Vec<u8>,
    answer: Vec<u8>,
}

impl Question {
    /// `GET path`, answered so.
    pub(crate) fn get(app: &'static str, path: &str, answer: &str) -> Self {
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: {app}.local\r\n\r\n").into_bytes();
        Self { app, bytes, answer: answer.as_bytes().to_vec() }
    }

    /// `POST path` with a body, answered so. Never sent to a second worker.
    pub(crate) fn post(app: &'static str, path: &str, body: &[u8], answer: &[u8]) -> Self {
        let head = format!("POST {path} HTTP/1.1\r\nHost: {app}.local\r\nContent-Length: {}\r\n\r\n", body.len());
        Self { app, bytes: [head.as_bytes(), body].concat(), answer: answer.to_vec() }
    }

    /// Asks it, and says what came of it.
    fn outcome(&self, connection: &mut Option<Connection>, address: SocketAddr) -> Outcome {
        match self.ask(connection, address) {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Lost(format!("{:?}: {error}", error.kind())),
        }
    }

    fn ask(&self, connection: &mut Option<Connection>, address: SocketAddr) -> io::Result<Outcome> {
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::open(address)?,
        };
        // The answer may come, and the connection end, before all of a body was taken.
        let sent = open.send(&self.bytes);
        let (status, headers) = open.receive_head().map_err(|error| sent.err().unwrap_or(error))?;
        let mut response = Response { status, headers, body: Vec::new() };
        match open.receive_body(&response) {
            Ok(body) => response.body = body,
            Err(_) => return Ok(Outcome::Cut(status)),
        }
        if !response.closes() {
            *connection = Some(open);
        }
        Ok(judge(&response, &self.answer))
    }

    /// Asks it over a connection of its own, and enters what comes.
    pub(crate) fn once(&self, address: SocketAddr, ledger: &Ledger) -> Outcome {
        let outcome = self.outcome(&mut None, address);
        ledger.enter(self.app, outcome.clone());
        outcome
    }
}

/// What this answer is, where that one was right. An empty one stands for any.
pub(crate) fn judge(response: &Response, right: &[u8]) -> Outcome {
    if response.status == 200 {
        let good = right.is_empty() || response.body == right;
        return if good { Outcome::Served } else { Outcome::Lost(format!("another answer: {response:?}")) };
    }
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match body["code"].as_str().filter(|code| !code.is_empty()) {
        Some(code) => Outcome::Refused(response.status, code.to_owned()),
        None => Outcome::Lost(format!("no code: {response:?}")),
    }
}

/// Running clients.
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    threads: Vec<(&'static str, JoinHandle<Vec<Duration>>)>,
}

impl Clients {
    /// One client for each of these lists; it asks one question after the other.
    pub(crate) fn start(address: SocketAddr, ledger: &Arc<Ledger>, lists: Vec<Vec<Question>>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |questions: Vec<Question>| {
            let (stop, ledger, app) = (Arc::clone(&stop), Arc::clone(ledger), questions[0].app);
            let work = move || {
                let mut connection = None;
                let mut waits = Vec::new();
                for question in questions.iter().cycle() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let start = Instant::now();
                    let outcome = question.outcome(&mut connection, address);
                    waits.push(start.elapsed());
                    ledger.enter(question.app, outcome);
                    thread::sleep(PAUSE);
                }
                waits
            };
            (app, thread::spawn(work))
        };
        Self { threads: lists.into_iter().map(client).collect(), stop }
    }

    /// Lets each finish what it is at. How long the answers took, by app.
    pub(crate) fn stop(self) -> Vec<(&'static str, Vec<Duration>)> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|(app, thread)| (app, thread.join().unwrap())).collect()
    }
}
