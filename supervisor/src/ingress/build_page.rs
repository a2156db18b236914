//! The page that browsers get while a developer's project does not load (`nano dev`).

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use super::relay::ResponseBody;
use super::request_log::RequestLog;
use crate::request_id::X_REQUEST_ID;

/// The present page, if there is one. Shared by all shards.
#[derive(Debug, Default)]
pub(crate) struct BuildPage(Mutex<Option<Bytes>>);

impl BuildPage {
    /// Shows this page, or none.
    pub(crate) fn show(&self, page: Option<Bytes>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = page;
    }

    /// The answer to a request by which a browser opens a page.
    pub(super) fn answer(&self, head: &Parts) -> Option<Bytes> {
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        let accept = head.headers.get_all(ACCEPT).iter();
        let wants_page = accept.filter_map(|value| value.to_str().ok()).any(|accept| accept.contains("text/html"));
        let page = (reads && wants_page).then(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).clone());
        page.flatten()
    }
}

/// The response with the page.
pub(super) fn respond(page: Bytes, mut record: RequestLog) -> Response<ResponseBody> {
    const STATUS: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
    record.failed(STATUS, "not_built");
    let mut response = Response::new(());
    *response.status_mut() = STATUS;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // It quotes files of strangers.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_REQUEST_ID, record.id().header());
    response.map(|()| ResponseBody::whole(page, record))
}
