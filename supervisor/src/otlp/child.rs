//! Spans within those of requests and runs: of the fetches that an app makes for them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use nano_protocol::FetchHead;
use url::Url;

use super::message::{SpanKind, SpanRecord, SpanValue};
use super::queue::SpanQueue;
use crate::trace_context::{TraceIds, TraceParent};

/// Most fetches of one request, or run, that have a span: an app that makes thousands must not take the queue from the
/// others.
const MAX_FETCHES: u16 = 128;

/// Most bytes of a URL in a span.
const MAX_URL: usize = 1024;

/// Methods that spans name: those of RFC 9110 and PATCH.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Where the fetches of one request, or run, whose trace is kept have their spans.
#[derive(Debug)]
pub(crate) struct ChildSpans {
    spans: Arc<SpanQueue>,
    ids: Rc<TraceIds>,
    /// The request's own span.
    parent: TraceParent,
    state: String,
    left: Cell<u16>,
}

/// The span of a fetch that has not got its response yet. Dropped before that, it says so.
#[derive(Debug)]
pub(crate) struct FetchSpan {
    spans: Arc<SpanQueue>,
    record: Option<SpanRecord>,
    begun: Instant,
}

/// The name of a span of HTTP, and its `http.request.method`: what is not known is not told apart.
pub(crate) fn method_names(method: &str) -> (&str, &str) {
    if METHODS.contains(&method) { (method, method) } else { ("HTTP", "_OTHER") }
}

impl ChildSpans {
    pub(crate) fn new(spans: Arc<SpanQueue>, ids: Rc<TraceIds>, parent: TraceParent, state: String) -> Rc<Self> {
        Rc::new(Self { spans, ids, parent, state, left: Cell::new(MAX_FETCHES) })
    }

    /// Begins the span of a fetch, unless there were too many.
    pub(crate) fn fetch(&self, head: &FetchHead) -> Option<FetchSpan> {
        self.left.set(self.left.get().checked_sub(1)?);
        let (name, method) = method_names(&head.method);
        let mut attributes = vec![("http.request.method", SpanValue::Text(method.to_owned()))];
        if let Ok(mut url) = Url::parse(&head.url) {
            attributes.extend(url.host_str().map(|host| ("server.address", SpanValue::Text(host.to_owned()))));
            attributes.extend(url.port_or_known_default().map(|port| ("server.port", SpanValue::Number(port.into()))));
            // Tokens are there.
            url.set_query(None);
            url.set_fragment(None);
            let is_plain = url.username().is_empty() && url.password().is_none();
            if is_plain && url.as_str().len() <= MAX_URL {
                attributes.push(("url.full", SpanValue::Text(url.into())));
            }
        }
        let TraceParent { trace, span: parent, .. } = self.parent;
        let begun = SystemTime::now();
        let record = SpanRecord {
            kind: SpanKind::Client,
            trace,
            span: self.ids.span(),
            parent: Some(parent),
            flags: self.parent.flags(),
            state: self.state.clone(),
            name: name.to_owned(),
            start: begun,
            end: begun,
            attributes,
            is_error: false,
        };
        Some(FetchSpan { spans: Arc::clone(&self.spans), record: Some(record), begun: Instant::now() })
    }
}

impl FetchSpan {
    /// The head of the response has come, with this status; or there will be none, for this reason.
    pub(crate) fn end(mut self, outcome: Result<u16, &'static str>) {
        self.finish(outcome);
    }

    fn finish(&mut self, outcome: Result<u16, &'static str>) {
        let Some(mut record) = self.record.take() else { return };
        record.end = record.start.checked_add(self.begun.elapsed()).unwrap_or(record.start);
        // For a client's span 4xx is an error, too.
        let error = match outcome {
            Ok(status) => {
                record.attributes.push(("http.response.status_code", SpanValue::Number(status.into())));
                (status >= 400).then(|| status.to_string())
            }
            Err(why) => Some(why.to_owned()),
        };
        record.is_error = error.is_some();
        record.attributes.extend(error.map(|error| ("error.type", SpanValue::Text(error))));
        self.spans.push(record);
    }
}

impl Drop for FetchSpan {
    fn drop(&mut self) {
        self.finish(Err("aborted"));
    }
}

#[cfg(test)]
mod tests;
