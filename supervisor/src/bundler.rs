//! Runs `nano-bundle`, the program that makes one module of a project: once for each bundle, without an environment,
//! and for a limited time.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nano_protocol::bundle::{Bundle, BundleFault, BundleRequest, ListedModule, MAX_ANSWER};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long one bundle may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How much of its last words is kept, in bytes.
const MAX_WORDS: usize = 4 * 1024;

/// The environment variable that names another program than the one beside this program.
const VARIABLE: &str = "NANO_BUNDLE";

/// Why there is no bundle, where it is not the project's fault.
#[derive(Debug, thiserror::Error)]
pub enum BundlerError {
    /// There is no program.
    #[error("there is no nano-bundle beside this program ({}): install it there, or set NANO_BUNDLE to its path", .0.display())]
    NoProgram(PathBuf),
    /// It cannot be run.
    #[error("nano-bundle cannot be run: {0}")]
    Io(#[from] io::Error),
    /// It took too long.
    #[error("the project was not bundled within {} s", TIMEOUT.as_secs())]
    Late,
    /// It said something else than an answer.
    #[error("nano-bundle gave no answer ({0}); its last words: {1}")]
    NoAnswer(ExitStatus, String),
    /// It was no longer wanted.
    #[error("it was no longer wanted")]
    Stopped,
    /// `nano-worker` did not list what can be imported.
    #[error("nano-worker does not say which modules it has: {0}")]
    Listing(String),
}

/// The program, beside this one.
fn program() -> Result<PathBuf, BundlerError> {
    let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = match named {
        Some(path) => path,
        None => nano_spawner::own_program()?.with_file_name("nano-bundle"),
    };
    if path.is_file() { Ok(path) } else { Err(BundlerError::NoProgram(path)) }
}

/// Which imports are no files: only the worker program knows.
pub(crate) fn listed_modules(worker: &Path) -> Result<Vec<ListedModule>, BundlerError> {
    let output = Command::new(worker).arg("modules").env_clear().stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let listed: Vec<_> = text.lines().filter_map(ListedModule::from_line).collect();
    if output.status.success() && !listed.is_empty() {
        return Ok(listed);
    }
    Err(BundlerError::Listing(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// Makes one bundle. Blocks; when `stop` is readable, it ends with [`BundlerError::Stopped`].
///
/// # Errors
/// The bundler itself failed; what is wrong with the project is in the answer.
pub(crate) fn bundle(request: &BundleRequest, stop: Option<BorrowedFd<'_>>) -> Result<Bundle, BundlerError> {
    let mut child = Command::new(program()?)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let read = answer(&mut child, request, stop);
    if read.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (text, words) = read?;
    match serde_json::from_slice(&text) {
        Ok(bundle) if status.success() => Ok(bundle),
        _ => Err(BundlerError::NoAnswer(status, String::from_utf8_lossy(&words).trim().to_owned())),
    }
}

/// What it writes to its standard output, and the end of what it writes to its standard error.
fn answer(
    child: &mut Child,
    request: &BundleRequest,
    stop: Option<BorrowedFd<'_>>,
) -> Result<(Vec<u8>, Vec<u8>), BundlerError> {
    let closed = || io::Error::other("its pipes are closed");
    if let Some(mut stdin) = child.stdin.take() {
        // It reads everything before it writes. If it ended at once, its status says more than this error.
        let _ = stdin.write_all(&serde_json::to_vec(request).map_err(io::Error::other)?);
    }
    let (mut stdout, mut stderr) = child.stdout.take().zip(child.stderr.take()).ok_or_else(closed)?;
    let (mut text, mut words) = (Vec::new(), Vec::new());
    let (mut more_text, mut more_words) = (true, true);
    let deadline = Instant::now() + TIMEOUT;
    let mut space = vec![0; 64 * 1024];
    while more_text || more_words {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(BundlerError::Late);
        }
        let open = [more_text.then(|| stdout.as_fd()), more_words.then(|| stderr.as_fd()), stop];
        let mut watched: Vec<_> = open.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        match poll(&mut watched, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let ready = watched.iter().map(|each| each.any().unwrap_or(false)).collect::<Vec<_>>();
        if stop.is_some() && ready.last() == Some(&true) {
            return Err(BundlerError::Stopped);
        }
        let mut ready = ready.into_iter();
        if more_text && ready.next() == Some(true) {
            more_text = take(&mut stdout, &mut space, &mut text)?;
            if text.len() > MAX_ANSWER {
                return Err(io::Error::other("its answer is too long").into());
            }
        }
        if more_words && ready.next() == Some(true) {
            more_words = take(&mut stderr, &mut space, &mut words)?;
            let excess = words.len().saturating_sub(MAX_WORDS);
            words.drain(..excess);
        }
    }
    Ok((text, words))
}

fn take(from: &mut impl Read, space: &mut [u8], to: &mut Vec<u8>) -> io::Result<bool> {
    let count = from.read(space)?;
    to.extend_from_slice(space.get(..count).unwrap_or_default());
    Ok(count > 0)
}

/// A fault for people, as compilers write them.
pub(crate) fn fault(fault: &BundleFault) -> String {
    match &fault.place {
        Some(place) if place.excerpt.is_empty() => {
            format!("{}:{}:{}: {}", place.file, place.line, place.column, fault.message)
        }
        Some(place) => {
            format!("{}:{}:{}: {}\n{}", place.file, place.line, place.column, fault.message, place.excerpt)
        }
        None => fault.message.clone(),
    }
}
