//! Bodies that flow: responses chunk by chunk at the client's pace, uploads at the app's, and what both cost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nano_test::{Nano, PATIENCE, Site, until};
use nix::sys::socket::{setsockopt, sockopt::RcvBuf};
use serde_json::{Value, json};

mod collected;
mod flow;
mod memory;
mod patched;

const APP: &str = include_str!("app.js");
const APP_LABEL: (&str, &str) = ("app", "a.local");

fn serve(site: &Site, extra: &Value) -> Nano {
    let mut app = json!({ "hostname": "a.local", "path": "a", "max_buffer_size_mb": 1 });
    app.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    site.app("a", APP).apps(json!([app]));
    site.serve()
}

fn state(nano: &Nano) -> Value {
    nano.get("a.local", "/state").json()
}

/// A count of the app's that has stopped growing: it was the same for half a second.
fn settled(nano: &Nano, count: &str) -> u64 {
    let mut last = (0, Instant::now());
    until(&format!("{count} to stop growing"), || {
        let now = state(nano)[count].as_u64().unwrap();
        if now != last.0 {
            last = (now, Instant::now());
        }
        (now > 0 && last.1.elapsed() > Duration::from_millis(500)).then_some(now)
    })
}

/// Waits for the bytes in streams to be given back.
fn await_empty(nano: &Nano) {
    nano.await_metric("nano_stream_buffered_bytes", &[APP_LABEL], 0.0);
}

/// One connection whose response is read piece by piece.
struct Client(BufReader<TcpStream>);

impl Client {
    fn open(nano: &Nano) -> Self {
        let stream = TcpStream::connect(nano.address).unwrap();
        // The kernel would give it tens of MiB.
        setsockopt(&stream, RcvBuf, &(256 * 1024)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::with_capacity(64 * 1024, stream))
    }

    fn get(nano: &Nano, path: &str) -> Self {
        let mut client = Self::open(nano);
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: a.local\r\n\r\n"));
        client
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The status, and whether the body is chunked.
    fn head(&mut self) -> (u16, bool) {
        let status = self.line().split(' ').nth(1).expect("a status line").parse().unwrap();
        let mut chunked = false;
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                return (status, chunked);
            }
            chunked |= line == "transfer-encoding: chunked";
        }
    }

    /// The next chunk of a chunked body; `None` at its end.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&self.line(), 16).expect("a chunk's size");
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).unwrap();
        assert_eq!(chunk.split_off(size), b"\r\n");
        (size > 0).then_some(chunk)
    }

    /// Everything until the connection ends, however that is.
    fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        rest
    }
}
