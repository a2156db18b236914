//! What `node:crypto` has and the safe interface of AWS-LC has not: its functions by their names, keys of all kinds in all
//! their forms, padding of any kind. This calls its C functions; nothing outside of these files does.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_int;
use std::ptr::NonNull;

use aws_lc_sys::{BIGNUM, BN_bin2bn, BN_bn2bin, BN_bn2bin_padded, BN_clear_free, BN_new, BN_num_bits, ERR_clear_error};
use aws_lc_sys::{CBB, CBB_cleanup, CBB_finish, CBB_init, OPENSSL_free};
use zeroize::{Zeroize as _, Zeroizing};

pub(super) mod cipher;
pub(super) mod curve;
pub(super) mod digest;
pub(super) mod key;
pub(super) mod key_forms;
pub(super) mod key_numbers;
pub(super) mod modular;
pub(super) mod prime;
pub(super) mod signing;

/// A value of AWS-LC's that is freed when it is dropped.
macro_rules! owned {
    ($(#[$doc:meta])* $name:ident, $c:ty, $free:path) => {
        $(#[$doc])*
        pub(in crate::ops) struct $name(std::ptr::NonNull<$c>);

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the value is ours and is freed once.
                unsafe { $free(self.0.as_ptr()) };
            }
        }

        impl $name {
            /// Takes a value that belongs to nothing else, or null.
            #[allow(dead_code, reason = "not of every kind")]
            fn of(value: *mut $c) -> Option<Self> {
                std::ptr::NonNull::new(value).map(Self)
            }

            #[allow(dead_code, reason = "not of every kind")]
            fn ptr(&self) -> *mut $c {
                self.0.as_ptr()
            }
        }
    };
}
use owned;

owned!(
    /// A number of any size, overwritten when it is dropped.
    Number,
    BIGNUM,
    BN_clear_free
);

impl Number {
    fn zero() -> Option<Self> {
        // SAFETY: has no conditions.
        Self::of(unsafe { BN_new() })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // SAFETY: the bytes are read only; null makes a new number.
        Self::of(unsafe { BN_bin2bn(bytes.as_ptr(), bytes.len(), std::ptr::null_mut()) })
    }
}

/// The bytes of a number, big-endian, without leading zeros. `None` for null.
fn number_bytes(number: *const BIGNUM) -> Option<Zeroizing<Vec<u8>>> {
    let number = NonNull::new(number.cast_mut())?.as_ptr().cast_const();
    // SAFETY: the caller's number lives.
    let length = usize::try_from(unsafe { BN_num_bits(number) }).ok()?.div_ceil(8);
    let mut bytes = Zeroizing::new(vec![0; length]);
    // SAFETY: there is room for all its bytes.
    let written = unsafe { BN_bn2bin(number, bytes.as_mut_ptr()) };
    (written == length).then_some(bytes)
}

/// The same, with as many zeros before it as make it `length` bytes.
fn padded_bytes(number: *const BIGNUM, length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let number = NonNull::new(number.cast_mut())?.as_ptr().cast_const();
    let mut bytes = Zeroizing::new(vec![0; length]);
    // SAFETY: the caller's number lives; `length` bytes are written, or none.
    done(unsafe { BN_bn2bin_padded(bytes.as_mut_ptr(), length, number) })?;
    Some(bytes)
}

/// Whether a function says that it has done it. What it says of an error is not kept: nothing asks for it later.
fn done(result: c_int) -> Option<()> {
    if result == 1 {
        return Some(());
    }
    // SAFETY: has no conditions.
    unsafe { ERR_clear_error() };
    None
}

/// A copy of bytes that AWS-LC has allocated, which are overwritten and freed.
fn take_bytes(bytes: *mut u8, length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = NonNull::new(bytes)?;
    // SAFETY: the caller has them from a function that says how many there are.
    let slice = unsafe { std::slice::from_raw_parts_mut(bytes.as_ptr(), length) };
    let copy = Zeroizing::new(slice.to_vec());
    slice.zeroize();
    // SAFETY: they are ours and are freed once.
    unsafe { OPENSSL_free(bytes.as_ptr().cast()) };
    Some(copy)
}

/// What `write` puts into a builder of bytes.
fn built(write: impl FnOnce(*mut CBB) -> c_int) -> Option<Zeroizing<Vec<u8>>> {
    let mut builder = std::mem::MaybeUninit::<CBB>::zeroed();
    let builder = builder.as_mut_ptr();
    // SAFETY: the builder is initialised by this call.
    done(unsafe { CBB_init(builder, 256) })?;
    let mut bytes = std::ptr::null_mut();
    let mut length = 0;
    let written = done(write(builder)).and_then(|()| {
        // SAFETY: the builder lives; what it has is ours afterwards.
        done(unsafe { CBB_finish(builder, &raw mut bytes, &raw mut length) })
    });
    if written.is_none() {
        // SAFETY: it was initialised, and is not used any more.
        unsafe { CBB_cleanup(builder) };
        return None;
    }
    take_bytes(bytes, length)
}
