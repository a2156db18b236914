//! Primes. How long the search for one takes nobody knows beforehand, so it asks now and then whether it is to be given up.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{null, null_mut};

use aws_lc_sys::{
    BN_CTX, BN_CTX_free, BN_CTX_new, BN_GENCB, BN_GENCB_free, BN_GENCB_get_arg, BN_GENCB_new, BN_GENCB_set, BN_add,
    BN_div, BN_generate_prime_ex, BN_is_prime_ex, BN_num_bits, BN_rand, BN_rshift1, BN_sub,
};
use zeroize::Zeroizing;

use super::{Number, done, number_bytes, owned};

/// As many rounds as a number's size asks for.
const BY_SIZE: c_int = 0;
/// Of a random number: its highest bit is set, its lowest may be anything.
const TOP_ONE: c_int = 0;
const BOTTOM_ANY: c_int = 0;

owned!(Context, BN_CTX, BN_CTX_free);
owned!(Callback, BN_GENCB, BN_GENCB_free);

/// Whether work is to be given up.
pub(in crate::ops::node_crypto) type IsOver<'a> = &'a dyn Fn() -> bool;

/// What AWS-LC calls after each candidate.
pub(super) struct Interruption<'a> {
    callback: Callback,
    _is_over: PhantomData<&'a IsOver<'a>>,
}

impl<'a> Interruption<'a> {
    pub(super) fn new(is_over: &'a IsOver<'a>) -> Option<Self> {
        // SAFETY: has no conditions.
        let callback = Callback::of(unsafe { BN_GENCB_new() })?;
        let argument = std::ptr::from_ref::<IsOver>(is_over).cast_mut().cast::<c_void>();
        // SAFETY: the callback lives; its argument longer than it.
        unsafe { BN_GENCB_set(callback.ptr(), Some(go_on), argument) };
        Some(Self { callback, _is_over: PhantomData })
    }

    pub(super) fn ptr(&self) -> *mut BN_GENCB {
        self.callback.ptr()
    }
}

unsafe extern "C" fn go_on(_: c_int, _: c_int, callback: *mut BN_GENCB) -> c_int {
    // SAFETY: AWS-LC gives the callback that it was given, whose argument is of this type.
    let is_over = unsafe { &*BN_GENCB_get_arg(callback).cast::<IsOver>() };
    c_int::from(!is_over())
}

/// A prime of so many bits. `safe`: half of it is a prime, too.
pub(in crate::ops::node_crypto) fn generate(bits: u32, safe: bool, is_over: IsOver) -> Option<Zeroizing<Vec<u8>>> {
    let (prime, interruption) = (Number::zero()?, Interruption::new(&is_over)?);
    let bits = c_int::try_from(bits).ok()?;
    // SAFETY: number and callback live; without nulls there would be conditions.
    done(unsafe { BN_generate_prime_ex(prime.ptr(), bits, c_int::from(safe), null(), null(), interruption.ptr()) })?;
    number_bytes(prime.ptr())
}

/// A prime of so many bits that is `rem` modulo `add`. (AWS-LC's own search leaves out the remainders that Diffie-Hellman has
/// no use for, and never ends where there are no others.)
pub(in crate::ops::node_crypto) fn generate_in_steps(
    bits: u32,
    safe: bool,
    add: &[u8],
    rem: Option<&[u8]>,
    is_over: IsOver,
) -> Option<Zeroizing<Vec<u8>>> {
    let rem = rem.unwrap_or(if safe { &[3] } else { &[1] });
    let (add, rem, interruption) = (Number::from_bytes(add)?, Number::from_bytes(rem)?, Interruption::new(&is_over)?);
    let (candidate, rest, half) = (Number::zero()?, Number::zero()?, Number::zero()?);
    // SAFETY: has no conditions.
    let context = Context::of(unsafe { BN_CTX_new() })?;
    let wanted = c_int::try_from(bits).ok()?;
    let is_prime = |number: &Number| {
        // SAFETY: number and callback live.
        unsafe { BN_is_prime_ex(number.ptr(), BY_SIZE, null_mut(), interruption.ptr()) }
    };
    loop {
        // SAFETY: all numbers live; `rest` is what is above a multiple of `add`.
        unsafe {
            done(BN_rand(candidate.ptr(), wanted, TOP_ONE, BOTTOM_ANY))?;
            done(BN_div(null_mut(), rest.ptr(), candidate.ptr(), add.ptr(), context.ptr()))?;
            done(BN_sub(candidate.ptr(), candidate.ptr(), rest.ptr()))?;
            done(BN_add(candidate.ptr(), candidate.ptr(), rem.ptr()))?;
        }
        // SAFETY: the number lives.
        while unsafe { BN_num_bits(candidate.ptr()) } <= bits {
            if is_over() {
                return None;
            }
            // SAFETY: as above.
            let fits = unsafe { BN_num_bits(candidate.ptr()) } == bits && {
                // SAFETY: both numbers live.
                done(unsafe { BN_rshift1(half.ptr(), candidate.ptr()) })?;
                is_prime(&candidate) == 1 && (!safe || is_prime(&half) == 1)
            };
            if fits {
                return number_bytes(candidate.ptr());
            }
            // SAFETY: both numbers live.
            done(unsafe { BN_add(candidate.ptr(), candidate.ptr(), add.ptr()) })?;
        }
        if is_over() {
            return None;
        }
    }
}

/// Whether a number is a prime, as far as so many rounds can tell.
pub(in crate::ops::node_crypto) fn check(candidate: &[u8], rounds: u32, is_over: IsOver) -> Option<bool> {
    let (number, interruption) = (Number::from_bytes(candidate)?, Interruption::new(&is_over)?);
    // SAFETY: number and callback live.
    let answer = unsafe { BN_is_prime_ex(number.ptr(), c_int::try_from(rounds).ok()?, null_mut(), interruption.ptr()) };
    match answer {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
