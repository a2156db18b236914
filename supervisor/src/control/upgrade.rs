//! `POST /upgrade?timeout_s=N`: answered when another nano serves, or with the reason why none does.

use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::{ControlResponse, failure, json_reply};
use crate::supervisor::Supervisor;
use crate::upgrade::UpgradeError;

/// How long another nano may take until its apps are ready, unless the client says otherwise; and the longest, in seconds.
const TIMEOUT: u64 = 60;
const MAX_TIMEOUT: u64 = 3600;

pub(super) async fn upgrade(supervisor: &Rc<Supervisor>, query: &str) -> ControlResponse {
    let seconds = match query.strip_prefix("timeout_s=") {
        None if query.is_empty() => Some(TIMEOUT),
        other => other.and_then(|text| text.parse().ok()).filter(|seconds| (1..=MAX_TIMEOUT).contains(seconds)),
    };
    let Some(seconds) = seconds else {
        return failure(StatusCode::BAD_REQUEST, "query", "the only parameter is timeout_s, from 1 to 3600");
    };
    let own = Rc::clone(supervisor);
    // A client that leaves does not leave it half done.
    let done = tokio::task::spawn_local(async move { own.upgrade(Duration::from_secs(seconds)).await });
    match done.await {
        Ok(Ok(report)) => json_reply(StatusCode::OK, &json!(report)),
        Ok(Err(error)) => {
            let status = match error {
                UpgradeError::Busy | UpgradeError::Dev => StatusCode::CONFLICT,
                UpgradeError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            failure(status, error.code(), &error.to_string())
        }
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "internal", &error.to_string()),
    }
}
