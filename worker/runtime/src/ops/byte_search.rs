//! Where bytes stand in others: for `indexOf()` and `lastIndexOf()` of Node.js's buffers. Takes time proportional to the bytes
//! that are searched, whatever they are; of two-byte units, what is found between two units is looked at besides.

use memchr::memmem::{Finder, FinderRev};

use super::bytes::contents;
use super::ops;

ops! {
    "findBytes" => find_bytes,
}

/// `findBytes(view, needle, from, step, isForward) → number`: the first position at or after `from`, or the last at or before it,
/// that is a multiple of `step`; -1 where there is none. The needle is not empty.
fn find_bytes(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set_double(-1.0);
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)).ok();
    let Some(bytes) = contents(scope, args.get(0), view.as_ref(), &mut storage) else { return };
    let mut needles_storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let needles_view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(1)).ok();
    let Some(needle) = contents(scope, args.get(1), needles_view.as_ref(), &mut needles_storage) else { return };
    let Some(from) = args.get(2).integer_value(scope).and_then(|from| usize::try_from(from).ok()) else { return };
    let step = args.get(3).uint32_value(scope).map_or(1, |step| step.max(1) as usize);
    let found = if args.get(4).boolean_value(scope) {
        first(&bytes, &needle, from, step)
    } else {
        last(&bytes, &needle, from, step)
    };
    if let Some(at) = found.and_then(|at| u32::try_from(at).ok()) {
        rv.set_uint32(at);
    }
}

fn first(bytes: &[u8], needle: &[u8], from: usize, step: usize) -> Option<usize> {
    let finder = Finder::new(needle);
    let mut from = from;
    loop {
        let at = from + finder.find(bytes.get(from..)?)?;
        if at.is_multiple_of(step) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn last(bytes: &[u8], needle: &[u8], from: usize, step: usize) -> Option<usize> {
    let finder = FinderRev::new(needle);
    let mut end = from.saturating_add(needle.len()).min(bytes.len());
    loop {
        let at = finder.rfind(bytes.get(..end)?)?;
        if at.is_multiple_of(step) {
            return Some(at);
        }
        end = at + needle.len() - 1;
    }
}

#[cfg(test)]
mod tests;
