//! The books: what became of each request, as its client saw it.

use nano_test::Metrics;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Answered as it should be.
    Served,
    /// Answered by the supervisor in place of the app: status, and the body's `code`.
    Refused(u16, String),
    /// The answer began with this status and ended before its end.
    Cut(u16),
    /// The client left before there was an answer.
    Left,
    /// The client left when the answer had begun with this status.
    LeftAt(u16),
    /// Anything else: no answer, another answer, no code.
    Lost(String),
}

impl Outcome {
    /// The status that the supervisor has counted it under; `None` when the client cannot know.
    fn status(&self) -> Option<u16> {
        match self {
            Self::Served => Some(200),
            Self::Refused(status, _) | Self::Cut(status) | Self::LeftAt(status) => Some(*status),
            Self::Left | Self::Lost(_) => None,
        }
    }
}

/// Everything that was counted.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<BTreeMap<(String, Outcome), u64>>,
}

/// The status under which the supervisor counts a client that left.
#[cfg(test)]
const CLIENT_LEFT: u16 = 499;

impl Ledger {
    /// Enters one request.
    pub(crate) fn enter(&self, app: &str, outcome: Outcome) {
        *self.entries.lock().unwrap().entry((app.to_owned(), outcome)).or_default() += 1;
    }

    fn of(&self, app: &str) -> BTreeMap<Outcome, u64> {
        let entries = self.entries.lock().unwrap();
        entries.iter().filter(|((name, _), _)| name == app).map(|((_, what), count)| (what.clone(), *count)).collect()
    }

    fn apps(&self) -> Vec<String> {
        let entries = self.entries.lock().unwrap();
        let mut apps: Vec<String> = entries.keys().map(|(app, _)| app.clone()).collect();
        apps.dedup();
        apps
    }

    /// What is wrong with it, if anything.
    pub(crate) fn verdict(&self, untouched: &[&str]) -> Result<(), String> {
        let mut faults = String::new();
        for app in self.apps() {
            let all = self.of(&app);
            for (outcome, count) in &all {
                let fine = match outcome {
                    Outcome::Served => true,
                    Outcome::Lost(_) => false,
                    _ => !untouched.contains(&app.as_str()),
                };
                if !fine {
                    let _ = writeln!(faults, "{app}: {count} × {outcome:?}");
                }
            }
            if !all.contains_key(&Outcome::Served) {
                let _ = writeln!(faults, "{app}: never served");
            }
        }
        for app in untouched.iter().filter(|app| self.of(app).is_empty()) {
            let _ = writeln!(faults, "{app}: it got no request");
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Where it and the metrics differ, if they do.
    pub(crate) fn compare(&self, metrics: &Metrics) -> Result<(), String> {
        let mut faults = String::new();
        for app in self.apps() {
            let mut counted = BTreeMap::<u16, u64>::new();
            let mut unknown = 0;
            for (outcome, count) in self.of(&app) {
                match outcome.status() {
                    Some(status) => *counted.entry(status).or_default() += count,
                    None => unknown += count,
                }
            }
            let mut exported = BTreeMap::<u16, u64>::new();
            for status in 200..600_u16 {
                let labels = [("app", app.as_str()), ("code", &status.to_string())];
                if let Some(value) = metrics.get("nano_http_requests_total", &labels).filter(|value| *value > 0.0) {
                    exported.insert(status, format!("{value}").parse().unwrap());
                }
            }
            // Who left may be counted under what he would have got.
            let more =
                |status: &u16| exported.get(status).unwrap_or(&0).checked_sub(*counted.get(status).unwrap_or(&0));
            let excess: Option<u64> = exported
                .keys()
                .chain(counted.keys())
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .map(more)
                .sum();
            if excess != Some(unknown) {
                let _ = writeln!(
                    faults,
                    "{app}: clients saw {counted:?} and {unknown} unknown, the metrics say {exported:?}"
                );
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// As a table.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("| app | requests | served | lost | refused, cut, left |\n|---|---|---|---|---|\n");
        for app in self.apps() {
            let all = self.of(&app);
            let total: u64 = all.values().sum();
            let lost: u64 =
                all.iter().filter(|(what, _)| matches!(what, Outcome::Lost(_))).map(|(_, count)| count).sum();
            let others: Vec<String> = all
                .iter()
                .filter_map(|(what, count)| match what {
                    Outcome::Served | Outcome::Lost(_) => None,
                    Outcome::Refused(status, code) => Some(format!("{status} {code}: {count}")),
                    Outcome::Cut(status) => Some(format!("cut {status}: {count}")),
                    Outcome::Left => Some(format!("left: {count}")),
                    Outcome::LeftAt(status) => Some(format!("left at {status}: {count}")),
                })
                .collect();
            let served = all.get(&Outcome::Served).unwrap_or(&0);
            let _ = writeln!(text, "| {app} | {total} | {served} | {lost} | {} |", others.join(", "));
        }
        text
    }
}

#[test]
fn books_with_a_lost_request_turn_red() {
    let books = |entries: &[(&str, Outcome)]| {
        let ledger = Ledger::default();
        for (app, outcome) in entries {
            ledger.enter(app, Outcome::Served);
            ledger.enter(app, outcome.clone());
        }
        ledger
    };
    let refused = || Outcome::Refused(502, "worker_died".to_owned());
    assert_eq!(books(&[("calm", Outcome::Served), ("wild", refused())]).verdict(&["calm"]), Ok(()));
    assert!(books(&[("calm", refused())]).verdict(&["calm"]).is_err());
    assert!(books(&[("calm", Outcome::Cut(200))]).verdict(&["calm"]).is_err());
    assert!(books(&[("wild", Outcome::Lost("no answer".to_owned()))]).verdict(&["calm"]).is_err());
    assert!(books(&[("wild", Outcome::Served)]).verdict(&["calm"]).is_err(), "it got no request");
}

#[test]
fn books_that_differ_from_the_metrics_turn_red() {
    let ledger = Ledger::default();
    ledger.enter("a", Outcome::Served);
    ledger.enter("a", Outcome::Refused(503, "cpu_limit".to_owned()));
    ledger.enter("a", Outcome::Left);
    let scrape = |rows: &[(u16, u32)]| {
        let row =
            |(code, count): &(u16, u32)| format!("nano_http_requests_total{{app=\"a\",code=\"{code}\"}} {count}\n");
        ledger.compare(&Metrics { text: rows.iter().map(row).collect() })
    };
    assert_eq!(scrape(&[(200, 1), (503, 1), (CLIENT_LEFT, 1)]), Ok(()));
    // Who left just before his answer came.
    assert_eq!(scrape(&[(200, 2), (503, 1)]), Ok(()));
    assert!(scrape(&[(200, 1), (503, 1)]).is_err());
    assert!(scrape(&[(200, 1), (502, 1), (CLIENT_LEFT, 1)]).is_err());
    assert!(scrape(&[(200, 3), (503, 1)]).is_err());
}
