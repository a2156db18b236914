//! The REPL's output. While a line is being edited, text has to be printed above it; rustyline does that, on a thread
//! of its own: it may have to wait for the editor, and JavaScript must not.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use nano_runtime::{LogLevel, LogSink};
use rustyline::ExternalPrinter;

/// Standard output and error, and the line that is edited below.
#[derive(Clone)]
pub(super) struct Screen {
    above: Option<Arc<Above>>,
    /// Whether a line is being edited, as far as this thread knows.
    editing: Rc<Cell<bool>>,
    /// Errors share the screen with everything else, unless they are redirected.
    errors_are_apart: bool,
}

/// Text that waits to be put above the line.
#[derive(Default)]
struct Above {
    text: Mutex<String>,
    changed: Condvar,
    /// Cleared the moment a line is accepted: what is printed then goes straight to the terminal.
    open: Arc<AtomicBool>,
}

impl Screen {
    /// Plain output.
    pub(super) fn plain() -> Self {
        Self { above: None, editing: Rc::default(), errors_are_apart: true }
    }

    /// Output beside an edited line. `open`: what the editor clears when a line is accepted.
    pub(super) fn around_editor(printer: Option<impl ExternalPrinter + Send + 'static>, open: Arc<AtomicBool>) -> Self {
        let above = printer.map(|printer| {
            let above = Arc::new(Above { open, ..Above::default() });
            let theirs = Arc::clone(&above);
            thread::spawn(move || theirs.print_all(printer));
            above
        });
        Self { above, editing: Rc::default(), errors_are_apart: !io::stderr().is_terminal() }
    }

    /// A line is going to be edited.
    pub(super) fn begin_editing(&self) {
        if let Some(above) = &self.above {
            above.open.store(true, Ordering::SeqCst);
        }
        self.editing.set(true);
    }

    /// The editor is done with its line.
    pub(super) fn end_editing(&self) {
        self.editing.set(false);
        let Some(above) = &self.above else { return };
        above.open.store(false, Ordering::SeqCst);
        let text = std::mem::take(&mut *above.text());
        if !text.is_empty() {
            write_out(&text);
        }
    }

    /// Prints lines; `text` has no line break at its end.
    pub(super) fn print(&self, text: &str) {
        match &self.above {
            Some(above) if self.editing.get() => above.add(text),
            _ => write_out(&format!("{text}\n")),
        }
    }

    /// Prints an error.
    pub(super) fn print_error(&self, text: &str) {
        if self.errors_are_apart {
            let _ = writeln!(io::stderr().lock(), "{text}");
        } else {
            self.print(text);
        }
    }
}

// A closed pipe does not stop the program.
fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

impl Above {
    fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, text: &str) {
        let mut waiting = self.text();
        waiting.push_str(text);
        waiting.push('\n');
        self.changed.notify_one();
    }

    fn print_all(&self, mut printer: impl ExternalPrinter) {
        loop {
            let mut text = self.text();
            while text.is_empty() || !self.open.load(Ordering::SeqCst) {
                text = self.changed.wait(text).unwrap_or_else(PoisonError::into_inner);
            }
            let all = std::mem::take(&mut *text);
            drop(text);
            if printer.print(all).is_err() {
                return;
            }
        }
    }
}

impl LogSink for Screen {
    fn write(&mut self, level: LogLevel, _request_id: &str, text: &str) {
        match level {
            LogLevel::Debug | LogLevel::Info => self.print(text),
            LogLevel::Warn | LogLevel::Error => self.print_error(text),
        }
    }
}
