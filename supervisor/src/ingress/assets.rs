//! Requests that an app's static files answer: without the worker, and without its queue.

use std::rc::Rc;

use http::Response;
use http::request::Parts;
use nano_config::HostName;

use super::relay::{BodySource, ResponseBody, announce_close};
use super::request_log::RequestLog;
use super::rescue::AssetFailure;
use super::{Failure, IngressContext};
use crate::assets::{Asked, AskedBy, AssetAnswer, AssetBody, AssetError, Found};
use crate::request_id::X_REQUEST_ID;
use crate::upstream::Pool;

/// The answer of the app's files; `None`: the worker answers. `pool` is the app's present one after this.
pub(super) async fn find(
    context: &IngressContext,
    pool: &mut Rc<Pool>,
    host: &HostName,
    head: &Parts,
    url: &str,
) -> Result<Option<AssetAnswer>, Failure> {
    loop {
        let Some(slot) = &pool.app.assets else { return Ok(None) };
        let assets = match slot.get() {
            Some(assets) => assets,
            // nano starts, and the files are being listed.
            None => {
                tokio::time::timeout(pool.app.settings.timeout, slot.wait()).await.map_err(|_| Failure::QueueTimeout)?
            }
        };
        let (path, query) = split(url);
        let (method, headers) = (&head.method, &head.headers);
        let asked = Asked { method, headers, url, path, query, by: AskedBy::Client };
        match assets.find(asked).await {
            Ok(Found::Worker) => return Ok(None),
            Ok(Found::Answer(answer)) => return Ok(Some(answer)),
            Ok(Found::Method) => return Err(AssetFailure::Method.into()),
            Ok(Found::Nothing) | Err(AssetError::Gone) => return Err(AssetFailure::Missing.into()),
            Err(AssetError::Busy) => return Err(Failure::QueueTimeout),
            Err(AssetError::Unreadable) => return Err(AssetFailure::Unreadable.into()),
            Err(AssetError::HeadTooLarge) => return Err(AssetFailure::HeadTooLarge.into()),
            Err(AssetError::PathTooLong) => return Err(Failure::UriTooLong),
            Err(AssetError::Unmet) => return Err(AssetFailure::Unmet.into()),
            Err(AssetError::Unsatisfiable(size)) => return Err(AssetFailure::Unsatisfiable(size).into()),
            Err(AssetError::Moved) => {
                let before = pool.app.generation;
                *pool = context.routes.find(host).ok_or(Failure::UnknownHost)?;
                if pool.app.generation == before {
                    return Err(AssetFailure::Unreadable.into());
                }
            }
        }
    }
}

/// The path of an `http` or `https` URL, and its query with the `?`.
fn split(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    path.find('?').and_then(|at| path.split_at_checked(at)).unwrap_or((path, ""))
}

/// hyper's response.
pub(super) fn respond(answer: AssetAnswer, asked: &Parts, mut record: RequestLog) -> Response<ResponseBody> {
    let AssetAnswer { status, mut headers, body } = answer;
    record.answered(status);
    tracing::trace!(status = status.as_u16(), "file");
    let closes = record.closes();
    headers.insert(X_REQUEST_ID, record.id().header());
    let source = match body {
        AssetBody::Whole(bytes) => BodySource::Whole(bytes),
        AssetBody::File(reader) => BodySource::File(reader),
    };
    let mut response = Response::new(ResponseBody::new(source, record));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if closes {
        announce_close(&mut response, asked.version);
    }
    response
}

#[cfg(test)]
mod tests;
