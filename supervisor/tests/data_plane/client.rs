//! An HTTP client that hides nothing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::host::PATIENCE;

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The server cut the connection before the response was complete.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut;

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(each, _)| each == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice: {:?}", self.headers);
        first
    }

    /// Asserts that it is an error as the contract has it, and returns its code.
    pub(crate) fn error_code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let error: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let fields: Vec<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields.len(), 3, "{fields:?}");
        assert!(!error["error"].as_str().unwrap().is_empty());
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"));
        error["code"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// As [`Self::send`], for when the server may have had enough.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    pub(crate) fn get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.read(true).unwrap()
    }

    /// As [`Self::answer`], for a response to `HEAD`.
    pub(crate) fn answer_to_head(&mut self) -> Answer {
        self.read(false).unwrap()
    }

    pub(crate) fn read(&mut self, has_body: bool) -> Result<Answer, Cut> {
        let mut answer = self.head()?;
        if has_body {
            let body = if answer.header("transfer-encoding") == Some("chunked") {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk()? {
                    body.extend(chunk);
                }
                body
            } else if let Some(length) = answer.header("content-length") {
                let length = length.parse().unwrap();
                self.exactly(length)?
            } else if matches!(answer.status, 204 | 304) {
                Vec::new()
            } else {
                self.rest()?
            };
            answer.body = String::from_utf8(body).unwrap();
        }
        Ok(answer)
    }

    pub(crate) fn head(&mut self) -> Result<Answer, Cut> {
        let status = self.line()?;
        let status = status.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Ok(Answer { status, headers, body: String::new() })
    }

    /// One chunk of a chunked body; `None` after the last.
    pub(crate) fn chunk(&mut self) -> Result<Option<Vec<u8>>, Cut> {
        let length = usize::from_str_radix(&self.line()?, 16).unwrap();
        let data = self.exactly(length)?;
        assert_eq!(self.line()?, "");
        Ok((length > 0).then_some(data))
    }

    pub(crate) fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Cut> {
        let mut data = vec![0; length];
        match self.stream.read_exact(&mut data) {
            Ok(()) => Ok(data),
            Err(error) if is_cut(error.kind()) => Err(Cut),
            Err(error) => panic!("nothing came: {error}"),
        }
    }

    /// Everything to the end of the connection.
    pub(crate) fn rest(&mut self) -> Result<Vec<u8>, Cut> {
        let mut data = Vec::new();
        match self.stream.read_to_end(&mut data) {
            Ok(_) => Ok(data),
            Err(error) if is_cut(error.kind()) => Err(Cut),
            Err(error) => panic!("the connection does not end: {error}"),
        }
    }

    /// Asserts that the server closes the connection and sends nothing before.
    pub(crate) fn assert_closed(&mut self) {
        assert_eq!(self.rest().unwrap_or_default(), b"");
    }

    fn line(&mut self) -> Result<String, Cut> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(_) if line.ends_with(b"\r\n") => Ok(String::from_utf8_lossy(&line[..line.len() - 2]).into_owned()),
            Ok(_) => Err(Cut),
            Err(error) if is_cut(error.kind()) => Err(Cut),
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}

fn is_cut(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
