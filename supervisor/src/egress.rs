//! Carries out the fetches of apps. [`Egress::send`] is the function to read first.
//!
//! A worker has no network. Its fetches come as frames over its link to a shard. The shard looks the name up, checks
//! each address against the app's `egress`, connects to exactly the checked address, and relays. One [`Egress`] belongs
//! to one generation of one app in one shard: its connections are never used for another app, or under another policy.
//! The worker follows redirects, each as a new fetch, which is checked again. docs/egress.md says what is checked
//! when.

mod address;
mod commons;
mod connect;
mod error;
mod handshakes;
mod head;
mod idle;
mod names;
mod policy;
mod socket;
mod target;
mod tls;
mod upload;
mod websocket;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fragile::Fragile;
use http::HeaderMap;
use http::header::UPGRADE;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use nano_protocol::{FetchFailure, FetchHead, FetchResponse};
use tokio::time::sleep_until;

use crate::telemetry::{AppMetrics, EgressResult};
pub(crate) use commons::{Commons, MAX_LOOKUPS};
use connect::{Connector, EgressConnection};
pub(crate) use error::EgressError;
use idle::IdleConnections;
pub(crate) use policy::Policy;
use target::FetchTarget;
pub(crate) use tls::config as tls_config;
pub(crate) use upload::UploadQueue;
pub(crate) use websocket::{EgressTunnel, SocketAnswer};

/// How long a connection whose response has ended may take to be ready for the next request.
const REUSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The rest of an unwanted response is read, so that its connection can be reused, if it is at most this long.
const MAX_DRAINED: usize = 64 * 1024;
/// How many such rests of one app are read at once.
const MAX_DRAINING: usize = 16;

/// How long the phases of a fetch may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// Waiting for a permit, to open a connection or to make a handshake.
    pub(crate) permit: Duration,
    /// Looking up the host.
    pub(crate) resolve: Duration,
    /// Connecting, all of its addresses together.
    pub(crate) connect: Duration,
    /// The TLS handshake.
    pub(crate) tls: Duration,
    /// Without progress while only the other server is waited for: no byte of the response comes, no byte of the
    /// request is taken.
    pub(crate) idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { permit: seconds(30), resolve: seconds(10), connect: seconds(10), tls: seconds(10), idle: seconds(300) }
    }
}

/// Makes the fetches of one generation of an app in one shard.
#[derive(Debug)]
pub(crate) struct Egress {
    connector: Connector,
    /// Rests of responses that are being read so that their connections can be used again.
    draining: Rc<Cell<usize>>,
    metrics: Option<Arc<AppMetrics>>,
}

/// A response whose head has come.
pub(crate) struct EgressResponse {
    /// The head for the worker.
    pub(crate) head: FetchResponse,
    /// What it says of an upgrade.
    handshake: HeaderMap,
    body: Incoming,
    host: String,
    timeout: Duration,
    /// Dropping it closes the connection, unless the response has ended.
    lease: ConnectionLease,
}

struct ConnectionLease {
    connection: Option<EgressConnection>,
    origin: target::Origin,
    upload: Rc<UploadQueue>,
    idle: Rc<IdleConnections>,
    draining: Rc<Cell<usize>>,
}

impl Egress {
    /// Fetches are counted in `metrics`.
    pub(crate) fn new(
        commons: &Rc<Commons>,
        policy: Policy,
        timeouts: Timeouts,
        metrics: Option<Arc<AppMetrics>>,
    ) -> Self {
        Self { connector: Connector::new(commons.part(), policy, timeouts), draining: Rc::default(), metrics }
    }

    /// Sends the request of a fetch, and waits for the head of the response. Dropped, it closes the connection.
    pub(crate) async fn send(&self, head: FetchHead, upload: &Rc<UploadQueue>) -> Result<EgressResponse, EgressError> {
        let mut counted = Counted { metrics: self.metrics.as_deref(), result: EgressResult::Aborted };
        let answer = self.fetch(&head, upload).await;
        counted.result = EgressResult::of(answer.as_ref().err().map(|error| error.failure));
        answer
    }

    /// The same for a fetch that asks for a WebSocket.
    pub(crate) async fn send_socket(
        &self,
        head: FetchHead,
        upload: &Rc<UploadQueue>,
    ) -> Result<SocketAnswer, EgressError> {
        let mut counted = Counted { metrics: self.metrics.as_deref(), result: EgressResult::Aborted };
        let answer = self.fetch_socket(&head, upload).await;
        counted.result = EgressResult::of(answer.as_ref().err().map(|error| error.failure));
        answer
    }

    async fn fetch(&self, head: &FetchHead, upload: &Rc<UploadQueue>) -> Result<EgressResponse, EgressError> {
        let target = FetchTarget::parse(&head.url)?;
        let mut request = head::request(head, &target, upload)?;
        if let Some(connection) = self.connector.part.idle.take(&target.origin) {
            match self.ask(connection, request, &target, upload).await {
                Ok(answer) => return Ok(answer),
                // The server closed the connection before it read the request.
                Err(Lost::Unsent(unsent)) => request = *unsent,
                Err(Lost::Sent(error)) if error.failure == FetchFailure::Closed && head::may_go_again(head) => {
                    request = head::request(head, &target, upload)?;
                }
                Err(Lost::Sent(error)) => return Err(error),
            }
        }
        let connection = self.connector.connect(&target.origin).await?;
        self.ask(connection, request, &target, upload).await.map_err(|lost| lost.error(&target))
    }

    /// One request on one connection.
    async fn ask(
        &self,
        mut connection: EgressConnection,
        mut request: http::Request<upload::UploadBody>,
        target: &FetchTarget,
        upload: &Rc<UploadQueue>,
    ) -> Result<EgressResponse, Lost> {
        let upgrades = request.headers().contains_key(UPGRADE);
        let host = target.origin.host.to_string();
        let timeout = self.connector.timeouts.idle;
        let sent = Instant::now();
        let waited_for = || upload.progress().max(sent);
        connection.watch.expect_head();
        let watch = Rc::clone(&connection.watch);
        let counted = Fragile::new(Rc::clone(&watch));
        hyper::ext::on_informational(&mut request, move |_| counted.get().count_informational());
        let response = within(timeout, waited_for, connection.sender.try_send_request(request)).await;
        if watch.too_much() {
            let text = format!("{host} sent too much before the head of its response");
            return Err(Lost::Sent(EgressError::new(FetchFailure::Malformed, text)));
        }
        watch.head_came();
        let response = match response {
            None => return Err(Lost::Sent(EgressError::timed_out(format_args!("{host} did not answer"), timeout))),
            Some(Ok(response)) => response,
            Some(Err(mut failed)) => match failed.take_message() {
                Some(unsent) => return Err(Lost::Unsent(Box::new(unsent))),
                None => return Err(Lost::Sent(EgressError::of_http(&host, failed.error()))),
            },
        };
        let (parts, body) = response.into_parts();
        let head = head::response(&parts, &body, &host, upgrades).map_err(Lost::Sent)?;
        let lease = ConnectionLease {
            connection: Some(connection),
            origin: target.origin.clone(),
            upload: Rc::clone(upload),
            idle: Rc::clone(&self.connector.part.idle),
            draining: Rc::clone(&self.draining),
        };
        let handshake = websocket::handshake_of(&parts.headers);
        Ok(EgressResponse { head, handshake, body, host, timeout, lease })
    }
}

/// A request that got no response.
enum Lost {
    /// None of it was sent.
    Unsent(Box<http::Request<upload::UploadBody>>),
    Sent(EgressError),
}

impl Lost {
    /// What it is to the app.
    fn error(self, target: &FetchTarget) -> EgressError {
        match self {
            Self::Sent(error) => error,
            Self::Unsent(_) => {
                let text = format!("{} closed the connection at once", target.origin.host);
                EgressError::new(FetchFailure::Closed, text)
            }
        }
    }
}

impl EgressResponse {
    /// The next chunk of the body; `None` at its end.
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
                // Trailers: the platform's Response has none.
                Err(_) => {}
            }
        }
    }

    /// Whether the whole body was taken.
    pub(crate) fn is_complete(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The response has ended: the connection can be reused.
    pub(crate) fn finish(self) {
        drop(self.body);
        self.lease.give_back();
    }

    /// The rest of the response is not wanted. If it is short and comes soon, the connection can be reused.
    pub(crate) async fn give_up(mut self) {
        let draining = Rc::clone(&self.lease.draining);
        let is_short = self.body.size_hint().exact().is_none_or(|left| left <= MAX_DRAINED as u64);
        if !is_short || !self.lease.upload.is_done() || draining.get() >= MAX_DRAINING {
            return;
        }
        let _counted = Draining::begin(draining);
        let rest = async {
            let mut left = MAX_DRAINED;
            while !self.is_complete() {
                match self.next().await {
                    None => return true,
                    Some(Ok(data)) if data.len() <= left => left -= data.len(),
                    Some(_) => return false,
                }
            }
            true
        };
        let is_read = tokio::time::timeout(REUSE_TIMEOUT, rest).await.unwrap_or(false);
        if is_read {
            self.finish();
        }
    }
}

/// Counts one rest that is being read.
struct Draining(Rc<Cell<usize>>);

impl Draining {
    fn begin(count: Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl ConnectionLease {
    fn give_back(self) {
        let Self { connection, origin, upload, idle, .. } = self;
        let Some(mut connection) = connection.filter(|_| upload.is_done()) else { return };
        if connection.sender.is_ready() {
            return idle.put(origin, connection);
        }
        tokio::task::spawn_local(async move {
            if let Ok(Ok(())) = tokio::time::timeout(REUSE_TIMEOUT, connection.sender.ready()).await {
                idle.put(origin, connection);
            }
        });
    }
}

/// The future's output, or `None` when `limit` has passed since `since()`, which may move forward meanwhile.
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

/// Counts a request once, whatever its result.
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
