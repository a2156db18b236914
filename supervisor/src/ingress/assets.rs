//! Requests that an app's static files answer: without the worker, and without its queue.

use std::rc::Rc;

use http::Response;
use http::request::Parts;
use nano_config::HostName;

use super::relay::{BodySource, ResponseBody, announce_close};
use super::request_log::RequestLog;
use super::rescue::AssetFailure;
use super::{Failure, IngressContext};
use crate::assets::{Asked, AssetAnswer, AssetBody, AssetError, Decision};
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
        let asked = Asked { method: &head.method, headers: &head.headers, url, path, query };
        let (file, status) = match assets.decide(asked) {
            Decision::Worker => return Ok(None),
            Decision::Answer(mut answer) => {
                assets.dress(&mut answer, asked);
                return Ok(Some(answer));
            }
            Decision::Method => return Err(AssetFailure::Method.into()),
            Decision::Nothing => return Err(AssetFailure::Missing.into()),
            Decision::File(file, status) => (file, status),
        };
        match assets.respond(&file, status, asked).await {
            Ok(mut answer) => {
                assets.dress(&mut answer, asked);
                return Ok(Some(answer));
            }
            Err(AssetError::Gone) => return Err(AssetFailure::Missing.into()),
            Err(AssetError::Busy) => return Err(Failure::QueueTimeout),
            Err(AssetError::Unreadable) => return Err(AssetFailure::Unreadable.into()),
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

/// The path of an `http` URL, and its query with the `?`.
fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or(url);
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
