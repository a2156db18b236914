//! Permits of apps that hold many and of apps that hold none.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn take_now(share: &Rc<Share>) -> Option<FairPermit> {
    match pin!(share.take()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(permit) => Some(permit),
        Poll::Pending => None,
    }
}

fn take_all(share: &Rc<Share>) -> Vec<FairPermit> {
    std::iter::from_fn(|| take_now(share)).collect()
}

#[test]
fn whatever_others_hold_one_that_has_none_finds_one() {
    // The last quarter goes one by one: 16 of these 64.
    for greedy in [1, 2, 8, 16] {
        let semaphore = FairSemaphore::new(64);
        let held: Vec<_> = (0..greedy).map(|_| take_all(&semaphore.share(64))).collect();
        assert!(held.iter().all(|held| !held.is_empty()), "{greedy} greedy apps");
        assert!(take_now(&semaphore.share(64)).is_some(), "{greedy} greedy apps left nothing");
    }
    // One app alone gets half of them, and none gets more than its own limit.
    assert_eq!(take_all(&FairSemaphore::new(64).share(64)).len(), 32);
    assert_eq!(take_all(&FairSemaphore::new(64).share(4)).len(), 4);
}

#[test]
fn without_the_rule_the_first_would_have_all() {
    // The control: what a plain counter would give.
    let semaphore = FairSemaphore::new(64);
    let first = semaphore.share(64);
    let held: Vec<_> = (0..64).map(|_| FairPermit::new(&first)).collect();
    assert!(take_now(&semaphore.share(64)).is_none());
    drop(held);
    assert!(take_now(&semaphore.share(64)).is_some());
}

#[test]
fn those_who_wait_get_what_is_given_back_in_turn() {
    let semaphore = FairSemaphore::new(1);
    let (a, b) = (semaphore.share(1), semaphore.share(1));
    let held = take_now(&a).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = pin!(a.take());
    let mut second = pin!(a.take());
    let mut other = pin!(b.take());
    for waiting in [&mut first, &mut second] {
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
    }
    assert!(other.as_mut().poll(&mut cx).is_pending());
    drop(held);
    let Poll::Ready(permit) = first.as_mut().poll(&mut cx) else { unreachable!("the first in line") };
    assert!(second.as_mut().poll(&mut cx).is_pending() && other.as_mut().poll(&mut cx).is_pending());
    drop(permit);
    // The other app's turn, though the first one's second came before.
    let Poll::Ready(permit) = other.as_mut().poll(&mut cx) else { unreachable!("the other app") };
    drop(permit);
    assert!(second.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn who_gives_up_leaves_nothing_behind() {
    let semaphore = FairSemaphore::new(1);
    let share = semaphore.share(1);
    let held = take_now(&share).unwrap();
    for _ in 0..10_000 {
        assert!(take_now(&share).is_none());
    }
    assert!(share.line.borrow().is_empty());
    assert!(semaphore.waiting.borrow().len() <= 1);
    drop(held);
    // A permit for a request that is gone is free again.
    let held = take_now(&share).unwrap();
    {
        let mut waits = pin!(share.take());
        assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(held);
    }
    assert!(take_now(&share).is_some());
}
