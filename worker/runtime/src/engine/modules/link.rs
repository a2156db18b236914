//! Linking and evaluating a graph of modules that is complete, and the evaluation steps of modules that are no code.

use std::cell::RefCell;

use super::{Entry, Key, ModuleMap, is_typed_json};
use crate::engine::exception::{Location, ScriptError, caught};

/// The promise of an evaluation, and the module.
pub(super) type Evaluation<'s> = (v8::Local<'s, v8::Promise>, v8::Local<'s, v8::Module>);

/// Links the graph of a module; all of it is there.
pub(super) fn link<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    modules: &RefCell<ModuleMap>,
    root: &Key,
) -> Result<v8::Local<'s, v8::Module>, ScriptError> {
    let module = match modules.borrow().entries.get(root) {
        Some(Entry::Compiled(module)) => v8::Local::new(scope, module),
        _ => return Err(ScriptError::new(format!("{} is not loaded", root.0), Location::default())),
    };
    v8::tc_scope!(let scope, scope);
    if module.get_status() == v8::ModuleStatus::Uninstantiated
        && module.instantiate_module(scope, resolve_linked).is_none()
    {
        return Err(caught(scope));
    }
    Ok(module)
}

/// Evaluates a linked module.
pub(super) fn evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    root: &Key,
    module: v8::Local<'s, v8::Module>,
) -> Result<Evaluation<'s>, ScriptError> {
    v8::tc_scope!(let scope, scope);
    let Some(value) = module.evaluate(scope) else {
        return Err(caught(scope));
    };
    match v8::Local::<v8::Promise>::try_from(value) {
        Ok(promise) => Ok((promise, module)),
        Err(_) => Err(ScriptError::new(format!("{} has no evaluation promise", root.0), Location::default())),
    }
}

/// V8 asks for a module while it links; all are there.
fn resolve_linked<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    attributes: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: V8 calls this on the isolate's thread with `context` entered.
    v8::callback_scope!(unsafe scope, context);
    let modules = ModuleMap::of(scope)?;
    let map = modules.borrow();
    let referrer = &map.key_of(scope, referrer)?.0;
    let typed = is_typed_json(scope, attributes, 3).ok()?;
    let key = map.resolve(referrer, &specifier.to_rust_string_lossy(scope), typed).ok()?;
    match map.entries.get(&key)? {
        Entry::Compiled(module) => Some(v8::Local::new(scope, module)),
        _ => None,
    }
}

/// The evaluation steps of a module that is no code of the app: exports what was made of it when it came.
pub(super) fn evaluate_values<'s>(
    context: v8::Local<'s, v8::Context>,
    module: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Value>> {
    // SAFETY: V8 calls this on the isolate's thread with `context` entered.
    v8::callback_scope!(unsafe scope, context);
    let modules = ModuleMap::of(scope)?;
    let exports = {
        let mut map = modules.borrow_mut();
        let key = map.key_of(scope, module)?.clone();
        map.values.remove(&key)?
    };
    for (name, value) in exports {
        let (name, value) = (v8::Local::new(scope, name), v8::Local::new(scope, value));
        module.set_synthetic_module_export(scope, name, value)?;
    }
    let resolver = v8::PromiseResolver::new(scope)?;
    let undefined = v8::undefined(scope);
    resolver.resolve(scope, undefined.into())?;
    Some(resolver.get_promise(scope).into())
}

/// Tells JavaScript that the program's first module, which is linked, is evaluated next.
pub(super) fn before_main(scope: &mut v8::PinScope, modules: &RefCell<ModuleMap>, module: v8::Local<v8::Module>) {
    let Some(function) = modules.borrow().before_main.clone() else { return };
    v8::tc_scope!(let scope, scope);
    let function = v8::Local::new(scope, function);
    let (receiver, namespace) = (v8::undefined(scope).into(), module.get_module_namespace());
    // It throws nothing; should it be terminated, so is what follows.
    function.call(scope, receiver, &[namespace]);
}
