//! wrangler's files, and its environments.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// Names of the file, in wrangler's order.
pub(super) const NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// Keys that an environment does not inherit: its own, or none.
const NOT_INHERITED: &[&str] = &[
    "ai",
    "analytics_engine_datasets",
    "browser",
    "containers",
    "d1_databases",
    "define",
    "dispatch_namespaces",
    "durable_objects",
    "hyperdrive",
    "images",
    "kv_namespaces",
    "mtls_certificates",
    "pipelines",
    "queues",
    "r2_buckets",
    "ratelimits",
    "secrets_store_secrets",
    "send_email",
    "services",
    "tail_consumers",
    "unsafe",
    "vars",
    "vectorize",
    "version_metadata",
    "workflows",
];

/// Why there is no entry.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no file.
    #[error("{} has no wrangler.json, wrangler.jsonc or wrangler.toml", .0.display())]
    None(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Its text is not what its name says.
    #[error("{}: {message}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// It has no such environment.
    #[error("{}: there is no environment \"{name}\"; it has {known}", .path.display())]
    NoEnvironment {
        /// Which file.
        path: PathBuf,
        /// The one that was asked for.
        name: String,
        /// Those that there are, in words.
        known: String,
    },
}

/// The file itself, or the one of a directory.
pub(super) fn file_in(path: &Path) -> Result<PathBuf, ImportError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let found = NAMES.iter().map(|name| path.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| ImportError::None(path.to_owned()))
}

pub(super) fn read(path: &Path) -> Result<Map<String, Value>, ImportError> {
    let text = fs::read_to_string(path).map_err(|error| ImportError::Unreadable { path: path.to_owned(), error })?;
    let malformed = |message: String| ImportError::Malformed { path: path.to_owned(), message };
    let value = if path.extension().is_some_and(|extension| extension == "toml") {
        toml::from_str::<Value>(&text).map_err(|error| malformed(error.to_string().trim_end().to_owned()))?
    } else {
        let options = jsonc_parser::ParseOptions::default();
        let value = jsonc_parser::parse_to_serde_value::<Value>(&text, &options);
        value.map_err(|error| malformed(error.to_string()))?
    };
    match value {
        Value::Object(config) => Ok(config),
        _ => Err(malformed("it is no object".to_owned())),
    }
}

/// What holds in one of its environments; without one, at the top.
pub(super) fn in_environment(
    mut config: Map<String, Value>,
    name: Option<&str>,
    path: &Path,
) -> Result<Map<String, Value>, ImportError> {
    let environments = config.remove("env");
    let Some(name) = name else { return Ok(config) };
    let environments = environments.as_ref().and_then(Value::as_object);
    let Some(own) = environments.and_then(|all| all.get(name)).and_then(Value::as_object) else {
        let known: Vec<_> = environments.into_iter().flat_map(Map::keys).map(|name| format!("\"{name}\"")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(ImportError::NoEnvironment { path: path.to_owned(), name: name.to_owned(), known });
    };
    config.retain(|key, _| !NOT_INHERITED.contains(&key.as_str()));
    if let Some(Value::String(app)) = config.get("name") {
        let named = format!("{app}-{name}");
        config.insert("name".to_owned(), Value::String(named));
    }
    config.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(config)
}
