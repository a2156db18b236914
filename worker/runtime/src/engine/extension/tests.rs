//! A runtime with operations and JavaScript of its own, and none of nano's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use url::Url;

use super::*;
use crate::engine::log_sink::{LogLevel, LogSink};
use crate::engine::modules::FileModules;
use crate::engine::runtime::{ProgramOptions, Runtime, RuntimeError, RuntimeOptions};
use crate::engine::stream_budget::StreamBudget;

struct NoLog;

impl LogSink for NoLog {
    fn write(&mut self, _: LogLevel, _: &str, _: &str) {}
}

fn options() -> RuntimeOptions {
    RuntimeOptions {
        snapshot: None,
        code_generation: false,
        exit_on_uncaught: true,
        memory: None,
        base: Url::parse("file:///test/").unwrap(),
        program: ProgramOptions {
            modules: Box::new(FileModules::new(PathBuf::from("/nowhere"))),
            log: Box::new(NoLog),
            stream_budget: StreamBudget::default(),
            flags: CompatibilityFlags::default(),
        },
    }
}

ops! {
    "double" => double,
}

fn double(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set_int32(args.get(0).int32_value(scope).unwrap_or(0) * 2);
}

static CLOSED: AtomicUsize = AtomicUsize::new(0);

const DOUBLE: Extension = Extension {
    ops: &[OPS],
    sources: &[Source {
        path: "math/double.js",
        text: || {
            Ok(Cow::Borrowed("const { ops } = globalThis.__nano;\nexport function double(n) { return ops.double(n); }"))
        },
    }],
    lazy: &[],
    modules: &[],
    on_close: |_| {
        CLOSED.fetch_add(1, Ordering::SeqCst);
    },
};

const BOOTSTRAP: Extension = Extension {
    ops: &[],
    sources: &[Source {
        path: "bootstrap.js",
        text: || {
            Ok(Cow::Borrowed(
                r#"import { double } from "./math/double.js";
const nothing = () => undefined;
export const entry = {
  beforeMain: nothing, builtInModule: nothing, configureBudget: nothing, fireTimer: nothing, inspect: nothing,
  unhandledRejection: nothing, rejectionHandled: nothing, generatorNext: nothing,
};
globalThis.four = double(2);
"#,
            ))
        },
    }],
    lazy: &[],
    modules: &[],
    on_close: |_| {},
};

#[test]
fn a_runtime_has_what_its_extensions_have_until_they_are_closed() {
    let mut runtime = Runtime::new(options(), &[BOOTSTRAP, DOUBLE]).unwrap();
    runtime.run_script("test.js", "if (four !== 4 || 'URL' in globalThis) throw four").unwrap();
    assert_eq!(CLOSED.load(Ordering::SeqCst), 0);
    drop(runtime);
    assert_eq!(CLOSED.load(Ordering::SeqCst), 1);
}

#[test]
fn an_import_of_what_no_extension_has_is_refused() {
    let error = Runtime::new(options(), &[BOOTSTRAP]).err().unwrap();
    let RuntimeError::Builtin(error) = error else { panic!("{error}") };
    assert_eq!(error.path, "math/double.js", "{error}");
}
