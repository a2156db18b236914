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
    /// About once a second, while the agent has asked for it: what [`ToNano::Watch`] named and is there.
    Numbers {
        /// By the app's name.
        apps: BTreeMap<String, Numbers>,
    },
}

/// What an app has answered since nano's start, whatever its generation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Requests that are finished.
    pub requests: u64,
    /// Those of them that were answered with 500 to 599.
    pub errors: u64,
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
