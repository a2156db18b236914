//! Keys that are generated, and those of numbers.

use zeroize::Zeroizing;

use super::evp::curve::Curve;
use super::evp::key::{Kind, LARGEST_MODULUS, Pkey};
use super::keys::keep;
use super::{input, is_over, text};
use crate::ops::ops;

ops! {
    "nodeKeyFromNumbers" => from_numbers,
    "nodeKeyGenerate" => generate,
}

fn octet_kind(name: &str) -> Option<Kind> {
    match name {
        "ed25519" => Some(Kind::Ed25519),
        "x25519" => Some(Kind::X25519),
        _ => None,
    }
}

/// `nodeKeyFromNumbers(owner, kind, private, numbers) → id | undefined`. `kind`: "rsa", a curve's name, "ed25519" or "x25519".
fn from_numbers(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let kind = text(scope, args.get(1));
    let private = args.get(2).is_true();
    let Ok(list) = v8::Local::<v8::Array>::try_from(args.get(3)) else { return };
    let mut numbers = Vec::new();
    for at in 0..list.length().min(8) {
        let Some(number) = list.get_index(scope, at).and_then(|number| input(scope, number, 1)) else { return };
        numbers.push(Zeroizing::new(number));
    }
    let key = if kind == "rsa" {
        Pkey::from_rsa_numbers(&numbers)
    } else if let Some(octets) = octet_kind(&kind) {
        octets_of(octets, private, &numbers)
    } else {
        Curve::by_name(&kind).and_then(|curve| Pkey::from_ec_numbers(curve, &numbers))
    };
    if let Some(id) = key.and_then(|key| keep(scope, args.get(0), key, private)) {
        rv.set_uint32(id);
    }
}

/// x, and d of a private key, which makes x.
fn octets_of(kind: Kind, private: bool, numbers: &[Zeroizing<Vec<u8>>]) -> Option<Pkey> {
    let key = Pkey::from_octets(kind, private, numbers.get(usize::from(private))?)?;
    let is_own = !private || key.numbers(false)?.first() == numbers.first();
    is_own.then_some(key)
}

/// `nodeKeyGenerate(privateOwner, publicOwner, kind, bits, exponent) → [privateId, publicId] | undefined`. `kind`: as above.
/// `bits`, `exponent`: of RSA.
fn generate(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let kind = text(scope, args.get(2));
    let private = if kind == "rsa" {
        let (Some(bits), Some(exponent)) = (args.get(3).uint32_value(scope), args.get(4).uint32_value(scope)) else {
            return;
        };
        let is_over = is_over(scope);
        Some(bits).filter(|bits| *bits <= LARGEST_MODULUS).and_then(|bits| Pkey::generate_rsa(bits, exponent, &is_over))
    } else if let Some(octets) = octet_kind(&kind) {
        Pkey::generate_octets(octets)
    } else {
        Curve::by_name(&kind).and_then(Pkey::generate_ec)
    };
    let Some((private, public)) = private.and_then(|private| private.public().map(|public| (private, public))) else {
        return;
    };
    let Some(private) = keep(scope, args.get(0), private, true) else { return };
    let Some(public) = keep(scope, args.get(1), public, false) else { return };
    let ids = [private, public].map(|id| v8::Integer::new_from_unsigned(scope, id).into());
    rv.set(v8::Array::new_with_elements(scope, &ids).into());
}
