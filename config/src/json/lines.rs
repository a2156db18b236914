//! Byte offsets → line and column.

/// How often the count of characters is kept, in bytes.
const STEP: usize = 1024;

/// Where the lines of a text start, and how many characters come before every [`STEP`]th byte: in a file without line
/// breaks, each lookup would count from the start otherwise.
pub(crate) struct LineIndex<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
    characters: Vec<usize>,
}

/// Counting the bytes that begin a character is right even for an offset inside one.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

impl<'t> LineIndex<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let text = text.as_bytes();
        let after_breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let characters = text.chunks(STEP).scan(0, |before, chunk| {
            let here = *before;
            *before += count(chunk);
            Some(here)
        });
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect(), characters: characters.collect() }
    }

    /// Line and column, both from 1. A column is a character (a tab is one).
    pub(crate) fn locate(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        (line, self.before(at) - self.before(start) + 1)
    }

    /// How many characters begin before a byte.
    fn before(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        let step = (at / STEP).min(self.characters.len().saturating_sub(1));
        let counted = self.characters.get(step).copied().unwrap_or(0);
        counted + count(self.text.get(step * STEP..at).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
