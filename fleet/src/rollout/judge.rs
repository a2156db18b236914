//! What is to become of a rollout, from what the nodes report. No I/O, no clock: the leader says how long it has watched.

use std::collections::BTreeMap;
use std::time::Duration;

use nano_fleet_link::Numbers;
use serde::{Deserialize, Serialize};

use super::numbers::{add, p99};
use super::{Place, Rollout, State};

/// A node of a step that does not have the new version ready within this counts as one that does not take it.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(60);
/// A rollout begins when every node has said what it answered before, or after this.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// A step goes on for so long after its pause while requests wait for the new version and too few were answered to judge it.
pub(crate) const SEEN_WITHIN: Duration = Duration::from_secs(60);
/// A few errors are not a rate.
const FEW_ERRORS: u64 = 3;
/// Requests of which a 99th percentile is taken.
const FOR_P99: u64 = 50;
/// A p99 that is longer by less than this, in microseconds, is not slow: buckets are wide, and machines are busy.
const NOT_SLOW: u64 = 10_000;

/// How a node stands to an app's rollout: a part of its report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// etcd's revision at which the rollout's key was made: which rollout is meant.
    pub(crate) rollout: i64,
    /// The generation that serves here.
    pub(crate) generation: u64,
    /// Empty: all is well. Else the new version was refused here: why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) refused: String,
    /// What that generation answered while the rollout went on.
    pub(crate) numbers: Numbers,
    /// Whether that was looked at since it serves.
    #[serde(default)]
    pub(crate) counted: bool,
    /// What the versions before it had answered here; `None`: that is not known yet.
    #[serde(default)]
    pub(crate) before: Option<Numbers>,
}

/// A node that the app is for.
pub(crate) struct Seen {
    pub(crate) place: Place,
    /// `None`: it has said nothing of this rollout yet.
    pub(crate) standing: Option<Standing>,
}

/// For how long the leader has seen the rollout as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// Since it took this form.
    pub(crate) waited: Duration,
    /// With the step's nodes ready.
    pub(crate) watched: Duration,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// Nothing; whether the nodes of the step are ready, so that the pause goes on.
    Wait(bool),
    /// To this step, for the nodes up to this place.
    Step(usize, Place),
    /// The new version is the app's.
    Done,
    /// Back to the old one everywhere.
    Fail(String),
}

/// Nodes by their names.
pub(crate) type Nodes = BTreeMap<String, Seen>;

pub(crate) fn judge(rollout: &Rollout, nodes: &Nodes, times: Times) -> Move {
    if let Some(why) = fault(rollout, nodes, times) {
        return Move::Fail(why);
    }
    let running = rollout.state == State::Running;
    let Some(step) = rollout.step else {
        let known = |node: &Seen| node.standing.as_ref().is_some_and(|standing| standing.before.is_some());
        let begins = running && !nodes.is_empty() && (times.waited >= KNOWN_WITHIN || nodes.values().all(known));
        return if begins { next(rollout, nodes, 0) } else { Move::Wait(false) };
    };
    let within = nodes.values().filter(|node| node.place <= rollout.reach).count();
    let wanted = rollout.plan.steps.get(step).map_or(0, |step| step.of(nodes.len()));
    if running && within < wanted {
        // Nodes of this step are gone, or others have come.
        return Move::Step(step, reach(nodes, wanted).max(rollout.reach));
    }
    let late = times.waited >= READY_WITHIN;
    let ready = within > 0
        && nodes.values().filter(|node| node.place <= rollout.reach).all(|node| late || is_settled(rollout, node));
    let pause = Duration::from_secs(rollout.plan.pause_s);
    if !ready || !running || times.watched < pause {
        return Move::Wait(ready);
    }
    if !pause.is_zero() && times.watched < pause + SEEN_WITHIN && !is_seen(rollout, nodes) {
        return Move::Wait(true);
    }
    if within == nodes.len() { Move::Done } else { next(rollout, nodes, step + 1) }
}

/// The node that a rollout begins at. Where a load balancer keeps an app on few nodes, the others would see nothing of a
/// bad version: so it is one that answers its part of the app's requests, and of those the one that answers fewest.
/// `None`: nobody has asked for the app.
pub(crate) fn first(nodes: &Nodes) -> Option<&String> {
    let answered = |node: &Seen| {
        let before = node.standing.as_ref().and_then(|standing| standing.before.as_ref());
        before.map_or(0, |before| u128::from(before.requests))
    };
    let total: u128 = nodes.values().map(answered).sum();
    let count = u128::try_from(nodes.len()).unwrap_or(u128::MAX);
    // At least half of what each would have if all had the same.
    let has_part = |node: &Seen| answered(node) > 0 && answered(node).saturating_mul(count).saturating_mul(2) >= total;
    let asked = nodes.iter().filter(|(_, node)| has_part(node));
    asked.min_by_key(|(_, node)| (answered(node), node.place)).map(|(name, _)| name)
}

/// The new version's answers can be judged, or nobody waits for one: a version that answers nothing has no errors either.
fn is_seen(rollout: &Rollout, nodes: &Nodes) -> bool {
    let enough = if rollout.plan.fail_on.p99_factor.is_some() { FOR_P99 } else { FEW_ERRORS };
    let mut new = Numbers::default();
    let within = nodes.values().filter(|node| node.place <= rollout.reach);
    let ready = within.filter_map(|node| node.standing.as_ref()).filter(|standing| is_ready(rollout, standing));
    let mut counted = true;
    for standing in ready {
        add(&mut new, &standing.numbers);
        counted &= standing.counted;
    }
    counted && (new.requests >= enough || new.in_flight == 0)
}

/// It serves the new version, or has refused it.
fn is_settled(rollout: &Rollout, node: &Seen) -> bool {
    node.standing.as_ref().is_some_and(|standing| is_ready(rollout, standing) || !standing.refused.is_empty())
}

fn is_ready(rollout: &Rollout, standing: &Standing) -> bool {
    standing.generation == rollout.new.generation
}

/// The first step from this one on that has more nodes than have the new version; else the last.
fn next(rollout: &Rollout, nodes: &Nodes, from: usize) -> Move {
    let steps = &rollout.plan.steps;
    let within = nodes.values().filter(|node| node.place <= rollout.reach).count();
    let last = steps.len().saturating_sub(1);
    let step = (from..last).find(|step| steps.get(*step).is_some_and(|step| step.of(nodes.len()) > within));
    match step.and_then(|step| Some((step, steps.get(step)?))) {
        Some((step, size)) => Move::Step(step, reach(nodes, size.of(nodes.len())).max(rollout.reach)),
        None => Move::Step(last, Place::ALL),
    }
}

/// The place of the last of so many nodes.
fn reach(nodes: &Nodes, count: usize) -> Place {
    let mut places: Vec<Place> = nodes.values().map(|node| node.place).collect();
    places.sort_unstable();
    count.checked_sub(1).and_then(|last| places.get(last).copied()).unwrap_or(Place::NONE)
}

/// What halts it, for people.
fn fault(rollout: &Rollout, nodes: &Nodes, times: Times) -> Option<String> {
    rollout.step?;
    let fail_on = &rollout.plan.fail_on;
    let late = times.waited >= READY_WITHIN;
    let (mut new, mut old, mut before) = (Numbers::default(), Numbers::default(), Numbers::default());
    let (mut not_ready, mut reason) = (0u64, None);
    for (name, node) in nodes {
        let inside = node.place <= rollout.reach;
        let standing = node.standing.as_ref();
        if let Some(standing) = standing.filter(|standing| is_ready(rollout, standing)) {
            add(&mut new, &standing.numbers);
            if let Some(earlier) = &standing.before {
                add(&mut before, earlier);
            }
        } else if inside {
            let refused = standing.map(|standing| &standing.refused).filter(|why| !why.is_empty());
            if refused.is_some() || late {
                not_ready = not_ready.saturating_add(1);
                let why = refused.map_or("it did not have it ready in time", String::as_str);
                reason.get_or_insert_with(|| format!("{name} does not serve it: {why}"));
            }
        } else if let Some(standing) = standing {
            add(&mut old, &standing.numbers);
        }
    }
    if not_ready >= fail_on.not_ready {
        return reason;
    }
    if new.errors >= FEW_ERRORS && is_more(new.errors, fail_on.error_rate, new.requests) {
        return Some(format!(
            "of {} answers of the new version {} were 5xx (`fail_on.error_rate` is {})",
            new.requests, new.errors, fail_on.error_rate
        ));
    }
    let factor = fail_on.p99_factor?;
    let slow = p99(&new, FOR_P99)?;
    let usual = p99(&old, FOR_P99).or_else(|| p99(&before, FOR_P99))?;
    if slow.saturating_sub(usual) >= NOT_SLOW && is_more(slow, factor, usual) {
        let ms = |micros: u64| micros / 1000;
        return Some(format!(
            "the new version's p99 is {} ms, the old one's {} ms (`fail_on.p99_factor` is {factor})",
            ms(slow),
            ms(usual)
        ));
    }
    None
}

/// `value > factor * of`.
fn is_more(value: u64, factor: f64, of: u64) -> bool {
    let (value, of) = (value as f64, of as f64);
    value > factor * of
}

#[cfg(test)]
mod tests;
