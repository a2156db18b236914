//! `nanoctl explain`: asks the nano that runs, or reads the file that `--config` names.

use std::fmt::Write;
use std::path::Path;

use nano_protocol::ExitCode;
use serde_json::{Value, json};

use super::command_line::Cli;
use super::show::{bytes, list, table, text};
use super::{CommandFailure, client, json_of, serves};
use crate::explain;
use crate::printable;

/// The explanation by the nano that runs; if none serves the file of `--config`, by the file.
pub(super) fn explained(cli: &Cli, subject: &str) -> Result<Value, CommandFailure> {
    let client = match (client(cli), &cli.config) {
        (Ok(client), None) => client,
        (Ok(client), Some(file)) if serves(&json_of(client.get("/status")?)?, file) => client,
        (Ok(_) | Err(CommandFailure { code: ExitCode::NoSupervisor, .. }), Some(file)) => {
            return by_file(file, subject);
        }
        (Err(failure), _) => return Err(failure),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("subject", subject);
    json_of(client.get(&format!("/explain?{}", query.finish()))?)
}

fn by_file(file: &Path, subject: &str) -> Result<Value, CommandFailure> {
    let config = nano_config::load(file).map_err(|error| CommandFailure::new(ExitCode::Failed, &error))?;
    let mut body = explain::explain(&config, subject).map_err(|error| CommandFailure::new(ExitCode::Failed, &error))?;
    body["running"] = Value::Null;
    Ok(body)
}

pub(super) fn show(body: &Value) -> String {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let hostnames = match &body["matched"] {
        Value::Null => text(&body["hostnames"]),
        matched => format!("{} (of {})", text(matched), text(&body["hostnames"])),
    };
    let running = &body["running"];
    let state = match running {
        Value::Null => "no nano serves this file: it is what the file says".to_owned(),
        running => format!("{}, generation {}", text(&running["state"]), text(&running["generation"])),
    };
    let mut rows = vec![
        row("app", text(&body["app"])),
        row("hostname", hostnames),
        row("state", state),
        row("config", text(&body["file"])),
        row("module", text(&body["files"]["module"])),
        row("assets", text(&body["files"]["assets"])),
        row("requests in flight", format!("at most {}", text(&body["limits"]["requests_in_flight"]))),
        row("memory of a process", format!("at most {}", bytes(&body["limits"]["process_memory_bytes"]))),
    ];
    for certificate in list(&body["certificates"]) {
        if let Some(line) = super::show::of_host(certificate) {
            rows.push(row("certificate", format!("{} {line}", text(&certificate["name"]))));
        }
    }
    if !running.is_null() {
        rows.push(row("sandbox", super::show::sandbox(&running["sandbox"])));
    }
    let mut out = table(&rows);
    for (title, key) in [("SETTING OF THE APP", "settings"), ("OF THE SERVER", "server")] {
        let heading = vec![title.to_owned(), "VALUE".to_owned(), "FROM".to_owned()];
        let rows: Vec<_> = std::iter::once(heading).chain(list(&body[key]).map(setting)).collect();
        let _ = write!(out, "\n{}", table(&rows));
    }
    out
}

fn setting(setting: &Value) -> Vec<String> {
    let place = &setting["place"];
    let file = std::path::Path::new(place["file"].as_str().unwrap_or_default()).file_name().unwrap_or_default();
    let at = format!("{}:{}:{}", file.to_string_lossy(), text(&place["line"]), text(&place["column"]));
    let from = match setting["origin"].as_str() {
        Some("own") => at,
        Some("defaults") => format!("{at}, defaults"),
        _ => "built in".to_owned(),
    };
    // Strings in quotes, as in the file: "off" and off differ.
    let value = match &setting["value"] {
        Value::Null => "-".to_owned(),
        Value::Array(items) if setting["key"] == json!("env") => {
            format!("{} (values are not shown)", text(&items.clone().into()))
        }
        value => value.to_string(),
    };
    vec![text(&setting["key"]), printable::line(&value).into_owned(), from]
}
