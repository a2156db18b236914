//! Who waits for whose start.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::runtime::{Builder, LocalOptions};

use super::*;

const DEADLINE: Duration = Duration::from_secs(90);

fn run(test: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap().block_on(test);
}

async fn waits(mut turn: Pin<&mut impl Future<Output = StartTurn>>) -> bool {
    poll_fn(|cx| Poll::Ready(turn.as_mut().poll(cx).is_pending())).await
}

#[test]
fn as_many_start_as_may_and_the_next_when_one_is_over() {
    run(async {
        let turns = StartTurns::new(2, Duration::from_secs(3600));
        let first = turns.app().take(StartKind::First).await;
        let _second = turns.app().take(StartKind::First).await;
        let app = turns.app();
        let mut third = pin!(app.take(StartKind::First));
        assert!(waits(third.as_mut()).await);
        drop(first);
        tokio::time::timeout(DEADLINE, third).await.unwrap();
    });
}

#[test]
fn an_app_that_serves_waits_behind_no_reload() {
    run(async {
        let turns = StartTurns::new(1, Duration::from_secs(3600));
        let _reload = turns.app().take(StartKind::First).await;
        tokio::time::timeout(DEADLINE, turns.app().take(StartKind::Again)).await.unwrap();
    });
}

#[test]
fn a_start_that_takes_long_keeps_others_waiting_for_its_turn_only() {
    run(async {
        let turns = StartTurns::new(1, Duration::from_millis(1));
        let _slow = turns.app().take(StartKind::First).await;
        tokio::time::timeout(DEADLINE, turns.app().take(StartKind::First)).await.unwrap();
    });
}

#[test]
fn an_app_of_many_workers_leaves_turns_to_the_others() {
    run(async {
        let turns = StartTurns::new(8, Duration::from_secs(3600));
        let crowd = turns.app();
        let mut held = Vec::new();
        loop {
            let mut next = Box::pin(crowd.take(StartKind::Again));
            match poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await {
                Poll::Ready(turn) => held.push(turn),
                Poll::Pending => break,
            }
        }
        assert_eq!(held.len(), 4, "half of them");
        tokio::time::timeout(DEADLINE, turns.app().take(StartKind::Again)).await.unwrap();
    });
}
