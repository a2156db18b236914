//! What `nano` and its agent, `nano-fleet agent`, say to each other: JSON, one value a line, on the agent's standard
//! input and output. No I/O here, and no name of etcd: the supervisor links this crate.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Longest line that either side takes, in bytes: the text of a node's configuration is the largest thing in one.
pub const MAX_LINE: usize = 24 << 20;

/// The agent says that it is there at least this often, in milliseconds; nano ends one that is silent for six times as
/// long.
pub const STATUS_EVERY_MS: u64 = 5000;

/// Apps whose numbers an agent may ask for at a time.
pub const MAX_WATCHED: usize = 100;

/// Most times of crons in one message.
pub const MAX_RUNS: usize = 500;

/// From nano to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToAgent {
    /// The first line, and again when the node's own configuration has changed.
    Node {
        /// The text of `nano.json`.
        text: String,
        /// Where it was read from.
        file: String,
        /// The working directory that relative paths count from.
        cwd: String,
        /// nano's version.
        version: String,
        /// Apps of the last good table that could not be started.
        refused: Vec<Fault>,
    },
    /// The answer to [`ToNano::Reload`].
    Reloaded {
        /// The request's.
        id: u64,
        /// What stands in the way; empty: the table serves.
        faults: Vec<Fault>,
    },
    /// Now and then: what the node has to do.
    Load {
        /// Requests that are being answered.
        in_flight: u64,
        /// Worker processes that are ready.
        workers: u64,
        /// Requests since nano's start.
        requests: u64,
    },
    /// Crons that are due on this node: which of them does the fleet give to it? Each is answered by a [`ToNano::Cron`].
    Crons {
        /// At most [`MAX_RUNS`].
        runs: Vec<CronRun>,
    },
    /// About once a second, while the agent has asked for it: what [`ToNano::Watch`] named and is there.
    Numbers {
        /// By the app's name.
        apps: BTreeMap<String, Numbers>,
    },
}

/// A time of a cron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronRun {
    /// Comes back in the answer.
    pub id: u64,
    /// The app's name.
    pub app: String,
    /// The expression as it is written.
    pub cron: String,
    /// When it is due, in seconds since 1970-01-01 UTC.
    pub time: i64,
}

/// What an app has answered since nano's start, whatever its generation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Requests that are finished.
    pub requests: u64,
    /// Those of them that were answered with 500 to 599.
    pub errors: u64,
    /// Requests that are being answered now.
    pub in_flight: u64,
    /// How long they took: an upper bound in microseconds, and how many are between the bound before and this one. Bounds
    /// ascend; those without requests are left out; the last one may be `u64::MAX`.
    pub durations: Vec<(u64, u64)>,
}

/// From the agent to nano.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToNano {
    /// `apps.next.json` is there: go over to it.
    Reload {
        /// Comes back in the answer.
        id: u64,
    },
    /// How it stands, at least every [`STATUS_EVERY_MS`].
    Status(Status),
    /// Apps whose [`Numbers`] are wanted from now on, instead of those before; at most [`MAX_WATCHED`].
    Watch {
        /// Their names.
        apps: Vec<String>,
    },
    /// The answer for one of [`ToAgent::Crons`].
    Cron {
        /// The request's.
        id: u64,
        /// Whether this node is to run it; `None`: that cannot be found out now.
        granted: Option<bool>,
    },
    /// A line for nano's log.
    Log {
        /// `error`, `warn`, `info` or `debug`.
        level: String,
        /// What happened.
        message: String,
        /// The app that it is about, or empty.
        app: String,
    },
}

/// How the agent stands with etcd.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// A watch is open and etcd answers.
    pub connected: bool,
    /// etcd's revision up to which every change serves, or was refused here.
    pub revision: u64,
    /// Connected, and everything known is applied.
    pub in_sync: bool,
    /// Apps of the table that serve here.
    pub ready: u64,
    /// Apps of which the present version was refused here.
    pub refused: u64,
    /// Apps that are being fetched.
    pub pending: u64,
    /// Why there is no connection, or why nothing can be applied; empty: all is well.
    pub error: String,
    /// The fleet's staged rollouts.
    pub rollouts: RolloutCounts,
}

/// The fleet's staged rollouts as this node sees them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutCounts {
    /// Those that go on.
    pub running: u64,
    /// Those that someone has paused.
    pub paused: u64,
    /// Those that ended with the new version, since the agent's start.
    pub done: u64,
    /// Those that ended with the version before.
    pub taken_back: u64,
    /// Whether this agent moves them.
    pub leads: bool,
}

/// What stands in the way of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The index of the app in the table; `None`: not one app's.
    pub app: Option<usize>,
    /// The app's name where the index means nothing.
    pub name: String,
    /// For the operator.
    pub message: String,
}

/// One line of it, with its end.
///
/// # Errors
/// Never for the values of this crate.
pub fn line(message: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(message)? + "\n")
}
