//! `fleet export` and `fleet import`: the whole table as a nano.json with directories, which one machine serves as it is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};

use super::apps::{all, checked, find};
use super::deploy::{Deployed, How, deploy};
use super::nodes::{WaitArguments, wait_for_all};
use super::show::Output;
use super::{ClientError, Fleet};
use crate::app_entry::AppEntry;
use crate::bundle::unpack::unpack;
use crate::bundle::{BundleError, Manifest, directory_name};

/// What nano.json does not say: where each app's bundle begins, and which nodes it is for.
const FLEET: &str = "fleet.json";

fn failed<'p>(place: &'p Path) -> impl Fn(std::io::Error) -> ClientError + 'p {
    move |error| ClientError::File { place: place.display().to_string(), why: error.to_string() }
}

pub(crate) async fn export(fleet: &Fleet, output: &Output, directory: &Path) -> Result<bool, ClientError> {
    // The values of env are in it.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed(directory))?;
    if fs::read_dir(directory).map_err(failed(directory))?.next().is_some() {
        return Err(ClientError::Usage(format!("{} is not empty", directory.display())));
    }
    let apps = directory.join("apps");
    fs::create_dir(&apps).map_err(failed(&apps))?;
    let (mut rows, mut places, mut sound) = (Vec::new(), BTreeMap::new(), true);
    for (name, entry) in all(fleet).await? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                output.line(&format!("{name}: left out: {error}"));
                sound = false;
                continue;
            }
        };
        let root = format!("apps/{}", checked(&name)?);
        let unpacked = download(fleet, &apps, &entry.bundle).await?;
        fs::rename(&unpacked, directory.join(&root)).map_err(failed(&unpacked))?;
        rows.push(entry.table_row(&name, &root));
        places.insert(name, json!({ "root": root, "nodes": entry.nodes, "rollout": entry.rollout }));
    }
    let count = rows.len();
    write(&directory.join("nano.json"), &json!({ "apps": rows }))?;
    write(&directory.join(FLEET), &json!({ "apps": places }))?;
    output.line(&format!("{count} apps in {}; it has the values of env in it", directory.display()));
    output.value(&json!({ "apps": count, "directory": directory.display().to_string(), "complete": sound }));
    Ok(sound)
}

fn write(place: &Path, value: &Value) -> Result<(), ClientError> {
    use std::io::Write;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(place);
    file.and_then(|mut file| writeln!(file, "{value:#}")).map_err(failed(place))
}

/// The directory that has the bundle's files now.
async fn download(fleet: &Fleet, below: &Path, hash: &str) -> Result<PathBuf, ClientError> {
    let missing = || BundleError::Checksum { what: format!("{hash}, which is not whole in etcd,") };
    let manifest = fleet.etcd.get(fleet.keys.manifest(hash).into_bytes()).await?.0.ok_or_else(missing)?.value;
    let chunks = Manifest::parse(&manifest)?.chunks();
    let mut data = Vec::new();
    for number in 0..chunks {
        let chunk = fleet.etcd.get(fleet.keys.chunk(hash, number).into_bytes()).await?.0.ok_or_else(missing)?;
        data.extend_from_slice(&chunk.value);
    }
    unpack(below, hash, &manifest, &data)?;
    let own = directory_name(hash);
    let beside = below.join(format!("{own}.json"));
    fs::remove_file(&beside).map_err(failed(&beside))?;
    Ok(below.join(own))
}

pub(crate) async fn import(
    fleet: &Fleet,
    output: &Output,
    directory: &Path,
    wait: &WaitArguments,
) -> Result<bool, ClientError> {
    let place = directory.join("nano.json");
    // The faults of a file that one machine would refuse, with their places.
    let config = nano_config::load(&place)?;
    let text = fs::read(&place).map_err(failed(&place))?;
    let malformed =
        |error: serde_json::Error| ClientError::File { place: place.display().to_string(), why: error.to_string() };
    let document: Map<String, Value> = serde_json::from_slice(&text).map_err(malformed)?;
    let own = match fs::read(directory.join(FLEET)) {
        Ok(text) => serde_json::from_slice(&text).map_err(malformed)?,
        Err(_) => Value::Null,
    };
    let defaults = document.get("defaults").and_then(Value::as_object).cloned().unwrap_or_default();
    let rows = document.get("apps").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut apps = Vec::new();
    for (row, app) in rows.into_iter().zip(&config.apps) {
        let Value::Object(mut settings) = row else { continue };
        for (key, value) in &defaults {
            settings.entry(key.clone()).or_insert_with(|| value.clone());
        }
        settings.remove("name");
        let said = own.get("apps").and_then(|apps| apps.get(&app.name));
        let root = match said.and_then(|said| said.get("root")).and_then(Value::as_str) {
            Some(root) => directory.join(root).canonicalize().map_err(failed(directory))?,
            None => root(app)?,
        };
        if app.has_module() {
            settings.insert("path".to_owned(), inner(&root, &app.path, app)?.into());
        }
        if let (Some(assets), Some(own)) = (settings.get_mut("assets").and_then(Value::as_object_mut), &app.assets) {
            assets.insert("directory".to_owned(), inner(&root, &own.path, app)?.into());
        }
        if let Some(nodes) = said.and_then(|said| said.get("nodes")) {
            settings.insert("nodes".to_owned(), nodes.clone());
        }
        if let Some(rollout) = said.and_then(|said| said.get("rollout")).filter(|rollout| !rollout.is_null()) {
            settings.insert("rollout".to_owned(), rollout.clone());
        }
        apps.push((checked(&app.name)?, root, settings));
    }
    let written = write_all(fleet, output, apps, wait).await?;
    let count = written.len();
    let (all, nodes) =
        if wait.seconds() == 0 { (true, json!({})) } else { wait_for_all(fleet, output, &written, wait).await? };
    output.value(&json!({ "apps": count, "ready": all, "nodes": nodes }));
    Ok(all)
}

/// Writes apps, several at a time: each write waits for etcd's disks, and those of one moment wait together.
async fn write_all(
    fleet: &Fleet,
    output: &Output,
    apps: Vec<(&str, PathBuf, Map<String, Value>)>,
    wait: &WaitArguments,
) -> Result<Vec<(String, AppEntry, i64)>, ClientError> {
    // A copy that comes back is what was rolled out before.
    let how = How { dry_run: false, at_once: true };
    let (apps, written) = (RefCell::new(apps.into_iter()), RefCell::new(Vec::new()));
    let work = async || {
        loop {
            let next = apps.borrow_mut().next();
            let Some((name, root, settings)) = next else { return Ok::<_, ClientError>(()) };
            let present = find(fleet, name).await?;
            let deployed = deploy(fleet, output, (name, &root, settings, present), how, wait).await?;
            if let Deployed::Written(entry, revision) = deployed {
                written.borrow_mut().push((name.to_owned(), *entry, revision));
            }
        }
    };
    tokio::try_join!(work(), work(), work(), work(), work(), work(), work(), work())?;
    Ok(written.into_inner())
}

/// The directory that has an app's module and its static files.
fn root(app: &nano_config::AppConfig) -> Result<PathBuf, ClientError> {
    let Some(assets) = &app.assets else { return Ok(app.root.clone()) };
    let common = app.root.ancestors().find(|above| assets.root.starts_with(above));
    match common.filter(|common| common.components().filter(|part| matches!(part, Component::Normal(_))).count() > 1) {
        Some(common) => Ok(common.to_owned()),
        None => Err(ClientError::Usage(format!("{}: its code and its assets have no directory in common", app.name))),
    }
}

/// A path of the app relative to its root.
fn inner(root: &Path, path: &Path, app: &nano_config::AppConfig) -> Result<String, ClientError> {
    let full = path.canonicalize().map_err(failed(path))?;
    let relative = full.strip_prefix(root).ok().and_then(Path::to_str);
    let relative = relative
        .ok_or_else(|| ClientError::Usage(format!("{}: {} is not in {}", app.name, path.display(), root.display())))?;
    Ok(if relative.is_empty() { ".".to_owned() } else { relative.to_owned() })
}
