//! Native values that belong to JavaScript objects, which know them by numbers. Each is dropped when it is taken, or when
//! its object is collected. The values of each type lie in an isolate slot of their own.

use super::throw_out_of_memory;
use crate::ops::native_memory::{return_memory, take_memory};
use crate::ops::numbered::Numbered;

struct All<T>(Numbered<Held<T>>);

/// A value, and the bytes of memory that were taken for it.
pub(super) struct Held<T> {
    pub(super) value: T,
    taken: usize,
    _owner: v8::Weak<v8::Object>,
}

fn all<T: 'static>(isolate: &mut v8::Isolate) -> Option<&mut Numbered<Held<T>>> {
    if isolate.get_slot::<All<T>>().is_none() {
        isolate.set_slot(All::<T>(Numbered::default()));
    }
    isolate.get_slot_mut::<All<T>>().map(|all| &mut all.0)
}

/// Keeps a value for `owner`; its number. `None` and a RangeError where the app's memory is used up.
pub(super) fn keep<T: 'static>(
    scope: &mut v8::PinScope,
    owner: v8::Local<v8::Value>,
    value: T,
    taken: usize,
) -> Option<u32> {
    let owner = v8::Local::<v8::Object>::try_from(owner).ok()?;
    if !take_memory(scope, taken) {
        throw_out_of_memory(scope);
        return None;
    }
    let place = all::<T>(scope)?.reserve();
    let owner = v8::Weak::with_finalizer(scope, owner, Box::new(move |isolate| drop(take_at::<T>(isolate, place))));
    all::<T>(scope)?.put(place, Held { value, taken, _owner: owner });
    u32::try_from(place).ok()
}

fn place(scope: &v8::PinScope, id: v8::Local<v8::Value>) -> Option<usize> {
    id.uint32_value(scope).and_then(|id| usize::try_from(id).ok())
}

fn take_at<T: 'static>(isolate: &mut v8::Isolate, place: usize) -> Option<T> {
    let held = all::<T>(isolate)?.take(place)?;
    return_memory(isolate, held.taken);
    Some(held.value)
}

/// Takes a value out for good.
pub(super) fn take<T: 'static>(scope: &mut v8::PinScope, id: v8::Local<v8::Value>) -> Option<T> {
    let place = place(scope, id)?;
    take_at(scope, place)
}

/// Works with a value. Its owner calls this, so it is not collected meanwhile.
pub(super) fn with<'s, 'i, T: 'static, R>(
    scope: &mut v8::PinScope<'s, 'i>,
    id: v8::Local<v8::Value>,
    work: impl FnOnce(&mut v8::PinScope<'s, 'i>, &mut T) -> Option<R>,
) -> Option<R> {
    let place = place(scope, id)?;
    let mut held = all::<T>(scope)?.lend(place)?;
    let result = work(scope, &mut held.value);
    all::<T>(scope)?.put(place, held);
    result
}

pub(super) fn close_all<T: 'static>(isolate: &mut v8::Isolate) {
    drop(isolate.remove_slot::<All<T>>());
}
