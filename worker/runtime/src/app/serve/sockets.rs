//! A worker's sockets and what is to be sent on them: the control link, where the app's messages come behind everything
//! else, and a data link per shard.

use std::cell::RefCell;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Instant;

use nano_protocol::{Frame, Outbox};
use nix::poll::{PollFd, PollFlags};

use crate::app::app_log::LogQueue;
use crate::engine::event_source::EventSource;
use crate::exchange::Exchanges;
use crate::exchange::link::{Link, LinkError};

/// Unsent bytes of a link beyond which nothing more is read from it: its requests would only add to them.
const MAX_BACKLOG: usize = 4 * 1024 * 1024;

/// The sockets of one worker. What is to be sent on the data links, `exchanges` has.
pub(super) struct Sockets {
    pub(super) control: Link,
    pub(super) control_outbox: Rc<RefCell<Outbox>>,
    /// The app's messages.
    pub(super) log: Rc<RefCell<LogQueue>>,
    pub(super) links: Vec<Link>,
    pub(super) exchanges: Rc<Exchanges>,
}

impl EventSource for Sockets {
    /// The control link first, then the data links that are open.
    fn interest<'a>(&'a mut self, fds: &mut Vec<PollFd<'a>>) {
        let mut requests = self.exchanges.requests.borrow_mut();
        fds.push(PollFd::new(self.control.as_fd(), wanted(self.control_outbox.borrow().len())));
        for (index, link) in self.links.iter().enumerate().filter(|(_, link)| link.is_open()) {
            let backlog = requests.outbox(index).map_or(0, |outbox| outbox.len());
            fds.push(PollFd::new(link.as_fd(), wanted(backlog)));
        }
    }
}

impl Sockets {
    /// What there is to be read, by what was found of [`EventSource::interest`]: whether on the control link, and on which
    /// data links.
    pub(super) fn ready(&self, ready: &[bool]) -> (bool, Vec<usize>) {
        let (control, links) = ready.split_first().map_or((false, ready), |(control, links)| (*control, links));
        let polled = self.links.iter().enumerate().filter(|(_, link)| link.is_open());
        let links = polled.zip(links).filter(|(_, ready)| **ready).map(|((index, _), _)| index);
        (control, links.collect())
    }

    /// Whether more was taken from a data link than was looked at.
    pub(super) fn has_more(&self) -> bool {
        self.links.iter().any(Link::has_more)
    }

    /// Queues a frame of the control link.
    pub(super) fn push(&self, frame: &Frame) {
        self.control_outbox.borrow_mut().push(frame);
    }

    /// Queues a frame of the control link that comes behind all that the app has logged.
    pub(super) fn push_after_log(&self, frame: &Frame) {
        let mut outbox = self.control_outbox.borrow_mut();
        self.log.borrow_mut().pour_all(&mut outbox);
        outbox.push(frame);
    }

    /// Writes what the control link takes.
    pub(super) fn flush_control(&mut self) -> Result<(), LinkError> {
        let mut outbox = self.control_outbox.borrow_mut();
        let mut log = self.log.borrow_mut();
        loop {
            log.pour(&mut outbox);
            self.control.flush(&mut outbox)?;
            if log.is_empty() || !outbox.is_empty() {
                return Ok(());
            }
        }
    }

    /// Writes what a data link takes.
    pub(super) fn flush_link(&mut self, index: usize) -> Result<(), LinkError> {
        match (self.links.get_mut(index), self.exchanges.requests.borrow_mut().outbox(index)) {
            (Some(link), Some(outbox)) => link.flush(outbox),
            _ => Ok(()),
        }
    }

    /// Writes everything that is to be sent, as far as the supervisor takes it until `deadline`.
    pub(super) fn flush_last(&mut self, deadline: Instant) {
        let mut requests = self.exchanges.requests.borrow_mut();
        for (index, link) in self.links.iter_mut().enumerate() {
            if let Some(outbox) = requests.outbox(index) {
                let _ = link.flush_until(outbox, deadline);
            }
        }
        // Last, so that the supervisor knows of everything before the control link says that this is the end.
        let mut outbox = self.control_outbox.borrow_mut();
        self.log.borrow_mut().pour_all(&mut outbox);
        let _ = self.control.flush_until(&mut outbox, deadline);
    }
}

/// What to wait for on a socket with so many unsent bytes.
fn wanted(backlog: usize) -> PollFlags {
    match backlog {
        0 => PollFlags::POLLIN,
        1..=MAX_BACKLOG => PollFlags::POLLIN | PollFlags::POLLOUT,
        _ => PollFlags::POLLOUT,
    }
}
