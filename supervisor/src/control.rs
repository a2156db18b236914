//! The control socket: HTTP/1.1 with JSON over a Unix socket, for `nanoctl` and `curl --unix-socket`. Only root, the user
//! that runs nano and the members of `control_group` may use it.

mod drain;
mod follow;
pub mod group;
mod log_query;
pub(crate) mod pointer;
pub mod socket;
mod status;
pub(crate) mod top;
mod unauthorized;
mod upgrade;
mod why;

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use self::group::ControlGroup;
use crate::explain::explain;
use crate::http_date;
use crate::log;
use crate::printable;
use crate::reload::{self, ReloadError, Trigger};
use crate::supervisor::Supervisor;

/// How long a client may take to send a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at once. Operators' tools need few.
const MAX_CONNECTIONS: usize = 64;

/// Users without permission who are sent a reason at once. Further ones are only disconnected.
const MAX_REFUSALS: usize = 8;

/// Most bytes of one connection that hyper holds in each direction.
const BUFFER: usize = 64 * 1024;

/// How many connections may follow the log: the others are for commands.
const MAX_FOLLOWERS: usize = 48;

type ControlResponse = Response<Either<Full<Bytes>, LineStream>>;

/// A body whose chunks come from a channel.
pub(crate) struct LineStream(mpsc::Receiver<Bytes>);

impl Body for LineStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// Answers until it is dropped; `finish` waits for answers in progress. Must run in a `LocalSet`.
pub(crate) struct ControlServer {
    listener: UnixListener,
    /// Whose members may use it besides the owner and root.
    group: Option<ControlGroup>,
    supervisor: Rc<Supervisor>,
    connections: JoinSet<()>,
    /// Users without permission who are being sent the reason.
    refusals: JoinSet<()>,
    /// Permits for following the log.
    followers: Arc<Semaphore>,
}

impl ControlServer {
    pub(crate) fn new(listener: UnixListener, group: Option<ControlGroup>, supervisor: Rc<Supervisor>) -> Self {
        let followers = Arc::new(Semaphore::new(MAX_FOLLOWERS));
        Self { listener, group, supervisor, connections: JoinSet::new(), refusals: JoinSet::new(), followers }
    }

    pub(crate) async fn run(&mut self) {
        self.supervisor.lineage.opens().await;
        loop {
            while self.connections.len() >= MAX_CONNECTIONS {
                self.connections.join_next().await;
            }
            let accepted = tokio::select! {
                biased;
                // The nano that has taken over accepts from now on; connections that are there go on.
                () = self.supervisor.lineage.handed_over() => return std::future::pending().await,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => {
                    tracing::warn!(%error, "the control socket cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
            while self.connections.try_join_next().is_some() {}
        }
    }

    /// Waits for answers in progress.
    pub(crate) async fn finish(mut self, most: Duration) {
        let _ = tokio::time::timeout(most, async { while self.connections.join_next().await.is_some() {} }).await;
    }

    fn admit(&mut self, stream: UnixStream) {
        let own = nix::unistd::geteuid().as_raw();
        let peer = stream.peer_cred();
        let may = peer.as_ref().is_ok_and(|peer| {
            peer.uid() == own
                || peer.uid() == 0
                || self.group.as_ref().is_some_and(|group| group.has(&stream, peer.gid()))
        });
        let peer = peer.map(|peer| peer.uid());
        if !may {
            tracing::warn!(?peer, "a user without permission was turned away at the control socket");
            // A user without permission takes none of the connections of others.
            while self.refusals.try_join_next().is_some() {}
            if self.refusals.len() < MAX_REFUSALS {
                self.refusals.spawn_local(unauthorized::turn_away(stream, peer.ok(), own, self.group.clone()));
            }
            return;
        }
        let supervisor = Rc::clone(&self.supervisor);
        let followers = Arc::clone(&self.followers);
        self.connections.spawn_local(async move {
            let service = service_fn(|request| {
                let (supervisor, followers) = (Rc::clone(&supervisor), Arc::clone(&followers));
                async move {
                    let mut reply = answer(&supervisor, &followers, &request).await;
                    http_date::stamp(reply.headers_mut());
                    Ok::<_, Infallible>(reply)
                }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(BUFFER);
            let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
            let mut drained = supervisor.drained.subscribe();
            // Errors of the connection are the client's to report.
            tokio::select! {
                _ = connection.as_mut() => return,
                _ = drained.wait_for(|drained| *drained) => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
    }
}

/// Routes a request.
async fn answer(
    supervisor: &Rc<Supervisor>,
    followers: &Arc<Semaphore>,
    request: &Request<Incoming>,
) -> ControlResponse {
    let path: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
    let allowed = match path.as_slice() {
        ["apps" | "status" | "metrics" | "logs" | "why" | "explain" | "top"] | ["reload", "plan"] => Method::GET,
        ["reload" | "drain" | "log-level" | "upgrade"] | ["apps", _, "restart" | "stop" | "start" | "suspend"] => {
            Method::POST
        }
        _ => return failure(StatusCode::NOT_FOUND, "not_found", "there is no such path on the control socket"),
    };
    if *request.method() != allowed {
        let mut reply = failure(StatusCode::METHOD_NOT_ALLOWED, "method", &format!("use {allowed} for this path"));
        if let Ok(allowed) = HeaderValue::from_str(allowed.as_str()) {
            reply.headers_mut().insert(header::ALLOW, allowed);
        }
        return reply;
    }
    match path.as_slice() {
        ["apps"] => json_reply(StatusCode::OK, &status::apps(supervisor)),
        ["status"] => json_reply(StatusCode::OK, &status::server(supervisor)),
        ["metrics"] => match supervisor.scrapes.text().await {
            Ok(text) => reply(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text),
            Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "metrics", &error.to_string()),
        },
        ["logs"] => follow::logs(supervisor, followers, request.uri().query().unwrap_or_default()),
        ["log-level"] => log_level(supervisor, request.uri().query().unwrap_or_default()),
        ["why"] => why::why(supervisor, request.uri().query().unwrap_or_default()),
        ["top"] => json_reply(StatusCode::OK, &serde_json::to_value(top::sample(supervisor)).unwrap_or_default()),
        ["explain"] => explained(supervisor, request.uri().query().unwrap_or_default()),
        // An unknown parameter may change what the client meant: no reload.
        ["reload"] if request.uri().query().is_some() => failure(
            StatusCode::BAD_REQUEST,
            "query",
            "/reload takes no parameters; GET /reload/plan says what it would do",
        ),
        ["reload"] => reloaded(supervisor.reload(Trigger::Control).await, false),
        ["reload", "plan"] => reloaded(supervisor.rehearse_reload().await, true),
        ["upgrade"] => upgrade::upgrade(supervisor, request.uri().query().unwrap_or_default()).await,
        ["apps", name, "restart"] => restart(supervisor, name).await,
        ["apps", name, "stop"] => stop_app(supervisor, name).await,
        ["apps", name, "start"] => start_app(supervisor, name).await,
        ["apps", name, "suspend"] => suspend_app(supervisor, name).await,
        _ => drain::drain(supervisor, request.uri().query().unwrap_or_default()).await,
    }
}

fn reloaded(outcome: Result<reload::ReloadReport, ReloadError>, dry_run: bool) -> ControlResponse {
    match outcome {
        Ok(report) => {
            let mut body = serde_json::to_value(report).unwrap_or_default();
            if dry_run {
                body["dry_run"] = true.into();
            }
            json_reply(StatusCode::OK, &body)
        }
        Err(error) => change_failed(&error),
    }
}

/// `GET /explain?subject=HOST|APP`: the settings of an app that serves.
fn explained(supervisor: &Rc<Supervisor>, query: &str) -> ControlResponse {
    let subject = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "subject");
    let Some((_, subject)) = subject else {
        return failure(StatusCode::BAD_REQUEST, "query", "say of what: /explain?subject=HOST or /explain?subject=APP");
    };
    match explain(&supervisor.config(), &subject) {
        Ok(mut body) => {
            let name = body["app"].as_str().unwrap_or_default().to_owned();
            body["running"] = status::of_app(supervisor, &name);
            body["certificates"] = status::certificates(supervisor, &body["hostnames"]);
            json_reply(StatusCode::OK, &body)
        }
        Err(error) => failure(StatusCode::NOT_FOUND, "no_such_app", &error.to_string()),
    }
}

/// Changes what is logged, until the next start or until the configuration's own level changes.
fn log_level(supervisor: &Rc<Supervisor>, query: &str) -> ControlResponse {
    let Some(word) = query.strip_prefix("level=") else {
        return failure(StatusCode::BAD_REQUEST, "query", "say which: POST /log-level?level=debug");
    };
    let level = match log_query::level(word) {
        Ok(level) => level,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "query", &error.to_string()),
    };
    let was = supervisor.logs.set_level(level);
    let configured = log::level_name(supervisor.logs.configured_level());
    let (level, was) = (log::level_name(level), log::level_name(was));
    if level != was {
        tracing::warn!(level, was, configured, "the log's level was changed at the control socket");
    }
    json_reply(StatusCode::OK, &json!({ "level": level, "was": was, "configured": configured }))
}

async fn restart(supervisor: &Rc<Supervisor>, name: &str) -> ControlResponse {
    match supervisor.restart(name).await {
        Ok(()) => json_reply(StatusCode::OK, &json!({ "restarted": name })),
        Err(error) => change_failed(&error),
    }
}

/// Answers when its workers are gone.
async fn stop_app(supervisor: &Rc<Supervisor>, name: &str) -> ControlResponse {
    let (own, app) = (Rc::clone(supervisor), name.to_owned());
    // A client that leaves does not leave it half done.
    let stopped = tokio::task::spawn_local(async move { own.stop_app(&app).await });
    match stopped.await {
        Ok(Ok(now)) => json_reply(StatusCode::OK, &json!({ "stopped": name, "was_stopped": !now })),
        Ok(Err(error)) => change_failed(&error),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "internal", &error.to_string()),
    }
}

async fn start_app(supervisor: &Rc<Supervisor>, name: &str) -> ControlResponse {
    match supervisor.start_app(name).await {
        Ok(now) => json_reply(StatusCode::OK, &json!({ "started": name, "was_stopped": now })),
        Err(error) => change_failed(&error),
    }
}

/// Answers when its workers are gone, or go on.
async fn suspend_app(supervisor: &Rc<Supervisor>, name: &str) -> ControlResponse {
    let (own, app) = (Rc::clone(supervisor), name.to_owned());
    let suspended = tokio::task::spawn_local(async move { own.suspend_app(&app).await });
    match suspended.await {
        Ok(Ok(now)) => json_reply(StatusCode::OK, &json!({ "suspended": name, "was_running": now })),
        Ok(Err(error)) => change_failed(&error),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "internal", &error.to_string()),
    }
}

fn change_failed(error: &ReloadError) -> ControlResponse {
    let status = match error {
        ReloadError::NoSuchApp(_) => StatusCode::NOT_FOUND,
        ReloadError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        ReloadError::NeedsRestart(_) | ReloadError::Stopped(_) | ReloadError::Busy(_) => StatusCode::CONFLICT,
        ReloadError::Config(_) | ReloadError::Apps(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut body = json!({ "error": error.to_string(), "code": error.code() });
    if let ReloadError::NeedsRestart(keys) = error {
        body["needs_restart"] = json!(keys);
    }
    if let (ReloadError::Config(faults) | ReloadError::Apps(faults), Some(body)) = (error, body.as_object_mut()) {
        let faults = faults.diagnostics().iter().map(fault_json);
        body.insert("faults".to_owned(), faults.collect());
    }
    json_reply(status, &body)
}

/// One fault of a configuration, for programs.
pub(crate) fn fault_json(fault: &nano_config::Diagnostic) -> Value {
    json!({
        "file": fault.file.display().to_string(), "line": fault.line, "column": fault.column,
        "key": fault.key, "message": fault.message, "suggestion": fault.suggestion,
    })
}

fn failure(status: StatusCode, code: &str, error: &str) -> ControlResponse {
    json_reply(status, &json!({ "error": error, "code": code }))
}

fn json_reply(status: StatusCode, body: &Value) -> ControlResponse {
    // curl may print it to a terminal.
    reply(status, "application/json", format!("{}\n", printable::json(&body.to_string())))
}

fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> ControlResponse {
    let mut reply = Response::new(Either::Left(Full::new(body.into())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}
