//! The rate of module reads, and the queue's length.

use std::time::Duration;

use super::*;

#[test]
fn many_at_once_then_no_faster_than_the_interval() {
    let start = Instant::now();
    let mut queue = ModuleQueue::new();
    let mut now = start;
    let mut handed_out = 0;
    while now < start + Duration::from_secs(10) {
        assert!(queue.push(handed_out, "missing.js".to_owned()));
        match queue.next() {
            Some(at) if at <= now => {
                queue.pop(now);
                handed_out += 1;
            }
            Some(at) => now = at,
            None => {}
        }
        while queue.waiting.len() > 1 {
            queue.waiting.pop_back();
        }
    }
    assert!((4000..=4010).contains(&handed_out), "{handed_out}");
}

#[test]
fn nobody_asks_for_more_than_may_wait() {
    let mut queue = ModuleQueue::new();
    assert_eq!((0..1000).filter(|id| queue.push(*id, String::new())).count(), MAX_MODULE_REQUESTS);
}
