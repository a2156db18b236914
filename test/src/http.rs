//! HTTP/1.1 over a plain socket: the tests send exact bytes and see exact bytes.

use crate::wait::PATIENCE;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// Body without its transfer coding.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body of UTF-8 text")
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Whether the server will close the connection after this answer.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// One client connection, kept alive as long as the server keeps it.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects, or says why not. The next bytes of an answer may take as long as [`PATIENCE`].
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Waits for the next bytes of an answer for so long only.
    pub fn set_patience(&self, patience: Duration) {
        self.stream.get_ref().set_read_timeout(Some(patience)).unwrap();
    }

    /// Says that nothing more will be sent. Fails only when the server has closed already.
    pub fn finish_sending(&self) {
        drop(self.stream.get_ref().shutdown(Shutdown::Write));
    }

    /// Sends these bytes, as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends `GET path` for `host`.
    pub fn send_get(&mut self, host: &str, path: &str) -> io::Result<()> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
    }

    /// `GET path` for `host`, and its answer.
    pub fn get(&mut self, host: &str, path: &str) -> io::Result<Response> {
        self.send_get(host, path)?;
        self.receive()
    }

    /// Reads one answer to a request that was not HEAD. An error of kind `UnexpectedEof` when the server closed before its end.
    pub fn receive(&mut self) -> io::Result<Response> {
        loop {
            let (status, headers) = self.receive_head()?;
            if (100..200).contains(&status) {
                continue;
            }
            let mut response = Response { status, headers, body: Vec::new() };
            response.body = self.receive_body(&response)?;
            return Ok(response);
        }
    }

    /// Reads the status line and headers of one answer; its body is left unread.
    pub fn receive_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let line = self.line()?;
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| line.strip_prefix("HTTP/1.0 ")) // as old as the request
            .and_then(|rest| rest.get(..3))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, format!("no status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok((status, headers));
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, format!("no header line: {line:?}")))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads the body that belongs to this head. An error when the server closed before its end.
    pub fn receive_body(&mut self, head: &Response) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if head.status == 204 || head.status == 304 {
            return Ok(body);
        }
        if head.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            loop {
                let chunk = self.receive_chunk()?;
                if chunk.is_empty() {
                    return Ok(body);
                }
                body.extend(chunk);
            }
        }
        match head.header("content-length") {
            Some(length) => {
                let length = length.parse().map_err(|_| io::Error::new(ErrorKind::InvalidData, "content-length"))?;
                body.resize(length, 0);
                self.stream.read_exact(&mut body)?;
            }
            None => {
                self.stream.read_to_end(&mut body)?;
            }
        }
        Ok(body)
    }

    /// Reads one chunk of a chunked body; the last one is empty.
    pub fn receive_chunk(&mut self) -> io::Result<Vec<u8>> {
        let line = self.line()?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, format!("chunk size {line:?}: {error}")))?;
        let mut chunk = vec![0; size];
        self.stream.read_exact(&mut chunk)?;
        let end = self.line()?;
        if end.is_empty() {
            Ok(chunk)
        } else {
            Err(io::Error::new(ErrorKind::InvalidData, format!("after a chunk: {end:?}")))
        }
    }

    /// Whether the server closes (or has closed) without another byte; waits for it.
    pub fn is_closed_by_server(&mut self) -> bool {
        match self.stream.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Goes on as a WebSocket, after its 101.
    #[must_use]
    pub fn into_socket(self) -> crate::websocket::WebSocket {
        crate::websocket::WebSocket::after(self.stream)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }
}

/// Sends exact bytes over a new connection and reads one answer.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> io::Result<Response> {
    let mut connection = Connection::open(address)?;
    connection.send(bytes)?;
    connection.receive()
}
