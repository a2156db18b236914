//! Crons in numbers: many apps that are due in the same minute and have no process before that, one whose runs never end and that
//! has as many crons as it may have, and one whose runs kill its worker. Each cron is begun once in a minute, what does not end
//! holds the places of its own app alone, and the bystander notices nothing.
//!
//! Sabotage control: the check of the runs, fed with a cron that was begun twice and with one that was forgotten.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Nano, Site, sized, until_within};
use serde_json::{Value, json};

/// Until all that is due at the next minute is over, on a crowded machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// What so many crons and their runs may cost the supervisor.
const GROWTH: u64 = 64 << 20;
/// Most crons of an app.
const MOST: usize = 32;
const PLACES: usize = 4;

/// So many expressions for each minute, all written differently.
fn spellings() -> Vec<String> {
    let mut all = Vec::new();
    for minute in ["*", "*/1", "0-59", "0-29,30-59"] {
        for hour in ["*", "*/1", "0-23"] {
            for month in ["*", "*/1", "1-12"] {
                all.push(format!("{minute} {hour} * {month} *"));
            }
        }
    }
    all.truncate(MOST);
    assert_eq!(all.len(), MOST);
    all
}

fn site(crowd: usize) -> Site {
    let site = Site::new();
    site.app("crowd", "export default { scheduled() {} };")
        .app("hoarder", "export default { fetch() { return new Response('x'); }, async scheduled() { await new Promise(() => {}); } };")
        .app("dies", "export default { async scheduled() { await 1; for (;;); } };")
        .app("bystander", APP);
    let app = |name: String, path: &str, more: Value| {
        let mut app = json!({ "name": name, "hostname": format!("{name}.local"), "path": path });
        app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app
    };
    let mut apps: Vec<Value> = (0..crowd)
        .map(|at| {
            let more = json!({ "crons": ["* * * * *"], "start": "on-demand", "idle_ms": 500 });
            app(format!("crowd{at}"), "crowd", more)
        })
        .collect();
    let hoards = json!({ "crons": spellings(), "max_concurrent": PLACES, "timeout_ms": 1000 });
    apps.push(app("hoarder".to_owned(), "hoarder", hoards));
    apps.push(app("dies".to_owned(), "dies", json!({ "crons": spellings(), "cpu_ms": 50 })));
    apps.push(json!({ "name": "bystander", "hostname": HOST, "path": "bystander" }));
    site.apps(apps.into());
    site
}

fn runs(nano: &Nano, app: &str, result: &str) -> u32 {
    let runs = nano.metrics().get("nano_cron_runs_total", &[("app", app), ("result", result)]);
    (0..u32::MAX).find(|count| f64::from(*count) >= runs.unwrap_or(0.0)).unwrap()
}

/// Of a cron that is due each minute and was looked at after so many of them: (begun, minutes).
fn verdict(app: &str, begun: u32, minutes: u32) -> Result<(), String> {
    match begun {
        0 => Err(format!("{app} was forgotten")),
        begun if begun > minutes => Err(format!("{app} was begun {begun} times in {minutes} minutes")),
        _ => Ok(()),
    }
}

fn minute() -> u32 {
    u32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60).unwrap()
}

#[test]
fn a_crowd_of_crons_is_each_begun_once_and_what_never_ends_is_alone() {
    let crowd = sized(40, 200);
    let site = site(crowd);
    let begun = minute();
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    let before = resident(nano.pid());
    until_within(PATIENCE, "a run of each", || {
        assert!(!bystander.has_noticed());
        let succeeded = nano.metrics().sum("nano_cron_runs_total", &[("result", "ok")]);
        let enough = succeeded >= f64::from(u32::try_from(crowd).unwrap());
        let all = (0..crowd).filter(|at| enough && runs(&nano, &format!("crowd{at}"), "ok") > 0).count();
        (all == crowd
            && runs(&nano, "hoarder", "refused") >= u32::try_from(MOST - PLACES).unwrap()
            && runs(&nano, "dies", "failed") > 0)
            .then_some(())
    });
    let minutes = minute() - begun;
    for at in 0..crowd {
        let app = format!("crowd{at}");
        verdict(&app, runs(&nano, &app, "ok"), minutes).unwrap();
    }
    // Its places are taken, and it alone is refused.
    let apps = nano.ctl_json(&["apps"]);
    let hoarder = apps["apps"].as_array().unwrap().iter().find(|app| app["name"] == "hoarder").unwrap();
    assert_eq!(hoarder["workers"][0]["in_flight"], json!(PLACES));
    let running = hoarder["crons"].as_array().unwrap().iter().filter(|cron| !cron["running_ms"].is_null()).count();
    assert!((PLACES..=MOST).contains(&running), "{running}");
    assert_eq!(nano.get("hoarder.local", "/").status, 503);
    let grown = resident(nano.pid()).saturating_sub(before);
    assert!(grown < GROWTH, "{grown} bytes");
    bystander.noticed_nothing();
}

#[test]
fn a_cron_that_is_begun_twice_or_forgotten_turns_it_red() {
    assert_eq!(verdict("a", 1, 1), Ok(()));
    assert_eq!(verdict("a", 1, 2), Ok(()), "its jitter is not over yet");
    assert!(verdict("a", 2, 1).is_err());
    assert!(verdict("a", 0, 1).is_err());
}
