//! The trace of a run of an app's `scheduled()`: each is a trace of its own, kept by `sample`.

use std::rc::Rc;
use std::time::{Instant, SystemTime};

use nano_protocol::Scheduled;

use super::trace::Tracer;
use crate::app::App;
use crate::otlp::{ChildSpans, SpanKind, SpanRecord, SpanValue};
use crate::trace_context::TraceParent;
use crate::upstream::{RunEnd, RunReport};

/// Of one run whose trace is kept.
#[derive(Debug)]
pub(super) struct RunTrace {
    context: TraceParent,
    begun: Instant,
    cron: String,
    request_id: String,
}

impl Tracer {
    /// `None`: its trace is not kept.
    pub(super) fn begin_run(&self, event: &Scheduled) -> Option<RunTrace> {
        let context = self.root();
        context.is_sampled.then(|| RunTrace {
            context,
            begun: Instant::now(),
            cron: event.cron.clone(),
            request_id: event.request_id.clone(),
        })
    }

    /// Where the run's fetches have their spans.
    pub(super) fn within_run(&self, run: &RunTrace) -> Rc<ChildSpans> {
        self.children(run.context, String::new())
    }

    /// Hands the span over. A run that another generation has begins anew there.
    pub(super) fn finish_run(&self, run: RunTrace, app: &App, report: &RunReport) {
        let error = match report.end {
            RunEnd::Moved => return,
            RunEnd::Done => None,
            RunEnd::Refused(code) | RunEnd::Failed(code) => Some(code),
            RunEnd::TimedOut => Some("timed_out"),
        };
        let generation = i64::try_from(app.generation.0).unwrap_or(i64::MAX);
        let mut attributes = vec![
            ("faas.trigger", SpanValue::Text("timer".to_owned())),
            ("faas.cron", SpanValue::Text(run.cron)),
            ("nano.request_id", SpanValue::Text(run.request_id)),
            ("nano.app", SpanValue::Text(app.name.to_string())),
            ("nano.generation", SpanValue::Number(generation)),
        ];
        attributes.extend(report.pid.map(|pid| ("nano.worker.pid", SpanValue::Number(pid.into()))));
        attributes.extend(error.map(|error| ("error.type", SpanValue::Text(error.to_owned()))));
        let end = SystemTime::now();
        let TraceParent { trace, span, .. } = run.context;
        self.hand_over(SpanRecord {
            kind: SpanKind::Internal,
            trace,
            span,
            parent: None,
            flags: run.context.flags(),
            state: String::new(),
            name: "scheduled".to_owned(),
            start: end.checked_sub(run.begun.elapsed()).unwrap_or(end),
            end,
            attributes,
            is_error: error.is_some(),
        });
    }
}
