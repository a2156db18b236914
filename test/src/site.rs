//! A site: apps and a `nano.json` in a folder of its own, which goes with the site and whatever serves it.

use crate::nano::Nano;
use crate::programs::binary;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// Apps and configuration of one test.
pub struct Site {
    folder: Arc<TempDir>,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self { folder: Arc::new(tempfile::Builder::new().prefix("nano-test-").tempdir().unwrap()) }
    }

    /// A file or folder of the site.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Where the configuration lies.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.path("nano.json")
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, relative: &str, text: &str) -> &Self {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // In one step, as editors and deployments do: a watcher or a reload must never see half a file.
        let fresh = path.with_extension("new");
        fs::write(&fresh, text).unwrap();
        fs::rename(&fresh, &path).unwrap();
        self
    }

    /// Writes the `index.js` of an app in the site's own folder.
    pub fn app(&self, name: &str, source: &str) -> &Self {
        self.file(&format!("{name}/index.js"), source)
    }

    /// Writes a configuration with these apps and nothing else of note.
    pub fn apps(&self, apps: Value) -> &Self {
        self.config(json!({ "apps": apps }))
    }

    /// Writes a configuration. Addresses and paths that would meet other tests' are filled in where it lacks them.
    pub fn config(&self, mut config: Value) -> &Self {
        let keys = config.as_object_mut().expect("a configuration is an object");
        if !keys.contains_key("port") {
            keys.entry("listen").or_insert_with(|| json!(["127.0.0.1:0"]));
        }
        keys.entry("metrics").or_insert_with(|| json!("127.0.0.1:0"));
        keys.entry("control_socket").or_insert_with(|| json!(self.path("control.sock")));
        self.file("nano.json", &serde_json::to_string_pretty(&config).unwrap())
    }

    /// `nano` with these arguments, in the site's folder and without the environment of the test run.
    #[must_use]
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary(program));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path());
        // What leads to the control socket is left here and nowhere where another test finds it.
        command.env("XDG_RUNTIME_DIR", self.folder.path().join("runtime"));
        command
    }

    /// Serves the configuration and waits until every app is ready.
    #[must_use]
    pub fn serve(&self) -> Nano {
        self.serve_with(self.command("nano", &["serve", "--config", "nano.json"]))
    }

    /// The same by a command of the test's own making.
    #[must_use]
    pub fn serve_with(&self, command: Command) -> Nano {
        Nano::serve(command, self.path("control.sock"), Arc::clone(&self.folder))
    }

    /// The site's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
