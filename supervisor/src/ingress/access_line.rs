//! What the access log needs of a request beside its record, and the line in the Combined Log Format, which Apache
//! introduced and nginx writes by default: `client - user [time] "request" status bytes "referer" "user agent"`.

use std::fmt::Write;

use http::header::{HOST, HeaderMap, HeaderName, REFERER, USER_AGENT};
use http::request::Parts;
use http::{Method, Uri, Version};

use crate::downstream::Client;

/// Most bytes of a `Host` that are logged. No valid name is longer.
const MAX_HOST: usize = 512;

/// Most bytes of any other header that are logged, and kept until then.
const MAX_HEADER: usize = 2048;

/// Most bytes of a target in a line of the Combined Log Format.
const MAX_TARGET: usize = 8192;

/// The part of a request's head that is logged.
#[derive(Debug)]
pub(super) struct AccessLine {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) host: String,
    referer: Option<Box<[u8]>>,
    user_agent: Option<Box<[u8]>>,
}

/// How a request ended, for [`combined`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) client: Client,
    pub(super) status: u16,
    /// Of the response's body.
    pub(super) bytes: u64,
}

impl AccessLine {
    pub(super) fn read(head: &Parts) -> Self {
        let host = head.headers.get(HOST).map(http::HeaderValue::as_bytes);
        let host = host.or_else(|| head.uri.authority().map(|authority| authority.as_str().as_bytes()));
        Self {
            method: head.method.clone(),
            uri: head.uri.clone(),
            host: host.map_or_else(String::new, |host| String::from_utf8_lossy(begin(host, MAX_HOST)).into_owned()),
            referer: copied(&head.headers, REFERER),
            user_agent: copied(&head.headers, USER_AGENT),
        }
    }

    /// For what is open for long: the target is a part of the buffer that the whole head came in, until it is copied.
    pub(super) fn keep_alone(&mut self) {
        if let Ok(alone) = Uri::try_from(self.uri.to_string()) {
            self.uri = alone;
        }
    }

    /// Where the client says it comes from, without a query: tokens are in queries.
    pub(super) fn referer(&self) -> Option<String> {
        let referer = self.referer.as_deref()?.split(|byte| matches!(byte, b'?' | b'#')).next();
        referer.map(|referer| String::from_utf8_lossy(referer).into_owned())
    }

    pub(super) fn user_agent(&self) -> Option<String> {
        self.user_agent.as_deref().map(|agent| String::from_utf8_lossy(agent).into_owned())
    }
}

/// The version as it is written in a request line.
pub(super) fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// A line without its end. `None`: there was no request that could be read.
pub(super) fn combined(request: Option<(&AccessLine, Version)>, ended: Ended) -> String {
    combined_at(request, ended, jiff::Timestamp::now())
}

fn combined_at(request: Option<(&AccessLine, Version)>, ended: Ended, now: jiff::Timestamp) -> String {
    let mut line = String::with_capacity(256);
    // Writing to a String cannot fail. The user is never known: nano checks no passwords.
    let _ = match ended.client.ip {
        Some(ip) => write!(line, "{ip} - - [{}] \"", now.strftime("%d/%b/%Y:%H:%M:%S +0000")),
        None => write!(line, "unix: - - [{}] \"", now.strftime("%d/%b/%Y:%H:%M:%S +0000")),
    };
    match request {
        Some((head, version)) => {
            push(&mut line, head.method.as_str().as_bytes());
            line.push(' ');
            let target = target(&head.uri, version);
            push(&mut line, begin(target.as_bytes(), MAX_TARGET));
            line.push(' ');
            line.push_str(protocol(version));
        }
        None => line.push('-'),
    }
    let _ = write!(line, "\" {} {} \"", ended.status, ended.bytes);
    let header = |line: &mut String, value: Option<&[u8]>| match value {
        Some(value) => push(line, value),
        None => line.push('-'),
    };
    header(&mut line, request.and_then(|(head, _)| head.referer.as_deref()));
    line.push_str("\" \"");
    header(&mut line, request.and_then(|(head, _)| head.user_agent.as_deref()));
    line.push('"');
    line
}

/// As it stood in the request line; in HTTP/2 the authority is apart from it.
fn target(uri: &Uri, version: Version) -> String {
    match uri.path_and_query() {
        Some(target) if version == Version::HTTP_2 => target.as_str().to_owned(),
        _ => uri.to_string(),
    }
}

/// Escapes as nginx does: no field can end its quotes or its line, and the line is ASCII.
fn push(line: &mut String, value: &[u8]) {
    for byte in value {
        match byte {
            b'"' | b'\\' | 0..0x20 | 0x7f.. => {
                let _ = write!(line, "\\x{byte:02X}");
            }
            plain => line.push(char::from(*plain)),
        }
    }
}

fn copied(headers: &HeaderMap, name: HeaderName) -> Option<Box<[u8]>> {
    headers.get(name).map(|value| begin(value.as_bytes(), MAX_HEADER).into())
}

fn begin(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
