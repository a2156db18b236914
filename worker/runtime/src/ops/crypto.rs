//! Natives of crypto/crypto.js: random bytes from the kernel.

use super::bytes::copy_in;
use super::{ops, throw_type_error};

ops! {
    "randomFill" => random_fill,
    "randomUuid" => random_uuid,
}

/// `randomFill(view)`: fills a typed array; the caller has checked its type and size.
fn random_fill(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)) else { return };
    let mut bytes = vec![0; view.byte_length()];
    match getrandom::fill(&mut bytes) {
        Ok(()) => copy_in(view, &bytes),
        Err(_) => throw_type_error(scope, "The system has no random bytes"),
    }
}

/// `randomUuid() → string`: a version 4 UUID (RFC 9562 §5.4) in lower case.
fn random_uuid(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return throw_type_error(scope, "The system has no random bytes");
    }
    let text = format_uuid(u128::from_be_bytes(bytes));
    if let Some(text) = v8::String::new_from_one_byte(scope, text.as_bytes(), v8::NewStringType::Normal) {
        rv.set(text.into());
    }
}

fn format_uuid(random: u128) -> String {
    // The version, 4, and the variant, binary 10.
    let value = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{value:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    parts.join("-")
}

#[cfg(test)]
mod tests;
