//! Native of worker/shared_memory.js.

use super::bytes::copy_out;
use super::ops;
use crate::engine::wasm::{Verdict, examine};

ops! {
    "wasmExamine" => wasm_examine,
}

/// `wasmExamine(bytes) → verdict`: 0 where no memory of a WebAssembly binary is shared, 1 where one is, 2 where the binary
/// cannot be read.
fn wasm_examine(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let verdict = copy_out(scope, args.get(0)).map_or(Verdict::Unreadable, |bytes| examine(&bytes));
    rv.set_uint32(match verdict {
        Verdict::Unshared => 0,
        Verdict::Shared => 1,
        Verdict::Unreadable => 2,
    });
}
