//! A realm from the snapshot against one that is made anew; blobs that are no snapshot.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use nano_protocol::{CompatibilityFlags, ExitReason};
use url::Url;

use super::*;
use crate::app::App;
use crate::app::serve::ServeError;
use crate::engine::heap_image::HeapImage;
use crate::engine::log_sink::{LogLevel, LogSink};
use crate::engine::modules::FileModules;
use crate::engine::runtime::{ProgramOptions, RuntimeOptions};
use crate::engine::stream_budget::StreamBudget;
use crate::program::Program;

struct Collect(Rc<RefCell<String>>);

impl LogSink for Collect {
    fn write(&mut self, _: LogLevel, _: &str, text: &str) {
        self.0.borrow_mut().push_str(text);
    }
}

fn run(snapshot: Option<HeapImage>, script: &str) -> String {
    let log = Rc::new(RefCell::new(String::new()));
    let mut program = Program::new(RuntimeOptions {
        snapshot,
        code_generation: false,
        exit_on_uncaught: true,
        memory: None,
        base: Url::parse("file:///test/").unwrap(),
        program: ProgramOptions {
            modules: Box::new(FileModules::new(PathBuf::from("/nowhere"))),
            log: Box::new(Collect(Rc::clone(&log))),
            stream_budget: StreamBudget::default(),
            flags: CompatibilityFlags::default(),
        },
    })
    .unwrap();
    program.run_script("file:///test/test.cjs", script).unwrap();
    assert_eq!(program.run_to_completion(), 0, "{}", log.borrow());
    log.take()
}

#[test]
fn a_realm_from_the_snapshot_is_the_realm_that_was_saved() {
    let Snapshot { blob, texts, lengths } = create().unwrap();
    let image = HeapImage { blob: blob.leak(), texts: texts.leak(), lengths: lengths.leak() };
    for script in [
        "console.log(Object.getOwnPropertyNames(globalThis).filter((n) => n !== 'WebAssembly').sort().join())",
        "setTimeout((x) => console.log(x), 1, 'timers'); queueMicrotask(() => console.log('microtasks '))",
        "console.log(new URL('http://a.example/b?c=d').searchParams.get('c'), typeof __nano)",
        "const w = new WritableStream({ write(c) { console.log(c) } }).getWriter(); w.write('streams'); w.close()",
    ] {
        let restored = run(Some(image), script);
        assert!(!restored.is_empty(), "{script}");
        assert_eq!(restored, run(None, script), "{script}");
    }
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let empty = HeapImage { blob: &[], texts: &[], lengths: &[] };
    let options = |snapshot| RuntimeOptions {
        snapshot: Some(snapshot),
        code_generation: false,
        exit_on_uncaught: true,
        memory: None,
        base: Url::parse("file:///test/").unwrap(),
        program: ProgramOptions {
            modules: Box::new(FileModules::new(PathBuf::from("/nowhere"))),
            log: Box::new(Collect(Rc::default())),
            stream_budget: StreamBudget::default(),
            flags: CompatibilityFlags::default(),
        },
    };
    assert!(Program::new(options(empty)).is_err());
}

#[test]
fn an_isolate_that_runs_out_of_memory_while_it_is_made_says_so() {
    let Snapshot { blob, texts, lengths } = create().unwrap();
    let image = HeapImage { blob: blob.leak(), texts: texts.leak(), lengths: lengths.leak() };
    // The least that an app may have is more than enough.
    assert!(App::without_program(image, 8 << 20).is_ok());
    let error = App::without_program(image, 1 << 20).err().unwrap();
    assert!(error.to_string().contains("the limit of 1 MiB") && error.to_string().contains("memory_mb"), "{error}");
    assert_eq!(ServeError::from(error).exit_status(), i32::from(ExitReason::Heap.exit_status()));
}
