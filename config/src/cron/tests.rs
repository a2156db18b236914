//! Expressions that are read and that are refused, and the times that they name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use chrono::{DateTime, Utc};

use super::{CronExpression, MAX_LENGTH};

fn parse(text: &str) -> CronExpression {
    CronExpression::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The next times after `start`, as `2026-03-01 07:10`.
fn times(text: &str, start: &str, count: usize) -> Vec<String> {
    let expression = parse(text);
    let mut at = format!("{start}:00Z").replace(' ', "T").parse::<DateTime<Utc>>().unwrap().timestamp();
    let mut times = Vec::new();
    for _ in 0..count {
        at = expression.next_after(at).unwrap();
        let time = DateTime::<Utc>::from_timestamp(at, 0).unwrap();
        assert_eq!(at % 60, 0);
        times.push(time.to_string().get(..16).unwrap().to_owned());
    }
    times
}

#[test]
fn the_examples_of_cloudflares_documentation() {
    let start = "2026-02-27 12:34"; // a Friday
    for (texts, next) in [
        (&["* * * * *"][..], &["2026-02-27 12:35", "2026-02-27 12:36"][..]),
        (&["*/30 * * * *"], &["2026-02-27 13:00", "2026-02-27 13:30"]),
        (&["45 * * * *"], &["2026-02-27 12:45", "2026-02-27 13:45"]),
        (&["0 17 * * sun", "0 17 * * 1"], &["2026-03-01 17:00", "2026-03-08 17:00"]),
        (&["10 7 * * mon-fri", "10 7 * * 2-6"], &["2026-03-02 07:10", "2026-03-03 07:10"]),
        (&["0 15 1 * *"], &["2026-03-01 15:00", "2026-04-01 15:00"]),
        (&["0 18 * * 6L", "0 18 * * friL"], &["2026-02-27 18:00", "2026-03-27 18:00"]),
        (&["59 23 LW * *"], &["2026-02-27 23:59", "2026-03-31 23:59", "2026-04-30 23:59", "2026-05-29 23:59"]),
    ] {
        for text in texts {
            assert_eq!(times(text, start, next.len()), next, "{text}");
        }
    }
}

#[test]
fn every_form_of_a_field() {
    for (text, start, next) in [
        ("5/20 * * * *", "2026-01-01 00:00", ["2026-01-01 00:05", "2026-01-01 00:25", "2026-01-01 00:45"]),
        ("10-20/5,3 1 * * *", "2026-01-01 01:03", ["2026-01-01 01:10", "2026-01-01 01:15", "2026-01-01 01:20"]),
        ("0 22-2/2 * * *", "2026-01-01 02:00", ["2026-01-01 22:00", "2026-01-02 00:00", "2026-01-02 02:00"]),
        ("0 0 * * FRI-MON", "2026-01-05 00:00", ["2026-01-09 00:00", "2026-01-10 00:00", "2026-01-11 00:00"]),
        ("0 0 * * L", "2026-01-01 00:00", ["2026-01-03 00:00", "2026-01-10 00:00", "2026-01-17 00:00"]),
        ("0 0 * * TUE#2", "2026-01-01 00:00", ["2026-01-13 00:00", "2026-02-10 00:00", "2026-03-10 00:00"]),
        ("0 0 L FEB,apr *", "2026-01-01 00:00", ["2026-02-28 00:00", "2026-04-30 00:00", "2027-02-28 00:00"]),
        // The 15th of March 2026 is a Sunday, that of August a Saturday.
        ("0 0 15W 3,8,9 *", "2026-01-01 00:00", ["2026-03-16 00:00", "2026-08-14 00:00", "2026-09-15 00:00"]),
        ("0 0 29 2 *", "2026-01-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        // Either day, as crontab(5) has it too.
        ("0 0 13 * FRI", "2026-01-01 00:00", ["2026-01-02 00:00", "2026-01-09 00:00", "2026-01-13 00:00"]),
        ("0 0 */10 NOV-JAN/2 *", "2026-01-31 00:00", ["2026-11-01 00:00", "2026-11-11 00:00", "2026-11-21 00:00"]),
        ("*/59 */23 * * *", "2026-01-01 00:00", ["2026-01-01 00:59", "2026-01-01 23:00", "2026-01-01 23:59"]),
        ("00 01 01 01 1-7", "2026-01-01 00:00", ["2026-01-01 01:00", "2026-01-02 01:00", "2026-01-03 01:00"]),
        ("0\t \t0 * * *", "2026-01-01 00:00", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00"]),
    ] {
        assert_eq!(times(text, start, 3), next, "{text}");
    }
}

/// The hours that clocks of zones with summer time leave out or repeat are as all others.
#[test]
fn summer_time_is_none() {
    for (start, first) in [("2026-03-29 00:30", "2026-03-29 01:00"), ("2026-10-25 00:30", "2026-10-25 01:00")] {
        let hours = times("0 * * * *", start, 4);
        assert_eq!(hours.first().unwrap(), first);
        assert_eq!(hours.last().unwrap().get(11..), Some("04:00"));
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (text, told) in [
        ("", "expected five fields (minute, hour, day of the month, month, day of the week), found 0"),
        ("* * * *", "found 4"),
        ("0 * * * * *", "found 6 | there are no seconds and no years: leave that field out"),
        ("0 0 1 1 * 2026", "there are no seconds and no years"),
        ("0\u{a0}0 * * * *", "minute: expected 0 to 59"),
        ("0\n0 * * *", "found 5 | put spaces between the fields"),
        (" * * * * *", "there is white space around it | write \"* * * * *\""),
        ("@daily", "there are no names for whole expressions | write \"0 0 * * *\""),
        ("@reboot", "found 1"),
        ("60 * * * *", "minute: expected 0 to 59, found \"60\""),
        ("* 24 * * *", "hour: expected 0 to 23, found \"24\""),
        ("* * 0 * *", "day of the month: expected 1 to 31, found \"0\""),
        ("* * 32 * *", "day of the month: expected 1 to 31, found \"32\""),
        ("* * * 13 *", "month: expected JAN to DEC or 1 to 12, found \"13\""),
        ("* * * JANUARY *", "month: expected JAN to DEC"),
        (
            "* * * * 0",
            "day of the week: expected SUN to SAT or 1 to 7, found \"0\" | Sunday is 1, as on Cloudflare, or SUN",
        ),
        ("* * * * 8", "day of the week: expected SUN to SAT or 1 to 7, found \"8\""),
        ("* * ? * MON", "found \"?\" | write `*` for every one"),
        ("* * * * MON?", "write `*`"),
        ("*/0 * * * *", "minute: after `/` is a number from 1 to 59, found \"0\""),
        ("*/60 * * * *", "minute: after `/` is a number from 1 to 59, found \"60\""),
        ("*/5/2 * * * *", "after `/` is a number from 1 to 59, found \"5/2\""),
        ("*/ * * * *", "after `/` is a number from 1 to 59, found \"\""),
        ("/5 * * * *", "minute: expected 0 to 59, found \"\" in \"/5\""),
        ("5- * * * *", "minute: expected 0 to 59, found \"\" in \"5-\""),
        ("1,,2 * * * *", "found \"\" in \"1,,2\""),
        ("1, * * * *", "found \"\" in \"1,\""),
        ("5,* * * * *", "minute: `*` is every one, so nothing stands beside it: \"5,*\""),
        ("*-5 * * * *", "minute: expected 0 to 59, found \"*\" in \"*-5\""),
        ("+5 * * * *", "minute: expected 0 to 59, found \"+5\""),
        ("256 * * * *", "minute: expected 0 to 59"),
        ("99999999999999999999 * * * *", "minute: expected 0 to 59"),
        ("1.5 * * * *", "minute: expected 0 to 59"),
        ("L * * * *", "minute: expected 0 to 59, found \"L\""),
        ("* * L-3 * *", "nano has no offsets from the last day"),
        ("* * 1,L * *", "found \"L\" in \"1,L\" | `L`, `W` and `#` stand alone in their field"),
        ("* * W * *", "day of the month: expected 1 to 31, found \"\" in \"W\""),
        ("* * 32W * *", "day of the month: expected 1 to 31, found \"32\" in \"32W\""),
        ("* * * * MON#6", "day of the week: after `#` is a number from 1 to 5"),
        ("* * * * MON#+1", "day of the week: after `#` is a number from 1 to 5"),
        ("* * * * MON#1,FRI", "day of the week: after `#` is a number from 1 to 5"),
        ("* * * * #2", "day of the week: expected SUN to SAT or 1 to 7, found \"\""),
        ("* * * * 8L", "day of the week: expected SUN to SAT"),
        ("* * * * +MON", "day of the week: expected SUN to SAT"),
        ("* * * * m\u{131}n", "day of the week: expected SUN to SAT"),
        ("0 0 30 2 *", "it never comes due: no month that it names has such a day"),
        ("0 0 31 APR,JUN *", "it never comes due"),
    ] {
        let Err((message, suggestion)) = CronExpression::parse(text) else { panic!("{text} is taken") };
        let all = suggestion.map_or(message.clone(), |hint| format!("{message} | {hint}"));
        assert!(all.contains(told), "{text}: {all}");
    }
    let long = format!("{} * * * *", "0,".repeat(MAX_LENGTH));
    assert!(CronExpression::parse(&long).unwrap_err().0.contains("at most 256 bytes"));
    let all: Vec<String> = (0..60).map(|minute| minute.to_string()).collect();
    parse(&format!("{} * * * *", all.join(",")));
}

#[test]
fn spaces_and_case_make_no_other_expression() {
    assert!(parse("0 0 * * mon").is_written_as(&parse("0  0\t* * MON")));
    assert!(!parse("0 0 * * mon").is_written_as(&parse("0 0 * * 2")));
    assert_eq!(&**parse("0  0 * * mon").text(), "0  0 * * mon");
}

/// `croner` against a look at every minute of some years.
#[test]
fn times_are_those_that_a_search_minute_by_minute_finds() {
    use chrono::{Datelike, Timelike};
    type IsDue = fn(DateTime<Utc>) -> bool;
    let matches: [(&str, IsDue); 3] = [
        ("*/17 3-5 * * 2-6", |t| {
            t.minute() % 17 == 0 && (3..=5).contains(&t.hour()) && t.weekday().num_days_from_monday() < 5
        }),
        ("30 6 31 * *", |t| t.minute() == 30 && t.hour() == 6 && t.day() == 31),
        ("0 12 * 2 SUN#1", |t| {
            t.minute() == 0
                && t.hour() == 12
                && t.month() == 2
                && t.weekday().num_days_from_sunday() == 0
                && t.day() <= 7
        }),
    ];
    let start = DateTime::parse_from_rfc3339("2027-12-30T00:00:00Z").unwrap().timestamp();
    for (text, is_due) in matches {
        let expression = parse(text);
        let mut next = expression.next_after(start - 60).unwrap();
        for minute in 0..(2 * 366 * 1440) {
            let at = start + minute * 60;
            let due = is_due(DateTime::from_timestamp(at, 0).unwrap());
            assert_eq!(due, at == next, "{text}: {at}");
            if due {
                next = expression.next_after(at).unwrap();
            }
        }
    }
}
