//! A project on a developer's disk: a directory with a configuration of wrangler, or one with a module alone. What it is
//! made of, and what its app is to nano.

mod env_file;
mod output;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nano_protocol::bundle::{BundleRequest, BundleRule, FileKind, ListedModule};
use serde_json::{Map, Value, json};

use crate::wrangler::{self, Configuration, ImportError};
use env_file::EnvFileError;
pub(crate) use output::Output;
use sources::root_of;

/// Modules that a directory without a configuration may have as its app.
const ENTRIES: &[&str] = &[
    "index.ts",
    "index.tsx",
    "index.mts",
    "index.js",
    "index.mjs",
    "src/index.ts",
    "src/index.tsx",
    "src/index.mts",
    "src/index.js",
    "src/index.mjs",
];

/// Endings of modules.
const MODULES: &[&str] = &["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];

/// Notes of `nano import` on what a project on its own disk does not need.
const NOT_HERE: &[&str] = &["hostname: ", "main: ", "routes: ", "observability: ", "logpush: ", "placement: "];

/// Whether a file is a module of JavaScript or TypeScript, by its name.
pub(crate) fn is_code(path: &Path) -> bool {
    path.extension().and_then(|ending| ending.to_str()).is_some_and(|end| MODULES.contains(&end))
}

/// Why a path is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Its configuration cannot be read.
    #[error(transparent)]
    Wrangler(#[from] ImportError),
    /// Secrets for development.
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
    /// There is nothing to serve.
    #[error("{}: there is no wrangler.jsonc, wrangler.json or wrangler.toml, and no index.ts or index.js, here or in src", .0.display())]
    Nothing(PathBuf),
    /// A path that is not there.
    #[error("{}: {}", .0.display(), .1)]
    Path(PathBuf, std::io::Error),
    /// It says neither `main` nor `assets`.
    #[error("{}: it says neither `main` nor `assets.directory`: there is nothing to serve", .0.display())]
    NoMain(PathBuf),
    /// A setting that is not JSON.
    #[error("--set {0}: it is to be KEY=JSON, as in --set memory_mb=256")]
    Setting(String),
}

/// Where a project is, as the developer says it.
#[derive(Debug, Clone)]
pub struct ProjectPath {
    /// Its directory, its configuration or its module.
    pub path: PathBuf,
    /// One of its environments.
    pub environment: Option<String>,
    /// Keys of `nano.json` with their values, in JSON.
    pub settings: Vec<String>,
}

/// A project as it is now.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its directory, without links.
    pub(crate) directory: PathBuf,
    /// The module that is its app; `None`: it has static files alone.
    pub(crate) main: Option<PathBuf>,
    /// Its app for `nano.json`, without `path` and `hostname`.
    pub(crate) entry: Map<String, Value>,
    /// What cannot be honoured.
    pub(crate) notes: Vec<String>,
    keys: Map<String, Value>,
}

impl Project {
    /// Reads it. Blocks.
    pub(crate) fn read(at: &ProjectPath) -> Result<Self, ProjectError> {
        let path = fs::canonicalize(&at.path).map_err(|error| ProjectError::Path(at.path.clone(), error))?;
        let configured = wrangler::FILE_NAMES.iter().any(|name| path.join(name).is_file());
        let mut project = if path.is_file() && is_code(&path) {
            Self::bare(path.parent().unwrap_or(&path), path.clone())
        } else if path.is_file() || configured || at.environment.is_some() {
            Self::configured(wrangler::configuration(&path, at.environment.as_deref())?)?
        } else {
            let entry = ENTRIES.iter().map(|name| path.join(name)).find(|entry| entry.is_file());
            Self::bare(&path, entry.ok_or_else(|| ProjectError::Nothing(at.path.clone()))?)
        };
        project.add_secrets(at.environment.as_deref())?;
        for setting in &at.settings {
            let (key, value) = setting.split_once('=').ok_or_else(|| ProjectError::Setting(setting.clone()))?;
            let value = serde_json::from_str(value).map_err(|_| ProjectError::Setting(setting.clone()))?;
            project.entry.insert(key.to_owned(), value);
        }
        Ok(project)
    }

    fn bare(directory: &Path, main: PathBuf) -> Self {
        Self {
            directory: directory.to_owned(),
            main: Some(main),
            entry: Map::from_iter([("name".to_owned(), json!("app"))]),
            notes: Vec::new(),
            keys: Map::new(),
        }
    }

    fn configured(configuration: Configuration) -> Result<Self, ProjectError> {
        let Configuration { file, keys, imported } = configuration;
        let directory = file.parent().map(PathBuf::from).unwrap_or_default();
        let main = keys.get("main").and_then(Value::as_str).map(|main| directory.join(main));
        let mut entry = match imported.entry {
            Value::Object(entry) => entry,
            _ => Map::new(),
        };
        if main.is_none() && !entry.contains_key("assets") {
            return Err(ProjectError::NoMain(file));
        }
        entry.remove("path");
        entry.remove("hostname");
        let mut notes = imported.notes;
        notes.retain(|note| !NOT_HERE.iter().any(|key| note.starts_with(key)));
        if keys.get("build").and_then(|build| build.get("command")).is_some() {
            notes.push("build: its command is not run; run it beside nano".to_owned());
        }
        Ok(Self { directory, main, entry, notes, keys })
    }

    /// The values of `.dev.vars`, else of `.env`, as wrangler takes them.
    fn add_secrets(&mut self, environment: Option<&str>) -> Result<(), ProjectError> {
        let Some(values) = env_file::read(&self.directory, environment)? else { return Ok(()) };
        let env = self.entry.entry("env").or_insert_with(|| json!({}));
        if let Value::Object(env) = env {
            env.extend(values.into_iter().map(|(name, value)| (name, Value::String(value))));
        }
        Ok(())
    }

    /// What is to be looked after, whatever the bundle is made of.
    pub(crate) fn files(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
        let directory = directory.to_owned();
        let own = wrangler::FILE_NAMES.iter().chain(&["package.json", "tsconfig.json"]).map(|name| (*name).to_owned());
        own.chain(env_file::NAMES.iter().map(|name| (*name).to_owned())).map(move |name| directory.join(name))
    }

    /// The directory of its static files.
    pub(crate) fn assets(&self) -> Option<PathBuf> {
        let directory = self.entry.get("assets")?.get("directory")?.as_str()?;
        Some(self.directory.join(directory))
    }

    /// What `nano-bundle` is to make of it.
    pub(crate) fn request(&self, main: &Path, out: &Path, listed: &[ListedModule]) -> BundleRequest {
        let flags = self.entry.get("compatibility_flags").and_then(Value::as_array);
        let flags: Vec<_> = flags.into_iter().flatten().filter_map(Value::as_str).collect();
        let working = std::env::current_dir().unwrap_or_default();
        let shown_from = if self.directory.starts_with(&working) { working } else { self.directory.clone() };
        let mut define = self.texts("define");
        for (name, value) in
            [("process.env.NODE_ENV", "\"development\""), ("navigator.userAgent", "\"Cloudflare-Workers\"")]
        {
            define.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        BundleRequest {
            project: self.directory.clone(),
            entry: main.to_owned(),
            root: root_of(&self.directory),
            out: out.to_owned(),
            shown_from,
            tsconfig: self.keys.get("tsconfig").and_then(Value::as_str).map(|path| self.directory.join(path)),
            define,
            alias: self.texts("alias"),
            rules: self.rules(),
            builtins: listed.iter().cloned().map(|module| module.for_app(&flags)).collect(),
        }
    }

    fn texts(&self, key: &str) -> BTreeMap<String, String> {
        let object = self.keys.get(key).and_then(Value::as_object);
        let texts = object.into_iter().flatten();
        texts.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }

    fn rules(&self) -> Vec<BundleRule> {
        let rules = self.keys.get("rules").and_then(Value::as_array).into_iter().flatten();
        let rule = |rule: &Value| {
            let kind = match rule.get("type")?.as_str()? {
                "Text" => FileKind::Text,
                "Data" => FileKind::Data,
                "CompiledWasm" => FileKind::CompiledWasm,
                _ => return None,
            };
            let globs = rule.get("globs")?.as_array()?;
            Some(BundleRule { kind, globs: globs.iter().filter_map(Value::as_str).map(str::to_owned).collect() })
        };
        rules.filter_map(rule).collect()
    }
}

#[cfg(test)]
mod tests;
