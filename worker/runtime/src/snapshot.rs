//! The startup snapshot: a heap image with all builtins evaluated, made at build time, restored in a millisecond.

use crate::engine::builtins::{self, BuiltinError};
use crate::engine::platform::{self, PlatformError};
use crate::ops;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// V8 could not be set up.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A builtin threw.
    #[error(transparent)]
    Builtin(#[from] BuiltinError),
    /// V8 refused to write the heap image.
    #[error("V8 could not write the snapshot")]
    Blob,
    /// Each process would have the hash seed of the build.
    #[error("the snapshot cannot be rehashed: some builtin keeps a table in it that V8 cannot seed anew")]
    NotRehashable,
}

/// Index of bootstrap.js's `entry` among the context's data in the snapshot.
const ENTRY_INDEX: usize = 0;

/// Evaluates the builtins and returns the heap image. Called by `nano-worker`'s build script.
///
/// # Errors
///
/// See [`SnapshotError`]; each is a mistake in nano, found at build time.
pub fn create() -> Result<Vec<u8>, SnapshotError> {
    platform::initialize()?;
    let mut isolate = v8::Isolate::snapshot_creator(Some(ops::external_references()), None);
    let evaluated = evaluate_into(&mut isolate);
    // Keep: functions that ran during set-up need not be compiled again in each worker.
    // (After an error too: V8 insists on a blob before the creator may be dropped.)
    let blob = isolate.create_blob(v8::FunctionCodeHandling::Keep);
    evaluated?;
    let blob = blob.ok_or(SnapshotError::Blob)?;
    if !blob.can_be_rehashed() {
        return Err(SnapshotError::NotRehashable);
    }
    Ok(blob.to_vec())
}

fn evaluate_into(isolate: &mut v8::OwnedIsolate) -> Result<(), BuiltinError> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    scope.set_default_context(context);
    let scope = &mut v8::ContextScope::new(scope, context);
    let entry = builtins::evaluate(scope)?;
    let index = scope.add_context_data(context, entry);
    debug_assert_eq!(index, ENTRY_INDEX, "the entry is the only data");
    Ok(())
}

/// The `entry` object of a context that was restored from a snapshot.
pub(crate) fn entry<'s>(scope: &v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    scope.get_context_data_from_snapshot_once::<v8::Object>(ENTRY_INDEX).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::cell::RefCell;
    use std::path::PathBuf;
    use std::rc::Rc;

    use url::Url;

    use super::*;
    use crate::engine::modules::FileModules;
    use crate::engine::runtime::{LogLevel, LogSink, Runtime, RuntimeOptions, StreamBudget};

    struct Collect(Rc<RefCell<String>>);

    impl LogSink for Collect {
        fn write(&mut self, _: LogLevel, _: &str, text: &str) {
            self.0.borrow_mut().push_str(text);
        }
    }

    fn run(snapshot: Option<&'static [u8]>, script: &str) -> String {
        let log = Rc::new(RefCell::new(String::new()));
        let mut runtime = Runtime::new(RuntimeOptions {
            snapshot,
            base: Url::parse("file:///test/").unwrap(),
            modules: Box::new(FileModules::new(PathBuf::from("/nowhere"))),
            log: Box::new(Collect(Rc::clone(&log))),
            code_generation: false,
            exit_on_uncaught: true,
            memory: None,
            stream_budget: StreamBudget::default(),
        })
        .unwrap();
        runtime.run_script("file:///test/test.cjs", script).unwrap();
        assert_eq!(runtime.run_to_completion(), 0, "{}", log.borrow());
        log.take()
    }

    #[test]
    fn a_realm_from_the_snapshot_is_the_realm_that_was_saved() {
        let blob: &'static [u8] = Box::leak(create().unwrap().into_boxed_slice());
        for script in [
            "console.log(Object.getOwnPropertyNames(globalThis).filter((n) => n !== 'WebAssembly').sort().join())",
            "setTimeout((x) => console.log(x), 1, 'timers'); queueMicrotask(() => console.log('microtasks '))",
            "console.log(new URL('http://a.example/b?c=d').searchParams.get('c'), typeof __nano)",
            "const w = new WritableStream({ write(c) { console.log(c) } }).getWriter(); w.write('streams'); w.close()",
        ] {
            let restored = run(Some(blob), script);
            assert!(!restored.is_empty(), "{script}");
            assert_eq!(restored, run(None, script), "{script}");
        }
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let empty: &'static [u8] = &[];
        let options = |snapshot| RuntimeOptions {
            snapshot: Some(snapshot),
            base: Url::parse("file:///test/").unwrap(),
            modules: Box::new(FileModules::new(PathBuf::from("/nowhere"))),
            log: Box::new(Collect(Rc::default())),
            code_generation: false,
            exit_on_uncaught: true,
            memory: None,
            stream_budget: StreamBudget::default(),
        };
        assert!(Runtime::new(options(empty)).is_err());
    }
}
