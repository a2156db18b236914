//! Where the configuration comes from.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use nano_config::{Config, ConfigError, Found, Table};

/// Where the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file.
    File(PathBuf),
    /// `nano serve --app DIR`.
    App {
        /// The app's directory or module.
        path: PathBuf,
        /// Where to serve.
        port: u16,
    },
}

impl ConfigSource {
    /// Reads and checks the configuration; returns its text too, and its table if it is a node's of a fleet. Blocks.
    pub(crate) fn load(&self) -> Result<(String, Option<Table>, Config), ConfigError> {
        match self {
            Self::File(path) => {
                let text = nano_config::read_text(path)?;
                let cwd = nano_config::working_directory(path);
                let table = nano_config::read_table(&text, path, &cwd)?;
                let config = nano_config::parse_with(&text, path, &cwd, table.as_ref())?;
                Ok((text, table, config))
            }
            Self::App { path, port } => Ok((String::new(), None, Config::single_app(path, *port)?)),
        }
    }

    /// The paths where its apps, certificates and secrets are looked for, whether it is valid or not.
    pub(crate) fn places_of_files(&self) -> Vec<PathBuf> {
        match self {
            Self::File(path) => nano_config::read_text(path)
                .map(|text| nano_config::places_of_files(&text, path, &nano_config::working_directory(path)))
                .unwrap_or_default(),
            Self::App { .. } => Vec::new(),
        }
    }

    /// The same configuration from its text and what was found for it, without access to the disk.
    pub(crate) fn rebuild(&self, text: &str, table: Option<&Table>, found: &Found) -> Result<Config, ConfigError> {
        match self {
            Self::File(path) => {
                nano_config::parse_found(text, table, (path, &nano_config::working_directory(path)), found)
            }
            Self::App { path, port } => match found.modules.first() {
                Some(module) => Ok(Config::single_module(path, *port, module.clone())),
                None => Config::single_app(path, *port),
            },
        }
    }

    /// As arguments of `nano serve`.
    pub(crate) fn to_serve_arguments(&self) -> Vec<OsString> {
        let with = |option: &str, value: &OsStr| {
            let mut argument = OsString::from(option);
            argument.push(value);
            argument
        };
        match self {
            Self::File(path) => vec![with("--config=", path.as_os_str())],
            Self::App { path, port } => vec![with("--app=", path.as_os_str()), format!("--port={port}").into()],
        }
    }

    /// As arguments of a program.
    pub(crate) fn to_arguments(&self) -> Vec<OsString> {
        match self {
            Self::File(path) => vec!["file".into(), path.into()],
            Self::App { path, port } => vec!["app".into(), path.into(), port.to_string().into()],
        }
    }

    /// The reverse.
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let kind = arguments.next()?;
        let path = arguments.next()?.into();
        let port = arguments.next();
        match (kind.to_str()?, port.as_deref().map(OsStr::to_str)) {
            ("file", None) => Some(Self::File(path)),
            ("app", Some(port)) => Some(Self::App { path, port: port?.parse().ok()? }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
