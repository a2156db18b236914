//! Native code in a worker's place. It closes the very same sandbox as a worker, waits as a spare if it is one, and becomes its
//! app's. Then it does what a request asks for: one of the attempts at a process that another program has for its own.
//!
//! `hostile_worker attack NAME PID FILE PORT` makes an attempt at once, without a sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    reason = "raw system calls"
)]
#![allow(clippy::print_stdout, reason = "a program")]

#[path = "../../../../worker/tests/attacker/attempts.rs"]
#[allow(dead_code, reason = "not all of them are aimed at others")]
mod attempts;
#[path = "../../../../supervisor/tests/support/worker_end.rs"]
mod worker_end;

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::OnceLock;
use std::thread;

use attempts::{ATTEMPTS, Target};
use bytes::Bytes;
use nano_protocol::{AccessorStyle, BodyLength, Frame, HeaderBlock, Ready, ResponseHead, StreamId};
use nano_worker::sandbox::{self, Layers, SandboxArgs};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use worker_end::{Link, greeting, send};

/// Makes an attempt: `NAME PID FILE PORT`.
fn attempt(arguments: &[&str]) -> String {
    let [name, pid, file, port] = arguments else { panic!("{arguments:?}") };
    let target = Target {
        victim: pid.parse().unwrap(),
        file: format!("{file}\0"),
        directory: format!("/proc/{pid}/root\0"),
        root_file: format!("/proc/{pid}/environ\0"),
        root_program: format!("/proc/{pid}/exe\0"),
        port: port.parse().unwrap(),
        abstract_name: String::new(),
    };
    let (_, attempt) = ATTEMPTS.iter().find(|(each, _)| each == name).unwrap();
    attempt(&target).map_or_else(|error| format!("{error:?}"), |_| "ok".to_owned())
}

/// Answers requests of a link; `/` with what it was given to keep.
fn serve(mut link: Link, kept: &OnceLock<String>) {
    while let Some(frame) = link.next() {
        let Frame::RequestHead(id, request) = frame else { continue };
        let text = match request.url.split_once("/attack?") {
            Some((_, arguments)) => {
                let arguments = arguments.replace("%20", " ");
                attempt(&arguments.split('&').collect::<Vec<_>>())
            }
            None => kept.get().cloned().unwrap_or_default(),
        };
        let body = BodyLength::Known(text.len() as u64);
        let head = ResponseHead { status: 200, headers: HeaderBlock::builder().finish(), body };
        send(&link.stream, &Frame::ResponseHead(id, head));
        let data = Bytes::from(text);
        send(&link.stream, &Frame::Data { stream: StreamId::request(id), end: true, data });
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [_, "attack", rest @ ..] = &words[..] {
        println!("{}", attempt(rest));
        return;
    }
    let sandbox_args = SandboxArgs::from_arguments(std::env::args_os().skip(2)).unwrap();
    let entered = sandbox::enter(Layers::ALL, sandbox_args);
    set_pdeathsig(Signal::SIGKILL).unwrap();
    let stdin = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let links = greeting(&stdin);
    let mut control = Link::new(stdin);
    let kept = Arc::new(OnceLock::new());
    for link in links {
        // Its socket cannot be set up behind the filter.
        let (link, kept) = (Link::new(link), Arc::clone(&kept));
        thread::spawn(move || serve(link, &kept));
    }
    let mut closed = entered.close();
    if sandbox_args.spare {
        send(&control.stream, &Frame::Prepared);
        let Some(Frame::Adopt { .. }) = control.next() else { std::process::exit(0) };
        let mut user = [0; 4];
        File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap()).read_exact(&mut user).unwrap();
        let user = u32::from_le_bytes(user);
        closed.adopt((user != u32::MAX).then_some(user)).unwrap();
        set_pdeathsig(Signal::SIGKILL).unwrap();
    }
    send(&control.stream, &Frame::Sandboxed(closed.finish()));
    let boot = loop {
        match control.next() {
            Some(Frame::Boot(boot)) => break boot,
            // It finds nothing wrong with any app.
            Some(Frame::Check(_)) => send(&control.stream, &Frame::Checked(Ok("0.0.0".to_owned()))),
            _ => return,
        }
    };
    kept.set(boot.env.iter().map(|(_, value)| value.text()).collect()).unwrap();
    send(
        &control.stream,
        &Frame::Ready(Ready { v8: "0.0.0".to_owned(), accessors: AccessorStyle::Property, scheduled: true }),
    );
    while let Some(frame) = control.next() {
        match frame {
            Frame::Ping(nonce) => send(&control.stream, &Frame::Pong { nonce, idle: true }),
            Frame::Drain => break,
            _ => {}
        }
    }
}
