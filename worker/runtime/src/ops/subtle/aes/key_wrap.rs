//! AES key wrap (RFC 3394) with keys of 128, 192 and 256 bits. The safe interface of AWS-LC lacks those of 192 bits, so
//! this calls its C functions.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_uint;
use std::ptr;

use aws_lc_sys::{AES_KEY, AES_set_decrypt_key, AES_set_encrypt_key, AES_unwrap_key, AES_wrap_key};
use zeroize::Zeroize as _;

/// What wrapping adds.
const INTEGRITY: usize = 8;

/// A key's schedule, overwritten when dropped.
struct Schedule(AES_KEY);

impl Drop for Schedule {
    fn drop(&mut self) {
        self.0.rd_key.zeroize();
    }
}

impl Schedule {
    fn new(secret: &[u8], wrap: bool) -> Option<Self> {
        let bits = c_uint::try_from(secret.len().checked_mul(8)?).ok()?;
        let mut schedule = Self(AES_KEY { rd_key: [0; 60], rounds: 0 });
        let set = if wrap { AES_set_encrypt_key } else { AES_set_decrypt_key };
        // SAFETY: the secret has `bits` bits, and the schedule is written only.
        let done = unsafe { set(secret.as_ptr(), bits, &raw mut schedule.0) };
        (done == 0).then_some(schedule)
    }
}

/// Wraps data of a multiple of 8 bytes, at least 16.
pub(super) fn wrap(secret: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let schedule = Schedule::new(secret, true)?;
    let mut out = vec![0; data.len().checked_add(INTEGRITY)?];
    // SAFETY: there is room for the data and 8 bytes; a null iv means the RFC's.
    let length =
        unsafe { AES_wrap_key(&raw const schedule.0, ptr::null(), out.as_mut_ptr(), data.as_ptr(), data.len()) };
    (usize::try_from(length) == Ok(out.len())).then_some(out)
}

/// What was wrapped; `None` where anything of it was changed.
pub(super) fn unwrap(secret: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let schedule = Schedule::new(secret, false)?;
    let mut out = vec![0; wrapped.len().checked_sub(INTEGRITY)?];
    // SAFETY: there is room for the data without 8 bytes; a null iv means the RFC's.
    let length = unsafe {
        AES_unwrap_key(&raw const schedule.0, ptr::null(), out.as_mut_ptr(), wrapped.as_ptr(), wrapped.len())
    };
    (usize::try_from(length) == Ok(out.len())).then_some(out)
}
