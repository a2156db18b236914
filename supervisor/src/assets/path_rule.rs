//! Paths in `_headers` and `_redirects`: `*` stands for anything and is called `:splat` in what follows, `:name` stands
//! for one segment, or a part of one.

/// Longest path that rules with `*` or `:name` are compared with. Each costs steps for each byte.
pub(super) const MAX_MATCHED: usize = 4096;

/// A path, perhaps with a host before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathRule {
    /// For rules that begin with `https://`.
    host: Option<Pattern>,
    path: Pattern,
}

/// What the names of a rule stand for in a request.
pub(super) type Names<'r> = Vec<(&'r str, &'r str)>;

impl PathRule {
    /// Why this cannot be one.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (host, path) = match text.strip_prefix("https://") {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                if host.is_empty() || host.contains(':') && host.rsplit(':').next().is_some_and(is_number) {
                    return Err("a host comes without a port");
                }
                (Some(Pattern::parse(host, &['/', '.'])?), if path.is_empty() { "/" } else { path })
            }
            None if text.starts_with('/') => (None, text),
            None => return Err("a path begins with `/`, or with `https://` and a host"),
        };
        let rule = Self { host, path: Pattern::parse(path, &['/'])? };
        let names: Vec<_> = rule.host.iter().chain([&rule.path]).flat_map(Pattern::names).collect();
        let twice = names.iter().enumerate().any(|(at, name)| names.iter().take(at).any(|other| other == name));
        if twice { Err("there may be one `*`, and each `:name` once") } else { Ok(rule) }
    }

    /// The path, if it stands for itself alone.
    pub(super) fn exact(&self) -> Option<&str> {
        match (&self.host, self.path.pieces.as_slice()) {
            (None, [Piece::Text(text)]) => Some(text),
            _ => None,
        }
    }

    /// Whether it matches; with what its names stand for.
    pub(super) fn matches<'r>(&'r self, host: &'r str, path: &'r str) -> Option<Names<'r>> {
        let mut names = Names::new();
        if let Some(pattern) = &self.host {
            pattern.matches(host, &mut names)?;
        }
        self.path.matches(path, &mut names)?;
        Some(names)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Puts what the names stand for into a text.
pub(super) fn fill(text: &str, names: &Names<'_>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        filled.push_str(before);
        let name = after.get(1..).map_or("", name_at);
        match names.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => {
                filled.push_str(value);
                rest = after.get(1 + name.len()..).unwrap_or_default();
            }
            None => {
                filled.push(':');
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The name that a text begins with: a letter, then letters, digits and `_`.
fn name_at(text: &str) -> &str {
    if !text.starts_with(|char: char| char.is_ascii_alphabetic()) {
        return "";
    }
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Splat,
    /// At least one character, none of the pattern's separators.
    Name(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    pieces: Vec<Piece>,
    separators: &'static [char],
}

impl Pattern {
    fn parse(text: &str, separators: &'static [char]) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let after = rest.get(char.len_utf8()..).unwrap_or_default();
            let name = if char == ':' { name_at(after) } else { "" };
            if char != '*' && name.is_empty() {
                plain.push(char);
                rest = after;
                continue;
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(if char == '*' { Piece::Splat } else { Piece::Name(name.to_owned()) });
            rest = after.get(name.len()..).unwrap_or_default();
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces, separators })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Splat => Some("splat"),
            Piece::Name(name) => Some(name.as_str()),
        })
    }

    /// Adds what the names stand for; each takes as much as it can, the first ones first.
    fn matches<'r>(&'r self, text: &'r str, names: &mut Names<'r>) -> Option<()> {
        if let [Piece::Text(only)] = self.pieces.as_slice() {
            return (only == text).then_some(());
        }
        if let Some(Piece::Text(first)) = self.pieces.first()
            && !text.starts_with(first.as_str())
        {
            return None;
        }
        if text.len() > MAX_MATCHED {
            return None;
        }
        let possible = self.possible(text);
        let mut at = 0;
        for (index, piece) in self.pieces.iter().enumerate() {
            let then = possible.get(index + 1)?;
            let (name, end) = match piece {
                Piece::Text(plain) => {
                    at += plain.len();
                    then.get(at).copied()?.then_some(())?;
                    continue;
                }
                Piece::Splat => ("splat", text.len()),
                Piece::Name(name) => (name.as_str(), self.segment_end(text, at)),
            };
            let least = if matches!(piece, Piece::Splat) { at } else { at + 1 };
            let stop = (least..=end).rev().find(|stop| then.get(*stop) == Some(&true))?;
            names.push((name, text.get(at..stop)?));
            at = stop;
        }
        (at == text.len()).then_some(())
    }

    /// For each number of pieces that are left out at the front: from which bytes of the text on the others match.
    fn possible(&self, text: &str) -> Vec<Vec<bool>> {
        let mut last = vec![false; text.len() + 1];
        if let Some(end) = last.last_mut() {
            *end = true;
        }
        let mut possible = vec![last];
        for piece in self.pieces.iter().rev() {
            let then = possible.last().map(Vec::as_slice).unwrap_or_default();
            let mut now = vec![false; text.len() + 1];
            // Whether the pieces that follow match from a byte that this piece can reach.
            let mut reached = false;
            for at in (0..=text.len()).rev() {
                let here = then.get(at) == Some(&true);
                let matches = match piece {
                    Piece::Text(plain) => {
                        then.get(at + plain.len()) == Some(&true)
                            && text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(plain.as_bytes()))
                    }
                    Piece::Splat => {
                        reached |= here;
                        reached
                    }
                    Piece::Name(_) => {
                        let separates =
                            text.as_bytes().get(at).is_none_or(|byte| self.separators.contains(&char::from(*byte)));
                        // From here the piece takes at least this byte.
                        let matches = !separates && reached;
                        reached = here || matches;
                        matches
                    }
                };
                if let Some(slot) = now.get_mut(at) {
                    *slot = matches;
                }
            }
            possible.push(now);
        }
        possible.reverse();
        possible
    }

    fn segment_end(&self, text: &str, at: usize) -> usize {
        let rest = text.get(at..).unwrap_or_default();
        at + rest.find(self.separators).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests;
