//! Answers one request of a connection of HTTP/2: waits for the response, and sends it as the client takes it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use hyper::body::Body;
use pin_project_lite::pin_project;

use crate::hop_by_hop::remove_hop_by_hop;

pin_project! {
    /// Done when the whole response is with h2, or the client has given the request up.
    pub(super) struct Answer<F, B> {
        respond: SendResponse<Bytes>,
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B> {
        Asked { #[pin] response: F },
        Body { stream: SendStream<Bytes>, piece: Option<Bytes>, #[pin] body: B },
    }
}

impl<F, B> Answer<F, B> {
    pub(super) fn new(response: F, respond: SendResponse<Bytes>) -> Self {
        Self { respond, state: State::Asked { response } }
    }
}

impl<F: Future<Output = Response<B>>, B: Body<Data = Bytes>> Answer<F, B> {
    /// An error: the client has given it up, or the connection is broken.
    fn poll_sent(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Asked { response } => {
                    let Poll::Ready(response) = response.poll(cx) else {
                        let reason = ready!(this.respond.poll_reset(cx))?;
                        return Poll::Ready(Err(reason.into()));
                    };
                    let (mut head, body) = response.into_parts();
                    // HTTP/2 has none of them (RFC 9113 §8.2.2).
                    remove_hop_by_hop(&mut head.headers);
                    let is_end = body.is_end_stream();
                    if !is_end && let Some(length) = body.size_hint().exact() {
                        head.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
                    }
                    let sent = this.respond.send_response(Response::from_parts(head, ()), is_end);
                    let stream = sent.inspect_err(|_| this.respond.send_reset(Reason::INTERNAL_ERROR))?;
                    if is_end {
                        return Poll::Ready(Ok(()));
                    }
                    State::Body { stream, piece: None, body }
                }
                StateProjection::Body { stream, piece, body } => return poll_body(stream, piece, body, cx),
            };
            this.state.set(next);
        }
    }
}

/// Sends the body piece by piece: the next one is asked for when there is room for the one before.
fn poll_body<B: Body<Data = Bytes>>(
    stream: &mut SendStream<Bytes>,
    piece: &mut Option<Bytes>,
    mut body: Pin<&mut B>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), h2::Error>> {
    loop {
        // Whatever is waited for, the client may give the request up.
        if let Poll::Ready(reason) = stream.poll_reset(cx)? {
            return Poll::Ready(Err(reason.into()));
        }
        if piece.is_some() {
            while stream.capacity() == 0 {
                match ready!(stream.poll_capacity(cx)) {
                    Some(capacity) => drop(capacity?),
                    None => return Poll::Ready(Err(Reason::CANCEL.into())),
                }
            }
            let is_last = body.is_end_stream();
            stream.send_data(piece.take().unwrap_or_default(), is_last)?;
            if is_last {
                return Poll::Ready(Ok(()));
            }
        }
        match ready!(body.as_mut().poll_frame(cx)) {
            // No response of nano has trailers.
            Some(Ok(frame)) => *piece = frame.into_data().ok().filter(|data| !data.is_empty()),
            Some(Err(_)) => {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Poll::Ready(Ok(()));
            }
            None => return Poll::Ready(stream.send_data(Bytes::new(), true)),
        }
        if piece.is_some() {
            // As little as may be: room that is reserved is kept from other streams (h2 asks for the rest when it has the
            // piece).
            stream.reserve_capacity(1);
        }
    }
}

impl<F: Future<Output = Response<B>>, B: Body<Data = Bytes>> Future for Answer<F, B> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_sent(cx).map(|sent| {
            if let Err(error) = sent {
                tracing::trace!(%error, "a stream of HTTP/2 ended early");
            }
        })
    }
}
