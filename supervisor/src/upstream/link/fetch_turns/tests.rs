//! Tests of `fetch_turns.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::future::pending;
use std::rc::Rc;

use tokio::task::{LocalSet, spawn_local};

use super::*;

/// What holds up its thread for a slice.
fn work() {
    let end = Instant::now() + SLICE;
    while Instant::now() < end {}
}

/// How often another task had its turn while `jobs` of a link's did `work`.
async fn turns_of_others(jobs: usize, work: fn()) -> usize {
    let (turns, others) = (Rc::new(FetchTurns::default()), Rc::new(Cell::new(0)));
    let count = Rc::clone(&others);
    let other = spawn_local(async move {
        loop {
            yield_now().await;
            count.set(count.get() + 1);
        }
    });
    let jobs: Vec<_> = (0..jobs)
        .map(|_| {
            let turns = Rc::clone(&turns);
            spawn_local(async move { turns.take(async { work() }).await })
        })
        .collect();
    for job in jobs {
        job.await.unwrap();
    }
    other.abort();
    others.get()
}

#[tokio::test(flavor = "current_thread")]
async fn others_have_their_turn_between_two_pieces_of_long_work() {
    let turns = LocalSet::new().run_until(turns_of_others(40, work)).await;
    assert!(turns >= 39, "{turns}");
}

#[tokio::test(flavor = "current_thread")]
async fn what_waits_keeps_nobody_waiting() {
    LocalSet::new()
        .run_until(async {
            let turns = Rc::new(FetchTurns::default());
            let waiting = Rc::clone(&turns);
            let stuck = spawn_local(async move { waiting.take(pending::<()>()).await });
            yield_now().await;
            assert_eq!(turns.take(async { 1 }).await, 1);
            stuck.abort();
            // One that is given up in the line neither.
            turns.spent.set(SLICE);
            let given_up = Rc::clone(&turns);
            let in_line = spawn_local(async move { given_up.take(async {}).await });
            let behind = Rc::clone(&turns);
            let behind = spawn_local(async move { behind.take(async { 2 }).await });
            yield_now().await;
            in_line.abort();
            assert_eq!(behind.await.unwrap(), 2);
        })
        .await;
}
