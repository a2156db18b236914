//! The apps, their history, and the bundles that nobody needs any more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::show::Output;
use super::{ClientError, Fleet};
use crate::app_entry::AppEntry;
use crate::etcd::{delete_op, is_at};
use crate::keys::is_app_name;

/// A bundle is collected when it is older than this, in seconds: a deployment that has uploaded it may not have named it.
const AGE: i64 = 3600;

pub(crate) fn checked(name: &str) -> Result<&str, ClientError> {
    if is_app_name(name) { Ok(name) } else { Err(ClientError::Name(name.to_owned())) }
}

/// An app with the revision of its key.
pub(crate) async fn find(fleet: &Fleet, name: &str) -> Result<Option<(AppEntry, i64)>, ClientError> {
    let (value, _) = fleet.etcd.get(fleet.keys.app(checked(name)?).into_bytes()).await?;
    value.map(|value| Ok((AppEntry::parse(&value.value)?, value.mod_revision))).transpose()
}

/// Every app; or what is wrong with its value.
pub(crate) async fn all(fleet: &Fleet) -> Result<BTreeMap<String, Result<AppEntry, String>>, ClientError> {
    let prefix = fleet.keys.apps();
    let (values, _) = fleet.etcd.list(&prefix, false).await?;
    let app = |value: crate::etcd::messages::KeyValue| {
        let name = std::str::from_utf8(&value.key).ok()?.strip_prefix(&prefix)?.to_owned();
        Some((name, AppEntry::parse(&value.value).map_err(|error| error.to_string())))
    };
    Ok(values.into_iter().filter_map(app).collect())
}

/// The generations that are kept, the oldest first.
pub(crate) async fn generations(fleet: &Fleet, name: &str) -> Result<Vec<AppEntry>, ClientError> {
    let (values, _) = fleet.etcd.list(&fleet.keys.history(checked(name)?), false).await?;
    Ok(values.iter().filter_map(|value| AppEntry::parse(&value.value).ok()).collect())
}

pub(crate) async fn history(fleet: &Fleet, output: &Output, name: &str) -> Result<bool, ClientError> {
    let generations = generations(fleet, name).await?;
    let present = find(fleet, name).await?.map(|(entry, _)| entry.generation);
    if generations.is_empty() && present.is_none() {
        return Err(ClientError::NoApp(name.to_owned()));
    }
    let rows = generations.iter().rev().map(|entry| {
        let mark = if Some(entry.generation) == present { "*" } else { "" };
        let bundle = entry.bundle.chars().take(19).collect();
        let ended = entry.ended.as_ref().map_or_else(String::new, |ended| {
            let why = if ended.why.is_empty() { String::new() } else { format!(": {}", ended.why) };
            format!("{} at {}{why}", ended.how.word(), ended.step)
        });
        vec![format!("{}{mark}", entry.generation), entry.at.clone(), entry.by.clone(), bundle, ended]
    });
    output.table(&["GENERATION", "AT", "BY", "BUNDLE", "ROLLOUT"], &rows.collect::<Vec<_>>());
    output.value(&json!({
        "app": name, "present": present,
        "generations": generations.iter().map(|entry| entry.shown(name)).collect::<Vec<_>>(),
    }));
    Ok(true)
}

pub(crate) async fn list(fleet: &Fleet, output: &Output) -> Result<bool, ClientError> {
    let apps = all(fleet).await?;
    let rows = apps.iter().map(|(name, entry)| match entry {
        Ok(entry) => {
            let nodes: Vec<String> = entry.nodes.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let bundle = entry.bundle.chars().take(19).collect();
            vec![name.clone(), entry.generation.to_string(), entry.at.clone(), bundle, nodes.join(",")]
        }
        Err(error) => vec![name.clone(), format!("not an app: {error}")],
    });
    output.table(&["APP", "GENERATION", "AT", "BUNDLE", "NODES"], &rows.collect::<Vec<_>>());
    let shown = apps.iter().map(|(name, entry)| match entry {
        Ok(entry) => entry.shown(name),
        Err(error) => json!({ "name": name, "error": error }),
    });
    output.value(&json!({ "apps": shown.collect::<Vec<_>>() }));
    Ok(true)
}

/// Removes bundles that nothing names.
pub(crate) async fn collect(fleet: &Fleet, output: &Output) -> Result<bool, ClientError> {
    // In this order: what is named while this runs is newer than the list.
    let prefix = fleet.keys.bundles();
    let (keys, _) = fleet.etcd.list(&prefix, true).await?;
    let mut named = BTreeSet::new();
    for value in fleet.etcd.list(&fleet.keys.rollouts(), false).await?.0 {
        let value = serde_json::from_slice::<serde_json::Value>(&value.value).unwrap_or_default();
        named.extend(value["new"]["bundle"].as_str().map(str::to_owned));
    }
    for kept in [fleet.keys.apps(), fleet.keys.histories()] {
        for value in fleet.etcd.list(&kept, false).await?.0 {
            // One that is not understood may be of a newer nano, which knows what it names.
            match serde_json::from_slice::<serde_json::Value>(&value.value) {
                Ok(value) => named.extend(value["bundle"].as_str().map(str::to_owned)),
                Err(_) => continue,
            }
        }
    }
    let present = now();
    let hashes: BTreeSet<String> = keys
        .iter()
        .filter_map(|key| std::str::from_utf8(&key.key).ok()?.strip_prefix(&prefix)?.split_once('/'))
        .map(|(hash, _)| hash.to_owned())
        .collect();
    let mut removed = Vec::new();
    for hash in hashes.difference(&named) {
        let meta = fleet.keys.uploaded(hash);
        let (value, _) = fleet.etcd.get(meta.clone().into_bytes()).await?;
        let at = value.as_ref().and_then(|value| std::str::from_utf8(&value.value).ok()?.parse::<i64>().ok());
        // A deployment that is about to name it writes the time anew, and then this does nothing.
        if at.is_some_and(|at| present.saturating_sub(at) < AGE) {
            continue;
        }
        let seen = is_at(&meta, value.map_or(0, |value| value.mod_revision));
        let all = delete_op(&fleet.keys.bundle(hash), true);
        if fleet.etcd.transact(vec![seen], vec![all]).await?.is_some() {
            output.line(&format!("removed {hash}"));
            removed.push(hash.clone());
        }
    }
    output.line(&format!("{} bundles, {} removed", hashes.len(), removed.len()));
    output.value(&json!({ "bundles": hashes.len(), "removed": removed }));
    Ok(true)
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
