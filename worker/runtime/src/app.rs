//! An app that serves: its isolate, its start, its requests. `serve.rs` calls these for each frame.

mod accessor_style;
mod app_log;
pub(crate) mod fetch_events;
pub(crate) mod serve;

use std::rc::Rc;

use nano_protocol::{AccessorStyle, EnvValue, RequestId, ResetReason, StreamViolation};
use url::Url;

use crate::engine::entry::{Entry, call};
use crate::engine::event_loop::checkpoint;
use crate::engine::exception;
use crate::engine::heap_image::HeapImage;
use crate::engine::modules::{MainModule, SourceError, javascript_path};
use crate::engine::runtime::{IsolateOptions, ProgramOptions, Runtime, RuntimeError};
use crate::exchange::Exchanges;
use crate::exchange::key::RequestKey;
use crate::exchange::request::{Call, Outcome};
use crate::ops::WEB_PLATFORM;
use crate::ops::request::settle_reader;

use accessor_style::Detector;
use fetch_events::FetchEvents;

/// The app's directory as scripts see it: where it is on the machine is hidden from them.
const APP_URL: &str = "file:///app/";

/// The functions of worker/dispatch.js.
struct AppEntries {
    check_exports: Entry,
    set_environment: Entry,
    start_app: Entry,
    abort_request: Entry,
    close_web_sockets: Entry,
    create_assets_binding: Entry,
    dispatch_request: Entry,
    dispatch_scheduled: Entry,
    handles_scheduled: Entry,
    response_handed_on: Entry,
    resume_response: Entry,
}

impl AppEntries {
    fn of(runtime: &mut Runtime) -> Result<Self, RuntimeError> {
        Ok(Self {
            check_exports: runtime.entry("checkExports")?,
            set_environment: runtime.entry("setEnvironment")?,
            start_app: runtime.entry("startApp")?,
            abort_request: runtime.entry("abortRequest")?,
            close_web_sockets: runtime.entry("closeWebSockets")?,
            create_assets_binding: runtime.entry("createAssetsBinding")?,
            dispatch_request: runtime.entry("dispatchRequest")?,
            dispatch_scheduled: runtime.entry("dispatchScheduled")?,
            handles_scheduled: runtime.entry("handlesScheduled")?,
            response_handed_on: runtime.entry("responseHandedOn")?,
            resume_response: runtime.entry("resumeResponse")?,
        })
    }
}

/// One app and its isolate.
pub(crate) struct App {
    entries: AppEntries,
    fetch_events: FetchEvents,
    /// Looks at the app's source while it is loaded.
    detector: Option<Detector>,
    exchanges: Rc<Exchanges>,
    runtime: Runtime,
}

impl App {
    /// An isolate with this limit of its memory, in bytes, before it is known which app's. Then: [`App::set_program`].
    pub(crate) fn without_program(snapshot: HeapImage, memory: u64) -> Result<Self, RuntimeError> {
        let base = Url::parse(APP_URL).map_err(|_| RuntimeError::Snapshot)?;
        let memory = Some(usize::try_from(memory).unwrap_or(usize::MAX));
        let options =
            IsolateOptions { snapshot: Some(snapshot), code_generation: false, exit_on_uncaught: false, memory, base };
        let mut runtime = Runtime::without_program(&options, &[WEB_PLATFORM])?;
        let exchanges = Exchanges::open(&mut runtime);
        let entries = AppEntries::of(&mut runtime).map_err(|error| runtime.explain(error))?;
        let fetch_events = FetchEvents::new(&mut runtime, &exchanges, Some(entries.response_handed_on.clone()));
        let fetch_events = fetch_events.map_err(|error| runtime.explain(error))?;
        Ok(Self { entries, fetch_events, detector: None, exchanges, runtime })
    }

    /// Says what it is for. Once, and before anything else.
    pub(crate) fn set_program(&mut self, program: ProgramOptions) -> Result<(), RuntimeError> {
        self.runtime.set_program(program)
    }

    /// From now on, [`App::accessor_call`] will know.
    fn detect_accessors(&mut self) {
        self.detector = Some(Detector::default());
    }

    /// The first call of the request's accessors as methods in the modules loaded so far. Asked once.
    fn accessor_call(&mut self) -> Option<String> {
        self.detector.take()?.method_call(javascript_path)
    }

    /// The text of a module came, or the reason why there is none.
    fn module_arrived(&mut self, path: &str, text: Result<Vec<u8>, SourceError>) {
        if let (Some(detector), Ok(text)) = (&mut self.detector, &text) {
            detector.add_module(path, text);
        }
        self.runtime.module_arrived(path, text);
    }

    /// Looks at the exports of the linked main module, none of whose code has run. `may_listen`: some module may add a listener for
    /// requests. An error says what is wrong with the app.
    fn check_exports(&mut self, may_listen: bool) -> Result<(), String> {
        let MainModule::Linked(module) = self.runtime.modules.borrow().main() else {
            return Err("it is not linked".into());
        };
        let check_exports = &self.entries.check_exports;
        self.runtime.with_scope(|scope| {
            let namespace = v8::Local::new(scope, module).get_module_namespace();
            let may_listen = v8::Boolean::new(scope, may_listen).into();
            complaint(scope, check_exports, &[namespace, may_listen])
        })
    }

    /// Gives the app its environment, before any of its code runs.
    fn set_environment(&mut self, env: &[(String, EnvValue)]) -> Result<(), String> {
        let set_environment = &self.entries.set_environment;
        let create_binding = &self.entries.create_assets_binding;
        self.runtime.with_scope(|scope| {
            let mut list: Vec<v8::Local<v8::Value>> = Vec::with_capacity(env.len() * 2);
            for (name, value) in env {
                list.push(v8::String::new(scope, name).ok_or(TOO_LARGE)?.into());
                list.push(env_value(scope, value, create_binding)?);
            }
            let list = v8::Array::new_with_elements(scope, &list);
            complaint(scope, set_environment, &[list.into()])
        })
    }

    /// Hands the evaluated main module to the dispatcher. An error says what is wrong with the app.
    fn start(&mut self, style: AccessorStyle) -> Result<(), String> {
        let MainModule::Evaluating(_, module) = self.runtime.modules.borrow().main() else {
            return Err("it is not loaded".into());
        };
        let (state, start_app) = (&self.exchanges.isolate, &self.entries.start_app);
        self.runtime.with_scope(|scope| {
            let namespace = v8::Local::new(scope, module).get_module_namespace();
            let style = match style {
                AccessorStyle::Property => "property",
                AccessorStyle::Method => "method",
            };
            let style = v8::String::new(scope, style).ok_or("V8 is out of memory")?;
            let result = complaint(scope, start_app, &[namespace, style.into()]);
            checkpoint(scope, state);
            result
        })
    }

    /// Whether the started app has a handler for scheduled events. Asking may call code of the app: a getter.
    fn handles_scheduled(&mut self) -> bool {
        let handles_scheduled = &self.entries.handles_scheduled;
        self.runtime.with_scope(|scope| {
            v8::tc_scope!(let scope, scope);
            let function = v8::Local::new(scope, handles_scheduled);
            let undefined = v8::undefined(scope).into();
            function.call(scope, undefined, &[]).is_some_and(|handles| handles.is_true())
        })
    }

    /// A request or a scheduled event came in: calls the app. False if it is over already.
    fn request(&mut self, key: RequestKey) -> bool {
        let call_with = self.exchanges.requests.borrow_mut().take_call(key);
        let Some(call_with) = call_with else { return false };
        let (exchanges, entries) = (&self.exchanges, &self.entries);
        self.runtime.run_as(key, |scope, number| {
            let called = match call_with {
                Call::Request { method, url, has_body } => {
                    let name = v8::NewStringType::Internalized;
                    let method = v8::String::new_from_one_byte(scope, method.as_bytes(), name);
                    method.zip(v8::String::new(scope, &url)).map(|(method, url)| {
                        let has_body = v8::Boolean::new(scope, has_body);
                        let arguments = [number, method.into(), url.into(), has_body.into()];
                        call(scope, &exchanges.isolate, &entries.dispatch_request, &arguments);
                    })
                }
                Call::Scheduled { cron, time } => v8::String::new(scope, &cron).map(|cron| {
                    // Exact: milliseconds of a date.
                    let time = v8::Number::new(scope, time as f64);
                    call(scope, &exchanges.isolate, &entries.dispatch_scheduled, &[number, cron.into(), time.into()]);
                }),
            };
            if called.is_none() {
                exchanges.requests.borrow_mut().fail(key, ResetReason::Refused);
            }
        });
        true
    }

    /// The time for open WebSockets is over.
    fn close_web_sockets(&mut self) {
        let (exchanges, close) = (&self.exchanges, &self.entries.close_web_sockets);
        self.runtime.run_as(0, |scope, _| call(scope, &exchanges.isolate, close, &[]));
    }

    /// What came of a request's body is there to be read.
    fn request_news(&mut self, key: RequestKey) {
        let outcome = self.exchanges.requests.borrow_mut().news(key);
        self.apply(Some(key), outcome);
    }

    /// It is a response's turn to use the room of its link.
    fn resume_response(&mut self, link: usize, id: RequestId) {
        let Some(key) = self.exchanges.requests.borrow().key_of(link, id) else { return };
        let outcome = self.exchanges.requests.borrow_mut().resume(key);
        self.apply(Some(key), outcome);
    }

    /// The supervisor takes more of a response's body.
    fn request_credit(&mut self, link: usize, id: RequestId, bytes: u32) -> Result<(), StreamViolation> {
        let key = self.exchanges.requests.borrow().key_of(link, id);
        let outcome = self.exchanges.requests.borrow_mut().credit(link, id, bytes)?;
        self.apply(key, outcome);
        Ok(())
    }

    /// Does what is to be done after something happened to a request.
    fn apply(&mut self, key: Option<RequestKey>, outcome: Outcome) {
        let Some(key) = key else { return };
        let exchanges = &self.exchanges;
        let entry = match outcome {
            Outcome::Nothing | Outcome::Complete(None) => return,
            Outcome::Readable(reader) | Outcome::Complete(Some(reader)) => {
                return self.runtime.run_as(key, |scope, _| settle_reader(scope, exchanges, key, &reader));
            }
            Outcome::HandOn(fetch) => return self.fetch_events.resume_hand_on(&mut self.runtime, fetch),
            Outcome::Writable => &self.entries.resume_response,
            Outcome::HandedOn => &self.entries.response_handed_on,
        };
        self.runtime.run_as(key, |scope, number| call(scope, &exchanges.isolate, entry, &[number]));
    }

    /// The supervisor ended a request that the app was called for.
    fn request_reset(&mut self, link: usize, id: RequestId, reason: ResetReason) {
        // What came before this is not lost by it.
        let known = self.exchanges.requests.borrow().key_of(link, id);
        known.into_iter().for_each(|key| self.request_news(key));
        let Some((key, reader)) = self.exchanges.requests.borrow_mut().reset(link, id) else { return };
        self.fetch_events.drop_orphans(&mut self.runtime);
        let message = match reason {
            ResetReason::TimedOut => "The request took too long",
            ResetReason::BodyTooLarge => "The request's body is too large",
            _ => "The client closed the connection",
        };
        let (exchanges, abort) = (&self.exchanges, &self.entries.abort_request);
        self.runtime.run_as(key, |scope, number| {
            if let Some(reader) = reader {
                settle_reader(scope, exchanges, key, &reader);
            }
            if let Some(message) = v8::String::new(scope, message) {
                call(scope, &exchanges.isolate, abort, &[number, message.into()]);
            }
        });
    }
}

const TOO_LARGE: &str = "its environment is too large";

/// A value of the environment, made anew.
fn env_value<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: &EnvValue,
    create_binding: &Entry,
) -> Result<v8::Local<'s, v8::Value>, String> {
    match value {
        EnvValue::Text(text) => Ok(v8::String::new(scope, text).ok_or(TOO_LARGE)?.into()),
        EnvValue::Json(text) => {
            let text = v8::String::new(scope, text).ok_or(TOO_LARGE)?;
            v8::tc_scope!(let scope, scope);
            v8::json::parse(scope, text).ok_or_else(|| TOO_LARGE.into())
        }
        EnvValue::Assets => {
            let create = v8::Local::new(scope, create_binding);
            let undefined = v8::undefined(scope).into();
            create.call(scope, undefined, &[]).ok_or_else(|| "V8 is out of memory".into())
        }
    }
}

/// Calls a function that looks at the app and says in words what is wrong with it, if anything.
fn complaint(scope: &mut v8::PinScope, function: &Entry, arguments: &[v8::Local<v8::Value>]) -> Result<(), String> {
    v8::tc_scope!(let scope, scope);
    let function = v8::Local::new(scope, function);
    let undefined = v8::undefined(scope).into();
    match (function.call(scope, undefined, arguments), scope.exception()) {
        (Some(complaint), _) if complaint.is_undefined() => Ok(()),
        (Some(complaint), _) => Err(complaint.to_rust_string_lossy(scope)),
        (None, Some(exception)) => Err(exception::describe(scope, exception)),
        (None, None) => Err("its execution was terminated".into()),
    }
}
