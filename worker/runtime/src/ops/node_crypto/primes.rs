//! Primes.

use super::evp::prime;
use super::{answer, input, is_over};
use crate::ops::ops;

ops! {
    "nodeCheckPrime" => check_prime,
    "nodeGeneratePrime" => generate_prime,
}

/// `nodeGeneratePrime(bits, safe, add | undefined, rem | undefined) → ArrayBuffer | undefined`.
fn generate_prime(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(bits) = args.get(0).uint32_value(scope) else { return };
    let safe = args.get(1).is_true();
    let add = if args.get(2).is_undefined() { None } else { input(scope, args.get(2), 1) };
    let rem = if args.get(3).is_undefined() { None } else { input(scope, args.get(3), 1) };
    let is_over = is_over(scope);
    let number = match add {
        None => prime::generate(bits, safe, &is_over),
        Some(add) => prime::generate_in_steps(bits, safe, &add, rem.as_deref(), &is_over),
    };
    if let Some(number) = number {
        answer(scope, &number, &mut rv);
    }
}

/// `nodeCheckPrime(candidate, checks) → boolean | undefined`.
fn check_prime(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(candidate) = input(scope, args.get(0), 1) else { return };
    let Some(checks) = args.get(1).uint32_value(scope) else { return };
    let is_over = is_over(scope);
    if let Some(is_prime) = prime::check(&candidate, checks, &is_over) {
        rv.set_bool(is_prime);
    }
}
