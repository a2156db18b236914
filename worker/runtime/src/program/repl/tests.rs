//! Sessions: declarations, interrupts, abandoned entries, completion.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use nano_protocol::CompatibilityFlags;
use url::Url;

use super::*;
use crate::engine::log_sink::{LogLevel, LogSink};
use crate::engine::modules::{ModuleSource, SourceError};
use crate::engine::runtime::{ProgramOptions, RuntimeOptions};
use crate::engine::stream_budget::StreamBudget;

#[derive(Clone, Default)]
struct Lines(Rc<RefCell<Vec<String>>>);

impl LogSink for Lines {
    fn write(&mut self, _: LogLevel, _: &str, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}

struct NoModules;

impl ModuleSource for NoModules {
    fn request(&mut self, path: &str) -> Option<Result<Vec<u8>, SourceError>> {
        Some(Err(SourceError(format!("no {path}"))))
    }
}

fn session() -> (ReplSession, Lines) {
    let lines = Lines::default();
    let options = RuntimeOptions {
        snapshot: None,
        code_generation: true,
        exit_on_uncaught: false,
        memory: None,
        base: Url::parse("file:///session/").unwrap(),
        program: ProgramOptions {
            modules: Box::new(NoModules),
            log: Box::new(lines.clone()),
            stream_budget: StreamBudget::default(),
            flags: CompatibilityFlags::default(),
        },
    };
    (ReplSession::new(Program::new(options).unwrap(), false), lines)
}

fn finish(session: &mut ReplSession, entry: &str) -> Outcome {
    session.evaluate(entry);
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        assert!(Instant::now() < deadline, "no outcome of {entry}");
        session.wait(None);
        session.turn();
    }
}

fn value(session: &mut ReplSession, entry: &str) -> String {
    match finish(session, entry) {
        Outcome::Value { text, .. } => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn entries_share_their_declarations() {
    let (mut session, lines) = session();
    assert_eq!(finish(&mut session, "let a = 1"), Outcome::Value { text: "undefined".into(), is_undefined: true });
    assert_eq!(value(&mut session, "let a = await Promise.resolve(2); a"), "2");
    assert_eq!(value(&mut session, "_ + a"), "4");
    assert_eq!(value(&mut session, "await new Promise((resolve) => setTimeout(resolve, 1, { a }))"), "{ a: 2 }");
    assert_eq!(finish(&mut session, "throw new TypeError('t')"), Outcome::Uncaught("Uncaught TypeError: t".into()));
    assert_eq!(value(&mut session, "_error.message"), "'t'");
    assert_eq!(value(&mut session, "Object.prototype.error = {}; Object.prototype.objectId = 'x'; [1]"), "[ 1 ]");
    assert!(!session.take_uncaught() && lines.0.borrow().is_empty());
    assert_eq!(value(&mut session, "Promise.reject(7); 1"), "1");
    session.turn();
    assert!(session.take_uncaught());
    assert_eq!(*lines.0.borrow(), ["Uncaught (in promise) 7"]);
}

#[test]
fn running_code_is_interrupted_and_the_session_goes_on() {
    let (mut session, _) = session();
    let interrupter = session.interrupter();
    assert_eq!(interrupter.interrupt(), Interruption::Nothing);
    for entry in [
        "for (;;);",
        "await null; for (;;);",
        "while (true) await null;",
        "({ get a() { return 1 }, [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } })",
    ] {
        let interrupter = interrupter.clone();
        let presses = thread::spawn(move || {
            let deadline = Instant::now() + Duration::from_secs(90);
            while interrupter.interrupt() != Interruption::Begun {
                assert!(Instant::now() < deadline, "there was never anything to interrupt");
                thread::sleep(Duration::from_millis(1));
            }
        });
        let outcome = finish(&mut session, entry);
        presses.join().unwrap();
        // The press may come before the loop does: then it stops what is before it.
        assert_eq!(outcome, Outcome::Interrupted, "{entry}");
        assert_eq!(value(&mut session, "6 * 7"), "42");
    }
}

#[test]
fn an_abandoned_entry_says_nothing_later() {
    let (mut session, lines) = session();
    session.evaluate("await new Promise((resolve) => globalThis.end = resolve); throw 1");
    assert_eq!(session.outcome(), None);
    assert!(session.abandon() && !session.abandon());
    assert_eq!(value(&mut session, "end(); 2"), "2");
    session.turn();
    assert_eq!(session.outcome(), None);
    assert!(lines.0.borrow().is_empty());
}

#[test]
fn names_are_completed_without_running_anything() {
    let (mut session, _) = session();
    value(&mut session, "let looked = 0; const underTheSea = { octopus: 1, get trap() { looked++; return {} } }");
    let mut names = |line: &str| session.complete(line, line.len());
    assert_eq!(names("x + underT"), Completions { start: 4, names: vec!["underTheSea".into()] });
    assert_eq!(names("underTheSea.oct").names, ["octopus"]);
    assert_eq!(names("underTheSea.trap.a").names, Vec::<String>::new());
    assert_eq!(names("'é' + WritableStreamDefaultW").names, ["WritableStreamDefaultWriter"]);
    assert_eq!(names("f().a").names, Vec::<String>::new());
    assert!(names("console.").names.contains(&"log".to_owned()));
    assert_eq!(value(&mut session, "looked"), "0");
}
