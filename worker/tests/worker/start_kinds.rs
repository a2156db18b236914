//! Workers that are not told their app at once: spares, and those that check modules.

use std::io::Write as _;
use std::process::Stdio;

use bytes::Bytes;
use nano_protocol::{Check, CompatibilityFlags, ExitReason, Frame, ModuleError};

use crate::hand::{Files, Worker, boot};

const HELLO: &str = "export default { fetch() { return new Response('hello') } }";

/// A pipe with this in it, whose other end is closed.
fn told(bytes: &[u8]) -> Stdio {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(bytes).unwrap();
    reader.into()
}

/// What a spare is told: under root it becomes a user, else it stays who it is.
fn user() -> [u8; 4] {
    let user = if nix::unistd::geteuid().is_root() { 60_998_u32 } else { u32::MAX };
    user.to_le_bytes()
}

fn adopt() -> Frame {
    Frame::Adopt { app: "shop".to_owned() }
}

#[test]
fn a_spare_serves_the_app_that_it_is_given_to() {
    let mut worker = Worker::spare(told(&user()));
    worker.control.send(&adopt());
    worker.read_sandbox();
    worker.boot(boot("index.js"), &[("index.js", HELLO)]).unwrap();
    assert_eq!(worker.get("/").text(), "200 hello");
}

#[test]
fn a_spare_that_is_told_nothing_of_its_user_or_gets_anything_else_ends() {
    let cases: [(Stdio, Frame, ExitReason); 4] = [
        (told(b""), adopt(), ExitReason::Startup),
        (told(b"\x01\x02"), adopt(), ExitReason::Startup),
        (told(&user()), Frame::Boot(Box::new(boot("index.js"))), ExitReason::Protocol),
        (told(&user()), Frame::Drain, ExitReason::Protocol),
    ];
    for (pipe, frame, reason) in cases {
        let mut worker = Worker::spare(pipe);
        worker.control.send(&frame);
        let (status, stderr) = worker.end();
        assert_eq!(status, i32::from(reason.exit_status()), "{frame:?}: {stderr}");
    }
}

/// Has the modules checked; what is wrong with them.
fn check(worker: &mut Worker, files: Files) -> Result<String, String> {
    let check = Check {
        entry: "index.js".into(),
        shown: "apps/test/".into(),
        memory: 64 << 20,
        compatibility_flags: CompatibilityFlags::default(),
    };
    worker.control.send(&Frame::Check(check));
    loop {
        match worker.control.next().expect("it goes on") {
            Frame::ModuleRequest { id, path } => {
                let found = files.iter().find(|(known, _)| *known == path);
                let source = found.map(|(_, text)| Bytes::copy_from_slice(text.as_bytes()));
                worker.control.send(&Frame::ModuleSource { id, source: source.ok_or(ModuleError::NotFound) });
            }
            Frame::Checked(outcome) => return outcome.map_err(|failed| failed.message),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn one_worker_checks_one_app_after_the_other_and_runs_none() {
    let mut worker = Worker::start(0);
    for round in 0..50 {
        let good: Files = &[
            ("index.js", "import { a } from './a.js'; export default a; throw new Error(a); for (;;);"),
            ("a.js", "export const a = 1; globalThis.Array = null; await new Promise(() => {});"),
        ];
        let version = check(&mut worker, good).unwrap_or_else(|why| panic!("{why}"));
        assert!(version.starts_with("15."), "{version}");
        let unlinked =
            check(&mut worker, &[("index.js", "import { b } from './a.js';"), ("a.js", "export const a = 1;")]);
        assert!(unlinked.unwrap_err().contains("does not provide an export named 'b'"), "round {round}");
        // Another app's module of the same name is another module.
        let absent = check(
            &mut worker,
            &[("index.js", "import './a.js'; import './b.js'; import './c.js'; export default 1 1")],
        );
        assert!(absent.unwrap_err().contains("SyntaxError"), "round {round}");
        let missing = check(&mut worker, &[("index.js", "import './a.js'; import './b.js'; import './c.js';")]);
        assert!(missing.unwrap_err().contains("cannot be loaded"), "round {round}");
        let other: Files = &[("index.js", "export { a as default } from './a.js'"), ("a.js", "export let a")];
        assert!(check(&mut worker, other).is_ok());
        assert!(check(&mut worker, &[("index.js", "export let a")]).unwrap_err().contains("no default export"));
    }
    worker.control.send(&Frame::Ping(7));
    assert_eq!(worker.control.next(), Some(Frame::Pong { nonce: 7, idle: true }));
    worker.control.send(&Frame::Boot(Box::new(boot("index.js"))));
    let (status, stderr) = worker.end();
    assert_eq!(status, i32::from(ExitReason::Protocol.exit_status()), "{stderr}");
}
