//! `nanoctl explain`: the settings of an app and where each of them comes from, of the configuration that serves or of a
//! file.

use std::path::Path;

use nano_config::{AppConfig, Config, HostName, Location, Origin, Setting, split_host_port};
use nano_protocol::memory;
use serde_json::{Value, json};

/// What is asked for is neither an app nor a host of one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExplainError {
    #[error("{0:?} is neither an app's name nor a host: {1}")]
    NoHost(String, String),
    #[error("there is no app {0:?}, and none answers for such a host: requests for it get 404")]
    NoApp(String),
}

/// The explanation of the app of this name, or of the app that answers for this host, as JSON. An app's name has
/// precedence.
pub(crate) fn explain(config: &Config, subject: &str) -> Result<Value, ExplainError> {
    let by_name = config.apps.iter().position(|app| app.name == subject);
    let host = split_host_port(subject).ok().and_then(|(host, _)| HostName::parse(host).ok());
    let matched = host.as_ref().and_then(|host| config.app_of_host(host));
    let (index, app) = match by_name.or(matched.map(|(index, _)| index)).map(|index| (index, config.apps.get(index))) {
        Some((index, Some(app))) => (index, app),
        _ => {
            return Err(match split_host_port(subject).and_then(|(host, _)| HostName::parse(host)) {
                Ok(_) => ExplainError::NoApp(subject.to_owned()),
                Err(error) => ExplainError::NoHost(subject.to_owned(), error.to_string()),
            });
        }
    };
    let matched = matched.filter(|(of, _)| *of == index).map(|(_, pattern)| pattern.as_str());
    let explained = config.explain(index);
    let settings = |all: &[Setting]| all.iter().map(setting).collect::<Value>();
    Ok(json!({
        "app": app.name,
        "hostnames": app.hostnames.iter().map(|host| host.as_str()).collect::<Vec<_>>(),
        "matched": matched,
        "file": config.file.as_deref().map(absolute),
        "files": files(app),
        "settings": settings(&explained.app),
        "server": settings(&explained.server),
        "limits": limits(app),
    }))
}

fn setting(setting: &Setting) -> Value {
    let value: Value = serde_json::from_str(&setting.value).unwrap_or_default();
    let (origin, place) = match &setting.origin {
        Origin::Own(place) => ("own", Some(place)),
        Origin::Defaults(place) => ("defaults", Some(place)),
        Origin::BuiltIn => ("built in", None),
    };
    let place =
        place.map(|Location { file, line, column }| json!({ "file": absolute(file), "line": line, "column": column }));
    json!({ "key": setting.key, "value": value, "origin": origin, "place": place })
}

/// Where the app's code and files are, links resolved.
fn files(app: &AppConfig) -> Value {
    let module = app.has_module().then(|| absolute(&app.root.join(&app.entry)));
    json!({ "module": module, "assets": app.assets.as_ref().map(|assets| absolute(&assets.root)) })
}

/// What follows from the settings.
fn limits(app: &AppConfig) -> Value {
    let settings = &app.settings;
    let workers = if app.has_module() { u64::from(settings.workers) } else { 0 };
    json!({
        "requests_in_flight": workers * u64::from(settings.max_concurrent),
        "process_memory_bytes": app.has_module().then(|| memory::process_limit(settings.memory_bytes)),
        "stream_bytes": settings.max_buffer.bytes(),
        "body_bytes": settings.max_body_bytes,
    })
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[cfg(test)]
mod tests;
