//! A request's part of a trace: which trace it belongs to, what the app is told of that, and the span when it is over.
//!
//! The trace's id is the caller's, whoever that is. Whether the caller's word counts that the trace is kept depends on
//! whether it is one of `trusted_proxies`: else every client could have all of its requests recorded.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::HOST;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Version};
use nano_config::split_host_port;
use nano_protocol::HeaderBlockBuilder;

use super::origin::Origin;
use crate::downstream::Client;
use crate::otlp::{ChildSpans, SpanKind, SpanRecord, SpanValue, Tracing, method_names};
use crate::trace_context::{self, SpanId, TRACEPARENT, TRACESTATE, TraceIds, TraceParent};

/// Most bytes of a path, and of a host, in a span.
const MAX_PATH: usize = 1024;
const MAX_HOST: usize = 255;

/// nginx's status for a client that left: none was sent.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What the shard needs for that.
#[derive(Debug)]
pub(crate) struct Tracer {
    tracing: Tracing,
    ids: Rc<TraceIds>,
}

/// Of one request.
#[derive(Debug)]
pub(super) struct RequestTrace {
    /// With nano's own span.
    context: TraceParent,
    /// The caller's span.
    caller: Option<SpanId>,
    state: Option<HeaderValue>,
    /// `None`: no span is made, or it is handed over.
    head: Option<Box<SpanHead>>,
}

/// What a span has of the request's head.
#[derive(Debug)]
struct SpanHead {
    method: Method,
    /// Without the query: tokens are in queries.
    path: String,
    host: Option<(String, Option<u16>)>,
    version: Version,
}

/// How a request ended.
#[derive(Debug)]
pub(super) struct Outcome<'r> {
    pub(super) client: Client,
    pub(super) request_id: &'r str,
    /// The app's name, and the number of its generation.
    pub(super) app: Option<(&'r str, u64)>,
    /// The worker's process; 0: none.
    pub(super) pid: u32,
    pub(super) status: u16,
    /// The error's code; empty: none.
    pub(super) code: &'static str,
    /// The client left.
    pub(super) is_left: bool,
    pub(super) took: Duration,
}

impl Tracer {
    pub(crate) fn new(tracing: Tracing) -> Self {
        Self { tracing, ids: Rc::new(TraceIds::new()) }
    }

    /// The context of a trace that begins here.
    pub(super) fn root(&self) -> TraceParent {
        let (trace, span) = (self.ids.trace(), self.ids.span());
        let [.., a, b, c, d, e, f, g] = trace;
        let is_sampled = self.tracing.keeps(u64::from_be_bytes([0, a, b, c, d, e, f, g]));
        TraceParent { trace, span, is_sampled, is_random: true }
    }

    /// Where spans within this one are made.
    pub(super) fn children(&self, parent: TraceParent, state: String) -> Rc<ChildSpans> {
        ChildSpans::new(Arc::clone(&self.tracing.spans), Rc::clone(&self.ids), parent, state)
    }

    pub(super) fn hand_over(&self, span: SpanRecord) {
        self.tracing.spans.push(span);
    }

    /// Where the request's fetches have their spans, if its trace is kept.
    pub(super) fn within(&self, trace: &RequestTrace) -> Option<Rc<ChildSpans>> {
        trace.head.is_some().then(|| self.children(trace.context, text_of(trace.state.as_ref())))
    }

    pub(super) fn begin(&self, head: &Parts, origin: Origin) -> RequestTrace {
        let caller = TraceParent::read(&head.headers);
        let context = match caller {
            Some(caller) if origin.is_vouched => TraceParent { span: self.ids.span(), ..caller },
            // A draw of nano's own: a client could choose an id whose bits say that it is kept.
            Some(caller) => {
                TraceParent { span: self.ids.span(), is_sampled: self.tracing.keeps(self.ids.draw()), ..caller }
            }
            None => self.root(),
        };
        RequestTrace {
            context,
            caller: caller.map(|caller| caller.span),
            state: caller.and_then(|_| trace_context::trace_state(&head.headers)),
            head: context.is_sampled.then(|| Box::new(SpanHead::read(head))),
        }
    }

    /// Hands over the span, if there is to be one and it was not handed over yet.
    pub(super) fn finish(&self, trace: &mut RequestTrace, outcome: &Outcome<'_>) {
        if let Some(span) = trace.span(outcome) {
            self.hand_over(span);
        }
    }
}

/// Whether the header is nano's to set.
pub(super) fn is_set_here(name: &HeaderName) -> bool {
    *name == TRACEPARENT || *name == TRACESTATE
}

impl RequestTrace {
    /// Adds what the app is told. False: it does not fit.
    pub(super) fn push(&self, block: &mut HeaderBlockBuilder) -> bool {
        let state =
            self.state.as_ref().is_none_or(|state| block.push(TRACESTATE.as_str().as_bytes(), state.as_bytes()));
        state && block.push(TRACEPARENT.as_str().as_bytes(), &self.context.text())
    }

    /// The trace's id in digits.
    pub(super) fn id(&self) -> String {
        let text = self.context.text();
        String::from_utf8_lossy(text.get(3..35).unwrap_or_default()).into_owned()
    }

    fn span(&mut self, outcome: &Outcome<'_>) -> Option<SpanRecord> {
        let SpanHead { method, path, host, version } = *self.head.take()?;
        let (state, caller) = (self.state.take(), self.caller);
        let (name, method) = method_names(method.as_str());
        let (name, method) = (name.to_owned(), method.to_owned());
        let text = |text: &str| SpanValue::Text(text.to_owned());
        let mut attributes = vec![
            ("http.request.method", SpanValue::Text(method)),
            ("url.path", SpanValue::Text(path)),
            ("url.scheme", text(outcome.client.scheme.as_str())),
            ("network.protocol.version", text(protocol_version(version))),
            ("nano.request_id", text(outcome.request_id)),
        ];
        if outcome.status != CLIENT_CLOSED_REQUEST {
            attributes.push(("http.response.status_code", SpanValue::Number(outcome.status.into())));
        }
        if let Some((host, port)) = host {
            attributes.push(("server.address", SpanValue::Text(host)));
            attributes.extend(port.map(|port| ("server.port", SpanValue::Number(port.into()))));
        }
        attributes.extend(outcome.client.ip.map(|ip| ("client.address", SpanValue::Text(ip.to_string()))));
        if let Some((app, generation)) = outcome.app {
            attributes.push(("nano.app", text(app)));
            attributes.push(("nano.generation", SpanValue::Number(i64::try_from(generation).unwrap_or(i64::MAX))));
        }
        if outcome.pid != 0 {
            attributes.push(("nano.worker.pid", SpanValue::Number(outcome.pid.into())));
        }
        // A client's own faults and its leaving are no errors of a server's span.
        let is_error = !outcome.is_left && (outcome.status >= 500 || !outcome.code.is_empty() && outcome.status < 400);
        if !outcome.code.is_empty() {
            attributes.push(("error.type", text(outcome.code)));
        } else if is_error {
            attributes.push(("error.type", SpanValue::Text(outcome.status.to_string())));
        }
        let end = SystemTime::now();
        let TraceParent { trace, span, .. } = self.context;
        Some(SpanRecord {
            kind: SpanKind::Server,
            trace,
            span,
            parent: caller,
            flags: self.context.flags(),
            state: text_of(state.as_ref()),
            name,
            start: end.checked_sub(outcome.took).unwrap_or(end),
            end,
            attributes,
            is_error,
        })
    }
}

impl SpanHead {
    fn read(head: &Parts) -> Self {
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| head.uri.authority().map(|authority| authority.as_str()));
        let host = host.and_then(|host| split_host_port(host).ok());
        Self {
            method: head.method.clone(),
            path: begin(head.uri.path(), MAX_PATH).to_owned(),
            host: host.map(|(host, port)| (begin(host, MAX_HOST).to_owned(), port)),
            version: head.version,
        }
    }
}

fn text_of(state: Option<&HeaderValue>) -> String {
    state.and_then(|state| state.to_str().ok()).unwrap_or_default().to_owned()
}

fn begin(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn protocol_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

#[cfg(test)]
mod tests;
