//! `tls`.

use std::collections::HashMap;
use std::path::Path;

use super::{Look, acme};
use crate::error::Location;
use crate::hostname::HostPattern;
use crate::json::{Node, Span, Value};
use crate::schema::{self, Key};
use crate::tls::{self, CertificateConfig, CertificateFiles, Secret, TlsConfig};
use crate::validate::read::Object;
use crate::validate::report::{KeyPath, Report};

/// Most certificates.
const MAX_CERTIFICATES: usize = 10_000;

/// Reads the object. `None`: there is none, or it has faults.
pub(super) fn read(
    report: &mut Report<'_>,
    top: &Object<'_>,
    (directory, cwd, state_dir): (&Path, &Path, Option<&Path>),
    look: &Look<'_>,
) -> Option<TlsConfig> {
    let (node, path) = top.node(&schema::TLS)?;
    if !matches!(node.value, Value::Object(_)) {
        report.wrong_type(node, &path, &schema::TLS, None);
        return None;
    }
    let object = Object::open(report, node, path, &schema::TLS_LEVEL, "")?;
    let redirect_http = object.flag(report, &schema::TLS_REDIRECT_HTTP);
    let hsts_s = object.whole_or_default(report, &schema::TLS_HSTS_S);
    let orders = object.node(&schema::TLS_ACME).is_some();
    let acme = acme::read(report, &object, directory, state_dir);
    let certificates = if orders && object.node(&schema::TLS_CERTIFICATES).is_none() {
        Vec::new()
    } else {
        certificates(report, &object, (directory, cwd), look)?
    };
    (orders == acme.is_some()).then_some(TlsConfig { certificates, acme, redirect_http, hsts_s })
}

fn certificates(
    report: &mut Report<'_>,
    tls: &Object<'_>,
    places: (&Path, &Path),
    look: &Look<'_>,
) -> Option<Vec<CertificateConfig>> {
    let Some((node, path)) = tls.node(&schema::TLS_CERTIFICATES) else {
        report.fault(
            tls.span,
            &tls.path,
            "`certificates` is missing, a list of at least one, or `acme`, by which they are ordered",
            None,
        );
        return None;
    };
    let Value::Array(items) = &node.value else {
        let suggestion = matches!(node.value, Value::Object(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::TLS_CERTIFICATES, suggestion);
        return None;
    };
    if items.is_empty() || items.len() > MAX_CERTIFICATES {
        let message = format!("there must be 1 to {MAX_CERTIFICATES} certificates");
        report.fault(node.span, &path, message, None);
        return None;
    }
    let mut taken: HashMap<HostPattern, Span> = HashMap::new();
    let read = items.iter().enumerate().map(|(index, item)| {
        let expected = "expected an object with `hostnames`, `cert` and `key`";
        let object = Object::open(report, item, path.item(index), &schema::CERTIFICATE_LEVEL, expected)?;
        let hostnames = hostnames(report, &object, &mut taken);
        let known = match look {
            Look::OnDisk | Look::Beneath(_) => None,
            Look::Known(found) => Some(found.certificates.get(index)?),
        };
        let cert = file(report, &object, &schema::CERTIFICATE_CERT, places, known.is_some());
        let key = file(report, &object, &schema::CERTIFICATE_KEY, places, known.is_some());
        let ((cert, cert_at), (key, key_at)) = (cert?, key?);
        let files = match (known, cert, key) {
            (Some(known), ..) => known.clone(),
            (None, Some((cert, cert_pem)), Some((key, mut key_pem))) => CertificateFiles {
                cert,
                key,
                cert_pem: cert_pem.as_slice().into(),
                key_pem: Secret::new(std::mem::take(&mut *key_pem)),
            },
            _ => return None,
        };
        Some(CertificateConfig { hostnames: hostnames?, files, locations: [cert_at, key_at] })
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

type Found = (std::path::PathBuf, zeroize::Zeroizing<Vec<u8>>);

/// The file that a key names, unless it `is_known`, and the key's place.
fn file(
    report: &mut Report<'_>,
    object: &Object<'_>,
    key: &Key,
    (directory, cwd): (&Path, &Path),
    is_known: bool,
) -> Option<(Option<Found>, Location)> {
    if object.node(key).is_none() {
        report.fault(object.span, &object.path, format!("`{}` is missing: the path of a PEM file", key.name), None);
        return None;
    }
    let (text, node, path) = object.text(report, key)?;
    let location = report.location(object.key_span(key).unwrap_or(node.span).start);
    if is_known {
        return Some((None, location));
    }
    match tls::find(text, directory, cwd) {
        Ok(found) => Some((Some(found), location)),
        Err((message, suggestion)) => {
            report.fault(node.span, &path, message, suggestion);
            None
        }
    }
}

fn hostnames(
    report: &mut Report<'_>,
    object: &Object<'_>,
    taken: &mut HashMap<HostPattern, Span>,
) -> Option<Vec<HostPattern>> {
    let Some((node, path)) = object.node(&schema::CERTIFICATE_HOSTNAMES) else {
        let message = "`hostnames` is missing: the names that the certificate is for";
        report.fault(object.span, &object.path, message, None);
        return None;
    };
    let Value::Array(items) = &node.value else {
        let suggestion = matches!(node.value, Value::String(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::CERTIFICATE_HOSTNAMES, suggestion);
        return None;
    };
    if items.is_empty() {
        report.fault(node.span, &path, "the list must not be empty", None);
        return None;
    }
    let mut sound = true;
    let mut names = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match hostname(report, item, &path.item(index), taken) {
            Some(name) => names.push(name),
            None => sound = false,
        }
    }
    sound.then_some(names)
}

fn hostname(
    report: &mut Report<'_>,
    item: &Node,
    path: &KeyPath,
    taken: &mut HashMap<HostPattern, Span>,
) -> Option<HostPattern> {
    let Value::String(text) = &item.value else {
        report.wrong_type_of(item, path, "a name such as \"a.example\" or \"*.example\"", None);
        return None;
    };
    let message = match HostPattern::parse(text) {
        Ok(HostPattern::Any) => "a certificate is for names, as \"a.example\", or for those below one, as \"*.example\"".to_owned(),
        Ok(HostPattern::Exact(host)) if host.is_ip() => {
            "clients do not ask for a certificate by an address: one that connects by address gets the first certificate of the list".to_owned()
        }
        Ok(name) => match taken.get(&name) {
            Some(first) => format!("another certificate has this name, first at {}", report.line_column(first.start)),
            None => {
                taken.insert(name.clone(), item.span);
                return Some(name);
            }
        },
        Err(error) => error.to_string(),
    };
    report.fault(item.span, path, message, None);
    None
}
