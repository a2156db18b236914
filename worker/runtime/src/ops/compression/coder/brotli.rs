//! Brotli (RFC 7932), with its memory counted: it grows with what comes, to some 10 MB compressing and 16 MB decompressing.

use std::cell::Cell;
use std::mem::size_of;
use std::rc::Rc;

use brotli::enc::BrotliAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation as Operation, BrotliEncoderParameter as Parameter, BrotliEncoderStateStruct,
};
use brotli::{Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut};

use super::{Flush, Outcome, Step};

/// Of 11. About as fast as our deflate, and a tenth smaller; the higher ones take many times as long.
pub(super) const QUALITY: u32 = 5;
/// The window is 2^20 bytes: a larger one takes twice the memory.
pub(super) const WINDOW_BITS: u8 = 20;
/// After this much input what the encoder holds is put out, so that it never is much more at the end.
const FLUSH_AFTER: usize = 1 << 18;

/// Compresses.
pub(in super::super) struct Encoder {
    state: Box<BrotliEncoderStateStruct<Counted>>,
    memory: Counted,
    /// Input since the last flush.
    unflushed: usize,
}

impl Encoder {
    pub(super) fn new(quality: u32, window_bits: u8) -> Self {
        let memory = Counted::default();
        let mut state = Box::new(BrotliEncoderStateStruct::new(memory.clone()));
        state.set_parameter(Parameter::BROTLI_PARAM_QUALITY, quality);
        state.set_parameter(Parameter::BROTLI_PARAM_LGWIN, u32::from(window_bits));
        Self { state, memory, unflushed: 0 }
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<BrotliEncoderStateStruct<Counted>>() + self.memory.0.get()
    }

    pub(super) fn step(&mut self, input: &[u8], flush: Flush, output: &mut [u8]) -> Step {
        let finish = flush == Flush::Finish;
        let (mut consumed, mut produced) = (0, 0);
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            // While it is flushed, it takes no input.
            let is_wanted = flush != Flush::None && !finish && rest.is_empty() && self.unflushed > 0;
            let (operation, part) = if self.unflushed >= FLUSH_AFTER || is_wanted {
                (Operation::BROTLI_OPERATION_FLUSH, &[][..])
            } else if finish {
                (Operation::BROTLI_OPERATION_FINISH, rest)
            } else {
                (Operation::BROTLI_OPERATION_PROCESS, rest.get(..FLUSH_AFTER - self.unflushed).unwrap_or(rest))
            };
            let (mut input_left, mut taken) = (part.len(), 0);
            let mut room = output.len() - produced;
            let done = self.state.compress_stream(
                operation,
                &mut input_left,
                part,
                &mut taken,
                &mut room,
                output,
                &mut produced,
                &mut None,
                &mut |_, _, _, _| (),
            );
            consumed += taken;
            self.unflushed += taken;
            let step = |outcome| Step { consumed, produced, outcome };
            if !done {
                return step(Outcome::Corrupt);
            }
            if self.state.is_finished() {
                return step(Outcome::End);
            }
            if self.state.has_more_output() {
                return step(Outcome::More);
            }
            if operation == Operation::BROTLI_OPERATION_FLUSH {
                self.unflushed = 0;
            }
            let is_flushed = flush == Flush::None || self.unflushed == 0;
            if self.unflushed < FLUSH_AFTER && !finish && consumed == input.len() && is_flushed {
                return step(Outcome::More);
            }
        }
    }
}

/// Decompresses.
pub(in super::super) struct Decoder {
    state: Box<BrotliState<Counted, Counted, Counted>>,
    memory: Counted,
}

impl Decoder {
    pub(super) fn new() -> Self {
        let memory = Counted::default();
        // Strict: no windows beyond those of the RFC.
        let state = Box::new(BrotliState::new_strict(memory.clone(), memory.clone(), memory.clone()));
        Self { state, memory }
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<BrotliState<Counted, Counted, Counted>>() + self.memory.0.get()
    }

    /// The number and name of what is wrong with the input.
    pub(super) fn complaint(&self) -> String {
        let code = self.state.error_code;
        format!("{} {code:?}", code as i32)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (mut input_left, mut consumed) = (input.len(), 0);
        let (mut room, mut produced) = (output.len(), 0);
        let result = BrotliDecompressStream(
            &mut input_left,
            &mut consumed,
            input,
            &mut room,
            &mut produced,
            output,
            &mut 0,
            &mut self.state,
        );
        let outcome = match result {
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Outcome::More,
            BrotliResult::ResultSuccess => Outcome::End,
            BrotliResult::ResultFailure => Outcome::Corrupt,
        };
        Step { consumed, produced, outcome }
    }
}

/// An allocator that knows how many bytes are in use.
#[derive(Clone, Default)]
struct Counted(Rc<Cell<usize>>);

/// Memory of [`Counted`].
struct CountedSlice<T> {
    slice: Box<[T]>,
    bytes: usize,
    count: Option<Counted>,
}

impl<T: Clone + Default> Allocator<T> for Counted {
    type AllocatedMemory = CountedSlice<T>;

    fn alloc_cell(&mut self, length: usize) -> CountedSlice<T> {
        let bytes = length.saturating_mul(size_of::<T>());
        self.0.set(self.0.get().saturating_add(bytes));
        CountedSlice { slice: vec![T::default(); length].into(), bytes, count: Some(self.clone()) }
    }

    fn free_cell(&mut self, memory: CountedSlice<T>) {
        drop(memory);
    }
}

impl BrotliAlloc for Counted {}

impl<T> Default for CountedSlice<T> {
    fn default() -> Self {
        Self { slice: Box::default(), bytes: 0, count: None }
    }
}

impl<T> Drop for CountedSlice<T> {
    fn drop(&mut self) {
        if let Some(Counted(count)) = &self.count {
            count.set(count.get().saturating_sub(self.bytes));
        }
    }
}

impl<T> SliceWrapper<T> for CountedSlice<T> {
    fn slice(&self) -> &[T] {
        &self.slice
    }
}

impl<T> SliceWrapperMut<T> for CountedSlice<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.slice
    }
}
