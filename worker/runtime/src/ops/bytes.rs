//! Bytes between V8's buffers and Rust, for the operations of other files.

use std::borrow::Cow;

use super::native_memory::has_room;

/// The bytes of a view, ArrayBuffer or SharedArrayBuffer; `None` for any other value.
pub(super) fn copy_out(scope: &mut v8::PinScope, value: v8::Local<v8::Value>) -> Option<Vec<u8>> {
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        if !is_shared(scope, view) {
            let mut bytes = vec![0; view.byte_length()];
            let copied = view.copy_contents(&mut bytes);
            bytes.truncate(copied);
            return Some(bytes);
        }
        let store = view.get_backing_store()?;
        let end = view.byte_offset().checked_add(view.byte_length())?;
        return Some(store.get(view.byte_offset()..end)?.iter().map(std::cell::Cell::get).collect());
    }
    if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
        return Some(buffer.get_backing_store().iter().map(std::cell::Cell::get).collect());
    }
    let buffer = v8::Local::<v8::SharedArrayBuffer>::try_from(value).ok()?;
    Some(buffer.get_backing_store().iter().map(std::cell::Cell::get).collect())
}

/// The same bytes, of `view` where the value is one: not copied where nothing else can change them while the operation
/// lasts. `storage` takes those that V8 keeps in its heap, and may move.
pub(super) fn contents<'a>(
    scope: &mut v8::PinScope,
    value: v8::Local<v8::Value>,
    view: Option<&'a v8::Local<v8::ArrayBufferView>>,
    storage: &'a mut [u8; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP],
) -> Option<Cow<'a, [u8]>> {
    match view {
        Some(view) if !is_shared(scope, *view) => Some(Cow::Borrowed(view.get_contents(storage))),
        _ => copy_out(scope, value).map(Cow::Owned),
    }
}

fn is_shared(scope: &mut v8::PinScope, view: v8::Local<v8::ArrayBufferView>) -> bool {
    view.buffer(scope).is_some_and(|buffer| {
        let buffer: v8::Local<v8::Value> = buffer.into();
        buffer.is_shared_array_buffer()
    })
}

/// Writes `bytes` to the start of a view; what does not fit is left out.
pub(super) fn copy_in(view: v8::Local<v8::ArrayBufferView>, bytes: &[u8]) {
    let Some(store) = view.get_backing_store() else { return };
    let end = view.byte_offset().saturating_add(view.byte_length()).min(store.len());
    if let Some(cells) = store.get(view.byte_offset()..end) {
        for (cell, byte) in cells.iter().zip(bytes) {
            cell.set(*byte);
        }
    }
}

/// A new Uint8Array with a copy of `bytes`; `None` where the app's memory has no room for it. (V8 would end the process.)
pub(super) fn to_uint8_array<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: &[u8],
) -> Option<v8::Local<'s, v8::Uint8Array>> {
    if !has_room(scope, bytes.len()) {
        return None;
    }
    let buffer = v8::ArrayBuffer::new(scope, bytes.len());
    for (cell, byte) in buffer.get_backing_store().iter().zip(bytes) {
        cell.set(*byte);
    }
    v8::Uint8Array::new(scope, buffer, 0, bytes.len())
}
