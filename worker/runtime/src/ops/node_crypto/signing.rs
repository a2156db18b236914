//! Signatures, and encryption with RSA.

use super::evp::digest::Function;
use super::evp::key::Kind;
use super::evp::signing::{Padding, Scheme};
use super::keys::{Held, key};
use super::{answer, input, optional_input, text};
use crate::ops::ops;

ops! {
    "nodeRsaCrypt" => rsa_crypt,
    "nodeSignData" => sign_data,
    "nodeSignDigest" => sign_digest,
    "nodeVerifyData" => verify_data,
    "nodeVerifyDigest" => verify_digest,
}

/// Name, padding and salt's length: the second argument and those after it.
fn scheme(scope: &v8::PinScope, args: &v8::FunctionCallbackArguments) -> Option<Scheme> {
    let function = Function::by_name(&text(scope, args.get(1)))?;
    let padding = Padding::by_number(args.get(2).int32_value(scope)?)?;
    Some(Scheme { function, padding, salt: args.get(3).int32_value(scope)? })
}

fn is_octet(key: &Held) -> bool {
    matches!(key.pkey.kind(), Some(Kind::Ed25519 | Kind::X25519))
}

/// `nodeSignDigest(id, name, padding, saltLength, isP1363, digest) → ArrayBuffer | undefined`.
fn sign_digest(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(key), Some(digest)) = (key(scope, args.get(0)), input(scope, args.get(5), 1)) else { return };
    let Some(scheme) = scheme(scope, &args).filter(|_| key.private && !is_octet(&key)) else { return };
    let signature = key.pkey.sign_digest(scheme, &digest);
    let as_numbers = args.get(4).is_true() && key.pkey.kind() == Some(Kind::Ec);
    let signature = if as_numbers { signature.and_then(|der| key.pkey.ecdsa_numbers(&der)) } else { signature };
    if let Some(signature) = signature {
        answer(scope, &signature, &mut rv);
    }
}

/// `nodeVerifyDigest(id, name, padding, saltLength, isP1363, digest, signature) → boolean | undefined`.
fn verify_digest(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(key), Some(digest)) = (key(scope, args.get(0)), input(scope, args.get(5), 1)) else { return };
    let Some(signature) = input(scope, args.get(6), 1) else { return };
    let Some(scheme) = scheme(scope, &args).filter(|_| !is_octet(&key)) else { return };
    let as_numbers = args.get(4).is_true() && key.pkey.kind() == Some(Kind::Ec);
    let valid = if as_numbers {
        match key.pkey.ecdsa_der(&signature) {
            Some(der) => key.pkey.verify_digest(scheme, &digest, &der),
            None => Some(false),
        }
    } else {
        key.pkey.verify_digest(scheme, &digest, &signature)
    };
    if let Some(valid) = valid {
        rv.set_bool(valid);
    }
}

/// `nodeSignData(id, data) → ArrayBuffer | undefined`: with Ed25519.
fn sign_data(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(key), Some(data)) = (key(scope, args.get(0)), input(scope, args.get(1), 1)) else { return };
    if !key.private || key.pkey.kind() != Some(Kind::Ed25519) {
        return;
    }
    if let Some(signature) = key.pkey.sign_data(&data) {
        answer(scope, &signature, &mut rv);
    }
}

/// `nodeVerifyData(id, data, signature) → boolean | undefined`.
fn verify_data(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(key), Some(data)) = (key(scope, args.get(0)), input(scope, args.get(1), 1)) else { return };
    let Some(signature) = input(scope, args.get(2), 1) else { return };
    if key.pkey.kind() != Some(Kind::Ed25519) {
        return;
    }
    if let Some(valid) = key.pkey.verify_data(&data, &signature) {
        rv.set_bool(valid);
    }
}

/// `nodeRsaCrypt(id, operation, padding, hash, label | undefined, data) → ArrayBuffer | undefined`. `operation`:
/// "publicEncrypt", "privateDecrypt", "privateEncrypt" or "publicDecrypt". `hash`, `label`: of OAEP.
fn rsa_crypt(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(key), Some(data)) = (key(scope, args.get(0)), input(scope, args.get(5), 2)) else { return };
    let Some(label) = optional_input(scope, args.get(4)) else { return };
    let Some(padding) = args.get(2).int32_value(scope).and_then(Padding::by_number) else { return };
    let Some(function) = Function::by_name(&text(scope, args.get(3))) else { return };
    if key.pkey.kind() != Some(Kind::Rsa) {
        return;
    }
    let operation = text(scope, args.get(1));
    let out = match operation.as_str() {
        "publicEncrypt" => key.pkey.encrypt(padding, function, &label, &data),
        "privateDecrypt" if key.private => key.pkey.decrypt(padding, function, &label, &data),
        "privateEncrypt" if key.private => key.pkey.private_encrypt(padding, &data),
        "publicDecrypt" => key.pkey.public_decrypt(padding, &data),
        _ => None,
    };
    if let Some(out) = out {
        answer(scope, &out, &mut rv);
    }
}
