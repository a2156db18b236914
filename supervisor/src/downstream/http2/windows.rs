//! How much of requests' bodies may be on its way on one connection.
//!
//! What comes for apps that do not take it lies in the supervisor, for as long as they do not. So a connection begins with
//! narrow windows. They are wide only while a body is being taken of which more is to come than fits into a narrow one, and
//! for a bounded number of connections of a shard ([`account`]). A window that a client has cannot be taken back: so
//! the right to it is kept until the client has used it up, and towards the end of a body of known length it is not
//! opened any more.
//!
//! A connection of a trusted proxy is of many clients: it has room for as many bodies as it may have requests, so that those
//! that one app does not take are not in the way of others.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::server::MAX_STREAMS;

/// Bytes of one body, and of all bodies of a connection.
pub(super) const STREAM: u32 = 32 << 10;
const CONNECTION: u32 = 128 << 10;
/// The same for a connection of a proxy.
const PROXY: u32 = MAX_STREAMS * STREAM;
/// The same with the right to more: as much as a body of HTTP/1 may have on its way to the worker.
const WIDE_STREAM: u32 = 256 << 10;
/// By so many bytes the window of a connection may be wider.
const MORE: u32 = 256 << 10;
/// By so many bytes all connections of a shard together.
const ALL: u32 = 8 << 20;
/// A window is narrowed in steps that are worth it.
const STEP: u32 = 16 << 10;

/// A shard's account: a permit is the right to more.
pub(in super::super) fn account() -> Arc<Semaphore> {
    Arc::new(Semaphore::new((ALL / MORE) as usize))
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
    /// What the connection has without a right to more.
    narrow: u32,
    right: Option<OwnedSemaphorePermit>,
    /// Bytes that the client may send are kept at this.
    target: u32,
    /// It may send no more than this now.
    ceiling: u32,
    streams: u32,
}

/// Bytes that all bodies of a connection have without a right to more. `is_proxy`: many clients are behind it.
pub(super) fn narrow(is_proxy: bool) -> u32 {
    if is_proxy { PROXY } else { CONNECTION }
}

impl UploadWindows {
    /// As they are when the connection begins. `narrow`: as [`narrow`] has it.
    pub(super) fn new(narrow: u32) -> Self {
        Self { narrow, right: None, target: narrow, ceiling: narrow, streams: STREAM }
    }

    /// So many bytes of bodies came.
    pub(super) fn received(&mut self, bytes: u32) {
        self.ceiling = self.ceiling.saturating_sub(bytes).max(self.target);
    }

    /// `wanted`: bytes that are still to come of bodies that are being taken.
    pub(super) fn adjust(&mut self, wanted: u64, account: &Arc<Semaphore>, set: &mut impl SetWindows) {
        if self.right.is_none() && wanted > u64::from(STREAM) {
            self.right = Arc::clone(account).try_acquire_owned().ok();
        }
        if self.right.is_some() {
            let more = u32::try_from(wanted).unwrap_or(MORE).min(MORE);
            let target = self.narrow + more;
            if target > self.target || target + STEP <= self.target || (more == 0 && self.target > self.narrow) {
                set.set_connection(target);
                self.target = target;
                self.ceiling = self.ceiling.max(target);
            }
            if more == 0 && self.ceiling <= self.narrow + STEP {
                self.right = None;
            }
        }
        let streams = if self.target > self.narrow { WIDE_STREAM } else { STREAM };
        if streams != self.streams && set.set_streams(streams) {
            self.streams = streams;
        }
    }
}

#[cfg(test)]
mod tests;
