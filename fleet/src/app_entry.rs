//! The value of `apps/NAME` and of `history/NAME/GENERATION`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::bundle::is_hash;
use crate::rollout::plan::{Plan, PlanError};
use crate::secrets::{is_sealed, sealed};

/// Largest value, in bytes: it is written to an app's key and to its history by one request, and etcd's have 1.5 MiB.
pub(crate) const MAX_ENTRY: usize = 700 << 10;

/// An app of the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppEntry {
    /// The keys of an app in nano.json, but for `name`; paths are within the bundle.
    pub(crate) settings: Map<String, Value>,
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) bundle: String,
    /// One more with every change.
    pub(crate) generation: u64,
    /// The labels that a node must have to serve it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) nodes: BTreeMap<String, String>,
    /// How the next version reaches the nodes; `None`: all of them at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rollout: Option<Plan>,
    /// How the rollout of this version ended; in its history only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
    /// When it was written, in RFC 3339, for people.
    #[serde(default)]
    pub(crate) at: String,
    /// Who wrote it, for people.
    #[serde(default)]
    pub(crate) by: String,
}

/// The end of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    pub(crate) how: End,
    /// For people: the step that it was at.
    pub(crate) step: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) why: String,
}

/// Where a rollout led.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// The version is the app's.
    Done,
    /// It failed, and the version before it serves everywhere.
    RolledBack,
    /// Someone ended it, and the version before it serves everywhere.
    Aborted,
}

impl End {
    /// For people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RolledBack => "rolled back",
            Self::Aborted => "aborted",
        }
    }
}

/// What is wrong with an app's value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    #[error("the value has {0} bytes, and may have {MAX_ENTRY}")]
    Large(usize),
    #[error("the value is not an app of a fleet: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("{0:?} is no bundle: expected sha256: and 64 hexadecimal digits")]
    Hash(String),
    #[error("{0}")]
    Plan(#[from] PlanError),
    #[error("`{0}` must be a relative path within the bundle")]
    Path(&'static str),
    #[error("`name` is not a setting of an app in a fleet: its key is its name")]
    Name,
    #[error("env.{0}: it is no encrypted value")]
    Sealed(String),
    #[error("env.{0}: secrets that are read from a node's files or environment are not for apps of a fleet")]
    Secret(String),
}

impl AppEntry {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, EntryError> {
        if value.len() > MAX_ENTRY {
            return Err(EntryError::Large(value.len()));
        }
        let entry: Self = serde_json::from_slice(value)?;
        entry.check()?;
        Ok(entry)
    }

    pub(crate) fn check(&self) -> Result<(), EntryError> {
        if !is_hash(&self.bundle) {
            return Err(EntryError::Hash(self.bundle.chars().take(100).collect()));
        }
        if let Some(plan) = &self.rollout {
            plan.check()?;
        }
        self.check_settings()
    }

    /// Its version was given up, so that nobody means to go back to it without naming it.
    pub(crate) fn failed(&self) -> bool {
        self.ended.as_ref().is_some_and(|ended| ended.how != End::Done)
    }

    /// What nano.json allows and a fleet does not.
    pub(crate) fn check_settings(&self) -> Result<(), EntryError> {
        if self.settings.contains_key("name") {
            return Err(EntryError::Name);
        }
        if self.settings.get("path").is_some_and(|path| !is_inner(path)) {
            return Err(EntryError::Path("path"));
        }
        let assets = self.settings.get("assets").and_then(|assets| assets.get("directory"));
        if assets.is_some_and(|path| !is_inner(path)) {
            return Err(EntryError::Path("assets.directory"));
        }
        for (name, value) in self.settings.get("env").and_then(Value::as_object).into_iter().flatten() {
            let alone = value.as_object().filter(|members| members.len() == 1);
            if alone.is_some_and(|members| members.contains_key("file") || members.contains_key("env")) {
                return Err(EntryError::Secret(name.chars().take(64).collect()));
            }
            if sealed(value).is_some_and(|text| !is_sealed(text)) {
                return Err(EntryError::Sealed(name.chars().take(64).collect()));
            }
        }
        Ok(())
    }

    /// As an entry of a node's table; `directory`: where its bundle is, relative to the table.
    pub(crate) fn table_row(&self, name: &str, directory: &str) -> Value {
        let mut row = self.settings.clone();
        row.insert("name".to_owned(), name.into());
        let within = |path: &Value| match path.as_str() {
            None | Some("." | "") => directory.to_owned(),
            Some(path) => format!("{directory}/{path}"),
        };
        if let Some(assets) = row.get_mut("assets").and_then(Value::as_object_mut)
            && let Some(place) = assets.get("directory").map(within)
        {
            assets.insert("directory".to_owned(), place.into());
        }
        let path = match row.get("path") {
            Some(path) => Some(within(path)),
            None if row.contains_key("assets") => None,
            None => Some(directory.to_owned()),
        };
        if let Some(path) = path {
            row.insert("path".to_owned(), path.into());
        }
        Value::Object(row)
    }

    /// Whether something of it is encrypted.
    pub(crate) fn has_secrets(&self) -> bool {
        let env = self.settings.get("env").and_then(Value::as_object);
        env.into_iter().flatten().any(|(_, value)| sealed(value).is_some())
    }

    /// Whether a node with these labels serves it.
    pub(crate) fn is_for(&self, labels: &BTreeMap<String, String>) -> bool {
        self.nodes.iter().all(|(key, value)| labels.get(key) == Some(value))
    }

    /// What can be shown: of `env` the names.
    pub(crate) fn shown(&self, name: &str) -> Value {
        let mut settings = self.settings.clone();
        if let Some(env) = settings.get_mut("env") {
            *env = env.as_object().map(|env| env.keys().cloned().collect::<Vec<_>>()).unwrap_or_default().into();
        }
        json!({
            "name": name, "generation": self.generation, "bundle": self.bundle, "nodes": self.nodes,
            "at": self.at, "by": self.by, "settings": settings, "rollout": self.rollout, "ended": self.ended,
        })
    }
}

/// A relative path without `..`.
fn is_inner(path: &Value) -> bool {
    let Some(text) = path.as_str() else { return true };
    !text.starts_with('/') && !text.contains('\0') && text.split('/').all(|part| part != "..")
}

#[cfg(test)]
mod tests;
