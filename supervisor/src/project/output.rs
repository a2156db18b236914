//! What the server of a project reads: a configuration, and the bundles. In a directory that only this user may read,
//! since the configuration has the project's secrets, and that is removed at the end.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Project;

/// The app until the first bundle is there.
const PLACEHOLDER: &str = "export default {
  fetch() {
    const error = 'the project does not load yet: the terminal of nano dev says why';
    return Response.json({ error, code: 'not_built' }, { status: 503 });
  },
};
";

/// How long requests in flight may take at a reload, in milliseconds.
const DRAIN_MS: u32 = 1000;

/// How often another name is tried for the directory.
const TRIES: usize = 16;

#[derive(Debug)]
pub(crate) struct Output {
    directory: PathBuf,
    listen: Vec<String>,
    /// The number of the bundle that is made next.
    number: u64,
    /// What was written for the server last.
    written: Option<Written>,
    /// What it serves.
    serving: Option<PathBuf>,
    has_served: bool,
}

#[derive(Debug)]
struct Written {
    config: Value,
    module: Option<PathBuf>,
}

impl Output {
    pub(crate) fn new(port: u16, ip: Option<IpAddr>) -> io::Result<Self> {
        let listen = addresses(port, ip).into_iter().map(|address| address.to_string()).collect();
        let directory = make_directory()?;
        Ok(Self { directory, listen, number: 0, written: None, serving: None, has_served: false })
    }

    /// The configuration's file.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.join("nano.json")
    }

    /// Whether the project was served once.
    pub(crate) fn has_served(&self) -> bool {
        self.has_served
    }

    /// An empty directory for a bundle.
    pub(crate) fn next(&mut self) -> io::Result<PathBuf> {
        self.number += 1;
        let out = self.directory.join(self.number.to_string());
        fs::DirBuilder::new().mode(0o700).create(&out)?;
        Ok(out)
    }

    pub(crate) fn write_placeholder(&self) -> io::Result<()> {
        let out = self.directory.join("0");
        fs::DirBuilder::new().mode(0o700).create(&out)?;
        fs::write(out.join("index.js"), PLACEHOLDER)?;
        self.write_config(&self.config_of(json!({ "name": "app", "hostname": "*", "path": out.display().to_string() })))
    }

    /// Writes what the server is to read. False: it has read the same already.
    pub(crate) fn write(&mut self, project: &Project, module: Option<PathBuf>) -> io::Result<bool> {
        let mut entry = project.entry.clone();
        entry.insert("hostname".to_owned(), json!("*"));
        let same_module = match (&module, self.written.as_ref().and_then(|written| written.module.as_ref())) {
            (Some(new), Some(old)) => same_files(new, old),
            (None, None) => true,
            _ => false,
        };
        let module = match self.written.as_mut() {
            // The old one's path stands in the configuration.
            Some(written) if same_module => {
                module.map(fs::remove_dir_all).transpose()?;
                written.module.clone()
            }
            _ => module,
        };
        if let Some(module) = &module {
            entry.insert("path".to_owned(), json!(module.display().to_string()));
        }
        let config = self.config_of(Value::Object(entry));
        if self.written.as_ref().is_some_and(|written| written.config == config) {
            return Ok(false);
        }
        self.write_config(&config)?;
        let before = self.written.replace(Written { config, module });
        // One that never served is read by nobody.
        if let Some(old) = before.and_then(|before| before.module)
            && self.serving.as_ref() != Some(&old)
            && self.written.as_ref().and_then(|written| written.module.as_ref()) != Some(&old)
        {
            fs::remove_dir_all(old)?;
        }
        Ok(true)
    }

    /// What was written last is what is served now.
    pub(crate) fn served(&mut self) {
        let now = self.written.as_ref().and_then(|written| written.module.clone());
        if self.serving != now {
            // Its workers end within `DRAIN_MS`; the modules that they have are in their memory.
            let before = std::mem::replace(&mut self.serving, now);
            let _ = before.map(fs::remove_dir_all);
        }
        self.has_served = true;
    }

    fn config_of(&self, app: Value) -> Value {
        json!({
            "listen": self.listen,
            "metrics": "off",
            "control_socket": self.directory.join("control.sock").display().to_string(),
            "log": { "format": "pretty", "level": "debug", "access": true },
            "drain_ms": DRAIN_MS,
            // A developer's machine may lack a layer, and whose code it is is known.
            "sandbox": "best-effort",
            "spares": 1,
            "apps": [app],
        })
    }

    fn write_config(&self, config: &Value) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let next = self.directory.join("nano.json.next");
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        serde_json::to_writer_pretty(file, config)?;
        fs::rename(next, self.config())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The directory that these directories are in.
fn directory_for_files() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()).map(PathBuf::from);
    runtime.filter(|path| path.is_dir()).unwrap_or_else(std::env::temp_dir)
}

fn make_directory() -> io::Result<PathBuf> {
    let beneath = directory_for_files();
    let mut last = io::Error::other("no name is free");
    for attempt in 0..TRIES {
        let directory = beneath.join(format!("nano-dev-{}-{attempt}", std::process::id()));
        // One that is there already may be another user's.
        match fs::DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => return fs::canonicalize(directory),
            Err(error) => last = error,
        }
    }
    Err(io::Error::new(last.kind(), format!("{}: {last}", beneath.display())))
}

/// This machine's own addresses, as far as it has them.
fn addresses(port: u16, ip: Option<IpAddr>) -> Vec<SocketAddr> {
    if let Some(ip) = ip {
        return vec![SocketAddr::new(ip, port)];
    }
    let (four, six) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
    // With any port, they would have two.
    let six = (port != 0 && TcpListener::bind((six, 0)).is_ok()).then_some(six);
    [Some(four), six].into_iter().flatten().map(|ip| SocketAddr::new(ip, port)).collect()
}

/// Whether two directories have the same files.
fn same_files(one: &Path, other: &Path) -> bool {
    let files = |directory: &Path| -> io::Result<Vec<(std::ffi::OsString, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            files.push((entry.file_name(), fs::read(entry.path())?));
        }
        files.sort();
        Ok(files)
    };
    matches!((files(one), files(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests;
