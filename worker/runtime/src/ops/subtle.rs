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

ops! {
    "digest" => digest,
    "hmacSign" => hmac_sign,
    "hmacVerify" => hmac_verify,
    "timingSafeEqual" => timing_safe_equal,
}

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

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn digest(self, data: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), data)
    }
}

/// Answers with a new ArrayBuffer of `bytes`; throws a RangeError where the app's memory has no room for it.
fn answer(scope: &mut v8::PinScope, bytes: &[u8], rv: &mut v8::ReturnValue) {
    if let Some(buffer) = new_buffer(scope, bytes) {
        rv.set(buffer.into());
    }
}

/// A new ArrayBuffer with a copy of `bytes`; `None` and a RangeError where the app's memory has no room for it.
fn new_buffer<'s>(scope: &mut v8::PinScope<'s, '_>, bytes: &[u8]) -> Option<v8::Local<'s, v8::ArrayBuffer>> {
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

fn throw_out_of_memory(scope: &v8::PinScope) {
    throw_range_error(scope, "There is not enough memory for this operation");
}

fn size(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<usize> {
    value.uint32_value(scope).and_then(|number| usize::try_from(number).ok())
}

/// `digest(hash, data) → ArrayBuffer`.
fn digest(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(0)) else { return };
    let Some(data) = copy_out(scope, args.get(1)) else { return };
    answer(scope, hash.digest(&data).as_ref(), &mut rv);
}

/// `hmacSign(key, hash, data) → ArrayBuffer`.
fn hmac_sign(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = hmac_key(scope, &args) else { return };
    let Some(data) = copy_out(scope, args.get(2)) else { return };
    answer(scope, hmac::sign(&key, &data).as_ref(), &mut rv);
}

/// `hmacVerify(key, hash, signature, data) → boolean`.
fn hmac_verify(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = hmac_key(scope, &args) else { return };
    let (Some(signature), Some(data)) = (copy_out(scope, args.get(2)), copy_out(scope, args.get(3))) else { return };
    let expected = hmac::sign(&key, &data);
    rv.set_bool(constant_time::verify_slices_are_equal(expected.as_ref(), &signature).is_ok());
}

fn hmac_key(scope: &v8::PinScope, args: &v8::FunctionCallbackArguments) -> Option<hmac::Key> {
    let key = material(scope, args.get(0))?;
    let Material::Secret(bytes) = &*key else { return None };
    Some(hmac::Key::new(Hash::from_value(scope, args.get(1))?.hmac(), bytes))
}

/// `timingSafeEqual(a, b) → boolean`: compares bytes in a time that depends on their number only. Of one length.
fn timing_safe_equal(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(a), Some(b)) = (copy_out(scope, args.get(0)), copy_out(scope, args.get(1))) else { return };
    rv.set_bool(constant_time::verify_slices_are_equal(&a, &b).is_ok());
}
