//! Every frame in one enum, and the values it carries.

use bytes::Bytes;

use crate::compatibility_flags::CompatibilityFlags;
use crate::exit_reason::ExitReason;
use crate::fetch_destination::FetchDestination;
use crate::header_block::HeaderBlock;
use crate::reset_reason::{FetchFailure, ResetReason};
use crate::sandbox::LayerReport;
use crate::stats::Stats;
use crate::stream::StreamId;

/// The number of a request on one link: a stream that the supervisor begins.
pub type RequestId = u32;

/// The number of a fetch on one link: a stream that the worker begins.
pub type FetchId = u32;

/// One message. The doc of each variant says who sends it, on which link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Supervisor, control, once and first, after `Sandboxed`: what to run and within which limits.
    Boot(Box<Boot>),
    /// Worker, control, once and first: which layers of its sandbox are in force. Before that the supervisor sends
    /// nothing but `Adopt`, in particular no `Boot`.
    Sandboxed(Vec<LayerReport>),
    /// Worker, control, once and first, of a spare, which was started before it was known for which app: it is ready to be
    /// given one.
    Prepared,
    /// Supervisor, control, once, the answer to `Prepared`: the worker is an app's now. The number of its user is on its
    /// standard output, a pipe; it becomes that user and goes on with `Sandboxed`.
    Adopt {
        /// The app's name, for ps(1).
        app: String,
    },
    /// Worker, control: the source of a module is needed. `path` is relative to the app's directory, `/`-separated.
    ModuleRequest {
        /// Chosen by the worker; the answer bears it.
        id: u32,
        /// Relative to the app's directory, e.g. `lib/router.js`.
        path: String,
    },
    /// Supervisor, control: the answer to a `ModuleRequest`.
    ModuleSource {
        /// The number of the `ModuleRequest`.
        id: u32,
        /// The module's text, or why there is none.
        source: Result<Bytes, ModuleError>,
    },
    /// Worker, control: the app is loaded, requests may come.
    Ready(Ready),
    /// Worker, control: the app cannot be loaded; the worker exits after this.
    BootFailed(BootFailed),
    /// Supervisor, control, instead of `Boot`, and again after each `Checked`: the modules of an app are to be compiled and
    /// linked. No code of theirs runs. A worker that checks gets no app and no requests.
    Check(Check),
    /// Worker, control: the answer to `Check`. V8's version, or what is wrong with the modules.
    Checked(Result<String, BootFailed>),
    /// Supervisor, data: a request begins.
    RequestHead(RequestId, Box<RequestHead>),
    /// Worker, data: the response to a request begins.
    ResponseHead(RequestId, ResponseHead),
    /// Supervisor, data, in the place of a `RequestHead`: a scheduled event. There is no body either way; the worker answers with
    /// [`Frame::ScheduledDone`] or a `Reset`.
    Scheduled(RequestId, Box<Scheduled>),
    /// Worker, data: the app has handled a scheduled event, and everything that its `waitUntil` was given. Both sides forget the
    /// stream.
    ScheduledDone {
        /// The number of the `Scheduled`.
        id: RequestId,
    },
    /// Either side, data: a part of a body, at most [`crate::limits::MAX_CHUNK`] bytes, within the window.
    Data {
        /// Whose body it is: the request's from the side that began the stream, the response's from the other.
        stream: StreamId,
        /// True on the last one. After the response's last one both sides forget the stream, unless [`Frame::BodyWanted`]
        /// was sent and the request's body is not at its end: then with that, or a `Reset`.
        end: bool,
        /// May be empty, for an `end` that comes alone.
        data: Bytes,
    },
    /// Either side, data: the sender took `bytes` of the body it receives, and may be sent as many more.
    Credit {
        /// Whose body it is.
        stream: StreamId,
        /// At least 1.
        bytes: u32,
    },
    /// Worker, data, at most once: the app reads the request's body, and not all of it is there. Until then a client that
    /// waits to be asked for it is not asked; after it the body goes on when the response is complete.
    BodyWanted {
        /// The request.
        id: RequestId,
    },
    /// Either side, data: the stream is over, nothing more of it will come. Both sides forget it. From the supervisor also
    /// for a request whose response is complete: no more of its body will come. The worker answers each one that ends a
    /// request early with a [`Frame::ResetAck`].
    Reset {
        /// Which.
        stream: StreamId,
        /// Why.
        reason: ResetReason,
        /// For [`ResetReason::FetchFailed`] the same in words for the app's author, at most
        /// [`crate::limits::MAX_FETCH_ERROR`] bytes; otherwise empty.
        message: String,
    },
    /// Worker, data: the answer to a `Reset` of a request, whatever became of the request meanwhile: it is over here, and no
    /// code of the app will be called for it. None for [`ResetReason::BodyUnwanted`], which ends no request.
    ResetAck {
        /// The request.
        id: RequestId,
    },
    /// Worker, data: a fetch begins. At most [`crate::limits::MAX_FETCHES`] of a link are open at once.
    FetchHead(FetchId, Box<FetchHead>),
    /// Supervisor, data: the response to a fetch begins.
    FetchResponse(FetchId, Box<FetchResponse>),
    /// Worker, control: one message of the app (`console.log`) or of the runtime about the app.
    Log(LogLine),
    /// Worker, any link: counters since the worker's start. Sent on a data link before the responses of the turn that
    /// changed them, so that the supervisor knows them before the client knows the response.
    Stats(Stats),
    /// Supervisor, control: asks for a `Pong`.
    Ping(u64),
    /// Worker, control: the answer to a `Ping`.
    Pong {
        /// The ping's.
        nonce: u64,
        /// No code of the app can run before the next request: none is in flight, and no timer, fetch or promise of
        /// `waitUntil` is pending.
        idle: bool,
    },
    /// Supervisor, control: no new requests will come; finish the requests in flight and the promises of `waitUntil`,
    /// then exit.
    Drain,
    /// Supervisor, control: the time for open WebSockets is over; each is to be closed as for a restart.
    CloseSockets,
    /// Worker, every link, last: the process ends now, and why. `culprit` is the request that caused it, if it came
    /// over this link.
    Exiting {
        /// What ended the worker.
        reason: ExitReason,
        /// The request whose code was running.
        culprit: Option<RequestId>,
    },
}

impl Frame {
    /// A [`Frame::Reset`] without a message.
    #[must_use]
    pub fn reset(stream: StreamId, reason: ResetReason) -> Self {
        Self::Reset { stream, reason, message: String::new() }
    }

    /// A [`Frame::Reset`] for a fetch that failed.
    #[must_use]
    pub fn fetch_failed(number: FetchId, failure: FetchFailure, message: String) -> Self {
        Self::Reset { stream: StreamId::fetch(number), reason: ResetReason::FetchFailed(failure), message }
    }
}

/// What a worker needs before it can load its app.
#[derive(Clone, PartialEq, Eq)]
pub struct Boot {
    /// The app's name, for messages.
    pub app: String,
    /// The entry module, relative to the app's directory.
    pub entry: String,
    /// What the names of its scripts begin with, in stacks and messages.
    pub shown: String,
    /// The handler's second argument.
    pub env: Vec<(String, EnvValue)>,
    /// How the incoming request's accessors behave.
    pub request_accessors: RequestAccessors,
    /// What it has beside the web platform.
    pub compatibility_flags: CompatibilityFlags,
    /// The app's limits.
    pub limits: RuntimeLimits,
}

/// A value of an app's environment.
#[derive(Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// A string.
    Text(String),
    /// Anything else, as JSON.
    Json(String),
    /// The binding that asks for the app's static files.
    Assets,
}

impl EnvValue {
    /// The string, or the JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Json(text) => text,
            Self::Assets => "",
        }
    }
}

impl std::fmt::Debug for EnvValue {
    /// Any value may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnvValue")
    }
}

impl std::fmt::Debug for Boot {
    /// Leaves the environment's values out: they are the app's secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Boot")
            .field("app", &self.app)
            .field("entry", &self.entry)
            .field("shown", &self.shown)
            .field("env", &names)
            .field("request_accessors", &self.request_accessors)
            .field("compatibility_flags", &self.compatibility_flags)
            .field("limits", &self.limits)
            .finish()
    }
}

/// An app whose modules are to be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The entry module, relative to the app's directory.
    pub entry: String,
    /// What the names of its scripts begin with, in messages.
    pub shown: String,
    /// Bytes that V8's heap may have; that of the first `Check` counts.
    pub memory: u64,
    /// What the app has beside the web platform.
    pub compatibility_flags: CompatibilityFlags,
}

/// The limits that a worker keeps itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeLimits {
    /// Bytes that one stream may hold.
    pub stream_buffer: u64,
    /// The same in megabytes as the operator wrote it, for the message that an app sees.
    pub stream_buffer_text: String,
    /// Bytes that all streams together may hold; 0: no such limit.
    pub total_buffer: u64,
    /// The same in megabytes as the operator wrote it.
    pub total_buffer_text: String,
    /// Bytes of V8's heap and array buffers together.
    pub memory: u64,
    /// CPU time that one turn of the event loop may take, in milliseconds.
    pub cpu_ms: u32,
    /// Requests in flight. As many handlers may run on after the supervisor has ended their requests, without their places.
    pub max_concurrent: u32,
    /// How long such a handler counts, in milliseconds.
    pub timeout_ms: u32,
}

/// What the operator asked for with `request_accessors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestAccessors {
    /// `request.url` is a string, by the standard.
    Property,
    /// `request.url()` works as well.
    Method,
    /// The worker looks at the app's source and decides.
    Auto,
}

/// What the worker decided for `request_accessors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessorStyle {
    /// `request.url` is a string, by the standard.
    Property,
    /// `request.url()` works as well.
    Method,
}

/// Why a module's source cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// There is no such file.
    #[error("no such file")]
    NotFound,
    /// The path leads out of the app's directory.
    #[error("it lies outside the app's directory")]
    Outside,
    /// The file is larger than [`crate::limits::MAX_MODULE_SOURCE`].
    #[error("it is larger than 32 MiB")]
    TooLarge,
    /// The file could not be read; the text says why, for people.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A worker that is ready for requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// V8's version, e.g. `15.2.1`.
    pub v8: String,
    /// How the incoming request's accessors behave.
    pub accessors: AccessorStyle,
    /// The app has a handler for scheduled events.
    pub scheduled: bool,
}

/// Why an app could not be loaded, in words for the app's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootFailed {
    /// What is wrong; may have several lines (a stack).
    pub message: String,
    /// The module, relative to the app's directory; empty where no module is to blame.
    pub path: String,
    /// From 1; 0 where unknown.
    pub line: u32,
    /// From 1; 0 where unknown.
    pub column: u32,
}

/// A request as the app will see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// As the client sent it.
    pub method: String,
    /// Absolute, e.g. `http://a.example/path?query`.
    pub url: String,
    /// The `x-request-id` of this request, for log lines.
    pub request_id: String,
    /// Names in lower case.
    pub headers: HeaderBlock,
    /// Whether `Data` frames follow.
    pub body: BodyLength,
    /// The client asks to make its connection a WebSocket. What comes as the body, which has no length, are its bytes after
    /// the app's 101; the request itself has no body.
    pub websocket: bool,
}

/// One of an app's cron expressions is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// The expression as the operator wrote it.
    pub cron: String,
    /// When it was due, in milliseconds since 1970-01-01 UTC.
    pub time: u64,
    /// Stands for the `x-request-id` in log lines.
    pub request_id: String,
}

/// A response's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// 200 to 599; or 101, if the request asks for a WebSocket: the body then is what is sent on it.
    pub status: u16,
    /// Names in lower case.
    pub headers: HeaderBlock,
    /// Whether `Data` frames follow.
    pub body: BodyLength,
}

/// A fetch as the app wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchHead {
    /// A method of HTTP, in the case in which it is to be sent.
    pub method: String,
    /// Absolute, `http:` or `https:`.
    pub url: String,
    /// Names in lower case.
    pub headers: HeaderBlock,
    /// Whether `Data` frames follow.
    pub body: BodyLength,
    /// Who answers.
    pub to: FetchDestination,
    /// The request whose code makes it, if that is one of this link.
    pub request: Option<RequestId>,
}

/// The head of the response to a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchResponse {
    /// 200 to 599; or 101, if the fetch asks for a WebSocket.
    pub status: u16,
    /// The reason phrase, each character a byte of it.
    pub reason: String,
    /// Names in lower case.
    pub headers: HeaderBlock,
    /// Whether `Data` frames follow.
    pub body: BodyLength,
}

/// What is known of a body before it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none; no `Data` follows.
    None,
    /// Exactly so many bytes will come.
    Known(u64),
    /// Chunks come until one has `end`.
    Unknown,
}

/// The severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `console.debug`.
    Debug,
    /// `console.log`, `console.info`.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, uncaught errors.
    Error,
}

/// One message for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its severity.
    pub level: LogLevel,
    /// The `x-request-id` of the request whose code logged it; empty outside of requests.
    pub request_id: String,
    /// May have several lines.
    pub message: String,
    /// Messages that were dropped before this one, because there were too many.
    pub dropped: u64,
}
