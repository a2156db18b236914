//! Header lists as one block of bytes: read in place, converted to strings only on access.

use bytes::{BufMut, Bytes, BytesMut};

use crate::limits::{MAX_HEADER_BYTES, MAX_HEADERS};

/// A header list: `u16` length, name, `u32` length, value, and so on. Its structure was checked when it was made, so
/// reading it cannot fail. What stands in names and values is not checked here.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HeaderBlock(Bytes);

impl HeaderBlock {
    /// An empty list to fill.
    #[must_use]
    pub fn builder() -> HeaderBlockBuilder {
        HeaderBlockBuilder { bytes: BytesMut::new(), count: 0 }
    }

    /// Takes bytes from the wire; `None` if they are no header list or are over the limits.
    pub(crate) fn parse(bytes: Bytes) -> Option<Self> {
        if bytes.len() > MAX_HEADER_BYTES {
            return None;
        }
        let mut rest = &bytes[..];
        let mut count = 0;
        while !rest.is_empty() {
            let (_, _, tail) = split_entry(rest)?;
            rest = tail;
            count += 1;
        }
        (count <= MAX_HEADERS).then_some(Self(bytes))
    }

    /// The encoded list.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (name, value, tail) = split_entry(rest)?;
            rest = tail;
            Some((name, value))
        })
    }

    /// True if there are no headers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for HeaderBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value))))
            .finish()
    }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some((name, value, rest))
}

/// Builds a [`HeaderBlock`].
#[derive(Debug)]
pub struct HeaderBlockBuilder {
    bytes: BytesMut,
    count: usize,
}

impl HeaderBlockBuilder {
    /// Adds a header. Returns false, and adds nothing, if the list would pass its limits.
    #[must_use]
    pub fn push(&mut self, name: &[u8], value: &[u8]) -> bool {
        let (Ok(name_length), Ok(value_length)) = (u16::try_from(name.len()), u32::try_from(value.len())) else {
            return false;
        };
        if self.count == MAX_HEADERS || self.bytes.len() + name.len() + value.len() + 6 > MAX_HEADER_BYTES {
            return false;
        }
        self.count += 1;
        self.bytes.put_u16_le(name_length);
        self.bytes.put_slice(name);
        self.bytes.put_u32_le(value_length);
        self.bytes.put_slice(value);
        true
    }

    /// The finished list.
    #[must_use]
    pub fn finish(self) -> HeaderBlock {
        HeaderBlock(self.bytes.freeze())
    }
}
