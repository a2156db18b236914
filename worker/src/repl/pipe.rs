//! Entries from a pipe or a file: no prompt, results to stdout except `undefined`, errors to stderr and into the exit
//! status. After the last line, the program runs until nothing is left to do.

use std::fs;
use std::io::{self, BufRead as _};
use std::os::fd::AsFd as _;
use std::sync::mpsc;
use std::thread;

use nano_runtime::{Outcome, ReplSession};

use super::command::{self, Command, HELP};
use super::input::{self, Event, Events, Input};
use super::screen::Screen;

/// Lines are read this far ahead.
const LINES_AHEAD: usize = 64;

struct Pipe {
    session: ReplSession,
    screen: Screen,
    /// Lines of an unfinished entry.
    entry: String,
    failed: bool,
    /// Lets the reader read one more line.
    taken: mpsc::SyncSender<()>,
    input: Input,
}

/// Evaluates standard input. Returns the exit status: 1 if anything went uncaught.
pub(super) fn run() -> Result<i32, String> {
    let screen = Screen::plain();
    let session = super::session(screen.clone(), false)?;
    let (events, input) = input::channel()?;
    let (taken, permits) = mpsc::sync_channel(LINES_AHEAD);
    for _ in 0..LINES_AHEAD {
        let _ = taken.send(());
    }
    thread::spawn(move || read_lines(&events, &permits));
    Pipe { session, screen, entry: String::new(), failed: false, taken, input }.run()
}

fn read_lines(events: &Events, permits: &mpsc::Receiver<()>) {
    let mut lines = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let event = match lines.read_until(b'\n', &mut line) {
            Ok(0) => Event::End,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                Event::Line(text.strip_suffix('\n').unwrap_or(&text).to_owned())
            }
            Err(error) => Event::Failed(format!("standard input cannot be read: {error}")),
        };
        let is_last = !matches!(event, Event::Line(_));
        if !events.send(event) || is_last || permits.recv().is_err() {
            return;
        }
    }
}

impl Pipe {
    fn run(mut self) -> Result<i32, String> {
        let mut ended = false;
        while !ended {
            match self.input.next() {
                Some(Event::Line(line)) => {
                    let _ = self.taken.try_send(());
                    ended = self.line(&line);
                }
                Some(Event::Failed(message)) => return Err(message),
                Some(Event::End) => {
                    ended = true;
                    if !self.entry.trim().is_empty() {
                        let entry = std::mem::take(&mut self.entry);
                        self.evaluate(&entry);
                    }
                }
                Some(_) => {}
                None => self.turn(true),
            }
            if let Some(status) = self.session.exit_requested() {
                return Ok(status);
            }
        }
        while self.session.has_work() {
            self.turn(false);
            if let Some(status) = self.session.exit_requested() {
                return Ok(status);
            }
        }
        self.failed |= self.session.take_uncaught();
        Ok(i32::from(self.failed))
    }

    /// Takes a line in. Returns whether it was the last.
    fn line(&mut self, line: &str) -> bool {
        match command::parse(line) {
            Some(Command::Exit) => return true,
            Some(Command::Break) => self.entry.clear(),
            Some(Command::Help) => self.screen.print(HELP),
            Some(Command::Load(file)) => match fs::read_to_string(file) {
                Ok(text) => self.evaluate(&text),
                Err(error) => self.fail(&format!("{file} cannot be loaded: {error}")),
            },
            // `.then(…)` continues the entry before it only if that was unfinished.
            Some(Command::Unknown(command)) if self.entry.is_empty() => {
                self.fail(&format!("{command} is no command; .help lists them"));
            }
            _ => {
                self.entry.push_str(line);
                self.entry.push('\n');
                if self.entry.trim().is_empty() {
                    self.entry.clear();
                } else if self.session.is_whole(&self.entry) {
                    let entry = std::mem::take(&mut self.entry);
                    self.evaluate(&entry);
                }
            }
        }
        false
    }

    fn evaluate(&mut self, entry: &str) {
        self.session.evaluate(entry);
        let outcome = loop {
            if self.session.exit_requested().is_some() {
                return;
            }
            if let Some(outcome) = self.session.outcome() {
                break outcome;
            }
            if !self.session.has_work() {
                self.session.abandon();
                self.fail("Uncaught Error: the entry's await never ends: nothing is left that could end it");
                return;
            }
            self.turn(false);
        };
        match outcome {
            Outcome::Value { is_undefined: true, .. } => {}
            Outcome::Value { text, .. } => self.screen.print(&text),
            Outcome::Uncaught(text) => self.fail(&text),
            Outcome::Interrupted => self.fail("Uncaught Error: interrupted"),
        }
    }

    /// `for_lines`: whether a line is to end the wait.
    fn turn(&mut self, for_lines: bool) {
        self.session.wait(for_lines.then(|| self.input.as_fd()));
        self.session.turn();
        self.failed |= self.session.take_uncaught();
    }

    fn fail(&mut self, message: &str) {
        self.failed = true;
        self.screen.print_error(message);
    }
}
