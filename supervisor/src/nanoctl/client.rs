//! One HTTP request on a Unix socket. HTTP/1.0, so that the body ends with the connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::socket_candidates::{NotFound, SocketCandidates};

/// Longest head of an answer.
const MAX_HEAD: u64 = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("{0}")]
    NotFound(NotFound),
    #[error("what answers at {path} is no nano: {what}")]
    HttpResponse { path: PathBuf, what: String },
    #[error("what listens at {path} ended the connection without an answer, as a nano does that is stopping")]
    Unanswered { path: PathBuf },
    #[error("the connection to the nano at {path} broke: {source}")]
    Broken { path: PathBuf, source: io::Error },
}

/// The client of the control socket.
#[derive(Debug)]
pub(super) struct Client {
    places: SocketCandidates,
}

/// A response.
#[derive(Debug)]
pub(super) struct HttpResponse {
    /// The socket that it came from.
    pub(super) path: PathBuf,
    pub(super) status: u16,
    pub(super) body: BufReader<UnixStream>,
}

impl HttpResponse {
    pub(super) fn text(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.body.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Client {
    pub(super) fn new(places: SocketCandidates) -> Self {
        Self { places }
    }

    /// Whether a nano answered at a usual place and not at the named one.
    pub(super) fn is_guess(&self) -> bool {
        self.places.is_guess()
    }

    pub(super) fn get(&self, target: &str) -> Result<HttpResponse, CallError> {
        self.call("GET", target)
    }

    pub(super) fn post(&self, target: &str) -> Result<HttpResponse, CallError> {
        self.call("POST", target)
    }

    fn call(&self, method: &str, target: &str) -> Result<HttpResponse, CallError> {
        let (mut stream, path) = self.places.connect().map_err(CallError::NotFound)?;
        let path = path.to_owned();
        let broken = |source| CallError::Broken { path: path.clone(), source };
        let request = format!("{method} {target} HTTP/1.0\r\nhost: nano\r\ncontent-length: 0\r\n\r\n");
        match stream.write_all(request.as_bytes()) {
            // It may have answered before it closed the connection.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(broken(error)),
            _ => {}
        }
        let mut body = BufReader::new(stream);
        match read_head(&mut body) {
            Ok(Ok(Some(status))) => Ok(HttpResponse { path, status, body }),
            Ok(Ok(None)) => Err(CallError::Unanswered { path }),
            Ok(Err(what)) => Err(CallError::HttpResponse { path, what }),
            Err(error) => Err(broken(error)),
        }
    }
}

/// Reads the head; only the status matters. `None`: nothing came. An inner error: that is not HTTP.
fn read_head(stream: &mut BufReader<UnixStream>) -> io::Result<Result<Option<u16>, String>> {
    let mut head = stream.take(MAX_HEAD);
    let mut line = Vec::new();
    match head.read_until(b'\n', &mut line) {
        Ok(0) => return Ok(Ok(None)),
        // Its end threw away what was sent to it.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset && line.is_empty() => return Ok(Ok(None)),
        read => read?,
    };
    let text = String::from_utf8_lossy(&line);
    let status = text.starts_with("HTTP/").then(|| text.split(' ').nth(1)?.parse().ok()).flatten();
    let Some(status) = status else {
        let text: String = text.trim_end().chars().take(80).collect();
        return Ok(Err(format!("{text:?} is no status line")));
    };
    loop {
        line.clear();
        if head.read_until(b'\n', &mut line)? == 0 {
            return Ok(Err("its head does not end".to_owned()));
        }
        if line.trim_ascii_end().is_empty() {
            return Ok(Ok(Some(status)));
        }
    }
}
