//! `POST /drain?after_s=N`: answered when all requests in flight are finished and nano is about to end.

use std::rc::Rc;
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::json;

use super::{ControlResponse, failure, json_reply};
use crate::duration::millis;
use crate::readiness::ServerPhase;
use crate::supervisor::{Stop, Supervisor};

/// Longest time that load balancers can be given, in seconds.
const MAX_AFTER: u64 = 3600;

pub(super) async fn drain(supervisor: &Rc<Supervisor>, query: &str) -> ControlResponse {
    let seconds = match query.strip_prefix("after_s=") {
        None if query.is_empty() => Some(0),
        other => other.and_then(|text| text.parse().ok()).filter(|seconds| *seconds <= MAX_AFTER),
    };
    let Some(seconds) = seconds else {
        return failure(StatusCode::BAD_REQUEST, "query", "the only parameter is after_s, from 0 to 3600");
    };
    let own = Rc::clone(supervisor);
    // A client that leaves does not leave it half done: no load balancer would come back.
    let done = tokio::task::spawn_local(async move {
        leave(&own, Duration::from_secs(seconds)).await;
        let begun = Instant::now();
        tracing::info!("drain asked for at the control socket");
        own.stop(Stop::Drain);
        let mut drained = own.drained.subscribe();
        let _ = drained.wait_for(|drained| *drained).await;
        millis(begun.elapsed())
    });
    match done.await {
        Ok(took_ms) => json_reply(StatusCode::OK, &json!({ "drained": true, "took_ms": took_ms })),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "internal", &error.to_string()),
    }
}

/// Serves on for so long, or until nano is to end, while load balancers are told to send no more.
async fn leave(supervisor: &Supervisor, within: Duration) {
    if within.is_zero() {
        return;
    }
    let mut stop = supervisor.stop.subscribe();
    if supervisor.readiness.get() == ServerPhase::Ready {
        supervisor.readiness.set(ServerPhase::Leaving);
        tracing::info!(after_ms = millis(within), "leaving: /readyz says so, and requests are served until the drain");
    }
    let _ = tokio::time::timeout(within, stop.wait_for(|stop| *stop != Stop::No)).await;
}
