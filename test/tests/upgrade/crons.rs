//! Crons while one nano after the other takes over: no time is left out, and none is run twice. Expressions have minutes, so
//! this waits for two of them.

use crate::{end, serve, site, upgrade};
use nano_test::Nano;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Two minutes and the delays, on a crowded machine.
const LIMIT: Duration = Duration::from_secs(3 * 60 + 30);
/// Each has a delay of its own, so their runs begin in different moments, and last longer than the way to the next nano.
const APPS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// How often each app was run for each time, by what the apps themselves said.
fn runs(nano: &Nano) -> BTreeMap<(String, u64), usize> {
    let mut runs = BTreeMap::new();
    for line in nano.log.records() {
        let ran = line["message"].as_str().and_then(|text| text.strip_prefix("ran for ")?.parse().ok());
        if let (Some(at), Some(app)) = (ran, line["app"].as_str()) {
            *runs.entry((app.to_owned(), at)).or_insert(0) += 1;
        }
    }
    runs
}

fn counted(nano: &Nano, result: &str) -> usize {
    nano.log.records().iter().filter(|line| line["message"] == "cron" && line["result"] == result).count()
}

#[test]
fn no_time_is_left_out_and_none_is_run_twice() {
    let site = site();
    site.app(
        "cron",
        "export default { async scheduled(event) { await scheduler.wait(700); console.log(`ran for ${event.scheduledTime}`); } };",
    );
    let app = |name: &str| json!({ "hostname": format!("{name}.local"), "name": name, "path": "cron", "crons": ["* * * * *"] });
    site.config(json!({ "log": { "access": false }, "apps": APPS.map(app) }));
    let nano = serve(&site);
    let begun = Instant::now();
    let mut upgrades = 0;
    let minutes = |runs: &BTreeMap<(String, u64), usize>, app: &str| -> Vec<u64> {
        runs.keys().filter(|(name, _)| name == app).map(|(_, at)| *at).collect()
    };
    loop {
        upgrade(&nano);
        upgrades += 1;
        let runs = runs(&nano);
        if APPS.iter().all(|app| minutes(&runs, app).len() >= 2) {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "after {upgrades} upgrades: {runs:?}");
    }
    let all = runs(&nano);
    let first = all.keys().map(|(_, at)| *at).min().unwrap();
    for app in APPS {
        let times = minutes(&all, app);
        let expected: Vec<u64> = (0..).map(|minute| first + minute * 60_000).take(times.len()).collect();
        assert_eq!(times, expected, "{app}, during {upgrades} upgrades");
    }
    let twice: Vec<_> = all.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}, during {upgrades} upgrades");
    assert!(upgrades > 10, "{upgrades}");
    let others: Vec<(&str, usize)> =
        ["failed", "refused", "skipped", "missed", "timed_out"].map(|result| (result, counted(&nano, result))).into();
    assert!(others.iter().all(|(_, count)| *count == 0), "{others:?}");
    assert!(
        !nano
            .log
            .records()
            .iter()
            .any(|line: &Value| line["message"].as_str().is_some_and(|text| text.contains("was skipped")))
    );
    end(nano);
}
