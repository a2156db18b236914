//! A worker without V8. The app's module is a list of orders, one a line:
//!
//! at boot: `import PATH` · `log TEXT` · `stderr TEXT` · `fail LINE COLUMN TEXT` (with `\n` for a line break) · `die` · `die_if FILE` · `hang` · `grow MB`
//! for every request: `crash_if FILE` · `respond TEXT` · `overflow` (counts one more before it answers) · `slow MS` · `eat MB`
//! (takes so much memory and keeps it) · `crash` · `stop` (answers nothing any more) · `spin` (the same, busily) · `garbage` (on the data link) · `lie` (on the control link)
//! from the start on: `flood` (statistics on the control link, without end)
//! when told to drain: `stay`
//! A spare that is given to an app called `unlucky` dies, to one called `stuck` does nothing.
//! when it checks modules: `fail …` · `die` · `hang` · `grow MB` · `ready` (as if it had the app) · `ask` (for a module, without end)
//!
//! A response's body is the text and the process's id, with a space between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod worker_end;

use std::io::{IoSlice, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use nano_protocol::{
    AccessorStyle, BodyLength, BootFailed, Check, Frame, HeaderBlock, LogLevel, LogLine, Outbox, Ready, ResetReason,
    ResponseHead, Stats, StreamId,
};
use worker_end::{Link, greeting, send};

/// Its number as nano sees it. In its own namespace it has another, but it left `/proc` where it was.
fn pid_outside() -> String {
    std::fs::read_link("/proc/self").unwrap().display().to_string()
}

fn fetch(control: &mut Link, path: &str) -> Option<String> {
    send(&control.stream, &Frame::ModuleRequest { id: 1, path: path.to_owned() });
    match control.next()? {
        Frame::ModuleSource { source, .. } => source.ok().map(|text| String::from_utf8(text.to_vec()).unwrap()),
        other => panic!("{other:?} instead of a module"),
    }
}

/// Takes memory and writes to it.
fn eat(megabytes: &str) {
    let bytes = megabytes.parse::<usize>().unwrap() << 20;
    std::mem::forget(std::hint::black_box(vec![1_u8; bytes]));
}

struct App {
    script: String,
    control: Mutex<UnixStream>,
    overflows: AtomicU64,
    deaf: AtomicBool,
}

impl App {
    fn orders(&self) -> impl Iterator<Item = (&str, &str)> {
        self.script.lines().map(|line| line.split_once(' ').unwrap_or((line, "")))
    }

    fn log(&self, message: &str, request_id: &str) {
        let line = LogLine {
            level: LogLevel::Info,
            request_id: request_id.to_owned(),
            message: message.to_owned(),
            dropped: 0,
        };
        send(&self.control.lock().unwrap(), &Frame::Log(line));
    }

    fn answer(&self, link: &UnixStream, id: u32) {
        let mut text = String::new();
        for (order, rest) in self.orders() {
            match order {
                "respond" => text = rest.to_owned(),
                "overflow" => {
                    let overflows = self.overflows.fetch_add(1, Ordering::Relaxed) + 1;
                    send(link, &Frame::Stats(Stats { overflows, errored_by_overflow: overflows, ..Stats::default() }));
                }
                "eat" => eat(rest),
                "slow" => std::thread::sleep(Duration::from_millis(rest.parse().unwrap())),
                "crash" => std::process::abort(),
                "crash_if" if std::path::Path::new(rest).exists() => std::process::abort(),
                "stop" => {
                    self.deaf.store(true, Ordering::Relaxed);
                    return;
                }
                "spin" => {
                    self.deaf.store(true, Ordering::Relaxed);
                    loop {
                        std::hint::spin_loop();
                    }
                }
                "garbage" => (&*link).write_all(&[0xff; 64]).unwrap(),
                "lie" => send(&self.control.lock().unwrap(), &Frame::Pong { nonce: 12_345, idle: false }),
                _ => {}
            }
        }
        let body = format!("{text} {}", pid_outside());
        let headers = HeaderBlock::default();
        let body_length = BodyLength::Known(u64::try_from(body.len()).unwrap());
        send(link, &Frame::ResponseHead(id, ResponseHead { status: 200, headers, body: body_length }));
        send(link, &Frame::Data { stream: StreamId::request(id), end: true, data: Bytes::from(body) });
    }
}

/// Checks modules until nano closes the link.
fn check(control: &mut Link, first: Check) -> ! {
    let mut check = first;
    loop {
        let script = fetch(control, &check.entry).expect("the entry is there");
        let mut outcome = Ok("0.0.0".to_owned());
        for (order, rest) in script.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))) {
            match order {
                "import" => assert!(fetch(control, rest).is_some(), "{rest}"),
                "fail" => outcome = Err(failure(&check.entry, rest)),
                "die" => std::process::abort(),
                "grow" => {
                    eat(rest);
                    hang();
                }
                "hang" => hang(),
                "ready" => {
                    let accessors = AccessorStyle::Property;
                    send(&control.stream, &Frame::Ready(Ready { v8: "0.0.0".to_owned(), accessors, scheduled: true }));
                    hang();
                }
                "ask" => loop {
                    fetch(control, "../../../etc/passwd");
                },
                _ => {}
            }
        }
        send(&control.stream, &Frame::Checked(outcome));
        match control.next() {
            Some(Frame::Check(next)) => check = next,
            _ => std::process::exit(0),
        }
    }
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn failure(entry: &str, order: &str) -> BootFailed {
    let mut words = order.splitn(3, ' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    let (line, column) = (number(), number());
    let message = words.next().unwrap().replace("\\n", "\n");
    BootFailed { message, path: entry.to_owned(), line, column }
}

fn boot(control: &mut Link) -> String {
    // It is locked into nothing; nano must be told to do without.
    if std::env::args().any(|argument| argument == "--spare") {
        send(&control.stream, &Frame::Prepared);
        match control.next() {
            Some(Frame::Adopt { app }) if app == "unlucky" => std::process::abort(),
            Some(Frame::Adopt { app }) if app == "stuck" => hang(),
            Some(Frame::Adopt { .. }) => {}
            None => std::process::exit(0),
            other => panic!("{other:?} instead of Adopt"),
        }
    }
    send(&control.stream, &Frame::Sandboxed(Vec::new()));
    let boot = match control.next() {
        Some(Frame::Boot(boot)) => boot,
        Some(Frame::Check(first)) => check(control, first),
        other => panic!("{other:?} instead of Boot or Check"),
    };
    let script = fetch(control, &boot.entry).expect("the entry is there");
    for (order, rest) in script.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))) {
        match order {
            "import" => assert!(fetch(control, rest).is_some(), "{rest}"),
            "stderr" => std::io::stderr().write_all(format!("{rest}\n").as_bytes()).unwrap(),
            "fail" => {
                send(&control.stream, &Frame::BootFailed(failure(&boot.entry, rest)));
                std::process::exit(1);
            }
            "die" => std::process::abort(),
            "die_if" if std::path::Path::new(rest).exists() => std::process::abort(),
            "grow" => eat(rest),
            "hang" => hang(),
            _ => {}
        }
    }
    send(
        &control.stream,
        &Frame::Ready(Ready { v8: "0.0.0".to_owned(), accessors: AccessorStyle::Property, scheduled: true }),
    );
    script
}

fn main() {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).unwrap();
    let stdin = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let links = greeting(&stdin);
    let mut control = Link::new(stdin);
    let script = boot(&mut control);
    let app = Arc::new(App {
        script,
        control: Mutex::new(control.stream.try_clone().unwrap()),
        overflows: AtomicU64::new(0),
        deaf: AtomicBool::new(false),
    });
    for (_, text) in app.orders().filter(|(order, _)| *order == "log") {
        app.log(text, "");
    }
    if app.orders().any(|(order, _)| order == "flood") {
        // Nothing else may be sent on it meanwhile: a frame must not end up in another.
        app.deaf.store(true, Ordering::Relaxed);
        let stream = app.control.lock().unwrap().try_clone().unwrap();
        std::thread::spawn(move || {
            let mut outbox = Outbox::default();
            for _ in 0..2000 {
                outbox.push(&Frame::Stats(Stats::default()));
            }
            let mut slices = [IoSlice::new(&[]); 64];
            let count = outbox.io_slices(&mut slices);
            let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            while (&stream).write_all(&bytes).is_ok() {}
        });
        // However slowly it is heard, it uses more CPU time than it may.
        std::thread::spawn(|| {
            loop {
                let begun = std::time::Instant::now();
                while begun.elapsed() < Duration::from_millis(20) {
                    std::hint::spin_loop();
                }
                std::thread::sleep(Duration::from_millis(80));
            }
        });
    }
    for link in links {
        let app = Arc::clone(&app);
        std::thread::spawn(move || {
            let mut link = Link::new(link);
            while let Some(frame) = link.next() {
                match frame {
                    Frame::RequestHead(id, _) => {
                        let (app, stream) = (Arc::clone(&app), link.stream.try_clone().unwrap());
                        std::thread::spawn(move || app.answer(&stream, id));
                    }
                    Frame::Reset { stream, reason, .. } if reason != ResetReason::BodyUnwanted => {
                        send(&link.stream, &Frame::ResetAck { id: stream.number });
                    }
                    _ => {}
                }
            }
        });
    }
    while let Some(frame) = control.next() {
        match frame {
            Frame::Ping(nonce) if !app.deaf.load(Ordering::Relaxed) => {
                send(&app.control.lock().unwrap(), &Frame::Pong { nonce, idle: true });
            }
            Frame::Drain if !app.orders().any(|(order, _)| order == "stay") => std::process::exit(0),
            _ => {}
        }
    }
}
