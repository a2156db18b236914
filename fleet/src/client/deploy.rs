//! `deploy`, `rollback` and `remove`: changes of one app's key, each by comparison with what was seen before, so that of
//! two who change it at once one is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::apps::{checked, find, generations, now};
use super::nodes::{WaitArguments, wait_for};
use super::show::Output;
use super::{ClientError, Fleet, rollout, secrets};
use crate::app_entry::{AppEntry, EntryError, MAX_ENTRY};
use crate::bundle::CHUNK;
use crate::bundle::pack::{Packed, SETTINGS, pack};
use crate::etcd::{delete_op, exists, is_at, put_op};
use crate::history::forget_ops;
use crate::rollout::plan::{Plan, PlanError};

#[derive(Debug, Args)]
pub(crate) struct DeployArguments {
    /// The directory with the app's code; node_modules, .git and what .nanoignore names are left out
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The app's name
    #[arg(long, value_name = "NAME")]
    app: String,

    /// A setting as in nano.json, as memory_mb=64 or env.KEY='"value"'; null takes it away. Beside these: nano.app.json
    /// in DIR, else the settings that the app has
    #[arg(long, value_name = "KEY=JSON")]
    set: Vec<String>,

    /// A value of env that only the nodes can read: encrypted before it leaves this machine; @- is the standard input.
    /// Values as {"file": "PATH"} or {"env": "VARIABLE"} in env become such, too
    #[arg(long, value_name = "NAME=@FILE")]
    secret: Vec<String>,

    /// Change all nodes at once, whatever the app's `rollout` says
    #[arg(long)]
    at_once: bool,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(fleet: &Fleet, output: &Output, arguments: &DeployArguments) -> Result<bool, ClientError> {
    let name = checked(&arguments.app)?;
    let present = find(fleet, name).await?;
    let mut settings = settings(&arguments.directory, present.as_ref().map(|(entry, _)| entry))?;
    for set in &arguments.set {
        apply(&mut settings, set)?;
    }
    for secret in &arguments.secret {
        secrets::set(fleet, output, name, &mut settings, secret).await?;
    }
    let how = How { dry_run: arguments.dry_run, at_once: arguments.at_once };
    match deploy(fleet, output, (name, &arguments.directory, settings, present), how, &arguments.wait).await? {
        Deployed::Ended(sound) => Ok(sound),
        Deployed::Written(entry, revision) => finish(fleet, output, (name, &entry, revision), &arguments.wait).await,
    }
}

/// What a deployment has come to.
pub(crate) enum Deployed {
    /// All is said and done; whether it was done.
    Ended(bool),
    /// The app's key is of this revision, and the nodes follow.
    Written(Box<AppEntry>, i64),
}

/// How an app is deployed.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) dry_run: bool,
    /// Without its rollout.
    pub(crate) at_once: bool,
}

/// What is deployed: the app's name, its files, its settings, and what is there.
type Subject<'s> = (&'s str, &'s Path, Map<String, Value>, Option<(AppEntry, i64)>);

pub(crate) async fn deploy(
    fleet: &Fleet,
    output: &Output,
    (name, directory, mut settings, present): Subject<'_>,
    how: How,
    wait: &WaitArguments,
) -> Result<Deployed, ClientError> {
    let nodes = nodes(&mut settings)?;
    let plan = plan(&mut settings)?;
    let packed = pack(directory)?;
    secrets::seal(fleet, output, (name, directory, &packed.manifest), &mut settings).await?;
    if let Some((_, rollout)) = rollout::find(fleet, name).await?.filter(|_| !how.dry_run) {
        let line = rollout.map_or_else(|error| error.to_string(), |rollout| rollout.step_line());
        return Err(ClientError::Rolling(name.to_owned(), line));
    }
    let generation = newest(fleet, name, present.as_ref().map(|(entry, _)| entry)).await?.saturating_add(1);
    let entry = AppEntry {
        settings,
        bundle: packed.hash.clone(),
        generation,
        nodes,
        rollout: plan,
        ended: None,
        at: jiff::Timestamp::from_second(now()).map(|at| at.to_string()).unwrap_or_default(),
        by: by(),
    };
    entry.check()?;
    check(name, directory, &entry)?;
    let is_there = fleet.etcd.get(fleet.keys.manifest(&packed.hash).into_bytes()).await?.0.is_some();
    let same = present.as_ref().filter(|(old, _)| is_same(old, &entry));
    // The first version of an app has none before it that could go on.
    let staged = present.as_ref().filter(|(old, _)| !how.at_once && changes(old, &entry) && entry.rollout.is_some());
    if how.dry_run {
        let old = present.as_ref().map(|(old, _)| old);
        return Ok(Deployed::Ended(rehearse(output, name, (&entry, &packed), is_there, old)));
    }
    let (entry, revision) = match same {
        Some((old, revision)) if is_there => {
            output.line(&format!("{name}: nothing changed, generation {}", old.generation));
            (old.clone(), *revision)
        }
        _ => {
            if !is_there {
                upload(fleet, &packed).await?;
            }
            let line = format!(
                "{name}: generation {generation}, {} files, {} bytes, {}",
                packed.manifest.files.len(),
                packed.manifest.bytes(),
                packed.hash
            );
            if let Some((old, base)) = staged {
                let made = rollout::begin(fleet, (name, &entry), (old.generation, *base)).await?;
                output.line(&line);
                return rollout::follow(fleet, output, (name, &entry, made), wait).await.map(Deployed::Ended);
            }
            let revision = swap(fleet, name, &entry, present.map_or(0, |(_, revision)| revision)).await?;
            output.line(&line);
            (entry, revision)
        }
    };
    Ok(Deployed::Written(Box::new(entry), revision))
}

/// Waits for the nodes and prints the result for programs.
async fn finish(
    fleet: &Fleet,
    output: &Output,
    (name, entry, revision): (&str, &AppEntry, i64),
    wait: &WaitArguments,
) -> Result<bool, ClientError> {
    let (all, nodes) = if wait.seconds() == 0 {
        (true, json!({}))
    } else {
        wait_for(fleet, output, (name, Some(entry), revision), wait).await?
    };
    output.value(&json!({
        "app": name, "generation": entry.generation, "bundle": entry.bundle, "revision": revision,
        "ready": all, "nodes": nodes,
    }));
    Ok(all)
}

/// The settings to begin with.
fn settings(directory: &Path, present: Option<&AppEntry>) -> Result<Map<String, Value>, ClientError> {
    let place = directory.join(SETTINGS);
    let failed = |why: String| ClientError::File { place: place.display().to_string(), why };
    match std::fs::read(&place) {
        Ok(text) if text.len() > MAX_ENTRY => Err(failed("it is too large".to_owned())),
        Ok(text) => serde_json::from_slice(&text).map_err(|error| failed(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut settings = present.map(|entry| entry.settings.clone()).unwrap_or_default();
            if let Some(nodes) = present.map(|entry| &entry.nodes).filter(|nodes| !nodes.is_empty()) {
                settings.insert("nodes".to_owned(), json!(nodes));
            }
            if let Some(plan) = present.and_then(|entry| entry.rollout.as_ref()) {
                settings.insert("rollout".to_owned(), json!(plan));
            }
            Ok(settings)
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// `KEY=JSON`; of `env` and `assets` also one member.
fn apply(settings: &mut Map<String, Value>, set: &str) -> Result<(), ClientError> {
    let (key, text) =
        set.split_once('=').ok_or_else(|| ClientError::Usage(format!("--set {set}: expected KEY=JSON")))?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        ClientError::Usage(format!("--set {key}: {text} is not JSON ({error}); a string needs quotes: '{key}=\"…\"'"))
    })?;
    let (key, member) = match key.split_once('.') {
        Some((key @ ("env" | "assets"), member)) => (key, Some(member)),
        _ => (key, None),
    };
    let (object, key) = match member {
        Some(member) => {
            let inner = settings.entry(key).or_insert_with(|| json!({})).as_object_mut();
            (inner.ok_or_else(|| ClientError::Usage(format!("{key} is no object")))?, member)
        }
        None => (settings, key),
    };
    if value.is_null() {
        object.remove(key);
    } else {
        object.insert(key.to_owned(), value);
    }
    Ok(())
}

/// `nodes` of the settings, which is no setting of nano.json.
fn nodes(settings: &mut Map<String, Value>) -> Result<BTreeMap<String, String>, ClientError> {
    let Some(nodes) = settings.remove("nodes") else { return Ok(BTreeMap::new()) };
    serde_json::from_value(nodes)
        .map_err(|_| ClientError::Usage("nodes: expected an object of labels, as {\"zone\": \"eu-1\"}".to_owned()))
}

/// `rollout` of the settings, which is no setting of nano.json.
fn plan(settings: &mut Map<String, Value>) -> Result<Option<Plan>, ClientError> {
    let plan: Option<Value> = settings.remove("rollout").filter(|plan| !plan.is_null());
    let plan: Option<Plan> =
        plan.map(serde_json::from_value).transpose().map_err(PlanError::from).map_err(EntryError::from)?;
    if let Some(plan) = &plan {
        plan.check().map_err(EntryError::from)?;
    }
    Ok(plan)
}

/// The number of the newest generation, of those that were given up, too.
async fn newest(fleet: &Fleet, name: &str, present: Option<&AppEntry>) -> Result<u64, ClientError> {
    let prefix = fleet.keys.history(name);
    let (kept, _) = fleet.etcd.list(&prefix, true).await?;
    let number = |key: &[u8]| std::str::from_utf8(key).ok()?.strip_prefix(&prefix)?.parse().ok();
    let kept = kept.iter().filter_map(|value| number(&value.key)).max().unwrap_or(0);
    Ok(kept.max(present.map_or(0, |entry| entry.generation)))
}

/// The app as a node would read it, so that what no node takes is not uploaded.
fn check(name: &str, directory: &Path, entry: &AppEntry) -> Result<(), ClientError> {
    let failed =
        |why: std::io::Error| ClientError::File { place: directory.display().to_string(), why: why.to_string() };
    let directory = directory.canonicalize().map_err(failed)?;
    let text = directory.to_str().ok_or_else(|| failed(std::io::Error::other("the path is not UTF-8")))?;
    let document = json!({ "apps": [entry.table_row(name, text)] }).to_string();
    if serde_json::to_vec(entry).map_or(0, |value| value.len()) > MAX_ENTRY {
        return Err(EntryError::Large(document.len()).into());
    }
    match nano_config::parse(&document, Path::new(SETTINGS), &directory) {
        Ok(_) => Ok(()),
        Err(error) => {
            let line = |fault: &nano_config::Diagnostic| {
                let key = fault.key.strip_prefix("apps[0]").unwrap_or(&fault.key).trim_start_matches('.');
                let hint = fault.suggestion.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
                format!("{name}: {key}: {}{hint}", fault.message)
            };
            Err(ClientError::Usage(error.diagnostics().iter().map(line).collect::<Vec<_>>().join("\n")))
        }
    }
}

fn is_same(old: &AppEntry, new: &AppEntry) -> bool {
    !changes(old, new) && old.rollout == new.rollout
}

/// Whether nodes have something else to serve.
fn changes(old: &AppEntry, new: &AppEntry) -> bool {
    old.settings != new.settings || old.bundle != new.bundle || old.nodes != new.nodes
}

fn rehearse(
    output: &Output,
    name: &str,
    (entry, packed): (&AppEntry, &Packed),
    is_there: bool,
    old: Option<&AppEntry>,
) -> bool {
    let empty = Map::new();
    let before = old.map_or(&empty, |old| &old.settings);
    let keys: Vec<&String> =
        before.keys().chain(entry.settings.keys().filter(|key| !before.contains_key(*key))).collect();
    let changed: Vec<&String> = keys.into_iter().filter(|key| before.get(*key) != entry.settings.get(*key)).collect();
    let code = old.is_none_or(|old| old.bundle != entry.bundle);
    let bytes = packed.manifest.bytes();
    output.line(&format!(
        "{name}: would be generation {}, {} files, {bytes} bytes, {}{}",
        entry.generation,
        packed.manifest.files.len(),
        entry.bundle,
        if is_there { " (there already)" } else { "" }
    ));
    output.line(&format!(
        "code {}; settings that change: {}",
        if code { "changes" } else { "stays" },
        if changed.is_empty() {
            "none".to_owned()
        } else {
            changed.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ")
        }
    ));
    output.value(&json!({
        "dry_run": true, "app": name, "generation": entry.generation, "bundle": entry.bundle, "bytes": bytes,
        "uploaded": is_there, "code": code, "settings": changed,
        "files": packed.manifest.files.iter().map(|file| &file.path).collect::<Vec<_>>(),
    }));
    true
}

/// The manifest comes last: where it is, everything is. What is small is one write: each waits for etcd's disks.
async fn upload(fleet: &Fleet, packed: &Packed) -> Result<(), ClientError> {
    let Fleet { etcd, keys, .. } = fleet;
    let manifest = packed.manifest.to_bytes()?;
    let uploaded = put_op(&keys.uploaded(&packed.hash), now().to_string().into_bytes());
    let chunks = packed.data.chunks(CHUNK).enumerate();
    let mut chunks = chunks.map(|(number, chunk)| put_op(&keys.chunk(&packed.hash, number), chunk.to_vec()));
    if packed.data.len().saturating_add(manifest.len()) <= CHUNK {
        let all = std::iter::once(uploaded).chain(chunks).chain([put_op(&keys.manifest(&packed.hash), manifest)]);
        etcd.transact(Vec::new(), all.collect()).await?;
        return Ok(());
    }
    etcd.transact(Vec::new(), vec![uploaded]).await?;
    for chunk in &mut chunks {
        etcd.transact(Vec::new(), vec![chunk]).await?;
    }
    etcd.transact(Vec::new(), vec![put_op(&keys.manifest(&packed.hash), manifest)]).await?;
    Ok(())
}

/// Replaces the app's key if it is as it was seen, and remembers the generation; the revision.
async fn swap(fleet: &Fleet, name: &str, entry: &AppEntry, seen: i64) -> Result<i64, ClientError> {
    let Fleet { etcd, keys, .. } = fleet;
    let value = serde_json::to_vec(entry).map_err(EntryError::from)?;
    let app = keys.app(name);
    let mut success = vec![
        put_op(&app, value.clone()),
        put_op(&keys.generation(name, entry.generation), value),
        // No collection takes the bundle that is named now.
        put_op(&keys.uploaded(&entry.bundle), now().to_string().into_bytes()),
    ];
    success.extend(forget_ops(etcd, keys, name, entry.generation).await?);
    let alone = is_at(&keys.rollout(name), 0);
    let conditions = vec![is_at(&app, seen), alone, exists(&keys.manifest(&entry.bundle))];
    etcd.transact(conditions, success).await?.ok_or_else(|| ClientError::Raced(name.to_owned()))
}

pub(crate) async fn rollback(
    fleet: &Fleet,
    output: &Output,
    (name, generation): (&str, Option<u64>),
    wait: &WaitArguments,
) -> Result<bool, ClientError> {
    let present = find(fleet, name).await?;
    if rollout::find(fleet, name).await?.is_some() {
        if generation.is_none() {
            // The version before it is the present one.
            return rollout::abort(fleet, output, name, wait).await;
        }
        rollout::end_now(fleet, name).await?;
        output.line(&format!("{name}: the rollout was aborted"));
    }
    let number = present.as_ref().map_or(u64::MAX, |(entry, _)| entry.generation);
    let kept = generations(fleet, name).await?;
    let last = kept.iter().map(|entry| entry.generation).max().unwrap_or(0);
    let wanted = match generation {
        Some(wanted) => kept.iter().find(|entry| entry.generation == wanted),
        None => kept
            .iter()
            .filter(|entry| entry.generation < number && !entry.failed())
            .max_by_key(|entry| entry.generation),
    };
    let wanted = wanted.ok_or_else(|| ClientError::NoGeneration(name.to_owned(), generation.unwrap_or(0)))?;
    let newest = last.max(present.as_ref().map_or(0, |(entry, _)| entry.generation));
    let entry = AppEntry {
        generation: newest.saturating_add(1),
        ended: None,
        at: jiff::Timestamp::from_second(now()).map(|at| at.to_string()).unwrap_or_default(),
        by: by(),
        ..wanted.clone()
    };
    let revision = swap(fleet, name, &entry, present.map_or(0, |(_, revision)| revision)).await?;
    output.line(&format!("{name}: back to generation {}, as generation {}", wanted.generation, entry.generation));
    finish(fleet, output, (name, &entry, revision), wait).await
}

pub(crate) async fn remove(
    fleet: &Fleet,
    output: &Output,
    name: &str,
    wait: &WaitArguments,
) -> Result<bool, ClientError> {
    let (entry, seen) = find(fleet, name).await?.ok_or_else(|| ClientError::NoApp(name.to_owned()))?;
    let app = fleet.keys.app(name);
    rollout::end_now(fleet, name).await?;
    let conditions = vec![is_at(&app, seen), is_at(&fleet.keys.rollout(name), 0)];
    let done = fleet.etcd.transact(conditions, vec![delete_op(&app, false)]).await?;
    let revision = done.ok_or_else(|| ClientError::Raced(name.to_owned()))?;
    output.line(&format!("{name}: removed; `nanoctl rollback {name} {}` brings it back", entry.generation));
    let (all, nodes) = if wait.seconds() == 0 {
        (true, json!({}))
    } else {
        wait_for(fleet, output, (name, None, revision), wait).await?
    };
    output.value(&json!({ "app": name, "removed": true, "revision": revision, "ready": all, "nodes": nodes }));
    Ok(all)
}

/// Who changes it, for people.
pub(super) fn by() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "someone".to_owned());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{user}@{host}").chars().filter(|char| !char.is_control()).take(100).collect()
}
