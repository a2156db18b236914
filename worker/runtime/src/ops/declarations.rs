//! The declarations beside `js/primordials.js` and `js/ops.js`, from which tsc and the linter know what the builtins may
//! use, name what there is. The first is generated: `NANO_WRITE_DECLARATIONS=1` makes this test write it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use super::WEB_PLATFORM;
use super::sources::{LAZY, SOURCES};
use crate::engine::builtins::{BuiltinError, evaluate_module};
use crate::engine::extension::{all_ops, external_references};
use crate::engine::platform;

/// `(primordials) => text`: a line for each, with its type made of the type of what it was captured from.
const DECLARE: &str = include_str!("declare_primordials.js");

fn declarations(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/js").join(name)
}

/// What primordials.js captures of the realm in which the snapshot is made, declared.
fn captured() -> Result<String, BuiltinError> {
    platform::initialize().unwrap();
    let mut isolate = v8::Isolate::snapshot_creator(Some(external_references(&[WEB_PLATFORM], None)), None);
    let text = declare(&mut isolate);
    // V8 insists on a blob before the creator may be dropped.
    drop(isolate.create_blob(v8::FunctionCodeHandling::Clear));
    text
}

fn declare(isolate: &mut v8::OwnedIsolate) -> Result<String, BuiltinError> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    scope.set_default_context(context);
    let scope = &mut v8::ContextScope::new(scope, context);
    let exports = evaluate_module(scope, &[WEB_PLATFORM], "primordials.js")?;
    let name = v8::String::new(scope, "primordials").unwrap();
    let primordials = exports.get(scope, name.into()).unwrap();
    let script = v8::String::new(scope, DECLARE).and_then(|source| v8::Script::compile(scope, source, None));
    let object = script.and_then(|script| script.run(scope)).and_then(|value| value.to_object(scope)).unwrap();
    let name = v8::String::new(scope, "declare").unwrap();
    let declare = v8::Local::<v8::Function>::try_from(object.get(scope, name.into()).unwrap()).unwrap();
    let text = declare.call(scope, object.into(), &[primordials]).unwrap();
    Ok(text.to_rust_string_lossy(scope))
}

#[test]
fn primordials_are_declared_as_they_are_captured() {
    let path = declarations("primordials.d.ts");
    let captured = captured().unwrap();
    if env::var_os("NANO_WRITE_DECLARATIONS").is_some() {
        fs::write(&path, &captured).unwrap();
    }
    let declared = fs::read_to_string(&path).unwrap_or_default();
    let difference = declared.lines().zip(captured.lines()).find(|(left, right)| left != right);
    assert!(
        declared == captured,
        "js/primordials.d.ts is not what primordials.js captures ({difference:?}): run this test with NANO_WRITE_DECLARATIONS=1"
    );
}

#[test]
fn operations_are_declared_and_used() {
    let there: BTreeSet<_> = all_ops(&[WEB_PLATFORM]).map(|op| op.name.to_owned()).collect();
    let text = fs::read_to_string(declarations("ops.d.ts")).unwrap();
    let methods = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once('('));
    let declared: BTreeSet<_> =
        methods.map(|(name, _)| name.to_owned()).filter(|name| name.chars().all(char::is_alphanumeric)).collect();
    assert_eq!(there, declared, "operations (left) and js/ops.d.ts (right)");
    let code: String = SOURCES.iter().chain(LAZY).map(|source| (source.text)().unwrap()).collect();
    let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric()).collect();
    let unused: Vec<_> = there.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(unused.is_empty(), "no builtin uses these operations: {unused:?}");
}
