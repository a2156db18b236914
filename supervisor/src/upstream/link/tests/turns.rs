//! Bodies of requests on a link that has no room for all of them.

use std::thread;

use nano_protocol::limits::MIN_CREDIT;
use nano_protocol::{Decoder, Side};
use tokio::task::spawn_local;

use super::*;

/// A worker that reads all, and gives credit for the bodies.
fn serve(mut worker: StdUnixStream) {
    thread::spawn(move || {
        let mut received = bytes::BytesMut::new();
        let mut scratch = vec![0; 1 << 16];
        let mut taken = std::collections::HashMap::new();
        while let Ok(read @ 1..) = worker.read(&mut scratch) {
            received.extend_from_slice(&scratch[..read]);
            let mut outbox = Outbox::default();
            while let Some(frame) = Decoder::new(Side::Supervisor).decode(&mut received).unwrap() {
                let Frame::Data { stream, data, .. } = frame else { continue };
                let taken: &mut u32 = taken.entry(stream).or_default();
                *taken += u32::try_from(data.len()).unwrap();
                if *taken >= MIN_CREDIT {
                    outbox.push(&Frame::Credit { stream, bytes: std::mem::take(taken) });
                }
            }
            let mut slices = [std::io::IoSlice::new(&[]); 4];
            let count = outbox.io_slices(&mut slices);
            slices[..count].iter().for_each(|slice| worker.write_all(slice).unwrap());
        }
    });
}

/// Sends as much as may be sent at once; returns how much that was.
fn send(request: &UpstreamRequest) -> usize {
    let mut sent = 0;
    while let Poll::Ready(Some(room)) = room(request) {
        request.body_sender().send(vec![120; room].into(), false);
        sent += room;
    }
    sent
}

#[test]
fn equal_bodies_get_equal_shares_whoever_asks_first() {
    with_link(|link, worker| async move {
        serve(worker);
        let requests: Vec<_> = (0..24).map(|_| request(&link)).collect();
        let mut sent = [0; 24];
        let mut task = std::pin::pin!(end_of(&link));
        poll_fn(|cx| {
            assert!(task.as_mut().poll(cx).is_pending());
            cx.waker().wake_by_ref();
            requests.iter().zip(&mut sent).for_each(|(request, sent)| *sent += send(request));
            if sent.iter().sum::<usize>() > 64 << 20 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let (least, most) = (sent.iter().min().unwrap(), sent.iter().max().unwrap());
        assert!(*least >= most / 2, "{sent:?}");
    });
}

#[test]
fn bodies_that_use_no_turn_hold_nobody_up() {
    with_link(|link, worker| async move {
        let requests: Vec<_> = (0..1000).map(|_| request(&link)).collect();
        requests.iter().for_each(|request| _ = send(request));
        assert!(link.sending.borrow().turns.any_waits());
        serve(worker);
        let task = spawn_local({
            let link = Rc::clone(&link);
            async move { end_of(&link).await }
        });
        // All of them wait, and only the last has anything to send: nothing else wakes the link.
        let last = requests.last().unwrap();
        assert!(poll_fn(|cx| last.body_sender().poll_room(cx)).await.is_some());
        task.abort();
    });
}

#[test]
fn requests_that_are_over_leave_the_queue() {
    with_link(|link, worker| async move {
        let first: Vec<_> = (0..4).map(|_| request(&link)).collect();
        first.iter().for_each(|request| _ = send(request));
        for _ in 0..10_000 {
            // Each finds no room, and its client leaves.
            assert!(room(&request(&link)).is_pending());
            if !link.is_open() {
                break;
            }
        }
        let waits = |link: &Link| link.sending.borrow().turns.any_waits();
        assert!(waits(&link));
        drop(first);
        assert!(!waits(&link));
        drop(worker);
    });
}
