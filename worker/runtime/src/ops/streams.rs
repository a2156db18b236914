//! Natives of streams/: what a chunk weighs, and a promise's [[PromiseIsHandled]].

use v8::fast_api::{CFunctionInfo, FastApiCallbackOptions, Int64Representation, Type};

use super::ops;
use crate::engine::fast_form::{FastForm, isolate};

ops! {
    "arrayBufferByteLength" => array_buffer_byte_length | ARRAY_BUFFER_BYTE_LENGTH,
    "markPromiseHandled" => mark_promise_handled,
    "promiseHasHandler" => promise_has_handler | PROMISE_HAS_HANDLER,
    "rejectPromise" => reject_promise,
    "resolvePromise" => resolve_promise,
    "utf8Length" => utf8_length | UTF8_LENGTH,
}

static ARRAY_BUFFER_BYTE_LENGTH: FastForm = FastForm::new(
    array_buffer_byte_length_fast as _,
    &CFunctionInfo::new(
        Type::Float64.as_info(),
        &[Type::V8Value.as_info(), Type::V8Value.as_info()],
        Int64Representation::Number,
    ),
);

static PROMISE_HAS_HANDLER: FastForm = FastForm::new(
    promise_has_handler_fast as _,
    &CFunctionInfo::new(
        Type::Bool.as_info(),
        &[Type::V8Value.as_info(), Type::V8Value.as_info()],
        Int64Representation::Number,
    ),
);

static UTF8_LENGTH: FastForm = FastForm::new(
    utf8_length_fast as _,
    &CFunctionInfo::new(
        Type::Uint32.as_info(),
        &[Type::V8Value.as_info(), Type::V8Value.as_info(), Type::CallbackOptions.as_info()],
        Int64Representation::Number,
    ),
);

/// `utf8Length(string) → number`: the bytes that the string takes in UTF-8; a lone surrogate counts as U+FFFD.
fn utf8_length(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) {
        set_length(&mut rv, string.utf8_length(scope));
    }
}

extern "C" fn utf8_length_fast(
    _: v8::Local<v8::Value>,
    value: v8::Local<v8::Value>,
    options: &mut FastApiCallbackOptions,
) -> u32 {
    // Measuring a rope makes it flat, and handles on the way.
    v8::scope!(let scope, isolate(options));
    v8::Local::<v8::String>::try_from(value)
        .map_or(0, |string| u32::try_from(string.utf8_length(scope)).unwrap_or(u32::MAX))
}

/// `arrayBufferByteLength(value) → number`: of an ArrayBuffer or SharedArrayBuffer; -1 for anything else.
fn array_buffer_byte_length(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    match buffer_byte_length(args.get(0)) {
        Some(length) => set_length(&mut rv, length),
        None => rv.set_int32(-1),
    }
}

extern "C" fn array_buffer_byte_length_fast(_: v8::Local<v8::Value>, value: v8::Local<v8::Value>) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "lengths in memory are below 2^53")]
    buffer_byte_length(value).map_or(-1.0, |length| length as f64)
}

fn buffer_byte_length(value: v8::Local<v8::Value>) -> Option<usize> {
    if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
        Some(buffer.byte_length())
    } else if let Ok(buffer) = v8::Local::<v8::SharedArrayBuffer>::try_from(value) {
        Some(buffer.byte_length())
    } else {
        None
    }
}

/// `promiseHasHandler(value) → boolean`: whether the promise has a reaction; false for any other value.
fn promise_has_handler(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set_bool(has_handler(args.get(0)));
}

extern "C" fn promise_has_handler_fast(_: v8::Local<v8::Value>, value: v8::Local<v8::Value>) -> bool {
    has_handler(value)
}

fn has_handler(value: v8::Local<v8::Value>) -> bool {
    v8::Local::<v8::Promise>::try_from(value).is_ok_and(|promise| promise.has_handler())
}

/// `markPromiseHandled(promise)`: a rejection of it will not be reported as unhandled.
fn mark_promise_handled(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) {
        promise.mark_as_handled();
    }
}

/// `resolvePromise(promise)`: fulfils it with undefined, even if resolving functions of it exist. Nothing if it is settled.
fn resolve_promise(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(resolver) = resolver_of(args.get(0)) {
        let undefined = v8::undefined(scope).into();
        let _ = resolver.resolve(scope, undefined);
    }
}

/// `rejectPromise(promise, reason)`: rejects it, even if resolving functions of it exist. Nothing if it is settled.
fn reject_promise(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(resolver) = resolver_of(args.get(0)) {
        let _ = resolver.reject(scope, args.get(1));
    }
}

#[expect(unsafe_code, reason = "the bindings offer no such conversion")]
fn resolver_of(value: v8::Local<'_, v8::Value>) -> Option<v8::Local<'_, v8::PromiseResolver>> {
    if !value.is_promise() {
        return None;
    }
    // SAFETY: to V8 a resolver is a promise: this is its Promise::Resolver::Cast, which asks what was asked above.
    Some(unsafe { v8::Local::<v8::PromiseResolver>::cast_unchecked(value) })
}

fn set_length(rv: &mut v8::ReturnValue, length: usize) {
    match u32::try_from(length) {
        Ok(length) => rv.set_uint32(length),
        // Exact up to 2^53, beyond any buffer.
        #[allow(clippy::cast_precision_loss, reason = "lengths in memory are below 2^53")]
        Err(_) => rv.set_double(length as f64),
    }
}
