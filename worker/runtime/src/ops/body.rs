//! Natives of fetch/collect.js and fetch/body.js: whether a body that is read whole fits the app's memory, before the
//! attempt ends the worker.

use super::bytes::contents;
use super::native_memory::{could_have_room, margin};
use super::ops;

mod json_cost;

use json_cost::json_cost;

ops! {
    "formCost" => form_cost,
    "jsonCost" => json_cost_of,
    "memoryAllows" => memory_allows,
}

/// `memoryAllows(bytes) → boolean`: whether the app's memory has room for so many bytes more, once garbage is collected,
/// and something is left.
fn memory_allows(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let bytes = args.get(0).integer_value(scope).and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
    let margin = margin(scope);
    rv.set_bool(could_have_room(scope, bytes.saturating_add(margin)));
}

/// `jsonCost(bytes) → number`: what V8 needs for the values of a JSON text, at most about.
fn json_cost_of(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    answer(scope, &args, &mut rv, json_cost);
}

/// `formCost(bytes) → number`: the same for the entries of an `application/x-www-form-urlencoded` text.
fn form_cost(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    answer(scope, &args, &mut rv, |text| {
        // Two strings with their heads, their places in the list, and the index of names.
        let entries = text.iter().filter(|byte| **byte == b'&').count() + 1;
        text.len().saturating_mul(2).saturating_add(entries.saturating_mul(160))
    });
}

fn answer(
    scope: &mut v8::PinScope,
    args: &v8::FunctionCallbackArguments,
    rv: &mut v8::ReturnValue,
    cost: impl FnOnce(&[u8]) -> usize,
) {
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)).ok();
    let bytes = contents(scope, args.get(0), view.as_ref(), &mut storage);
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    rv.set_double(bytes.map_or(0, |bytes| cost(&bytes)) as f64);
}
