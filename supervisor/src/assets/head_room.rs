//! How large the head of a response may become: as large as a worker's.

use http::{HeaderMap, HeaderName};
use nano_protocol::limits::{MAX_HEADER_BYTES, MAX_HEADERS};

/// Bytes of the wire to a worker for each field, beside its name and its value.
const FRAMING: usize = 6;

/// For what nano and HTTP add: the request's id, lengths, dates.
const RESERVED: (usize, usize) = (8, 1024);

/// Longest target of a redirect.
pub(super) const MAX_LOCATION: usize = MAX_HEADER_BYTES - RESERVED.1 - 64;

/// Rules would fill a head with more than it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the response's headers would be too large")]
pub(crate) struct HeadTooLarge;

/// What may still be put into a head. What is taken out again makes no room: the work of one request is bounded, too.
#[derive(Debug)]
pub(super) struct HeadRoom {
    fields: usize,
    bytes: usize,
}

impl HeadRoom {
    /// The room beside these.
    pub(super) fn beside(headers: &HeaderMap) -> Result<Self, HeadTooLarge> {
        let mut room = Self { fields: MAX_HEADERS - RESERVED.0, bytes: MAX_HEADER_BYTES - RESERVED.1 };
        for (name, value) in headers {
            room.reduce(name.as_str().len() + value.len())?;
        }
        Ok(room)
    }

    /// How long a value can be at most.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes room for a field.
    pub(super) fn take(&mut self, name: &HeaderName, value: &str) -> Result<(), HeadTooLarge> {
        self.reduce(name.as_str().len() + value.len())
    }

    fn reduce(&mut self, bytes: usize) -> Result<(), HeadTooLarge> {
        self.bytes = self.bytes.checked_sub(bytes + FRAMING).ok_or(HeadTooLarge)?;
        self.fields = self.fields.checked_sub(1).ok_or(HeadTooLarge)?;
        Ok(())
    }
}
