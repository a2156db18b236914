//! A response's body on its way to a stream of HTTP/2, in pieces by which the client's rate can be told.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Http2Request;

/// After an error of the body nothing has to be written for so long before the stream is reset: what was given before is to
/// arrive, and h2 drops what it has not sent.
const QUIET: Duration = Duration::from_millis(100);

/// As large as a frame. One piece is held until there is room for it.
const PIECE: usize = 16 * 1024;

pin_project! {
    pub(super) struct Http2Body<B: Body> {
        #[pin]
        body: B,
        rest: Bytes,
        request: Rc<Http2Request>,
        cut: Option<(Pin<Box<dyn Future<Output = ()>>>, Option<B::Error>)>,
    }
}

impl<B: Body> Http2Body<B> {
    pub(super) fn new(body: B, request: Rc<Http2Request>) -> Self {
        Self { body, rest: Bytes::new(), request, cut: None }
    }
}

/// Waits until nothing more is written. A client that takes nothing is cut by the limits of time.
async fn settle(request: Rc<Http2Request>) {
    let mut before = request.written();
    loop {
        tokio::time::sleep(QUIET).await;
        let now = request.written();
        if now == before {
            return;
        }
        before = now;
    }
}

impl<B: Body<Data = Bytes>> Body for Http2Body<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if let Some((settled, error)) = this.cut {
            ready!(settled.as_mut().poll(cx));
            return Poll::Ready(error.take().map(Err));
        }
        this.request.taken();
        if this.rest.is_empty() {
            let Poll::Ready(next) = this.body.poll_frame(cx) else {
                this.request.has_nothing();
                return Poll::Pending;
            };
            match next.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(bytes))) => *this.rest = bytes,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => {
                    *this.cut = Some((Box::pin(settle(Rc::clone(this.request))), Some(error)));
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => return Poll::Ready(None),
            }
        }
        let piece = this.rest.split_to(PIECE.min(this.rest.len()));
        this.request.gave(piece.len());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}
