//! Where a rule of `_redirects` leads. What stands for its names is a client's choice, and never leads to another host than
//! the one that the rule names, or the one that was asked.

use http::StatusCode;
use url::{Position, Url};

use super::head_room::{HeadTooLarge, MAX_LOCATION};
use super::path_rule::{PathRule, fill, names_in};
use super::pattern::Names;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Led {
    /// To another URL.
    Away(StatusCode, String),
    /// To the file of another path, which the client does not see.
    Within(String),
}

/// The second word of a rule, and its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Scheme, host and port, as the URL standard writes them; `None`: those that were asked.
    base: Option<String>,
    /// What comes behind them.
    rest: String,
    status: u16,
}

impl Target {
    /// Why this cannot be one.
    pub(super) fn parse(to: &str, status: u16, rule: &PathRule) -> Result<Self, String> {
        let target = |base, rest: &str| Ok(Self { base, rest: rest.to_owned(), status });
        if to.starts_with('/') && !to.get(1..).is_some_and(|rest| rest.starts_with(['/', '\\'])) {
            return target(None, to);
        }
        if status == 200 {
            return Err("with 200 it leads to a path of the app, which begins with `/`".to_owned());
        }
        let Some(start) =
            ["https://", "http://"].iter().find(|scheme| to.starts_with(**scheme)).map(|scheme| scheme.len())
        else {
            return Err("it leads to a path that begins with `/`, or to an http(s) URL".to_owned());
        };
        let end = to.get(start..).and_then(|rest| rest.find(['/', '?', '#', '\\'])).map_or(to.len(), |at| start + at);
        let (base, rest) = to.split_at_checked(end).ok_or("it is no URL")?;
        if let Some(name) = names_in(base).find(|name| rule.has_name(name)) {
            return Err(format!("`:{name}` stands within the host, or directly behind it: a `/` must come before it"));
        }
        let base = Url::parse(base).map_err(|error| format!("it is no URL: {error}"))?;
        target(Some(base[..Position::BeforePath].to_owned()), rest)
    }

    /// Whether it leads to a path of the app.
    pub(super) fn is_within(&self) -> bool {
        self.base.is_none()
    }

    /// Where it leads from a URL; `None`: to itself, or nowhere.
    pub(super) fn lead(&self, from: &Url, names: &Names<'_>) -> Result<Option<Led>, HeadTooLarge> {
        let rest = fill(&self.rest, names, MAX_LOCATION).ok_or(HeadTooLarge)?;
        let led = match &self.base {
            None => self.within(from, &rest),
            Some(base) => self.away(from, base, &rest),
        };
        match &led {
            Some(Led::Away(_, to)) if to.len() > MAX_LOCATION => Err(HeadTooLarge),
            _ => Ok(led),
        }
    }

    fn within(&self, from: &Url, rest: &str) -> Option<Led> {
        let (rest, fragment) = split(rest, '#');
        let (path, query) = split(rest, '?');
        let mut to = from.clone();
        // Nothing of this can change the host, as a relative reference could. Leading slashes of its path could once it is
        // a reference itself, and dots may have brought them to the front.
        to.set_path(path);
        let path = format!("/{}", to.path().trim_start_matches('/'));
        to.set_path(&path);
        if self.status == 200 {
            return Some(Led::Within(path));
        }
        if query.is_some() {
            to.set_query(query);
        }
        if to[..Position::AfterQuery] == from[..Position::AfterQuery] {
            return None;
        }
        to.set_fragment(fragment);
        Some(Led::Away(self.status()?, to[Position::BeforePath..].to_owned()))
    }

    fn away(&self, from: &Url, base: &str, rest: &str) -> Option<Led> {
        let mut to = Url::parse(&format!("{base}{rest}")).ok()?;
        if to[..Position::BeforePath] != *base {
            return None;
        }
        if to.query().is_none() {
            to.set_query(from.query());
        }
        Some(Led::Away(self.status()?, to.into()))
    }

    fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status).ok()
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests;
