//! A staged rollout: the value of `rollouts/NAME`. While it is there, `apps/NAME` has the version before it, and a node
//! serves the new one if its place among the app's nodes is within the rollout's reach. It ends when the key is removed:
//! with the new version in `apps/NAME`, or without.

pub(crate) mod judge;
pub(crate) mod numbers;
pub(crate) mod plan;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::app_entry::{AppEntry, EntryError, MAX_ENTRY};
use plan::{Plan, PlanError};

/// Largest value, in bytes: an app's, and what else is said.
pub(crate) const MAX_ROLLOUT: usize = MAX_ENTRY + (16 << 10);
/// Rollouts that move at once; those that began later wait.
pub(crate) const AT_ONCE: usize = nano_fleet_link::MAX_WATCHED;

/// Longest name of a node, in bytes.
const MAX_NODE: usize = 256;

/// What a rollout may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Running,
    /// It stays at its step, and is watched still.
    Paused,
}

/// The value of `rollouts/NAME`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollout {
    /// What `apps/NAME` is to become.
    pub(crate) new: AppEntry,
    /// The generation in `apps/NAME`.
    pub(crate) old: u64,
    /// etcd's revision of `apps/NAME`: it has to be this still when the rollout is done.
    pub(crate) base: i64,
    pub(crate) plan: Plan,
    /// The index of the step that nodes are to be at; `None`: no step was begun.
    pub(crate) step: Option<usize>,
    /// Nodes up to this place serve the new version.
    pub(crate) reach: Place,
    /// The node that comes before all others; empty: none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) first: String,
    pub(crate) state: State,
}

/// What is wrong with a rollout's value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RolloutError {
    #[error("the value has {0} bytes, and may have {MAX_ROLLOUT}")]
    Large(usize),
    #[error("the value is no rollout: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("{0}")]
    Entry(#[from] EntryError),
    #[error("{0}")]
    Plan(#[from] PlanError),
    #[error("its step, its first node or its generation is out of range")]
    Range,
}

impl Rollout {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, RolloutError> {
        if value.len() > MAX_ROLLOUT {
            return Err(RolloutError::Large(value.len()));
        }
        let rollout: Self = serde_json::from_slice(value)?;
        rollout.new.check()?;
        rollout.plan.check()?;
        let begun = rollout.step.is_none_or(|step| step < rollout.plan.steps.len());
        if !begun || rollout.first.len() > MAX_NODE || rollout.new.generation <= rollout.old || rollout.base <= 0 {
            return Err(RolloutError::Range);
        }
        Ok(rollout)
    }

    /// Whether this node is to serve the new version. `present`: the generation in `apps/NAME`.
    pub(crate) fn reaches(&self, app: &str, node: &str, present: u64) -> bool {
        self.step.is_some() && present == self.old && self.place(app, node) <= self.reach
    }

    /// A node's place in this rollout.
    pub(crate) fn place(&self, app: &str, node: &str) -> Place {
        if !self.first.is_empty() && node == self.first { Place::FIRST } else { Place::of(app, node) }
    }

    /// For people: `step 2 of 3 (25%)`.
    pub(crate) fn step_line(&self) -> String {
        match self.step.and_then(|step| Some((step + 1, self.plan.steps.get(step)?))) {
            Some((number, step)) => format!("step {number} of {} ({step})", self.plan.steps.len()),
            None => "not begun".to_owned(),
        }
    }
}

/// A node's place among those of an app, from a hash of both names: the same wherever it is computed, whichever nodes there
/// are, and another for each app, so that not always the same node is the first. 16 hexadecimal digits in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Place(u64);

impl Place {
    /// Before every node.
    pub(crate) const NONE: Self = Self(0);
    /// Of the node that a rollout names as its first.
    const FIRST: Self = Self(1);
    /// Every node is within it, those that come later, too.
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) fn of(app: &str, node: &str) -> Self {
        // Neither name has the separator in it.
        let hash = digest(&SHA256, format!("{app}\n{node}").as_bytes());
        let first = hash.as_ref().iter().take(8).fold(0, |place, byte| place << 8 | u64::from(*byte));
        Self(first.max(2))
    }

    /// A time within `whole` that is as far from its beginning as the place is from the first.
    pub(crate) fn part_of(self, whole: std::time::Duration) -> std::time::Duration {
        whole.mul_f64(self.0 as f64 / u64::MAX as f64)
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        format!("{:016x}", place.0)
    }
}

impl TryFrom<String> for Place {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let place = u64::from_str_radix(&text, 16).ok().filter(|_| digits);
        place.map(Self).ok_or("expected 16 hexadecimal digits")
    }
}

#[cfg(test)]
mod tests;
