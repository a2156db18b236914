//! ECDH and Diffie-Hellman with numbers and points as they are, and what two KeyObjects have in common.

use zeroize::Zeroizing;

use super::evp::curve::{Curve, Form};
use super::evp::modular;
use super::keys::key;
use super::{answer, input, text};
use crate::ops::ops;

ops! {
    "nodeAgree" => agree,
    "nodeEcAgree" => ec_agree,
    "nodeEcConvert" => ec_convert,
    "nodeEcGenerate" => ec_generate,
    "nodeEcPublic" => ec_public,
    "nodeModularPower" => modular_power,
    "nodeStandardPrime" => standard_prime,
}

/// `nodeAgree(privateId, publicId) → ArrayBuffer | undefined`.
fn agree(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(private), Some(public)) = (key(scope, args.get(0)), key(scope, args.get(1))) else { return };
    if let Some(secret) = private.pkey.agree(&public.pkey) {
        answer(scope, &secret, &mut rv);
    }
}

fn curve(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<Curve> {
    Curve::by_name(&text(scope, value))
}

/// `nodeEcGenerate(curve) → ArrayBuffer | undefined`: a private key's number; undefined where there is no such curve.
fn ec_generate(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(number) = curve(scope, args.get(0)).and_then(Curve::generate) {
        answer(scope, &number, &mut rv);
    }
}

/// `nodeEcPublic(curve, private) → ArrayBuffer | undefined`: its point, uncompressed.
fn ec_public(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(private) = input(scope, args.get(1), 1).map(Zeroizing::new) else { return };
    if let Some(point) = curve(scope, args.get(0)).and_then(|curve| curve.public(&private)) {
        answer(scope, &point, &mut rv);
    }
}

/// `nodeEcConvert(curve, point, form) → ArrayBuffer | undefined`: undefined where there is no such curve or point.
fn ec_convert(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(point) = input(scope, args.get(1), 1) else { return };
    let form = match &*text(scope, args.get(2)) {
        "compressed" => Form::Compressed,
        "hybrid" => Form::Hybrid,
        _ => Form::Uncompressed,
    };
    if let Some(point) = curve(scope, args.get(0)).and_then(|curve| curve.convert(&point, form)) {
        answer(scope, &point, &mut rv);
    }
}

/// `nodeEcAgree(curve, private, peer) → ArrayBuffer | undefined`.
fn ec_agree(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(private) = input(scope, args.get(1), 1).map(Zeroizing::new) else { return };
    let Some(peer) = input(scope, args.get(2), 1) else { return };
    if let Some(secret) = curve(scope, args.get(0)).and_then(|curve| curve.agree(&private, &peer)) {
        answer(scope, &secret, &mut rv);
    }
}

/// `nodeModularPower(base, exponent, modulus) → ArrayBuffer | undefined`: as many bytes as the modulus has; undefined where that is even
/// or too long.
fn modular_power(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(base) = input(scope, args.get(0), 1) else { return };
    let Some(exponent) = input(scope, args.get(1), 1).map(Zeroizing::new) else { return };
    let Some(modulus) = input(scope, args.get(2), 1) else { return };
    if let Some(power) = modular::power(&base, &exponent, &modulus) {
        answer(scope, &power, &mut rv);
    }
}

/// `nodeStandardPrime(bits) → ArrayBuffer | undefined`: that of RFC 3526.
fn standard_prime(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(prime) = args.get(0).uint32_value(scope).and_then(modular::standard_prime) {
        answer(scope, &prime, &mut rv);
    }
}
