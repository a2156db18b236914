//! Natives of html/structured_clone.js: V8's serializer does the work; what it cannot know (which objects are the
//! platform's, what a DataCloneError is) it asks JavaScript.

use std::cell::RefCell;
use std::rc::Rc;

use v8::{ValueDeserializerHelper as _, ValueSerializerHelper as _};

use super::{ops, throw_range_error};

ops! {
    "structuredClone" => structured_clone,
}

/// The JavaScript functions that the serializer asks, and what it keeps while one clone is made.
struct Delegate {
    /// `isHostObject(object) → boolean`.
    is_host_object: v8::Global<v8::Function>,
    /// `cloneHostObject(object) → object | undefined`; undefined where it cannot be cloned.
    clone_host_object: v8::Global<v8::Function>,
    /// `dataCloneError(message) → DOMException`.
    data_clone_error: v8::Global<v8::Function>,
    kept: Rc<Kept>,
}

/// What the bytes refer to by number, since the copy is made in the same isolate at once.
#[derive(Default)]
struct Kept {
    host_objects: RefCell<Vec<v8::Global<v8::Object>>>,
    shared_buffers: RefCell<Vec<v8::Global<v8::SharedArrayBuffer>>>,
}

impl v8::ValueSerializerImpl for Delegate {
    fn throw_data_clone_error<'s>(&self, scope: &mut v8::PinScope<'s, '_>, message: v8::Local<'s, v8::String>) {
        let function = v8::Local::new(scope, &self.data_clone_error);
        let receiver = v8::undefined(scope).into();
        if let Some(error) = function.call(scope, receiver, &[message.into()]) {
            scope.throw_exception(error);
        }
    }

    fn has_custom_host_object(&self, _: &v8::Isolate) -> bool {
        true
    }

    fn is_host_object<'s>(&self, scope: &mut v8::PinScope<'s, '_>, object: v8::Local<'s, v8::Object>) -> Option<bool> {
        let function = v8::Local::new(scope, &self.is_host_object);
        let receiver = v8::undefined(scope).into();
        Some(function.call(scope, receiver, &[object.into()])?.is_true())
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        serializer: &dyn v8::ValueSerializerHelper,
    ) -> Option<bool> {
        let function = v8::Local::new(scope, &self.clone_host_object);
        let receiver = v8::undefined(scope).into();
        let copy = function.call(scope, receiver, &[object.into()])?;
        let Ok(copy) = v8::Local::<v8::Object>::try_from(copy) else {
            let name = object.get_constructor_name().to_rust_string_lossy(scope);
            let message = v8::String::new(scope, &format!("#<{name}> could not be cloned."))?;
            self.throw_data_clone_error(scope, message);
            return None;
        };
        let mut kept = self.kept.host_objects.borrow_mut();
        serializer.write_uint32(u32::try_from(kept.len()).ok()?);
        kept.push(v8::Global::new(scope, copy));
        Some(true)
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        buffer: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        let mut kept = self.kept.shared_buffers.borrow_mut();
        let buffer = v8::Global::new(scope, buffer);
        let index = kept.iter().position(|known| *known == buffer).unwrap_or(kept.len());
        if index == kept.len() {
            kept.push(buffer);
        }
        u32::try_from(index).ok()
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        _: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        if let Some(message) = v8::String::new(scope, "#<Module> could not be cloned.") {
            self.throw_data_clone_error(scope, message);
        }
        None
    }
}

struct Reader {
    kept: Rc<Kept>,
}

impl v8::ValueDeserializerImpl for Reader {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        deserializer: &dyn v8::ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let mut index = 0;
        if !deserializer.read_uint32(&mut index) {
            return None;
        }
        let kept = self.kept.host_objects.borrow();
        Some(v8::Local::new(scope, kept.get(usize::try_from(index).ok()?)?))
    }

    fn get_shared_array_buffer_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        id: u32,
    ) -> Option<v8::Local<'s, v8::SharedArrayBuffer>> {
        let kept = self.kept.shared_buffers.borrow();
        let original = v8::Local::new(scope, kept.get(usize::try_from(id).ok()?)?);
        Some(v8::SharedArrayBuffer::with_backing_store(scope, &original.get_backing_store()))
    }
}

/// `structuredClone(value, transfer, isHostObject, cloneHostObject, dataCloneError) → copy`. `transfer`: an array of distinct,
/// attached ArrayBuffers; they are detached once the value was read.
fn structured_clone(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(delegate) = delegate(scope, &args) else { return };
    let kept = Rc::clone(&delegate.kept);
    let Ok(list) = v8::Local::<v8::Array>::try_from(args.get(1)) else { return };
    let mut transfer = Vec::new();
    for index in 0..list.length() {
        let buffer = list.get_index(scope, index).map(v8::Local::<v8::ArrayBuffer>::try_from);
        if let Some(Ok(buffer)) = buffer {
            transfer.push(buffer);
        }
    }

    if transfer.iter().any(|buffer| !buffer.is_detachable()) {
        // That of a WebAssembly.Memory, whose code goes on using it.
        if let Some(message) =
            v8::String::new(scope, "#<ArrayBuffer> of a WebAssembly.Memory could not be transferred.")
        {
            v8::ValueSerializerImpl::throw_data_clone_error(&delegate, scope, message);
        }
        return;
    }

    let context = scope.get_current_context();
    let serializer = v8::ValueSerializer::new(scope, Box::new(delegate));
    serializer.write_header();
    for (id, buffer) in (0..).zip(&transfer) {
        serializer.transfer_array_buffer(id, *buffer);
    }
    if serializer.write_value(context, args.get(0)) != Some(true) {
        return;
    }
    let bytes = serializer.release();

    let deserializer = v8::ValueDeserializer::new(scope, Box::new(Reader { kept }), &bytes);
    for (id, buffer) in (0..).zip(&transfer) {
        let store = buffer.get_backing_store();
        if buffer.detach(None) != Some(true) {
            return;
        }
        let moved = v8::ArrayBuffer::with_backing_store(scope, &store);
        deserializer.transfer_array_buffer(id, moved);
    }
    if deserializer.read_header(context) != Some(true) {
        return;
    }
    let lacks_memory = {
        v8::tc_scope!(let scope, scope);
        match deserializer.read_value(context) {
            Some(copy) => {
                rv.set(copy);
                false
            }
            None => {
                let error = scope.exception().and_then(|error| v8::Local::<v8::Object>::try_from(error).ok());
                let name = error.map(|error| error.get_constructor_name().to_rust_string_lossy(scope));
                // V8 says that the bytes are malformed, but they are its own.
                let lacks_memory = !scope.has_terminated() && name.as_deref() == Some("Error");
                if !lacks_memory {
                    scope.rethrow();
                }
                lacks_memory
            }
        }
    };
    if lacks_memory {
        throw_range_error(scope, "There is not enough memory for the copy (memory_mb)");
    }
}

fn delegate(scope: &mut v8::PinScope, args: &v8::FunctionCallbackArguments) -> Option<Delegate> {
    let function = |index| {
        let function = v8::Local::<v8::Function>::try_from(args.get(index)).ok()?;
        Some(v8::Global::new(scope, function))
    };
    Some(Delegate {
        is_host_object: function(2)?,
        clone_host_object: function(3)?,
        data_clone_error: function(4)?,
        kept: Rc::default(),
    })
}
