//! A run of an app's `scheduled()`: admitted and dispatched as a request is, but there is no client and no HTTP.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use http::{HeaderValue, Method};
use nano_protocol::{ResetReason, Scheduled};

use super::rescue::Failure;
use super::{Tracer, Tries};
use crate::app::App;
use crate::upstream::{
    Deadline, Failed, NotAdmitted, RequestFrame, RequestSummary, Routes, RunEnd, RunReport, Subject,
};

/// The code of a run for which the app has no handler; the others are those of requests ([`super::rescue`]).
const NO_HANDLER: &str = "no_handler";

/// Sends a scheduled event to one worker of this generation and waits until the app has handled it, at most for `limit` from when
/// it was sent first. As requests do, it waits at most for `timeout_ms` for a place. An event that a worker may have read is sent
/// to no other.
pub(crate) async fn run(
    (routes, tracer): (&Routes, Option<&Tracer>),
    app: &App,
    event: Scheduled,
    limit: Duration,
) -> RunReport {
    let trace = tracer.and_then(|tracer| Some((tracer, tracer.begin_run(&event)?)));
    let about = RequestSummary {
        what: Subject::Run(event.cron.as_str().into()),
        id: HeaderValue::from_str(&event.request_id).unwrap_or_else(|_| HeaderValue::from_static("-")),
        spans: trace.as_ref().map(|(tracer, trace)| tracer.within_run(trace)),
    };
    let mut pid = None;
    let end = attempt(routes, app, (event, about), limit, &mut pid).await;
    let report = RunReport { end, pid };
    if let Some((tracer, trace)) = trace {
        tracer.finish_run(trace, app, &report);
    }
    report
}

async fn attempt(
    routes: &Routes,
    app: &App,
    (event, about): (Scheduled, RequestSummary),
    limit: Duration,
    pid: &mut Option<u32>,
) -> RunEnd {
    let mut frame = RequestFrame::scheduled(event, about);
    let patience = Instant::now() + app.settings.timeout;
    let mut due: Option<Deadline> = None;
    let mut tries = Tries::default();
    loop {
        let Some(pool) = routes.of_generation(app.generation) else { return RunEnd::Moved };
        if app.availability.is_stopped() {
            return RunEnd::Refused(Failure::Stopped.code());
        }
        let permit = match pool.admit(due.map_or(patience, |due| due.at), 0).await {
            Ok(permit) => permit,
            Err(NotAdmitted::Moved) => return RunEnd::Moved,
            Err(NotAdmitted::TimedOut) if due.is_some() => return RunEnd::TimedOut,
            Err(refused) => return RunEnd::Refused(Failure::from(refused).code()),
        };
        let due = *due.get_or_insert_with(|| {
            let since = Instant::now();
            Deadline { since, at: since + limit }
        });
        let Some(sent) = permit.send(&mut frame, due) else { continue };
        let request = &sent.request;
        *pid = Some(request.worker().pid);
        let outcome = poll_fn(|cx| request.poll_head(cx)).await;
        if matches!(outcome, Ok(_) | Err(Failed::Reset(_))) {
            sent.record_success();
        }
        match outcome {
            Ok(_) => return RunEnd::Done,
            Err(Failed::TimedOut) => return RunEnd::TimedOut,
            Err(Failed::Reset(ResetReason::NoHandler)) => return RunEnd::Failed(NO_HANDLER),
            // By the rules for a POST: what may have begun is not begun again.
            Err(failed) if tries.one_more(failed, None, &Method::POST) => {}
            Err(failed) => return RunEnd::Failed(Failure::Worker(failed).code()),
        }
    }
}
