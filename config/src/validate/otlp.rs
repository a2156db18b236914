//! `otlp`.

use crate::hostname::{HostName, split_host_port};
use crate::json::Value;
use crate::otlp::OtlpConfig;
use crate::schema;
use crate::validate::read::Object;
use crate::validate::report::Report;

/// Longest `endpoint`.
const MAX_URL: usize = 2048;

/// Reads the object. `None`: there is none, or it has faults.
pub(super) fn read(report: &mut Report<'_>, top: &Object<'_>) -> Option<OtlpConfig> {
    let (node, path) = top.node(&schema::OTLP)?;
    let expected = "expected an object such as {\"endpoint\": \"http://127.0.0.1:4318\"}";
    let object = Object::open(report, node, path, &schema::OTLP_LEVEL, expected)?;
    let sample = sample(report, &object);
    if object.node(&schema::OTLP_ENDPOINT).is_none() {
        report.fault(object.span, &object.path, "`endpoint` is missing: the URL of the receiver", None);
        return None;
    }
    let (url, node, path) = object.text(report, &schema::OTLP_ENDPOINT)?;
    if let Err(message) = check(url) {
        report.fault(node.span, &path, message, None);
        return None;
    }
    Some(OtlpConfig { endpoint: url.to_owned(), sample })
}

fn sample(report: &mut Report<'_>, object: &Object<'_>) -> f64 {
    let Some((node, path)) = object.node(&schema::OTLP_SAMPLE) else { return OtlpConfig::SAMPLE };
    let number = match &node.value {
        Value::Number(text) => text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number)),
        _ => None,
    };
    number.unwrap_or_else(|| {
        report.wrong_type(node, &path, &schema::OTLP_SAMPLE, None);
        OtlpConfig::SAMPLE
    })
}

fn check(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest.filter(|_| url.len() <= MAX_URL) else {
        return Err("expected a URL that begins with http:// or https://".to_owned());
    };
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains('#') {
        return Err("a URL has ASCII characters only, no spaces and no `#` here".to_owned());
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        let message = "the URL must not have a user or a password: what the receiver asks for goes into the environment variable OTEL_EXPORTER_OTLP_HEADERS";
        return Err(message.to_owned());
    }
    let (host, port) = split_host_port(authority).map_err(|error| format!("the URL's host: {error}"))?;
    if port == Some(0) {
        return Err("port 0 is none to connect to".to_owned());
    }
    HostName::parse(host).map(drop).map_err(|error| format!("the URL's host: {error}"))
}
