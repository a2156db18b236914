//! `GET /logs?app=NAME&follow=1`: the log's last lines, and with `follow` the later ones, as JSON lines.

use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Either;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use super::{ControlResponse, LineStream, MAX_FOLLOWERS, failure};
use crate::log::{LogReader, NextRecord, Record};
use crate::supervisor::Supervisor;

/// Chunks queued between the log and the client's socket, and about how many bytes each has.
const PIECES: usize = 1;
const PIECE: usize = 64 * 1024;

/// A client that reads nothing for so long is disconnected.
const STALLED: Duration = Duration::from_secs(60);

#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    app: Option<String>,
    follow: bool,
}

impl Query {
    fn parse(text: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                // App names need no percent-decoding.
                ("app", name) => query.app = Some(name.to_owned()).filter(|name| !name.is_empty()),
                ("follow", "" | "1" | "true") => query.follow = true,
                ("follow", "0" | "false") => query.follow = false,
                (key, _) => {
                    return Err(format!(
                        "{key:?} is no parameter of /logs, or its value is none: there are app=NAME and follow=1"
                    ));
                }
            }
        }
        Ok(query)
    }

    fn wants(&self, record: &Record) -> bool {
        self.app.is_none() || self.app.as_deref() == record.app.as_deref()
    }
}

pub(super) fn logs(supervisor: &Rc<Supervisor>, followers: &Arc<Semaphore>, query: &str) -> ControlResponse {
    let query = match Query::parse(query) {
        Ok(query) => query,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "query", &error),
    };
    if let Some(name) = &query.app
        && supervisor.config().app(name).is_none()
    {
        return failure(StatusCode::NOT_FOUND, "no_such_app", &format!("there is no app {name:?}"));
    }
    let place = match query.follow.then(|| Arc::clone(followers).try_acquire_owned()).transpose() {
        Ok(place) => place,
        Err(_) => {
            let text = format!("{MAX_FOLLOWERS} clients follow the log already, and no more may: end one of them");
            return failure(StatusCode::SERVICE_UNAVAILABLE, "too_many_followers", &text);
        }
    };
    let log = supervisor.logs.recent().read(query.follow);
    let (pieces, lines) = mpsc::channel(PIECES);
    let mut drained = supervisor.drained.subscribe();
    // Ends when the client has gone, at the latest at the next line of the log.
    let _task = tokio::task::spawn_local(async move {
        let _place = place;
        tokio::select! {
            () = feed(log, &query, &pieces) => {}
            _ = drained.wait_for(|drained| *drained) => {}
        }
    });
    let mut reply = Response::new(Either::Right(LineStream(lines)));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    reply
}

async fn feed(mut log: LogReader, query: &Query, pieces: &mpsc::Sender<Bytes>) {
    loop {
        let mut batch = String::new();
        let mut next = log.take();
        if matches!(next, NextRecord::Nothing) && log.follows() {
            next = tokio::select! {
                next = log.wait() => next,
                () = pieces.closed() => return,
            };
        }
        loop {
            match next {
                NextRecord::Line(record) if query.wants(&record) => batch.push_str(&record.json),
                NextRecord::Line(_) => {}
                NextRecord::Missed(missed) => {
                    let text = "lines are missing here: the reader is too slow";
                    let _ = writeln!(batch, "{}", json!({ "level": "warn", "message": text, "missed": missed }));
                }
                NextRecord::Nothing => break,
            }
            if batch.len() >= PIECE {
                break;
            }
            next = log.take();
        }
        if batch.is_empty() {
            if log.follows() {
                continue;
            }
            return;
        }
        if !send(pieces, batch).await {
            return;
        }
    }
}

async fn send(pieces: &mpsc::Sender<Bytes>, text: String) -> bool {
    matches!(tokio::time::timeout(STALLED, pieces.send(Bytes::from(text))).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests;
