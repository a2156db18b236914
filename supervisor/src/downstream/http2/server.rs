//! Serves a connection of HTTP/2 to its end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use http::Response;
use hyper::body::Body;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use tokio::task::spawn_local;

use super::super::acceptor::Dated;
use super::super::connection::Expiry;
use super::super::{Connection, Requester, Server, Service};
use super::Http2Stream;
use super::body::Http2Body;

/// Requests that one connection may have open.
const MAX_STREAMS: u32 = 100;
/// Bytes of a request's body that may be on their way, as for HTTP/1, and of all of a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes of a response that h2 holds.
const SEND_BUFFER: usize = 64 * 1024;
/// Requests that were reset before they were looked at, and answered with a reset: beyond, the connection ends.
const MAX_EARLY_RESETS: usize = 20;
const MAX_OWN_RESETS: usize = 256;

/// Starts what answers requests on the shard's thread.
#[derive(Debug, Clone)]
struct OnShard(Rc<Connection>);

impl<F: Future<Output = ()> + 'static> Executor<F> for OnShard {
    fn execute(&self, answering: F) {
        self.0.started(spawn_local(answering).abort_handle());
    }
}

/// Runs hyper on the connection until one side ends it.
pub(in crate::downstream) async fn serve_http2<S: Service>(server: &Server<S>, client: &Rc<Connection>) {
    client.begin_http2();
    let is_proxy = server.service.trusts(client.client().ip);
    let service = service_fn(|request| {
        let own = client.open_request(is_proxy);
        let answer = server.service.handle(&Requester::Http2(Rc::clone(&own)), request);
        let dated = Dated::new(answer, client.hsts().cloned());
        Framed { dated, request: own }
    });
    let max_head = u32::try_from(super::super::acceptor::MAX_HEAD).unwrap_or(u32::MAX);
    let mut connection = pin!(
        http2::Builder::new(OnShard(Rc::clone(client)))
            .auto_date_header(false)
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(max_head)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(MAX_EARLY_RESETS)
            .max_local_error_reset_streams(MAX_OWN_RESETS)
            .serve_connection(Http2Stream(Rc::clone(client)), service)
    );
    let mut drains = Some(Box::pin(server.drain.begins()));
    let mut closing = None;
    poll_fn(|cx| {
        client.begin_turn();
        if drains.as_mut().is_some_and(|drain| drain.as_mut().poll(cx).is_ready()) {
            drains = None;
            // What is open is finished, and what the client sends before it knows is answered.
            connection.as_mut().graceful_shutdown();
        }
        match client.poll_expired(cx) {
            Some(Expiry::Idle) if closing.is_none() => {
                connection.as_mut().graceful_shutdown();
                closing = Some(Box::pin(tokio::time::sleep(server.limits.linger)));
            }
            Some(Expiry::Idle) | None => {}
            Some(_) => return Poll::Ready(()),
        }
        if closing.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(());
        }
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

pin_project_lite::pin_project! {
    /// An answer whose body goes to a stream.
    struct Framed<F> {
        #[pin]
        dated: Dated<F>,
        request: Rc<super::Http2Request>,
    }
}

impl<F: Future<Output = Response<B>>, B: Body<Data = Bytes>> Future for Framed<F> {
    type Output = Result<Response<Http2Body<B>>, std::convert::Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let request = this.request;
        this.dated.poll(cx).map_ok(|response| response.map(|body| Http2Body::new(body, Rc::clone(request))))
    }
}
