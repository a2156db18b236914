//! What modules that are no JavaScript export: JSON, text, bytes, WebAssembly, and what is built in.

use crate::engine::entry::Entry;
use crate::engine::exception::{Location, ScriptError, caught};
use crate::engine::isolate_state::IsolateState;
use crate::engine::modules::ModuleKind;
use crate::engine::wasm::{Verdict, examine};

/// Names and values.
pub(super) type Exports = Vec<(v8::Global<v8::String>, v8::Global<v8::Value>)>;

/// What editors put before UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The place of a fault that is the whole file's.
pub(super) fn place(shown: &str) -> Location {
    Location { script: shown.into(), ..Location::default() }
}

/// The bytes of the file that is called `shown`, as text.
pub(super) fn utf8<'t>(shown: &str, bytes: &'t [u8]) -> Result<&'t str, ScriptError> {
    std::str::from_utf8(bytes).map_err(|error| {
        ScriptError::new(format!("{shown} is not UTF-8 (at byte {})", error.valid_up_to()), place(shown))
    })
}

/// The default export of a file.
pub(super) fn of_file(
    scope: &mut v8::PinScope,
    kind: ModuleKind,
    shown: &str,
    bytes: &[u8],
) -> Result<Exports, ScriptError> {
    let fault = |message: &str| ScriptError::new(format!("{shown} {message}"), place(shown));
    v8::tc_scope!(let scope, scope);
    let value: v8::Local<v8::Value> = match kind {
        ModuleKind::Json => {
            let text = utf8(shown, bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))?;
            let text = v8::String::new(scope, text).ok_or_else(|| fault("is too long for V8"))?;
            match v8::json::parse(scope, text) {
                Some(value) => value,
                None => {
                    let ScriptError { message, exception, .. } = caught(scope);
                    let message = format!("{shown} is not JSON: {}", first_line(&message));
                    return Err(ScriptError { message, location: place(shown), exception });
                }
            }
        }
        ModuleKind::Text => {
            let text = utf8(shown, bytes)?;
            has_room(scope, text.len()).then_some(()).ok_or_else(|| fault(NO_ROOM))?;
            v8::String::new(scope, text).ok_or_else(|| fault("is too long for V8"))?.into()
        }
        ModuleKind::Bytes => {
            has_room(scope, bytes.len()).then_some(()).ok_or_else(|| fault(NO_ROOM))?;
            let buffer = v8::ArrayBuffer::new(scope, bytes.len());
            for (cell, byte) in buffer.get_backing_store().iter().zip(bytes) {
                cell.set(*byte);
            }
            buffer.into()
        }
        ModuleKind::Wasm => {
            // As what is compiled from code (js/worker/shared_memory.js).
            let verdict = examine(bytes);
            if verdict == Verdict::Shared {
                return Err(fault("is refused: its memory is shared, and nano has no shared memory"));
            }
            has_room(scope, bytes.len()).then_some(()).ok_or_else(|| fault(NO_ROOM))?;
            let module = v8::WasmModuleObject::compile(scope, bytes).ok_or_else(|| {
                let why = caught(scope).message;
                ScriptError::new(
                    format!("{shown} is not WebAssembly that can be compiled: {}", first_line(&why)),
                    place(shown),
                )
            })?;
            if verdict == Verdict::Unreadable {
                return Err(fault("is refused: nano cannot read what it declares"));
            }
            module.into()
        }
        ModuleKind::JavaScript | ModuleKind::BuiltIn => return Err(fault("is code")),
    };
    let name = v8::String::new(scope, "default").ok_or_else(|| fault(NO_ROOM))?;
    Ok(vec![(v8::Global::new(scope, name), v8::Global::new(scope, value))])
}

const NO_ROOM: &str = "does not fit the app's `memory_mb`";

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Whether there is room for so many bytes. (V8 would end the process.)
fn has_room(scope: &mut v8::Isolate, bytes: usize) -> bool {
    let Some(state) = IsolateState::get(scope) else { return false };
    let fits = |isolate: &mut v8::Isolate| state.budget.room(isolate.get_heap_statistics().used_heap_size()) >= bytes;
    fits(scope) || {
        scope.low_memory_notification();
        fits(scope)
    }
}

/// The exports of the module that is built in under this name: `function` returns an object of them.
pub(super) fn built_in(scope: &mut v8::PinScope, function: &Entry, name: &str) -> Option<Exports> {
    let name = v8::String::new(scope, name)?;
    v8::tc_scope!(let scope, scope);
    let function = v8::Local::new(scope, function);
    let receiver = v8::undefined(scope).into();
    let exports = function.call(scope, receiver, &[name.into()])?;
    let exports = v8::Local::<v8::Object>::try_from(exports).ok()?;
    let names = exports.get_own_property_names(scope, v8::GetPropertyNamesArgs::default())?;
    let mut list = Vec::with_capacity(usize::try_from(names.length()).unwrap_or(0));
    for index in 0..names.length() {
        let name = v8::Local::<v8::String>::try_from(names.get_index(scope, index)?).ok()?;
        let value = exports.get(scope, name.into())?;
        list.push((v8::Global::new(scope, name), v8::Global::new(scope, value)));
    }
    Some(list)
}
