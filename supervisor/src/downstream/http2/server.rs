//! Serves a connection of HTTP/2 to its end.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, Connection as H2Connection, Handshake, SendResponse};
use http::{Request, Response};
use hyper::body::Body;
use pin_project_lite::pin_project;
use tokio::task::spawn_local;

use super::super::acceptor::Dated;
use super::super::connection::Expiry;
use super::super::{Connection, RequestBody, Requester, Server, Service};
use super::answer::Answer;
use super::body::Http2Body;
use super::upload::Http2Upload;
use super::windows::{self, SetWindows, UploadWindows};
use super::{Http2Request, Http2Stream};

/// Requests that one connection may have open.
pub(super) const MAX_STREAMS: u32 = 100;
/// Bytes of a response that h2 holds.
const SEND_BUFFER: usize = 64 * 1024;
/// What small pieces of bodies may cost before they are taken out of h2: many times what comes in one turn, since the
/// connection ends with it. They are read more slowly long before ([`super::meter`]).
const PIECES_BUDGET: usize = 16 << 20;
/// Requests that were reset before they were looked at, and answered with a reset: beyond, the connection ends.
const MAX_EARLY_RESETS: usize = 20;
const MAX_OWN_RESETS: usize = 256;

/// Serves the connection until one side ends it.
pub(in crate::downstream) async fn serve_http2<S: Service>(server: &Server<S>, client: &Rc<Connection>) {
    let is_proxy = server.service.trusts(client.client().ip);
    let narrow = windows::narrow(is_proxy);
    client.begin_http2(UploadWindows::new(narrow));
    let begin = |request: Request<RecvStream>, respond: SendResponse<Bytes>| {
        let own = client.open_request(is_proxy);
        let (head, stream) = request.into_parts();
        let (upload, arriving) = Http2Upload::new(stream, &head.headers, Rc::clone(&own));
        let arriving = (!upload.is_end()).then_some(arriving);
        let request = Request::from_parts(head, RequestBody::Http2(upload));
        let answer = server.service.handle(&Requester::Http2(Rc::clone(&own)), request);
        let dated = Dated::new(answer, client.hsts().cloned());
        let task = spawn_local(Answer::new(Framed { dated, request: Rc::clone(&own) }, respond));
        own.begin(arriving, task.abort_handle());
    };
    let mut connection = Speaking::new(client, narrow);
    let mut drains = Some(Box::pin(server.drain.begins()));
    let mut closing = None;
    poll_fn(|cx| {
        client.begin_turn();
        if drains.as_mut().is_some_and(|drain| drain.as_mut().poll(cx).is_ready()) {
            drains = None;
            // What is open is finished, and what the client sends before it knows is answered.
            connection.shut_down();
        }
        match client.poll_expired(cx) {
            Some(Expiry::Idle) if closing.is_none() => {
                connection.shut_down();
                closing = Some(Box::pin(tokio::time::sleep(server.limits.linger)));
            }
            Some(Expiry::Idle) | None => {}
            Some(_) => return Poll::Ready(()),
        }
        if closing.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(());
        }
        let ended = connection.poll(cx, &begin);
        if let Speaking::Open(connection) = &mut connection {
            client.end_turn(connection.as_mut());
        }
        ended
    })
    .await;
    drop(connection);
    client.end_uploads();
}

/// What h2 has of the connection.
enum Speaking {
    /// `ends`: it is to be shut down as soon as it is open.
    Beginning {
        handshake: Box<Handshake<Http2Stream, Bytes>>,
        ends: bool,
    },
    Open(Box<H2Connection<Http2Stream, Bytes>>),
}

impl Speaking {
    /// `window`: bytes that all bodies may have on their way.
    fn new(client: &Rc<Connection>, window: u32) -> Self {
        let max_head = u32::try_from(super::super::acceptor::MAX_HEAD).unwrap_or(u32::MAX);
        let handshake = Builder::new()
            .max_concurrent_streams(MAX_STREAMS)
            .initial_window_size(windows::STREAM)
            .initial_connection_window_size(window)
            .max_header_list_size(max_head)
            .max_send_buffer_size(SEND_BUFFER)
            .data_frame_budget(PIECES_BUDGET)
            .max_pending_accept_reset_streams(MAX_EARLY_RESETS)
            .max_local_error_reset_streams(Some(MAX_OWN_RESETS))
            .handshake(Http2Stream(Rc::clone(client)));
        Self::Beginning { handshake: Box::new(handshake), ends: false }
    }

    /// Takes no more requests, and ends when those that are open have.
    fn shut_down(&mut self) {
        match self {
            Self::Beginning { ends, .. } => *ends = true,
            Self::Open(connection) => connection.graceful_shutdown(),
        }
    }

    /// Reads and writes, and begins the requests that came. Ready when the connection has ended.
    fn poll(&mut self, cx: &mut Context<'_>, begin: &impl Fn(Request<RecvStream>, SendResponse<Bytes>)) -> Poll<()> {
        loop {
            match self {
                Self::Beginning { handshake, ends } => {
                    let Ok(mut connection) = ready!(Pin::new(&mut **handshake).poll(cx)) else {
                        return Poll::Ready(());
                    };
                    if *ends {
                        connection.graceful_shutdown();
                    }
                    *self = Self::Open(Box::new(connection));
                }
                Self::Open(connection) => match ready!(connection.poll_accept(cx)) {
                    Some(Ok((request, respond))) => begin(request, respond),
                    // h2 has told the client.
                    Some(Err(_)) | None => return Poll::Ready(()),
                },
            }
        }
    }
}

impl SetWindows for H2Connection<Http2Stream, Bytes> {
    fn set_connection(&mut self, bytes: u32) {
        self.set_target_window_size(bytes);
    }

    fn set_streams(&mut self, bytes: u32) -> bool {
        // It fails while the client has not acknowledged the settings before.
        self.set_initial_window_size(bytes).is_ok()
    }
}

pin_project! {
    /// An answer whose body goes to a stream.
    struct Framed<F> {
        #[pin]
        dated: Dated<F>,
        request: Rc<Http2Request>,
    }
}

impl<F: Future<Output = Response<B>>, B: Body<Data = Bytes>> Future for Framed<F> {
    type Output = Response<Http2Body<B>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let request = this.request;
        this.dated.poll(cx).map(|Ok(response)| response.map(|body| Http2Body::new(body, Rc::clone(request))))
    }
}
