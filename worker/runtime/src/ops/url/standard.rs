//! The parser and the setters of <https://url.spec.whatwg.org>, where the `url` crate stops short of it.
//!
//! Not mended here: empty segments at the start of a `file:` URL's path, and hosts beside Windows drive letters.

use std::borrow::Cow;

use url::{Position, Url, quirks};

/// Parses `input`, against `base` where there is one.
pub(super) fn parse(input: &str, base: Option<&Url>) -> Option<Url> {
    let parser = Url::options().base_url(base);
    let url = parser.parse(input).ok().or_else(|| parser.parse(&without_extra_slashes(input, base?)?).ok())?;
    Some(with_encoded_path(url))
}

/// `///host` against a special URL means `//host` ("special authority ignore slashes state").
fn without_extra_slashes(input: &str, base: &Url) -> Option<String> {
    let is_slash = |c: char| c == '/' || c == '\\';
    let input = input.trim_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
    let special = is_special(base) && base.scheme() != "file";
    (special && input.starts_with(is_slash)).then(|| format!("//{}", input.trim_start_matches(is_slash)))
}

fn is_special(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp" | "file")
}

/// Encodes what paths may not hold: `^`, and a space at the end of an opaque path.
fn with_encoded_path(url: Url) -> Url {
    let path = url.path();
    let encoded: Cow<str> = if url.cannot_be_a_base() {
        path.strip_suffix(' ').map_or(Cow::Borrowed(path), |start| Cow::Owned(format!("{start}%20")))
    } else if path.contains('^') {
        Cow::Owned(path.replace('^', "%5E"))
    } else {
        Cow::Borrowed(path)
    };
    match encoded {
        Cow::Borrowed(_) => url,
        Cow::Owned(encoded) => with_path(&url, &encoded).unwrap_or(url),
    }
}

/// The same URL with another path, which is taken as it is.
fn with_path(url: &Url, path: &str) -> Option<Url> {
    let (start, end) = (&url[..Position::BeforePath], &url[Position::AfterPath..]);
    if url.has_host() || url.cannot_be_a_base() || is_special(url) || url[..Position::BeforePath].ends_with("//") {
        return Url::parse(&format!("{start}{path}{end}")).ok();
    }
    // Without a host, "/." tells a path that begins with "//" from one.
    let dot = if path.starts_with("//") { "/." } else { "" };
    Url::parse(&format!("{}:{dot}{path}{end}", url.scheme())).ok()
}

/// The attributes with a setter; their numbers are those of url/url.js.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Protocol,
    Username,
    Password,
    Host,
    Hostname,
    Port,
    Pathname,
    Search,
    Hash,
}

impl Attribute {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        use Attribute::{Hash, Host, Hostname, Password, Pathname, Port, Protocol, Search, Username};
        let all = [Protocol, Username, Password, Host, Hostname, Port, Pathname, Search, Hash];
        all.get(usize::try_from(number).ok()?).copied()
    }
}

/// The URL after the setter of `attribute`; `None` where that changes nothing.
pub(super) fn set(mut url: Url, attribute: Attribute, value: &str) -> Option<Url> {
    match attribute {
        Attribute::Protocol => quirks::set_protocol(&mut url, value).ok()?,
        Attribute::Username => quirks::set_username(&mut url, value).ok()?,
        Attribute::Password => quirks::set_password(&mut url, value).ok()?,
        Attribute::Port => quirks::set_port(&mut url, value).ok()?,
        Attribute::Host | Attribute::Hostname => {
            let path = (!url.has_host()).then(|| url.path().to_owned());
            if attribute == Attribute::Host {
                quirks::set_host(&mut url, value).ok()?;
            } else {
                quirks::set_hostname(&mut url, value).ok()?;
            }
            // The "/." of a URL without a host must not become part of its path.
            if let Some(path) = path.filter(|path| path.starts_with("//")) {
                let end = &url[Position::AfterPath..];
                return Url::parse(&format!("{}{path}{end}", &url[..Position::AfterPort])).ok();
            }
        }
        Attribute::Pathname => {
            if url.cannot_be_a_base() {
                return None;
            }
            if value.is_empty() && !is_special(&url) && url[..Position::BeforePath].ends_with("//") {
                return with_path(&url, "");
            }
            quirks::set_pathname(&mut url, value);
            let path = url.path().strip_prefix("/./").map_or_else(|| url.path().to_owned(), |rest| format!("/{rest}"));
            if !url.has_host() && !is_special(&url) {
                return with_path(&url, &path.replace('^', "%5E"));
            }
        }
        Attribute::Search => {
            quirks::set_search(&mut url, value);
        }
        Attribute::Hash => {
            quirks::set_hash(&mut url, value);
        }
    }
    Some(with_encoded_path(url))
}

#[cfg(test)]
mod tests;
