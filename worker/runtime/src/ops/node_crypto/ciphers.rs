//! Cipheriv and Decipheriv.

use zeroize::Zeroizing;

use super::evp::cipher::{Cipher, Translation};
use super::{answer, held, input, size, text};
use crate::ops::ops;

ops! {
    "nodeCipherAdditional" => additional,
    "nodeCipherFinish" => finish,
    "nodeCipherInfo" => info,
    "nodeCipherOpen" => open,
    "nodeCipherPadding" => padding,
    "nodeCipherSetTag" => set_tag,
    "nodeCipherTag" => tag,
    "nodeCipherUpdate" => update,
}

/// What a context of any cipher takes, with what lies around it.
const TAKEN: usize = 2048;

/// Of a piece of data: itself, what is made of it, and the result.
const COPIES: usize = 3;

/// `nodeCipherInfo(name) → [mode, keyLength, ivLength, blockSize, number] | undefined`.
fn info(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(cipher) = Cipher::by_name(&text(scope, args.get(0))) else { return };
    let Some(mode) = v8::String::new(scope, cipher.mode.name()) else { return };
    let [key, iv, block, number] = cipher.sizes().map(|size| v8::Integer::new_from_unsigned(scope, size).into());
    rv.set(v8::Array::new_with_elements(scope, &[mode.into(), key, iv, block, number]).into());
}

/// `nodeCipherOpen(owner, name, encrypt, key, iv) → id | undefined`.
fn open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(cipher) = Cipher::by_name(&text(scope, args.get(1))) else { return };
    let Some(key) = input(scope, args.get(3), 1).map(Zeroizing::new) else { return };
    let Some(iv) = input(scope, args.get(4), 1) else { return };
    let made = Translation::new(cipher, args.get(2).is_true(), &key, &iv);
    if let Some(id) = made.and_then(|made| held::keep(scope, args.get(0), made, TAKEN)) {
        rv.set_uint32(id);
    }
}

/// `nodeCipherAdditional(id, bytes) → boolean`.
fn additional(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(bytes) = input(scope, args.get(1), 1) else { return };
    let taken = held::with(scope, args.get(0), |_, made: &mut Translation| made.authenticate(&bytes));
    rv.set_bool(taken.is_some());
}

/// `nodeCipherPadding(id, on)`.
fn padding(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let on = args.get(1).is_true();
    held::with(scope, args.get(0), |_, made: &mut Translation| made.set_padding(on));
}

/// `nodeCipherSetTag(id, tag) → boolean`.
fn set_tag(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(tag) = input(scope, args.get(1), 1) else { return };
    let set = held::with(scope, args.get(0), |_, made: &mut Translation| made.set_tag(&tag));
    rv.set_bool(set.is_some());
}

/// `nodeCipherUpdate(id, bytes) → ArrayBuffer | undefined`.
fn update(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(bytes) = input(scope, args.get(1), COPIES) else { return };
    let out = held::with(scope, args.get(0), |_, made: &mut Translation| made.update(&bytes));
    if let Some(out) = out {
        answer(scope, &out, &mut rv);
    }
}

/// `nodeCipherFinish(id) → ArrayBuffer | undefined`: undefined where the padding or the tag is wrong.
fn finish(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let out = held::with(scope, args.get(0), |_, made: &mut Translation| made.finish());
    if let Some(out) = out {
        answer(scope, &out, &mut rv);
    }
}

/// `nodeCipherTag(id, length) → ArrayBuffer | undefined`: after the last bytes.
fn tag(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(length) = size(scope, args.get(1)) else { return };
    let tag = held::with(scope, args.get(0), |_, made: &mut Translation| made.tag(length));
    if let Some(tag) = tag {
        answer(scope, &tag, &mut rv);
    }
}
