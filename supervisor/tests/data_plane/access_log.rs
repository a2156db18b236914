//! The line that each request leaves behind.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use nano_protocol::BodyLength;
use serde_json::Value;

use crate::host::{Host, settings, until};
use crate::worker::{chunk, head};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged in this process, whichever test causes it.
fn log() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).init();
        lines
    })
}

fn line_of(request_id: &str) -> Value {
    let mut found = None;
    until("the line is there", || {
        let text = String::from_utf8(log().0.lock().unwrap().clone()).unwrap();
        found = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["target"] == "access::request" && line["request_id"] == request_id);
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_request_is_one_line_without_its_query() {
    log();
    let host = Host::with(settings(), |options| options.access_log = true);
    let mut worker = host.add_worker();
    let mut client = host.connect();
    client
        .send("POST /path?secret=1 HTTP/1.1\r\nHost: A.example:80\r\nX-Request-Id: log-1\r\nContent-Length: 0\r\n\r\n");
    let (id, _) = worker.request();
    worker.send(&[head(id, 201, &[], BodyLength::Known(5)), chunk(id, "hello", true)]);
    client.answer();
    let line = line_of("log-1");
    assert_eq!(line["app"], "under-test");
    assert_eq!(
        (&line["method"], &line["path"], &line["host"]),
        (&"POST".into(), &"/path".into(), &"A.example:80".into())
    );
    assert_eq!((&line["status"], &line["bytes"]), (&201.into(), &5.into()));
    assert_eq!(line["pid"], worker.worker.pid);
    assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(!line.to_string().contains("secret"));
}

#[test]
fn what_went_wrong_is_in_the_line() {
    log();
    let host = Host::with(settings(), |options| options.access_log = true);
    let mut worker = host.add_worker();

    let mut client = host.connect();
    client.send("GET / HTTP/1.1\r\nHost: nobody.example\r\nX-Request-Id: log-404\r\n\r\n");
    client.answer();
    let line = line_of("log-404");
    assert_eq!((&line["status"], &line["error"], &line["app"]), (&404.into(), &"unknown_host".into(), &"".into()));

    let mut client = host.connect();
    client.send("nonsense\r\n\r\n");
    let answer = client.answer();
    let line = line_of(answer.header("x-request-id").unwrap());
    assert_eq!((&line["status"], &line["error"]), (&400.into(), &"bad_request".into()));

    let mut client = host.connect();
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: log-499\r\n\r\n");
    worker.request();
    drop(client);
    assert_eq!(line_of("log-499")["status"], 499);
    worker.reset();

    let mut client = host.connect();
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: log-cut\r\n\r\n");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Known(10)), chunk(id, "123", false)]);
    client.head().unwrap();
    client.exactly(3).unwrap();
    drop(worker);
    let line = line_of("log-cut");
    assert_eq!((&line["status"], &line["bytes"], &line["error"]), (&200.into(), &3.into(), &"worker_died".into()));
}

#[test]
fn nothing_is_logged_unless_asked_for() {
    log();
    let host = Host::new();
    let server = host.add_worker().serve();
    let mut client = host.connect();
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: log-none\r\n\r\n");
    client.answer();
    drop((client, host));
    server.join().unwrap();
    assert!(!String::from_utf8_lossy(&log().0.lock().unwrap()).contains("log-none"));
}
