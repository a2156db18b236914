//! One request, from hyper to a worker and back. [`handle_request`] is the function to read first.
//!
//! route · admit · dispatch · relay · rescue: the host says which app, the app's pool says which worker and when, the
//! request goes over the worker's link, the response is relayed chunk by chunk, and whatever goes wrong before the
//! response has begun ends in [`rescue`], the only place where an error becomes a status.

mod access_line;
mod assets;
mod build_page;
mod client_headers;
mod context;
mod expectation;
mod forwarded;
#[cfg(fuzzing)]
pub mod fuzzing;
mod https;
mod origin;
mod relay;
mod request_head;
mod request_log;
mod rescue;
mod response_head;
mod run_trace;
mod scheduled;
mod target;
mod trace;
mod tunnels;
mod upload;
mod websocket;

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use nano_protocol::{BodyLength, ResetReason, ResponseHead};
use tracing::Instrument;

use crate::assets::AssetAnswer;
use crate::downstream::{RequestBody, Requester};
use crate::upstream::{Deadline, Death, Failed, NotAdmitted, RequestFrame, RequestSummary, Subject, UpstreamRequest};
pub(crate) use build_page::BuildPage;
pub(crate) use context::IngressContext;
pub(crate) use relay::ResponseBody;
use request_log::RequestLog;
use rescue::Failure;
use response_head::CheckedHead;
pub(crate) use scheduled::run as run_scheduled;
use target::Target;
pub(crate) use trace::Tracer;
use upload::{Sent, Upload};
use websocket::{Handshake, Switch};

/// How often a request whose worker ended is sent to another worker.
const RETRIES: u32 = 1;

/// How often, the first time included, a request is sent that no worker has read. So many workers in a row that die
/// before they read anything are no accident.
const MAX_TRIES: u32 = 4;

/// Answers one request. Never fails: a failure becomes a response, or a cut connection once the response has begun.
pub(crate) fn handle_request(
    context: Rc<IngressContext>,
    client: &Requester,
    request: http::Request<RequestBody>,
) -> impl Future<Output = Response<ResponseBody>> + use<> {
    let (head, body) = request.into_parts();
    let mut record = RequestLog::begin(&context, client, &head);
    let span = record.span().clone();
    let mut upload = Upload::new(body, client, expectation::waits(&head));
    let answer = async move {
        let outcome = forward(&context, &mut record, &head, &mut upload).await;
        // What is not a worker's to read is nobody's.
        if !matches!(outcome, Ok(Answer::Worker(_) | Answer::Switch(_)))
            && let Some(upload) = upload.take()
        {
            Box::pin(upload.leave()).await;
        }
        match outcome {
            Ok(Answer::Files(answer)) => assets::respond(answer, &head, record),
            Ok(Answer::Https(location)) => https::redirect(location, record),
            Ok(Answer::Challenge(answer)) => https::answer_challenge(answer, record),
            Ok(Answer::Page(page)) => build_page::respond(page, record),
            Ok(Answer::Switch(switch)) => websocket::switch(switch, record),
            Ok(Answer::Worker(answer)) => {
                let mut closes = record.closes();
                if let Some(upload) = upload {
                    closes |= Box::pin(relay::finish_upload(upload, answer.request.body_sender())).await;
                }
                relay::relay(answer, closes, &head, record)
            }
            Err(failure) => rescue::rescue(failure, record),
        }
    };
    answer.instrument(span)
}

/// What answers a request.
enum Answer {
    /// The app's static files.
    Files(AssetAnswer),
    /// A certificate authority gets what it asks for.
    Challenge(Bytes),
    /// The client is sent to `https`.
    Https(HeaderValue),
    /// The page of a project that does not load.
    Page(Bytes),
    /// Its worker.
    Worker(StartedResponse),
    /// Its worker, which makes the connection a WebSocket.
    Switch(Switch),
}

/// A response whose head has come.
struct StartedResponse {
    head: CheckedHead,
    request: UpstreamRequest,
}

/// route · admit · dispatch: sends the request to a worker and waits for the head of its response, unless a static file
/// answers it. Leaves the unsent rest of the request's body.
async fn forward(
    context: &Rc<IngressContext>,
    record: &mut RequestLog,
    head: &Parts,
    upload: &mut Option<Upload>,
) -> Result<Answer, Failure> {
    if record.client().is_excess() {
        return Err(Failure::TooManyRequests);
    }
    let Target { host, authority, url } = Target::read(head, record.origin().client.scheme)?;
    expectation::check(head)?;
    if let Some(answer) = https::challenge(context, head, &host) {
        return Ok(Answer::Challenge(answer));
    }
    https::check(record, &host)?;
    if let Some(page) = context.build_page.as_ref().and_then(|page| page.answer(head)) {
        return Ok(Answer::Page(page));
    }
    let mut pool = context.routes.find(&host).ok_or(Failure::UnknownHost)?;
    record.routed(&pool.app);
    if pool.app.availability.is_stopped() {
        return Err(Failure::Stopped);
    }
    tracing::trace!(method = %head.method, host = %host, "route");
    if let Some(location) = https::location(context, record, &host, &url)? {
        return Ok(Answer::Https(location));
    }
    if pool.app.assets.is_some()
        && let Some(answer) = Box::pin(assets::find(context, &mut pool, &host, head, &url)).await?
    {
        return Ok(Answer::Files(answer));
    }
    let timeout = pool.app.settings.timeout;
    if let Some(upload) = upload {
        upload.limit(pool.app.settings.max_body_bytes)?;
    }
    let handshake = Handshake::read(head, upload.is_some())?;
    let length = match &handshake {
        Some(_) => BodyLength::Unknown,
        None => upload.as_ref().map_or(BodyLength::None, Upload::length),
    };
    let about = RequestSummary {
        what: Subject::Request(head.method.clone(), head.uri.path_and_query().cloned()),
        id: record.id().header(),
        spans: record.fetch_spans(),
    };
    let mut frame = RequestFrame::new(
        request_head::build(
            head,
            authority,
            url,
            (record.origin(), record.id(), record.trace()),
            (length, handshake.is_some()),
        )?,
        about,
    );

    let patience = Instant::now() + timeout;
    // The time counts from the first time it is sent to a worker.
    let mut since: Option<Instant> = None;
    let mut tries = Tries::default();
    loop {
        let permit = match pool.admit(since.map_or(patience, |since| since + timeout), frame.head_bytes()).await {
            Ok(permit) => permit,
            Err(NotAdmitted::Moved) => {
                pool = context.routes.find(&host).ok_or(Failure::UnknownHost)?;
                if pool.app.availability.is_stopped() {
                    return Err(Failure::Stopped);
                }
                continue;
            }
            Err(NotAdmitted::TimedOut) if since.is_some() => return Err(Failure::TimedOut),
            Err(refused) => return Err(refused.into()),
        };
        tracing::trace!("admit");
        let since = *since.get_or_insert_with(Instant::now);
        let due = Deadline { since, at: since + timeout };
        let Some(sent) = permit.send(&mut frame, due) else { continue };
        let request = &sent.request;
        record.dispatched(request);
        tracing::trace!("dispatch");
        let outcome = response_head(request, upload).await;
        if matches!(outcome, Ok(_) | Err(Failure::Worker(Failed::Reset(_)))) {
            sent.record_success();
        }
        match outcome {
            Ok(given) => {
                let Some(head) = CheckedHead::check(&given, &head.method) else {
                    request.refuse_head();
                    return Err(Failure::Worker(Failed::Protocol));
                };
                let answer = StartedResponse { head, request: sent.request };
                return Ok(match handshake.filter(|_| answer.head.status == StatusCode::SWITCHING_PROTOCOLS) {
                    Some(handshake) => {
                        let tunnel = context.tunnels.enter(&pool.app.name);
                        Answer::Switch(Switch::new(answer, handshake, tunnel)?)
                    }
                    None => Answer::Worker(answer),
                });
            }
            Err(Failure::Worker(failed)) if tries.one_more(failed, upload.as_ref(), &head.method) => {}
            Err(failure) => return Err(failure),
        }
    }
}

/// Waits for the head of the response, and sends the request's body meanwhile.
async fn response_head(request: &UpstreamRequest, upload: &mut Option<Upload>) -> Result<ResponseHead, Failure> {
    let head = poll_fn(|cx| {
        if let Some(sending) = upload {
            match sending.poll(cx, request.body_sender()) {
                Poll::Pending => {}
                Poll::Ready(Ok(Sent::All)) => *upload = None,
                // The rest of the body is handled after the response.
                Poll::Ready(Ok(Sent::Unwanted)) => {}
                Poll::Ready(Err(error)) => {
                    request.reset(error.reset_reason());
                    return Poll::Ready(Err(error.into()));
                }
            }
        }
        request.poll_head(cx).map_err(Failure::Worker)
    })
    .await;
    if upload.as_ref().is_some_and(Upload::was_just_asked_for) {
        // hyper asks the client for the body before it gets the response's head.
        tokio::task::yield_now().await;
    }
    head
}

/// How often a request was sent.
#[derive(Debug, Default)]
struct Tries {
    /// To a worker that may have read it.
    seen: u32,
    all: u32,
}

impl Tries {
    /// Whether a request that got no response may be sent to another worker. A body that was begun cannot be sent
    /// again. The time limit is that of the first try.
    fn one_more(&mut self, failed: Failed, upload: Option<&Upload>, method: &Method) -> bool {
        let unseen = matches!(failed, Failed::Died(Death { seen: false, .. }));
        self.all += 1;
        self.seen += u32::from(!unseen);
        if upload.is_some_and(Upload::has_begun) || self.all >= MAX_TRIES || self.seen > RETRIES {
            return false;
        }
        match failed {
            Failed::Died(Death { seen: false, .. }) | Failed::Reset(ResetReason::Refused) => true,
            Failed::Died(Death { culprit, .. }) => {
                matches!(*method, Method::GET | Method::HEAD) && upload.is_none() && !culprit
            }
            Failed::Reset(_) | Failed::TimedOut | Failed::Protocol | Failed::Upload => false,
        }
    }
}

#[cfg(test)]
mod tests;
