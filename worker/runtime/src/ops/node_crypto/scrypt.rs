//! scrypt (RFC 7914). What it costs is the caller's choice, so it runs in steps, as PBKDF2 does, and its memory is the
//! app's. (AWS-LC has one call for all of it, which nothing can interrupt.)

use zeroize::{Zeroize as _, Zeroizing};

use super::evp::digest::{Function, Hmac};
use super::{answer, input, size, throw_out_of_memory};
use crate::ops::native_memory::{has_room, return_memory, take_memory};
use crate::ops::ops;

ops! {
    "scryptResult" => scrypt_result,
    "scryptStart" => scrypt_start,
    "scryptStep" => scrypt_step,
}

/// Blocks of 64 bytes that one step mixes: well below a millisecond.
const STEP: usize = 256;

/// Words of a block of Salsa20.
const WORDS: usize = 16;

type Block = [u32; WORDS];

/// One that is being computed. Lives in an isolate slot; there is one at a time, since no other code runs between its steps.
struct Scrypt {
    password: Zeroizing<Vec<u8>>,
    length: usize,
    /// N, and r doubled: the blocks of one part.
    cost: usize,
    blocks: usize,
    /// All p parts, one behind the other.
    parts: Vec<Block>,
    /// The N states of the part that is at work.
    table: Vec<Block>,
    state: Vec<Block>,
    part: usize,
    /// 0 to 2N: those of the first loop, then those of the second.
    round: usize,
    /// Bytes of memory that were taken for it.
    taken: usize,
}

impl Drop for Scrypt {
    fn drop(&mut self) {
        for block in self.parts.iter_mut().chain(&mut self.table).chain(&mut self.state) {
            block.zeroize();
        }
    }
}

/// PBKDF2 with one iteration.
fn expand(password: &[u8], salt: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut hmac = Hmac::new(Function::by_name("sha256")?, password)?;
    let mut out = Zeroizing::new(vec![0; length]);
    let mut tag = Zeroizing::new([0; 32]);
    for (number, part) in (1_u32..).zip(out.chunks_mut(32)) {
        hmac.restart()?;
        hmac.update(salt)?;
        hmac.update(&number.to_be_bytes())?;
        hmac.finish(&mut *tag)?;
        part.copy_from_slice(tag.get(..part.len())?);
    }
    Some(out)
}

fn salsa(block: &mut Block) {
    let mut x = *block;
    for _ in 0..4 {
        // Columns, then rows.
        quarter(&mut x, [0, 4, 8, 12]);
        quarter(&mut x, [5, 9, 13, 1]);
        quarter(&mut x, [10, 14, 2, 6]);
        quarter(&mut x, [15, 3, 7, 11]);
        quarter(&mut x, [0, 1, 2, 3]);
        quarter(&mut x, [5, 6, 7, 4]);
        quarter(&mut x, [10, 11, 8, 9]);
        quarter(&mut x, [15, 12, 13, 14]);
    }
    for (word, mixed) in block.iter_mut().zip(x) {
        *word = word.wrapping_add(mixed);
    }
}

#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "the places are constants below 16")]
fn quarter(x: &mut Block, [a, b, c, d]: [usize; 4]) {
    x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
    x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
    x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
    x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
}

fn add(block: &mut Block, other: &Block) {
    for (word, other) in block.iter_mut().zip(other) {
        *word ^= other;
    }
}

/// BlockMix of `state`: the results of even places go to its first half, those of odd ones to its second.
fn mix(state: &mut [Block], scratch: &mut Vec<Block>) {
    let Some(mut last) = state.last().copied() else { return };
    scratch.clear();
    scratch.extend(state.iter().map(|block| {
        add(&mut last, block);
        salsa(&mut last);
        last
    }));
    let (even, odd) = state.split_at_mut(state.len() / 2);
    for ((even, odd), pair) in even.iter_mut().zip(odd).zip(scratch.chunks_exact(2)) {
        if let [first, second] = pair {
            (*even, *odd) = (*first, *second);
        }
    }
}

impl Scrypt {
    /// Mixes for one step; true when all is mixed.
    fn step(&mut self) -> bool {
        let mut scratch = Vec::with_capacity(self.blocks);
        for _ in 0..STEP.div_ceil(self.blocks) {
            if self.part * self.blocks >= self.parts.len() {
                return true;
            }
            self.advance(&mut scratch);
        }
        false
    }

    fn advance(&mut self, scratch: &mut Vec<Block>) {
        let place = self.part * self.blocks;
        if self.round == 0 {
            self.table.clear();
            self.state.clear();
            self.state.extend_from_slice(self.parts.get(place..place + self.blocks).unwrap_or_default());
        }
        if self.round < self.cost {
            self.table.extend_from_slice(&self.state);
        } else {
            let number =
                self.state.get(self.blocks - 1).map_or(0, |last| u64::from(last[0]) | u64::from(last[1]) << 32);
            // N is a power of two below 2^32.
            let at = usize::try_from(number).unwrap_or_default() & (self.cost - 1);
            let known = self.table.get(at * self.blocks..(at + 1) * self.blocks).unwrap_or_default();
            for (block, known) in self.state.iter_mut().zip(known) {
                add(block, known);
            }
        }
        mix(&mut self.state, scratch);
        self.round += 1;
        if self.round == 2 * self.cost {
            if let Some(part) = self.parts.get_mut(place..place + self.blocks) {
                part.copy_from_slice(&self.state);
            }
            self.round = 0;
            self.part += 1;
        }
    }

    fn finish(&self) -> Option<Zeroizing<Vec<u8>>> {
        let salt = self.parts.iter().flatten().flat_map(|word| word.to_le_bytes());
        let salt = Zeroizing::new(salt.collect::<Vec<_>>());
        expand(&self.password, &salt, self.length)
    }
}

/// Bytes that are needed, and p parts of r doubled blocks; `None` where they are more than can be counted.
fn sizes(cost: usize, block_size: usize, parallel: usize) -> Option<(usize, usize)> {
    let blocks = block_size.checked_mul(2)?;
    let parts = blocks.checked_mul(parallel)?;
    // The parts, and once more as a salt; the table; state and scratch.
    let all = cost.checked_add(2)?.checked_mul(blocks)?.checked_add(parts.checked_mul(2)?)?;
    Some((all.checked_mul(size_of::<Block>())?, parts))
}

/// `scryptStart(password, salt, N, r, p, length)`: N is a power of two above 1; r and p are above 0, and r p below 2^30.
fn scrypt_start(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let (Some(password), Some(salt)) = (input(scope, args.get(0), 1), input(scope, args.get(1), 1)) else { return };
    let password = Zeroizing::new(password);
    let numbers = [2, 3, 4, 5].map(|index| size(scope, args.get(index)));
    let [Some(cost), Some(block_size), Some(parallel), Some(length)] = numbers else { return };
    // One that was not finished: its code was stopped between two steps.
    drop(take_running(scope));
    let Some((taken, parts)) = sizes(cost, block_size, parallel) else { return throw_out_of_memory(scope) };
    if !has_room(scope, length.saturating_mul(2)) || !take_memory(scope, taken) {
        return throw_out_of_memory(scope);
    }
    let blocks = 2 * block_size;
    let Some(bytes) = expand(&password, &salt, parts * size_of::<Block>()) else {
        return return_memory(scope, taken);
    };
    let words: Vec<_> = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let words = Zeroizing::new(words);
    let parts = words.as_chunks().0.to_vec();
    let table = Vec::with_capacity(cost * blocks);
    let state = Vec::with_capacity(blocks);
    scope.set_slot(Scrypt { password, length, cost, blocks, parts, table, state, part: 0, round: 0, taken });
}

fn take_running(isolate: &mut v8::Isolate) -> Option<Scrypt> {
    let scrypt = isolate.remove_slot::<Scrypt>()?;
    return_memory(isolate, scrypt.taken);
    Some(scrypt)
}

/// `scryptStep() → boolean`: whether it was the last.
fn scrypt_step(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let isolate: &mut v8::Isolate = scope;
    rv.set_bool(isolate.get_slot_mut::<Scrypt>().is_none_or(Scrypt::step));
}

/// `scryptResult() → ArrayBuffer`.
fn scrypt_result(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(bytes) = take_running(scope).and_then(|scrypt| scrypt.finish()) {
        answer(scope, &bytes, &mut rv);
    }
}

#[cfg(test)]
mod tests;
