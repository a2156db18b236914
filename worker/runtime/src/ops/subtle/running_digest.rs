//! Natives of crypto/digest_stream.js: digests of what comes in pieces. Each belongs to a JavaScript object and is dropped when it is
//! finished, given up, or when the object is collected.

use aws_lc_rs::digest;

use super::{Hash, new_buffer, read, throw_out_of_memory};
use crate::ops::native_memory::{return_memory, take_memory};
use crate::ops::numbered::Numbered;
use crate::ops::ops;

ops! {
    "digestClose" => digest_close,
    "digestFinish" => digest_finish,
    "digestOpen" => digest_open,
    "digestUpdate" => digest_update,
}

/// What a context of any hash function takes, with what lies around it.
const TAKEN: usize = 512;

/// One isolate's digests. Lives in an isolate slot.
#[derive(Default)]
struct Running(Numbered<Owned>);

struct Owned {
    context: digest::Context,
    _owner: v8::Weak<v8::Object>,
}

impl Running {
    fn of(isolate: &mut v8::Isolate) -> Option<&mut Self> {
        if isolate.get_slot::<Self>().is_none() {
            isolate.set_slot(Self::default());
        }
        isolate.get_slot_mut()
    }
}

fn take(isolate: &mut v8::Isolate, id: usize) -> Option<digest::Context> {
    let owned = isolate.get_slot_mut::<Running>()?.0.take(id)?;
    return_memory(isolate, TAKEN);
    Some(owned.context)
}

/// Drops all. To be called before the isolate is disposed of, as those of the coders.
pub(in crate::ops) fn close_all(isolate: &mut v8::Isolate) {
    drop(isolate.remove_slot::<Running>());
}

fn id_of(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<usize> {
    value.uint32_value(scope).and_then(|id| usize::try_from(id).ok())
}

/// `digestOpen(owner, hash) → id`: throws a RangeError when the app's memory is used up.
fn digest_open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(owner) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    if !take_memory(scope, TAKEN) {
        return throw_out_of_memory(scope);
    }
    let Some(id) = Running::of(scope).map(|running| running.0.reserve()) else { return };
    let owner = v8::Weak::with_finalizer(scope, owner, Box::new(move |isolate| drop(take(isolate, id))));
    if let (Some(running), Ok(number)) = (Running::of(scope), u32::try_from(id)) {
        running.0.put(id, Owned { context: digest::Context::new(hash.algorithm()), _owner: owner });
        rv.set_uint32(number);
    }
}

/// `digestUpdate(id, bytes)`.
fn digest_update(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(id) = id_of(scope, args.get(0)) else { return };
    let owned = Running::of(scope).and_then(|running| running.0.lend(id));
    // Its owner calls this, so it is not collected meanwhile.
    let Some(mut owned) = owned else { return };
    read(scope, args.get(1), |piece| owned.context.update(piece));
    if let Some(running) = Running::of(scope) {
        running.0.put(id, owned);
    }
}

/// `digestFinish(id) → ArrayBuffer`, and nothing after it.
fn digest_finish(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(id) = id_of(scope, args.get(0)) else { return };
    let Some(context) = take(scope, id) else { return };
    if let Some(buffer) = new_buffer(scope, context.finish().as_ref()) {
        rv.set(buffer.into());
    }
}

/// `digestClose(id)`: drops one that is there still.
fn digest_close(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(id) = id_of(scope, args.get(0)) {
        drop(take(scope, id));
    }
}
