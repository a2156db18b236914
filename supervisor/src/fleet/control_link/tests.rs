//! Workers that do not read, that flood, and that send garbage.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::io::{Read, Write};
use std::time::Duration;

use bytes::Bytes;

use super::*;

#[tokio::test]
async fn a_worker_that_does_not_read_is_not_heard() {
    let (mut link, workers) = ControlLink::pair(&[]).unwrap();
    let mut worker = StdUnixStream::from(workers);
    let mut greeting = [0];
    worker.read_exact(&mut greeting).unwrap();
    assert_eq!(greeting, [PROTOCOL_VERSION]);
    let mut pong = Outbox::default();
    pong.push(&Frame::Pong { nonce: 7, idle: false });
    let mut slices = [IoSlice::new(&[]); 1];
    pong.io_slices(&mut slices);
    worker.write_all(&slices[0]).unwrap();

    link.queue(&Frame::ModuleSource { id: 1, source: Ok(Bytes::from(vec![b' '; 2 * MAX_PENDING_BYTES])) });
    assert!(tokio::time::timeout(Duration::from_millis(50), link.next()).await.is_err());
    let reader = std::thread::spawn(move || {
        let mut bytes = vec![0; 2 * MAX_PENDING_BYTES];
        worker.read_exact(&mut bytes).unwrap();
    });
    assert_eq!(link.next().await.unwrap(), Some(Frame::Pong { nonce: 7, idle: false }));
    assert_eq!(link.next().await.unwrap(), None, "the rest is written, then the worker is gone");
    reader.join().unwrap();
}

#[test]
fn a_flood_is_found_out_and_what_an_honest_worker_says_is_not() {
    let start = Instant::now();
    let mut allowance = Allowance::new(start);
    assert_eq!((0..).take_while(|_| allowance.charge(100, start).is_ok()).count(), 100_000);
    let mut allowance = Allowance::new(start);
    assert_eq!((0..).take_while(|_| allowance.charge(64 << 10, start).is_ok()).count(), 512);

    // A thousand lines a second, their megabyte, and everything else; after a burst; heard only every half minute.
    let mut allowance = Allowance::new(start);
    for round in 0..100 {
        let heard = start + Duration::from_secs(30) * round;
        let lines = if round == 0 { 4000 } else { 30_000 };
        for _ in 0..lines + 30 * 11 {
            allowance.charge(1100, heard).unwrap();
        }
    }
}

#[tokio::test]
async fn garbage_and_the_end() {
    let (mut link, workers) = ControlLink::pair(&[]).unwrap();
    StdUnixStream::from(workers).write_all(&[0xff; 16]).unwrap();
    assert!(matches!(link.next().await, Err(LinkError::Broken(Broken::Decode(_)))));
    let (mut link, workers) = ControlLink::pair(&[]).unwrap();
    let mut worker = StdUnixStream::from(workers);
    worker.read_exact(&mut [0]).unwrap();
    drop(worker);
    link.queue(&Frame::Drain);
    assert_eq!(link.next().await.unwrap(), None);
}
