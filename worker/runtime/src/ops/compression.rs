//! Natives of compression/: streams of bytes through the coders of the Compression Standard.
//!
//! A coder belongs to a JavaScript object, its owner, and is known to it by a number. It is dropped when it has ended or
//! failed, when its stream is given up, or when the owner is collected, whichever comes first. Its memory is reported to V8,
//! so that dropped streams bring about their collection, and is taken from `memory_mb` as that of array buffers is: what
//! does not fit after a collection is refused.

use coder::{Coder, Flush, Outcome, Settings};

use super::bytes::{copy_in, copy_out};
use super::native_memory::{return_memory, try_take_memory};
use super::numbered::Numbered;
use super::{ops, throw_range_error};

mod coder;

ops! {
    "coderClose" => coder_close,
    "coderComplaint" => coder_complaint,
    "coderLevel" => coder_level,
    "coderOpen" => coder_open,
    "coderOutput" => coder_output,
    "coderStep" => coder_step,
    "crc32" => crc32,
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
    /// Bytes of its dictionary.
    kept: usize,
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

/// `coderOpen(owner, format, decompress, level, windowBits, dictionary, parameters, size) → id`: a new coder; undefined where `format` is not known, or
/// the dictionary or a parameter cannot be one. From the level on all may be undefined. Of zstd: `parameters`, an Int32Array of numbers
/// of parameters, each followed by its value; `size`, of all input. Throws a RangeError when the app's memory is used up.
fn coder_open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(owner) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let format = args.get(1).to_rust_string_lossy(scope);
    let mut settings = Settings::standard(&format);
    if args.get(3).is_number() {
        settings.level = args.get(3).uint32_value(scope).unwrap_or(settings.level);
    }
    if args.get(4).is_number() {
        let bits = args.get(4).uint32_value(scope).and_then(|bits| u8::try_from(bits).ok());
        settings.window_bits = bits.unwrap_or(settings.window_bits);
    }
    settings.dictionary = copy_out(scope, args.get(5));
    let parameters = copy_out(scope, args.get(6)).unwrap_or_default();
    let (words, _) = parameters.as_chunks::<4>();
    let words: Vec<i32> = words.iter().map(|bytes| i32::from_ne_bytes(*bytes)).collect();
    settings.parameters.values =
        words.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect();
    if args.get(7).is_number() {
        settings.parameters.size = args.get(7).integer_value(scope).and_then(|size| u64::try_from(size).ok());
    }
    let kept = settings.dictionary.as_ref().map_or(0, Vec::len);
    let Some(coder) = Coder::new(&format, args.get(2).is_true(), settings) else { return };
    let taken = coder.memory() + kept;
    if !try_take_memory(scope, taken) {
        return throw_out_of_memory(scope);
    }
    let Some(id) = Coders::of(scope).map(|coders| coders.open.reserve()) else { return };
    let owner = v8::Weak::with_finalizer(scope, owner, Box::new(move |isolate| close(isolate, id)));
    if let (Some(coders), Ok(number)) = (Coders::of(scope), u32::try_from(id)) {
        coders.open.put(id, Owned { coder, kept, taken, _owner: owner });
        rv.set_uint32(number);
    }
}

fn throw_out_of_memory(scope: &v8::PinScope) {
    throw_range_error(scope, "There is not enough memory to go on with this stream");
}

/// `coderStep(id, input, filled, flush, result, limit)`: codes as much of `input`, a view, as fits what the output lacks to `limit`
/// bytes, a whole piece where it is undefined, beyond its first `filled` bytes. `flush`: how much of what it holds it puts out; 0
/// none, 1 some, 2 all up to the next byte, 3 so that a reader may begin there; 4, or true: nothing comes after it. `result`, a Uint32Array(3), receives the
/// bytes consumed, the bytes that the output has now, and the outcome: 0 goes on, 1 the end of the compressed data was
/// reached, 2 the input is corrupt. Throws a RangeError when the app's memory is used up; the caller closes the coder
/// then.
fn coder_step(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(result) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(4)) else { return };
    let input = copy_out(scope, args.get(1)).unwrap_or_default();
    let (Some(id), Some(filled)) = (id_of(scope, args.get(0)), id_of(scope, args.get(2))) else { return };
    let flush = match args.get(3) {
        value if value.is_true() => Flush::Finish,
        value => match value.uint32_value(scope) {
            Some(1) => Flush::Partial,
            Some(2) => Flush::Sync,
            Some(3) => Flush::Full,
            Some(4) => Flush::Finish,
            _ => Flush::None,
        },
    };
    let limit = if args.get(5).is_number() { id_of(scope, args.get(5)).unwrap_or(PIECE).min(PIECE) } else { PIECE };
    let Some(Coders { open, output }) = Coders::of(scope) else { return };
    let Some(owned) = open.get_mut(id) else { return };
    let Some(output) = output.get_mut(filled..limit) else { return };
    let step = owned.coder.step(&input, flush, output);
    let outcome = match step.outcome {
        Outcome::More => 0,
        Outcome::End => 1,
        Outcome::Corrupt => 2,
    };
    let numbers = [step.consumed, filled + step.produced, outcome].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    copy_in(result, numbers.map(u32::to_ne_bytes).as_flattened());
    let memory = owned.coder.memory() + owned.kept;
    let taken = owned.taken;
    if memory < taken {
        owned.taken = memory;
        return_memory(scope, taken - memory);
    } else if memory > taken {
        if !try_take_memory(scope, memory - taken) {
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

/// `coderComplaint(id) → string | undefined`: why the last step found the input corrupt, in the library's words.
fn coder_complaint(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(id) = id_of(scope, args.get(0)) else { return };
    let complaint = Coders::of(scope).and_then(|coders| coders.open.get_mut(id)?.coder.complaint());
    if let Some(text) = complaint.and_then(|text| v8::String::new(scope, &text)) {
        rv.set(text.into());
    }
}

/// `coderLevel(id, level)`: compresses with another level from here on.
fn coder_level(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let (Some(id), Some(level)) = (id_of(scope, args.get(0)), args.get(1).uint32_value(scope)) else { return };
    if let Some(owned) = Coders::of(scope).and_then(|coders| coders.open.get_mut(id)) {
        owned.coder.set_level(level);
    }
}

/// `crc32(bytes, before) → number`: the checksum of what `before` is that of, with these bytes behind it.
fn crc32(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let bytes = copy_out(scope, args.get(0)).unwrap_or_default();
    let before = args.get(1).uint32_value(scope).unwrap_or_default();
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(&bytes);
    rv.set_uint32(hasher.finalize());
}
