//! A link whose worker does not read, and one whose worker does not stop to talk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::future::poll_fn;
use std::io::{Read, Write};
use std::rc::Rc;

use nano_protocol::limits::INITIAL_WINDOW;
use nano_protocol::{BodyLength, Decoder, FetchDestination, FetchHead, HeaderBlock, Side, Stats};
use tokio::runtime::{Builder, LocalOptions};

use super::*;
use crate::egress::{Commons, Policy, Timeouts};
use crate::upstream::Subject;
use crate::worker::WorkerId;

mod turns;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `test` with a link and the worker's end of it, where tasks can be spawned.
fn with_link<F: Future<Output = ()>>(test: impl FnOnce(Rc<Link>, StdUnixStream) -> F) {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        let (ours, theirs) = StdUnixStream::pair().unwrap();
        let egress = Rc::new(Egress::new(&Commons::new(16), Policy::everywhere(), Timeouts::default(), None));
        let worker = Arc::new(Worker::new(WorkerId(1), 1));
        let link =
            Link::new(worker, ours, (egress, None), Duration::from_secs(5), Duration::ZERO, &ResponseWindows::new())
                .unwrap();
        tokio::time::timeout(PATIENCE, test(link, theirs)).await.expect("the test waited in vain");
    });
}

/// Runs the link's task until it ends.
async fn end_of(link: &Rc<Link>) -> End {
    let ended = Cell::new(None);
    run(Rc::clone(link), |end, _| ended.set(Some(end)), || {}, || {}).await;
    ended.take().unwrap()
}

fn request(link: &Rc<Link>) -> UpstreamRequest {
    let head = RequestHead {
        method: "POST".to_owned(),
        url: "http://a.example/".to_owned(),
        request_id: "r".to_owned(),
        headers: HeaderBlock::default(),
        body: BodyLength::Unknown,
        websocket: false,
    };
    let about = RequestSummary {
        what: Subject::Request(http::Method::POST, None),
        id: http::HeaderValue::from_static("r"),
        spans: None,
    };
    let now = Instant::now();
    link.send(&mut RequestFrame::new(head, about), Deadline { since: now, at: now + PATIENCE }, None)
        .expect("the link takes it")
}

fn room(request: &UpstreamRequest) -> Poll<Option<usize>> {
    request.body_sender().poll_room(&mut Context::from_waker(Waker::noop()))
}

/// Every request sends single bytes, one after the other, as long as any may; returns how many were sent.
fn pour(requests: &[UpstreamRequest]) -> usize {
    let mut sent = 0;
    loop {
        let before = sent;
        for request in requests {
            if let Poll::Ready(Some(_)) = room(request) {
                request.body_sender().send(Bytes::from_static(b"x"), false);
                sent += 1;
            }
        }
        if sent == before {
            return sent;
        }
    }
}

#[test]
fn bodies_in_single_bytes_wait_with_the_client_when_the_worker_does_not_read() {
    with_link(|link, mut worker| async move {
        let requests: Vec<_> = (0..100).map(|_| request(&link)).collect();
        let sent = pour(&requests);
        let waiting = link.sending.borrow().outbox.len();
        assert!(waiting <= BODIES_STOP + 64, "{waiting} bytes wait for {sent}");
        assert!(sent < requests.len() * INITIAL_WINDOW as usize, "it is the link that stops them");
        assert!(link.is_open(), "there is room for further requests");

        // The worker reads: they go on.
        worker.set_nonblocking(true).unwrap();
        let mut scratch = vec![0; 1 << 20];
        let mut task = std::pin::pin!(end_of(&link));
        let resumed = poll_fn(|cx| {
            assert!(task.as_mut().poll(cx).is_pending());
            let _ = worker.read(&mut scratch);
            let ready = requests.iter().any(|request| matches!(room(request), Poll::Ready(Some(_))));
            cx.waker().wake_by_ref();
            if ready { Poll::Ready(()) } else { Poll::Pending }
        });
        resumed.await;
        assert!(pour(&requests) > 0);
        assert!(link.sending.borrow().outbox.len() <= BODIES_STOP + 64);
    });
}

#[test]
fn an_uploader_that_waits_is_woken_when_the_worker_has_read() {
    struct Woken(std::sync::atomic::AtomicBool);
    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
    with_link(|link, worker| async move {
        let requests: Vec<_> = (0..100).map(|_| request(&link)).collect();
        pour(&requests);
        let woken = Arc::new(Woken(false.into()));
        let waker = Waker::from(Arc::clone(&woken));
        assert!(requests[0].body_sender().poll_room(&mut Context::from_waker(&waker)).is_pending());
        std::thread::spawn(move || {
            let mut scratch = vec![0; 1 << 20];
            let mut worker = worker;
            while worker.read(&mut scratch).is_ok_and(|bytes| bytes > 0) {}
        });
        let mut task = std::pin::pin!(end_of(&link));
        poll_fn(|cx| {
            assert!(task.as_mut().poll(cx).is_pending());
            cx.waker().wake_by_ref();
            if woken.0.load(std::sync::atomic::Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
}

#[test]
fn a_worker_that_reads_nothing_for_long_is_ended() {
    with_link(|mut link, worker| async move {
        Rc::get_mut(&mut link).unwrap().patience = Duration::from_millis(50);
        let requests: Vec<_> = (0..100).map(|_| request(&link)).collect();
        pour(&requests);
        assert_eq!(end_of(&link).await, End::Violated(Violation::NotReading));
        drop(worker);
    });
}

#[test]
fn a_worker_that_reads_a_little_now_and_then_is_not() {
    with_link(|mut link, mut worker| async move {
        Rc::get_mut(&mut link).unwrap().patience = Duration::from_secs(5);
        let requests: Vec<_> = (0..100).map(|_| request(&link)).collect();
        pour(&requests);
        let mut task = std::pin::pin!(end_of(&link));
        let mut scratch = vec![0; 1 << 18];
        // Each read frees the socket, so the link writes and its patience begins anew.
        for _ in 0..20 {
            let _ = tokio::time::timeout(Duration::from_millis(20), task.as_mut()).await;
            let read = worker.read(&mut scratch).unwrap();
            assert!(read > 0);
            pour(&requests);
        }
        let ended = tokio::time::timeout(Duration::from_millis(20), task.as_mut()).await;
        assert!(ended.is_err(), "{ended:?}");
    });
}

/// The number of the next request that the worker is told is over.
fn next_reset(worker: &mut StdUnixStream, inbox: &mut bytes::BytesMut) -> RequestId {
    loop {
        match Decoder::new(Side::Supervisor).decode(inbox).unwrap() {
            Some(Frame::Reset { stream, .. }) => return stream.number,
            Some(_) => {}
            None => {
                let mut scratch = [0; 4096];
                let read = worker.read(&mut scratch).unwrap();
                inbox.extend_from_slice(&scratch[..read]);
            }
        }
    }
}

fn acknowledge(worker: &mut StdUnixStream, id: RequestId) {
    let mut outbox = Outbox::default();
    outbox.push(&Frame::ResetAck { id });
    let mut slices = [std::io::IoSlice::new(&[]); 1];
    let count = outbox.io_slices(&mut slices);
    slices[..count].iter().for_each(|slice| worker.write_all(slice).unwrap());
}

#[test]
fn a_worker_that_acknowledges_no_reset_is_ended() {
    with_link(|mut link, worker| async move {
        Rc::get_mut(&mut link).unwrap().reset_patience = Duration::from_millis(50);
        let (kept, dropped) = (request(&link), request(&link));
        drop(dropped);
        assert_eq!(end_of(&link).await, End::Violated(Violation::ResetIgnored));
        drop((kept, worker));
    });
}

#[test]
fn one_that_acknowledges_resets_one_by_one_is_not() {
    with_link(|mut link, mut worker| async move {
        Rc::get_mut(&mut link).unwrap().reset_patience = Duration::from_secs(5);
        let requests: Vec<_> = (0..20).map(|_| request(&link)).collect();
        drop(requests);
        let mut task = std::pin::pin!(end_of(&link));
        let mut inbox = bytes::BytesMut::new();
        for left in (0..20).rev() {
            let ended = tokio::time::timeout(Duration::from_millis(20), task.as_mut()).await;
            assert!(ended.is_err(), "{ended:?}");
            let id = next_reset(&mut worker, &mut inbox);
            acknowledge(&mut worker, id);
            let acknowledged = poll_fn(|cx| {
                assert!(task.as_mut().poll(cx).is_pending());
                if link.leaving.borrow().len() == left { Poll::Ready(()) } else { Poll::Pending }
            });
            acknowledged.await;
        }
        // Once more is once too often.
        acknowledge(&mut worker, 0);
        assert_eq!(task.await, End::Violated(Violation::UnknownReset(0)));
    });
}

/// Sends a frame without end from a thread until the link is closed.
fn flood(mut worker: StdUnixStream, frame: &Frame) {
    let mut outbox = Outbox::default();
    (0..1000).for_each(|_| outbox.push(frame));
    let mut slices = vec![std::io::IoSlice::new(&[]); 1024];
    let count = outbox.io_slices(&mut slices);
    let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
    std::thread::spawn(move || while worker.write_all(&bytes).is_ok() {});
}

/// A flood of `frame` about request 0, which has a client or not.
fn found_out(frame: Frame, gone: bool) {
    with_link(|link, worker| async move {
        let kept = request(&link);
        if gone {
            drop(kept);
            flood(worker, &frame);
            assert_eq!(end_of(&link).await, End::Violated(Violation::Useless), "{frame:?}");
        } else {
            flood(worker, &frame);
            assert_eq!(end_of(&link).await, End::Violated(Violation::Useless), "{frame:?}");
            drop(kept);
        }
    });
}

#[test]
fn frames_of_no_use_are_a_violation_when_they_do_not_end() {
    found_out(Frame::Stats(Stats::default()), false);
    found_out(Frame::Credit { stream: StreamId::request(0), bytes: 1 }, false);
    found_out(Frame::Credit { stream: StreamId::request(0), bytes: u32::MAX }, true);
    found_out(Frame::Data { stream: StreamId::request(0), end: false, data: Bytes::from_static(b"x") }, true);
    found_out(Frame::Data { stream: StreamId::request(0), end: false, data: Bytes::new() }, true);
    found_out(Frame::reset(StreamId::request(0), ResetReason::HandlerThrew), true);
}

#[test]
fn so_are_those_about_fetches_that_are_over() {
    for frame in [
        Frame::reset(StreamId::fetch(0), ResetReason::FetchAborted),
        Frame::Credit { stream: StreamId::fetch(0), bytes: 1 << 20 },
        Frame::Data { stream: StreamId::fetch(0), end: false, data: Bytes::from_static(b"x") },
    ] {
        with_link(|link, mut worker| async move {
            let head = FetchHead {
                method: "GET".to_owned(),
                url: "http://127.0.0.1:1/".to_owned(),
                headers: HeaderBlock::default(),
                body: BodyLength::None,
                to: FetchDestination::Network,
                request: None,
            };
            let mut outbox = Outbox::default();
            outbox.push(&Frame::FetchHead(0, Box::new(head)));
            outbox.push(&Frame::reset(StreamId::fetch(0), ResetReason::FetchAborted));
            let mut slices = [std::io::IoSlice::new(&[]); 4];
            let count = outbox.io_slices(&mut slices);
            slices[..count].iter().for_each(|slice| worker.write_all(slice).unwrap());
            flood(worker, &frame);
            assert_eq!(end_of(&link).await, End::Violated(Violation::Useless), "{frame:?}");
        });
    }
}

#[test]
fn one_turn_of_a_flood_is_bounded() {
    with_link(|link, mut worker| async move {
        let kept = request(&link);
        let mut outbox = Outbox::default();
        (1..=1500).for_each(|overflows| outbox.push(&Frame::Stats(Stats { overflows, ..Stats::default() })));
        let mut slices = [std::io::IoSlice::new(&[]); 4];
        let count = outbox.io_slices(&mut slices);
        slices[..count].iter().for_each(|slice| worker.write_all(slice).unwrap());
        let mut task = std::pin::pin!(end_of(&link));
        let mut seen = 0;
        poll_fn(|cx| {
            assert!(task.as_mut().poll(cx).is_pending());
            let before = std::mem::replace(&mut seen, link.worker.stats().overflows);
            assert!(seen - before <= 512, "{} frames in one turn", seen - before);
            if seen == 1500 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(kept);
    });
}

#[test]
fn what_was_on_its_way_to_clients_that_left_is_no_violation() {
    with_link(|link, worker| async move {
        // Single bytes of a hundred bodies, as much as can be on its way, then clients leave, again and again.
        let mut frames = Outbox::default();
        let requests: Vec<_> = (0..100).map(|_| request(&link)).collect();
        for round in 0..80_000_u32 {
            let chunk =
                Frame::Data { stream: StreamId::request(round % 100), end: false, data: Bytes::from_static(b"x") };
            frames.push(&chunk);
        }
        frames.push(&Frame::Exiting { reason: ExitReason::Idle, culprit: None });
        drop(requests);
        std::thread::spawn(move || {
            let mut worker = worker;
            while !frames.is_empty() {
                let mut slices = [std::io::IoSlice::new(&[]); 64];
                let count = frames.io_slices(&mut slices);
                let Ok(written) = worker.write_vectored(&slices[..count]) else { return };
                frames.advance(written);
            }
        });
        assert_eq!(end_of(&link).await, End::Closed);
    });
}

#[test]
fn what_was_on_its_way_to_fetches_that_ended_here_is_no_violation() {
    const FETCHES: u32 = 4;
    with_link(|link, mut worker| async move {
        let mut outbox = Outbox::default();
        for id in 0..FETCHES {
            let head = FetchHead {
                method: "POST".to_owned(),
                url: "http://127.0.0.1:1/".to_owned(),
                headers: HeaderBlock::default(),
                body: BodyLength::Unknown,
                to: FetchDestination::Network,
                request: None,
            };
            outbox.push(&Frame::FetchHead(id, Box::new(head)));
        }
        let mut slices = [std::io::IoSlice::new(&[]); 4];
        let count = outbox.io_slices(&mut slices);
        slices[..count].iter().for_each(|slice| worker.write_all(slice).unwrap());
        let mut task = std::pin::pin!(end_of(&link));
        // Nothing listens at port 1: each of them ends before a byte of its body came.
        poll_fn(|cx| {
            assert!(task.as_mut().poll(cx).is_pending());
            cx.waker().wake_by_ref();
            let open = (0..FETCHES).any(|id| link.fetches.is_open(id));
            if open { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        // All that the windows allow, in single bytes, from a worker that does not know yet.
        std::thread::spawn(move || {
            let mut frames = Outbox::default();
            for id in 0..FETCHES {
                let data = Frame::Data { stream: StreamId::fetch(id), end: false, data: Bytes::from_static(b"x") };
                (0..INITIAL_WINDOW - 10_000).for_each(|_| frames.push(&data));
            }
            frames.push(&Frame::Exiting { reason: ExitReason::Idle, culprit: None });
            while !frames.is_empty() {
                let mut slices = [std::io::IoSlice::new(&[]); 64];
                let count = frames.io_slices(&mut slices);
                let Ok(written) = worker.write_vectored(&slices[..count]) else { return };
                frames.advance(written);
            }
        });
        assert_eq!(task.await, End::Closed);
    });
}
