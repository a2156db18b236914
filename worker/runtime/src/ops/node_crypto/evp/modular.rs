//! Powers of numbers modulo another, and the primes that RFC 3526 has for that.

#![expect(unsafe_code, reason = "C functions")]

use std::ptr::{null, null_mut};

use aws_lc_sys::{
    BIGNUM, BN_CTX, BN_CTX_free, BN_CTX_new, BN_div, BN_get_rfc3526_prime_1536, BN_get_rfc3526_prime_2048,
    BN_get_rfc3526_prime_3072, BN_get_rfc3526_prime_4096, BN_get_rfc3526_prime_6144, BN_get_rfc3526_prime_8192,
    BN_is_odd, BN_mod_exp_mont_consttime, BN_num_bits,
};
use zeroize::Zeroizing;

use super::{Number, done, number_bytes, owned, padded_bytes};

/// Bits of a modulus, at most: what is done with one takes a time that grows with their cube.
const MAX_BITS: u32 = 8192;

owned!(Context, BN_CTX, BN_CTX_free);

/// `base` to the power of `exponent` modulo `modulus`, with as many bytes as the modulus has. `None`: the modulus is even, or too long.
pub(in crate::ops::node_crypto) fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let longest = usize::try_from(MAX_BITS / 8).ok()?;
    if modulus.len() > longest || exponent.len() > longest || base.len() > longest {
        return None;
    }
    let (base, exponent, modulus) =
        (Number::from_bytes(base)?, Number::from_bytes(exponent)?, Number::from_bytes(modulus)?);
    // SAFETY: the number lives.
    let (is_odd, bits) = unsafe { (BN_is_odd(modulus.ptr()), BN_num_bits(modulus.ptr())) };
    if is_odd != 1 || bits < 2 {
        return None;
    }
    // SAFETY: has no conditions.
    let context = Context::of(unsafe { BN_CTX_new() })?;
    let reduced = Number::zero()?;
    // SAFETY: all of them live; nothing wants the quotient.
    done(unsafe { BN_div(null_mut(), reduced.ptr(), base.ptr(), modulus.ptr(), context.ptr()) })?;
    let result = Number::zero()?;
    // SAFETY: all of them live, and the modulus is odd; null makes what it needs of that.
    done(unsafe {
        BN_mod_exp_mont_consttime(result.ptr(), reduced.ptr(), exponent.ptr(), modulus.ptr(), context.ptr(), null())
    })?;
    padded_bytes(result.ptr(), usize::try_from(bits).ok()?.div_ceil(8))
}

/// The prime of RFC 3526 with so many bits.
pub(in crate::ops::node_crypto) fn standard_prime(bits: u32) -> Option<Zeroizing<Vec<u8>>> {
    let get: unsafe extern "C" fn(*mut BIGNUM) -> *mut BIGNUM = match bits {
        1536 => BN_get_rfc3526_prime_1536,
        2048 => BN_get_rfc3526_prime_2048,
        3072 => BN_get_rfc3526_prime_3072,
        4096 => BN_get_rfc3526_prime_4096,
        6144 => BN_get_rfc3526_prime_6144,
        8192 => BN_get_rfc3526_prime_8192,
        _ => return None,
    };
    // SAFETY: null makes a new number, which is ours.
    let prime = Number::of(unsafe { get(null_mut()) })?;
    number_bytes(prime.ptr())
}
