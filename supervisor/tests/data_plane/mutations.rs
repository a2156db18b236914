//! A worker's data link gets frames with bytes flipped, cut off, doubled, reordered or made up. A
//! worker may be found out or not; its client gets an answer or a cut, and the other worker of the shard serves on. 2,000
//! frames; 10,000 with `NANO_GATES=long`. `NANO_GATES_SEED` repeats a run.
//!
//! Sabotage control: frames left as they are, which must be answered with a 200, each.

use std::time::Duration;

use bytes::Bytes;
use nano_protocol::{
    BodyLength, ExitReason, FetchDestination, FetchHead, FetchId, Frame, HeaderBlock, Outbox, RequestId, ResetReason,
    Side, Stats, StreamId,
};

use crate::host::{Host, settings, until};
use crate::worker::{chunk, head};

struct Dice(u64);

impl Dice {
    fn seeded() -> Self {
        let seed = std::env::var("NANO_GATES_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
        eprintln!("NANO_GATES_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % bound
    }
}

fn bytes(frame: &Frame) -> Vec<u8> {
    let mut outbox = Outbox::default();
    outbox.push(frame);
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let count = outbox.io_slices(&mut slices);
    slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect()
}

/// A fetch that the app's `egress` denies.
fn fetch(id: FetchId) -> Frame {
    let (method, url) = ("POST".to_owned(), "http://127.0.0.1:1/".to_owned());
    let (headers, body) = (HeaderBlock::default(), BodyLength::Unknown);
    let head = FetchHead { method, url, headers, body, to: FetchDestination::Network, request: None };
    Frame::FetchHead(id, Box::new(head))
}

/// What an honest worker could send about this request, in an order that it could.
fn honest(id: RequestId, fetched: FetchId) -> Vec<Vec<u8>> {
    let frames = [
        Frame::Stats(Stats::default()),
        fetch(fetched),
        Frame::Data { stream: StreamId::fetch(fetched), end: true, data: Bytes::from_static(b"body") },
        head(id, 200, &[("content-type", "text/plain"), ("x-a", "b")], BodyLength::Known(9)),
        chunk(id, "some", false),
        chunk(id, "thing", true),
    ];
    frames.iter().map(bytes).collect()
}

fn other(dice: &mut Dice, id: RequestId) -> Vec<u8> {
    bytes(&match dice.below(12) {
        0 => Frame::Credit { stream: StreamId::request(id), bytes: dice.below(1 << 31) as u32 },
        1 => Frame::reset(StreamId::request(id), ResetReason::HandlerThrew),
        2 => Frame::Exiting { reason: ExitReason::ALL[dice.below(10)], culprit: Some(id) },
        3 => Frame::Data { stream: StreamId::request(id), end: false, data: Bytes::from(vec![0; dice.below(65_536)]) },
        4 => Frame::Pong { nonce: 7, idle: false },
        5 => Frame::Credit { stream: StreamId::fetch(dice.below(2) as u32), bytes: dice.below(1 << 31) as u32 },
        6 => Frame::Data { stream: StreamId::fetch(0), end: false, data: Bytes::from(vec![0; dice.below(65_536)]) },
        7 => Frame::reset(StreamId::fetch(dice.below(2) as u32), ResetReason::FetchAborted),
        8 => fetch(dice.below(3) as u32),
        9 => Frame::BodyWanted { id },
        10 => Frame::reset(StreamId::request(id), ResetReason::BodyUnwanted),
        _ => head(dice.below(1 << 20) as u32, 500, &[], BodyLength::Unknown),
    })
}

/// Changes a few of the frames; how many.
fn mutate(dice: &mut Dice, frames: &mut Vec<Vec<u8>>, id: RequestId) -> usize {
    let changes = 1 + dice.below(3);
    for _ in 0..changes {
        let at = dice.below(frames.len());
        match dice.below(8) {
            0..=2 => {
                let byte = dice.below(frames[at].len().max(1));
                if let Some(byte) = frames[at].get_mut(byte) {
                    *byte = dice.below(256) as u8;
                }
            }
            3 => {
                // A number at the edge of what its type holds.
                let byte = dice.below(frames[at].len().saturating_sub(4).max(1));
                let edge = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX][dice.below(5)];
                if let Some(field) = frames[at].get_mut(byte..byte + 4) {
                    field.copy_from_slice(&edge.to_le_bytes());
                }
            }
            4 => {
                let length = dice.below(frames[at].len() + 1);
                frames[at].truncate(length);
            }
            5 => {
                let again = frames[at].clone();
                frames.insert(at, again);
            }
            6 => {
                let to = dice.below(frames.len());
                frames.swap(at, to);
            }
            _ => frames.insert(at, other(dice, id)),
        }
    }
    changes
}

#[test]
fn mutated_frames_cost_nobody_else_anything() {
    let goal = if std::env::var("NANO_GATES").as_deref() == Ok("long") { 10_000 } else { 2_000 };
    let mut dice = Dice::seeded();
    let mut settings = settings();
    // What a mutation leaves unsaid is a response that never comes.
    settings.timeout = Duration::from_millis(50);
    let mut host = Host::with(settings, |_| {});
    let (mut mutated, mut guilty, mut served) = (0, 0, 0);
    while mutated < goal {
        let mut worker = host.add_worker();
        let mut client = host.connect();
        // No request that would be tried again on the next worker.
        client.send("DELETE / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
        let (id, _) = worker.request();
        let mut frames = honest(id, 0);
        mutated += mutate(&mut dice, &mut frames, id);
        worker.send_last(&frames.concat());
        // After its links end, the control plane finds a process dead.
        host.await_link_end(&worker.worker);
        worker.worker.set_exit(ExitReason::Crash);
        // An answer or a cut, whichever, but in time.
        let answer = client.rest().unwrap_or_default();
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
        served += usize::from(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"something"));
        guilty += usize::from(worker.worker.exit() == Some(ExitReason::Protocol));
    }
    assert!(guilty > goal / 20, "only {guilty} of {mutated} found out: the frames are not mutated enough");
    eprintln!("{mutated} mutations, {guilty} workers found out, {served} answers whole");
    // The shard is as it was. On a busy machine even an honest worker may need more than the short timeout.
    let server = host.add_worker().serve();
    until("it serves again", || host.get("/after").answer().body == "http://a.example/after");
    drop(host);
    server.join().unwrap();
}

#[test]
fn frames_left_as_they_are_are_answered() {
    let (host, mut worker) = Host::with_worker();
    for fetched in 0..20 {
        let mut client = host.get("/");
        let (id, _) = loop {
            match worker.next() {
                Some(Frame::RequestHead(id, head)) => break (id, head),
                Some(Frame::Reset { stream: StreamId { initiator: Side::Worker, number: id }, .. }) => {
                    assert_eq!(id + 1, fetched)
                }
                other => panic!("{other:?}"),
            }
        };
        worker.send_bytes(&honest(id, fetched).concat());
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.as_str()), (200, "something"));
        assert_eq!(worker.worker.exit(), None);
    }
}
