//! `GET /logs?app=NAME&n=100&since=10m&level=warn&grep=REGEX&follow=1`: the log's last lines that are wanted, and with
//! `follow` the later ones, as JSON lines.

use std::collections::VecDeque;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Either;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use super::log_query::LogQuery;
use super::{ControlResponse, LineStream, MAX_FOLLOWERS, failure};
use crate::log::{LogReader, NextRecord};
use crate::supervisor::Supervisor;

/// Chunks queued between the log and the client's socket, and about how many bytes each has.
const PIECES: usize = 1;
const PIECE: usize = 64 * 1024;

/// A client that reads nothing for so long is disconnected.
const STALLED: Duration = Duration::from_secs(60);

pub(super) fn logs(supervisor: &Rc<Supervisor>, followers: &Arc<Semaphore>, query: &str) -> ControlResponse {
    let query = match LogQuery::parse(query, SystemTime::now()) {
        Ok(query) => query,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "query", &error.to_string()),
    };
    if let Some(name) = &query.app
        && supervisor.config().app(name).is_none()
        && !supervisor.logs.recent().has(name)
    {
        let error = format!("there is no app {name:?}, and the log has no line of one that was removed");
        return failure(StatusCode::NOT_FOUND, "no_such_app", &error);
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

async fn feed(mut log: LogReader, query: &LogQuery, pieces: &mpsc::Sender<Bytes>) {
    if let Some(most) = query.last {
        go_to_last(&mut log, query, most).await;
    }
    loop {
        // A filter that lets nothing through must not occupy the thread.
        tokio::task::yield_now().await;
        let mut batch = String::new();
        let mut looked_at = 0;
        let mut next = log.take();
        if matches!(next, NextRecord::Nothing) && log.follows() {
            next = tokio::select! {
                next = log.wait() => next,
                () = pieces.closed() => return,
            };
        }
        loop {
            match next {
                NextRecord::Line(record) => {
                    looked_at += record.json.len();
                    if query.wants(&record) {
                        batch.push_str(&record.json);
                    }
                }
                NextRecord::Missed(missed) => {
                    let text = "lines are missing here: the reader is too slow";
                    let _ = writeln!(batch, "{}", json!({ "level": "warn", "message": text, "missed": missed }));
                }
                NextRecord::Nothing if log.follows() => break,
                NextRecord::Nothing => {
                    send(pieces, batch).await;
                    return;
                }
            }
            if batch.len() >= PIECE || looked_at >= PIECE {
                break;
            }
            next = log.take();
        }
        if !send(pieces, batch).await {
            return;
        }
    }
}

/// Skips the kept lines before the last `most` that are wanted. Only their numbers are kept meanwhile.
async fn go_to_last(log: &mut LogReader, query: &LogQuery, most: usize) {
    let mut ahead = log.again();
    let mut last = VecDeque::new();
    let mut looked_at = 0;
    loop {
        let number = ahead.next_kept();
        match ahead.take() {
            NextRecord::Line(record) => {
                looked_at += record.json.len();
                if query.wants(&record) {
                    last.push_back(number);
                }
            }
            NextRecord::Missed(_) => {}
            NextRecord::Nothing => break,
        }
        if last.len() > most {
            last.pop_front();
        }
        if looked_at >= PIECE {
            looked_at = 0;
            tokio::task::yield_now().await;
        }
    }
    log.go_to(last.front().copied().unwrap_or_else(|| ahead.next_kept()));
}

async fn send(pieces: &mpsc::Sender<Bytes>, text: String) -> bool {
    if text.is_empty() {
        return !pieces.is_closed();
    }
    matches!(tokio::time::timeout(STALLED, pieces.send(Bytes::from(text))).await, Ok(Ok(())))
}
