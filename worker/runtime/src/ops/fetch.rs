//! Natives of fetch/fetch.js: fetches on their way to the supervisor, and their responses' bodies.

use std::time::Instant;

use nano_protocol::limits::{MAX_CACHE_NAME, MAX_CACHED_HEADERS, MAX_METHOD, MAX_URL};
use nano_protocol::{BodyLength, CacheCall, FetchDestination, FetchHead};

use super::bytes::to_uint8_array;
use super::request::{NO_ROOM, known_length, resolve_with_chunk, settle_reader};
use super::response::{read_body, read_head, read_headers, settle};
use super::{ops, throw_range_error, throw_type_error};
use crate::exchange::Exchanges;
use crate::exchange::fetch::{FetchRead, NotSent, UploadFrom};
use crate::exchange::hand_on::{BODY_FAILED, HandedOn};
use crate::exchange::key::{BodyReader, FetchKey};
use crate::exchange::request::Outcome;

ops! {
    "fetchAbort" => fetch_abort,
    "fetchBodyLength" => fetch_body_length,
    "fetchBodyRead" => fetch_body_read,
    "fetchChunk" => fetch_chunk,
    "fetchDropped" => fetch_dropped,
    "fetchEnd" => fetch_end,
    "fetchStart" => fetch_start,
    "fetchTakesBody" => fetch_takes_body,
    "respondWithFetchBody" => respond_with_fetch_body,
}

fn key_of(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> FetchKey {
    value.uint32_value(scope).unwrap_or(0)
}

/// Tells V8 of what queues hold.
fn report_memory(scope: &mut v8::PinScope, exchanges: &Exchanges) {
    let unreported = exchanges.fetches.borrow_mut().take_unreported();
    if unreported != 0 {
        scope.adjust_amount_of_external_allocated_memory(unreported);
    }
}

/// `fetchStart(method, url, headers, body, to) → key`: sends a request. `body`: null, a string, a Uint8Array, or a number for one
/// that comes in pieces: its length, or -1. `to`: undefined for the network, "assets" for files of the app, "websocket" for one,
/// for its caches
/// `{ cache, call }`, where `call` is "match", "delete" or "put"; the last with the response's `status` and `headers`. 0 if there
/// is no room: `fetchSlotFree` is called when there is. Throws where the request cannot be sent at all.
fn fetch_start(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let method = args.get(0).to_rust_string_lossy(scope);
    let url = args.get(1).to_rust_string_lossy(scope);
    if method.len() > MAX_METHOD || url.len() > MAX_URL {
        return throw_type_error(scope, "fetch failed: the method or the URL is too long");
    }
    let Some(headers) = read_headers(scope, args.get(2)) else {
        return throw_type_error(
            scope,
            "fetch failed: the request has too many headers, or they are too large or malformed",
        );
    };
    let body = args.get(3);
    let upload = if body.is_null() {
        UploadFrom::Nothing
    } else if let Ok(length) = v8::Local::<v8::Number>::try_from(body) {
        // A length that no file has is none.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, below 2^53")]
        let known = (length.value() >= 0.0).then(|| length.value() as u64);
        UploadFrom::Script(known)
    } else {
        UploadFrom::Whole(read_body(scope, body))
    };
    let Some(to) = fetch_destination(scope, &args) else { return };
    if let FetchDestination::Cache { call: CacheCall::Put { headers: kept, .. }, .. } = &to
        && headers.as_bytes().len() + kept.as_bytes().len() > MAX_CACHED_HEADERS
    {
        return throw_type_error(scope, "The response's headers are too large for a cache");
    }
    let head = FetchHead { method, url, headers, body: BodyLength::None, to, request: None };
    let request = Exchanges::current_request(scope);
    exchanges.send_new_counts();
    if !exchanges.fetches.borrow().has_link() {
        exchanges.connect();
    }
    let started = {
        let (mut fetches, mut requests) = (exchanges.fetches.borrow_mut(), exchanges.requests.borrow_mut());
        fetches.start(&mut requests, request, head, upload)
    };
    match started {
        Ok(key) => rv.set_uint32(key),
        Err(NotSent::Full) => {
            // Some may belong to responses that cannot be read any more.
            if exchanges.fetches.borrow_mut().should_collect(Instant::now()) {
                scope.low_memory_notification();
            }
            rv.set_uint32(0);
        }
        Err(NotSent::NoLink) => {
            throw_type_error(scope, "fetch failed: requests can be made when the app's modules are loaded, not before");
        }
    }
}

/// `None`: an exception is pending.
fn fetch_destination(scope: &mut v8::PinScope, args: &v8::FunctionCallbackArguments) -> Option<FetchDestination> {
    let to = args.get(4);
    if to.is_string() {
        let is_socket = to.to_rust_string_lossy(scope) == "websocket";
        return Some(if is_socket { FetchDestination::WebSocket } else { FetchDestination::Assets });
    }
    let Ok(to) = v8::Local::<v8::Object>::try_from(to) else { return Some(FetchDestination::Network) };
    let member = |scope: &mut v8::PinScope<'_, '_>, name: &str| -> Option<v8::Global<v8::Value>> {
        let name = v8::String::new(scope, name)?;
        let value = to.get(scope, name.into())?;
        Some(v8::Global::new(scope, value))
    };
    let name = member(scope, "cache")?;
    let name = v8::Local::new(scope, name).to_rust_string_lossy(scope);
    if name.len() > MAX_CACHE_NAME {
        throw_type_error(scope, "The name of the cache is too long");
        return None;
    }
    let call = member(scope, "call")?;
    let call = match v8::Local::new(scope, call).to_rust_string_lossy(scope).as_str() {
        "match" => CacheCall::Match,
        "delete" => CacheCall::Delete,
        _ => {
            let status = member(scope, "status")?;
            let status =
                v8::Local::new(scope, status).uint32_value(scope).and_then(|status| u16::try_from(status).ok());
            let headers = member(scope, "headers")?;
            let headers = v8::Local::new(scope, headers);
            let headers = read_headers(scope, headers);
            let (Some(status @ 200..=599), Some(headers)) = (status, headers) else {
                throw_type_error(scope, "The response has too many headers, or they are too large or malformed");
                return None;
            };
            CacheCall::Put { status, headers }
        }
    };
    Some(FetchDestination::Cache { name, call })
}

/// `fetchBodyLength(key) → number`: the length that was announced for the response's body; -1 if there was none.
fn fetch_body_length(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let length = exchanges.fetches.borrow().body_length(key_of(scope, args.get(0)));
    rv.set_double(known_length(length));
}

/// `fetchBodyRead(key) → Uint8Array | null | Promise`: the next piece of the response's body, null at its end, or a promise
/// of either, which rejects when the body ends early.
fn fetch_body_read(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, args.get(0));
    let read = exchanges.fetches.borrow_mut().read(&mut exchanges.requests.borrow_mut(), key, usize::MAX);
    report_memory(scope, &exchanges);
    match read {
        FetchRead::End => rv.set_null(),
        FetchRead::Chunk(chunk) => match to_uint8_array(scope, &chunk) {
            Some(array) => rv.set(array.into()),
            None => throw_range_error(scope, NO_ROOM),
        },
        FetchRead::Pending => {
            let Some(resolver) = v8::PromiseResolver::new(scope) else { return };
            rv.set(resolver.get_promise(scope).into());
            exchanges.fetches.borrow_mut().wait(key, v8::Global::new(scope, resolver));
        }
        FetchRead::Failed(message) => {
            let Some(resolver) = v8::PromiseResolver::new(scope) else { return };
            rv.set(resolver.get_promise(scope).into());
            reject(scope, resolver, &message);
        }
    }
}

fn reject(scope: &mut v8::PinScope, resolver: v8::Local<v8::PromiseResolver>, message: &str) {
    if let Some(message) = v8::String::new(scope, &format!("fetch failed: {message}")) {
        let error = v8::Exception::type_error(scope, message);
        resolver.reject(scope, error);
    }
}

/// Settles a promise that [`fetch_body_read`] gave, after something came.
pub(crate) fn settle_fetch_reader(scope: &mut v8::PinScope, exchanges: &Exchanges, key: FetchKey, reader: &BodyReader) {
    let resolver = v8::Local::new(scope, reader);
    let read = exchanges.fetches.borrow_mut().read(&mut exchanges.requests.borrow_mut(), key, usize::MAX);
    match read {
        FetchRead::Chunk(chunk) => resolve_with_chunk(scope, resolver, &chunk),
        FetchRead::End => {
            let null = v8::null(scope).into();
            resolver.resolve(scope, null);
        }
        FetchRead::Pending => exchanges.fetches.borrow_mut().wait(key, reader.clone()),
        FetchRead::Failed(message) => reject(scope, resolver, &message),
    }
}

/// `fetchChunk(key, chunk) → number`: sends as much of a Uint8Array as the window allows, as `responseChunk` does;
/// `resumeFetch(key)` is called when there is room again.
fn fetch_chunk(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, args.get(0));
    let Ok(chunk) = v8::Local::<v8::Uint8Array>::try_from(args.get(1)) else { return };
    let room = exchanges.fetches.borrow_mut().upload_room(&mut exchanges.requests.borrow_mut(), key);
    let length = chunk.byte_length();
    let mut bytes = vec![0; length.min(room)];
    chunk.copy_contents(&mut bytes);
    let unsent = length - bytes.len();
    let left = {
        let (mut fetches, mut requests) = (exchanges.fetches.borrow_mut(), exchanges.requests.borrow_mut());
        fetches.send_chunk(&mut requests, key, bytes.into(), unsent > 0)
    };
    let balance = if unsent > 0 {
        i32::try_from(unsent).unwrap_or(i32::MAX).saturating_neg()
    } else {
        i32::try_from(left).unwrap_or(i32::MAX)
    };
    rv.set_int32(balance);
}

/// `fetchTakesBody(key) → boolean`: whether more of the request's body can be sent.
fn fetch_takes_body(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    rv.set_bool(exchanges.fetches.borrow().takes_body(key_of(scope, args.get(0))));
}

/// `fetchEnd(key) → boolean`: the request's body was sent to its end. False if that is not as long as was announced.
fn fetch_end(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, args.get(0));
    rv.set_bool(exchanges.fetches.borrow_mut().end_upload(&mut exchanges.requests.borrow_mut(), key));
}

/// `fetchAbort(key, reason)`: it is not wanted any more; what waits for its body gets `reason`.
fn fetch_abort(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, args.get(0));
    abort(scope, &exchanges, key, args.get(1));
}

fn abort(scope: &mut v8::PinScope, exchanges: &Exchanges, key: FetchKey, reason: v8::Local<v8::Value>) {
    let (reader, request) = exchanges.fetches.borrow_mut().abort(&mut exchanges.requests.borrow_mut(), key);
    report_memory(scope, exchanges);
    if let Some(reader) = reader {
        let resolver = v8::Local::new(scope, reader);
        resolver.reject(scope, reason);
    }
    if let Some(request) = request {
        let reader = exchanges.requests.borrow_mut().fail(request, BODY_FAILED);
        if let Some(reader) = reader {
            settle_reader(scope, exchanges, request, &reader);
        }
    }
}

/// `fetchDropped(key)`: JavaScript cannot read the response any more.
fn fetch_dropped(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, args.get(0));
    if !exchanges.fetches.borrow().is_handed_on(key) {
        let undefined = v8::undefined(scope).into();
        abort(scope, &exchanges, key, undefined);
    }
}

/// `respondWithFetchBody(id, status, headers, key) → boolean`: sends the head of a response, and a fetch's body as it comes,
/// of which nothing was read yet. True if that was all; otherwise `responseHandedOn(id)` is called when it is.
fn respond_with_fetch_body(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let Some((id, status, headers)) = read_head(scope, &args) else { return };
    let key = key_of(scope, args.get(3));
    exchanges.send_new_counts();
    let outcome = {
        let (mut fetches, mut requests) = (exchanges.fetches.borrow_mut(), exchanges.requests.borrow_mut());
        let length = fetches.hand_to(key, id).unwrap_or(BodyLength::None);
        match requests.respond_with_fetch_body(id, status, headers, length, key) {
            // More than the head is to be sent.
            Outcome::Nothing => match fetches.hand_on(&mut requests, key) {
                HandedOn::Waiting => Outcome::Nothing,
                HandedOn::Complete(_, outcome) => outcome,
                HandedOn::Failed(request, _) => Outcome::Complete(requests.fail(request, BODY_FAILED)),
            },
            outcome => outcome,
        }
    };
    report_memory(scope, &exchanges);
    settle(scope, &exchanges, id, &outcome);
    rv.set_bool(matches!(outcome, Outcome::Complete(_)));
}
