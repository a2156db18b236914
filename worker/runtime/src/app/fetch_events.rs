//! What the supervisor, or a program's broker, sends about fetches: it goes to fetch/fetch.js.

use std::rc::Rc;

use bytes::Bytes;
use nano_protocol::{
    BodyLength, FetchFailure, FetchId, FetchResponse, Frame, ResetReason, Side, StreamId, StreamViolation,
};

use crate::engine::entry::{Entry, call};
use crate::engine::log_sink::LogLevel;
use crate::engine::runtime::{Runtime, RuntimeError};
use crate::exchange::Exchanges;
use crate::exchange::fetch::FetchOutcome;
use crate::exchange::hand_on::{BODY_FAILED, HandedOn};
use crate::exchange::key::{FetchKey, RequestKey};
use crate::exchange::request::Outcome;
use crate::ops::fetch::settle_fetch_reader;
use crate::ops::request::{header_list, settle_reader};

/// The functions of fetch/fetch.js.
struct FetchEntries {
    failed: Entry,
    responded: Entry,
    resume: Entry,
    slot_free: Entry,
}

/// A response's head, on its way to the app.
pub(crate) struct AnsweredFetch {
    key: FetchKey,
    request: Option<RequestKey>,
    head: Box<FetchResponse>,
}

/// Takes what happens to fetches into JavaScript.
pub(crate) struct FetchEvents {
    entries: FetchEntries,
    /// An app's `responseHandedOn`.
    handed_on: Option<Entry>,
    exchanges: Rc<Exchanges>,
}

impl FetchEvents {
    pub(crate) fn new(
        runtime: &mut Runtime,
        exchanges: &Rc<Exchanges>,
        handed_on: Option<Entry>,
    ) -> Result<Self, RuntimeError> {
        let entries = FetchEntries {
            failed: runtime.entry("fetchFailed")?,
            responded: runtime.entry("fetchResponded")?,
            resume: runtime.entry("resumeFetch")?,
            slot_free: runtime.entry("fetchSlotFree")?,
        };
        Ok(Self { entries, handed_on, exchanges: Rc::clone(exchanges) })
    }

    /// A frame about a fetch; `false` if it is about something else.
    pub(crate) fn fetch_frame(
        &self,
        runtime: &mut Runtime,
        link: usize,
        frame: Frame,
    ) -> Result<bool, StreamViolation> {
        match frame {
            Frame::FetchResponse(id, head) => {
                if let Some(answered) = self.fetch_head(link, id, head)? {
                    self.fetch_responded(runtime, &answered);
                }
            }
            Frame::Data { stream: StreamId { initiator: Side::Worker, number }, end, data } => {
                if let Some(key) = self.fetch_chunk(link, number, data, end)? {
                    self.fetch_news(runtime, key);
                }
            }
            Frame::Credit { stream: StreamId { initiator: Side::Worker, number }, bytes } => {
                self.fetch_credit(runtime, link, number, bytes)?;
            }
            Frame::Reset {
                stream: StreamId { initiator: Side::Worker, number },
                reason: ResetReason::FetchFailed(failure),
                message,
            } => self.fetch_failed(runtime, link, number, failure, &message),
            _ => return Ok(false),
        }
        self.after_fetch(runtime);
        Ok(true)
    }

    fn key(&self, link: usize, id: FetchId) -> Option<FetchKey> {
        self.exchanges.fetches.borrow().key_of(link, id)
    }

    /// The head of a response came: [`FetchEvents::fetch_responded`] is to be called for it.
    pub(crate) fn fetch_head(
        &self,
        link: usize,
        id: FetchId,
        head: Box<FetchResponse>,
    ) -> Result<Option<AnsweredFetch>, StreamViolation> {
        let Some(key) = self.key(link, id) else { return Ok(None) };
        let (mut fetches, mut requests) = (self.exchanges.fetches.borrow_mut(), self.exchanges.requests.borrow_mut());
        let request = fetches.request_of(key);
        fetches.responded(&mut requests, key, head.body)?;
        Ok(Some(AnsweredFetch { key, request, head }))
    }

    /// Hands a response's head to the app.
    pub(crate) fn fetch_responded(&self, runtime: &mut Runtime, answered: &AnsweredFetch) {
        let AnsweredFetch { key, request, head } = answered;
        let entry = &self.entries.responded;
        self.with_request_of(runtime, *request, |scope, exchanges| {
            let headers = header_list(scope, &head.headers);
            let reason: Vec<u8> = head.reason.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
            let reason = v8::String::new_from_one_byte(scope, &reason, v8::NewStringType::Normal);
            let (Some(headers), Some(reason)) = (headers, reason) else { return };
            let arguments = [
                v8::Integer::new_from_unsigned(scope, *key).into(),
                v8::Integer::new_from_unsigned(scope, head.status.into()).into(),
                reason.into(),
                headers.into(),
                v8::Boolean::new(scope, head.body != BodyLength::None).into(),
            ];
            call(scope, &exchanges.isolate, entry, &arguments);
        });
        self.after_fetch(runtime);
    }

    /// A piece of a response's body came. Returns its fetch if [`FetchEvents::fetch_news`] is to be called for it.
    pub(crate) fn fetch_chunk(
        &self,
        link: usize,
        id: FetchId,
        data: Bytes,
        end: bool,
    ) -> Result<Option<FetchKey>, StreamViolation> {
        let Some(key) = self.key(link, id) else { return Ok(None) };
        let tell =
            self.exchanges.fetches.borrow_mut().chunk(&mut self.exchanges.requests.borrow_mut(), key, data, end)?;
        Ok(tell.then_some(key))
    }

    /// What came of a response's body is there to be read.
    pub(crate) fn fetch_news(&self, runtime: &mut Runtime, key: FetchKey) {
        let outcome = self.exchanges.fetches.borrow_mut().news(key);
        self.follow_fetch(runtime, key, outcome);
        self.after_fetch(runtime);
    }

    fn fetch_credit(&self, runtime: &mut Runtime, link: usize, id: FetchId, bytes: u32) -> Result<(), StreamViolation> {
        let Some(key) = self.key(link, id) else { return Ok(()) };
        let outcome = {
            let (mut fetches, mut requests) =
                (self.exchanges.fetches.borrow_mut(), self.exchanges.requests.borrow_mut());
            fetches.credit(&mut requests, key, bytes)?
        };
        self.follow_fetch(runtime, key, outcome);
        Ok(())
    }

    fn fetch_failed(&self, runtime: &mut Runtime, link: usize, id: FetchId, failure: FetchFailure, message: &str) {
        if let Some(key) = self.key(link, id) {
            self.end_fetch(runtime, key, failure.as_str(), message);
        }
    }

    /// There will be no (whole) response.
    fn end_fetch(&self, runtime: &mut Runtime, key: FetchKey, code: &str, message: &str) {
        let request = self.exchanges.fetches.borrow().request_of(key);
        let outcome = {
            let (mut fetches, mut requests) =
                (self.exchanges.fetches.borrow_mut(), self.exchanges.requests.borrow_mut());
            fetches.failed(&mut requests, key, message.to_owned())
        };
        if !matches!(outcome, FetchOutcome::NoResponse) {
            return self.follow_fetch(runtime, key, outcome);
        }
        let entry = &self.entries.failed;
        self.with_request_of(runtime, request, |scope, exchanges| {
            let texts = (v8::String::new(scope, code), v8::String::new(scope, message));
            let (Some(code), Some(message)) = texts else { return };
            let key = v8::Integer::new_from_unsigned(scope, key).into();
            call(scope, &exchanges.isolate, entry, &[key, code.into(), message.into()]);
        });
    }

    /// The link is gone, and the fetches on it.
    pub(crate) fn fetch_link_closed(&self, runtime: &mut Runtime, link: usize) {
        let left = self.exchanges.fetches.borrow_mut().close_link(link);
        left.into_iter().for_each(|key| self.fetch_closed(runtime, key));
        self.after_fetch(runtime);
    }

    /// One of those that [`Fetches::close_link`] named.
    pub(crate) fn fetch_closed(&self, runtime: &mut Runtime, key: FetchKey) {
        self.end_fetch(runtime, key, FetchFailure::Closed.as_str(), "nano's end of the connection was closed");
        self.after_fetch(runtime);
    }

    /// It is a request's body's turn to use the room of its link.
    pub(crate) fn resume_upload(&self, runtime: &mut Runtime, link: usize, id: FetchId) {
        let Some(key) = self.key(link, id) else { return };
        let outcome = {
            let (mut fetches, mut requests) =
                (self.exchanges.fetches.borrow_mut(), self.exchanges.requests.borrow_mut());
            fetches.resume_upload(&mut requests, key)
        };
        self.follow_fetch(runtime, key, outcome);
        self.after_fetch(runtime);
    }

    /// The response to a request has room for more of what is handed on.
    pub(crate) fn resume_hand_on(&self, runtime: &mut Runtime, key: FetchKey) {
        self.follow_fetch(runtime, key, FetchOutcome::HandOn);
        self.after_fetch(runtime);
    }

    /// Responses that were to be handed on to requests which are over.
    pub(crate) fn drop_orphans(&self, runtime: &mut Runtime) {
        let orphans = self.exchanges.requests.borrow_mut().take_orphans();
        for key in orphans {
            let (mut fetches, mut requests) =
                (self.exchanges.fetches.borrow_mut(), self.exchanges.requests.borrow_mut());
            fetches.abort(&mut requests, key);
        }
        self.after_fetch(runtime);
    }

    fn follow_fetch(&self, runtime: &mut Runtime, key: FetchKey, outcome: FetchOutcome) {
        match outcome {
            FetchOutcome::Nothing | FetchOutcome::NoResponse => {}
            FetchOutcome::Readable(reader) => {
                self.with_fetch(runtime, key, |scope, exchanges| settle_fetch_reader(scope, exchanges, key, &reader));
            }
            FetchOutcome::Writable => {
                let entry = &self.entries.resume;
                self.with_fetch(runtime, key, |scope, exchanges| {
                    let key = v8::Integer::new_from_unsigned(scope, key).into();
                    call(scope, &exchanges.isolate, entry, &[key]);
                });
            }
            FetchOutcome::HandOn => self.hand_on(runtime, key),
        }
    }

    fn hand_on(&self, runtime: &mut Runtime, key: FetchKey) {
        self.exchanges.send_new_counts();
        let handed = {
            let (mut fetches, mut requests) =
                (self.exchanges.fetches.borrow_mut(), self.exchanges.requests.borrow_mut());
            fetches.hand_on(&mut requests, key)
        };
        let handed_on = self.handed_on.as_ref();
        let (request, reader) = match handed {
            HandedOn::Waiting => return,
            HandedOn::Complete(request, outcome) => {
                (request, if let Outcome::Complete(reader) = outcome { reader } else { None })
            }
            HandedOn::Failed(request, message) => {
                self.with_request_of(runtime, Some(request), |scope, exchanges| {
                    let text = format!("The response's body failed: fetch failed: {message}");
                    exchanges.isolate.write_log(scope, LogLevel::Error, &text);
                });
                (request, self.exchanges.requests.borrow_mut().fail(request, BODY_FAILED))
            }
        };
        self.with_request_of(runtime, Some(request), |scope, exchanges| {
            if let Some(reader) = reader {
                settle_reader(scope, exchanges, request, &reader);
            }
            if let Some(entry) = handed_on {
                let key = v8::Integer::new_from_unsigned(scope, request).into();
                call(scope, &exchanges.isolate, entry, &[key]);
            }
        });
    }

    /// Tells V8 of memory, and fetch/fetch.js of room for those that wait.
    pub(crate) fn after_fetch(&self, runtime: &mut Runtime) {
        let unreported = self.exchanges.fetches.borrow_mut().take_unreported();
        if unreported != 0 {
            runtime.isolate.adjust_amount_of_external_allocated_memory(unreported);
        }
        let cut = self.exchanges.fetches.borrow_mut().take_cut();
        for key in cut {
            let entry = &self.entries.resume;
            self.with_request_of(runtime, None, |scope, exchanges| {
                let key = v8::Integer::new_from_unsigned(scope, key).into();
                call(scope, &exchanges.isolate, entry, &[key]);
            });
        }
        if self.exchanges.fetches.borrow_mut().take_wanted() {
            let entry = &self.entries.slot_free;
            self.with_request_of(runtime, None, |scope, exchanges| call(scope, &exchanges.isolate, entry, &[]));
        }
    }

    fn with_fetch(&self, runtime: &mut Runtime, key: FetchKey, body: impl FnOnce(&mut v8::PinScope, &Exchanges)) {
        let request = self.exchanges.fetches.borrow().request_of(key);
        self.with_request_of(runtime, request, body);
    }

    /// Runs `body` as the code of a request, or of none, then the microtasks.
    fn with_request_of(
        &self,
        runtime: &mut Runtime,
        request: Option<RequestKey>,
        body: impl FnOnce(&mut v8::PinScope, &Exchanges),
    ) {
        runtime.run_as(request.unwrap_or(0), |scope, _| body(scope, &self.exchanges));
    }
}
