//! [`Runtime`]'s dealings with an app: its start, its requests. `serve.rs` calls these for each frame.

pub(crate) mod accessor_style;
mod app_log;
pub(crate) mod outgoing;
pub(crate) mod serve;

use std::rc::Rc;

use nano_protocol::{AccessorStyle, BodyLength, RequestHead, RequestId, ResetReason, Stats, StreamViolation};

use crate::engine::async_context;
use crate::engine::entry::{Entry, call, entry_function};
use crate::engine::event_loop::checkpoint;
use crate::engine::exception;
use crate::engine::modules::MainModule;
use crate::engine::runtime::Runtime;
use crate::engine::state::State;
use crate::exchange::request::{Outcome, RequestKey};
use crate::ops::request::settle_reader;

/// The functions of worker/dispatch.js.
pub(crate) struct AppEntries {
    abort_request: Entry,
    dispatch_request: Entry,
    pub(crate) response_passed_on: Entry,
    resume_response: Entry,
}

impl Runtime {
    /// The path of the module with this name.
    pub(crate) fn module_path(&self, name: &str) -> Option<String> {
        self.state.modules.borrow().path_of(name)
    }

    /// Hands the evaluated main module to the dispatcher. An error says what is wrong with the app.
    pub(crate) fn start_app(&mut self, env: &[(String, String)], style: AccessorStyle) -> Result<(), String> {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let MainModule::Evaluating(_, module) = self.state.modules.borrow().main() else {
            return Err("it is not loaded".into());
        };
        let namespace = v8::Local::new(scope, module).get_module_namespace();
        let mut list: Vec<v8::Local<v8::Value>> = Vec::with_capacity(env.len() * 2);
        for text in env.iter().flat_map(|(name, value)| [name, value]) {
            list.push(v8::String::new(scope, text).ok_or("its environment is too large")?.into());
        }
        let list = v8::Array::new_with_elements(scope, &list);
        let entry = v8::Local::new(scope, &self.entry.others);
        let function = |name: &str| entry_function(scope, entry, name).ok_or("the dispatcher is not built in");
        let app = AppEntries {
            abort_request: function("abortRequest")?,
            dispatch_request: function("dispatchRequest")?,
            response_passed_on: function("responsePassedOn")?,
            resume_response: function("resumeResponse")?,
        };
        let start_app = function("startApp")?;
        self.app = Some(app);
        let style = match style {
            AccessorStyle::Property => "property",
            AccessorStyle::Method => "method",
        };
        let style = v8::String::new(scope, style).ok_or("V8 is out of memory")?;
        v8::tc_scope!(let scope, scope);
        let function = v8::Local::new(scope, start_app);
        let undefined = v8::undefined(scope).into();
        let result = function.call(scope, undefined, &[namespace, list.into(), style.into()]);
        let result = match (result, scope.exception()) {
            (Some(complaint), _) if complaint.is_undefined() => Ok(()),
            (Some(complaint), _) => Err(complaint.to_rust_string_lossy(scope)),
            (None, Some(exception)) => Err(exception::describe(scope, exception)),
            (None, None) => Err("its execution was terminated".into()),
        };
        checkpoint(scope, &self.state);
        result
    }

    /// A request came in: calls the app.
    pub(crate) fn request(&mut self, link: usize, id: RequestId, head: RequestHead) {
        let Some(app) = &self.app else { return };
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let method = one_byte(scope, head.method.as_bytes());
        let url = v8::String::new(scope, &head.url);
        let has_body = v8::Boolean::new(scope, head.body != BodyLength::None);
        let key = self.state.requests.borrow_mut().open(link, id, head);
        let (Some(method), Some(url)) = (method, url) else {
            self.state.requests.borrow_mut().fail(key, ResetReason::Refused);
            return;
        };
        let key = async_context::enter(scope, key);
        call(scope, &self.state, &app.dispatch_request, &[key, method.into(), url.into(), has_body.into()]);
        checkpoint(scope, &self.state);
    }

    /// What came of a request's body is there to be read.
    pub(crate) fn request_news(&mut self, key: RequestKey) {
        let outcome = self.state.requests.borrow_mut().news(key);
        self.follow(Some(key), outcome);
    }

    /// A response may go on: the link has room again.
    pub(crate) fn resume_response(&mut self, key: RequestKey) {
        let outcome = self.state.requests.borrow_mut().resume(key);
        self.follow(Some(key), outcome);
    }

    /// The supervisor takes more of a response's body.
    pub(crate) fn request_credit(&mut self, link: usize, id: RequestId, bytes: u32) -> Result<(), StreamViolation> {
        let key = self.state.requests.borrow().key_of(link, id);
        let outcome = self.state.requests.borrow_mut().credit(link, id, bytes)?;
        self.follow(key, outcome);
        Ok(())
    }

    /// Does what is to be done after something happened to a request.
    fn follow(&mut self, key: Option<RequestKey>, outcome: Outcome) {
        let (Some(key), Some(app)) = (key, &self.app) else { return };
        let entry = match outcome {
            Outcome::Nothing | Outcome::Complete(None) => return,
            Outcome::Readable(reader) | Outcome::Complete(Some(reader)) => {
                return self.with_request(key, |scope, state| settle_reader(scope, state, key, &reader));
            }
            Outcome::HandOn(fetch) => return self.resume_hand_on(fetch),
            Outcome::Writable => app.resume_response.clone(),
            Outcome::PassedOn => app.response_passed_on.clone(),
        };
        self.with_request(key, |scope, state| {
            let key = v8::Integer::new_from_unsigned(scope, key).into();
            call(scope, state, &entry, &[key]);
        });
    }

    /// The supervisor ended a request.
    pub(crate) fn request_reset(&mut self, link: usize, id: RequestId, reason: ResetReason) {
        // What came before this is not lost by it.
        let known = self.state.requests.borrow().key_of(link, id);
        known.into_iter().for_each(|key| self.request_news(key));
        let Some((key, reader)) = self.state.requests.borrow_mut().reset(link, id) else { return };
        self.drop_orphans();
        let message = match reason {
            ResetReason::TimedOut => "The request took too long",
            ResetReason::BodyTooLarge => "The request's body is too large",
            _ => "The client closed the connection",
        };
        let Some(abort) = self.app.as_ref().map(|app| app.abort_request.clone()) else { return };
        self.with_request(key, |scope, state| {
            if let Some(reader) = reader {
                settle_reader(scope, state, key, &reader);
            }
            if let Some(message) = v8::String::new(scope, message) {
                let key = v8::Integer::new_from_unsigned(scope, key).into();
                call(scope, state, &abort, &[key, message.into()]);
            }
        });
    }

    /// Runs `body` as a request's code, then the microtasks.
    fn with_request(&mut self, key: RequestKey, body: impl FnOnce(&mut v8::PinScope, &Rc<State>)) {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        async_context::enter(scope, key);
        body(scope, &self.state);
        checkpoint(scope, &self.state);
    }

    /// Looks at the heap; all counters and gauges of the moment.
    pub(crate) fn stats(&mut self) -> Option<Stats> {
        self.state.heap.set(self.isolate.get_heap_statistics().used_heap_size());
        self.state.stats()
    }
}

fn one_byte<'s>(scope: &v8::PinScope<'s, '_>, text: &[u8]) -> Option<v8::Local<'s, v8::String>> {
    v8::String::new_from_one_byte(scope, text, v8::NewStringType::Internalized)
}
