//! The objects in `listen`.

use crate::address;
use crate::config::{Listen, ListenAddress, ListenOptions, UnixListen};
use crate::json::{Node, Value};
use crate::schema::{self, Key};
use crate::suggest;
use crate::validate::read::Object;
use crate::validate::report::{KeyPath, Report};

/// `{"address": "addr:port"}`, `{"address": "unix:/path", "mode": "0660", "group": "www-data"}`, with options. `has_tls`:
/// the configuration has certificates.
pub(super) fn read(report: &mut Report<'_>, node: &Node, path: &KeyPath, has_tls: bool) -> Option<Listen> {
    let Value::Object(members) = &node.value else { return None };
    for member in members.iter().filter(|member| !schema::LISTEN_LEVEL.has(&member.key)) {
        let here = path.key(&member.key);
        let suggestion = suggest::for_key(&member.key, &schema::LISTEN_LEVEL);
        report.fault(member.key_span, &here, "unknown key", suggestion);
    }
    let object = Object::of(members, node.span, path.clone());
    let mode = mode(report, &object);
    let group = group(report, &object, &schema::LISTEN_GROUP);
    let options = ListenOptions {
        tls: object.flag(report, &schema::LISTEN_TLS),
        proxy_protocol: object.flag(report, &schema::LISTEN_PROXY_PROTOCOL),
    };
    if let Some(span) = object.key_span(&schema::LISTEN_TLS).filter(|_| options.tls && !has_tls) {
        let message = "there are no certificates: that takes the key `tls` at the top level";
        let example =
            "\"tls\": {\"certificates\": [{\"hostnames\": [\"a.example\"], \"cert\": \"a.pem\", \"key\": \"a.key\"}]}";
        report.fault(span, &object.path.key(schema::LISTEN_TLS.name), message, Some(format!("as in {example}")));
    }
    if object.node(&schema::LISTEN_ADDRESS).is_none() {
        report.fault(node.span, path, "`address` is missing", None);
        return None;
    }
    let (text, node, path) = object.text(report, &schema::LISTEN_ADDRESS)?;
    let address = match address::listen(text) {
        Ok(ListenAddress::Unix(UnixListen { path, .. })) => {
            let default = if group.is_some() { UnixListen::GROUP } else { UnixListen::OPEN };
            ListenAddress::Unix(UnixListen { path, mode: mode.unwrap_or(default), group })
        }
        Ok(tcp) => {
            for key in [schema::LISTEN_MODE, schema::LISTEN_GROUP] {
                if let Some(span) = object.key_span(&key) {
                    let message = "`mode` and `group` are for the file of a Unix socket";
                    report.fault(span, &object.path.key(key.name), message, None);
                }
            }
            tcp
        }
        Err((message, suggestion)) => {
            report.fault(node.span, &path, message, suggestion);
            return None;
        }
    };
    Some(Listen { address, options })
}

fn mode(report: &mut Report<'_>, object: &Object<'_>) -> Option<u32> {
    let (text, node, path) = object.text(report, &schema::LISTEN_MODE)?;
    match address::mode(text) {
        Ok(mode) => Some(mode),
        Err((message, suggestion)) => {
            report.fault(node.span, &path, message, suggestion);
            None
        }
    }
}

/// The name of a group, or its number.
pub(super) fn group(report: &mut Report<'_>, object: &Object<'_>, key: &Key) -> Option<String> {
    let (text, node, path) = object.text(report, key)?;
    if text.is_empty()
        || text.len() > 255
        || text.chars().any(|char| char.is_whitespace() || char.is_control() || char == ':')
    {
        report.fault(node.span, &path, "expected the name of a group, or its number", None);
        return None;
    }
    Some(text.to_owned())
}
