//! What is kept, and what a follower gets.

#![allow(clippy::panic, reason = "tests")]
use super::*;

fn record(text: &str) -> Record {
    Record { app: None, level: Level::INFO, at: SystemTime::now(), json: text.into() }
}

/// All that is there; what was missed as `-N`.
fn all(reader: &mut LogReader) -> Vec<String> {
    std::iter::from_fn(|| match reader.take() {
        NextRecord::Line(record) => Some(record.json.to_string()),
        NextRecord::Missed(count) => Some(format!("-{count}")),
        NextRecord::Nothing => None,
    })
    .collect()
}

#[test]
fn forgets_the_oldest() {
    let recent = Arc::<Recent>::default();
    for number in 0..KEPT.lines + 10 {
        recent.push(record(&number.to_string()), true);
    }
    let kept = all(&mut recent.read(false));
    assert_eq!((kept.len(), kept.first().map(String::as_str)), (KEPT.lines, Some("10")));
    let long = "x".repeat(KEPT.bytes / 2);
    for _ in 0..3 {
        recent.push(record(&long), true);
    }
    assert_eq!(all(&mut recent.read(false)).len(), 2);
}

#[test]
fn a_follower_gets_each_line_once_and_in_order() {
    let recent = Arc::<Recent>::default();
    recent.push(record("before"), true);
    assert!(!recent.watched());
    let mut follower = recent.read(true);
    let mut once = recent.read(false);
    assert!(recent.watched());
    for number in 0..4 {
        recent.push(record(&format!("access {number}")), false);
        recent.push(record(&format!("after {number}")), true);
    }
    let wanted = "before, access 0, after 0, access 1, after 1, access 2, after 2, access 3, after 3";
    assert_eq!(all(&mut follower).join(", "), wanted);
    assert_eq!(all(&mut once), ["before"]);
    assert_eq!(all(&mut recent.read(false)).len(), 5, "the access log is not remembered");
    drop(follower);
    assert!(!recent.watched());
}

#[test]
fn a_follower_that_reads_nothing_costs_nothing_and_is_told_what_it_missed() {
    let recent = Arc::<Recent>::default();
    let mut followers: Vec<_> = (0..48).map(|_| recent.read(true)).collect();
    let long = "x".repeat(64 * 1024);
    for _ in 0..3200 {
        recent.push(record(&long), false);
        recent.push(record(&long), true);
    }
    {
        let lines = recent.lock();
        assert!(lines.kept.bytes <= KEPT.bytes && lines.passing.bytes <= PASSING.bytes);
    }
    for follower in &mut followers {
        let read = all(follower);
        let missed: usize = match read.first().and_then(|first| first.strip_prefix('-')) {
            Some(count) => count.parse().unwrap_or(0),
            None => panic!("nothing was missed"),
        };
        assert_eq!(missed + read.len() - 1, 6400);
    }
}

#[test]
fn a_reader_goes_to_a_line_and_another_may_look_ahead() {
    let recent = Arc::<Recent>::default();
    for number in 0..5 {
        recent.push(record(&number.to_string()), true);
    }
    let mut follower = recent.read(true);
    let mut ahead = follower.again();
    recent.push(record("later"), true);
    assert_eq!(all(&mut ahead), ["0", "1", "2", "3", "4"], "what was there");
    follower.go_to(ahead.next_kept() - 2);
    assert_eq!(all(&mut follower), ["3", "4", "later"]);
}
