//! Which host a request is for, by the rules of the contract, which are stricter than hyper's.

use std::borrow::Cow;

use http::header::HOST;
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderValue, Method};
use nano_config::{HostName, split_host_port};

use super::Failure;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// For routing: lower case, without port and trailing dot.
    pub(super) host: HostName,
    /// As the client wrote it, with its port.
    pub(super) authority: &'a str,
    /// With the query.
    pub(super) path: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// RFC 9112 §3.2: exactly one well-formed `Host`, though the authority of an absolute target wins over it; no user
    /// info, no target but a path or an `http(s)` URL.
    pub(super) fn read(head: &'a Parts) -> Result<Self, Failure> {
        // There is no tunnel here, nor does the platform let an app see these methods.
        if matches!(head.method, Method::CONNECT | Method::TRACE) {
            return Err(Failure::MethodNotAllowed);
        }
        let mut hosts = head.headers.get_all(HOST).iter();
        let header = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host_text(host)?,
            (None, _) => return Err(Failure::MissingHost),
            (Some(_), Some(_)) => return Err(Failure::SeveralHosts),
        };
        let own = host_name(header)?;
        let path = match head.uri.path_and_query().map_or("/", |path| path.as_str()) {
            // `http://a.example?x`: an empty path is `/` (RFC 9110 §4.2.3).
            query if query.starts_with('?') => Cow::Owned(format!("/{query}")),
            path => Cow::Borrowed(path),
        };
        let (host, authority) = match (head.uri.scheme(), head.uri.authority()) {
            (None, None) => (own, header),
            (Some(scheme), Some(authority)) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {
                (host_name(authority.as_str())?, authority.as_str())
            }
            _ => return Err(Failure::MalformedTarget),
        };
        // `OPTIONS *` is about the server, and no app's.
        if !path.starts_with('/') {
            return Err(Failure::MalformedTarget);
        }
        Ok(Self { host, authority, path })
    }
}

fn host_text(value: &HeaderValue) -> Result<&str, Failure> {
    value.to_str().map_err(|_| Failure::MalformedHost)
}

fn host_name(authority: &str) -> Result<HostName, Failure> {
    let (host, _) = split_host_port(authority).map_err(|_| Failure::MalformedHost)?;
    HostName::parse(host).map_err(|_| Failure::MalformedHost)
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
