//! A request's body on its way to the worker: chunk by chunk, as fast as the worker gives credit.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use nano_protocol::{BodyLength, ResetReason};

use super::Failure;
use crate::shard::{Client, Uplink};

/// See the file's head.
#[derive(Debug)]
pub(super) struct Upload {
    body: Incoming,
    client: Rc<Client>,
    /// Read, not yet sent.
    pending: Bytes,
    read: u64,
    max: u64,
    begun: bool,
}

/// Why a body did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadError {
    /// Over `max_body_mb`.
    TooLarge,
    /// The client went away.
    ClientGone,
    /// Its framing is broken.
    Malformed,
}

impl UploadError {
    /// What the worker is told.
    pub(super) fn reset_reason(self) -> ResetReason {
        match self {
            Self::TooLarge => ResetReason::BodyTooLarge,
            Self::ClientGone | Self::Malformed => ResetReason::ClientGone,
        }
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge => Self::BodyTooLarge,
            // Nobody will read the answer to the first.
            UploadError::ClientGone | UploadError::Malformed => Self::MalformedBody,
        }
    }
}

impl Upload {
    /// `None` if the request has no body.
    ///
    /// # Errors
    /// The body is announced as larger than `max` bytes.
    pub(super) fn new(body: Incoming, max: u64, client: &Rc<Client>) -> Result<Option<Self>, Failure> {
        if body.is_end_stream() {
            return Ok(None);
        }
        if body.size_hint().lower() > max {
            return Err(Failure::BodyTooLarge);
        }
        client.set_uploading(true);
        Ok(Some(Self { body, client: Rc::clone(client), pending: Bytes::new(), read: 0, max, begun: false }))
    }

    /// What is known of it before it comes.
    pub(super) fn length(&self) -> BodyLength {
        self.body.size_hint().exact().map_or(BodyLength::Unknown, BodyLength::Known)
    }

    /// Whether a part of it was read, so that it cannot be sent again.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Sends what is there and may be sent. Ready when all is sent, or when nobody wants it any more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, uplink: &Uplink) -> Poll<Result<(), UploadError>> {
        loop {
            let Poll::Ready(room) = uplink.poll_room(cx) else {
                // The client is not to blame for what it cannot send.
                self.client.set_uploading(false);
                return Poll::Pending;
            };
            let Some(room) = room else { return Poll::Ready(Ok(())) };
            if self.pending.is_empty() {
                self.client.set_uploading(true);
                self.begun = true;
                match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    // Trailers have no place in the platform's Request.
                    Some(Ok(frame)) => self.pending = frame.into_data().unwrap_or_default(),
                    Some(Err(error)) if is_parse(&error) => return Poll::Ready(Err(UploadError::Malformed)),
                    Some(Err(_)) => return Poll::Ready(Err(UploadError::ClientGone)),
                    None => {
                        uplink.send(Bytes::new(), true);
                        return Poll::Ready(Ok(()));
                    }
                }
                self.read += self.pending.len() as u64;
                if self.read > self.max {
                    return Poll::Ready(Err(UploadError::TooLarge));
                }
                if self.pending.is_empty() {
                    continue;
                }
            }
            let piece = self.pending.split_to(room.min(self.pending.len()));
            let last = self.pending.is_empty() && self.body.is_end_stream();
            uplink.send(piece, last);
            if last {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.client.set_uploading(false);
    }
}

/// Whether the client sent something wrong, rather than nothing more.
fn is_parse(error: &hyper::Error) -> bool {
    use std::error::Error;
    let kind = error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    matches!(kind, Some(std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData))
}

/// Sends the rest of a body whose response has begun already.
pub(super) fn finish(mut upload: Upload, uplink: Uplink) {
    tokio::task::spawn_local(async move {
        let sent = std::future::poll_fn(|cx| upload.poll(cx, &uplink)).await;
        if let Err(error) = sent {
            uplink.fail(error.reset_reason());
        }
    });
}
