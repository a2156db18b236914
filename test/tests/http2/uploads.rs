//! Bodies of requests: what they cost while nobody takes them, and how their windows follow what is taken.

use crate::frames::{DATA, END_HEADERS, END_STREAM, Frame, HEADERS, Http2, PING, SETTINGS, WINDOW_UPDATE, frame, head};
use crate::hostile::memory;
use crate::{APP, serve, serve_with};
use nano_test::{Nano, Site};
use serde_json::json;
use std::collections::HashMap;

/// What a client may still send.
struct Windows {
    connection: i64,
    initial: i64,
    streams: HashMap<u32, i64>,
}

impl Windows {
    /// As they are before anything was sent.
    fn first(http: &mut Http2) -> Self {
        let mut own = Self { connection: 65_535, initial: 65_535, streams: HashMap::new() };
        // The answer to the first may come before the windows do.
        own.catch_up(http);
        own.catch_up(http);
        own
    }

    /// Reads all that the server has said up to now.
    fn catch_up(&mut self, http: &mut Http2) {
        http.send(&frame(PING, 0, 0, &[7; 8])).unwrap();
        loop {
            let next = http.wait_for(|_| true).expect("the connection stays");
            self.read(&next);
            if next.kind == PING && next.flags == 1 {
                return;
            }
        }
    }

    fn read(&mut self, frame: &Frame) {
        let number = |at: usize| i64::from(u32::from_be_bytes(frame.payload[at..at + 4].try_into().unwrap()));
        match frame.kind {
            SETTINGS => {
                for at in (0..frame.payload.len()).step_by(6) {
                    if frame.payload[at..at + 2] == [0, 4] {
                        let more = number(at + 2) - self.initial;
                        self.initial += more;
                        self.streams.values_mut().for_each(|window| *window += more);
                    }
                }
            }
            WINDOW_UPDATE if frame.stream == 0 => self.connection += number(0),
            WINDOW_UPDATE => *self.streams.entry(frame.stream).or_insert(self.initial) += number(0),
            _ => {}
        }
    }

    /// Takes up to so many bytes of the windows for a frame.
    fn take(&mut self, stream: u32, most: usize) -> usize {
        let window = self.streams.entry(stream).or_insert(self.initial);
        let bytes = usize::try_from(self.connection.min(*window)).unwrap_or(0).min(most);
        self.connection -= i64::try_from(bytes).unwrap();
        *window -= i64::try_from(bytes).unwrap();
        bytes
    }
}

/// Opens connections with four uploads each, to an app that has no place for them, and sends what the windows allow in
/// such pieces, a frame of `filler` bytes that means nothing behind each.
fn queue(nano: &Nano, connections: usize, piece: usize, filler: usize) -> Vec<Http2> {
    let filler = if filler == 0 { Vec::new() } else { frame(0xbe, 0, 0, &vec![b'y'; filler]) };
    let open = || {
        let mut http = Http2::open(nano.address, &[]);
        let mut windows = Windows::first(&mut http);
        for stream in [1, 3, 5, 7] {
            http.send(&frame(HEADERS, END_HEADERS, stream, &head("POST", "/count", &[]))).unwrap();
        }
        for stream in [1, 3, 5, 7] {
            loop {
                let bytes = windows.take(stream, piece);
                if bytes == 0 {
                    break;
                }
                http.send(&[frame(DATA, 0, stream, &vec![b'x'; bytes]), filler.clone()].concat()).unwrap();
            }
        }
        // All of it was read.
        windows.catch_up(&mut http);
        http
    };
    (0..connections).map(|_| open()).collect()
}

#[test]
fn uploads_of_requests_that_wait_cost_little() {
    // In pieces as large as a frame; and in small ones, each in a buffer with much that means nothing.
    for (connections, piece, filler) in [(60, 16_384, 0), (12, 256, 16_384)] {
        let (_site, nano) = serve_with(&json!({ "max_concurrent": 100, "timeout_ms": 120_000 }));
        let mut holder = Http2::open(nano.address, &[]);
        for at in 0..100 {
            holder.get(at * 2 + 1, "/wait?ms=600000");
        }
        nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 100.0);
        let before = memory(&nano);
        let clients = queue(&nano, connections, piece, filler);
        let grown = memory(&nano).saturating_sub(before) >> 20;
        // 128 KiB each, and as much again for what a debug build and the allocator make of it.
        assert!(grown < 24, "{grown} MiB more for {connections} connections with pieces of {piece} bytes");
        drop((holder, clients));
        nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 0.0);
    }
}

#[test]
fn an_upload_that_is_taken_has_wide_windows_until_its_end() {
    const BYTES: usize = 4 << 20;
    let (_site, nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    let mut windows = Windows::first(&mut http);
    let narrow = (windows.connection, windows.initial);
    assert_eq!(narrow, (128 << 10, 32 << 10));
    for stream in [1, 3] {
        let fields = [("content-length", &*BYTES.to_string())];
        http.send(&frame(HEADERS, END_HEADERS, stream, &head("POST", "/count", &fields))).unwrap();
        let (mut left, mut widest) = (BYTES, 0);
        let mut answer = Vec::new();
        let mut is_over = false;
        while !is_over {
            let bytes = windows.take(stream, left.min(16_384));
            left -= bytes;
            if bytes > 0 {
                let flags = if left == 0 { END_STREAM } else { 0 };
                http.send(&frame(DATA, flags, stream, &vec![b'x'; bytes])).unwrap();
                continue;
            }
            let next = http.wait_for(|_| true).expect("the connection stays");
            windows.read(&next);
            widest = widest.max(windows.initial);
            if next.stream == stream && next.kind == DATA {
                answer.extend_from_slice(&next.payload);
            }
            is_over = next.stream == stream && next.flags & END_STREAM != 0 && matches!(next.kind, DATA | HEADERS);
        }
        assert_eq!(String::from_utf8(answer).unwrap(), BYTES.to_string());
        assert_eq!(widest, 256 << 10);
        // The right to them goes to others.
        while windows.initial > narrow.1 {
            windows.catch_up(&mut http);
        }
        assert!(windows.connection <= narrow.0 + (16 << 10), "{}", windows.connection);
    }
}

#[test]
fn uploads_that_one_app_does_not_take_leave_a_proxy_room_for_those_to_others() {
    let site = Site::new();
    site.app("a", APP);
    site.config(json!({
        "listen": ["127.0.0.1:0"],
        "trusted_proxies": ["127.0.0.0/8"],
        "defaults": { "timeout_ms": 120_000 },
        "apps": [{ "hostname": "a.example", "name": "a", "path": "a" }],
    }));
    let nano = site.serve();
    let mut http = Http2::open(nano.address, &[]);
    let mut windows = Windows::first(&mut http);
    for at in 0..40 {
        let stream = 2 * at + 1;
        http.send(&frame(HEADERS, END_HEADERS, stream, &head("POST", "/wait?ms=600000", &[]))).unwrap();
        let sent: usize = (0..2)
            .map(|_| {
                let bytes = windows.take(stream, 16_384);
                http.send(&frame(DATA, 0, stream, &vec![b'x'; bytes])).unwrap();
                bytes
            })
            .sum();
        assert_eq!(sent, 32 << 10, "of upload {at}");
    }
    http.send(&frame(HEADERS, END_HEADERS, 81, &head("POST", "/count", &[]))).unwrap();
    let mut left = 200_000;
    while left > 0 {
        let bytes = windows.take(81, left.min(16_384));
        left -= bytes;
        http.send(&frame(DATA, if left == 0 { END_STREAM } else { 0 }, 81, &vec![b'x'; bytes])).unwrap();
        windows.catch_up(&mut http);
    }
    assert_eq!(http.body(81).unwrap(), b"200000");
}
