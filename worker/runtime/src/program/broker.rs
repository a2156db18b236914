//! The network of a program that no supervisor runs (`nano run`, the REPL): a link to a process that makes its outgoing
//! requests, started with the first of them.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;

use nano_protocol::Frame;
use nix::poll::PollFlags;

use super::Program;
use crate::engine::runtime::Runtime;
use crate::engine::state::State;
use crate::exchange::link::Link;

/// Starts the process; returns our end of the link to it.
pub type StartBroker = Box<dyn FnOnce() -> io::Result<UnixStream>>;

/// See the file's head. An app's worker has none: its links are the supervisor's.
#[derive(Default)]
pub(crate) struct Broker {
    start: Option<StartBroker>,
    link: Option<Link>,
}

impl Broker {
    /// What to wait for while the program sleeps, and in which direction.
    pub(crate) fn interest(&self, unsent: usize) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let link = self.link.as_ref()?;
        let out = if unsent > 0 { PollFlags::POLLOUT } else { PollFlags::empty() };
        Some((link.as_fd(), PollFlags::POLLIN | out))
    }
}

impl State {
    /// Makes the link, the first time that a request needs one. False if there is none to be had.
    pub(crate) fn open_broker(&self) -> bool {
        let mut broker = self.broker.borrow_mut();
        let Some(link) = broker.start.take().and_then(|start| Link::new(start().ok()?).ok()) else { return false };
        broker.link = Some(link);
        self.requests.borrow_mut().set_links(1);
        self.fetches.borrow_mut().set_links(1);
        true
    }

    /// Bytes that wait to be sent to the broker.
    pub(crate) fn unsent_to_broker(&self) -> usize {
        self.requests.borrow_mut().outbox(0).map_or(0, |outbox| outbox.len())
    }
}

impl Program {
    /// Gives the program a network.
    pub fn set_broker(&mut self, start: StartBroker) {
        self.runtime.state.broker.borrow_mut().start = Some(start);
    }
}

impl Runtime {
    /// Sends what is to be sent, takes what has come.
    pub(crate) fn broker_turn(&mut self) {
        if self.state.broker.borrow().link.is_none() {
            return;
        }
        let mut scratch = Link::scratch();
        let mut open = true;
        {
            let mut broker = self.state.broker.borrow_mut();
            let Some(link) = broker.link.as_mut() else { return };
            if let Some(outbox) = self.state.requests.borrow_mut().outbox(0) {
                open = link.flush(outbox).is_ok();
            }
            open = open && link.receive(&mut scratch).is_ok();
        }
        loop {
            let frame: Option<Frame> = {
                let mut broker = self.state.broker.borrow_mut();
                let next = broker.link.as_mut().map(Link::next_frame).transpose();
                open = open && next.is_ok();
                next.ok().flatten().flatten()
            };
            let Some(frame) = frame else { break };
            open = open && self.fetch_frame(0, frame).is_ok_and(|taken| taken);
        }
        if !open {
            self.state.broker.borrow_mut().link = None;
            self.fetch_link_closed(0);
        } else if let (Some(link), Some(outbox)) =
            (self.state.broker.borrow_mut().link.as_mut(), self.state.requests.borrow_mut().outbox(0))
        {
            // What the frames led to. If that fails, the next turn finds it out.
            let _ = link.flush(outbox);
        }
    }
}
