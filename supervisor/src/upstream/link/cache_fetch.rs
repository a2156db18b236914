//! Calls of the Cache API. They come as fetches, and never near [`crate::egress`]: the caches are those of the link's app.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use nano_protocol::{BodyLength, CacheCall, FetchFailure, FetchHead};
use tokio::time::timeout;

use super::fetches::UNREAD;
use super::local_response::{self, LocalResponse};
use crate::app::App;
use crate::assets::AssetBody;
use crate::cache::{self, AppCache, Kept, MAX_BODY, Storing};
use crate::conditions::{Part, Validators};
use crate::egress::{EgressError, UploadQueue};
use crate::hop_by_hop::remove_hop_by_hop;

/// Says to the app that the response is one that was kept.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cf-cache-status");

/// Answers a call. An error is that there is no answer.
pub(super) async fn send(
    app: Option<&App>,
    head: &FetchHead,
    (name, call): (&str, &CacheCall),
    upload: &Rc<UploadQueue>,
) -> Result<LocalResponse, EgressError> {
    let unsendable = |text: &str| EgressError::new(FetchFailure::Unsendable, text);
    let cache = app.map(|app| &app.cache).ok_or_else(|| unsendable("there are no caches outside of an app"))?;
    let asked = local_response::headers(&head.headers).ok_or_else(|| unsendable("the headers are none of HTTP"))?;
    let key = cache::key(name, &head.url);
    let answer = match call {
        CacheCall::Match => match cache::find(cache, &key, &asked) {
            Some(kept) => answer_with(kept, &asked),
            None => empty(StatusCode::GATEWAY_TIMEOUT, HeaderMap::new()),
        },
        CacheCall::Delete => {
            empty(if cache.delete(&key) { StatusCode::OK } else { StatusCode::NOT_FOUND }, HeaderMap::new())
        }
        CacheCall::Put { status, headers } => {
            let headers = local_response::headers(headers);
            let headers = headers.ok_or_else(|| unsendable("the response's headers are none of HTTP"))?;
            let stored = store(cache, key, &asked, (*status, headers), (head.body, upload)).await;
            empty(if stored { StatusCode::NO_CONTENT } else { StatusCode::PAYLOAD_TOO_LARGE }, HeaderMap::new())
        }
    };
    answer.ok_or_else(|| unsendable("the response's headers are too large"))
}

fn empty(status: StatusCode, headers: HeaderMap) -> Option<LocalResponse> {
    LocalResponse::of(status, headers, AssetBody::Whole(Bytes::new()))
}

/// Whether it was stored.
async fn store(
    cache: &AppCache,
    key: String,
    asked: &HeaderMap,
    (status, mut headers): (u16, HeaderMap),
    (length, upload): (BodyLength, &UploadQueue),
) -> bool {
    if matches!(length, BodyLength::Known(length) if length > MAX_BODY as u64) {
        return false;
    }
    remove_hop_by_hop(&mut headers);
    headers.remove(CONTENT_LENGTH);
    let Some(mut storing) = Storing::begin(cache, key, asked, (status, headers)) else { return false };
    // What is being stored takes the room of what is stored.
    while let Ok(chunk) = timeout(UNREAD, upload.next()).await {
        match chunk {
            None => {
                storing.finish();
                return true;
            }
            Some(data) if !storing.push(&data) => return false,
            Some(_) => {}
        }
    }
    false
}

/// All of a response, or what its request's `If-None-Match`, `If-Modified-Since` and `Range` ask for.
fn answer_with(kept: Kept, asked: &HeaderMap) -> Option<LocalResponse> {
    let Kept { status, mut headers, body } = kept;
    let status = StatusCode::from_u16(status).ok()?;
    headers.insert(CACHE_STATUS, HeaderValue::from_static("HIT"));
    if status != StatusCode::OK {
        return LocalResponse::of(status, headers, AssetBody::Whole(body));
    }
    let date = headers.get(LAST_MODIFIED).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let size = body.len() as u64;
    let version = Validators { size, modified: date, etag: headers.get(ETAG).cloned() };
    let (status, body) = match version.part(&Method::GET, asked) {
        Part::Whole => (status, body),
        Part::NotModified => (StatusCode::NOT_MODIFIED, Bytes::new()),
        // As if nothing were kept: the app asks for it.
        Part::Unmet => return empty(StatusCode::GATEWAY_TIMEOUT, HeaderMap::new()),
        Part::Unsatisfiable => {
            headers.insert(CONTENT_RANGE, HeaderValue::try_from(format!("bytes */{size}")).ok()?);
            (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new())
        }
        Part::Range(first, last) => {
            headers.insert(CONTENT_RANGE, HeaderValue::try_from(format!("bytes {first}-{last}/{size}")).ok()?);
            let range = usize::try_from(first).ok()?..=usize::try_from(last).ok()?;
            (StatusCode::PARTIAL_CONTENT, body.slice(range))
        }
    };
    LocalResponse::of(status, headers, AssetBody::Whole(body))
}
