//! The setting `rollout` of an app: the steps in which a new version reaches the nodes, and what halts it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most steps.
const MAX_STEPS: usize = 20;
/// Longest pause, in seconds.
const MAX_PAUSE: u64 = 86_400;

/// `{"steps": ["1", "25%", "100%"], "pause_s": 30, "fail_on": {…}}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Plan {
    /// How many nodes have the new version, of those that the app is for. The last is all of them.
    pub(crate) steps: Vec<Step>,
    /// For how long each step is watched, in seconds, once its nodes serve the new version.
    pub(crate) pause_s: u64,
    pub(crate) fail_on: FailOn,
}

/// What halts a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FailOn {
    /// More than this part of the new version's answers are 500 to 599.
    pub(crate) error_rate: f64,
    /// The new version's p99 is more than so many times the old one's; `None`: not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99_factor: Option<f64>,
    /// So many nodes of a step refuse the new version, or do not have it ready in time.
    pub(crate) not_ready: u64,
}

/// What is wrong with one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("rollout: {0}; expected an object such as {{\"steps\": [\"1\", \"25%\", \"100%\"], \"pause_s\": 30}}")]
    Malformed(#[from] serde_json::Error),
    #[error("rollout.steps: 1 to {MAX_STEPS} steps, each more than the one before, and the last is \"100%\"")]
    Steps,
    #[error("rollout.pause_s: at most {MAX_PAUSE} seconds")]
    Pause,
    #[error("rollout.fail_on.error_rate: a part of the requests, 0 to 1, as 0.02")]
    ErrorRate,
    #[error("rollout.fail_on.p99_factor: a number from 1 to 1000")]
    Factor,
    #[error("rollout.fail_on.not_ready: a number of nodes, at least 1")]
    NotReady,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            steps: vec![Step::Nodes(1), Step::Percent(25), Step::Percent(100)],
            pause_s: 30,
            fail_on: FailOn::default(),
        }
    }
}

impl Default for FailOn {
    fn default() -> Self {
        Self { error_rate: 0.02, p99_factor: None, not_ready: 1 }
    }
}

impl Plan {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        let steps = &self.steps;
        let grow = steps.windows(2).all(|pair| match pair {
            [Step::Nodes(one), Step::Nodes(next)] => one < next,
            [Step::Percent(one), Step::Percent(next)] => one < next,
            // Which of them is more depends on how many nodes there are.
            _ => true,
        });
        if !grow || steps.len() > MAX_STEPS || steps.last() != Some(&Step::Percent(100)) {
            return Err(PlanError::Steps);
        }
        if self.pause_s > MAX_PAUSE {
            return Err(PlanError::Pause);
        }
        let FailOn { error_rate, p99_factor, not_ready } = self.fail_on;
        if !(0.0..=1.0).contains(&error_rate) {
            return Err(PlanError::ErrorRate);
        }
        if p99_factor.is_some_and(|factor| !(1.0..=1000.0).contains(&factor)) {
            return Err(PlanError::Factor);
        }
        if not_ready == 0 {
            return Err(PlanError::NotReady);
        }
        Ok(())
    }
}

/// `"3"`: three nodes; `"25%"`: a quarter of them, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Step {
    Nodes(u32),
    Percent(u32),
}

impl Step {
    /// Of so many nodes.
    pub(crate) fn of(self, nodes: usize) -> usize {
        match self {
            Self::Nodes(count) => usize::try_from(count).unwrap_or(usize::MAX).min(nodes),
            Self::Percent(part) => usize::try_from(part).unwrap_or(100).saturating_mul(nodes).div_ceil(100).min(nodes),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(count) => write!(f, "{count}"),
            Self::Percent(part) => write!(f, "{part}%"),
        }
    }
}

impl From<Step> for String {
    fn from(step: Step) -> Self {
        step.to_string()
    }
}

impl TryFrom<String> for Step {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let number = |digits: &str| {
            digits.parse::<u32>().ok().filter(|_| digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let step = match text.strip_suffix('%') {
            Some(digits) => number(digits).filter(|part| (1..=100).contains(part)).map(Self::Percent),
            None => number(&text).filter(|count| *count > 0).map(Self::Nodes),
        };
        step.ok_or("a step is a number of nodes, as \"1\", or a part of them, as \"25%\"")
    }
}
