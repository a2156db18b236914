//! Natives of crypto/: the algorithms of the Web Cryptography API, by AWS-LC.
//!
//! Keys stay here (`keys.rs`); JavaScript holds numbers. What the standard checks of algorithms, usages and errors is
//! JavaScript's: an operation here answers `undefined` where it fails, and the caller knows which error that is.

use aws_lc_rs::{constant_time, digest, hmac};

use super::bytes::copy_out;
use super::native_memory::has_room;
use super::{ops, throw_range_error};
use keys::{Material, material};

pub(super) mod aes;
pub(super) mod derivation;
pub(super) mod ec;
pub(super) mod jwk;
pub(crate) mod keys;
pub(super) mod octet_keys;
pub(super) mod rsa;
pub(super) mod running_digest;

ops! {
    "digest" => digest,
    "hmacSign" => hmac_sign,
    "hmacVerify" => hmac_verify,
    "timingSafeEqual" => timing_safe_equal,
}

/// Bytes that may be copied whatever memory is left.
const SMALL: usize = 65_536;

/// The hash functions of the standard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// crypto/algorithms/hash.js has the same numbers.
    fn from_value(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<Self> {
        match value.uint32_value(scope)? {
            0 => Some(Self::Sha1),
            1 => Some(Self::Sha256),
            2 => Some(Self::Sha384),
            3 => Some(Self::Sha512),
            _ => None,
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// As `evp.rs` names it.
    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// The digest of a view's or buffer's bytes.
    fn digest(self, scope: &mut v8::PinScope, data: v8::Local<v8::Value>) -> Option<digest::Digest> {
        let mut context = digest::Context::new(self.algorithm());
        read(scope, data, |piece| context.update(piece))?;
        Some(context.finish())
    }
}

/// Answers with a new ArrayBuffer of `bytes`; throws a RangeError where the app's memory has no room for it.
pub(super) fn answer(scope: &mut v8::PinScope, bytes: &[u8], rv: &mut v8::ReturnValue) {
    if let Some(buffer) = new_buffer(scope, bytes) {
        rv.set(buffer.into());
    }
}

/// A new ArrayBuffer with a copy of `bytes`; `None` and a RangeError where the app's memory has no room for it.
pub(super) fn new_buffer<'s>(scope: &mut v8::PinScope<'s, '_>, bytes: &[u8]) -> Option<v8::Local<'s, v8::ArrayBuffer>> {
    if !has_room(scope, bytes.len()) {
        throw_out_of_memory(scope);
        return None;
    }
    let buffer = v8::ArrayBuffer::new(scope, bytes.len());
    for (cell, byte) in buffer.get_backing_store().iter().zip(bytes) {
        cell.set(*byte);
    }
    Some(buffer)
}

/// A copy of the bytes of a view or buffer, which is not accounted for while the operation lasts. `None` and a RangeError
/// where the app's memory has no room for `copies` of them: this one, and what is made of it.
pub(super) fn input(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, copies: usize) -> Option<Vec<u8>> {
    let length = match v8::Local::<v8::ArrayBufferView>::try_from(value) {
        Ok(view) => view.byte_length(),
        Err(_) => v8::Local::<v8::ArrayBuffer>::try_from(value).ok()?.byte_length(),
    };
    if length > SMALL && !has_room(scope, length.saturating_mul(copies)) {
        throw_out_of_memory(scope);
        return None;
    }
    copy_out(scope, value)
}

/// Reads a view or buffer piece by piece, so that what is only hashed is not copied whole.
pub(super) fn read(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, mut take: impl FnMut(&[u8])) -> Option<()> {
    let (store, start, length) = if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        if view.byte_length() <= SMALL {
            // V8 may keep so few bytes in its heap, and would have to move them for a backing store.
            take(&copy_out(scope, value)?);
            return Some(());
        }
        (view.get_backing_store()?, view.byte_offset(), view.byte_length())
    } else {
        let buffer = v8::Local::<v8::ArrayBuffer>::try_from(value).ok()?;
        (buffer.get_backing_store(), 0, buffer.byte_length())
    };
    let mut piece = vec![0; length.min(SMALL)];
    for cells in store.get(start..start.checked_add(length)?)?.chunks(SMALL) {
        for (byte, cell) in piece.iter_mut().zip(cells) {
            *byte = cell.get();
        }
        take(piece.get(..cells.len())?);
    }
    Some(())
}

/// [`input`] of what may be undefined, which is no bytes.
pub(super) fn optional_input(scope: &mut v8::PinScope, value: v8::Local<v8::Value>) -> Option<Vec<u8>> {
    if value.is_undefined() { Some(Vec::new()) } else { input(scope, value, 1) }
}

pub(super) fn throw_out_of_memory(scope: &v8::PinScope) {
    throw_range_error(scope, "There is not enough memory for this operation");
}

pub(super) fn size(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<usize> {
    value.uint32_value(scope).and_then(|number| usize::try_from(number).ok())
}

/// `digest(hash, data) → ArrayBuffer`.
fn digest(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(0)) else { return };
    if let Some(digest) = hash.digest(scope, args.get(1)) {
        answer(scope, digest.as_ref(), &mut rv);
    }
}

/// `hmacSign(key, hash, data) → ArrayBuffer`.
fn hmac_sign(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(tag) = hmac(scope, &args, 2) {
        answer(scope, tag.as_ref(), &mut rv);
    }
}

/// `hmacVerify(key, hash, signature, data) → boolean`.
fn hmac_verify(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(signature) = input(scope, args.get(2), 1) else { return };
    let Some(tag) = hmac(scope, &args, 3) else { return };
    rv.set_bool(constant_time::verify_slices_are_equal(tag.as_ref(), &signature).is_ok());
}

/// The first two arguments are key and hash; `data`: which one is the data.
fn hmac(scope: &mut v8::PinScope, args: &v8::FunctionCallbackArguments, data: i32) -> Option<hmac::Tag> {
    let key = material(scope, args.get(0))?;
    let Material::Secret(bytes) = &*key else { return None };
    let key = hmac::Key::new(Hash::from_value(scope, args.get(1))?.hmac(), bytes);
    let mut context = hmac::Context::with_key(&key);
    read(scope, args.get(data), |piece| context.update(piece))?;
    Some(context.sign())
}

/// `timingSafeEqual(a, b) → boolean`: compares bytes in a time that depends on their number only. Of one length.
fn timing_safe_equal(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(a), Some(b)) = (input(scope, args.get(0), 1), input(scope, args.get(1), 1)) else { return };
    rv.set_bool(constant_time::verify_slices_are_equal(&a, &b).is_ok());
}
