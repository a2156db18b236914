//! [`Runtime`]'s dealings with outgoing requests: what the supervisor says of them goes to fetch/fetch.js.

use std::rc::Rc;

use bytes::Bytes;
use nano_protocol::{
    BodyLength, FetchFailure, FetchId, FetchResponse, Frame, ResetReason, Side, StreamId, StreamViolation,
};

use crate::engine::async_context;
use crate::engine::entry::{Entry, call};
use crate::engine::event_loop::checkpoint;
use crate::engine::log_sink::LogLevel;
use crate::engine::runtime::Runtime;
use crate::engine::state::State;
use crate::exchange::fetch::{BODY_FAILED, FetchKey, FetchOutcome, HandedOn};
use crate::exchange::request::{Outcome, RequestKey};
use crate::ops::fetch::settle_fetch_reader;
use crate::ops::request::settle_reader;

/// The functions of fetch/fetch.js.
pub(crate) struct FetchEntries {
    pub(crate) failed: Entry,
    pub(crate) responded: Entry,
    pub(crate) resume: Entry,
    pub(crate) slot_free: Entry,
}

impl Runtime {
    /// A frame about an outgoing request; `false` if it is about something else.
    pub(crate) fn fetch_frame(&mut self, link: usize, frame: Frame) -> Result<bool, StreamViolation> {
        match frame {
            Frame::FetchResponse(id, head) => self.fetch_responded(link, id, &head)?,
            Frame::Data { stream: StreamId { initiator: Side::Worker, number }, end, data } => {
                if let Some(key) = self.fetch_chunk(link, number, data, end)? {
                    self.fetch_news(key);
                }
            }
            Frame::Credit { stream: StreamId { initiator: Side::Worker, number }, bytes } => {
                self.fetch_credit(link, number, bytes)?;
            }
            Frame::Reset {
                stream: StreamId { initiator: Side::Worker, number },
                reason: ResetReason::FetchFailed(failure),
                message,
            } => self.fetch_failed(link, number, failure, &message),
            _ => return Ok(false),
        }
        self.after_fetch();
        Ok(true)
    }

    fn key(&self, link: usize, id: FetchId) -> Option<FetchKey> {
        self.state.fetches.borrow().key_of(link, id)
    }

    fn fetch_responded(&mut self, link: usize, id: FetchId, head: &FetchResponse) -> Result<(), StreamViolation> {
        let Some(key) = self.key(link, id) else { return Ok(()) };
        let request = self.state.fetches.borrow().request_of(key);
        self.state.fetches.borrow_mut().responded(key, head.body)?;
        let entry = self.entry.fetch.responded.clone();
        self.with_request_of(request, |scope, state| {
            let headers = crate::ops::request::header_list(scope, &head.headers);
            let reason: Vec<u8> = head.reason.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
            let reason = v8::String::new_from_one_byte(scope, &reason, v8::NewStringType::Normal);
            let (Some(headers), Some(reason)) = (headers, reason) else { return };
            let arguments = [
                v8::Integer::new_from_unsigned(scope, key).into(),
                v8::Integer::new_from_unsigned(scope, head.status.into()).into(),
                reason.into(),
                headers.into(),
                v8::Boolean::new(scope, head.body != BodyLength::None).into(),
            ];
            call(scope, state, &entry, &arguments);
        });
        Ok(())
    }

    /// A piece of a response's body came. Returns its fetch if [`Runtime::fetch_news`] is to be called for it.
    pub(crate) fn fetch_chunk(
        &mut self,
        link: usize,
        id: FetchId,
        data: Bytes,
        end: bool,
    ) -> Result<Option<FetchKey>, StreamViolation> {
        let Some(key) = self.key(link, id) else { return Ok(None) };
        let tell = self.state.fetches.borrow_mut().chunk(key, data, end)?;
        Ok(tell.then_some(key))
    }

    /// What came of a response's body is there to be read.
    pub(crate) fn fetch_news(&mut self, key: FetchKey) {
        let outcome = self.state.fetches.borrow_mut().news(key);
        self.follow_fetch(key, outcome);
        self.after_fetch();
    }

    fn fetch_credit(&mut self, link: usize, id: FetchId, bytes: u32) -> Result<(), StreamViolation> {
        let Some(key) = self.key(link, id) else { return Ok(()) };
        let outcome = {
            let (mut fetches, mut requests) = (self.state.fetches.borrow_mut(), self.state.requests.borrow_mut());
            fetches.credit(&mut requests, key, bytes)?
        };
        self.follow_fetch(key, outcome);
        Ok(())
    }

    fn fetch_failed(&mut self, link: usize, id: FetchId, failure: FetchFailure, message: &str) {
        if let Some(key) = self.key(link, id) {
            self.end_fetch(key, failure.as_str(), message);
        }
    }

    /// There will be no (whole) response.
    fn end_fetch(&mut self, key: FetchKey, code: &str, message: &str) {
        let request = self.state.fetches.borrow().request_of(key);
        let outcome = self.state.fetches.borrow_mut().failed(key, message.to_owned());
        if !matches!(outcome, FetchOutcome::NoResponse) {
            return self.follow_fetch(key, outcome);
        }
        let entry = self.entry.fetch.failed.clone();
        self.with_request_of(request, |scope, state| {
            let texts = (v8::String::new(scope, code), v8::String::new(scope, message));
            let (Some(code), Some(message)) = texts else { return };
            let key = v8::Integer::new_from_unsigned(scope, key).into();
            call(scope, state, &entry, &[key, code.into(), message.into()]);
        });
    }

    /// The link is gone, and what was asked over it.
    pub(crate) fn fetch_link_closed(&mut self, link: usize) {
        let left = self.state.fetches.borrow_mut().close_link(link);
        left.into_iter().for_each(|key| self.fetch_closed(key));
        self.after_fetch();
    }

    /// One of those that [`Fetches::close_link`] named.
    pub(crate) fn fetch_closed(&mut self, key: FetchKey) {
        self.end_fetch(key, FetchFailure::Closed.as_str(), "nano's end of the connection was closed");
        self.after_fetch();
    }

    /// There is room on the link for more of a request's body.
    pub(crate) fn resume_upload(&mut self, key: FetchKey) {
        let outcome = self.state.fetches.borrow_mut().resume_upload(key);
        self.follow_fetch(key, outcome);
        self.after_fetch();
    }

    /// The response to a request has room for more of what is handed on.
    pub(crate) fn resume_hand_on(&mut self, key: FetchKey) {
        self.follow_fetch(key, FetchOutcome::HandOn);
        self.after_fetch();
    }

    /// Responses that were to be handed on to requests which are over.
    pub(crate) fn drop_orphans(&mut self) {
        let orphans = self.state.requests.borrow_mut().take_orphans();
        for key in orphans {
            let (mut fetches, mut requests) = (self.state.fetches.borrow_mut(), self.state.requests.borrow_mut());
            fetches.abort(&mut requests, key);
        }
        self.after_fetch();
    }

    fn follow_fetch(&mut self, key: FetchKey, outcome: FetchOutcome) {
        match outcome {
            FetchOutcome::Nothing | FetchOutcome::NoResponse => {}
            FetchOutcome::Readable(reader) => {
                self.with_fetch(key, |scope, state| settle_fetch_reader(scope, state, key, &reader));
            }
            FetchOutcome::Writable => {
                let entry = self.entry.fetch.resume.clone();
                self.with_fetch(key, |scope, state| {
                    let key = v8::Integer::new_from_unsigned(scope, key).into();
                    call(scope, state, &entry, &[key]);
                });
            }
            FetchOutcome::HandOn => self.hand_on(key),
        }
    }

    fn hand_on(&mut self, key: FetchKey) {
        self.state.send_new_counts();
        let handed = {
            let (mut fetches, mut requests) = (self.state.fetches.borrow_mut(), self.state.requests.borrow_mut());
            fetches.hand_on(&mut requests, key)
        };
        let passed_on = self.app.as_ref().map(|app| app.response_passed_on.clone());
        let (request, reader) = match handed {
            HandedOn::Waiting => return,
            HandedOn::Complete(request, outcome) => {
                (request, if let Outcome::Complete(reader) = outcome { reader } else { None })
            }
            HandedOn::Failed(request, message) => {
                self.with_request_of(Some(request), |scope, state| {
                    let text = format!("The response's body failed: fetch failed: {message}");
                    state.write_log(scope, LogLevel::Error, &text);
                });
                (request, self.state.requests.borrow_mut().fail(request, BODY_FAILED))
            }
        };
        self.with_request_of(Some(request), |scope, state| {
            if let Some(reader) = reader {
                settle_reader(scope, state, request, &reader);
            }
            if let Some(entry) = passed_on {
                let key = v8::Integer::new_from_unsigned(scope, request).into();
                call(scope, state, &entry, &[key]);
            }
        });
    }

    /// Tells V8 of memory, and fetch/fetch.js of room for those that wait.
    pub(crate) fn after_fetch(&mut self) {
        let unreported = self.state.fetches.borrow_mut().take_unreported();
        if unreported != 0 {
            self.isolate.adjust_amount_of_external_allocated_memory(unreported);
        }
        let cut = self.state.fetches.borrow_mut().take_cut();
        for key in cut {
            let entry = self.entry.fetch.resume.clone();
            self.with_request_of(None, |scope, state| {
                let key = v8::Integer::new_from_unsigned(scope, key).into();
                call(scope, state, &entry, &[key]);
            });
        }
        if self.state.fetches.borrow_mut().take_wanted() {
            let entry = self.entry.fetch.slot_free.clone();
            self.with_request_of(None, |scope, state| call(scope, state, &entry, &[]));
        }
    }

    fn with_fetch(&mut self, key: FetchKey, body: impl FnOnce(&mut v8::PinScope, &Rc<State>)) {
        let request = self.state.fetches.borrow().request_of(key);
        self.with_request_of(request, body);
    }

    /// Runs `body` as the code of a request, or of none, then the microtasks.
    fn with_request_of(&mut self, request: Option<RequestKey>, body: impl FnOnce(&mut v8::PinScope, &Rc<State>)) {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        async_context::enter(scope, request.unwrap_or(0));
        body(scope, &self.state);
        checkpoint(scope, &self.state);
    }
}
