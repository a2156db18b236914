//! Fetches, frame by frame: an honest worker's, and those of one that does not keep to the rules.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_config::{AppSettings, EgressRule, EgressSetting, HostPattern};
use nano_protocol::limits::{INITIAL_WINDOW, MAX_CHUNK, MAX_FETCHES};
use nano_protocol::{
    BodyLength, ExitReason, FetchDestination, FetchFailure, FetchHead, FetchId, Frame, HeaderBlock, ResetReason, Side,
    StreamId,
};
use nano_supervisor::upstream::LinkEvent;

use crate::host::{Host, PATIENCE, settings};
use crate::worker::FakeWorker;

/// Answers each connection with these bytes, and keeps it open.
fn upstream(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                // What comes of the request is of no interest; the other side may close at any time.
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(answer);
                while matches!(stream.read(&mut buffer), Ok(1..)) {}
            });
        }
    });
    address
}

fn allowing(address: SocketAddr) -> AppSettings {
    let mut settings = settings();
    let host = HostPattern::parse(&address.ip().to_string()).unwrap();
    settings.egress = EgressSetting::Allow(vec![EgressRule::Host { host, port: Some(address.port()) }]);
    settings
}

fn begin(id: FetchId, address: SocketAddr, body: BodyLength) -> Frame {
    let method = if body == BodyLength::None { "GET" } else { "POST" }.to_owned();
    let url = format!("http://{address}/");
    Frame::FetchHead(
        id,
        Box::new(FetchHead {
            method,
            url,
            headers: HeaderBlock::default(),
            body,
            to: FetchDestination::Network,
            request: None,
        }),
    )
}

fn piece(id: FetchId, length: usize, end: bool) -> Frame {
    Frame::Data { stream: StreamId::fetch(id), end, data: Bytes::from(vec![b'x'; length]) }
}

/// An answer that never comes.
const SILENT: &[u8] = b"";

#[test]
fn a_response_comes_within_the_window_and_goes_on_with_credit() {
    let answer = {
        let mut answer = format!("HTTP/1.1 203 Odd One\r\nX-A: b\r\nContent-Length: {}\r\n\r\n", 1 << 20).into_bytes();
        answer.resize(answer.len() + (1 << 20), b'y');
        answer.leak()
    };
    let address = upstream(answer);
    let host = Host::with(allowing(address), |_| {});
    let mut worker = host.add_worker();
    worker.send(&[begin(0, address, BodyLength::None)]);
    match worker.next() {
        Some(Frame::FetchResponse(0, head)) => {
            assert_eq!((head.status, head.reason.as_str(), head.body), (203, "Odd One", BodyLength::Known(1 << 20)));
            assert!(head.headers.iter().any(|(name, value)| (name, value) == (b"x-a", b"b")));
        }
        other => panic!("{other:?}"),
    }
    let (mut received, mut open) = (0, INITIAL_WINDOW as usize);
    loop {
        let Some(Frame::Data { stream: StreamId { initiator: Side::Worker, number: 0 }, end, data }) = worker.next()
        else {
            panic!("no chunk")
        };
        assert!(data.len() <= open, "more than the window");
        assert_eq!(end, received + data.len() == 1 << 20);
        received += data.len();
        open -= data.len();
        if end {
            break;
        }
        if open == 0 {
            worker.send(&[Frame::Credit { stream: StreamId::fetch(0), bytes: 100_000 }]);
            open = 100_000;
        }
    }
    // What comes late is of no account.
    worker.send(&[
        Frame::Credit { stream: StreamId::fetch(0), bytes: 1 },
        Frame::reset(StreamId::fetch(0), ResetReason::FetchAborted),
        piece(0, 1, true),
    ]);
    worker.send(&[begin(1, "127.0.0.1:1".parse().unwrap(), BodyLength::None)]);
    match worker.next() {
        Some(Frame::Reset {
            stream: StreamId { initiator: Side::Worker, number: 1 },
            reason: ResetReason::FetchFailed(FetchFailure::Denied),
            message,
        }) => {
            assert_eq!(message, "127.0.0.1:1 is not in the app's `egress` list");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(worker.worker.exit(), None);
}

#[test]
fn what_is_given_up_makes_room() {
    let address = upstream(SILENT);
    let host = Host::with(allowing(address), |_| {});
    let mut worker = host.add_worker();
    for id in 0..(4 * MAX_FETCHES as u32) {
        worker.send(&[
            begin(id, address, BodyLength::Unknown),
            piece(id, 10, false),
            Frame::reset(StreamId::fetch(id), ResetReason::FetchAborted),
        ]);
    }
    let server = worker.serve();
    assert_eq!(host.get("/").answer().status, 200);
    drop(host);
    server.join().unwrap();
}

/// What a worker is found out for.
fn found_out(crime: impl FnOnce(&mut FakeWorker, SocketAddr)) -> String {
    let address = upstream(SILENT);
    let mut host = Host::with(allowing(address), |_| {});
    let mut worker = host.add_worker();
    crime(&mut worker, address);
    let Some(LinkEvent::ProtocolViolation { worker: accused, detail, .. }) = host.events.blocking_recv() else {
        panic!("the control plane was not told")
    };
    assert_eq!((accused.id, accused.exit()), (worker.worker.id, Some(ExitReason::Protocol)));
    while worker.next().is_some() {}
    let server = host.add_worker().serve();
    assert_eq!(host.get("/").answer().status, 200);
    drop(host);
    server.join().unwrap();
    detail
}

#[test]
fn numbers_out_of_turn() {
    let none = BodyLength::None;
    assert!(found_out(|worker, to| worker.send(&[begin(1, to, none)])).contains("out of turn"));
    assert!(found_out(|worker, to| worker.send(&[begin(0, to, none), begin(0, to, none)])).contains("out of turn"));
    assert!(found_out(|worker, to| worker.send(&[begin(0, to, none), begin(2, to, none)])).contains("out of turn"));
    for stray in [
        piece(7, 1, false),
        Frame::Credit { stream: StreamId::fetch(7), bytes: 1 },
        Frame::reset(StreamId::fetch(7), ResetReason::FetchAborted),
    ] {
        assert!(found_out(|worker, _| worker.send(&[stray])).contains("never begun"));
    }
}

#[test]
fn too_many_at_once() {
    let all: Vec<_> = (0..=MAX_FETCHES as u32).collect();
    let detail = found_out(|worker, to| {
        let frames: Vec<_> = all.iter().map(|id| begin(*id, to, BodyLength::Unknown)).collect();
        worker.send(&frames);
    });
    assert!(detail.contains("at once"), "{detail}");
}

#[test]
fn who_never_reads_gets_no_more_of_its_requests_done() {
    // Each failure is some eighty bytes: unbounded, these would be a good deal more than may wait for a worker.
    const ENOUGH: u32 = 100_000;
    let denied = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut host = Host::with(settings(), |_| {});
    let mut worker = host.add_worker();
    let begin = |id| begin(id, denied, BodyLength::None);
    let done = || host.app.metrics.egress_requests();
    let mut sent = 0;
    // Never more at once than a worker may have open: those before have failed when more are sent.
    let is_held_back = loop {
        let batch: Vec<_> = (sent..sent + MAX_FETCHES as u32 / 2).map(begin).collect();
        worker.send(&batch);
        sent += MAX_FETCHES as u32 / 2;
        let (mut last, mut since) = (done(), Instant::now());
        while last < u64::from(sent) && since.elapsed() < PATIENCE / 4 {
            std::thread::sleep(Duration::from_millis(1));
            if done() > last {
                (last, since) = (done(), Instant::now());
            }
        }
        if last < u64::from(sent) || sent >= ENOUGH {
            break last < u64::from(sent);
        }
    };
    eprintln!("held back after {sent} requests");
    assert!(is_held_back, "{sent} requests were done, and nothing was read of them");
    // A correct worker opens no more while none is over.
    let more: Vec<_> = (sent..sent + MAX_FETCHES as u32).map(begin).collect();
    let _ = worker.try_send(&more);
    let told = host.events.blocking_recv();
    assert!(matches!(told, Some(LinkEvent::ProtocolViolation { .. })), "{told:?}");
}

#[test]
fn bodies_of_another_length_or_beyond_the_window() {
    let length = |announced, pieces: &[(usize, bool)]| {
        found_out(|worker, to| {
            let mut frames = vec![begin(0, to, announced)];
            frames.extend(pieces.iter().map(|(length, end)| piece(0, *length, *end)));
            worker.send(&frames);
        })
    };
    for (announced, pieces) in [
        (BodyLength::None, &[(1, true)][..]),
        (BodyLength::Known(0), &[(0, true)]),
        (BodyLength::Known(10), &[(11, false)]),
        (BodyLength::Known(10), &[(5, true)]),
        (BodyLength::Known(10), &[(10, false), (0, true)]),
        (BodyLength::Unknown, &[(1, true), (1, true)]),
    ] {
        assert!(length(announced, pieces).contains("another length"), "{announced:?} {pieces:?}");
    }
    assert!(length(BodyLength::Unknown, &[(0, false)]).contains("an empty chunk"));
    // The server does not answer, so that at most a window and the kernel's buffers can be filled.
    let flood: Vec<_> = (0..1024).map(|_| (MAX_CHUNK, false)).collect();
    let detail = found_out(|worker, to| {
        worker.send(&[begin(0, to, BodyLength::Unknown)]);
        for (length, end) in &flood {
            if worker.try_send(&[piece(0, *length, *end)]).is_err() {
                break;
            }
        }
    });
    assert!(detail.contains("window"), "{detail}");
    for bytes in [0, u32::MAX] {
        let detail = found_out(|worker, to| {
            worker.send(&[begin(0, to, BodyLength::None), Frame::Credit { stream: StreamId::fetch(0), bytes }]);
        });
        assert!(detail.contains("window"), "{detail}");
    }
}

#[test]
fn frames_that_only_the_supervisor_has() {
    let failed = Frame::fetch_failed(0, FetchFailure::Denied, String::new());
    assert!(found_out(|worker, _| worker.send(&[failed])).contains("kind"));
}

#[test]
fn heads_that_are_no_http_are_not_sent() {
    let address = upstream(SILENT);
    let host = Host::with(allowing(address), |_| {});
    let mut worker = host.add_worker();
    for (id, (method, url, name, value)) in (0..).zip([
        ("GET / HTTP/1.1\r\nX: y", None, "x", "y"),
        ("CONNECT", None, "x", "y"),
        ("TRACE", None, "x", "y"),
        ("", None, "x", "y"),
        ("GET", None, "x y", "z"),
        ("GET", None, "x\r\ny", "z"),
        ("GET", None, "", "z"),
        ("GET", None, "x", "y\r\nz: 1"),
        ("GET", None, "x", "y\0"),
        ("GET", Some("file:///etc/passwd"), "x", "y"),
        ("GET", Some("http:///"), "x", "y"),
        ("GET", Some("nothing"), "x", "y"),
        ("GET", Some("unix:/run/nano/control.sock"), "x", "y"),
    ]) {
        let mut headers = HeaderBlock::builder();
        assert!(headers.push(name.as_bytes(), value.as_bytes()));
        let url = url.map_or_else(|| format!("http://{address}/"), str::to_owned);
        let (headers, body) = (headers.finish(), BodyLength::None);
        let head =
            FetchHead { method: method.to_owned(), url, headers, body, to: FetchDestination::Network, request: None };
        worker.send(&[Frame::FetchHead(id, Box::new(head))]);
        match worker.next() {
            Some(Frame::Reset {
                stream: StreamId { initiator: Side::Worker, number: of },
                reason: ResetReason::FetchFailed(FetchFailure::Unsendable),
                ..
            }) => assert_eq!(of, id),
            other => panic!("{method:?} {name:?} {value:?}: {other:?}"),
        }
    }
    assert_eq!(worker.worker.exit(), None);
}

#[test]
fn an_app_without_static_files_gets_none_of_others() {
    let host = Host::with(settings(), |_| {});
    let mut worker = host.add_worker();
    for (id, url) in
        (0..).zip(["http://a.example/app.js", "https://other.example/", "http://127.0.0.1:1/", "file:///x"])
    {
        let (method, url) = ("GET".to_owned(), url.to_owned());
        let head = FetchHead {
            method,
            url,
            headers: HeaderBlock::default(),
            body: BodyLength::None,
            to: FetchDestination::Assets,
            request: None,
        };
        worker.send(&[Frame::FetchHead(id, Box::new(head))]);
        match worker.next() {
            Some(Frame::Reset {
                stream: StreamId { initiator: Side::Worker, number: of },
                reason: ResetReason::FetchFailed(FetchFailure::Unsendable),
                message,
            }) => assert!(of == id && message.contains("no static files"), "{message}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(worker.worker.exit(), None);
}
