//! The node's table of apps: what `state_dir/apps.json` has, and how it becomes one that this node takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nano_config::{BUNDLES, NEXT_TABLE, TABLE, Table};
use nano_fleet_link::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bundle::unpack::replace;

/// What is known of an app in a table, beside what nano reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) generation: u64,
    pub(crate) bundle: String,
    /// etcd's revision of its key.
    pub(crate) revision: i64,
    /// The revision at which its key was made: of two apps that want one hostname, the older has it.
    pub(crate) made: i64,
}

/// An app in a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// As nano reads it.
    pub(crate) app: Value,
    pub(crate) mark: Mark,
}

/// Apps by their names.
pub(crate) type Rows = BTreeMap<String, Row>;

/// The text of a table, and the names of its apps in their order: the oldest first.
pub(crate) fn compose(rows: &Rows) -> (String, Vec<String>) {
    let mut order: Vec<(&String, &Row)> = rows.iter().collect();
    order.sort_by_key(|(name, row)| (row.mark.made, *name));
    let apps: Vec<&Value> = order.iter().map(|(_, row)| &row.app).collect();
    let marks: BTreeMap<&str, &Mark> = rows.iter().map(|(name, row)| (name.as_str(), &row.mark)).collect();
    let text = json!({ "apps": apps, "fleet": { "apps": marks } }).to_string();
    (text, order.into_iter().map(|(name, _)| name.clone()).collect())
}

#[derive(Deserialize)]
struct Document {
    apps: Vec<Value>,
    fleet: Marks,
}

#[derive(Deserialize)]
struct Marks {
    apps: BTreeMap<String, Mark>,
}

/// The state directory.
#[derive(Clone, Debug)]
pub(crate) struct StateDir(pub(crate) PathBuf);

impl StateDir {
    pub(crate) fn bundles(&self) -> PathBuf {
        self.0.join(BUNDLES)
    }

    pub(crate) fn make(&self) -> io::Result<()> {
        fs::create_dir_all(self.bundles())
    }

    /// The last good table; empty if there is none or it cannot be read, and why not.
    pub(crate) fn load(&self) -> (Rows, Option<String>) {
        let text = match fs::read(self.0.join(TABLE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (Rows::new(), None),
            Err(error) => return (Rows::new(), Some(error.to_string())),
        };
        match serde_json::from_slice::<Document>(&text) {
            Ok(document) => (rows(document), None),
            Err(error) => (Rows::new(), Some(error.to_string())),
        }
    }

    /// Writes what a reload is to go over to.
    pub(crate) fn propose(&self, text: &str) -> io::Result<()> {
        replace(&self.0.join(NEXT_TABLE), text.as_bytes())
    }

    /// What was proposed serves.
    pub(crate) fn accept(&self) -> io::Result<()> {
        fs::rename(self.0.join(NEXT_TABLE), self.0.join(TABLE))?;
        fs::File::open(&self.0)?.sync_all()
    }

    /// What was proposed does not.
    pub(crate) fn withdraw(&self) -> io::Result<()> {
        match fs::remove_file(self.0.join(NEXT_TABLE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Replaces the last good table.
    pub(crate) fn store(&self, text: &str) -> io::Result<()> {
        replace(&self.0.join(TABLE), text.as_bytes())
    }

    pub(crate) fn next_table(&self) -> PathBuf {
        self.0.join(NEXT_TABLE)
    }
}

fn rows(document: Document) -> Rows {
    let Document { apps, fleet } = document;
    let row = |app: Value| {
        let name = app.get("name")?.as_str()?.to_owned();
        let mark = fleet.apps.get(&name).cloned().unwrap_or_default();
        Some((name, Row { app, mark }))
    };
    apps.into_iter().filter_map(row).collect()
}

/// The node's own configuration.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) text: String,
    pub(crate) file: PathBuf,
    pub(crate) cwd: PathBuf,
    pub(crate) version: String,
}

impl Node {
    /// The faults of a table on this node, by the indexes of its apps.
    pub(crate) fn faults(&self, text: String, state: &StateDir) -> Vec<Fault> {
        let table = Table { text, file: state.next_table() };
        let found = match nano_config::table_faults(&self.text, &self.file, &self.cwd, &table) {
            Ok(found) => found,
            Err(error) => return vec![Fault { app: None, name: String::new(), message: error.to_string() }],
        };
        let fault = |fault: &nano_config::Diagnostic| {
            let index = fault.key.strip_prefix("apps[").and_then(|rest| rest.split_once(']'));
            let app = index.and_then(|(index, _)| index.parse().ok()).filter(|_| fault.file == table.file);
            let key = index.map_or("", |(_, key)| key.trim_start_matches('.'));
            let message = if app.is_some() { format!("{key}: {}", fault.message) } else { fault.to_string() };
            Fault { app, name: String::new(), message }
        };
        found.iter().map(fault).collect()
    }
}

/// Takes the apps that are at fault out of `rows`: the version of each that served before comes back, if that is another
/// one. The names with what is said of them; or what is not one app's fault.
pub(crate) fn take_out(
    rows: &mut Rows,
    before: &Rows,
    order: &[String],
    faults: &[Fault],
) -> Result<BTreeMap<String, String>, String> {
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    for fault in faults {
        let Some(name) = fault.app.and_then(|index| order.get(index)) else {
            return Err(fault.message.clone());
        };
        let text = refused.entry(name.clone()).or_default();
        if text.len() < MAX_REASON {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(&fault.message.chars().take(MAX_REASON).collect::<String>());
        }
    }
    for name in refused.keys() {
        match before.get(name) {
            Some(old) if rows.get(name) != Some(old) => rows.insert(name.clone(), old.clone()),
            _ => rows.remove(name),
        };
    }
    Ok(refused)
}

/// About so many bytes of why an app is refused are kept.
pub(crate) const MAX_REASON: usize = 600;

/// The bundles of these apps.
pub(crate) fn bundles_of(rows: &Rows) -> BTreeSet<String> {
    rows.values().map(|row| row.mark.bundle.clone()).collect()
}

/// Checks what is cached before nano reads it: damaged bundles go, and apps whose bundles are not there or that the node
/// does not allow. What was proposed and never served goes, too.
pub(crate) fn prepare(node: &Node, state: &StateDir) -> io::Result<()> {
    state.make()?;
    state.withdraw()?;
    let (before, unreadable) = state.load();
    let mut rows = before.clone();
    let bundles = state.bundles();
    for hash in bundles_of(&before) {
        let sound = crate::bundle::is_hash(&hash) && crate::bundle::unpack::verify(&bundles, &hash).is_ok();
        if !sound {
            rows.retain(|_, row| row.mark.bundle != hash);
            if crate::bundle::is_hash(&hash) {
                crate::bundle::unpack::forget(&bundles, &hash);
            }
        }
    }
    loop {
        let (text, order) = compose(&rows);
        let faults = node.faults(text, state);
        if faults.is_empty() || take_out(&mut rows, &Rows::new(), &order, &faults).is_err() {
            break;
        }
    }
    if rows != before || unreadable.is_some() {
        state.store(&compose(&rows).0)?;
    }
    Ok(())
}

/// Where the bundle of this hash is, relative to the table.
pub(crate) fn bundle_directory(hash: &str) -> String {
    Path::new(BUNDLES).join(crate::bundle::directory_name(hash)).display().to_string()
}
