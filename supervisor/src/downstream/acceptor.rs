//! Accepts connections and serves them.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::STRICT_TRANSPORT_SECURITY;
use http::{HeaderValue, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use nano_config::ListenOptions;
use nix::errno::Errno;
use pin_project_lite::pin_project;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::connection::{Connection, ConnectionStream, Expiry};
use super::http2::serve_http2;
use super::listener::{Kind, Listener};
use super::proxied::{Arrival, ProxyRefusal};
use super::socket::Wire;
use super::tls::{NotSecured, secure};
use super::upgraded::Tunnel;
use super::{ConnectionError, Handshake, RequestBody, Requester, Server, Service};
use crate::http_date;

/// Largest head of a request, its first line included. Over it: 431.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// Most bytes of one connection that hyper holds in each direction.
const MAX_BUFFER: usize = 64 * 1024 + 8 * 1024;
/// Pause when accept(2) fails, mostly for lack of file descriptors; a closed connection ends it early.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// How much a client may still send after the last response.
const LINGER_BYTES: usize = 1024 * 1024;

/// Accepts on one listener.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: TokioListener,
    address: String,
    options: ListenOptions,
    /// Whether the lack of file descriptors was logged, and none became free since.
    warned: Cell<bool>,
}

#[derive(Debug)]
enum TokioListener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

type Accepted = (Wire, Option<SocketAddr>);

impl Acceptor {
    pub(super) fn new(listener: Listener) -> io::Result<Self> {
        let (address, options) = (listener.address().to_owned(), listener.options());
        let listener = match listener.socket {
            Kind::Tcp(socket) => TokioListener::Tcp(TcpListener::from_std(socket)?),
            Kind::Unix(socket) => TokioListener::Unix(UnixListener::from_std(socket)?),
        };
        Ok(Self { listener, address, options, warned: Cell::new(false) })
    }

    /// Accepts until the shard drains; then takes the connections that the kernel has accepted already, and stops.
    pub(super) async fn run<S: Service>(self, server: Rc<Server<S>>) {
        while !server.drain.has_begun() {
            server.connections.room().await;
            match self.next(&server).await {
                Some(Ok(accepted)) => {
                    self.warned.set(false);
                    admit(&server, self.options, accepted);
                }
                Some(Err(error)) => self.pause(&server, &error).await,
                None => {}
            }
        }
        // Closing a listener resets the connections in its backlog.
        match self.listener.take_rest() {
            Ok(rest) => rest.into_iter().for_each(|accepted| admit(&server, self.options, accepted)),
            Err(error) => tracing::warn!(address = %self.address, %error, "some connections could not be accepted"),
        }
    }

    /// The next connection; `None` when the shard drains.
    async fn next<S: Service>(&self, server: &Server<S>) -> Option<io::Result<Accepted>> {
        if server.drain.has_begun() {
            return None;
        }
        let mut drain = pin!(server.drain.begins());
        poll_fn(|cx| match self.listener.poll_accept(cx) {
            Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
            Poll::Pending => drain.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    async fn pause<S: Service>(&self, server: &Server<S>, error: &io::Error) {
        if error.raw_os_error().map(Errno::from_raw).is_some_and(is_of_one_connection) {
            return;
        }
        server.service.accept_paused();
        if !self.warned.replace(true) {
            tracing::warn!(address = %self.address, %error, "cannot accept: connections wait in the kernel");
        }
        let _ = tokio::time::timeout(EXHAUSTED_PAUSE, server.connections.change()).await;
    }
}

impl TokioListener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        match self {
            Self::Tcp(listener) => listener.poll_accept(cx).map_ok(|(socket, peer)| (Wire::Tcp(socket), Some(peer))),
            Self::Unix(listener) => listener.poll_accept(cx).map_ok(|(socket, _)| (Wire::Unix(socket), None)),
        }
    }

    /// Closes the listener and returns the connections of its backlog.
    fn take_rest(self) -> io::Result<Vec<Accepted>> {
        let mut rest = Vec::new();
        match self {
            Self::Tcp(listener) => {
                let listener = listener.into_std()?;
                while let Some((socket, peer)) = no_more(listener.accept())? {
                    socket.set_nonblocking(true)?;
                    rest.push((Wire::Tcp(TcpStream::from_std(socket)?), Some(peer)));
                }
            }
            Self::Unix(listener) => {
                let listener = listener.into_std()?;
                while let Some((socket, _)) = no_more(listener.accept())? {
                    socket.set_nonblocking(true)?;
                    rest.push((Wire::Unix(UnixStream::from_std(socket)?), None));
                }
            }
        }
        Ok(rest)
    }
}

/// Errors of accept(2) that concern one connection: the next one may succeed. Any other error, a lack of file
/// descriptors for instance, would repeat at once.
fn is_of_one_connection(errno: Errno) -> bool {
    use Errno::{
        ECONNABORTED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, ENONET, ENOPROTOOPT,
        EOPNOTSUPP, EPROTO,
    };
    matches!(
        errno,
        ECONNABORTED
            | ECONNRESET
            | EHOSTDOWN
            | EHOSTUNREACH
            | EINTR
            | ENETDOWN
            | ENETUNREACH
            | ENONET
            | ENOPROTOOPT
            | EOPNOTSUPP
            | EPROTO
    )
}

fn no_more<T>(accepted: io::Result<T>) -> io::Result<Option<T>> {
    match accepted {
        Ok(accepted) => Ok(Some(accepted)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn admit<S: Service>(server: &Rc<Server<S>>, options: ListenOptions, (socket, peer): Accepted) {
    if let Wire::Tcp(socket) = &socket {
        // Responses are written in one go; waiting for more would only delay them. A failure costs only speed.
        let _ = socket.set_nodelay(true);
    }
    let client = Connection::new(socket, peer, server.connections.shared());
    let from = client.client();
    if options.proxy_protocol && !server.service.takes_proxy_header(from.ip) {
        server.service.proxy_refused(from, ProxyRefusal::Untrusted);
        client.reset();
        return;
    }
    let is_proxy = options.proxy_protocol || server.service.trusts(from.ip);
    let Some(key) = server.connections.insert(Rc::clone(&client), is_proxy) else {
        server.service.connection_refused();
        // By a reset: a flood must not leave the kernel with state of each connection.
        client.reset();
        return;
    };
    let server = Rc::clone(server);
    tokio::task::spawn_local(async move {
        if !options.proxy_protocol || is_announced(&server, &client).await {
            serve(&server, options, &client).await;
        }
        server.connections.remove(key);
    });
}

/// Reads the proxy's header. False: the connection is not to be served.
async fn is_announced<S: Service>(server: &Server<S>, client: &Connection) -> bool {
    match client.receive_proxy_header().await {
        Arrival::Header(announced) => client.announce(announced),
        Arrival::Nothing => return false,
        Arrival::Refused(why) => {
            server.service.proxy_refused(client.client(), why);
            return false;
        }
    }
    // From now on it is the client that counts, not the proxy.
    let from = client.client().ip;
    let counts = from == client.counted_by.get() || server.connections.count(client, from, server.service.trusts(from));
    if !counts {
        server.service.connection_refused();
        client.reset();
    }
    counts
}

/// Serves one connection to its end.
async fn serve<S: Service>(server: &Rc<Server<S>>, options: ListenOptions, client: &Rc<Connection>) {
    let ended = match secured(server, options, client).await {
        Ok(()) if client.secured().is_some_and(|secured| secured.is_h2) => ConnectionEnd::Http2,
        Ok(()) => serve_http(&server.service, client).await,
        Err(Some(ended)) => ended,
        Err(None) => return,
    };
    if client.speaks_http2() || matches!(ended, ConnectionEnd::Http2) {
        // In a box of its own, as what hyper has of HTTP/1.1: the task is as large as the largest of these, for as long as a tunnel is open.
        Box::pin(serve_http2(server, client)).await;
        let _ = tokio::time::timeout(server.limits.linger, client.linger(true, LINGER_BYTES)).await;
        return;
    }
    let is_complete = matches!(ended, ConnectionEnd::Done | ConnectionEnd::Expired(_) | ConnectionEnd::PlainHttp);
    let answer = match (client.refused(), ended) {
        (Some(status), _) => Some(ConnectionError::Unreadable(status)),
        (None, ConnectionEnd::PlainHttp) => Some(ConnectionError::PlainHttp),
        (None, ConnectionEnd::Expired(Expiry::Head)) => Some(ConnectionError::HeadTimeout),
        (None, ConnectionEnd::Expired(Expiry::Stalled)) if !client.is_answering() => Some(ConnectionError::BodyTimeout),
        (None, ConnectionEnd::Expired(Expiry::Stalled | Expiry::Gone)) => {
            client.cut();
            return;
        }
        (None, ConnectionEnd::Cut) if client.cut() => return,
        // All responses are sent: the connection can be closed at once.
        (None, ConnectionEnd::Expired(Expiry::Idle)) => {
            client.announce_end();
            return;
        }
        // What was sent before the cut must arrive.
        (None, ConnectionEnd::Done | ConnectionEnd::Cut | ConnectionEnd::Http2) => None,
    };
    let close = async {
        if let Some(error) = answer {
            let bytes = server.service.refuse(client, error);
            if client.write_all(&bytes).await.is_err() {
                return;
            }
        }
        client.linger(is_complete, LINGER_BYTES).await;
    };
    let _ = tokio::time::timeout(server.limits.linger, close).await;
}

/// Makes the TLS handshake, where the listener has TLS. Otherwise: how the connection is to end; `None`: at once.
async fn secured<S: Service>(
    server: &Server<S>,
    options: ListenOptions,
    client: &Connection,
) -> Result<(), Option<ConnectionEnd>> {
    if !options.tls {
        return Ok(());
    }
    // A configuration whose listeners have TLS has certificates.
    let tls = server.tls.get().ok_or(None)?;
    let challenges = server.tls.challenges();
    let expired = poll_fn(|cx| client.poll_expired(cx).map_or(Poll::Pending, Poll::Ready));
    let outcome = tokio::select! {
        biased;
        outcome = Box::pin(secure(client, (&tls, challenges.as_deref()), &server.computing, client.client().ip)) => outcome,
        // It has said nothing that could be answered.
        _ = expired => {
            server.service.handshake(Handshake::TimedOut);
            return Err(None);
        }
    };
    match outcome {
        Ok((session, secured)) => {
            server.service.handshake(if secured.is_resumed { Handshake::Resumed } else { Handshake::Full });
            client.secure(session, secured);
            Ok(())
        }
        Err(error) => {
            let is_answered = matches!(error, NotSecured::Answered);
            tracing::debug!(client = %client.client(), %error, "{}", if is_answered { "a TLS handshake" } else { "no TLS handshake" });
            server.service.handshake(if is_answered { Handshake::Full } else { Handshake::Failed });
            // The alert must arrive.
            Err(Some(if matches!(error, NotSecured::PlainHttp) {
                ConnectionEnd::PlainHttp
            } else {
                ConnectionEnd::Done
            }))
        }
    }
}

/// hyper's settings for reading requests.
pub(crate) fn reader() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.half_close(true).max_header_size(MAX_HEAD).max_buf_size(MAX_BUFFER);
    http
}

enum ConnectionEnd {
    /// All requests were answered.
    Done,
    /// Either side broke it.
    Cut,
    /// A timeout expired.
    Expired(Expiry),
    /// It spoke HTTP where TLS was expected.
    PlainHttp,
    /// It goes on with HTTP/2.
    Http2,
}

pin_project! {
    /// An answer with its `Date`, and with TLS its `Strict-Transport-Security`. An asynchronous block that awaits the
    /// answer would have the size of two.
    pub(super) struct Dated<F> {
        #[pin]
        answer: F,
        hsts: Option<HeaderValue>,
    }
}

impl<F> Dated<F> {
    pub(super) fn new(answer: F, hsts: Option<HeaderValue>) -> Self {
        Self { answer, hsts }
    }
}

impl<F: Future<Output = Response<B>>, B> Future for Dated<F> {
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answer.poll(cx));
        http_date::stamp(response.headers_mut());
        if let Some(hsts) = this.hsts.take() {
            // An app may have a policy of its own.
            response.headers_mut().entry(STRICT_TRANSPORT_SECURITY).or_insert(hsts);
        }
        Poll::Ready(Ok(response))
    }
}

/// Runs hyper on the connection until one side ends it.
async fn serve_http<S: Service>(service: &Rc<S>, client: &Rc<Connection>) -> ConnectionEnd {
    let service = service_fn(|request: http::Request<_>| {
        // Called at once: hyper may look for the next request before it polls for this response.
        client.begin();
        Dated::new(
            service.handle(&Requester::Http1(Rc::clone(client)), request.map(RequestBody::Http1)),
            client.hsts().cloned(),
        )
    });
    let mut connection = Box::new(reader().serve_connection(ConnectionStream(Rc::clone(client)), service));
    let ended = poll_fn(|cx| {
        if let Some(expiry) = client.poll_expired(cx) {
            return Poll::Ready(ConnectionEnd::Expired(expiry));
        }
        if let Poll::Ready(end) = Pin::new(&mut *connection).poll(cx) {
            return Poll::Ready(if end.is_ok() { ConnectionEnd::Done } else { ConnectionEnd::Cut });
        }
        client.poll_gone(cx).map(|()| ConnectionEnd::Expired(Expiry::Gone))
    })
    .await;
    // What hyper has for the connection is not needed for a tunnel, which may be open for days.
    let early = connection.into_parts().read_buf;
    let Some(tunnel) = client.take_tunnel(early).filter(|_| matches!(ended, ConnectionEnd::Done)) else { return ended };
    relay(client, tunnel).await
}

/// Has a tunnel relay until one side ends it.
async fn relay(client: &Rc<Connection>, mut tunnel: Tunnel) -> ConnectionEnd {
    poll_fn(|cx| {
        if let Some(expiry) = client.poll_expired(cx) {
            return Poll::Ready(ConnectionEnd::Expired(expiry));
        }
        tunnel.as_mut().poll(cx).map(|()| ConnectionEnd::Done)
    })
    .await
}
