//! `tls.acme`.

use std::path::{Path, PathBuf};

use crate::acme::AcmeConfig;
use crate::error::quote;
use crate::json::Value;
use crate::schema;
use crate::validate::read::Object;
use crate::validate::report::Report;

/// Where certificates are kept in `state_dir`, if nothing else is said.
const IN_STATE_DIR: &str = "acme";

/// Longest URL, in bytes.
const MAX_URL: usize = 2000;

/// Longest address of e-mail, in bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL: usize = 254;

/// Reads the object. `None`: there is none, or it has faults.
pub(super) fn read(
    report: &mut Report<'_>,
    tls: &Object<'_>,
    beside: &Path,
    state_dir: Option<&Path>,
) -> Option<AcmeConfig> {
    let (node, path) = tls.node(&schema::TLS_ACME)?;
    let expected = "expected an object such as {\"directory\": \"https://acme-v02.api.letsencrypt.org/directory\", \"agree\": true}";
    let acme = Object::open(report, node, path, &schema::ACME_LEVEL, expected)?;
    let directory = directory(report, &acme);
    let email = match acme.node(&schema::ACME_EMAIL) {
        Some(_) => Some(email(report, &acme)?),
        None => None,
    };
    let agrees = agrees(report, &acme);
    let storage = storage(report, &acme, beside, state_dir)?;
    let at = acme.key_span(&schema::ACME_STORAGE).or_else(|| tls.key_span(&schema::TLS_ACME)).unwrap_or(acme.span);
    agrees.then_some(AcmeConfig {
        directory: directory?,
        email,
        state_dir: state_dir.filter(|state_dir| storage.starts_with(state_dir)).map(Path::to_path_buf),
        storage,
        location: report.location(at.start),
    })
}

fn directory(report: &mut Report<'_>, acme: &Object<'_>) -> Option<String> {
    if acme.node(&schema::ACME_DIRECTORY).is_none() {
        let message = "`directory` is missing: the URL at which the certificate authority has its directory";
        report.fault(acme.span, &acme.path, message, None);
        return None;
    }
    let (text, node, path) = acme.text(report, &schema::ACME_DIRECTORY)?;
    if is_url(text) {
        return Some(text.to_owned());
    }
    let message = format!("expected a URL as in \"https://acme.example/directory\", found \"{}\"", quote(text));
    let suggestion = text.starts_with("http://").then(|| "ACME has no http: the URL begins with `https://`".to_owned());
    report.fault(node.span, &path, message, suggestion);
    None
}

/// Whether it is a URL with `https`, written as RFC 3986 has it, without user and fragment.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").filter(|_| text.len() <= MAX_URL) else { return false };
    let (authority, path) = rest.find(['/', '?']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)),
    };
    let is_port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&byte);
    is_host && is_port && path.bytes().all(is_plain)
}

fn email(report: &mut Report<'_>, acme: &Object<'_>) -> Option<String> {
    let (text, node, path) = acme.text(report, &schema::ACME_EMAIL)?;
    // One address: it becomes a URL of `mailto:`, in which these stand for something else.
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"@,;:?&<>()[]\\\"%".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_plain);
    match text.split_once('@') {
        Some((user, host)) if is_part(user) && is_part(host) && text.len() <= MAX_EMAIL => Some(text.to_owned()),
        _ => {
            let message = format!("expected one address as in \"admin@a.example\", found \"{}\"", quote(text));
            report.fault(node.span, &path, message, None);
            None
        }
    }
}

fn agrees(report: &mut Report<'_>, acme: &Object<'_>) -> bool {
    const WHY: &str = "with it you agree to the terms of service of the certificate authority, which gives no certificates without (its directory says where they are)";
    match acme.node(&schema::ACME_AGREE) {
        Some((node, _)) if matches!(node.value, Value::Bool(true)) => return true,
        Some((node, path)) if matches!(node.value, Value::Bool(false)) => {
            report.fault(node.span, &path, format!("it must be true: {WHY}"), None);
        }
        Some((node, path)) => report.wrong_type(node, &path, &schema::ACME_AGREE, None),
        None => report.fault(acme.span, &acme.path, format!("`agree` is missing, and must be true: {WHY}"), None),
    }
    false
}

fn storage(report: &mut Report<'_>, acme: &Object<'_>, beside: &Path, state_dir: Option<&Path>) -> Option<PathBuf> {
    if acme.node(&schema::ACME_STORAGE).is_none() {
        if state_dir.is_none() {
            let message = "there is no place for certificates: name a directory in `storage`, or in `state_dir` at the top level (or StateDirectory= in nano's unit)";
            report.fault(acme.span, &acme.path, message, None);
        }
        return Some(state_dir?.join(IN_STATE_DIR));
    }
    let (text, node, path) = acme.text(report, &schema::ACME_STORAGE)?;
    if text.is_empty() || text.contains('\0') {
        report.fault(node.span, &path, "expected the path of a directory", None);
        return None;
    }
    Some(beside.join(text))
}

#[cfg(test)]
mod tests;
