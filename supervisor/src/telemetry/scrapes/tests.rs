//! Tests of `scrapes.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::atomic::Ordering;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::*;

fn run(test: impl Future<Output = ()>) {
    let options = tokio::runtime::LocalOptions::default();
    Builder::new_current_thread().enable_time().build_local(options).unwrap().block_on(test);
}

fn of(count: u64) -> String {
    format!("nano_accept_paused_total {count}\n")
}

#[test]
fn whoever_asks_in_time_shares_one_text() {
    run(async {
        let scrapes = Scrapes::new(Arc::default());
        // All of these ask while the first text may not be begun.
        scrapes.last.lock().await.next = Instant::now() + Duration::from_millis(50);
        let mut asking = JoinSet::new();
        for _ in 0..100 {
            let scrapes = Arc::clone(&scrapes);
            asking.spawn_local(async move { scrapes.text().await.unwrap() });
        }
        let texts = asking.join_all().await;
        assert!(texts.iter().all(|text| text.as_ptr() == texts[0].as_ptr()));
        // Nothing is kept for nobody.
        drop(texts);
        assert!(scrapes.last.lock().await.text.upgrade().is_none());
    });
}

#[test]
fn a_text_has_all_that_was_counted_before() {
    run(async {
        let metrics = Arc::<Metrics>::default();
        let scrapes = Scrapes::new(Arc::clone(&metrics));
        let mut kept = Vec::new();
        for count in 1..=20 {
            metrics.accept_pauses.fetch_add(1, Ordering::Relaxed);
            let text = scrapes.text().await.unwrap();
            assert!(str::from_utf8(&text).unwrap().contains(&of(count)), "{count}");
            kept.push(text);
        }
    });
}

#[test]
#[expect(clippy::await_holding_lock, reason = "the thread that renders waits for it, and nothing else does")]
fn a_caller_that_leaves_does_not_let_a_second_one_in() {
    run(async {
        let metrics = Arc::<Metrics>::default();
        let scrapes = Scrapes::new(Arc::clone(&metrics));
        // A text that takes as long as this is held.
        let held = metrics.apps();
        let leaves = {
            let scrapes = Arc::clone(&scrapes);
            tokio::task::spawn_local(async move { scrapes.text().await })
        };
        while Arc::strong_count(&metrics) < 3 {
            tokio::task::yield_now().await;
        }
        leaves.abort();
        assert!(leaves.await.unwrap_err().is_cancelled());
        assert!(scrapes.last.try_lock().is_err());
        drop(held);
        assert!(str::from_utf8(&scrapes.text().await.unwrap()).unwrap().contains(&of(0)));
    });
}
