//! Natives of worker/dispatch.js, and of fetch/body_sender.js for responses: a response's head and body on their way to the supervisor.

use bytes::Bytes;
use nano_protocol::HeaderBlock;

use super::request::{key_of, settle_reader};
use super::{ops, throw_type_error};
use crate::exchange::Exchanges;
use crate::exchange::key::RequestKey;
use crate::exchange::request::Outcome;

ops! {
    "respond" => respond,
    "respondInChunks" => respond_in_chunks,
    "respondWithRequestBody" => respond_with_request_body,
    "responseChunk" => response_chunk,
    "responseEnd" => response_end,
}

/// What all responses begin with: `(id, status, headers, …)`; `None` after a TypeError: the headers are over the limits.
pub(super) fn read_head(
    scope: &mut v8::PinScope,
    args: &v8::FunctionCallbackArguments,
) -> Option<(RequestKey, u16, HeaderBlock)> {
    let key = key_of(scope, args);
    let status = args.get(1).uint32_value(scope).and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    let headers = read_headers(scope, args.get(2));
    if headers.is_none() {
        throw_type_error(scope, "The response has too many headers, or they are too large or malformed");
    }
    Some((key, status, headers?))
}

/// Who still waits for a request's body when the response is complete learns that nothing will come.
pub(super) fn settle(scope: &mut v8::PinScope, exchanges: &Exchanges, key: RequestKey, outcome: &Outcome) {
    if let Outcome::Complete(Some(reader)) = outcome {
        settle_reader(scope, exchanges, key, reader);
    }
}

/// `respond(id, status, headers, body)`: sends the response. `headers`: `[name, value, …]`, byte strings; `body`: null, a
/// string or a Uint8Array. Ignored if the request is over. Throws if the headers are over the limits.
fn respond(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let Some((key, status, headers)) = read_head(scope, &args) else { return };
    let body = read_body(scope, args.get(3));
    exchanges.send_new_counts();
    let outcome = exchanges.requests.borrow_mut().respond(key, status, headers, body);
    settle(scope, &exchanges, key, &outcome);
}

/// `respondInChunks(id, status, headers)`: sends the head; `responseChunk` and `responseEnd`, or `requestFailed`, follow.
fn respond_in_chunks(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let Some((key, status, headers)) = read_head(scope, &args) else { return };
    exchanges.send_new_counts();
    let outcome = exchanges.requests.borrow_mut().respond_in_chunks(key, status, headers);
    settle(scope, &exchanges, key, &outcome);
}

/// `respondWithRequestBody(id, status, headers) → boolean`: sends the head, and the request's body as it comes, of which
/// nothing was read yet. True if that was all; otherwise `responseHandedOn(id)` is called when it is.
fn respond_with_request_body(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let Some((key, status, headers)) = read_head(scope, &args) else { return };
    exchanges.send_new_counts();
    let outcome = exchanges.requests.borrow_mut().respond_with_request_body(key, status, headers);
    rv.set_bool(matches!(outcome, Outcome::HandedOn));
}

/// `responseChunk(id, chunk) → number`: sends as much of a Uint8Array as the window allows. Above 0: it was all sent, and
/// there is room for so many bytes. Otherwise `resumeResponse(id)` is called when there is room again; the bytes that were
/// not sent are the number negated.
fn response_chunk(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, &args);
    let Ok(chunk) = v8::Local::<v8::Uint8Array>::try_from(args.get(1)) else { return };
    let room = exchanges.requests.borrow_mut().response_room(key);
    let length = chunk.byte_length();
    let mut bytes = vec![0; length.min(room)];
    chunk.copy_contents(&mut bytes);
    let unsent = length - bytes.len();
    exchanges.send_new_counts();
    let left = exchanges.requests.borrow_mut().send_chunk(key, bytes.into(), unsent > 0);
    let balance = if unsent > 0 {
        i32::try_from(unsent).unwrap_or(i32::MAX).saturating_neg()
    } else {
        i32::try_from(left).unwrap_or(i32::MAX)
    };
    rv.set_int32(balance);
}

/// `responseEnd(id)`: the body was sent to its end.
fn response_end(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, &args);
    exchanges.send_new_counts();
    let outcome = exchanges.requests.borrow_mut().end_body(key);
    settle(scope, &exchanges, key, &outcome);
}

pub(super) fn read_headers(scope: &mut v8::PinScope, list: v8::Local<v8::Value>) -> Option<HeaderBlock> {
    let list = v8::Local::<v8::Array>::try_from(list).ok()?;
    let mut headers = HeaderBlock::builder();
    let mut buffer = Vec::new();
    for index in (0..list.length()).step_by(2) {
        buffer.clear();
        append_one_byte(scope, list.get_index(scope, index)?, &mut buffer);
        let name_length = buffer.len();
        append_one_byte(scope, list.get_index(scope, index + 1)?, &mut buffer);
        let (name, value) = buffer.split_at(name_length);
        // An app can make of a list what builtins did not put there.
        if !is_field_name(name) || !is_field_value(value) || !headers.push(name, value) {
            return None;
        }
    }
    Some(headers.finish())
}

/// A token (RFC 9110 §5.1).
fn is_field_name(name: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token)
}

/// No control characters but tabs (RFC 9110 §5.5).
fn is_field_value(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f))
}

fn append_one_byte(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, buffer: &mut Vec<u8>) {
    let Ok(string) = v8::Local::<v8::String>::try_from(value) else { return };
    let start = buffer.len();
    buffer.resize(start + string.length(), 0);
    string.write_one_byte_v2(scope, 0, buffer.get_mut(start..).unwrap_or_default(), v8::WriteFlags::empty());
}

pub(super) fn read_body(scope: &mut v8::PinScope, body: v8::Local<v8::Value>) -> Bytes {
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
