//! Counts under contention, the order of those that wait, and the bound of the queue.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::*;
use crate::worker::WorkerId;

#[test]
fn the_queue_has_four_places_for_each_request_in_flight_and_at_least_64() {
    assert_eq!(Admission::new(1, 1).queue_bound(), 64);
    assert_eq!(Admission::new(1, 256).queue_bound(), 1024);
    assert_eq!(Admission::new(4, 100).queue_bound(), 1600);
    assert_eq!(Admission::new(u16::MAX, u32::MAX).queue_bound(), u32::MAX);
}

#[test]
fn a_place_is_left_when_dropped() {
    let admission = Admission::new(1, 1);
    let mut places: Vec<_> = (0..64).map(|_| admission.enqueue(0).unwrap()).collect();
    assert_eq!(admission.enqueue(0).unwrap_err(), QueueFull);
    places.pop();
    assert_eq!(admission.waiting(), 63);
    assert!(admission.enqueue(0).is_ok());
}

#[test]
fn large_heads_fill_the_queue_sooner() {
    let admission = Admission::new(1, 256);
    let mut places: Vec<_> = (0..128).map(|_| admission.enqueue(64 << 10).unwrap()).collect();
    assert_eq!(admission.enqueue(1).unwrap_err(), QueueFull);
    places.pop();
    assert!(admission.enqueue(64 << 10).is_ok());
    drop(places);
    let many: Vec<_> = (0..1024).map(|_| admission.enqueue(8 << 10).unwrap()).collect();
    assert_eq!(admission.enqueue(0).unwrap_err(), QueueFull, "by their number");
    drop(many);
    assert!(admission.enqueue(QUEUE_BYTES).is_ok());
}

#[test]
fn who_gave_up_passes_the_turn_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let admission = Admission::new(1, 1);
        let worker = Worker::new(WorkerId(1), 1);
        assert!(admission.take(&worker));
        let (first, second) = (admission.enqueue(0).unwrap(), admission.enqueue(0).unwrap());
        let (first_turn, second_turn) = (first.wait(), second.wait());
        admission.release(&worker);
        drop(first_turn);
        tokio::time::timeout(Duration::from_secs(90), second_turn).await.unwrap();
    });
}

/// Threads like shards: each with a runtime of its own, all with the same two workers.
#[test]
fn nobody_is_forgotten_and_no_worker_gets_too_much() {
    const SHARDS: usize = 4;
    const ROUNDS: usize = 2000;
    const MAX: u32 = 3;
    let admission = Arc::new(Admission::new(2, MAX));
    let workers = Arc::new([Worker::new(WorkerId(1), 1), Worker::new(WorkerId(2), 2)]);
    let broken = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..SHARDS)
        .map(|_| {
            let (admission, workers, broken) = (Arc::clone(&admission), Arc::clone(&workers), Arc::clone(&broken));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                let one = async || {
                    for _ in 0..ROUNDS / 8 {
                        let place = admission.enqueue(0).unwrap();
                        let worker = loop {
                            let turn = place.wait();
                            if let Some(worker) = workers.iter().find(|worker| admission.take(worker)) {
                                break worker;
                            }
                            turn.await;
                        };
                        drop(place);
                        if worker.in_flight.load(Ordering::SeqCst) > MAX {
                            broken.store(true, Ordering::SeqCst);
                        }
                        tokio::task::yield_now().await;
                        admission.release(worker);
                    }
                };
                runtime.block_on(async {
                    let all = async { tokio::join!(one(), one(), one(), one(), one(), one(), one(), one()) };
                    tokio::time::timeout(Duration::from_secs(90), all).await.unwrap();
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(!broken.load(Ordering::SeqCst));
    assert_eq!(admission.waiting(), 0);
    assert!(workers.iter().all(|worker| worker.in_flight.load(Ordering::SeqCst) == 0));
}
