//! The line editor: rustyline on a thread of its own, with the history and with completion by the session.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use nano_runtime::Interrupter;
use rustyline::completion::Completer;
use rustyline::config::Configurer as _;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::history;
use super::input::{Event, Events};
use super::screen::Screen;

/// How long a press of Tab may take; the session may be busy.
const COMPLETION_LIMIT: Duration = Duration::from_millis(500);

/// What the editor is asked to do.
pub(super) enum EditorRequest {
    /// Edit a line after this prompt; an [`Event`] tells how it ended.
    Read(&'static str),
    /// Add an entry to the history.
    Remember(String),
}

/// The editor before its thread runs.
pub(super) struct LineEditor {
    editor: Editor<Session, FileHistory>,
    history: Option<PathBuf>,
    events: Events,
}

/// Makes the editor, and the screen that prints beside it.
pub(super) fn prepare(events: Events) -> Result<(Screen, LineEditor), String> {
    let failed = |error: ReadlineError| format!("the terminal cannot be used: {error}");
    let config = Config::builder()
        .max_history_size(history::MAX_ENTRIES)
        .map_err(failed)?
        .completion_type(CompletionType::List)
        .completion_prompt_limit(100)
        .build();
    let mut editor = Editor::with_config(config).map_err(failed)?;
    editor.set_auto_add_history(false);
    let history = history::file();
    if let Some(file) = &history {
        // The first time, there is none.
        let _ = editor.load_history(file);
    }
    // A terminal without cursor movement has none.
    let printer = editor.create_external_printer().ok();
    let editing = Arc::new(AtomicBool::new(false));
    editor.set_helper(Some(Session {
        events: events.clone(),
        editing: Arc::clone(&editing),
        is_empty: AtomicBool::new(true),
    }));
    Ok((Screen::around_editor(printer, editing), LineEditor { editor, history, events }))
}

impl LineEditor {
    /// Starts the thread; it ends when the result is dropped.
    pub(super) fn start(mut self, interrupter: Interrupter) -> SyncSender<EditorRequest> {
        // A line to remember and one to read, at most.
        let (sender, requests) = mpsc::sync_channel(2);
        thread::spawn(move || self.run(&requests, &interrupter));
        sender
    }

    fn run(&mut self, requests: &Receiver<EditorRequest>, interrupter: &Interrupter) {
        while let Ok(request) = requests.recv() {
            match request {
                EditorRequest::Read(prompt) => {
                    let event = self.read(prompt);
                    if matches!(event, Event::Cancelled { .. }) {
                        // A timer may be looping while the prompt is there.
                        interrupter.interrupt();
                    }
                    if !self.events.send(event) {
                        return;
                    }
                }
                EditorRequest::Remember(entry) => {
                    // A history that cannot be written lasts as long as the session.
                    let added = self.editor.add_history_entry(entry).unwrap_or(false);
                    if let (true, Some(file)) = (added, &self.history) {
                        let _ = self.editor.append_history(file);
                    }
                }
            }
        }
    }

    fn read(&mut self, prompt: &str) -> Event {
        match self.editor.readline(prompt) {
            Ok(line) => Event::Line(line),
            Err(ReadlineError::Interrupted) => {
                let was_empty = self.editor.helper().is_none_or(|session| session.is_empty.load(Ordering::SeqCst));
                Event::Cancelled { was_empty }
            }
            Err(ReadlineError::Eof) => Event::End,
            Err(error) => Event::Failed(format!("the terminal cannot be read: {error}")),
        }
    }
}

/// What the editor knows of the session.
struct Session {
    events: Events,
    /// See [`Screen::around_editor`].
    editing: Arc<AtomicBool>,
    /// Whether the line was empty when last looked at.
    is_empty: AtomicBool,
}

impl Helper for Session {}

impl Completer for Session {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let (reply, completions) = mpsc::sync_channel(1);
        self.events.send(Event::Complete(line.to_owned(), position, reply));
        let completions = completions.recv_timeout(COMPLETION_LIMIT).unwrap_or_default();
        Ok((completions.start, completions.names))
    }
}

impl Hinter for Session {
    type Hint = String;

    /// Gives no hints: it is how rustyline shows the line as it changes.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.is_empty.store(line.is_empty(), Ordering::SeqCst);
        None
    }
}

impl Highlighter for Session {
    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        Cow::Borrowed(candidate)
    }
}

impl Validator for Session {
    /// Each line is accepted (whether it ends an entry is asked later); this is the last moment before that.
    fn validate(&self, _: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        self.editing.store(false, Ordering::SeqCst);
        Ok(ValidationResult::Valid(None))
    }
}
