//! How much of requests' bodies may be on its way on one connection.
//!
//! What comes for apps that do not take it lies in the supervisor, for as long as they do not. So a connection begins with
//! narrow windows. They are wide only while a body is being taken of which more is to come than fits into a narrow one, and
//! for a bounded number of connections of a shard ([`WideWindows`]). A window that a client has cannot be taken back: so
//! the right to it is kept until the client has used it up, and towards the end of a body of known length it is not
//! opened any more.

use std::rc::Rc;

use crate::wide_windows::{WideWindow, WideWindows};

/// Bytes of one body, and of all bodies of a connection.
pub(super) const STREAM: u32 = 32 << 10;
pub(super) const CONNECTION: u32 = 128 << 10;
/// The same with the right to more: as much as a body of HTTP/1 may have on its way to the worker.
const WIDE_STREAM: u32 = 256 << 10;
/// By so many bytes the window of a connection may be wider.
const MORE: u32 = 256 << 10;
/// By so many bytes all connections of a shard together.
const ALL: u32 = 8 << 20;
/// A window is narrowed in steps that are worth it.
const STEP: u32 = 16 << 10;

/// A shard's account.
pub(in super::super) fn account() -> Rc<WideWindows> {
    WideWindows::new(ALL, MORE)
}

/// What sets the windows of a connection.
pub(super) trait SetWindows {
    /// Of all streams together.
    fn set_connection(&mut self, bytes: u32);
    /// Of each stream, from its beginning. False: not now.
    fn set_streams(&mut self, bytes: u32) -> bool;
}

/// The windows of one connection.
#[derive(Debug)]
pub(super) struct UploadWindows {
    right: Option<WideWindow>,
    /// Bytes that the client may send are kept at this.
    target: u32,
    /// It may send no more than this now.
    ceiling: u32,
    streams: u32,
}

impl Default for UploadWindows {
    fn default() -> Self {
        Self { right: None, target: CONNECTION, ceiling: CONNECTION, streams: STREAM }
    }
}

impl UploadWindows {
    /// So many bytes of bodies came.
    pub(super) fn received(&mut self, bytes: u32) {
        self.ceiling = self.ceiling.saturating_sub(bytes).max(self.target);
    }

    /// `wanted`: bytes that are still to come of bodies that are being taken.
    pub(super) fn adjust(&mut self, wanted: u64, account: &Rc<WideWindows>, set: &mut impl SetWindows) {
        if self.right.is_none() && wanted > u64::from(STREAM) {
            self.right = account.take();
        }
        if self.right.is_some() {
            let more = u32::try_from(wanted).unwrap_or(MORE).min(MORE);
            let target = CONNECTION + more;
            if target > self.target || target + STEP <= self.target || (more == 0 && self.target > CONNECTION) {
                set.set_connection(target);
                self.target = target;
                self.ceiling = self.ceiling.max(target);
            }
            if more == 0 && self.ceiling <= CONNECTION + STEP {
                self.right = None;
            }
        }
        let streams = if self.target > CONNECTION { WIDE_STREAM } else { STREAM };
        if streams != self.streams && set.set_streams(streams) {
            self.streams = streams;
        }
    }
}

#[cfg(test)]
mod tests;
