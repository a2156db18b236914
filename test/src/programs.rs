//! Where the programs under test and the tools beside them are, and running one to its end.

use crate::wait::PATIENCE;
use std::env;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The root of the checkout.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// An app of `test/apps`.
#[must_use]
pub fn app_path(name: &str) -> PathBuf {
    let path = repository().join("test/apps").join(name);
    assert!(path.is_dir(), "{} is not there", path.display());
    path
}

/// A program of this workspace: in `NANO_BIN_DIR`, else where cargo put it, beside the test's own folder.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let folder = match env::var_os("NANO_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    };
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not there: run `cargo build --workspace --bins` first", path.display());
    path
}

/// A program that is no part of nano, from PATH or `target/tools/bin` (see test/install-tools). Without it the test has nothing
/// to show: `None` after a note on stderr, and a failure when `CI=true`.
#[must_use]
pub fn tool(name: &str) -> Option<PathBuf> {
    let own = repository().join("target/tools/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).chain([own]).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "{name} is not installed, and CI may skip nothing");
        eprintln!("skipped: {name} is not installed (make test fetches it where apt is at hand)");
    }
    found
}

/// A program that ran to its end.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs `command` with `input` on stdin and waits for its end, at most [`PATIENCE`]: after that it is killed and the test
/// fails.
pub fn finish(command: &mut Command, input: &str) -> Finished {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program may end without reading its input: that is not the test's failure.
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    let name = format!("{command:?}");
    let code = wait_or_kill(&name, &mut child);
    writer.join().unwrap();
    Finished { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn drain(mut source: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait_or_kill(name: &str, child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("waited {PATIENCE:?} in vain for the end of {name}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}
