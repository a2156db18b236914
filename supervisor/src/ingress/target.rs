//! Which host a request is for, by nano's own rules, which are stricter than hyper's.

mod plain;

use std::borrow::Cow;

use http::header::HOST;
use http::request::Parts;
use http::uri;
use http::{HeaderValue, Method, Version};
use nano_config::{HostName, split_host_port};
use url::{Position, Url};

use super::Failure;
use crate::downstream::Scheme;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// For routing: lower case, without port and trailing dot.
    pub(super) host: HostName,
    /// As the client wrote it, with its port.
    pub(super) authority: &'a str,
    /// What the app sees: a URL as the URL standard writes it, so that `new URL()` gives the same text.
    pub(super) url: String,
}

impl<'a> Target<'a> {
    /// `scheme`: what the client used, which the target does not say. RFC 9112 §3.2: exactly one well-formed `Host`, though the authority of an absolute target wins over it; no user
    /// info, no target but a path or an `http(s)` URL.
    pub(super) fn read(head: &'a Parts, scheme: Scheme) -> Result<Self, Failure> {
        // nano is no tunnel, and the platform does not let an app see these methods.
        if matches!(head.method, Method::CONNECT | Method::TRACE) {
            return Err(Failure::MethodNotAllowed);
        }
        let mut hosts = head.headers.get_all(HOST).iter();
        let header = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host_text(host)?,
            // `:authority` (RFC 9113 §8.3.1).
            (None, _) if head.version == Version::HTTP_2 && head.uri.authority().is_some() => {
                head.uri.authority().map_or("", |authority| authority.as_str())
            }
            (None, _) => return Err(Failure::MissingHost),
            (Some(_), Some(_)) => return Err(Failure::SeveralHosts),
        };
        let own = host_and_port(header)?;
        let path = match head.uri.path_and_query().map_or("/", |path| path.as_str()) {
            // `http://a.example?x`: an empty path is `/` (RFC 9110 §4.2.3).
            query if query.starts_with('?') => Cow::Owned(format!("/{query}")),
            path => Cow::Borrowed(path),
        };
        let ((host, port), authority) = match (head.uri.scheme(), head.uri.authority()) {
            (None, None) => (own, header),
            (Some(scheme), Some(authority)) if *scheme == uri::Scheme::HTTP || *scheme == uri::Scheme::HTTPS => {
                let target = host_and_port(authority.as_str())?;
                // An absolute target overrides the header; two of HTTP/2 that differ are none's.
                if head.version == Version::HTTP_2 && target != own {
                    return Err(Failure::SeveralHosts);
                }
                (target, authority.as_str())
            }
            // HTTP/2 without `:authority`.
            (Some(_), None) if head.version == Version::HTTP_2 => (own, header),
            _ => return Err(Failure::MalformedTarget),
        };
        // `OPTIONS *` is about the server, not about an app.
        if !path.starts_with('/') {
            return Err(Failure::MalformedTarget);
        }
        let url = url(scheme, &host, port, &path)?;
        Ok(Self { host, authority, url })
    }
}

fn host_text(value: &HeaderValue) -> Result<&str, Failure> {
    value.to_str().map_err(|_| Failure::MalformedHost)
}

fn host_and_port(authority: &str) -> Result<(HostName, Option<u16>), Failure> {
    let (host, port) = split_host_port(authority).map_err(|_| Failure::MalformedHost)?;
    Ok((HostName::parse(host).map_err(|_| Failure::MalformedHost)?, port))
}

/// The URL standard's form, with the scheme that the client used, the host by which the request was routed and without the scheme's own port.
fn url(scheme: Scheme, host: &HostName, port: Option<u16>, path: &str) -> Result<String, Failure> {
    let text = match port.filter(|port| *port != scheme.default_port()) {
        None => format!("{}://{host}{path}", scheme.as_str()),
        Some(port) => format!("{}://{host}:{port}{path}", scheme.as_str()),
    };
    // Of most requests it is so already, and parsing costs as much as all else that is done with a request's head.
    if plain::is_host(host.as_str()) && plain::is_path(path) {
        return Ok(text);
    }
    let url = Url::parse(&text).map_err(|_| Failure::MalformedHost)?;
    // A name that the standard reads as another one, or as an address, would be one host to a proxy and another to
    // nano.
    if !host.as_str().starts_with('[') && url.host_str() != Some(host.as_str()) {
        return Err(Failure::MalformedHost);
    }
    if !url.path().contains('^') {
        return Ok(url.into());
    }
    // The standard's path percent-encode set has it, the library's not yet.
    let path = url.path().replace('^', "%5E");
    Ok(format!("{}{path}{}", &url[..Position::BeforePath], &url[Position::AfterPath..]))
}

#[cfg(test)]
mod tests;
