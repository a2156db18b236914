//! Floods of messages, and what is said of those that were dropped.

use super::*;
use std::time::Duration;

/// A log that has existed since `start`, and its lines as `(message's length, dropped before it)` so far.
fn log(start: Instant) -> (AppLog, impl Fn() -> Vec<(usize, u64)>) {
    let queue = Rc::new(RefCell::new(LogQueue::default()));
    let log = AppLog::started(Rc::clone(&queue), start);
    let lines = move || {
        let mut queue = queue.borrow_mut();
        std::iter::from_fn(|| queue.pop()).map(|line| (line.message.len(), line.dropped)).collect()
    };
    (log, lines)
}

#[test]
fn a_flood_is_cut_and_what_is_dropped_is_told() {
    let start = Instant::now();
    let (mut log, lines) = log(start);
    for _ in 0..20_000 {
        log.write_at(start, LogLevel::Info, "", "x");
    }
    assert_eq!(lines(), vec![(1, 0); 4000], "a burst is not cut");
    // A token comes back each millisecond, and the next message tells how many are missing.
    let later = start + Duration::from_millis(1);
    for _ in 0..1000 {
        log.write_at(later, LogLevel::Info, "", "x");
    }
    assert_eq!(lines(), [(1, 16_000)]);

    // Where there is no next message it is told on its own, as soon as there is room.
    log.report_dropped_at(later);
    assert_eq!(lines(), [], "no room");
    let later = later + Duration::from_millis(1);
    log.report_dropped_at(later);
    assert_eq!(lines().iter().map(|(_, dropped)| *dropped).collect::<Vec<_>>(), [999]);
    log.report_dropped_at(later + Duration::from_secs(60));
    assert_eq!(lines(), [], "told once");

    // At the end it is told though there is no room.
    for _ in 0..5000 {
        log.write_at(later + Duration::from_secs(60), LogLevel::Info, "", "x");
    }
    log.report_dropped_last();
    log.report_dropped_last();
    assert_eq!(lines().iter().map(|(_, dropped)| *dropped).sum::<u64>(), 1000);
}

#[test]
fn few_long_messages_are_a_flood_too() {
    let start = Instant::now();
    let (mut log, lines) = log(start);
    let long = "x".repeat(MAX_LOG_TEXT);
    for _ in 0..1000 {
        log.write_at(start, LogLevel::Info, "", &long);
    }
    assert_eq!(lines().len(), 4 * 1024 * 1024 / MAX_LOG_TEXT);
    // However much time passes: what is not sent yet is bounded.
    let mut now = start;
    for _ in 0..1000 {
        now += Duration::from_secs(60);
        log.write_at(now, LogLevel::Info, "", &long);
    }
    let waiting = lines().len();
    assert_eq!(waiting, MAX_BACKLOG / (MAX_LOG_TEXT + LINE_OVERHEAD) + 1);
}

#[test]
fn what_is_to_be_sent_first_waits_behind_few_messages() {
    let mut queue = LogQueue::default();
    for _ in 0..10_000 {
        let text = "x".repeat(1000);
        queue.push(LogLine {
            level: nano_protocol::LogLevel::Info,
            request_id: String::new(),
            message: text,
            dropped: 0,
        });
    }
    let mut outbox = Outbox::default();
    queue.pour(&mut outbox);
    assert!((MAX_AHEAD..MAX_AHEAD + 1100).contains(&outbox.len()), "{}", outbox.len());
    queue.pour(&mut outbox);
    assert!(outbox.len() < MAX_AHEAD + 1100, "as long as nothing is written");
    queue.pour_all(&mut outbox);
    assert!(queue.is_empty() && queue.bytes == 0 && outbox.len() > 10_000_000);
}

#[test]
fn long_messages_are_cut_between_characters() {
    let text = "ü".repeat(100);
    let cut = cut(&text, 75);
    assert!(cut.len() <= 75 && cut.starts_with("üü") && cut.ends_with("(200 bytes in all)"), "{cut}");
    assert_eq!(super::cut("short", 75), "short");
}
