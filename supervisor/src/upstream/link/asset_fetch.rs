//! Fetches of an app's worker for the app's own static files: `env.ASSETS`. They never come near [`crate::egress`]. Which files
//! those are the link says, and nothing that the worker sends: those of the generation that it runs.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_RANGE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use nano_protocol::{FetchFailure, FetchHead};
use url::Url;

use super::local_response::{self, LocalResponse};
use crate::app::App;
use crate::assets::{Asked, AskedBy, AssetAnswer, AssetBody, AssetError, Found};
use crate::egress::EgressError;

/// Finds the file of a fetch. An error is that there is no response; what is wrong with the request has one.
pub(super) async fn send(app: Option<&App>, head: &FetchHead) -> Result<LocalResponse, EgressError> {
    let unsendable = |text: &str| EgressError::new(FetchFailure::Unsendable, text);
    let files = app.and_then(|app| app.assets.as_ref()).ok_or_else(|| unsendable("the app has no static files"))?;
    let url = Url::parse(&head.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| unsendable("the URL is none of http or https"))?;
    let method = Method::from_bytes(head.method.as_bytes()).map_err(|_| unsendable("the method is none of HTTP"))?;
    let headers = local_response::headers(&head.headers).ok_or_else(|| unsendable("the headers are none of HTTP"))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let asked = Asked {
        method: &method,
        headers: &headers,
        url: url.as_str(),
        path: url.path(),
        query: &query,
        by: AskedBy::Worker,
    };
    // nano starts, and the files are being listed.
    let answer = match files.wait().await.find(asked).await {
        Ok(Found::Answer(answer)) => answer,
        Ok(Found::Nothing | Found::Worker) | Err(AssetError::Gone) => refusal(StatusCode::NOT_FOUND, None),
        Ok(Found::Method) => {
            refusal(StatusCode::METHOD_NOT_ALLOWED, Some((ALLOW, HeaderValue::from_static("GET, HEAD"))))
        }
        Err(AssetError::PathTooLong) => refusal(StatusCode::URI_TOO_LONG, None),
        Err(AssetError::Unmet) => refusal(StatusCode::PRECONDITION_FAILED, None),
        Err(AssetError::Unsatisfiable(size)) => {
            let range = HeaderValue::try_from(format!("bytes */{size}")).ok();
            refusal(StatusCode::RANGE_NOT_SATISFIABLE, range.map(|range| (CONTENT_RANGE, range)))
        }
        Err(AssetError::Unreadable | AssetError::HeadTooLarge) => refusal(StatusCode::INTERNAL_SERVER_ERROR, None),
        Err(AssetError::Busy) => {
            return Err(EgressError::new(FetchFailure::TimedOut, "too many static files are being read"));
        }
        Err(AssetError::Moved) => {
            return Err(EgressError::new(FetchFailure::Closed, "the app has another version of its files now"));
        }
    };
    LocalResponse::of(answer.status, answer.headers, answer.body)
        .ok_or_else(|| unsendable("the response's headers are too large"))
}

fn refusal(status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> AssetAnswer {
    let headers = header.into_iter().collect();
    AssetAnswer { status, headers, body: AssetBody::Whole(Bytes::new()) }
}
