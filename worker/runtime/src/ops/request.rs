//! Natives of fetch/request.js and worker/dispatch.js: an incoming request's headers and body, its failure.

use nano_protocol::{BodyLength, HeaderBlock, ResetReason};

use super::bytes::to_uint8_array;
use super::{ops, throw_range_error};
use crate::engine::log_sink::LogLevel;
use crate::engine::uncaught;
use crate::exchange::Exchanges;
use crate::exchange::key::{BodyReader, RequestKey};
use crate::exchange::request::BodyRead;

ops! {
    "handlerSettled" => handler_settled,
    "requestBodyCancel" => request_body_cancel,
    "requestBodyLength" => request_body_length,
    "requestBodyRead" => request_body_read,
    "requestFailed" => request_failed,
    "requestHeaders" => request_headers,
    "waitUntilBegan" => wait_until_began,
    "waitUntilEnded" => wait_until_ended,
}

/// The largest integer that all smaller ones are exact with.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

pub(super) fn key_of(scope: &mut v8::PinScope, args: &v8::FunctionCallbackArguments) -> RequestKey {
    args.get(0).uint32_value(scope).unwrap_or(0)
}

/// `requestHeaders(id) → [name, value, …]`: names in lower case, both as byte strings; empty once the request is over.
fn request_headers(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let headers = exchanges.requests.borrow().headers(key_of(scope, &args)).unwrap_or_default();
    if let Some(list) = header_list(scope, &headers) {
        rv.set(list.into());
    }
}

/// Headers as JavaScript holds them: a flat array of names and values, byte strings.
pub(crate) fn header_list<'s>(scope: &v8::PinScope<'s, '_>, headers: &HeaderBlock) -> Option<v8::Local<'s, v8::Array>> {
    let mut list: Vec<v8::Local<v8::Value>> = Vec::new();
    for (name, value) in headers.iter() {
        for (text, kind) in [(name, v8::NewStringType::Internalized), (value, v8::NewStringType::Normal)] {
            list.push(v8::String::new_from_one_byte(scope, text, kind)?.into());
        }
    }
    Some(v8::Array::new_with_elements(scope, &list))
}

/// `requestBodyLength(id) → number`: the length that was announced for the body; -1 if there was none.
fn request_body_length(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let length = exchanges.requests.borrow().body_length(key_of(scope, &args));
    rv.set_double(known_length(length));
}

/// A length as JavaScript has it: -1 where it is not known.
pub(super) fn known_length(length: BodyLength) -> f64 {
    match length {
        BodyLength::Known(length @ 1..=MAX_SAFE_INTEGER) => length as f64,
        _ => -1.0,
    }
}

/// `requestBodyRead(id) → Uint8Array | null | Promise`: the next piece of the body, null at its end, or a promise of
/// either, which rejects when the request ends before its body does.
fn request_body_read(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, &args);
    let read = exchanges.requests.borrow_mut().read_body(key);
    match read {
        BodyRead::End => rv.set_null(),
        BodyRead::Chunk(chunk) => match to_uint8_array(scope, &chunk) {
            Some(array) => rv.set(array.into()),
            None => throw_range_error(scope, NO_ROOM),
        },
        BodyRead::Pending | BodyRead::Gone => {
            let Some(resolver) = v8::PromiseResolver::new(scope) else { return };
            rv.set(resolver.get_promise(scope).into());
            let waiting = matches!(read, BodyRead::Pending) && {
                let reader = v8::Global::new(scope, resolver);
                exchanges.requests.borrow_mut().wait_for_body(key, reader)
            };
            if !waiting {
                reject_reader(scope, resolver);
            }
        }
    }
}

/// `requestBodyCancel(id)`: no more of the body is wanted. What waits for a piece of it learns that it is at its end.
fn request_body_cancel(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, &args);
    let reader = exchanges.requests.borrow_mut().cancel_body(key);
    if let Some(reader) = reader {
        settle_reader(scope, &exchanges, key, &reader);
    }
}

/// The error of a body's reader for a chunk that the app's memory has no room for.
pub(super) const NO_ROOM: &str = "There is not enough memory to go on reading this body (memory_mb)";

/// Hands a chunk to the promise that waits for it.
pub(super) fn resolve_with_chunk(scope: &mut v8::PinScope, resolver: v8::Local<v8::PromiseResolver>, chunk: &[u8]) {
    if let Some(array) = to_uint8_array(scope, chunk) {
        resolver.resolve(scope, array.into());
    } else if let Some(message) = v8::String::new(scope, NO_ROOM) {
        let error = v8::Exception::range_error(scope, message);
        resolver.reject(scope, error);
    }
}

fn reject_reader(scope: &mut v8::PinScope, resolver: v8::Local<v8::PromiseResolver>) {
    let message = v8::String::new(scope, "The request ended before its body was complete");
    if let Some(message) = message {
        let error = v8::Exception::error(scope, message);
        resolver.reject(scope, error);
    }
}

/// Settles a promise that [`request_body_read`] gave, after the request's body or the request came to something.
pub(crate) fn settle_reader(scope: &mut v8::PinScope, exchanges: &Exchanges, key: RequestKey, reader: &BodyReader) {
    let resolver = v8::Local::new(scope, reader);
    let read = exchanges.requests.borrow_mut().read_body(key);
    match read {
        BodyRead::Chunk(chunk) => resolve_with_chunk(scope, resolver, &chunk),
        BodyRead::End => {
            let null = v8::null(scope).into();
            resolver.resolve(scope, null);
        }
        BodyRead::Pending => {
            exchanges.requests.borrow_mut().wait_for_body(key, reader.clone());
        }
        BodyRead::Gone => reject_reader(scope, resolver),
    }
}

/// `requestFailed(id, reason, error)`: there will be no (whole) response. `reason`: "threw" | "no-response" | "body";
/// `error` (for "no-response" a text) is logged. The client learns nothing of it.
fn request_failed(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, &args);
    let reason = match args.get(1).to_rust_string_lossy(scope).as_str() {
        "no-response" => ResetReason::NoResponse,
        "body" => ResetReason::BodyErrored,
        _ => ResetReason::HandlerThrew,
    };
    let error = args.get(2);
    if reason == ResetReason::NoResponse {
        let text = error.to_rust_string_lossy(scope);
        exchanges.isolate.write_log(scope, LogLevel::Error, &text);
    } else {
        let prefix = if reason == ResetReason::BodyErrored { "The response's body failed: " } else { "Uncaught " };
        uncaught::report(scope, &exchanges.isolate, prefix, error);
    }
    exchanges.send_new_counts();
    let reader = exchanges.requests.borrow_mut().fail(key, reason);
    if let Some(reader) = reader {
        settle_reader(scope, &exchanges, key, &reader);
    }
}

/// `handlerSettled(id)`: the handler of a request that was aborted has given a response or an error all the same.
fn handler_settled(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(exchanges) = Exchanges::get(scope) {
        exchanges.requests.borrow_mut().handler_settled(key_of(scope, &args));
    }
}

/// `waitUntilBegan(id)`: the worker does not end before `waitUntilEnded(id)` was called as often, nor is the body of this
/// request forgotten.
fn wait_until_began(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(exchanges) = Exchanges::get(scope) {
        exchanges.waiting.set(exchanges.waiting.get().saturating_add(1));
        exchanges.requests.borrow_mut().hold(key_of(scope, &args));
    }
}

/// `waitUntilEnded(id)`: one that began is settled.
fn wait_until_ended(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    exchanges.waiting.set(exchanges.waiting.get().saturating_sub(1));
    let key = key_of(scope, &args);
    let reader = exchanges.requests.borrow_mut().release(key);
    if let Some(reader) = reader {
        settle_reader(scope, &exchanges, key, &reader);
    }
}
