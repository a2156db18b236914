//! The REPL at a terminal. rustyline edits lines on a thread of its own ([`editor`](super::editor)); this one evaluates
//! them and runs the event loop meanwhile.

use std::fs;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use nano_protocol::ExitCode;
use nano_runtime::{Interrupter, Interruption, Outcome, ReplSession};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};

use super::command::{self, Command, HELP};
use super::editor::{self, EditorRequest};
use super::input::{self, Event, Events, Input};
use super::screen::Screen;

const PROMPT: &str = "> ";
const CONTINUATION_PROMPT: &str = "... ";

/// After this long, Ctrl-C ends the process where it could not end the code.
const INTERRUPT_TIMEOUT: Duration = Duration::from_secs(1);

struct Terminal {
    session: ReplSession,
    screen: Screen,
    input: Input,
    editor: SyncSender<EditorRequest>,
    /// Lines of an unfinished entry.
    entry: String,
    /// Ctrl-C was pressed on an empty line: the next one leaves.
    leaving: bool,
    /// The editor has a line to read.
    reading: bool,
    /// The terminal's modes as they were found: the editor may be in the middle of a line at the end.
    modes: Termios,
}

/// Talks to the user at the terminal. Returns the exit status.
pub(super) fn run() -> Result<i32, String> {
    // Before any thread is made, so that all inherit it: Ctrl-C is for the thread below alone.
    let mut interrupts = SigSet::empty();
    interrupts.add(Signal::SIGINT);
    interrupts.thread_block().map_err(|error| format!("cannot block SIGINT: {error}"))?;

    let modes = tcgetattr(io::stdin()).map_err(|error| format!("the terminal cannot be used: {error}"))?;
    let (events, input) = input::channel()?;
    let (screen, editor) = editor::prepare(events.clone())?;
    let session = super::session(screen.clone(), colors())?;
    let interrupter = session.interrupter();
    let editor = editor.start(interrupter.clone());
    thread::spawn(move || take_interrupts(interrupts, &interrupter, &events));
    screen.print(&super::banner());
    Terminal { session, screen, input, editor, entry: String::new(), leaving: false, reading: false, modes }.run()
}

/// Ctrl-C, except while a line is edited: then it is a key.
fn take_interrupts(interrupts: SigSet, interrupter: &Interrupter, events: &Events) {
    let mut since = Instant::now();
    while interrupts.wait().is_ok() {
        match interrupter.interrupt() {
            Interruption::Nothing => {
                if !events.send(Event::Signal) {
                    return;
                }
            }
            Interruption::Begun => since = Instant::now(),
            Interruption::Stuck if since.elapsed() > INTERRUPT_TIMEOUT => {
                let _ = writeln!(io::stderr(), "\nnano repl: the code does not stop; leaving");
                #[expect(clippy::disallowed_methods, reason = "the thread that runs the code does not stop")]
                process::exit(ExitCode::Interrupted.into());
            }
            Interruption::Stuck => {}
        }
    }
}

fn colors() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_some_and(|terminal| terminal != "dumb")
}

impl Terminal {
    fn run(mut self) -> Result<i32, String> {
        let status = self.run_loop();
        if self.reading {
            let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.modes);
            // What the editor turned on: pasted text in brackets.
            let _ = write!(io::stdout(), "\u{1b}[?2004l\r\n").and_then(|()| io::stdout().flush());
        }
        status
    }

    fn run_loop(&mut self) -> Result<i32, String> {
        loop {
            let event = self.next_event()?;
            let leaving = std::mem::take(&mut self.leaving);
            match event {
                Event::Line(line) => {
                    if self.line(&line) {
                        return Ok(0);
                    }
                }
                Event::Cancelled { was_empty } if !was_empty || !self.entry.is_empty() => self.entry.clear(),
                // Pressed just before the editor was there, it comes as a signal.
                Event::Signal if !self.entry.is_empty() => self.entry.clear(),
                Event::Cancelled { .. } | Event::Signal => {
                    if leaving {
                        return Ok(0);
                    }
                    self.leaving = true;
                    self.screen.print("(To leave, press Ctrl-C again or Ctrl-D, or type .exit)");
                }
                Event::End => return Ok(self.session.exit_requested().unwrap_or(0)),
                Event::Failed(message) => return Err(message),
                Event::Complete(..) => {}
            }
            if let Some(status) = self.session.exit_requested() {
                return Ok(status);
            }
        }
    }

    /// Edits a line, and runs the event loop meanwhile, until there is an event for the REPL.
    fn next_event(&mut self) -> Result<Event, String> {
        if !self.reading {
            if let Some(event) = self.input.next() {
                return Ok(event);
            }
            self.screen.begin_editing();
            let prompt = if self.entry.is_empty() { PROMPT } else { CONTINUATION_PROMPT };
            self.editor.send(EditorRequest::Read(prompt)).map_err(|_| "the line editor is gone")?;
            self.reading = true;
        }
        loop {
            match self.input.next() {
                Some(Event::Complete(line, position, reply)) => {
                    let _ = reply.try_send(self.session.complete(&line, position));
                }
                Some(Event::Signal) => return Ok(Event::Signal),
                Some(event) => {
                    self.screen.end_editing();
                    self.reading = false;
                    return Ok(event);
                }
                None => {
                    self.session.wait(Some(self.input.as_fd()));
                    if self.session.turn() {
                        self.screen.print("(interrupted)");
                    }
                    if self.session.exit_requested().is_some() {
                        return Ok(Event::End);
                    }
                }
            }
        }
    }

    /// Takes a line in. Returns whether it was the last.
    fn line(&mut self, line: &str) -> bool {
        match command::parse(line) {
            Some(Command::Unknown(_)) if !self.entry.is_empty() => self.entry_line(line),
            None => self.entry_line(line),
            Some(command) => {
                self.remember(line.trim());
                match command {
                    Command::Exit => return true,
                    Command::Break => self.entry.clear(),
                    Command::Help => self.screen.print(HELP),
                    Command::Load(file) => match fs::read_to_string(file) {
                        Ok(text) => self.evaluate(&text),
                        Err(error) => self.screen.print_error(&format!("{file} cannot be loaded: {error}")),
                    },
                    Command::Unknown(command) => {
                        self.screen.print_error(&format!("{command} is no command; .help lists them"));
                    }
                }
            }
        }
        false
    }

    fn entry_line(&mut self, line: &str) {
        if self.entry.is_empty() && line.trim().is_empty() {
            return;
        }
        self.entry.push_str(line);
        self.entry.push('\n');
        if self.session.is_whole(&self.entry) {
            let entry = std::mem::take(&mut self.entry);
            self.remember(entry.trim_end());
            self.evaluate(&entry);
        }
    }

    fn remember(&self, entry: &str) {
        // If the editor is gone, that shows at the next prompt.
        let _ = self.editor.send(EditorRequest::Remember(entry.to_owned()));
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
            match self.input.next() {
                Some(Event::Signal) => {
                    self.session.abandon();
                    break Outcome::Interrupted;
                }
                Some(_) => {}
                None => {
                    self.session.wait(Some(self.input.as_fd()));
                    self.session.turn();
                }
            }
        };
        match outcome {
            Outcome::Value { text, .. } => self.screen.print(&text),
            Outcome::Uncaught(text) => self.screen.print_error(&text),
            // The terminal has written ^C.
            Outcome::Interrupted => self.screen.print("\n(interrupted)"),
        }
    }
}
