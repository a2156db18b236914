//! Sends a request's body to the worker: chunk by chunk, as fast as the worker gives credit.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body;
use nano_protocol::{BodyLength, ResetReason};

use super::Failure;
use crate::downstream::{ConnectionError, RequestBody, RequestBodyError, Requester};
use crate::upstream::RequestBodySender;

/// Most bytes that are read of an unwanted body, so that the connection can be reused.
const MAX_LEFTOVER: usize = 64 * 1024;

/// How long the rest of a body is sent to an app that still reads it after its response.
const AFTER_RESPONSE: Duration = Duration::from_secs(30);

/// A request's body that is being sent to the worker.
#[derive(Debug)]
pub(super) struct Upload {
    body: RequestBody,
    client: Requester,
    /// Read but not sent yet.
    pending: Bytes,
    read: u64,
    max: u64,
    begun: bool,
    /// The client waits for `100 Continue`.
    waits: bool,
}

/// How sending a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// All of it is sent.
    All,
    /// The request is over: the rest is not needed.
    Unwanted,
}

/// Why a body was not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadError {
    /// Over `max_body_mb`.
    TooLarge,
    /// The client went away.
    ClientGone,
    /// Its framing is broken.
    Malformed,
    /// It did not come in time.
    Late,
}

impl UploadError {
    /// The reason for the worker.
    pub(super) fn reset_reason(self) -> ResetReason {
        match self {
            Self::TooLarge => ResetReason::BodyTooLarge,
            Self::ClientGone | Self::Malformed | Self::Late => ResetReason::ClientGone,
        }
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge => Self::BodyTooLarge,
            UploadError::Late => Self::Connection(ConnectionError::BodyTimeout),
            // A client that is gone does not read the response.
            UploadError::ClientGone | UploadError::Malformed => Self::MalformedBody,
        }
    }
}

impl Upload {
    /// `None` if the request has no body. `waits`: the client waits for `100 Continue`.
    pub(super) fn new(body: RequestBody, client: &Requester, waits: bool) -> Option<Self> {
        if body.is_end_stream() {
            return None;
        }
        // Nothing of it is read while the request waits for a worker: whether the client is there is looked at meanwhile.
        client.set_uploading(false);
        let client = client.clone();
        Some(Self { body, client, pending: Bytes::new(), read: 0, max: u64::MAX, begun: false, waits })
    }

    /// Limits it to `max` bytes.
    ///
    /// # Errors
    /// It is announced as larger.
    pub(super) fn limit(&mut self, max: u64) -> Result<(), Failure> {
        self.max = max;
        if self.body.size_hint().lower() > max { Err(Failure::BodyTooLarge) } else { Ok(()) }
    }

    /// Its announced length.
    pub(super) fn length(&self) -> BodyLength {
        self.body.size_hint().exact().map_or(BodyLength::Unknown, BodyLength::Known)
    }

    /// Whether part of it was read, so that it cannot be sent again.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the client got `100 Continue` and has sent nothing yet.
    pub(super) fn was_just_asked_for(&self) -> bool {
        self.waits && self.begun && self.read == 0
    }

    /// Sends what has come, as far as the window allows.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, sender: &RequestBodySender) -> Poll<Result<Sent, UploadError>> {
        loop {
            let room = match sender.poll_room(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(Sent::Unwanted)),
                // Polling the body for the first time makes hyper send `100 Continue`.
                Poll::Ready(Some(room)) if !self.waits || sender.is_wanted() => room,
                Poll::Ready(Some(_)) | Poll::Pending => {
                    // The client's time does not run while it cannot send.
                    self.client.set_uploading(false);
                    return Poll::Pending;
                }
            };
            if self.pending.is_empty() {
                self.client.set_uploading(true);
                self.begun = true;
                let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) else {
                    let is_late = self.client.waits_for_body(cx);
                    return if is_late { Poll::Ready(Err(UploadError::Late)) } else { Poll::Pending };
                };
                self.client
                    .got_body(next.as_ref().and_then(|next| next.as_ref().ok()?.data_ref()).map_or(0, Bytes::len));
                match next {
                    // Trailers have no place in the platform's Request.
                    Some(Ok(frame)) => self.pending = frame.into_data().unwrap_or_default(),
                    Some(Err(RequestBodyError::Malformed)) => return Poll::Ready(Err(UploadError::Malformed)),
                    Some(Err(RequestBodyError::Gone)) => return Poll::Ready(Err(UploadError::ClientGone)),
                    None => {
                        sender.send(Bytes::new(), true);
                        return Poll::Ready(Ok(Sent::All));
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
            sender.send(piece, last);
            if last {
                return Poll::Ready(Ok(Sent::All));
            }
        }
    }

    /// The rest is not needed. Reads what is there of it; if that is not all, hyper learns before the response's head
    /// is written that the connection ends with it, and announces that (RFC 9112 §9.6).
    pub(super) async fn leave(mut self) {
        let mut taken = 0;
        let mut idle = 0;
        // A client that waits for `100 Continue` may send none of it, and a stream of HTTP/2 is just reset.
        let is_kept = !self.waits && matches!(self.client, Requester::Http1(_));
        while is_kept && idle < 2 && taken <= MAX_LEFTOVER {
            match poll_fn(|cx| Poll::Ready(Pin::new(&mut self.body).poll_frame(cx))).await {
                Poll::Ready(None | Some(Err(_))) => break,
                Poll::Ready(Some(Ok(frame))) => {
                    taken += frame.data_ref().map_or(0, Bytes::len);
                    idle = 0;
                }
                Poll::Pending => {
                    idle += 1;
                    // hyper reads between two polls.
                    tokio::task::yield_now().await;
                }
            }
        }
        drop(self);
        tokio::task::yield_now().await;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.client.set_uploading(false);
    }
}

/// Sends the rest of a body whose response has begun, and continues for a while after the response.
pub(super) fn finish(mut upload: Upload, sender: RequestBodySender) {
    tokio::task::spawn_local(async move {
        let mut late = None;
        let sent = poll_fn(|cx| {
            if let Poll::Ready(sent) = upload.poll(cx, &sender) {
                return Poll::Ready(sent);
            }
            if !sender.is_answered() {
                return Poll::Pending;
            }
            let late = late.get_or_insert_with(|| Box::pin(tokio::time::sleep(AFTER_RESPONSE)));
            late.as_mut().poll(cx).map(|()| Err(UploadError::ClientGone))
        })
        .await;
        if let Err(error) = sent {
            sender.fail(error.reset_reason());
        }
    });
}
