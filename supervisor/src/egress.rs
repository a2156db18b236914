//! The way out: requests that apps make with `fetch()`. [`Egress::send`] is the function to read first.
//!
//! A worker has no network. What its app asks for comes as frames over its link to a shard, and the shard looks up,
//! checks each address against the app's `egress`, connects to exactly what was checked, and relays. One [`Egress`] is one
//! generation of one app in one shard: its connections are never used for another app, or under another policy. A redirect
//! is followed by the worker, as a new request, and so checked again. docs/egress.md says what is checked when.

mod address;
mod commons;
mod connect;
mod error;
mod head;
mod idle;
mod policy;
mod target;
mod tls;
mod upload;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use nano_protocol::{FetchFailure, FetchHead, FetchResponse};
use tokio::time::sleep_until;

use crate::telemetry::{AppMetrics, EgressResult};
pub(crate) use commons::Commons;
use connect::{Connection, Connector};
pub(crate) use error::EgressError;
use idle::Idle;
pub(crate) use policy::Policy;
use target::Target;
pub(crate) use upload::{UploadError, UploadQueue};

/// How long a connection whose response came to its end may take to be ready for the next request.
const SETTLE: Duration = Duration::from_secs(1);

/// How long the phases of an outgoing request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// Looking up the host.
    pub(crate) resolve: Duration,
    /// Connecting, all of its addresses together.
    pub(crate) connect: Duration,
    /// The TLS handshake.
    pub(crate) tls: Duration,
    /// Without a byte of the response, or of the request being taken, as long as nobody else is waited for.
    pub(crate) idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { resolve: seconds(10), connect: seconds(10), tls: seconds(10), idle: seconds(300) }
    }
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Egress {
    connector: Connector,
    idle: Rc<Idle>,
    metrics: Option<Arc<AppMetrics>>,
}

/// A response that has begun.
pub(crate) struct Answer {
    /// What to tell the worker of it.
    pub(crate) head: FetchResponse,
    body: Incoming,
    host: String,
    timeout: Duration,
    /// Dropped with this, which closes it, unless the response came to its end.
    lease: Lease,
}

struct Lease {
    connection: Option<Connection>,
    origin: target::Origin,
    upload: Rc<UploadQueue>,
    idle: Rc<Idle>,
}

impl Egress {
    /// Requests are counted in `metrics`.
    pub(crate) fn new(commons: &Commons, policy: Policy, timeouts: Timeouts, metrics: Option<Arc<AppMetrics>>) -> Self {
        Self { connector: Connector::new(commons, policy, timeouts), idle: Rc::default(), metrics }
    }

    /// Sends a request, and waits for the head of its response. Dropped, it closes the connection.
    pub(crate) async fn send(&self, head: FetchHead, upload: &Rc<UploadQueue>) -> Result<Answer, EgressError> {
        let mut counted = Counted { metrics: self.metrics.as_deref(), result: EgressResult::Aborted };
        let answer = self.exchange(&head, upload).await;
        counted.result = match &answer {
            Ok(_) => EgressResult::Ok,
            Err(error) if error.failure == FetchFailure::Denied => EgressResult::Denied,
            Err(_) => EgressResult::Error,
        };
        answer
    }

    async fn exchange(&self, head: &FetchHead, upload: &Rc<UploadQueue>) -> Result<Answer, EgressError> {
        let target = Target::parse(&head.url)?;
        let mut request = head::request(head, &target, upload)?;
        if let Some(connection) = self.idle.take(&target.origin) {
            match self.ask(connection, request, &target, upload).await {
                Ok(answer) => return Ok(answer),
                // The other side closed it before it knew of the request.
                Err(Lost::Unsent(unsent)) => request = *unsent,
                Err(Lost::Sent(error)) if error.failure == FetchFailure::Closed && head::may_go_again(head) => {
                    request = head::request(head, &target, upload)?;
                }
                Err(Lost::Sent(error)) => return Err(error),
            }
        }
        let connection = self.connector.connect(&target.origin).await?;
        self.ask(connection, request, &target, upload).await.map_err(|lost| match lost {
            Lost::Sent(error) => error,
            Lost::Unsent(_) => {
                let text = format!("{} closed the connection at once", target.origin.host);
                EgressError::new(FetchFailure::Closed, text)
            }
        })
    }

    /// One request on one connection.
    async fn ask(
        &self,
        mut connection: Connection,
        request: http::Request<upload::Upload>,
        target: &Target,
        upload: &Rc<UploadQueue>,
    ) -> Result<Answer, Lost> {
        let host = target.origin.host.to_string();
        let timeout = self.connector.timeouts.idle;
        let sent = Instant::now();
        let waited_for = || upload.progress().max(sent);
        let response = within(timeout, waited_for, connection.sender.try_send_request(request)).await;
        let response = match response {
            None => return Err(Lost::Sent(EgressError::timed_out(format_args!("{host} did not answer"), timeout))),
            Some(Ok(response)) => response,
            Some(Err(mut failed)) => match failed.take_message() {
                Some(unsent) => return Err(Lost::Unsent(Box::new(unsent))),
                None => return Err(Lost::Sent(EgressError::of_http(&host, failed.error()))),
            },
        };
        let (parts, body) = response.into_parts();
        let head = head::response(&parts, &body, &host).map_err(Lost::Sent)?;
        let lease = Lease {
            connection: Some(connection),
            origin: target.origin.clone(),
            upload: Rc::clone(upload),
            idle: Rc::clone(&self.idle),
        };
        Ok(Answer { head, body, host, timeout, lease })
    }
}

/// A request that got no response.
enum Lost {
    /// Nothing of it was sent.
    Unsent(Box<http::Request<upload::Upload>>),
    Sent(EgressError),
}

impl Answer {
    /// The next piece of the body; `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, EgressError>> {
        loop {
            let asked = Instant::now();
            let host = &self.host;
            let frame = match within(self.timeout, || asked, self.body.frame()).await {
                None => return Some(Err(EgressError::timed_out(format_args!("{host} sent no more"), self.timeout))),
                Some(None) => return None,
                Some(Some(Err(error))) => return Some(Err(EgressError::of_http(host, &error))),
                Some(Some(Ok(frame))) => frame,
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Some(Ok(data)),
                // Trailers have no place in the platform's Response.
                Err(_) => {}
            }
        }
    }

    /// Whether all of the body was taken.
    pub(crate) fn is_complete(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The response came to its end: the connection can be used again.
    pub(crate) fn finish(self) {
        let Lease { connection, origin, upload, idle } = self.lease;
        let Some(mut connection) = connection.filter(|_| upload.is_done()) else { return };
        drop(self.body);
        if connection.sender.is_ready() {
            return idle.put(origin, connection);
        }
        tokio::task::spawn_local(async move {
            if let Ok(Ok(())) = tokio::time::timeout(SETTLE, connection.sender.ready()).await {
                idle.put(origin, connection);
            }
        });
    }
}

/// The future's output, or `None` when `limit` has passed since `since()`, which may move on meanwhile.
async fn within<F: Future>(limit: Duration, since: impl Fn() -> Instant, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut timer = std::pin::pin!(sleep_until((since() + limit).into()));
    loop {
        tokio::select! {
            biased;
            output = &mut future => return Some(output),
            () = &mut timer => {
                let due = since() + limit;
                if due <= Instant::now() {
                    return None;
                }
                timer.set(sleep_until(due.into()));
            }
        }
    }
}

/// Counts a request once, however it ends.
struct Counted<'a> {
    metrics: Option<&'a AppMetrics>,
    result: EgressResult,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some(metrics) = self.metrics {
            metrics.egress_request(self.result);
        }
    }
}
