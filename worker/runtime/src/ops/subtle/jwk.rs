//! Keys as the members of JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037): numbers and bytes in base64url.

use zeroize::Zeroizing;

use super::super::encoding::base64;
use super::super::ops;
use super::answer;
use super::ec::{Curve, EcKey};
use super::keys::{Material, answer_kept, material};
use super::octet_keys::{OctetCurve, OctetKey};
use super::rsa::RsaKey;

ops! {
    "base64urlDecode" => base64url_decode,
    "ecFromJwk" => ec_from_jwk,
    "keyToJwk" => key_to_jwk,
    "octetFromJwk" => octet_from_jwk,
    "rsaFromJwk" => rsa_from_jwk,
}

/// Bytes of base64url without padding (RFC 7515 §2).
fn decode(scope: &v8::PinScope, text: v8::Local<v8::Value>) -> Option<Zeroizing<Vec<u8>>> {
    let mut text =
        Zeroizing::new(v8::Local::<v8::String>::try_from(text).ok()?.to_rust_string_lossy(scope).into_bytes());
    for byte in text.iter_mut() {
        *byte = match *byte {
            b'-' => b'+',
            b'_' => b'/',
            byte if byte.is_ascii_alphanumeric() => byte,
            _ => return None,
        };
    }
    base64::decode(&text).map(Zeroizing::new)
}

fn encode<'s>(scope: &mut v8::PinScope<'s, '_>, bytes: &[u8]) -> Option<v8::Local<'s, v8::Value>> {
    let mut text = Zeroizing::new(base64::encode(bytes));
    while text.last() == Some(&b'=') {
        text.pop();
    }
    for byte in text.iter_mut() {
        *byte = match *byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => byte,
        };
    }
    v8::String::new_from_one_byte(scope, &text, v8::NewStringType::Normal).map(Into::into)
}

/// `base64urlDecode(text) → ArrayBuffer | undefined`.
fn base64url_decode(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(bytes) = decode(scope, args.get(0)) {
        answer(scope, &bytes, &mut rv);
    }
}

/// `rsaFromJwk(owner, n, e, d?, p?, q?, dp?, dq?, qi?) → id | undefined`: a private key where there are all eight.
fn rsa_from_jwk(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let numbers = (1..args.length()).map(|index| decode(scope, args.get(index)));
    let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else { return };
    if let Some(key) = RsaKey::from_numbers(&numbers) {
        answer_kept(scope, args.get(0), Material::Rsa(key), &mut rv);
    }
}

/// `ecFromJwk(owner, curve, x, y, d | undefined) → id | undefined`: a private key where there is a d.
fn ec_from_jwk(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(curve) = Curve::from_value(scope, args.get(1)) else { return };
    let (Some(x), Some(y)) = (decode(scope, args.get(2)), decode(scope, args.get(3))) else { return };
    let key = EcKey::from_coordinates(curve, &x, &y).and_then(|public| {
        if args.get(4).is_undefined() {
            return Some(public);
        }
        let scalar = decode(scope, args.get(4)).filter(|scalar| scalar.len() == curve.length())?;
        let private = EcKey::from_scalar(curve, &scalar)?;
        (private.coordinates() == public.coordinates()).then_some(private)
    });
    if let Some(key) = key {
        answer_kept(scope, args.get(0), Material::Ec(key), &mut rv);
    }
}

/// `octetFromJwk(owner, curve, x, d | undefined) → id | undefined`: a private key where there is a d.
fn octet_from_jwk(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(curve) = OctetCurve::from_value(scope, args.get(1)) else { return };
    let Some(x) = decode(scope, args.get(2)) else { return };
    let key = if args.get(3).is_undefined() {
        OctetKey::from_public(curve, &x)
    } else {
        let private = decode(scope, args.get(3)).and_then(|d| OctetKey::from_private(curve, &d));
        private.filter(|private| private.public.as_slice() == x.as_slice())
    };
    if let Some(key) = key {
        answer_kept(scope, args.get(0), Material::Octet(key), &mut rv);
    }
}

/// `keyToJwk(id) → [string]`: `[k]`, `[n, e]`, `[n, e, d, p, q, dp, dq, qi]`, `[x, y]`, `[x, y, d]`, `[x]` or `[x, d]`.
fn key_to_jwk(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = material(scope, args.get(0)) else { return };
    let Some(members) = members(&key) else { return };
    let texts: Option<Vec<_>> = members.iter().map(|bytes| encode(scope, bytes)).collect();
    if let Some(texts) = texts {
        rv.set(v8::Array::new_with_elements(scope, &texts).into());
    }
}

fn members(key: &Material) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    let copy = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
    match key {
        Material::Secret(bytes) => Some(vec![copy(bytes)]),
        Material::Rsa(key) => key.numbers(),
        Material::Ec(key) => {
            let (x, y) = key.coordinates()?;
            let scalar = key.scalar.as_ref().map(|scalar| copy(scalar));
            Some([copy(x), copy(y)].into_iter().chain(scalar).collect())
        }
        Material::Octet(key) => {
            let private = key.private.as_ref().map(|private| copy(&**private));
            Some([copy(&key.public)].into_iter().chain(private).collect())
        }
    }
}
