//! What the requests of one shard share, and the error responses of its connections.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use super::tunnels::Tunnels;
use super::{BuildPage, ResponseBody, handle_request, rescue};
use crate::downstream::tls::TlsSwitch;
use crate::downstream::{Connection, ConnectionError, Drain, Handshake, Service};
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
    /// What browsers get while a developer's project does not load.
    pub(super) build_page: Option<Arc<BuildPage>>,
    /// The clients' WebSockets.
    pub(super) tunnels: Rc<Tunnels>,
    /// What is said of TLS in responses.
    pub(super) tls: TlsSwitch,
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
        Self { routes, drain, ids: RequestIds::new(), metrics, access_log, build_page: None, tunnels, tls }
    }

    /// The same with a page for browsers.
    pub(crate) fn with_build_page(self, build_page: Option<Arc<BuildPage>>) -> Self {
        Self { build_page, ..self }
    }
}

impl Service for IngressContext {
    type Body = ResponseBody;

    fn handle(
        self: &Rc<Self>,
        connection: &Rc<Connection>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ResponseBody>> + use<> {
        handle_request(Rc::clone(self), connection, request)
    }

    fn refuse(&self, connection: &Connection, error: ConnectionError) -> Vec<u8> {
        rescue::refuse_connection(self, connection, error)
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
