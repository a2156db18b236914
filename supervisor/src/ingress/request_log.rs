//! The record of a request until it is over, whatever way it ends: for metrics and the access log.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{StatusCode, Version};
use tracing::Span;
use tracing::field::Empty;

use super::Failure;
use super::IngressContext;
use super::access_line::{self, AccessLine, Ended};
use super::origin::Origin;
use super::rescue::AssetFailure;
use super::trace::{Outcome, RequestTrace};
use crate::app::App;
use crate::downstream::{Connection, Requester};
use crate::log::{COMBINED, REQUEST};
use crate::otlp::ChildSpans;
use crate::request_id::RequestIdValue;
use crate::telemetry::CutBy;
use crate::upstream::{Failed, UpstreamRequest};

/// nginx's status for a client that left before it was answered.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Dropped when the response is over.
#[derive(Debug)]
pub(super) struct RequestLog {
    context: Rc<IngressContext>,
    client: Requester,
    origin: Origin,
    id: RequestIdValue,
    version: Version,
    started: Instant,
    app: Option<Arc<App>>,
    status: u16,
    bytes: u64,
    /// What a tunnel has taken from the client; `None`: there is none.
    tunnel: Option<u64>,
    /// The error's code, if there was an error.
    code: &'static str,
    /// Why the response was cut, if it was.
    cut: Option<CutBy>,
    pid: u32,
    line: Option<AccessLine>,
    /// `None`: there are no traces. In a box: what holds it is moved several times for each request.
    trace: Option<Box<RequestTrace>>,
    span: Span,
}

impl RequestLog {
    pub(super) fn begin(context: &Rc<IngressContext>, client: &Requester, head: &Parts) -> Self {
        let line = is_logged(context).then(|| AccessLine::read(head));
        let id = context.ids.choose(&head.headers);
        let span = tracing::debug_span!("request", request_id = Empty, app = Empty, generation = Empty, worker = Empty);
        if !span.is_disabled() {
            span.record("request_id", id.as_str());
        }
        let origin = context.origin(client.connection(), &head.headers);
        Self {
            context: Rc::clone(context),
            client: client.clone(),
            origin,
            id,
            version: head.version,
            started: Instant::now(),
            app: None,
            status: CLIENT_CLOSED_REQUEST,
            bytes: 0,
            tunnel: None,
            code: "",
            cut: None,
            pid: 0,
            line,
            trace: context.tracer.as_ref().map(|tracer| Box::new(tracer.begin(head, origin))),
            span,
        }
    }

    /// Its part of a trace, which the app is told.
    pub(super) fn trace(&self) -> Option<&RequestTrace> {
        self.trace.as_deref()
    }

    /// Where its fetches have their spans, if its trace is kept.
    pub(super) fn fetch_spans(&self) -> Option<Rc<ChildSpans>> {
        self.context.tracer.as_ref()?.within(self.trace.as_deref()?)
    }

    /// Hands the span over: a request has one.
    fn finish_trace(&mut self, took: Duration) {
        let (Some(tracer), Some(trace)) = (&self.context.tracer, &mut self.trace) else { return };
        let outcome = Outcome {
            client: self.origin.client,
            request_id: self.id.as_str(),
            app: self.app.as_ref().map(|app| (&*app.name, app.generation.0)),
            pid: self.pid,
            status: self.status,
            code: self.code,
            is_left: self.cut == Some(CutBy::Client),
            took,
        };
        tracer.finish(trace, &outcome);
    }

    pub(super) fn id(&self) -> &RequestIdValue {
        &self.id
    }

    pub(super) fn client(&self) -> &Requester {
        &self.client
    }

    /// Who asked.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// Lines that are logged within it have the request's id, its app with the generation, and its worker's pid.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// The client's version of HTTP.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Whether the connection is not to be kept.
    pub(super) fn closes(&self) -> bool {
        self.context.drain.has_begun()
    }

    pub(super) fn routed(&mut self, app: &Arc<App>) {
        app.metrics.request_started();
        if !self.span.is_disabled() {
            self.span.record("app", &*app.name).record("generation", app.generation.0);
        }
        self.app = Some(Arc::clone(app));
    }

    pub(super) fn dispatched(&mut self, request: &UpstreamRequest) {
        self.pid = request.worker().pid;
        if !self.span.is_disabled() {
            self.span.record("worker", self.pid);
        }
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }

    /// The connection becomes a WebSocket: as a request it is over, and its record goes on.
    pub(super) fn switched(&mut self) {
        self.status = StatusCode::SWITCHING_PROTOCOLS.as_u16();
        self.tunnel = Some(0);
        if let Some(line) = &mut self.line {
            line.keep_alone();
        }
        if let Some(app) = &self.app {
            app.metrics.request_finished(self.status, self.started.elapsed());
            app.metrics.socket_opened();
        }
        self.finish_trace(self.started.elapsed());
    }

    /// The tunnel took bytes from the client.
    pub(super) fn received(&mut self, bytes: usize) {
        if let Some(received) = &mut self.tunnel {
            *received += bytes as u64;
        }
    }

    pub(super) fn failed(&mut self, status: StatusCode, code: &'static str) {
        self.status = status.as_u16();
        self.code = code;
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The response could not be completed.
    pub(super) fn cut(&mut self, failed: Failed) {
        self.cut = Some(match failed {
            Failed::Reset(_) => CutBy::App,
            Failed::Upload => CutBy::Client,
            Failed::Died(_) | Failed::Protocol | Failed::TimedOut => CutBy::Worker,
        });
        self.code = Failure::Worker(failed).code();
    }

    /// The file became shorter, or cannot be read any more.
    pub(super) fn cut_file(&mut self) {
        self.cut = Some(CutBy::App);
        self.code = Failure::from(AssetFailure::Unreadable).code();
    }

    /// The client left before it had the whole response, or read nothing of it for too long.
    pub(super) fn left(&mut self) {
        self.cut = Some(CutBy::Client);
        self.code = "client_gone";
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some()
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        self.client.end();
        let took = self.started.elapsed();
        tracing::trace!(parent: &self.span, status = self.status, bytes = self.bytes, "end");
        match &self.app {
            Some(app) if self.tunnel.is_some() => app.metrics.socket_closed(),
            Some(app) => {
                app.metrics.request_finished(self.status, took);
                if let Some(by) = self.cut {
                    app.metrics.response_cut(by);
                }
            }
            None => self.context.metrics.unrouted_request(self.status),
        }
        self.finish_trace(took);
        let Some(line) = &self.line else { return };
        if tracing::enabled!(target: COMBINED, tracing::Level::INFO) {
            let ended = Ended { client: self.origin.client, status: self.status, bytes: self.bytes };
            tracing::info!(target: COMBINED, "{}", access_line::combined(Some((line, self.version)), ended));
        }
        tracing::info!(
            target: REQUEST,
            app = self.app.as_ref().map_or("", |app| &app.name),
            method = %line.method,
            path = line.uri.path(),
            host = line.host,
            protocol = access_line::protocol(self.version),
            status = self.status,
            bytes = self.bytes,
            bytes_in = self.tunnel,
            duration_ms = took.as_micros() as f64 / 1000.0,
            request_id = self.id.as_str(),
            trace_id = self.trace.as_deref().map(RequestTrace::id),
            client = %self.origin.client,
            tls = self.client.connection().secured().map(|secured| secured.version),
            pid = (self.pid != 0).then_some(self.pid),
            error = (!self.code.is_empty()).then_some(self.code),
            cut = self.cut.map(|_| true),
            referer = line.referer(),
            user_agent = line.user_agent(),
            "request"
        );
    }
}

/// Counts and logs an error response on a connection without a request.
pub(super) fn refused(
    context: &IngressContext,
    client: &Connection,
    status: StatusCode,
    code: &'static str,
    id: &str,
    bytes: usize,
) {
    context.metrics.unrouted_request(status.as_u16());
    if is_logged(context) {
        if tracing::enabled!(target: COMBINED, tracing::Level::INFO) {
            let ended = Ended { client: client.client(), status: status.as_u16(), bytes: bytes as u64 };
            tracing::info!(target: COMBINED, "{}", access_line::combined(None, ended));
        }
        tracing::info!(
            target: REQUEST,
            app = "",
            status = status.as_u16(),
            bytes,
            request_id = id,
            client = %client.client(),
            error = code,
            "request"
        );
    }
}

fn is_logged(context: &IngressContext) -> bool {
    context.access_log
        && (tracing::enabled!(target: REQUEST, tracing::Level::INFO)
            || tracing::enabled!(target: COMBINED, tracing::Level::INFO))
}
