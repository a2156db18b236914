//! What the requests of one shard share, and the error responses of its connections.

use std::cell::Cell;
use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderMap, Request, Response};

use super::origin::{self, Origin};
use super::trace::Tracer;
use super::tunnels::Tunnels;
use super::{BuildPage, ResponseBody, handle_request, rescue};
use crate::downstream::tls::TlsSwitch;
use crate::downstream::{
    Client, Connection, ConnectionError, Drain, Handshake, ProxyRefusal, RequestBody, Requester, Service,
};
use crate::otlp::Tracing;
use crate::request_id::RequestIds;
use crate::telemetry::{HandshakeResult, Metrics};
use crate::upstream::Routes;

/// Shared by all requests of a shard.
#[derive(Debug)]
pub(crate) struct IngressContext {
    pub(super) routes: Rc<Routes>,
    pub(super) drain: Rc<Drain>,
    pub(super) ids: RequestIds,
    /// Where requests of no app are counted.
    pub(super) metrics: Arc<Metrics>,
    /// Whether each request is logged (`log.access`).
    pub(super) access_log: bool,
    /// What traces take, if there are any (`otlp`).
    pub(super) tracer: Option<Tracer>,
    /// What browsers get while a developer's project does not load.
    pub(super) build_page: Option<Arc<BuildPage>>,
    /// The clients' WebSockets.
    pub(super) tunnels: Rc<Tunnels>,
    /// What is said of TLS in responses.
    pub(super) tls: TlsSwitch,
    /// Whether it was logged that somebody near, likely a proxy, is none of `trusted_proxies`.
    proxy_unnamed: Cell<bool>,
    /// Whether it was logged that a connection was refused for its PROXY header.
    proxy_refused: Cell<bool>,
}

impl IngressContext {
    /// `connections`: how many clients the shard may have.
    pub(crate) fn new(
        routes: Rc<Routes>,
        drain: Rc<Drain>,
        metrics: Arc<Metrics>,
        (access_log, connections): (bool, usize),
        tls: TlsSwitch,
    ) -> Self {
        let tunnels = Tunnels::new(connections);
        Self {
            routes,
            drain,
            ids: RequestIds::new(),
            metrics,
            access_log,
            tracer: None,
            build_page: None,
            tunnels,
            tls,
            proxy_unnamed: Cell::new(false),
            proxy_refused: Cell::new(false),
        }
    }

    /// The same with a page for browsers.
    pub(crate) fn with_build_page(self, build_page: Option<Arc<BuildPage>>) -> Self {
        Self { build_page, ..self }
    }

    /// The same with traces.
    pub(crate) fn with_tracing(self, tracing: Option<Tracing>) -> Self {
        Self { tracer: tracing.map(Tracer::new), ..self }
    }

    /// Whom a request on this connection comes from.
    pub(super) fn origin(&self, connection: &Connection, headers: &HeaderMap) -> Origin {
        let direct = connection.client();
        let origin = Origin::read(direct, headers, |peer| self.routes.trusts(peer));
        if !origin.is_vouched && !self.proxy_unnamed.get() && direct.is_near() && origin::claims(headers) {
            self.proxy_unnamed.set(true);
            if !self.routes.names_proxies() {
                tracing::warn!(
                    client = %direct,
                    "headers that say who the client is are dropped: if that is a proxy of yours, name it in `trusted_proxies`"
                );
            }
        }
        origin
    }
}

impl Service for IngressContext {
    type Body = ResponseBody;

    fn handle(
        self: &Rc<Self>,
        requester: &Requester,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Response<ResponseBody>> + use<> {
        handle_request(Rc::clone(self), requester, request)
    }

    fn refuse(&self, connection: &Connection, error: ConnectionError) -> Vec<u8> {
        rescue::refuse_connection(self, connection, error)
    }

    fn trusts(&self, peer: Option<IpAddr>) -> bool {
        self.routes.trusts(peer)
    }

    fn takes_proxy_header(&self, peer: Option<IpAddr>) -> bool {
        !self.routes.names_proxies() || self.routes.trusts(peer)
    }

    fn proxy_refused(&self, peer: Client, why: ProxyRefusal) {
        self.metrics.proxy_refused(why);
        if !self.proxy_refused.replace(true) {
            tracing::warn!(
                client = %peer,
                %why,
                "a connection to a listener with `proxy_protocol` was closed; further ones are only counted"
            );
        }
    }

    fn accept_paused(&self) {
        self.metrics.accept_paused();
    }

    fn connection_refused(&self) {
        self.metrics.connection_refused();
    }

    fn handshake(&self, how: Handshake) {
        self.metrics.tls.handshake(match how {
            Handshake::Full => HandshakeResult::Full,
            Handshake::Resumed => HandshakeResult::Resumed,
            Handshake::Failed => HandshakeResult::Failed,
            Handshake::TimedOut => HandshakeResult::TimedOut,
        });
    }
}
