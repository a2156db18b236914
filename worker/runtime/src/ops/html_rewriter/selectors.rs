//! What a selector may be. lol_html compiles and drops them recursively, and compares each part with its siblings, so their
//! depth and number are bounded.

use lol_html::Selector;

/// Bytes of one selector.
const MAX_LENGTH: usize = 8192;
/// Elements that one selector may ask for above each other, and parentheses in it.
const MAX_DEPTH: usize = 64;

#[derive(Debug, thiserror::Error)]
pub(super) enum SelectorFault {
    /// In the words of workerd's binding to lol_html.
    #[error("Parser error: {0}")]
    Invalid(lol_html::errors::SelectorError),
    #[error("A selector of an HTMLRewriter may have {MAX_LENGTH} bytes, and this one has {0}")]
    TooLong(usize),
    #[error("A selector of an HTMLRewriter may be {MAX_DEPTH} elements or parentheses deep")]
    TooDeep,
}

/// A selector, and of how many parts it is at most.
pub(super) fn parse(text: &str) -> Result<(Selector, usize), SelectorFault> {
    if text.len() > MAX_LENGTH {
        return Err(SelectorFault::TooLong(text.len()));
    }
    let (mut parts, mut depth, mut parentheses) = (1, 0, 0);
    let (mut place, mut before) = (Place::default(), b',');
    for byte in text.bytes() {
        match byte {
            b',' => {
                parts += 1;
                // Only one that ends an item of the list: no other, as in a string, hides how deep it is.
                if place.is_outside() {
                    (depth, parentheses) = (0, 0);
                }
            }
            b'>' => (parts, depth) = (parts + 1, depth + 1),
            b'(' => parentheses += 1,
            // Several spaces are one combinator; one around `>` counts once more, which does no harm.
            _ if byte.is_ascii_whitespace() && !before.is_ascii_whitespace() => (parts, depth) = (parts + 1, depth + 1),
            _ => {}
        }
        if depth > MAX_DEPTH || parentheses > MAX_DEPTH {
            return Err(SelectorFault::TooDeep);
        }
        place.pass(byte);
        before = byte;
    }
    let selector = text.parse().map_err(SelectorFault::Invalid)?;
    Ok((selector, parts))
}

/// Where in a selector a byte is.
#[derive(Default)]
struct Place {
    /// The quotation mark of the string.
    string: Option<u8>,
    is_comment: bool,
    is_escaped: bool,
    brackets: usize,
    before: u8,
}

impl Place {
    /// Neither in a string, a comment, brackets nor an escape.
    fn is_outside(&self) -> bool {
        self.string.is_none() && !self.is_comment && !self.is_escaped && self.brackets == 0
    }

    fn pass(&mut self, byte: u8) {
        let before = std::mem::replace(&mut self.before, byte);
        if self.is_comment {
            self.is_comment = !(before == b'*' && byte == b'/');
            return;
        }
        if std::mem::take(&mut self.is_escaped) {
            return;
        }
        match (byte, self.string) {
            (b'\\', _) => self.is_escaped = true,
            (_, Some(mark)) if byte == mark => self.string = None,
            (_, Some(_)) => {}
            (b'"' | b'\'', None) => self.string = Some(byte),
            // Not the star of `*/`, with which a comment would end where it begins.
            (b'*', None) if before == b'/' => (self.is_comment, self.before) = (true, 0),
            (b'[' | b'(', None) => self.brackets += 1,
            (b']' | b')', None) => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
