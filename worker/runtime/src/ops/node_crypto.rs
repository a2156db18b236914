//! Natives of node/crypto.js: hash functions, ciphers, keys and what is done with them, by AWS-LC (`evp.rs`).
//!
//! What Node.js checks of arguments is JavaScript's; an operation here answers `undefined` where it fails, and the caller
//! knows which error that is. Nothing runs beside the isolate's thread, so what may take long runs in steps, or asks whether
//! it is to be given up.

use super::subtle::{answer, input, new_buffer, optional_input, read, size, throw_out_of_memory};
use crate::engine::isolate_state::IsolateState;
use evp::digest::{Hmac, Running};

pub(super) mod agreement;
pub(super) mod ciphers;
pub(super) mod derivation;
mod encrypted_info;
mod evp;
pub(super) mod hashing;
mod held;
pub(super) mod keys;
pub(super) mod new_keys;
pub(super) mod primes;
pub(super) mod scrypt;
pub(super) mod signing;

/// A pseudorandom function that PBKDF2 iterates.
pub(super) type Prf = Hmac;

/// Drops what belongs to objects. To be called before the isolate is disposed of, as those of WebCrypto.
pub(super) fn close_all(isolate: &mut v8::Isolate) {
    held::close_all::<Running>(isolate);
    held::close_all::<evp::cipher::Translation>(isolate);
    keys::close_all(isolate);
}

/// Says of what takes long whether it is to be given up, since its app is to end.
fn is_over(isolate: &v8::Isolate) -> impl Fn() -> bool + use<> {
    let state = IsolateState::get(isolate);
    move || state.as_ref().is_none_or(|state| state.termination.reason().is_some())
}

fn text(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> String {
    value.to_rust_string_lossy(scope)
}
