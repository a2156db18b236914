//! Host names as `nano.json` and the `Host` header spell them.
//!
//! One normal form for both, so that comparing is comparing strings: ASCII, lower case, no trailing dot; addresses in
//! the form of RFC 5952, IPv6 in brackets. Names follow RFC 1123 with `_` allowed, as real hosts have it; names in
//! other scripts are written in their ASCII form (`xn--…`, RFC 5890), which is what browsers send.

use std::borrow::Borrow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest name in characters, without the trailing dot (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
/// Longest label between dots.
const MAX_LABEL: usize = 63;

/// Why a text is not a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nothing there.
    #[error("a host name must not be empty")]
    Empty,
    /// More than 253 characters.
    #[error("a host name has at most {MAX_NAME} characters")]
    TooLong,
    /// Two dots in a row, or one at the start.
    #[error("a host name must not have an empty label between dots")]
    EmptyLabel,
    /// More than 63 characters between two dots.
    #[error("a label of a host name has at most {MAX_LABEL} characters")]
    LabelTooLong,
    /// A label of a configured name starts or ends with `-`.
    #[error("a label of a host name must not start or end with `-`")]
    HyphenAtEdge,
    /// Not a letter, digit, `-`, `_` or `.`.
    #[error("{} is not allowed in a host name", crate::error::quote_char(*.0))]
    Character(char),
    /// A name in another script than ASCII; with its `xn--` form where it has one.
    #[error("a host name is written in ASCII{}", .0.as_ref().map_or(String::new(), |ascii| format!(", here `{ascii}`")))]
    NotAscii(Option<String>),
    /// The last label is a number, yet the whole is no IPv4 address.
    #[error("a host name that ends in a number must be an IPv4 address")]
    Ipv4,
    /// A label that begins as one of another script does, and stands for none.
    #[error("a label that begins with `xn--` must be the ASCII form of a name in another script")]
    Punycode,
    /// Brackets or colons, yet no IPv6 address.
    #[error("not an IPv6 address")]
    Ipv6,
    /// `user@host`.
    #[error("a host must not have a user name before `@`")]
    UserInfo,
    /// A port that is no number from 0 to 65535.
    #[error("the port must be a number up to 65535")]
    Port,
    /// A port where only a name may stand.
    #[error("a hostname is without port: requests to every port are meant")]
    UnexpectedPort,
    /// `http://…` or `host/path` where only a name may stand.
    #[error("a hostname is without scheme and path")]
    Url,
    /// A `*` that is neither the whole text nor the whole first label.
    #[error("`*` stands alone or as the whole first label, as in `*.example`")]
    Wildcard,
}

/// A host in normal form: a name or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

impl HostName {
    /// Reads a host without port, as [`split_host_port`] leaves it. Case and one trailing dot do not matter; an IPv6
    /// address is in brackets.
    ///
    /// # Errors
    /// When it is not a host: empty, too long, empty labels, user info, spaces, control or other characters.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if let Some(inside) = text.strip_prefix('[') {
            let address = inside.strip_suffix(']').and_then(|inside| inside.parse::<Ipv6Addr>().ok());
            return address.map(|address| Self(format!("[{address}]"))).ok_or(HostError::Ipv6);
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !name.bytes().all(allowed) {
            return Err(character_error(name));
        }
        if name.len() > MAX_NAME {
            return Err(HostError::TooLong);
        }
        let mut last = "";
        for label in name.split('.') {
            match label.len() {
                0 => return Err(HostError::EmptyLabel),
                1..=MAX_LABEL => last = label,
                _ => return Err(HostError::LabelTooLong),
            }
        }
        if is_number(last) && name.parse::<Ipv4Addr>().is_err() {
            return Err(HostError::Ipv4);
        }
        let name = name.to_ascii_lowercase();
        let is_encoded = name.split('.').any(|label| label.starts_with("xn--"));
        if is_encoded && !idna::domain_to_ascii(&name).is_ok_and(|ascii| ascii == name) {
            return Err(HostError::Punycode);
        }
        Ok(Self(name))
    }

    /// As [`HostName::parse`], for names that people write into a file: stricter about hyphens, says more about what
    /// is wrong, and takes IPv6 addresses without brackets too.
    pub(crate) fn parse_configured(text: &str) -> Result<Self, HostError> {
        if text.contains('/') {
            return Err(HostError::Url);
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self(format!("[{address}]")));
        }
        if text.contains(':') && !text.ends_with(']') {
            return Err(if split_host_port(text).is_ok() { HostError::UnexpectedPort } else { HostError::Ipv6 });
        }
        let host = Self::parse(text)?;
        if host.0.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) {
            return Err(HostError::HyphenAtEdge);
        }
        Ok(host)
    }

    /// The normal form; an IPv6 address in brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an address. Wildcards never match one.
    #[must_use]
    pub fn is_ip(&self) -> bool {
        self.0.starts_with('[') || self.0.parse::<Ipv4Addr>().is_ok()
    }

    /// What a wildcard's [`suffix`](WildcardName::suffix) can be to match this host, longest first:
    /// `a.b.example` → `b.example`, `example`. Nothing for an address.
    pub fn suffixes(&self) -> impl Iterator<Item = &str> {
        let name = if self.is_ip() { "" } else { self.as_str() };
        std::iter::successors(name.split_once('.'), |(_, rest)| rest.split_once('.')).map(|(_, rest)| rest)
    }
}

/// Whether the URL standard takes a host with this last label for an IPv4 address: `0x7f` is one there.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn character_error(name: &str) -> HostError {
    if !name.is_ascii() {
        // It may still be no host: the other characters stand as they are.
        let ascii = idna::domain_to_ascii(name).ok();
        return HostError::NotAscii(
            ascii.filter(|ascii| ascii.is_ascii() && HostName::parse_configured(ascii).is_ok()),
        );
    }
    if name.contains('@') {
        return HostError::UserInfo;
    }
    let allowed = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    match name.chars().find(|char| !allowed(char)) {
        Some('*') => HostError::Wildcard,
        Some(char) => HostError::Character(char),
        None => HostError::Empty,
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for HostName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Hash and order are those of the string, so a map of names can be asked with a `&str`.
impl Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// `*.` and a name: every host at any depth below the name, not the name itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WildcardName(String);

impl WildcardName {
    /// With the `*.`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the `*.`: what a matching host ends in, after a dot.
    #[must_use]
    pub fn suffix(&self) -> &str {
        self.0.strip_prefix("*.").unwrap_or(&self.0)
    }
}

/// Which hosts an app answers for. The most specific wins: exact, then the longest wildcard, then `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// `a.example`: this host only.
    Exact(HostName),
    /// `*.example`: every host below.
    Wildcard(WildcardName),
    /// `*`: every host that no other app claims.
    Any,
}

impl HostPattern {
    /// Reads a hostname of `nano.json`.
    ///
    /// # Errors
    /// When it is neither a host, nor `*.` and a name, nor `*`.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let Some(suffix) = text.strip_prefix("*.") else { return HostName::parse_configured(text).map(Self::Exact) };
        let suffix = HostName::parse_configured(suffix)?;
        if suffix.is_ip() {
            return Err(HostError::Wildcard);
        }
        if suffix.as_str().len() + 2 > MAX_NAME {
            return Err(HostError::TooLong);
        }
        Ok(Self::Wildcard(WildcardName(format!("*.{suffix}"))))
    }

    /// The normal form: `a.example`, `*.example`, `*`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Exact(host) => host.as_str(),
            Self::Wildcard(wildcard) => wildcard.as_str(),
            Self::Any => "*",
        }
    }

    /// Whether this pattern, on its own, covers the host.
    #[must_use]
    pub fn matches(&self, host: &HostName) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::Wildcard(wildcard) => host.suffixes().any(|suffix| suffix == wildcard.suffix()),
            Self::Any => true,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Splits `host[:port]` as a `Host` header has it (RFC 9110 §7.2). The host is not checked beyond its brackets: give
/// it to [`HostName::parse`]. `host:` with nothing behind is `host` (RFC 3986 §3.2.3).
///
/// # Errors
/// On user info, an IPv6 address without brackets or with a missing one, and a port that is no number up to 65535.
pub fn split_host_port(text: &str) -> Result<(&str, Option<u16>), HostError> {
    if text.contains('@') {
        return Err(HostError::UserInfo);
    }
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']').ok_or(HostError::Ipv6)? + 1;
        let (host, rest) = text.split_at(end);
        match rest.strip_prefix(':') {
            Some(port) => (host, port),
            None if rest.is_empty() => (host, ""),
            None => return Err(HostError::Ipv6),
        }
    } else {
        text.split_once(':').unwrap_or((text, ""))
    };
    if port.contains(':') {
        return Err(HostError::Ipv6);
    }
    if port.is_empty() {
        return Ok((host, None));
    }
    // `u16::from_str` takes a leading `+`.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Port);
    }
    port.parse().map(|port| (host, Some(port))).map_err(|_| HostError::Port)
}

#[cfg(test)]
mod tests;
