//! `fleet` and `state_dir`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::quote;
use crate::fleet::{FleetConfig, FleetLimits, FleetTls, state_directory};
use crate::json::{Node, Value};
use crate::schema;
use crate::schema::Key;
use crate::validate::read::Object;
use crate::validate::report::{KeyPath, Report};

/// Longest prefix, node name, label: they are parts of keys and of lines on a terminal.
const MAX_WORD: usize = 128;
/// Most endpoints, and most labels.
const MAX_ENTRIES: usize = 16;

pub(super) fn read(
    report: &mut Report<'_>,
    top: &Object<'_>,
    directory: &Path,
    state_dir: Option<PathBuf>,
) -> Option<FleetConfig> {
    let (node, path) = top.node(&schema::FLEET)?;
    let expected = "expected an object such as {\"endpoints\": [\"http://127.0.0.1:2379\"], \"node\": \"a1\"}";
    let object = Object::open(report, node, path.clone(), &schema::FLEET_LEVEL, expected)?;
    let endpoints = endpoints(report, &object);
    let prefix = match object.text(report, &schema::FLEET_PREFIX) {
        Some((text, node, path)) => prefix(report, text, node, &path),
        None => Some(schema::DEFAULT_PREFIX.to_owned()),
    };
    let name = match object.text(report, &schema::FLEET_NODE) {
        Some((text, node, path)) => word(report, text, node, &path),
        None => {
            if object.node(&schema::FLEET_NODE).is_none() {
                report.fault(object.span, &path, "`node` is missing: this node's name, unique in the fleet", None);
            }
            None
        }
    };
    let labels = labels(report, &object);
    let (tls, user) = (tls(report, &object, directory), user(report, &object, directory));
    let secret_keys = secret_keys(report, &object, directory);
    let limits = limits(report, &object);
    if state_dir.is_none() && top.node(&schema::STATE_DIR).is_none() {
        let message = "a node of a fleet needs `state_dir`, where it keeps its apps (or StateDirectory= in its unit)";
        report.fault(node.span, &path, message, None);
    }
    Some(FleetConfig {
        endpoints: endpoints?,
        prefix: prefix?,
        node: name?,
        labels,
        tls,
        user,
        secret_keys,
        limits,
        state_dir: state_dir?,
    })
}

/// `state_dir`, else what systemd made.
pub(super) fn state_dir(report: &mut Report<'_>, top: &Object<'_>, directory: &Path) -> Option<PathBuf> {
    if top.node(&schema::STATE_DIR).is_none() {
        return state_directory();
    }
    let (text, node, path) = top.text(report, &schema::STATE_DIR)?;
    if text.is_empty() || text.contains('\0') {
        report.fault(node.span, &path, "expected the path of a directory", None);
        return None;
    }
    Some(directory.join(text))
}

fn endpoints(report: &mut Report<'_>, fleet: &Object<'_>) -> Option<Vec<String>> {
    let Some((node, path)) = fleet.node(&schema::FLEET_ENDPOINTS) else {
        report.fault(fleet.span, &fleet.path, "`endpoints` is missing: where etcd answers", None);
        return None;
    };
    let items = match &node.value {
        Value::Array(items) if (1..=MAX_ENTRIES).contains(&items.len()) => items,
        _ => {
            report.wrong_type(node, &path, &schema::FLEET_ENDPOINTS, None);
            return None;
        }
    };
    let mut endpoints = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.value {
            Value::String(text) if is_endpoint(text) => endpoints.push(text.trim_end_matches('/').to_owned()),
            _ => report.wrong_type_of(item, &path.item(index), "\"http://host:port\" or \"https://host:port\"", None),
        }
    }
    (endpoints.len() == items.len()).then_some(endpoints)
}

fn is_endpoint(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let Some((host, port)) = rest.trim_end_matches('/').rsplit_once(':') else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    !host.is_empty() && host.len() <= 253 && host.bytes().all(plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn prefix(report: &mut Report<'_>, text: &str, node: &Node, path: &KeyPath) -> Option<String> {
    let trimmed = text.trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if trimmed.len() > 1 && trimmed.len() <= MAX_WORD && trimmed.starts_with('/') && trimmed.bytes().all(plain) {
        return Some(trimmed.to_owned());
    }
    report.wrong_type(node, path, &schema::FLEET_PREFIX, None);
    None
}

/// A node's name, or a label's value.
fn word(report: &mut Report<'_>, text: &str, node: &Node, path: &KeyPath) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(plain) && text != "." && text != ".." {
        return Some(text.to_owned());
    }
    let message = format!("expected 1 to {MAX_WORD} of a-z, A-Z, 0-9, `.`, `_` and `-`, found \"{}\"", quote(text));
    report.fault(node.span, path, message, None);
    None
}

fn labels(report: &mut Report<'_>, fleet: &Object<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some((node, path)) = fleet.node(&schema::FLEET_LABELS) else { return labels };
    let Value::Object(members) = &node.value else {
        report.wrong_type(node, &path, &schema::FLEET_LABELS, None);
        return labels;
    };
    if members.len() > MAX_ENTRIES {
        report.fault(node.span, &path, format!("at most {MAX_ENTRIES} labels"), None);
    }
    for member in members {
        let here = path.key(&member.key);
        let Value::String(text) = &member.value.value else {
            report.wrong_type_of(&member.value, &here, "a string", None);
            continue;
        };
        if let (Some(key), Some(value)) =
            (word(report, &member.key, &member.value, &here), word(report, text, &member.value, &here))
        {
            labels.insert(key, value);
        }
    }
    labels
}

/// The path of a file beside the configuration.
fn file(report: &mut Report<'_>, object: &Object<'_>, key: &Key, directory: &Path) -> Option<PathBuf> {
    let (text, node, path) = object.text(report, key)?;
    if text.is_empty() || text.contains('\0') {
        report.fault(node.span, &path, "expected the path of a file", None);
        return None;
    }
    Some(directory.join(text))
}

fn tls(report: &mut Report<'_>, fleet: &Object<'_>, directory: &Path) -> FleetTls {
    let Some((node, path)) = fleet.node(&schema::FLEET_TLS) else { return FleetTls::default() };
    let expected = "expected an object such as {\"ca\": \"etcd-ca.pem\"}";
    let Some(object) = Object::open(report, node, path.clone(), &schema::FLEET_TLS_LEVEL, expected) else {
        return FleetTls::default();
    };
    let [ca, cert, key] =
        [&schema::FLEET_CA, &schema::FLEET_CERT, &schema::FLEET_KEY].map(|key| file(report, &object, key, directory));
    let own = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => {
            report.fault(node.span, &path, "`cert` and `key` belong together", None);
            None
        }
    };
    FleetTls { ca, own }
}

fn user(report: &mut Report<'_>, fleet: &Object<'_>, directory: &Path) -> Option<(String, PathBuf)> {
    let (node, path) = fleet.node(&schema::FLEET_USER)?;
    let expected = "expected an object such as {\"name\": \"node\", \"password_file\": \"etcd-password\"}";
    let object = Object::open(report, node, path.clone(), &schema::FLEET_USER_LEVEL, expected)?;
    let name = object.text(report, &schema::FLEET_USER_NAME).map(|(text, ..)| text.to_owned());
    let password = file(report, &object, &schema::FLEET_USER_PASSWORD, directory);
    let both = name.filter(|name| !name.is_empty()).zip(password);
    if both.is_none() {
        report.fault(node.span, &path, "`name` and `password_file` belong together", None);
    }
    both
}

fn secret_keys(report: &mut Report<'_>, fleet: &Object<'_>, directory: &Path) -> Vec<PathBuf> {
    let Some((node, path)) = fleet.node(&schema::FLEET_SECRET_KEYS) else { return Vec::new() };
    let items = match &node.value {
        Value::Array(items) if (1..=MAX_ENTRIES).contains(&items.len()) => items,
        _ => {
            report.wrong_type(node, &path, &schema::FLEET_SECRET_KEYS, None);
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.value {
            Value::String(text) if !text.is_empty() && !text.contains('\0') => files.push(directory.join(text)),
            _ => report.wrong_type_of(item, &path.item(index), "the path of a file as a string", None),
        }
    }
    files
}

fn limits(report: &mut Report<'_>, fleet: &Object<'_>) -> FleetLimits {
    let Some((node, path)) = fleet.node(&schema::FLEET_LIMITS) else { return FleetLimits::default() };
    let expected = "expected an object such as {\"memory_mb\": 512}";
    let Some(object) = Object::open(report, node, path, &schema::FLEET_LIMITS_LEVEL, expected) else {
        return FleetLimits::default();
    };
    let mut bound = |key: &Key| object.whole(report, key);
    FleetLimits {
        memory_mb: bound(&schema::LIMIT_MEMORY_MB),
        workers: bound(&schema::LIMIT_WORKERS),
        cpu_ms: bound(&schema::LIMIT_CPU_MS),
        timeout_ms: bound(&schema::LIMIT_TIMEOUT_MS),
        max_concurrent: bound(&schema::LIMIT_MAX_CONCURRENT),
        max_body_mb: bound(&schema::LIMIT_MAX_BODY_MB),
        max_buffer_size_mb: bound(&schema::LIMIT_MAX_BUFFER_SIZE_MB),
    }
}
