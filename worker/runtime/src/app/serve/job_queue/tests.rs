//! Jobs of requests that are over before their turn.

use std::collections::HashSet;

use super::*;

#[test]
fn jobs_come_in_order_but_for_requests_that_are_over() {
    let mut queue = JobQueue::default();
    queue.push(Job::Request(1));
    queue.push(Job::RequestNews(1));
    for id in [7, 8] {
        queue.push(Job::Abandon { link: 0, id, reason: ResetReason::ClientGone, acknowledge: true });
    }
    queue.push(Job::Request(2));
    let order: Vec<String> = std::iter::from_fn(|| queue.pop())
        .map(|job| match job {
            Job::Request(key) => format!("request {key}"),
            Job::RequestNews(key) => format!("news {key}"),
            Job::Abandon { id, .. } => format!("abandon {id}"),
            _ => "another".to_owned(),
        })
        .collect();
    assert_eq!(order, ["abandon 7", "abandon 8", "request 1", "news 1", "request 2"]);
    assert!(queue.is_empty());
}

#[test]
fn requests_that_are_over_before_their_turn_take_no_room() {
    let mut queue = JobQueue::default();
    let mut alive: HashSet<RequestKey> = HashSet::new();
    // Something long is ahead of them all.
    (0..100).for_each(|_| queue.push(Job::RequestNews(0)));
    let mut most = 0;
    for key in 1..=100_000 {
        queue.push(Job::Request(key));
        if key % 1000 == 0 {
            alive.insert(key);
        } else {
            queue.request_died(|key| alive.contains(&key));
        }
        most = most.max(queue.jobs.len());
    }
    // As many as are alive, and those that wait to be swept out.
    assert!(most <= 2 * 200 + MIN_SWEEP, "{most} jobs");
    let mut left = HashSet::new();
    while let Some(job) = queue.pop() {
        match job {
            Job::Request(key) if alive.contains(&key) => drop(left.insert(key)),
            Job::Request(_) => queue.passed_dead(),
            _ => {}
        }
    }
    assert_eq!((left, queue.dead), (alive, 0));
}
