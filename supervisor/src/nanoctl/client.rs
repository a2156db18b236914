//! One HTTP request on a Unix socket. HTTP/1.0, so that the body ends where the connection does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Longest head of an answer.
const MAX_HEAD: u64 = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error(
        "no nano answers at {path} ({source}): is it running? `--socket PATH` or NANO_CONTROL_SOCKET name another socket"
    )]
    NoSupervisor { path: PathBuf, source: io::Error },
    #[error("the control socket {0} is another user's")]
    Denied(PathBuf),
    #[error("the answer at the control socket is none: {0}")]
    Answer(String),
    #[error("the connection to the supervisor broke: {0}")]
    Io(#[from] io::Error),
}

/// Where to ask.
#[derive(Debug)]
pub(super) struct Client {
    path: PathBuf,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: BufReader<UnixStream>,
}

impl Answer {
    pub(super) fn text(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.body.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Client {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn get(&self, target: &str) -> Result<Answer, CallError> {
        self.call("GET", target)
    }

    pub(super) fn post(&self, target: &str) -> Result<Answer, CallError> {
        self.call("POST", target)
    }

    fn call(&self, method: &str, target: &str) -> Result<Answer, CallError> {
        let mut stream = UnixStream::connect(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => CallError::Denied(self.path.clone()),
            _ => CallError::NoSupervisor { path: self.path.clone(), source },
        })?;
        write!(stream, "{method} {target} HTTP/1.0\r\nhost: nano\r\ncontent-length: 0\r\n\r\n")?;
        let mut body = BufReader::new(stream);
        let status = read_head(&mut body)?;
        Ok(Answer { status, body })
    }
}

/// Reads up to the empty line; only the status matters.
fn read_head(stream: &mut BufReader<UnixStream>) -> Result<u16, CallError> {
    let mut head = stream.take(MAX_HEAD);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| CallError::Answer(format!("{:?} is no status line", line.trim_end())))?;
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(CallError::Answer("its head does not end".to_owned()));
        }
        if line.trim_end().is_empty() {
            return Ok(status);
        }
    }
}
