//! The fast form of an operation: a plain C function that optimized JavaScript calls directly, without a callback's
//! ceremony. V8 calls it instead of the callback when it likes, so both must do the same.

use std::ffi::c_void;

use v8::fast_api::{CFunction, CFunctionInfo, FastApiCallbackOptions};

/// A function and its signature. It must be in a `static`: V8 and its snapshots know it by its address.
pub(crate) struct FastForm(CFunction);

// SAFETY: it holds the addresses of a function and of a constant, and is never changed.
#[expect(unsafe_code, reason = "a constant with bare pointers")]
unsafe impl Sync for FastForm {}

impl FastForm {
    /// `function` is an `extern "C"` function whose parameters and result are those of `signature`, its first parameter
    /// the receiver.
    pub(crate) const fn new(function: *const c_void, signature: &'static CFunctionInfo) -> Self {
        Self(CFunction::new(function, signature))
    }

    /// What V8 wants for a function template.
    pub(crate) fn overloads(&'static self) -> &'static [CFunction] {
        std::slice::from_ref(&self.0)
    }

    /// What a snapshot knows it by.
    pub(crate) fn external_reference(&'static self) -> v8::ExternalReference {
        v8::ExternalReference { pointer: std::ptr::from_ref(&self.0).cast_mut().cast() }
    }
}

/// The isolate that makes the call.
#[expect(unsafe_code, reason = "V8 passes the isolate as a bare pointer")]
pub(crate) fn isolate<'a>(options: &'a mut FastApiCallbackOptions<'_>) -> &'a mut v8::Isolate {
    // SAFETY: only V8 makes such options, with the isolate that runs on this thread.
    unsafe { options.isolate_unchecked_mut() }
}
