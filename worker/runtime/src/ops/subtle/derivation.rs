//! HKDF (RFC 5869) and PBKDF2 (RFC 8018 §5.2).
//!
//! PBKDF2 may be asked for billions of iterations. It goes on until it is done or the isolate is to end; JavaScript calls it in a
//! loop, where V8 then sees that the code is to be stopped. So `cpu_ms` holds for it as for any other loop.

use aws_lc_rs::hkdf::{self, HKDF_SHA1_FOR_LEGACY_USE_ONLY, HKDF_SHA256, HKDF_SHA384, HKDF_SHA512};
use zeroize::Zeroizing;

use super::super::native_memory::has_room;
use super::super::node_crypto::Prf;
use super::super::ops;
use super::keys::{Material, material};
use super::{Hash, answer, input, size, throw_out_of_memory};
use crate::engine::isolate_state::IsolateState;

ops! {
    "hkdf" => hkdf,
    "pbkdf2Result" => pbkdf2_result,
    "pbkdf2Start" => pbkdf2_start,
    "pbkdf2Step" => pbkdf2_step,
}

/// Iterations between two looks at whether the isolate is to end: a tenth of a millisecond.
const STEP: u32 = 256;

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// `hkdf(key, hash, salt, info, length) → ArrayBuffer | undefined`: `length` in bytes; undefined where it is more than 255
/// times that of the hash.
fn hkdf(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let (Some(salt), Some(info)) = (input(scope, args.get(2), 1), input(scope, args.get(3), 1)) else { return };
    let Some(length) = size(scope, args.get(4)) else { return };
    let Some(key) = material(scope, args.get(0)) else { return };
    let Material::Secret(secret) = &*key else { return };
    if let Some(bytes) = expand(hash, secret, &salt, &info, length) {
        answer(scope, &bytes, &mut rv);
    }
}

fn expand(hash: Hash, secret: &[u8], salt: &[u8], info: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    if length > 255 * hash.algorithm().output_len {
        return None;
    }
    let algorithm = match hash {
        Hash::Sha1 => HKDF_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => HKDF_SHA256,
        Hash::Sha384 => HKDF_SHA384,
        Hash::Sha512 => HKDF_SHA512,
    };
    let mut out = Zeroizing::new(vec![0; length]);
    let info = [info];
    let pseudorandom = hkdf::Salt::new(algorithm, salt).extract(secret);
    pseudorandom.expand(&info, Length(length)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

/// A derivation that is being computed. Lives in an isolate slot; there is one at a time, since no other code runs between
/// its steps.
pub(in crate::ops) struct Pbkdf2 {
    key: Prf,
    /// Bytes of a block.
    block: usize,
    salt: Vec<u8>,
    iterations: u32,
    length: usize,
    /// Whole blocks.
    done: Zeroizing<Vec<u8>>,
    /// U of the block that is being computed, and the sum of all U so far.
    last: Zeroizing<Vec<u8>>,
    sum: Zeroizing<Vec<u8>>,
    /// Iterations of this block.
    count: u32,
}

impl Pbkdf2 {
    /// `block`: what the function gives at once. `iterations`: not 0.
    pub(in crate::ops) fn new(key: Prf, block: usize, salt: Vec<u8>, iterations: u32, length: usize) -> Self {
        let done = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(block)));
        let zeros = Zeroizing::new(vec![0; block]);
        Self { key, block, salt, iterations, length, done, last: zeros.clone(), sum: zeros, count: 0 }
    }

    /// Computes until it is `told` to stop; true when everything is there.
    fn run(&mut self, told: impl Fn() -> bool) -> bool {
        while !told() {
            for _ in 0..STEP {
                if self.done.len() >= self.length || self.iterate().is_none() {
                    return true;
                }
            }
        }
        false
    }

    fn iterate(&mut self) -> Option<()> {
        self.key.restart()?;
        if self.count == 0 {
            let block = self.done.len() / self.block + 1;
            self.key.update(&self.salt)?;
            self.key.update(&u32::try_from(block).unwrap_or(u32::MAX).to_be_bytes())?;
            self.key.finish(&mut self.last)?;
            self.sum.copy_from_slice(&self.last);
        } else {
            self.key.update(&self.last)?;
            self.key.finish(&mut self.last)?;
            for (sum, byte) in self.sum.iter_mut().zip(self.last.iter()) {
                *sum ^= byte;
            }
        }
        self.count += 1;
        if self.count == self.iterations {
            self.done.extend_from_slice(&self.sum);
            self.count = 0;
        }
        Some(())
    }
}

/// `pbkdf2Start(key, hash, salt, iterations, length)`: `length` in bytes; `iterations` is not 0.
fn pbkdf2_start(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let Some(salt) = input(scope, args.get(2), 1) else { return };
    let (Some(iterations), Some(length)) = (args.get(3).uint32_value(scope), size(scope, args.get(4))) else { return };
    // Twice: the result is copied.
    if !has_room(scope, 2 * (length + hash.algorithm().output_len)) {
        return throw_out_of_memory(scope);
    }
    let Some(secret) = material(scope, args.get(0)) else { return };
    let Material::Secret(secret) = &*secret else { return };
    let Some(key) = Prf::of_hash(hash.name(), secret) else { return };
    scope.set_slot(Pbkdf2::new(key, hash.algorithm().output_len, salt, iterations, length));
}

/// `pbkdf2Step() → boolean`: whether it is done; else the isolate is to end.
fn pbkdf2_step(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let isolate: &mut v8::Isolate = scope;
    let Some(state) = IsolateState::get(isolate) else { return };
    let told = || state.termination.reason().is_some();
    let finished = isolate.get_slot_mut::<Pbkdf2>().is_none_or(|derivation| derivation.run(told));
    rv.set_bool(finished);
}

/// `pbkdf2Result() → ArrayBuffer`.
fn pbkdf2_result(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let isolate: &mut v8::Isolate = scope;
    let Some(derivation) = isolate.remove_slot::<Pbkdf2>() else { return };
    if let Some(bytes) = derivation.done.get(..derivation.length) {
        answer(scope, bytes, &mut rv);
    }
}
