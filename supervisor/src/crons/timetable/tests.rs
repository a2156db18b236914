//! Clocks that go on, jump and stand still, and what is due by them.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_config::{Config, parse};

use super::*;

/// Midnight of a Monday, 2026-03-02, in milliseconds.
const MIDNIGHT: u64 = 1_772_409_600_000;
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

fn expression(cron: &str) -> CronExpression {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "").unwrap();
    let text = serde_json::json!({ "apps": [{ "hostname": "a", "path": ".", "crons": [cron] }] }).to_string();
    let config: Config = parse(&text, &dir.path().join("nano.json"), dir.path()).unwrap();
    config.apps[0].settings.crons[0].clone()
}

fn key(app: &str, cron: &str) -> CronKey {
    CronKey { app: app.into(), cron: cron.into() }
}

fn table(crons: &[(&str, &str)], now: u64) -> Timetable {
    let mut table = Timetable::default();
    set(&mut table, crons, now);
    table
}

fn set(table: &mut Timetable, crons: &[(&str, &str)], now: u64) {
    table.set(crons.iter().map(|(app, cron)| (key(app, cron), expression(cron))), now);
}

/// What is due by the clock at each of the moments at which the table wants to be asked, until `end`: `(when, due)`.
fn run(table: &mut Timetable, end: u64) -> Vec<(u64, Due)> {
    let mut all = Vec::new();
    while let Some(now) = table.next_start().filter(|start| *start < end) {
        let due = table.take_due(now);
        assert!(!due.is_empty(), "it wanted to be asked at {now}");
        all.extend(due.into_iter().map(|due| (now, due)));
    }
    all
}

fn times(due: &[Due]) -> Vec<Option<u64>> {
    due.iter().map(|due| due.time.map(|time| u64::try_from(time).unwrap() * 1000)).collect()
}

#[test]
fn each_time_comes_once_within_its_jitter() {
    let mut table = table(&[("a", "* * * * *"), ("b", "*/2 * * * *"), ("b", "30 0 * * *")], MIDNIGHT);
    let all = run(&mut table, MIDNIGHT + HOUR + MAX_JITTER);
    let of = |app: &str, cron: &str| -> Vec<u64> {
        let own = all.iter().filter(|(_, due)| due.key == key(app, cron));
        own.map(|(now, due)| {
            let time = u64::try_from(due.time.unwrap()).unwrap() * 1000;
            assert!(!due.missed && (time..time + MAX_JITTER).contains(now), "{now} {due:?}");
            time - MIDNIGHT
        })
        .collect()
    };
    assert_eq!(of("a", "* * * * *"), (1..=60).map(|minute| minute * MINUTE).collect::<Vec<_>>());
    assert_eq!(of("b", "*/2 * * * *"), (1..=30).map(|minute| 2 * minute * MINUTE).collect::<Vec<_>>());
    assert_eq!(of("b", "30 0 * * *"), [30 * MINUTE]);
    assert_eq!(all.len(), 91);
}

#[test]
fn a_thousand_apps_that_are_due_in_one_minute_are_spread() {
    let names: Vec<String> = (0..1000).map(|number| format!("app-{number}")).collect();
    let crons: Vec<_> = names.iter().map(|name| (&**name, "0 * * * *")).collect();
    let starts: Vec<u64> = crons.iter().map(|(app, cron)| jitter(&key(app, cron))).collect();
    assert!(starts.iter().all(|start| *start < MAX_JITTER));
    for second in 0..5 {
        let within = starts.iter().filter(|start| **start / SECOND == second).count();
        assert!((150..250).contains(&within), "{within} in second {second}");
    }
    let repeated = crons.iter().map(|(app, cron)| jitter(&key(app, cron))).collect::<Vec<_>>();
    assert_eq!(starts, repeated);
    assert_ne!(jitter(&key("a", "bc")), jitter(&key("ab", "c")));
}

#[test]
fn what_is_late_is_run_once_and_what_is_too_late_is_missed() {
    let cron = ("a", "* * * * *");
    let own = jitter(&key("a", "* * * * *"));
    // (how long nothing was asked, the time that is due, whether others were missed)
    for (asleep, time, missed) in [
        (MINUTE + own, Some(MINUTE), false),
        (MINUTE + 50 * SECOND + own, Some(MINUTE), false),
        (2 * MINUTE + own, Some(2 * MINUTE), true),
        (9 * MINUTE + 30 * SECOND + own, Some(9 * MINUTE), true),
        (8 * HOUR + own, Some(8 * HOUR), true),
        (24 * 365 * 40 * HOUR + own, Some(24 * 365 * 40 * HOUR), true),
    ] {
        let mut table = table(&[cron], MIDNIGHT);
        let due = table.take_due(MIDNIGHT + asleep);
        assert_eq!(times(&due), [time.map(|time| MIDNIGHT + time)], "{asleep}");
        assert_eq!(due[0].missed, missed, "{asleep}");
        assert_eq!(table.take_due(MIDNIGHT + asleep), [], "once");
        // It goes on at the next minute.
        let next = table.next_start().unwrap();
        assert!(next > MIDNIGHT + asleep && next <= MIDNIGHT + asleep + MINUTE, "{asleep}");
    }
}

#[test]
fn a_night_in_which_the_machine_slept_starts_nothing_in_the_morning() {
    let mut table = table(&[("a", "0 3 * * *"), ("b", "55 7 * * *")], MIDNIGHT);
    let due = table.take_due(MIDNIGHT + 8 * HOUR);
    assert_eq!(times(&due), [None, Some(MIDNIGHT + 8 * HOUR - 5 * MINUTE)]);
    assert!(due[0].missed && !due[1].missed);
    let tomorrow = MIDNIGHT + 27 * HOUR;
    assert!((tomorrow..tomorrow + MAX_JITTER).contains(&table.next_start().unwrap()));
}

#[test]
fn a_clock_that_is_set_back_a_little_repeats_nothing() {
    let mut table = table(&[("a", "* * * * *")], MIDNIGHT);
    run(&mut table, MIDNIGHT + 10 * MINUTE + MAX_JITTER);
    let next = table.next_start().unwrap();
    // By one second, again and again: what counts is how far it is behind the latest time that was seen.
    for back in 1..=290 {
        assert_eq!(table.take_due(MIDNIGHT + 10 * MINUTE - back * SECOND), []);
        assert_eq!(table.next_start(), Some(next));
    }
    assert_eq!(times(&table.take_due(next)), [Some(MIDNIGHT + 11 * MINUTE)]);
}

#[test]
fn one_that_is_set_back_far_does_not_stop_it() {
    let mut table = table(&[("a", "* * * * *"), ("b", "0 12 * * *")], MIDNIGHT);
    run(&mut table, MIDNIGHT + 13 * HOUR);
    let now = MIDNIGHT + 6 * HOUR;
    assert_eq!(table.take_due(now), []);
    assert!(table.next_start().unwrap() <= now + MINUTE + MAX_JITTER);
    let all = run(&mut table, now + 7 * HOUR);
    assert_eq!(all.iter().filter(|(_, due)| &*due.key.app == "b").count(), 1, "noon comes again");
    assert!((419..=421).contains(&all.iter().filter(|(_, due)| &*due.key.app == "a").count()));
    // Also by decades.
    assert_eq!(table.take_due(5 * SECOND), []);
    assert!(table.next_start().unwrap() <= 2 * MINUTE);
}

#[test]
fn a_clock_that_jumps_to_and_fro_starts_one_run_a_minute_at_most() {
    let mut table = table(&[("a", "* * * * *")], MIDNIGHT);
    let mut runs = 0;
    for step in 0..1000 {
        let now = if step % 2 == 0 { MIDNIGHT + HOUR } else { MIDNIGHT } + step * SECOND;
        runs += table.take_due(now).len();
    }
    assert!(runs <= 1000 / 2, "one for each jump forward: {runs}");
}

#[test]
fn a_change_leaves_what_stays_alone() {
    let mut table = table(&[("a", "* * * * *"), ("b", "0 * * * *")], MIDNIGHT);
    run(&mut table, MIDNIGHT + 5 * MINUTE + MAX_JITTER);
    let before = table.next_start();
    set(&mut table, &[("a", "* * * * *"), ("a", "0 1 * * *")], MIDNIGHT + 5 * MINUTE + MAX_JITTER);
    assert_eq!(table.next_start(), before);
    assert_eq!(table.next_time(&key("b", "0 * * * *")), None);
    assert!(table.has(&key("a", "0 1 * * *")) && !table.has(&key("b", "0 * * * *")));
    let next = table.next_time(&key("a", "0 1 * * *")).unwrap();
    assert_eq!(u64::try_from(next).unwrap() * 1000, MIDNIGHT + HOUR);
    // In the minute that is due: what had its turn is not new, and what is new is not due in the past.
    set(&mut table, &[("a", "* * * * *"), ("c", "* * * * *")], MIDNIGHT + 6 * MINUTE + 30 * SECOND);
    let due = table.take_due(MIDNIGHT + 6 * MINUTE + 30 * SECOND);
    assert_eq!(due.iter().map(|due| &*due.key.app).collect::<Vec<_>>(), ["a"]);
    set(&mut table, &[], MIDNIGHT);
    assert_eq!((table.next_start(), table.take_due(MIDNIGHT + HOUR)), (None, Vec::new()));
}

#[test]
fn another_table_goes_on_where_one_left_off() {
    let crons = [("a", "* * * * *"), ("b", "* * * * *")];
    // The times of the last minute are over in one, and in the other of `b` they are not: its jitter is longer.
    let (first, second) =
        if jitter(&key("a", "* * * * *")) < jitter(&key("b", "* * * * *")) { ("a", "b") } else { ("b", "a") };
    let mut old = table(&crons, MIDNIGHT - SECOND);
    let between = MIDNIGHT + jitter(&key(first, "* * * * *"));
    assert_eq!(old.take_due(between).len(), 1);
    // One that begins by itself forgets what was due, and one that began before does it again.
    for begun in [MIDNIGHT - SECOND, between] {
        let mut new = table(&crons, begun);
        for (key, next) in old.all() {
            new.go_on(key, next);
        }
        let due = new.take_due(MIDNIGHT + MAX_JITTER);
        assert_eq!(
            due,
            [Due {
                key: key(second, "* * * * *"),
                time: Some(i64::try_from(MIDNIGHT / SECOND).unwrap()),
                missed: false
            }]
        );
    }
    old.go_on(&key("nobody", "* * * * *"), None);
    assert_eq!(old.all().count(), 2);
}
