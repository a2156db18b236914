//! What a selector may be. lol_html compiles and drops them recursively, and compares each part with its siblings, so their
//! depth and number are bounded.

use lol_html::Selector;

/// Bytes of one selector.
const MAX_LENGTH: usize = 8192;
/// Elements that one selector may ask for above each other, and parentheses in it.
const MAX_DEPTH: usize = 256;

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
    let mut before = b',';
    for byte in text.bytes() {
        match byte {
            b',' => (parts, depth) = (parts + 1, 0),
            b'>' => (parts, depth) = (parts + 1, depth + 1),
            b'(' => parentheses += 1,
            // Several spaces are one combinator; one around `>` counts once more, which does no harm.
            _ if byte.is_ascii_whitespace() && !before.is_ascii_whitespace() => (parts, depth) = (parts + 1, depth + 1),
            _ => {}
        }
        if depth > MAX_DEPTH || parentheses > MAX_DEPTH {
            return Err(SelectorFault::TooDeep);
        }
        before = byte;
    }
    let selector = text.parse().map_err(SelectorFault::Invalid)?;
    Ok((selector, parts))
}

#[cfg(test)]
mod tests;
