//! The events for the thread that runs JavaScript, and a descriptor that signals them, so that one poll(2) waits for
//! them, timers and V8.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use nano_runtime::Completions;
use nix::sys::eventfd::{EfdFlags, EventFd};

/// What happened on another thread.
pub(super) enum Event {
    /// A line, without its line break.
    Line(String),
    /// Ctrl-C at the prompt.
    Cancelled {
        /// Whether there was nothing to cancel.
        was_empty: bool,
    },
    /// Ctrl-C while something ran.
    Signal,
    /// No more lines: Ctrl-D, or the pipe's end.
    End,
    /// Reading failed.
    Failed(String),
    /// Tab at byte `.1` of the line `.0`.
    Complete(String, usize, mpsc::SyncSender<Completions>),
}

/// The receiving end.
pub(super) struct Input {
    events: Receiver<Event>,
    arrived: Arc<EventFd>,
}

/// The sending end; each thread has its own.
#[derive(Clone)]
pub(super) struct Events {
    sender: Sender<Event>,
    arrived: Arc<EventFd>,
}

pub(super) fn channel() -> Result<(Events, Input), String> {
    let arrived = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
        .map_err(|error| format!("cannot make an eventfd: {error}"))?;
    let arrived = Arc::new(arrived);
    // Bounded by its senders: each waits for an answer before it sends more.
    #[expect(clippy::disallowed_methods, reason = "as the line above says")]
    let (sender, events) = mpsc::channel();
    Ok((Events { sender, arrived: Arc::clone(&arrived) }, Input { events, arrived }))
}

impl Events {
    /// Returns whether it can still be taken.
    pub(super) fn send(&self, event: Event) -> bool {
        let sent = self.sender.send(event).is_ok();
        // It can only fail when the counter is full, and then the reader wakes anyway.
        let _ = self.arrived.write(1);
        sent
    }
}

impl Input {
    /// The next event, if there is one.
    pub(super) fn next(&self) -> Option<Event> {
        // First the descriptor: an event that comes after this makes it readable again.
        let _ = self.arrived.read();
        match self.events.try_recv() {
            Ok(event) => {
                // There may be more.
                let _ = self.arrived.write(1);
                Some(event)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Event::End),
        }
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.arrived.as_fd()
    }
}
