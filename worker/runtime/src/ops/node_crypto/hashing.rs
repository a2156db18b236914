//! Hash and Hmac.

use super::evp::digest::{Function, Running};
use super::{answer, held, input, read, size, text};
use crate::ops::native_memory::has_room;
use crate::ops::ops;

ops! {
    "nodeDigest" => digest,
    "nodeDigestCopy" => copy,
    "nodeDigestFinish" => finish,
    "nodeDigestInfo" => info,
    "nodeDigestOpen" => open,
    "nodeDigestUpdate" => update,
}

/// What a context of any hash function takes, with what lies around it; an HMAC has three.
const TAKEN: usize = 1024;

/// `nodeDigestInfo(name) → [size, isXof] | undefined`.
fn info(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(function) = Function::by_name(&text(scope, args.get(0))) else { return };
    let size = u32::try_from(function.size()).unwrap_or_default();
    let size = v8::Integer::new_from_unsigned(scope, size).into();
    let is_xof = v8::Boolean::new(scope, function.is_xof()).into();
    rv.set(v8::Array::new_with_elements(scope, &[size, is_xof]).into());
}

/// `nodeDigestOpen(owner, name, key | undefined) → id | undefined`: an HMAC where there is a key.
fn open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(function) = Function::by_name(&text(scope, args.get(1))) else { return };
    let running = if args.get(2).is_undefined() {
        Running::digest(function)
    } else {
        input(scope, args.get(2), 1).and_then(|key| Running::hmac(function, &zeroize::Zeroizing::new(key)))
    };
    if let Some(id) = running.and_then(|running| held::keep(scope, args.get(0), running, TAKEN)) {
        rv.set_uint32(id);
    }
}

/// `nodeDigestCopy(owner, id) → id`.
fn copy(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let copy = held::with(scope, args.get(1), |_, running: &mut Running| running.copy());
    if let Some(id) = copy.and_then(|copy| held::keep(scope, args.get(0), copy, TAKEN)) {
        rv.set_uint32(id);
    }
}

/// `nodeDigestUpdate(id, bytes)`.
fn update(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    held::with(scope, args.get(0), |scope, running: &mut Running| {
        let mut updated = Some(());
        read(scope, args.get(1), |piece| updated = updated.and_then(|()| running.update(piece)))?;
        updated
    });
}

/// `nodeDigestFinish(id, length | undefined) → ArrayBuffer`, and nothing after it. `length`: of an XOF.
fn finish(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let length = if args.get(1).is_undefined() { None } else { size(scope, args.get(1)) };
    let Some(running) = held::take::<Running>(scope, args.get(0)) else { return };
    give(scope, running, length, &mut rv);
}

fn give(scope: &mut v8::PinScope, running: Running, length: Option<usize>, rv: &mut v8::ReturnValue) {
    // Twice: the result is copied.
    if !has_room(scope, 2 * running.length(length)) {
        return super::throw_out_of_memory(scope);
    }
    if let Some(bytes) = running.finish(length) {
        answer(scope, &bytes, rv);
    }
}

/// `nodeDigest(name, bytes) → ArrayBuffer | undefined`.
fn digest(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let function = Function::by_name(&text(scope, args.get(0)));
    let Some(mut running) = function.and_then(Running::digest) else { return };
    let mut updated = Some(());
    read(scope, args.get(1), |piece| updated = updated.and_then(|()| running.update(piece)));
    if updated.is_some() {
        give(scope, running, None, &mut rv);
    }
}
