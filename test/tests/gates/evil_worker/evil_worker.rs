//! A worker without V8 that speaks the wire. It serves honestly unless its app's environment names a `CRIME`, which it
//! commits at boot or, with the first request, on the link that brought it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../../../supervisor/tests/support/worker_end.rs"]
mod worker_end;

use std::io::{IoSlice, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use nano_protocol::limits::{MAX_CHUNK, MAX_LOG_TEXT};
use nano_protocol::{
    AccessorStyle, BodyLength, Boot, ExitReason, FetchDestination, FetchHead, Frame, HeaderBlock, LogLevel, LogLine,
    Outbox, Ready, ResetReason, ResponseHead, Stats, StreamId,
};
use worker_end::{Link, greeting, send};

/// Paths outside of the app, and paths that are none.
const PATHS: [&str; 12] = [
    "../secret.js",
    "../../secret.js",
    "/etc/passwd",
    "..",
    "",
    ".",
    "lib/../../secret.js",
    "./../secret.js",
    "\0",
    "index.js\0",
    "link.js",
    "up/secret.js",
];

/// Sends a frame again and again, as fast as can be.
fn flood(stream: &UnixStream, frame: &Frame) -> ! {
    let bytes = bytes_of(frame).repeat(1000);
    loop {
        send_bytes(stream, &bytes);
    }
}

fn bytes_of(frame: &Frame) -> Vec<u8> {
    let mut outbox = Outbox::default();
    outbox.push(frame);
    let mut slices = [IoSlice::new(&[]); 4];
    let count = outbox.io_slices(&mut slices);
    slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect()
}

/// The head of a fetch, to a port without a listener, and its end.
fn fetch(id: u32) -> Vec<u8> {
    let head = FetchHead {
        method: "GET".to_owned(),
        url: "http://127.0.0.1:1/".to_owned(),
        headers: HeaderBlock::default(),
        body: BodyLength::None,
        to: FetchDestination::Network,
        request: None,
    };
    [
        bytes_of(&Frame::FetchHead(id, Box::new(head))),
        bytes_of(&Frame::reset(StreamId::fetch(id), ResetReason::FetchAborted)),
    ]
    .concat()
}

fn send_bytes(mut stream: &UnixStream, bytes: &[u8]) {
    if stream.write_all(bytes).is_err() {
        std::process::exit(0);
    }
}

fn head(id: u32, headers: &[(&str, &str)], body: BodyLength) -> Frame {
    let mut block = HeaderBlock::builder();
    for (name, value) in headers {
        assert!(block.push(name.as_bytes(), value.as_bytes()));
    }
    Frame::ResponseHead(id, ResponseHead { status: 200, headers: block.finish(), body })
}

/// Makes a connection a WebSocket.
fn switch(id: u32, body: BodyLength) -> Frame {
    Frame::ResponseHead(id, ResponseHead { status: 101, headers: HeaderBlock::default(), body })
}

fn chunk(id: u32, data: &[u8], end: bool) -> Frame {
    Frame::Data { stream: StreamId::request(id), end, data: Bytes::copy_from_slice(data) }
}

fn log(length: usize) -> Frame {
    Frame::Log(LogLine {
        level: LogLevel::Error,
        request_id: String::new(),
        message: "\x1b[2J\n{\"level\":\"forged\"}".chars().cycle().take(length).collect(),
        dropped: u64::MAX,
    })
}

/// Crimes on the way to Ready.
fn boot_crime(crime: &str, control: &mut Link) {
    match crime {
        "boot: head" => send(&control.stream, &head(1, &[], BodyLength::None)),
        "boot: garbage" => send_bytes(&control.stream, &[0xff; 100]),
        "boot: log flood" => (0..5000).for_each(|_| send(&control.stream, &log(200))),
        "boot: modules" => {
            for round in 0..400_u32 {
                let path = PATHS[usize::try_from(round).unwrap() % PATHS.len()];
                send(&control.stream, &Frame::ModuleRequest { id: round, path: path.to_owned() });
                match control.next() {
                    Some(Frame::ModuleSource { source: Err(_), .. }) => {}
                    other => {
                        let text = format!("LEAKED {path:?}: {other:?}");
                        send(
                            &control.stream,
                            &Frame::Log(LogLine {
                                level: LogLevel::Error,
                                request_id: String::new(),
                                message: text,
                                dropped: 0,
                            }),
                        );
                    }
                }
            }
        }
        "boot: modules unread" => loop {
            send(&control.stream, &Frame::ModuleRequest { id: 7, path: "index.js".to_owned() });
        },
        _ => {}
    }
}

/// A response's head with any status and any bytes for a header list.
fn raw_head(id: u32, status: u16, list: &[u8]) -> Vec<u8> {
    let mut outbox = Outbox::default();
    outbox.push(&head(id, &[], BodyLength::None));
    let mut slices = [IoSlice::new(&[]); 4];
    let count = outbox.io_slices(&mut slices);
    let honest: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
    // Length, kind, id; then status, length of the list, list, length of the body.
    let length = u32::try_from(list.len()).unwrap().to_le_bytes();
    let mut bytes = [&honest[..9], &status.to_le_bytes(), &length, list, &honest[15..]].concat();
    let length = u32::try_from(bytes.len() - 4).unwrap().to_le_bytes();
    bytes[..4].copy_from_slice(&length);
    bytes
}

/// Crimes with a request at hand.
fn crime(crime: &str, link: &UnixStream, control: &UnixStream, id: u32) {
    let known = BodyLength::Known;
    match crime {
        "garbage" => send_bytes(link, &[0xff; 100]),
        "huge length" => send_bytes(link, &[0xff, 0xff, 0xff, 0x7f, 8]),
        "zero length" => send_bytes(link, &[0, 0, 0, 0, 8]),
        "unknown kind" => send_bytes(link, &[1, 0, 0, 0, 99]),
        "frame of the other side" => send(link, &Frame::Drain),
        "frame of the other link" => send(link, &log(10)),
        "wrong id" => send(link, &head(id + 1, &[], BodyLength::None)),
        "id without end" => send(link, &head(u32::MAX, &[], BodyLength::None)),
        "chunk first" => send(link, &chunk(id, b"x", true)),
        "two heads" => (0..2).for_each(|_| send(link, &head(id, &[], BodyLength::Unknown))),
        "credit of 0" => send(link, &Frame::Credit { stream: StreamId::request(id), bytes: 0 }),
        "credit without end" => loop {
            send(link, &Frame::Credit { stream: StreamId::request(id), bytes: u32::MAX });
        },
        "credit flood" => flood(link, &Frame::Credit { stream: StreamId::request(id), bytes: 1 }),
        "beyond the window" => {
            send(link, &head(id, &[], BodyLength::Unknown));
            loop {
                send(link, &chunk(id, &[b'x'; MAX_CHUNK], false));
            }
        }
        "empty chunks" => {
            send(link, &head(id, &[], BodyLength::Unknown));
            loop {
                send(link, &chunk(id, b"", false));
            }
        }
        "longer than said" => {
            send(link, &head(id, &[], known(3)));
            send(link, &chunk(id, b"more than three", true));
        }
        "shorter than said" => {
            send(link, &head(id, &[], known(300)));
            send(link, &chunk(id, b"less", true));
        }
        "header injection" => send(link, &head(id, &[("x", "y\r\nset-cookie: stolen=1")], BodyLength::None)),
        "header name injection" => send(link, &head(id, &[("x: y\r\nz", "a")], BodyLength::None)),
        "status 101" => send_bytes(link, &raw_head(id, 101, b"")),
        "status 600" => send_bytes(link, &raw_head(id, 600, b"")),
        "too many headers" => send_bytes(link, &raw_head(id, 200, &b"\x01\0x\x01\0\0\0y".repeat(257))),
        "headers too large" => {
            let value = vec![b'v'; 96 * 1024];
            let length = u32::try_from(value.len()).unwrap().to_le_bytes();
            send_bytes(link, &raw_head(id, 200, &[&b"\x01\0x"[..], &length, &value].concat()));
        }
        "header beyond its list" => send_bytes(link, &raw_head(id, 200, b"\xff\xffx")),
        "reason of the supervisor" => send(link, &Frame::reset(StreamId::request(id), ResetReason::TimedOut)),
        "reset flood" => flood(link, &Frame::reset(StreamId::request(id), ResetReason::HandlerThrew)),
        "stats flood" => flood(link, &Frame::Stats(Stats { heap: u64::MAX, overflows: u64::MAX, ..Stats::default() })),
        "abort flood" => {
            send_bytes(link, &fetch(0));
            flood(link, &Frame::reset(StreamId::fetch(0), ResetReason::FetchAborted));
        }
        "rapid fetches" => (0..u32::MAX).for_each(|id| send_bytes(link, &fetch(id))),
        "chunk flood" => {
            send(link, &Frame::reset(StreamId::request(id), ResetReason::HandlerThrew));
            flood(link, &chunk(id, b"x", false));
        }
        "pieces of a log flood" => flood(control, &log(1)),
        "stderr flood" => loop {
            let _ = std::io::stderr().write_all(&b"x\n".repeat(32 * 1024));
        },
        "lies about its end" => send(link, &Frame::Exiting { reason: ExitReason::Idle, culprit: Some(u32::MAX) }),
        "log flood" => loop {
            send(control, &log(MAX_LOG_TEXT));
        },
        "pong flood" => loop {
            send(control, &Frame::Pong { nonce: 0, idle: true });
        },
        "ready again" => send(control, &ready()),
        "a spare again" => send(control, &Frame::Prepared),
        "sandboxed again" => send(control, &Frame::Sandboxed(Vec::new())),
        "data frame as control" => send(control, &head(id, &[], BodyLength::None)),
        "module flood" => loop {
            send(control, &Frame::ModuleRequest { id: 1, path: "index.js".to_owned() });
        },
        "acknowledges what was not reset" => send(link, &Frame::ResetAck { id }),
        "a socket nobody asked for" => send(link, &switch(id, BodyLength::Unknown)),
        "a socket of a known length" => send(link, &switch(id, BodyLength::Known(10))),
        "a socket beyond its window" => {
            send(link, &switch(id, BodyLength::Unknown));
            loop {
                send(link, &chunk(id, &[b'x'; 1024], false));
            }
        }
        "mutated" => mutate(link, id),
        "silence" => {}
        other => panic!("no such crime: {other}"),
    }
}

/// Frames with a few bytes changed, until the supervisor has had enough.
fn mutate(link: &UnixStream, id: u32) {
    let mut state = u64::from(std::process::id());
    let mut dice = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state & 0xffff).unwrap()
    };
    loop {
        let frame = match dice() % 4 {
            0 => Frame::Stats(Stats::default()),
            1 => Frame::Credit { stream: StreamId::request(id), bytes: 1 },
            2 => head(id, &[("content-type", "text/plain")], BodyLength::Unknown),
            _ => chunk(id, b"data", false),
        };
        let mut outbox = Outbox::default();
        outbox.push(&frame);
        let mut slices = [IoSlice::new(&[]); 4];
        let count = outbox.io_slices(&mut slices);
        let mut bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
        let at = dice() % bytes.len();
        bytes[at] ^= u8::try_from(dice() & 0xff).unwrap();
        send_bytes(link, &bytes);
    }
}

fn ready() -> Frame {
    Frame::Ready(Ready { v8: "0.0.0".to_owned(), accessors: AccessorStyle::Property, scheduled: true })
}

fn boot(control: &mut Link) -> Box<Boot> {
    if std::env::args().any(|argument| argument == "--spare") {
        send(&control.stream, &Frame::Prepared);
        match control.next() {
            Some(Frame::Adopt { .. }) => {}
            _ => std::process::exit(0),
        }
    }
    send(&control.stream, &Frame::Sandboxed(Vec::new()));
    let Some(Frame::Boot(boot)) = control.next() else { panic!("no Boot") };
    boot
}

fn main() {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).unwrap();
    let stdin = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let links = greeting(&stdin);
    let mut control = Link::new(stdin);
    let boot = boot(&mut control);
    let intent: Arc<str> =
        boot.env.iter().find(|(name, _)| name == "CRIME").map_or("", |(_, value)| value.text()).into();
    boot_crime(&intent, &mut control);
    send(&control.stream, &ready());
    for link in links {
        let (intent, control) = (Arc::clone(&intent), control.stream.try_clone().unwrap());
        thread::spawn(move || {
            let mut link = Link::new(link);
            while let Some(frame) = link.next() {
                let Frame::RequestHead(id, _) = frame else { continue };
                if intent.is_empty() || &*intent == "honest" || intent.starts_with("boot") {
                    send(&link.stream, &head(id, &[], BodyLength::Known(10)));
                    send(&link.stream, &chunk(id, b"still here", true));
                } else if &*intent == "never acknowledges" {
                    // It reads all there is, answers pings, and lets nothing go.
                } else {
                    crime(&intent, &link.stream, &control, id);
                    // Whatever was not found out goes no further: it neither answers nor reads.
                    thread::sleep(Duration::from_secs(3600));
                }
            }
        });
    }
    while let Some(frame) = control.next() {
        match frame {
            Frame::Ping(nonce) => send(&control.stream, &Frame::Pong { nonce, idle: true }),
            Frame::Drain => break,
            _ => {}
        }
    }
}
