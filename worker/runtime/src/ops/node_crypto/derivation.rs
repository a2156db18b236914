//! HKDF, and the beginning of PBKDF2, whose steps are WebCrypto's (`subtle/derivation.rs`).

use zeroize::Zeroizing;

use super::evp::digest::{Function, Hmac, hkdf};
use super::{answer, input, size, text, throw_out_of_memory};
use crate::ops::native_memory::has_room;
use crate::ops::ops;
use crate::ops::subtle::derivation::Pbkdf2;

ops! {
    "nodeHkdf" => node_hkdf,
    "nodePbkdf2Start" => node_pbkdf2_start,
}

/// `nodeHkdf(name, key, salt, info, length) → ArrayBuffer | undefined`.
fn node_hkdf(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(function) = Function::by_name(&text(scope, args.get(0))) else { return };
    let Some(key) = input(scope, args.get(1), 1).map(Zeroizing::new) else { return };
    let (Some(salt), Some(info)) = (input(scope, args.get(2), 1), input(scope, args.get(3), 1)) else { return };
    let Some(length) = size(scope, args.get(4)).filter(|length| *length <= 255 * function.size()) else { return };
    if let Some(bytes) = hkdf(function, &key, &salt, &info, length) {
        answer(scope, &bytes, &mut rv);
    }
}

/// `nodePbkdf2Start(name, password, salt, iterations, length) → boolean`: false where there is no such hash function.
fn node_pbkdf2_start(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(function) = Function::by_name(&text(scope, args.get(0))).filter(|function| !function.is_xof()) else {
        return rv.set_bool(false);
    };
    let Some(password) = input(scope, args.get(1), 1).map(Zeroizing::new) else { return };
    let Some(salt) = input(scope, args.get(2), 1) else { return };
    let (Some(iterations), Some(length)) = (args.get(3).uint32_value(scope), size(scope, args.get(4))) else { return };
    // Twice: the result is copied.
    if !has_room(scope, length.saturating_add(function.size()).saturating_mul(2)) {
        return throw_out_of_memory(scope);
    }
    let Some(key) = Hmac::new(function, &password) else { return };
    scope.set_slot(Pbkdf2::new(key, function.size(), salt, iterations, length));
    rv.set_bool(true);
}
