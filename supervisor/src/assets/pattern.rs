//! Patterns in which `*` and `:name` stand for parts of a text, compared in steps that grow with the pattern and the text
//! and not with their product: whoever asks chooses the text, and a request is compared with hundreds of patterns.
//!
//! A name stays within a segment, so the segments on both sides of the `*` are compared one by one. Within one, the texts
//! between names are looked for from the right: each at its last possible place. That leaves the most for the names before,
//! which is how a greedy expression matches.

/// A part that stands for something.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wild {
    /// `*`: anything, or nothing. In a pattern once at most.
    Splat,
    /// At least one byte, none of them a separator.
    Name(String),
}

impl Wild {
    fn name(&self) -> &str {
        match self {
            Self::Splat => "splat",
            Self::Name(name) => name,
        }
    }

    fn least(&self) -> usize {
        usize::from(*self != Self::Splat)
    }
}

/// One segment of a pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Segment {
    /// What it begins with.
    first: String,
    /// Each with the text behind it.
    wilds: Vec<(Wild, String)>,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Those before the one with `*`, or all of them.
    front: Vec<Segment>,
    /// The one with `*`, and which of its wild parts that is.
    splat: Option<(Segment, usize)>,
    /// Those behind it.
    back: Vec<Segment>,
    separator: char,
    /// Bytes of the shortest text that it matches.
    least: usize,
}

/// What the names of patterns stand for in a request.
pub(super) type Names<'r> = Vec<(&'r str, &'r str)>;

impl Pattern {
    /// `None`: there is more than one `*`.
    pub(super) fn parse(text: &str, separator: char) -> Option<Self> {
        let mut pattern = Self { front: Vec::new(), splat: None, back: Vec::new(), separator, least: 0 };
        for (index, segment) in text.split(separator).map(Segment::parse).enumerate() {
            pattern.least += segment.least() + usize::from(index > 0);
            let mut splats = segment.wilds.iter().enumerate().filter(|(_, (wild, _))| *wild == Wild::Splat);
            match (splats.next().map(|(at, _)| at), splats.next(), &pattern.splat) {
                (Some(at), None, None) => pattern.splat = Some((segment, at)),
                (Some(_), _, _) => return None,
                (None, _, None) => pattern.front.push(segment),
                (None, _, Some(_)) => pattern.back.push(segment),
            }
        }
        Some(pattern)
    }

    /// How many segments are kept.
    pub(super) fn segments(&self) -> usize {
        self.front.len() + self.back.len() + usize::from(self.splat.is_some())
    }

    /// In their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let splat = self.splat.iter().map(|(segment, _)| segment);
        let segments = self.front.iter().chain(splat).chain(&self.back);
        segments.flat_map(|segment| segment.wilds.iter().map(|(wild, _)| wild.name()))
    }

    /// Adds what the names stand for; each takes as much as it can, the first ones first.
    pub(super) fn matches<'r>(&'r self, text: &'r str, names: &mut Names<'r>) -> Option<()> {
        // A search begins with work of its own on what is looked for, however short the text is.
        if text.len() < self.least {
            return None;
        }
        let rest = self.compare(&self.front, Some(text), names)?;
        let Some((segment, at)) = &self.splat else { return rest.is_none().then_some(()) };
        let rest = rest?;
        let mut middle = rest;
        for _ in &self.back {
            steps(middle.len() - middle.rfind(self.separator).unwrap_or(0));
            middle = middle.rsplit_once(self.separator)?.0;
        }
        segment.around_splat(*at, middle, self.separator, names)?;
        // The separator lies between.
        let behind = if self.back.is_empty() { None } else { rest.get(middle.len() + 1..) };
        self.compare(&self.back, behind, names)?.is_none().then_some(())
    }

    /// Compares segments with those that a text begins with. The inner option: what comes behind them and a separator.
    fn compare<'r>(
        &self,
        segments: &'r [Segment],
        text: Option<&'r str>,
        names: &mut Names<'r>,
    ) -> Option<Option<&'r str>> {
        let mut rest = text;
        for segment in segments {
            let whole = rest?;
            let (own, behind) = match whole.split_once(self.separator) {
                Some((own, behind)) => (own, Some(behind)),
                None => (whole, None),
            };
            steps(own.len());
            fit(&segment.first, &segment.wilds, own, Edge::End, names)?;
            rest = behind;
        }
        Some(rest)
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        let mut segment = Self::default();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let after = rest.get(char.len_utf8()..).unwrap_or_default();
            let name = if char == ':' { name_at(after) } else { "" };
            rest = after.get(name.len()..).unwrap_or_default();
            match (char, name, segment.wilds.last_mut()) {
                ('*', ..) => segment.wilds.push((Wild::Splat, String::new())),
                (_, "", None) => segment.first.push(char),
                (_, "", Some((_, text))) => text.push(char),
                (_, name, _) => segment.wilds.push((Wild::Name(name.to_owned()), String::new())),
            }
        }
        segment
    }

    /// Bytes of the shortest text that it matches.
    fn least(&self) -> usize {
        self.first.len() + self.wilds.iter().map(|(wild, text)| wild.least() + text.len()).sum::<usize>()
    }

    /// Compares it with what its `*`, the part `at`, makes of one or several segments.
    fn around_splat<'r>(&'r self, at: usize, text: &'r str, separator: char, names: &mut Names<'r>) -> Option<()> {
        let (Some(start), Some(end)) = (text.find(separator), text.rfind(separator)) else {
            return fit(&self.first, &self.wilds, text, Edge::End, names).map(|_| ());
        };
        // What is before it lies in the first segment, what is behind it in the last one.
        let begun = fit(&self.first, self.wilds.get(..at)?, text.get(..start)?, Edge::Open, names)?;
        let place = names.len();
        let last = text.get(end + 1..)?;
        fit("", self.wilds.get(at..)?, last, Edge::End, names)?;
        let taken = names.get(place)?.1.len();
        *names.get_mut(place)? = (Wild::Splat.name(), text.get(begun..end + 1 + taken)?);
        Some(())
    }
}

/// What comes behind the last part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// Nothing: the text ends.
    End,
    /// Anything.
    Open,
}

/// Compares a text without separators. Returns how far that went.
fn fit<'r>(
    first: &str,
    wilds: &'r [(Wild, String)],
    text: &'r str,
    edge: Edge,
    names: &mut Names<'r>,
) -> Option<usize> {
    let inner = text.strip_prefix(first)?;
    if wilds.is_empty() {
        return (edge == Edge::Open || inner.is_empty()).then_some(first.len());
    }
    let mut end = inner.len();
    let mut places = Vec::with_capacity(wilds.len());
    for (index, (wild, text)) in wilds.iter().rev().enumerate() {
        let room = inner.get(..end)?;
        let found = if index == 0 && edge == Edge::End {
            room.ends_with(text.as_str()).then(|| end - text.len())
        } else if room.len() < text.len() {
            None
        } else {
            steps(text.len());
            room.rfind(text.as_str())
        };
        steps(end - found.unwrap_or(0) + 1);
        let at = found?;
        places.push(at);
        end = at.checked_sub(wild.least())?;
    }
    let mut begin = 0;
    for ((wild, text), at) in wilds.iter().zip(places.into_iter().rev()) {
        names.push((wild.name(), inner.get(begin..at)?));
        begin = at + text.len();
    }
    Some(first.len() + begin)
}

/// The name that a text begins with: a letter, then letters, digits and `_`.
pub(super) fn name_at(text: &str) -> &str {
    if !text.starts_with(|char: char| char.is_ascii_alphabetic()) {
        return "";
    }
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(not(test))]
fn steps(_: usize) {}

#[cfg(test)]
thread_local!(static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });

/// Counts bytes that were looked at.
#[cfg(test)]
fn steps(bytes: usize) {
    STEPS.with(|steps| steps.set(steps.get() + bytes));
}

/// Bytes that this thread looked at meanwhile.
#[cfg(test)]
pub(super) fn counted<T>(what: impl FnOnce() -> T) -> (T, usize) {
    let before = STEPS.with(std::cell::Cell::get);
    let done = what();
    (done, STEPS.with(std::cell::Cell::get) - before)
}

#[cfg(test)]
mod tests;
