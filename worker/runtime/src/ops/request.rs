//! Natives of fetch/request.js and worker/dispatch.js: an incoming request's headers and body, its response.

use bytes::Bytes;
use nano_protocol::{HeaderBlock, ResetReason};

use super::{ops, throw_type_error};
use crate::event_loop;
use crate::request::{BodyRead, BodyReader, RequestKey};
use crate::runtime::LogLevel;
use crate::state::State;

ops! {
    "requestBodyRead" => request_body_read,
    "requestFailed" => request_failed,
    "requestHeaders" => request_headers,
    "respond" => respond,
    "waitUntilBegan" => wait_until_began,
    "waitUntilEnded" => wait_until_ended,
}

fn key_of(scope: &mut v8::PinScope, args: &v8::FunctionCallbackArguments) -> RequestKey {
    args.get(0).uint32_value(scope).unwrap_or(0)
}

/// `requestHeaders(id) → [name, value, …]`: names in lower case, both as byte strings; empty once the request is over.
fn request_headers(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(state) = State::get(scope) else { return };
    let headers = state.requests.borrow().headers(key_of(scope, &args)).unwrap_or_default();
    let mut list: Vec<v8::Local<v8::Value>> = Vec::new();
    for (name, value) in headers.iter() {
        for (text, kind) in [(name, v8::NewStringType::Internalized), (value, v8::NewStringType::Normal)] {
            match v8::String::new_from_one_byte(scope, text, kind) {
                Some(text) => list.push(text.into()),
                None => return,
            }
        }
    }
    rv.set(v8::Array::new_with_elements(scope, &list).into());
}

/// `requestBodyRead(id) → Uint8Array | null | Promise`: the next piece of the body, null at its end, or a promise of
/// either, which rejects when the request ends before its body does.
fn request_body_read(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(state) = State::get(scope) else { return };
    let key = key_of(scope, &args);
    let read = state.requests.borrow_mut().read_body(key);
    match read {
        BodyRead::End => rv.set_null(),
        BodyRead::Chunk(chunk) => {
            if let Some(array) = to_uint8_array(scope, &chunk) {
                rv.set(array);
            }
        }
        BodyRead::Pending | BodyRead::Gone => {
            let Some(resolver) = v8::PromiseResolver::new(scope) else { return };
            rv.set(resolver.get_promise(scope).into());
            let waiting = matches!(read, BodyRead::Pending) && {
                let reader = v8::Global::new(scope, resolver);
                state.requests.borrow_mut().wait_for_body(key, reader)
            };
            if !waiting {
                reject_reader(scope, resolver);
            }
        }
    }
}

fn to_uint8_array<'s>(scope: &mut v8::PinScope<'s, '_>, chunk: &[u8]) -> Option<v8::Local<'s, v8::Value>> {
    let buffer = v8::ArrayBuffer::new(scope, chunk.len());
    for (cell, byte) in buffer.get_backing_store().iter().zip(chunk) {
        cell.set(*byte);
    }
    Some(v8::Uint8Array::new(scope, buffer, 0, chunk.len())?.into())
}

fn reject_reader(scope: &mut v8::PinScope, resolver: v8::Local<v8::PromiseResolver>) {
    let message = v8::String::new(scope, "The request ended before its body was complete");
    if let Some(message) = message {
        let error = v8::Exception::error(scope, message);
        resolver.reject(scope, error);
    }
}

/// Settles a promise that [`request_body_read`] gave, after the request's body or the request came to something.
pub(crate) fn settle_reader(scope: &mut v8::PinScope, state: &State, key: RequestKey, reader: &BodyReader) {
    let resolver = v8::Local::new(scope, reader);
    let read = state.requests.borrow_mut().read_body(key);
    match read {
        BodyRead::Chunk(chunk) => {
            if let Some(array) = to_uint8_array(scope, &chunk) {
                resolver.resolve(scope, array);
            }
        }
        BodyRead::End => {
            let null = v8::null(scope).into();
            resolver.resolve(scope, null);
        }
        BodyRead::Pending => {
            state.requests.borrow_mut().wait_for_body(key, reader.clone());
        }
        BodyRead::Gone => reject_reader(scope, resolver),
    }
}

/// `respond(id, status, headers, body)`: sends the response. `headers`: `[name, value, …]`, byte strings; `body`: null, a
/// string or a Uint8Array. Ignored if the request is over. Throws if the headers are over the limits.
fn respond(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(state) = State::get(scope) else { return };
    let key = key_of(scope, &args);
    let status = args.get(1).uint32_value(scope).and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    let Some(headers) = read_headers(scope, args.get(2)) else {
        return throw_type_error(scope, "The response has too many headers, or they are too large");
    };
    let body = read_body(scope, args.get(3));
    state.send_new_counts();
    let reader = state.requests.borrow_mut().respond(key, status, headers, body);
    if let Some(reader) = reader {
        settle_reader(scope, &state, key, &reader);
    }
}

fn read_headers(scope: &mut v8::PinScope, list: v8::Local<v8::Value>) -> Option<HeaderBlock> {
    let list = v8::Local::<v8::Array>::try_from(list).ok()?;
    let mut headers = HeaderBlock::builder();
    let mut buffer = Vec::new();
    for index in (0..list.length()).step_by(2) {
        buffer.clear();
        append_one_byte(scope, list.get_index(scope, index)?, &mut buffer);
        let name_length = buffer.len();
        append_one_byte(scope, list.get_index(scope, index + 1)?, &mut buffer);
        let (name, value) = buffer.split_at(name_length);
        if !headers.push(name, value) {
            return None;
        }
    }
    Some(headers.finish())
}

fn append_one_byte(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, buffer: &mut Vec<u8>) {
    let Ok(string) = v8::Local::<v8::String>::try_from(value) else { return };
    let start = buffer.len();
    buffer.resize(start + string.length(), 0);
    string.write_one_byte_v2(scope, 0, buffer.get_mut(start..).unwrap_or_default(), v8::WriteFlags::empty());
}

fn read_body(scope: &mut v8::PinScope, body: v8::Local<v8::Value>) -> Bytes {
    if let Ok(text) = v8::Local::<v8::String>::try_from(body) {
        let mut bytes = vec![0; text.utf8_length(scope)];
        text.write_utf8_v2(scope, &mut bytes, v8::WriteFlags::kReplaceInvalidUtf8, None);
        return bytes.into();
    }
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(body) {
        let mut bytes = vec![0; view.byte_length()];
        view.copy_contents(&mut bytes);
        return bytes.into();
    }
    Bytes::new()
}

/// `requestFailed(id, reason, error)`: there will be no (whole) response. `reason`: "threw" | "no-response" | "body";
/// `error` (for "no-response" a text) is logged. The client learns nothing of it.
fn request_failed(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(state) = State::get(scope) else { return };
    let key = key_of(scope, &args);
    let reason = match args.get(1).to_rust_string_lossy(scope).as_str() {
        "no-response" => ResetReason::NoResponse,
        "body" => ResetReason::BodyErrored,
        _ => ResetReason::HandlerThrew,
    };
    let error = args.get(2);
    if reason == ResetReason::NoResponse {
        let text = error.to_rust_string_lossy(scope);
        state.write_log(scope, LogLevel::Error, &text);
    } else {
        event_loop::report(scope, &state, "Uncaught ", error);
    }
    state.send_new_counts();
    let reader = state.requests.borrow_mut().fail(key, reason);
    if let Some(reader) = reader {
        settle_reader(scope, &state, key, &reader);
    }
}

/// `waitUntilBegan()`: the worker does not end before `waitUntilEnded()` was called as often.
fn wait_until_began(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(state) = State::get(scope) {
        state.waiting.set(state.waiting.get().saturating_add(1));
    }
}

/// `waitUntilEnded()`: see above.
fn wait_until_ended(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(state) = State::get(scope) {
        state.waiting.set(state.waiting.get().saturating_sub(1));
    }
}
