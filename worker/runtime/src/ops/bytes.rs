//! Bytes between V8's buffers and Rust, for the operations of other files.

/// The bytes of a view, ArrayBuffer or SharedArrayBuffer; `None` for any other value.
pub(super) fn copy_out(scope: &mut v8::PinScope, value: v8::Local<v8::Value>) -> Option<Vec<u8>> {
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        let shared = view.buffer(scope).is_some_and(|buffer| {
            let buffer: v8::Local<v8::Value> = buffer.into();
            buffer.is_shared_array_buffer()
        });
        if !shared {
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

/// A new Uint8Array with a copy of `bytes`.
pub(super) fn to_uint8_array<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: &[u8],
) -> Option<v8::Local<'s, v8::Uint8Array>> {
    let buffer = v8::ArrayBuffer::new(scope, bytes.len());
    for (cell, byte) in buffer.get_backing_store().iter().zip(bytes) {
        cell.set(*byte);
    }
    v8::Uint8Array::new(scope, buffer, 0, bytes.len())
}
