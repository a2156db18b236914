//! The messages of `opentelemetry/proto/collector/trace/v1/trace_service.proto`, as far as nano writes and reads them, with
//! the numbers that their fields have there.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use prost::Message;

use crate::trace_context::{SpanId, TraceId};

/// `STATUS_CODE_ERROR`.
const ERROR: i32 = 2;
/// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`: it is known whether the parent is in another process.
const HAS_IS_REMOTE: u32 = 0x100;
/// `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`: it is.
const IS_REMOTE: u32 = 0x200;

/// What a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanKind {
    /// A run.
    Internal = 1,
    /// A client's request. Its parent is another process's.
    Server = 2,
    /// A fetch. Its parent is nano's own.
    Client = 3,
}

/// A request, a run or a fetch, as its shard tells it.
#[derive(Debug)]
pub(crate) struct SpanRecord {
    pub(crate) kind: SpanKind,
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) parent: Option<SpanId>,
    /// Of the `traceparent` that the app got.
    pub(crate) flags: u8,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) attributes: Vec<(&'static str, SpanValue)>,
    pub(crate) is_error: bool,
}

/// The value of an attribute.
#[derive(Debug)]
pub(crate) enum SpanValue {
    Text(String),
    Number(i64),
}

impl SpanRecord {
    /// The encoded message `Span`.
    pub(super) fn encode(self) -> Bytes {
        let attributes = self.attributes.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        let remote = match (self.parent, self.kind) {
            (None, _) => 0,
            (Some(_), SpanKind::Server) => HAS_IS_REMOTE | IS_REMOTE,
            (Some(_), _) => HAS_IS_REMOTE,
        };
        let span = Span {
            trace_id: Bytes::copy_from_slice(&self.trace),
            span_id: Bytes::copy_from_slice(&self.span),
            trace_state: self.state,
            parent_span_id: self.parent.map_or_else(Bytes::new, |parent| Bytes::copy_from_slice(&parent)),
            flags: u32::from(self.flags) | remote,
            name: self.name,
            kind: self.kind as i32,
            start_time_unix_nano: nanos(self.start),
            end_time_unix_nano: nanos(self.end),
            attributes,
            status: self.is_error.then_some(Status { code: ERROR }),
        };
        span.encode_to_vec().into()
    }
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The request of an export: these encoded spans, of this nano.
pub(super) fn export_request(spans: Vec<Bytes>, instance: &str) -> Vec<u8> {
    let text = |key, value: &str| KeyValue::new(key, SpanValue::Text(value.to_owned()));
    let attributes = vec![
        text("service.name", "nano"),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("service.instance.id", instance),
    ];
    let scope = Scope { name: "nano".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans }];
    let resource_spans = vec![ResourceSpans { resource: Some(Resource { attributes }), scope_spans }];
    ExportRequest { resource_spans }.encode_to_vec()
}

/// How many spans the receiver did not take though it took the request, and what it says of that.
pub(super) fn rejected(response: &[u8]) -> (u64, String) {
    let partial = ExportResponse::decode(response).ok().and_then(|response| response.partial_success);
    partial.map_or((0, String::new()), |partial| {
        (u64::try_from(partial.rejected_spans).unwrap_or(0), partial.error_message)
    })
}

#[derive(Clone, PartialEq, Message)]
struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    /// Messages `Span` that are encoded already: on the wire both are bytes with their length.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    spans: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "bytes", tag = "1")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    span_id: Bytes,
    #[prost(string, tag = "3")]
    trace_state: String,
    #[prost(bytes = "bytes", tag = "4")]
    parent_span_id: Bytes,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

impl KeyValue {
    fn new(key: &str, value: SpanValue) -> Self {
        let value = match value {
            SpanValue::Text(text) => AnyKind::Text(text),
            SpanValue::Number(number) => AnyKind::Number(number),
        };
        Self { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
    }
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "AnyKind", tags = "1, 3")]
    value: Option<AnyKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum AnyKind {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Number(i64),
}

#[derive(Clone, PartialEq, Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}
