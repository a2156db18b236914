//! The nodes, and waiting for them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::show::Output;
use super::{ClientError, Fleet};
use crate::agent::{Report, Unready};
use crate::app_entry::AppEntry;

/// How often the nodes are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is said of a node whose lease has ended.
const GONE: &str = "it is not connected any more";

#[derive(Debug, Args)]
pub(crate) struct WaitArguments {
    /// How long to wait for the nodes, in seconds; 0: not at all; without it: 60, and for a rollout as long as it may take
    #[arg(long, value_name = "S")]
    pub(crate) timeout: Option<u64>,
}

impl WaitArguments {
    /// For a change of all nodes at once.
    pub(crate) fn seconds(&self) -> u64 {
        self.timeout.unwrap_or(60)
    }
}

/// The reports of the nodes that are connected; `None`: one that is not understood.
pub(crate) async fn reports(fleet: &Fleet) -> Result<BTreeMap<String, Option<Report>>, ClientError> {
    let prefix = fleet.keys.nodes();
    let (values, _) = fleet.etcd.list(&prefix, false).await?;
    let report = |value: crate::etcd::messages::KeyValue| {
        let name = String::from_utf8_lossy(&value.key).strip_prefix(&prefix)?.to_owned();
        Some((name, serde_json::from_slice(&value.value).ok()))
    };
    Ok(values.into_iter().filter_map(report).collect())
}

/// How one node stands to a change.
fn standing(report: Option<&Report>, app: &str, revision: i64) -> (&'static str, String) {
    let Some(report) = report else { return ("unknown", "its report is not understood".to_owned()) };
    match report.unready.get(app) {
        Some(Unready { state, why, revision: meant }) if meant >= &revision => {
            (if state == "refused" { "refused" } else { "pending" }, why.clone())
        }
        // What is not listed may be older than all that is.
        None if !report.lists(revision) => ("pending", "the node has more unready apps than it lists".to_owned()),
        _ if report.revision >= revision => ("ready", String::new()),
        _ => ("pending", report.error.clone()),
    }
}

/// Waits until every node that is meant serves the change or refuses it, and prints a line for each. True: all serve it.
/// `entry`: `None` for an app that was removed.
pub(crate) async fn wait_for(
    fleet: &Fleet,
    output: &Output,
    (app, entry, revision): (&str, Option<&AppEntry>, i64),
    wait: &WaitArguments,
) -> Result<(bool, Value), ClientError> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(wait.seconds());
    let mut said: BTreeMap<String, (&'static str, String)> = BTreeMap::new();
    loop {
        let mut open = false;
        let reports = reports(fleet).await?;
        for (node, (state, why)) in &mut said {
            if *state == "pending" && !reports.contains_key(node) && !why.starts_with(GONE) {
                *why = if why.is_empty() { GONE.to_owned() } else { format!("{GONE}; {why}") };
            }
        }
        for (node, report) in reports {
            let labels = report.as_ref().map(|report| &report.labels);
            if entry.is_some_and(|entry| labels.is_some_and(|labels| !entry.is_for(labels))) {
                continue;
            }
            let (state, why) = standing(report.as_ref(), app, revision);
            let is_final = |state: &str| matches!(state, "ready" | "refused");
            if is_final(state) && !said.get(&node).is_some_and(|(before, _): &(&str, String)| is_final(before)) {
                let took = begun.elapsed().as_millis();
                output.line(&format!("{node}: {}", line_of(state, &why, entry.is_none(), took)));
            }
            open |= state == "pending";
            said.insert(node, (state, why));
        }
        if !open || Instant::now() >= until {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    for (node, (state, why)) in said.iter().filter(|(_, (state, _))| !matches!(*state, "ready" | "refused")) {
        output.line(&format!("{node}: {}", line_of(state, why, false, begun.elapsed().as_millis())));
    }
    if said.is_empty() {
        output.line("no node is connected that serves it");
    }
    let all = said.values().all(|(state, _)| *state == "ready");
    let nodes: BTreeMap<&String, Value> =
        said.iter().map(|(node, (state, why))| (node, json!({ "state": state, "why": why }))).collect();
    Ok((all, json!(nodes)))
}

/// The same for many apps at once: a line for each node, and one for each app that it refuses.
pub(crate) async fn wait_for_all(
    fleet: &Fleet,
    output: &Output,
    written: &[(String, AppEntry, i64)],
    wait: &WaitArguments,
) -> Result<(bool, Value), ClientError> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(wait.seconds());
    let mut said: BTreeMap<String, (usize, Vec<String>, Vec<String>)> = BTreeMap::new();
    loop {
        let mut open = false;
        for (node, report) in reports(fleet).await? {
            let before = said.get(&node);
            if before.is_some_and(|(_, _, pending)| pending.is_empty()) {
                continue;
            }
            let labels = report.as_ref().map(|report| &report.labels);
            let (mut ready, mut refused, mut pending) = (0usize, Vec::new(), Vec::new());
            for (app, entry, revision) in written {
                if labels.is_some_and(|labels| !entry.is_for(labels)) {
                    continue;
                }
                match standing(report.as_ref(), app, *revision) {
                    ("ready", _) => ready = ready.saturating_add(1),
                    ("refused", why) => refused.push(format!("{app}: {why}")),
                    _ => pending.push(app.clone()),
                }
            }
            if pending.is_empty() {
                let took = begun.elapsed().as_millis();
                output.line(&format!("{node}: {ready} apps ready ({took} ms), {} refused", refused.len()));
                refused.iter().for_each(|line| output.line(&format!("{node}: refused: {line}")));
            }
            open |= !pending.is_empty();
            said.insert(node, (ready, refused, pending));
        }
        if !open || Instant::now() >= until {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    for (node, (ready, _, pending)) in said.iter().filter(|(_, (.., pending))| !pending.is_empty()) {
        output.line(&format!("{node}: {ready} apps ready, {} not done yet", pending.len()));
    }
    if said.is_empty() {
        output.line("no node is connected that serves them");
    }
    let all = said.values().all(|(_, refused, pending)| refused.is_empty() && pending.is_empty());
    let shown = said.into_iter().map(|(node, (ready, refused, pending))| {
        (node, json!({ "ready": ready, "refused": refused, "pending": pending }))
    });
    Ok((all, Value::Object(shown.collect())))
}

fn line_of(state: &str, why: &str, removed: bool, took: u128) -> String {
    match state {
        "ready" if removed => format!("removed ({took} ms)"),
        "ready" => format!("ready ({took} ms)"),
        "refused" => format!("refused, the version before it goes on serving: {why}"),
        "pending" if why.is_empty() => "not done yet".to_owned(),
        other => format!("{other}: {why}"),
    }
}

pub(crate) async fn list(fleet: &Fleet, output: &Output) -> Result<bool, ClientError> {
    let reports = reports(fleet).await?;
    let rows = reports.iter().map(|(node, report)| match report {
        Some(report) => {
            let labels: Vec<String> = report.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            vec![
                node.clone(),
                report.version.clone(),
                report.revision.to_string(),
                report.apps.to_string(),
                report.unready_count.to_string(),
                report.load.workers.to_string(),
                report.load.in_flight.to_string(),
                labels.join(","),
            ]
        }
        None => vec![node.clone(), "?".to_owned()],
    });
    output.table(
        &["NODE", "VERSION", "REVISION", "APPS", "UNREADY", "WORKERS", "IN FLIGHT", "LABELS"],
        &rows.collect::<Vec<_>>(),
    );
    output.value(&json!({ "nodes": reports }));
    Ok(true)
}

/// How the fleet stands; false: something needs to be looked at.
pub(crate) async fn status(fleet: &Fleet, output: &Output) -> Result<bool, ClientError> {
    let (apps, revision) = fleet.etcd.list(&fleet.keys.apps(), false).await?;
    let newest = apps.iter().map(|app| app.mod_revision).max().unwrap_or(0);
    let reports = reports(fleet).await?;
    let rollouts = super::rollout::all(fleet).await?;
    let mut sound = true;
    output.line(&format!("{} apps, {} nodes, etcd at revision {revision}", apps.len(), reports.len()));
    for (node, report) in &reports {
        let Some(report) = report else {
            sound = false;
            output.line(&format!("{node}: its report is not understood"));
            continue;
        };
        let behind = report.revision < newest;
        sound &= !behind && report.unready_count == 0 && report.error.is_empty();
        if behind {
            output.line(&format!("{node}: behind: at revision {}, the table's is {newest}", report.revision));
        }
        if !report.error.is_empty() {
            output.line(&format!("{node}: {}", report.error));
        }
        for (app, unready) in &report.unready {
            output.line(&format!("{node}: {app} {}: {}", unready.state, unready.why));
        }
    }
    for line in super::rollout::lines(&rollouts, &reports) {
        output.line(&line);
    }
    if sound && !reports.is_empty() {
        output.line("every node serves the newest table");
    }
    output.value(&json!({
        "apps": apps.len(), "revision": revision, "table_revision": newest, "sound": sound, "nodes": reports,
        "rollouts": super::rollout::shown(&rollouts),
    }));
    Ok(sound && !reports.is_empty())
}
