//! Natives of streams/: what a chunk weighs, and a promise's [[PromiseIsHandled]].

use super::ops;

ops! {
    "arrayBufferByteLength" => array_buffer_byte_length,
    "markPromiseHandled" => mark_promise_handled,
    "utf8Length" => utf8_length,
}

/// `utf8Length(string) → number`: the bytes that the string takes in UTF-8; a lone surrogate counts as U+FFFD.
fn utf8_length(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) {
        set_length(&mut rv, string.utf8_length(scope));
    }
}

/// `arrayBufferByteLength(value) → number`: of an ArrayBuffer or SharedArrayBuffer; -1 for anything else.
fn array_buffer_byte_length(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let value = args.get(0);
    if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
        set_length(&mut rv, buffer.byte_length());
    } else if let Ok(buffer) = v8::Local::<v8::SharedArrayBuffer>::try_from(value) {
        set_length(&mut rv, buffer.byte_length());
    } else {
        rv.set_int32(-1);
    }
}

/// `markPromiseHandled(promise)`: a rejection of it will not be reported as unhandled.
fn mark_promise_handled(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) {
        promise.mark_as_handled();
    }
}

fn set_length(rv: &mut v8::ReturnValue, length: usize) {
    match u32::try_from(length) {
        Ok(length) => rv.set_uint32(length),
        // Exact up to 2^53, beyond any buffer.
        #[allow(clippy::cast_precision_loss, reason = "lengths in memory are below 2^53")]
        Err(_) => rv.set_double(length as f64),
    }
}
