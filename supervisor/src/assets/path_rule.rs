//! Paths in `_headers` and `_redirects`: `*` stands for anything and is called `:splat` in what follows, `:name` stands
//! for one segment, or a part of one.

use super::pattern::{Names, Pattern, name_at};

/// Most bytes of a path times the patterns that it is compared with: each costs steps for each byte, at the expense of all apps.
const MAX_COMPARED: usize = 1 << 17;

/// The longest path of requests where there are so many patterns. A longer one is refused: it would come past rules that
/// protect.
pub(super) fn longest_path(patterns: usize) -> usize {
    MAX_COMPARED.checked_div(patterns).unwrap_or(usize::MAX)
}

/// Most names of one rule. Real rules have a handful.
const MAX_NAMES: usize = 32;

/// Most segments of a rule with names: each is kept apart. Files lie half as deep at most.
const MAX_SEGMENTS: usize = 64;

/// A path, perhaps with a host before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathRule {
    /// For rules that begin with `https://`.
    host: Option<Pattern>,
    path: PathPattern,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathPattern {
    /// Stands for itself.
    Exact(String),
    Pattern(Pattern),
}

impl PathRule {
    /// Why this cannot be one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (host, path) = match text.strip_prefix("https://") {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                if host.is_empty() || host.contains(':') && host.rsplit(':').next().is_some_and(is_number) {
                    return Err("a host comes without a port".to_owned());
                }
                (Some(host), if path.is_empty() { "/" } else { path })
            }
            None if text.starts_with('/') => (None, text),
            None => return Err("a path begins with `/`, or with `https://` and a host".to_owned()),
        };
        let once = || "there may be one `*`, and each `:name` once".to_owned();
        let host = host.map(|host| Pattern::parse(host, '.').ok_or_else(once)).transpose()?;
        let pattern = Pattern::parse(path, '/').ok_or_else(once)?;
        let mut names: Vec<_> = host.iter().chain([&pattern]).flat_map(Pattern::names).collect();
        if names.len() > MAX_NAMES {
            return Err(format!("there may be {MAX_NAMES} names, found {}", names.len()));
        }
        names.sort_unstable();
        if names.windows(2).any(|two| two.first() == two.last()) {
            return Err(once());
        }
        let is_exact = pattern.names().next().is_none();
        let segments = host.as_ref().map_or(0, Pattern::segments) + if is_exact { 0 } else { pattern.segments() };
        if segments > MAX_SEGMENTS {
            return Err(format!("with `*` or names there may be {MAX_SEGMENTS} segments, found {segments}"));
        }
        let path = if is_exact { PathPattern::Exact(path.to_owned()) } else { PathPattern::Pattern(pattern) };
        Ok(Self { host, path })
    }

    /// The path, if it stands for itself alone.
    pub(super) fn exact(&self) -> Option<&str> {
        match self {
            Self { host: None, path: PathPattern::Exact(path) } => Some(path),
            _ => None,
        }
    }

    /// Whether it has `*` or a name.
    pub(super) fn is_pattern(&self) -> bool {
        self.host.is_some() || matches!(self.path, PathPattern::Pattern(_))
    }

    /// Whether one of its names is this one.
    pub(super) fn has_name(&self, name: &str) -> bool {
        let path = match &self.path {
            PathPattern::Exact(_) => None,
            PathPattern::Pattern(pattern) => Some(pattern),
        };
        self.host.iter().chain(path).flat_map(Pattern::names).any(|own| own == name)
    }

    /// Whether it matches; with what its names stand for.
    pub(super) fn matches<'r>(&'r self, host: &'r str, path: &'r str) -> Option<Names<'r>> {
        let mut names = Names::new();
        if let Some(pattern) = &self.host {
            pattern.matches(host, &mut names)?;
        }
        match &self.path {
            PathPattern::Exact(own) => (own == path).then_some(names),
            PathPattern::Pattern(pattern) => pattern.matches(path, &mut names).map(|()| names),
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Puts what the names stand for into a text. `None`: it would be longer than `most` bytes.
pub(super) fn fill(text: &str, names: &Names<'_>, most: usize) -> Option<String> {
    let mut filled = String::new();
    for part in parts(text) {
        let value = match part {
            Part::Text(text) => text,
            Part::Name(name) => names.iter().find(|(known, _)| *known == name).map_or(name, |(_, value)| value),
        };
        let colon = matches!(part, Part::Name(name) if !names.iter().any(|(known, _)| *known == name));
        if filled.len() + value.len() + usize::from(colon) > most {
            return None;
        }
        filled.extend(colon.then_some(':'));
        filled.push_str(value);
    }
    Some(filled)
}

/// The names in a text that is to be filled, known or not.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Name(name) => Some(name),
    })
}

enum Part<'t> {
    Text(&'t str),
    /// Without its colon.
    Name(&'t str),
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let name = rest.strip_prefix(':').map_or("", name_at);
        // A colon without a name is text, and so is what follows it.
        let end = match name {
            "" => rest.char_indices().skip(1).find(|(_, char)| *char == ':').map_or(rest.len(), |(at, _)| at),
            name => 1 + name.len(),
        };
        let (part, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some(if name.is_empty() { Part::Text(part) } else { Part::Name(name) })
    })
}

#[cfg(test)]
mod tests;
