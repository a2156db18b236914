//! Natives of compression/: streams of bytes through the coders of the Compression Standard.
//!
//! A coder belongs to a JavaScript object, its owner, and is known to it by a number. It is dropped when it has ended or
//! failed, when its stream is given up, or when the owner is collected, whichever comes first. Its memory is reported to V8,
//! so that dropped streams bring about their collection, and is taken from `memory_mb` as that of array buffers is: what
//! does not fit after a collection is refused.

use coder::{Coder, Outcome};

use super::bytes::{copy_in, copy_out};
use super::native_memory::{return_memory, take_memory};
use super::numbered::Numbered;
use super::{ops, throw_range_error};

mod coder;

ops! {
    "coderClose" => coder_close,
    "coderOpen" => coder_open,
    "coderOutput" => coder_output,
    "coderStep" => coder_step,
}

/// Most bytes that one step puts out. compression/coding.js has the same number, for both input and output of a step.
const PIECE: usize = 65_536;

/// One isolate's coders. Lives in an isolate slot.
struct Coders {
    open: Numbered<Owned>,
    /// What the steps of one coder put out until JavaScript takes it. No other coder's step comes in between.
    output: Vec<u8>,
}

/// A coder, and what becomes of it when its owner is collected.
struct Owned {
    coder: Coder,
    /// Bytes of memory that were taken for it.
    taken: usize,
    _owner: v8::Weak<v8::Object>,
}

impl Coders {
    /// The isolate's coders; made when first needed.
    fn of(isolate: &mut v8::Isolate) -> Option<&mut Self> {
        if isolate.get_slot::<Self>().is_none() {
            isolate.set_slot(Self { open: Numbered::default(), output: vec![0; PIECE] });
        }
        isolate.get_slot_mut()
    }
}

/// Drops a coder, if it is there still.
fn close(isolate: &mut v8::Isolate, id: usize) {
    let Some(coders) = isolate.get_slot_mut::<Coders>() else { return };
    let Some(owned) = coders.open.take(id) else { return };
    return_memory(isolate, owned.taken);
}

/// Drops all coders. To be called before the isolate is disposed of: V8 would call finalizers of weak handles that the
/// isolate's slots have dropped by then, but, being of an isolate at its end, no longer could take back.
pub(super) fn close_all(isolate: &mut v8::Isolate) {
    drop(isolate.remove_slot::<Coders>());
}

fn id_of(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<usize> {
    value.uint32_value(scope).and_then(|id| usize::try_from(id).ok())
}

/// `coderOpen(owner, format, decompress) → id`: a new coder; undefined where `format` is not known. Throws a RangeError
/// when the app's memory is used up.
fn coder_open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(owner) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let format = args.get(1).to_rust_string_lossy(scope);
    let Some(coder) = Coder::new(&format, args.get(2).is_true()) else { return };
    let taken = coder.memory();
    if !take_memory(scope, taken) {
        return throw_out_of_memory(scope);
    }
    let Some(id) = Coders::of(scope).map(|coders| coders.open.reserve()) else { return };
    let owner = v8::Weak::with_finalizer(scope, owner, Box::new(move |isolate| close(isolate, id)));
    if let (Some(coders), Ok(number)) = (Coders::of(scope), u32::try_from(id)) {
        coders.open.put(id, Owned { coder, taken, _owner: owner });
        rv.set_uint32(number);
    }
}

fn throw_out_of_memory(scope: &v8::PinScope) {
    throw_range_error(scope, "There is not enough memory to go on with this stream");
}

/// `coderStep(id, input, filled, finish, result)`: codes as much of `input`, a view, as fits what the output lacks to a
/// whole piece beyond its first `filled` bytes; `finish`: nothing comes after it. `result`, a Uint32Array(3), receives the
/// bytes consumed, the bytes that the output has now, and the outcome: 0 goes on, 1 the end of the compressed data was
/// reached, 2 the input is corrupt. Throws a RangeError when the app's memory is used up; the caller closes the coder
/// then.
fn coder_step(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(result) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(4)) else { return };
    let input = copy_out(scope, args.get(1)).unwrap_or_default();
    let (Some(id), Some(filled)) = (id_of(scope, args.get(0)), id_of(scope, args.get(2))) else { return };
    let finish = args.get(3).is_true();
    let Some(Coders { open, output }) = Coders::of(scope) else { return };
    let Some(owned) = open.get_mut(id) else { return };
    let Some(output) = output.get_mut(filled..) else { return };
    let step = owned.coder.step(&input, finish, output);
    let outcome = match step.outcome {
        Outcome::More => 0,
        Outcome::End => 1,
        Outcome::Corrupt => 2,
    };
    let numbers = [step.consumed, filled + step.produced, outcome].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    copy_in(result, numbers.map(u32::to_ne_bytes).as_flattened());
    let memory = owned.coder.memory();
    let taken = owned.taken;
    if memory < taken {
        owned.taken = memory;
        return_memory(scope, taken - memory);
    } else if memory > taken {
        if !take_memory(scope, memory - taken) {
            return throw_out_of_memory(scope);
        }
        if let Some(owned) = Coders::of(scope).and_then(|coders| coders.open.get_mut(id)) {
            owned.taken = memory;
        }
    }
}

/// `coderOutput(view)`: fills a view with the beginning of what the last steps put out.
fn coder_output(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)) else { return };
    if let Some(coders) = Coders::of(scope) {
        copy_in(view, &coders.output);
    }
}

/// `coderClose(id)`: drops a coder.
fn coder_close(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(id) = id_of(scope, args.get(0)) {
        close(scope, id);
    }
}
