//! Turns to connect: what is given up takes none.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};

use super::*;

#[test]
fn connections_that_are_given_up_before_their_turn_take_none() {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        let part = Commons::new(16).part();
        for _ in 0..5000 {
            let mut waits = pin!(part.await_connect());
            let _given_up = poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx))).await;
        }
        let ahead = part.connects.earliest().map(|at| at.saturating_duration_since(Instant::now()));
        assert!(ahead.is_none_or(|ahead| ahead < Duration::from_millis(100)), "the next one waits for {ahead:?}");
        part.await_connect().await;
    });
}
