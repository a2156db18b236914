//! The network of a program that no supervisor runs (`nano run`, the REPL): a link to a process that makes its fetches,
//! started with the first of them.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use nix::poll::{PollFd, PollFlags};

use super::Program;
use crate::app::fetch_events::FetchEvents;
use crate::engine::event_source::EventSource;
use crate::engine::runtime::Runtime;
use crate::exchange::Exchanges;
use crate::exchange::link::Link;

/// Most bodies that go on before what has come is looked at.
const MAX_TURNS: usize = 16;

/// Starts the process; returns our end of the link to it.
pub type StartBroker = Box<dyn FnOnce() -> io::Result<UnixStream>>;

/// One program's end of that link.
pub(super) struct Broker {
    /// A link that was made since the last turn.
    made: Rc<Cell<Option<Link>>>,
    link: Option<Link>,
    exchanges: Rc<Exchanges>,
}

impl Broker {
    pub(super) fn new(exchanges: Rc<Exchanges>) -> Self {
        Self { made: Rc::default(), link: None, exchanges }
    }

    fn link(&mut self) -> Option<&mut Link> {
        if let Some(made) = self.made.take() {
            self.link = Some(made);
        }
        self.link.as_mut()
    }

    /// Writes what is to be sent, as far as the socket takes it. False if that fails.
    fn flush(&mut self) -> bool {
        match (self.link.as_mut(), self.exchanges.requests.borrow_mut().outbox(0)) {
            (Some(link), Some(outbox)) => link.flush(outbox).is_ok(),
            _ => true,
        }
    }

    /// Bodies that waited for room on the link go on, as far as there is some.
    fn give_turns(&self, runtime: &mut Runtime, fetch_events: &FetchEvents) {
        for _ in 0..MAX_TURNS {
            let next = self.exchanges.requests.borrow_mut().next_turn(0);
            let Some(stream) = next else { break };
            fetch_events.resume_upload(runtime, 0, stream.number);
            if self.exchanges.requests.borrow().is_spent(0) {
                break;
            }
        }
        self.exchanges.requests.borrow_mut().renew();
    }

    /// Sends what is to be sent, takes what has come.
    pub(super) fn turn(&mut self, runtime: &mut Runtime, fetch_events: &FetchEvents) {
        if self.link().is_none() {
            return;
        }
        let mut open = self.flush();
        self.give_turns(runtime, fetch_events);
        if let Some(link) = self.link.as_mut().filter(|_| open) {
            open = link.receive(&mut Link::scratch()).is_ok();
        }
        loop {
            let next = self.link.as_mut().map(Link::next_frame).transpose();
            open = open && next.is_ok();
            let Some(frame) = next.ok().flatten().flatten() else { break };
            open = open && fetch_events.fetch_frame(runtime, 0, frame).is_ok_and(|taken| taken);
        }
        if open {
            // What the frames led to. If that fails, the next turn finds it out.
            self.flush();
        } else {
            self.link = None;
            fetch_events.fetch_link_closed(runtime, 0);
        }
    }
}

impl EventSource for Broker {
    fn interest<'a>(&'a mut self, fds: &mut Vec<PollFd<'a>>) {
        let mut requests = self.exchanges.requests.borrow_mut();
        let has_more = requests.is_turn_due() || requests.outbox(0).is_some_and(|outbox| !outbox.is_empty());
        drop(requests);
        if let Some(link) = self.link().map(|link| &*link) {
            let out = if has_more { PollFlags::POLLOUT } else { PollFlags::empty() };
            fds.push(PollFd::new(link.as_fd(), PollFlags::POLLIN | out));
        }
    }
}

impl Program {
    /// Gives the program a network.
    pub fn set_broker(&mut self, start: StartBroker) {
        let made = Rc::clone(&self.broker.made);
        self.exchanges.connect_with(Box::new(move || {
            let link = start().and_then(Link::new).ok();
            let is_made = link.is_some();
            made.set(link);
            is_made
        }));
    }
}
