//! A warning where a configuration holds what looks like secrets, and everybody may read the file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::{Diagnostic, Location};
use crate::json::{Node, Value};
use crate::schema;
use crate::validate::report::{KeyPath, Report};

/// Parts of the names that secrets have.
const NAMES: [&str; 10] = [
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "credential",
];

/// Shorter ones are flags and examples.
const SHORTEST: usize = 8;

const OTHERS_READ: u32 = 0o004;
const OTHERS_ENTER: u32 = 0o001;

/// What to tell the operator, if anything: one warning, however many values there are.
pub(super) fn warning(report: &Report<'_>, root: &Node, file: &Path) -> Option<Diagnostic> {
    let mode = mode_for_all(file)?;
    let mut found = Vec::new();
    let top = KeyPath::root();
    if let Some(defaults) = member(root, schema::DEFAULTS.name) {
        look(defaults, &top.key(schema::DEFAULTS.name), &mut found);
    }
    if let Some(Value::Array(apps)) = member(root, schema::APPS.name).map(|apps| &apps.value) {
        let apps_path = top.key(schema::APPS.name);
        apps.iter().enumerate().for_each(|(index, app)| look(app, &apps_path.item(index), &mut found));
    }
    let (at, path) = found.first()?;
    let others = match found.len() - 1 {
        0 => String::new(),
        others => format!(", as do {others} more"),
    };
    let message =
        format!("it looks like a secret{others}, and every user of this machine may read the file (mode {mode:04o})");
    let how = format!("chmod o-r {}, or keep the secret in a file of its own: {{\"file\": \"PATH\"}}", file.display());
    let location: Location = report.location(*at);
    Some(Diagnostic::at(&location, path.as_str(), message).with_suggestion(Some(how)))
}

/// The file's mode, if everybody may read it, and may enter the directories on the way.
fn mode_for_all(file: &Path) -> Option<u32> {
    let whole = file.canonicalize().ok()?;
    let mode = |path: &Path| path.metadata().as_ref().map(Metadata::mode).ok();
    let own = mode(&whole)?;
    let may_enter = whole.ancestors().skip(1).all(|way| mode(way).is_some_and(|mode| mode & OTHERS_ENTER != 0));
    (own & OTHERS_READ != 0 && may_enter).then_some(own & 0o7777)
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Object(members) => members.iter().find(|member| member.key == key).map(|member| &member.value),
        _ => None,
    }
}

fn look(object: &Node, path: &KeyPath, found: &mut Vec<(usize, KeyPath)>) {
    let Some(Value::Object(env)) = member(object, schema::ENV.name).map(|env| &env.value) else { return };
    let path = path.key(schema::ENV.name);
    for entry in env {
        if let Value::String(value) = &entry.value.value
            && looks_secret(&entry.key, value)
        {
            found.push((entry.value.span.start, path.key(&entry.key)));
        }
    }
}

fn looks_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let is_named = NAMES.iter().any(|part| name.contains(part)) && !name.contains("public") && !name.ends_with("_url");
    let has_password = value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, word)| !word.is_empty()))
    });
    let is_key = value.starts_with("-----BEGIN ") && value.contains("PRIVATE KEY");
    value.len() >= SHORTEST && (is_named || has_password || is_key)
}

#[cfg(test)]
mod tests;
