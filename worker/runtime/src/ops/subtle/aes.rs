//! AES in the modes of the standard: CBC, CTR, GCM, and key wrap.

use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptingKey, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

use super::super::ops;
use super::keys::{Material, material};
use super::{answer, input, optional_input, size};

mod gcm;
mod key_wrap;

ops! {
    "aesCbc" => aes_cbc,
    "aesCtr" => aes_ctr,
    "aesGcm" => aes_gcm,
    "aesKeyWrap" => aes_key_wrap,
}

/// Of the data: one that is translated in place, one that grows by a tag, and the result.
const COPIES: usize = 3;

/// Bytes of a block.
const BLOCK: usize = 16;

/// The bytes of the secret key that the first argument names.
fn with_secret<R>(scope: &v8::PinScope, id: v8::Local<v8::Value>, work: impl FnOnce(&[u8]) -> Option<R>) -> Option<R> {
    match &*material(scope, id)? {
        Material::Secret(bytes) => work(bytes),
        _ => None,
    }
}

fn cipher_key(secret: &[u8]) -> Option<UnboundCipherKey> {
    let algorithm = match secret.len() {
        16 => &cipher::AES_128,
        24 => &cipher::AES_192,
        32 => &cipher::AES_256,
        _ => return None,
    };
    UnboundCipherKey::new(algorithm, secret).ok()
}

/// `aesCbc(key, encrypt, iv, data) → ArrayBuffer | undefined`: with the padding of PKCS #7.
fn aes_cbc(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let encrypt = args.get(1).is_true();
    let (Some(iv), Some(mut data)) = (input(scope, args.get(2), 1), input(scope, args.get(3), COPIES)) else { return };
    let Ok(iv) = <[u8; BLOCK]>::try_from(iv) else { return };
    let iv = FixedLength::from(iv);
    let done = with_secret(scope, args.get(0), |secret| {
        if encrypt {
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key(secret)?).ok()?;
            key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(iv)).ok()?;
            Some(data.len())
        } else {
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(cipher_key(secret)?).ok()?;
            Some(key.decrypt(&mut data, DecryptionContext::Iv128(iv)).ok()?.len())
        }
    });
    if let Some(bytes) = done.and_then(|length| data.get(..length)) {
        answer(scope, bytes, &mut rv);
    }
}

/// `aesCtr(key, counter, length, data) → ArrayBuffer | undefined`: the last `length` bits of the 16 bytes `counter` count,
/// and begin again at 0 after their last value. Undefined where there are more blocks than values.
fn aes_ctr(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(counter), Some(mut data)) = (input(scope, args.get(1), 1), input(scope, args.get(3), COPIES)) else {
        return;
    };
    let Ok(counter) = <[u8; BLOCK]>::try_from(counter) else { return };
    let Some(length) = args.get(2).uint32_value(scope) else { return };
    let done = with_secret(scope, args.get(0), |secret| ctr(secret, counter, length, &mut data));
    if done.is_some() {
        answer(scope, &data, &mut rv);
    }
}

fn ctr(secret: &[u8], counter: [u8; BLOCK], length: u32, data: &mut [u8]) -> Option<()> {
    let counter = u128::from_be_bytes(counter);
    let mask = u128::MAX.checked_shr(128_u32.checked_sub(length)?)?;
    let blocks = u128::try_from(data.len().div_ceil(BLOCK)).ok()?;
    if blocks != 0 && blocks - 1 > mask {
        return None;
    }
    // AWS-LC counts in all 128 bits, so what comes after the wrap is a second run.
    let before_wrap = usize::try_from((mask - (counter & mask)).saturating_add(1)).unwrap_or(usize::MAX);
    let (first, second) = data.split_at_mut(before_wrap.saturating_mul(BLOCK).min(data.len()));
    run_ctr(secret, counter, first)?;
    run_ctr(secret, counter & !mask, second)
}

fn run_ctr(secret: &[u8], counter: u128, data: &mut [u8]) -> Option<()> {
    let key = EncryptingKey::ctr(cipher_key(secret)?).ok()?;
    let context = EncryptionContext::Iv128(FixedLength::from(counter.to_be_bytes()));
    key.less_safe_encrypt(data, context).ok().map(drop)
}

/// `aesGcm(key, encrypt, iv, additionalData, tagLength, data) → ArrayBuffer | undefined`: `tagLength` in bytes; the tag is at
/// the data's end. Undefined where the tag is not that of the data.
fn aes_gcm(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let encrypt = args.get(1).is_true();
    let Some(additional) = optional_input(scope, args.get(3)) else { return };
    let (Some(iv), Some(data)) = (input(scope, args.get(2), 1), input(scope, args.get(5), COPIES)) else { return };
    let Some(tag) = size(scope, args.get(4)) else { return };
    let done = with_secret(scope, args.get(0), |secret| match encrypt {
        true => gcm::seal(secret, &iv, &additional, tag, data),
        false => gcm::open(secret, &iv, &additional, tag, data),
    });
    if let Some(bytes) = done {
        answer(scope, &bytes, &mut rv);
    }
}

/// `aesKeyWrap(key, wrap, data) → ArrayBuffer | undefined` (RFC 3394).
fn aes_key_wrap(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let wrap = args.get(1).is_true();
    let Some(data) = input(scope, args.get(2), COPIES) else { return };
    let done = with_secret(scope, args.get(0), |secret| match wrap {
        true => key_wrap::wrap(secret, &data),
        false => key_wrap::unwrap(secret, &data),
    });
    if let Some(bytes) = done {
        answer(scope, &bytes, &mut rv);
    }
}
