//! A request's body on its way from a stream of HTTP/2 to the app.
//!
//! h2 keeps each frame with the buffer that it was read into, of which most may be of other frames. So what came is taken
//! out of h2 after each turn of the connection, and what nobody waits for is copied together: it costs as many bytes as
//! it has. The client's windows are opened when it is taken, not before.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

use super::super::RequestBodyError;
use super::Http2Request;

/// By at least so many bytes grows what holds a body that nobody takes.
const STEP: usize = 4096;

/// The body, as its reader has it.
#[derive(Debug)]
pub(crate) struct Http2Upload {
    body: Rc<Arriving>,
    request: Rc<Http2Request>,
}

/// The same, as its connection has it.
#[derive(Debug)]
pub(super) struct Arriving(RefCell<Arrived>);

#[derive(Debug)]
struct Arrived {
    /// `None` when the reader is gone.
    stream: Option<RecvStream>,
    /// What came while the reader waited, as it came.
    passing: VecDeque<Bytes>,
    /// What came after that.
    held: Vec<u8>,
    /// In so many frames.
    held_frames: u32,
    /// Bytes that are still to come, if that was announced.
    left: Option<u64>,
    end: Option<Result<(), RequestBodyError>>,
    /// Something was taken.
    flows: bool,
    reader: Option<Waker>,
}

impl Http2Upload {
    /// The body of a request with these headers, and what its connection has of it.
    pub(super) fn new(stream: RecvStream, headers: &HeaderMap, request: Rc<Http2Request>) -> (Self, Rc<Arriving>) {
        let arriving = Rc::new(Arriving(RefCell::new(Arrived {
            left: announced(headers),
            end: stream.is_end_stream().then_some(Ok(())),
            stream: Some(stream),
            passing: VecDeque::new(),
            held: Vec::new(),
            held_frames: 0,
            flows: false,
            reader: None,
        })));
        (Self { body: Rc::clone(&arriving), request }, arriving)
    }

    /// Takes what has come; the client may send as much again.
    pub(in super::super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, RequestBodyError>>> {
        let mut arrived = self.body.0.borrow_mut();
        let (taken, frames) = match arrived.passing.pop_front() {
            Some(frame) => (frame, 1),
            None => (Bytes::from(std::mem::take(&mut arrived.held)), std::mem::take(&mut arrived.held_frames)),
        };
        if taken.is_empty() {
            if let Some(end) = arrived.end {
                return Poll::Ready(end.err().map(Err));
            }
            arrived.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        arrived.flows = true;
        arrived.release(taken.len());
        self.request.took_frames(frames);
        Poll::Ready(Some(Ok(taken)))
    }

    /// Whether all of it was taken.
    pub(in super::super) fn is_end(&self) -> bool {
        let arrived = self.body.0.borrow();
        arrived.end == Some(Ok(())) && arrived.untaken() == 0
    }

    /// Bytes that are still to be taken, if that is certain.
    pub(in super::super) fn left(&self) -> Option<u64> {
        let arrived = self.body.0.borrow();
        match arrived.end {
            Some(Ok(())) => Some(arrived.untaken() as u64),
            _ => arrived.left.map(|left| left + arrived.untaken() as u64),
        }
    }
}

impl Drop for Http2Upload {
    fn drop(&mut self) {
        let mut arrived = self.body.0.borrow_mut();
        let untaken = arrived.untaken();
        arrived.release(untaken);
        (arrived.passing, arrived.held, arrived.left, arrived.stream) = (VecDeque::new(), Vec::new(), Some(0), None);
    }
}

impl Arriving {
    /// Takes what has come out of h2. Whether more may come.
    pub(super) fn absorb(&self) -> bool {
        let mut arrived = self.0.borrow_mut();
        arrived.absorb();
        arrived.end.is_none() && arrived.stream.is_some()
    }

    /// Bytes that are still to come of a body that is being taken: as many as were announced, or no end of them.
    pub(super) fn wanted(&self) -> u64 {
        let arrived = self.0.borrow();
        if arrived.flows && arrived.end.is_none() { arrived.left.unwrap_or(u64::MAX) } else { 0 }
    }
}

impl Arrived {
    fn untaken(&self) -> usize {
        self.passing.iter().map(Bytes::len).sum::<usize>() + self.held.len()
    }

    /// The client may send so many bytes more.
    fn release(&mut self, bytes: usize) {
        if let Some(stream) = &mut self.stream {
            // It fails only for more than came.
            let _ = stream.flow_control().release_capacity(bytes);
        }
    }

    fn absorb(&mut self) {
        // The connection's task is running: nobody has to be woken when more comes.
        let mut cx = Context::from_waker(Waker::noop());
        let is_awaited = self.reader.is_some();
        while self.end.is_none()
            && let Some(stream) = &mut self.stream
            && let Poll::Ready(next) = stream.poll_data(&mut cx)
        {
            match next {
                Some(Ok(bytes)) => {
                    self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                    if is_awaited {
                        self.passing.push_back(bytes);
                    } else {
                        self.hold(&bytes);
                    }
                }
                // The response was complete before the body was (RFC 9113 §8.1).
                Some(Err(error)) if error.reason() == Some(Reason::NO_ERROR) => self.end = Some(Ok(())),
                Some(Err(_)) => self.end = Some(Err(RequestBodyError::Gone)),
                None => {
                    // Trailers have no place in the platform's Request, and are not to lie about.
                    let _ = stream.poll_trailers(&mut cx);
                    self.end = Some(Ok(()));
                }
            }
        }
        if (self.end.is_some() || !self.passing.is_empty())
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.held.capacity() - self.held.len() < bytes.len() {
            self.held.reserve_exact(bytes.len().max(STEP.min(self.held.len())).max(self.held.len() / 4));
        }
        self.held.extend_from_slice(bytes);
        self.held_frames = self.held_frames.saturating_add(1);
    }
}

/// What `Content-Length` says, if all that it says is the same. (That no other number of bytes comes is checked by h2.)
fn announced(headers: &HeaderMap) -> Option<u64> {
    let mut lengths =
        headers.get_all(CONTENT_LENGTH).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let length = |text: &[u8]| -> Option<u64> {
        let digits = text.trim_ascii();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
    };
    let first = length(lengths.next()?)?;
    lengths.all(|next| length(next) == Some(first)).then_some(first)
}
