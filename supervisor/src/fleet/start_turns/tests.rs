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
        let first = turns.take(StartKind::First).await;
        let _second = turns.take(StartKind::First).await;
        let mut third = pin!(turns.take(StartKind::First));
        assert!(waits(third.as_mut()).await);
        drop(first);
        tokio::time::timeout(DEADLINE, third).await.unwrap();
    });
}

#[test]
fn an_app_that_serves_waits_behind_no_reload() {
    run(async {
        let turns = StartTurns::new(1, Duration::from_secs(3600));
        let _reload = turns.take(StartKind::First).await;
        tokio::time::timeout(DEADLINE, turns.take(StartKind::Again)).await.unwrap();
    });
}

#[test]
fn a_start_that_takes_long_keeps_others_waiting_for_its_turn_only() {
    run(async {
        let turns = StartTurns::new(1, Duration::from_millis(1));
        let _slow = turns.take(StartKind::First).await;
        tokio::time::timeout(DEADLINE, turns.take(StartKind::First)).await.unwrap();
    });
}
