//! `rollout`, and what `deploy` does for an app that has one: begins it, and follows what the leader among the nodes makes
//! of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Subcommand;
use serde_json::{Value, json};

use super::apps::{checked, find as find_app, generations, now};
use super::deploy::by;
use super::nodes::{WaitArguments, reports};
use super::show::Output;
use super::{ClientError, Fleet};
use crate::agent::{Report, end};
use crate::app_entry::{AppEntry, End, EntryError};
use crate::etcd::messages::{KeyValue, RequestOp};
use crate::etcd::{delete_op, exists, is_at, put_op};
use crate::rollout::judge::{READY_WITHIN, SEEN_WITHIN, Standing};
use crate::rollout::{Place, Rollout, RolloutError, State};

/// How often etcd is asked how it goes.
const LOOK: Duration = Duration::from_millis(250);
/// How long nodes may take to go back to the version before.
const BACK: Duration = Duration::from_secs(30);
/// Attempts at a change that others, the leader above all, may come before.
const ATTEMPTS: usize = 50;

#[derive(Debug, Subcommand)]
pub(crate) enum RolloutAction {
    /// Let it stay at its step; it is still watched, and rolled back if it fails
    Pause {
        /// The app's name
        app: String,
    },
    /// Let it go on
    Resume {
        /// The app's name
        app: String,
    },
    /// End it: the version before it serves everywhere again
    Abort {
        /// The app's name
        app: String,
        #[command(flatten)]
        wait: WaitArguments,
    },
}

pub(crate) async fn run(fleet: &Fleet, output: &Output, action: &RolloutAction) -> Result<bool, ClientError> {
    match action {
        RolloutAction::Pause { app } => turn(fleet, output, app, State::Paused).await,
        RolloutAction::Resume { app } => turn(fleet, output, app, State::Running).await,
        RolloutAction::Abort { app, wait } => abort(fleet, output, app, wait).await,
    }
}

/// The rollout of an app with its key, if there is one.
pub(crate) async fn find(
    fleet: &Fleet,
    name: &str,
) -> Result<Option<(KeyValue, Result<Rollout, RolloutError>)>, ClientError> {
    let (value, _) = fleet.etcd.get(fleet.keys.rollout(checked(name)?).into_bytes()).await?;
    Ok(value.map(|value| {
        let rollout = Rollout::parse(&value.value);
        (value, rollout)
    }))
}

/// Every rollout; or what is wrong with its value.
pub(crate) async fn all(fleet: &Fleet) -> Result<BTreeMap<String, Result<Rollout, String>>, ClientError> {
    let prefix = fleet.keys.rollouts();
    let (values, _) = fleet.etcd.list(&prefix, false).await?;
    let rollout = |value: KeyValue| {
        let name = std::str::from_utf8(&value.key).ok()?.strip_prefix(&prefix)?.to_owned();
        Some((name, Rollout::parse(&value.value).map_err(|error| error.to_string())))
    };
    Ok(values.into_iter().filter_map(rollout).collect())
}

/// Makes the rollout's key; the revision.
pub(crate) async fn begin(
    fleet: &Fleet,
    (name, entry): (&str, &AppEntry),
    (old, base): (u64, i64),
) -> Result<i64, ClientError> {
    let keys = &fleet.keys;
    let plan = entry.rollout.clone().unwrap_or_default();
    let new = entry.clone();
    let (reach, first) = (Place::NONE, String::new());
    let rollout = Rollout { new, old, base, plan, step: None, reach, first, state: State::Running };
    let value = serde_json::to_vec(&rollout).map_err(EntryError::from)?;
    let key = keys.rollout(name);
    let conditions = vec![is_at(&keys.app(name), base), is_at(&key, 0), exists(&keys.manifest(&entry.bundle))];
    let success = vec![put_op(&key, value), put_op(&keys.uploaded(&entry.bundle), now().to_string().into_bytes())];
    fleet.etcd.transact(conditions, success).await?.ok_or_else(|| ClientError::Raced(name.to_owned()))
}

/// What removes a rollout's key in favour of the version before it.
async fn ends(fleet: &Fleet, name: &str, rollout: Option<&Rollout>) -> Result<Vec<RequestOp>, ClientError> {
    match rollout {
        Some(rollout) => {
            let why = format!("by {}", by());
            Ok(end(&fleet.etcd, &fleet.keys, (name, rollout), (End::Aborted, &why)).await?)
        }
        // What is not understood is removed all the same.
        None => Ok(vec![delete_op(&fleet.keys.rollout(name), false)]),
    }
}

/// Ends a rollout if one goes on: the revision at which its key was made.
pub(crate) async fn end_now(fleet: &Fleet, name: &str) -> Result<Option<i64>, ClientError> {
    for _ in 0..ATTEMPTS {
        let Some((value, rollout)) = find(fleet, name).await? else { return Ok(None) };
        let success = ends(fleet, name, rollout.as_ref().ok()).await?;
        let seen = is_at(&fleet.keys.rollout(name), value.mod_revision);
        if fleet.etcd.transact(vec![seen], success).await?.is_some() {
            return Ok(Some(value.create_revision));
        }
    }
    Err(ClientError::Raced(name.to_owned()))
}

pub(crate) async fn abort(
    fleet: &Fleet,
    output: &Output,
    name: &str,
    wait: &WaitArguments,
) -> Result<bool, ClientError> {
    let made = end_now(fleet, name).await?.ok_or_else(|| ClientError::NoRollout(name.to_owned()))?;
    let old = find_app(fleet, name).await?.map_or(0, |(entry, _)| entry.generation);
    let limit = wait.timeout.map_or(BACK, Duration::from_secs);
    let back = limit.is_zero() || are_back(fleet, name, made, limit).await?;
    let line = if back { "serves everywhere" } else { "is to serve everywhere; not every node is back yet" };
    output.line(&format!("{name}: the rollout was aborted, generation {old} {line}"));
    output.value(&json!({ "app": name, "aborted": true, "generation": old, "ready": back }));
    Ok(back)
}

async fn turn(fleet: &Fleet, output: &Output, name: &str, state: State) -> Result<bool, ClientError> {
    let word = if state == State::Paused { "paused" } else { "goes on" };
    for _ in 0..ATTEMPTS {
        let Some((value, rollout)) = find(fleet, name).await? else {
            return Err(ClientError::NoRollout(name.to_owned()));
        };
        let rollout = rollout.map_err(|error| ClientError::Usage(format!("{name}: {error}")))?;
        let line = rollout.step_line();
        let turned = Rollout { state, ..rollout.clone() };
        let key = fleet.keys.rollout(name);
        let text = serde_json::to_vec(&turned).map_err(EntryError::from)?;
        let done = turned == rollout
            || fleet.etcd.transact(vec![is_at(&key, value.mod_revision)], vec![put_op(&key, text)]).await?.is_some();
        if done {
            output.line(&format!("{name}: the rollout {word}, {line}"));
            output.value(&json!({ "app": name, "state": state, "step": line }));
            return Ok(true);
        }
    }
    Err(ClientError::Raced(name.to_owned()))
}

/// Waits until no node has a part in the rollout any more.
async fn are_back(fleet: &Fleet, name: &str, made: i64, limit: Duration) -> Result<bool, ClientError> {
    let until = Instant::now() + limit;
    loop {
        let reports = reports(fleet).await?;
        let has = |report: &Report| report.rollouts.get(name).is_some_and(|standing| standing.rollout == made);
        if !reports.values().flatten().any(has) {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Prints what becomes of a rollout until it has ended; true: the new version is the app's.
pub(crate) async fn follow(
    fleet: &Fleet,
    output: &Output,
    (name, entry, made): (&str, &AppEntry, i64),
    wait: &WaitArguments,
) -> Result<bool, ClientError> {
    let mut following = Following::new(name, entry.generation, made);
    let shown = |how: &str, step: &str, why: &str, nodes: Value| {
        json!({
            "app": name, "generation": entry.generation, "bundle": entry.bundle, "ready": how == End::Done.word(),
            "rollout": { "state": how, "step": step, "why": why }, "nodes": nodes,
        })
    };
    if wait.timeout == Some(0) {
        output.line(&format!("{name}: the rollout has begun; `nanoctl fleet status` shows it"));
        output.value(&shown("running", "not begun", "", json!({})));
        return Ok(true);
    }
    // While it is paused no time passes.
    let steps = u32::try_from(entry.rollout.as_ref().map_or(0, |plan| plan.steps.len())).unwrap_or(u32::MAX);
    let pause = entry.rollout.as_ref().map_or(0, |plan| plan.pause_s);
    let own = (Duration::from_secs(pause) + READY_WITHIN + SEEN_WITHIN).saturating_mul(steps.saturating_add(1));
    let limit = wait.timeout.map_or(own, Duration::from_secs);
    let (mut spent, mut looked) = (Duration::ZERO, Instant::now());
    let step = loop {
        match find(fleet, name).await? {
            Some((value, Ok(rollout))) if value.create_revision == made => {
                following.look(&rollout, &reports(fleet).await?, output);
                if rollout.state == State::Running {
                    spent += looked.elapsed();
                }
                if spent >= limit {
                    let line = rollout.step_line();
                    output.line(&format!("{name}: the rollout goes on, {line}; `nanoctl fleet status` shows it"));
                    output.value(&shown("running", &line, "not waited for any longer", following.nodes()));
                    return Ok(false);
                }
            }
            _ => break following.step.clone(),
        }
        looked = Instant::now();
        tokio::time::sleep(LOOK).await;
    };
    let kept = generations(fleet, name).await?;
    let ended = kept.into_iter().find(|kept| kept.generation == entry.generation).and_then(|kept| kept.ended);
    let (how, step, why) = match ended {
        Some(ended) => (ended.how.word(), ended.step, ended.why),
        None => ("gone", step, "its key was removed".to_owned()),
    };
    let done = how == End::Done.word();
    let back = done || are_back(fleet, name, made, BACK).await?;
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    output.line(&format!("{name}: {how} at {step}{because}"));
    if !done {
        let line = if back { "serves everywhere" } else { "is to serve everywhere; not every node is back yet" };
        output.line(&format!("{name}: the version before {line}"));
    }
    output.value(&shown(how, &step, &why, following.nodes()));
    Ok(done)
}

/// What was printed of a rollout.
struct Following<'f> {
    name: &'f str,
    generation: u64,
    made: i64,
    begun: Instant,
    step: String,
    state: State,
    /// Each node of the steps so far, with how it stands.
    nodes: BTreeMap<String, &'static str>,
}

impl<'f> Following<'f> {
    fn new(name: &'f str, generation: u64, made: i64) -> Self {
        let (begun, state) = (Instant::now(), State::Running);
        Self { name, generation, made, begun, step: String::new(), state, nodes: BTreeMap::new() }
    }

    fn look(&mut self, rollout: &Rollout, reports: &BTreeMap<String, Option<Report>>, output: &Output) {
        let step = rollout.step_line();
        if rollout.step.is_some() && step != self.step {
            let matching = reports.values().flatten().filter(|report| rollout.new.is_for(&report.labels)).count();
            let within = within(self.name, rollout, reports).count();
            output.line(&format!("{step}: {within} of {matching} nodes"));
        }
        if rollout.step.is_some() {
            self.step = step;
        }
        if rollout.state != self.state {
            output.line(if rollout.state == State::Paused { "paused" } else { "goes on" });
            self.state = rollout.state;
        }
        for (node, report) in within(self.name, rollout, reports) {
            let standing = report.rollouts.get(self.name).filter(|standing| standing.rollout == self.made);
            let is = match standing {
                Some(standing) if standing.generation == self.generation => "ready",
                Some(Standing { refused, .. }) if !refused.is_empty() => "refused",
                _ => "pending",
            };
            if self.nodes.insert(node.clone(), is) == Some(is) || is == "pending" {
                continue;
            }
            let took = self.begun.elapsed().as_millis();
            let why = standing.map(|standing| standing.refused.as_str()).unwrap_or_default();
            output.line(&match is {
                "ready" => format!("{node}: ready ({took} ms)"),
                _ => format!("{node}: refused, the version before it goes on serving: {why}"),
            });
        }
    }

    fn nodes(&self) -> Value {
        self.nodes
            .iter()
            .map(|(node, is)| (node.clone(), json!({ "state": is })))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// The nodes that are to serve the new version.
fn within<'r>(
    name: &'r str,
    rollout: &'r Rollout,
    reports: &'r BTreeMap<String, Option<Report>>,
) -> impl Iterator<Item = (&'r String, &'r Report)> {
    let known = reports.iter().filter_map(|(node, report)| Some((node, report.as_ref()?)));
    known.filter(move |(node, report)| {
        rollout.new.is_for(&report.labels) && rollout.step.is_some() && rollout.place(name, node) <= rollout.reach
    })
}

/// For `fleet status`.
pub(crate) fn lines(
    rollouts: &BTreeMap<String, Result<Rollout, String>>,
    reports: &BTreeMap<String, Option<Report>>,
) -> Vec<String> {
    let line = |(name, rollout): (&String, &Result<Rollout, String>)| match rollout {
        Ok(rollout) => {
            let state = if rollout.state == State::Paused { "paused" } else { "running" };
            let nodes: Vec<&str> = within(name, rollout, reports).map(|(node, _)| node.as_str()).take(20).collect();
            let generation = rollout.new.generation;
            format!("{name}: rollout of generation {generation} {state}, {}: {}", rollout.step_line(), nodes.join(", "))
        }
        Err(error) => format!("{name}: its rollout is not understood (`nanoctl rollout abort {name}`): {error}"),
    };
    rollouts.iter().map(line).collect()
}

/// For programs: without the settings, which have `env`.
pub(crate) fn shown(rollouts: &BTreeMap<String, Result<Rollout, String>>) -> Value {
    let one = |(name, rollout): (&String, &Result<Rollout, String>)| {
        let value = match rollout {
            Ok(Rollout { new, old, plan, step, state, .. }) => json!({
                "generation": new.generation, "old": old, "steps": plan.steps, "step": step, "state": state,
                "at": new.at, "by": new.by,
            }),
            Err(error) => json!({ "error": error }),
        };
        (name.clone(), value)
    };
    rollouts.iter().map(one).collect::<serde_json::Map<_, _>>().into()
}
