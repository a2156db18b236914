//! Reads some keys of a configuration that may have faults: for programs that look for the nano that serves it, or have
//! to report why it does not start.

use std::path::{Path, PathBuf};

use crate::config::LogFormat;
use crate::error::{ConfigError, Diagnostic, Location};
use crate::json::{self, Node, Value};
use crate::load::{no_text_of_json, read_text, working_directory};
use crate::schema::{CONTROL_SOCKET, LOG, LOG_FORMAT};
use crate::validate;

/// Keys that were found and are valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// `control_socket`, absolute if the working directory is known.
    pub control_socket: Option<PathBuf>,
    /// `log.format`.
    pub log_format: Option<LogFormat>,
}

/// Looks at a configuration file without checking it.
///
/// # Errors
/// It cannot be read, or is not JSON.
pub fn glance(path: &Path) -> Result<Glance, ConfigError> {
    let text = read_text(path)?;
    if let Some(fault) = no_text_of_json(&text, path) {
        return Err(fault.into());
    }
    let root = json::parse(&text)
        .map_err(|error| ConfigError::from(Diagnostic::at(&Location::whole(path), "", error.message)))?;
    let word = |node: &Node| match &node.value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let socket = member(&root, CONTROL_SOCKET.name).and_then(word).filter(|text| !text.is_empty());
    let format = member(&root, LOG.name).and_then(|log| member(log, LOG_FORMAT.name)).and_then(word);
    let directory = validate::directory_of(path, &working_directory(path));
    Ok(Glance {
        control_socket: socket.map(|text| directory.join(text)),
        log_format: match format.as_deref() {
            Some("json") => Some(LogFormat::Json),
            Some("pretty") => Some(LogFormat::Pretty),
            _ => None,
        },
    })
}

/// The first member of this name, as the checks take it.
fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Object(members) = &node.value else { return None };
    members.iter().find(|member| member.key == name).map(|member| &member.value)
}

#[cfg(test)]
mod tests;
