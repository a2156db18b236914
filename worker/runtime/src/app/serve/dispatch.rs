//! One round: what came on the links and what is due, as far as it goes in [`ROUND`], the links and the timers taking
//! turns at being first. Each call into the app's code is a turn of its own for the watchdog.

use std::time::Instant;

use nano_protocol::{Frame, RequestHead, RequestId, ResetReason, Side, StreamId};

use super::{Phase, ROUND, ServeError, Worker};
use crate::engine::modules::SourceError;
use crate::exchange::key::{FetchKey, RequestKey};
use crate::exchange::link::{Link, LinkError};

/// Something to be done that is one call into the app's code.
pub(super) enum Job {
    /// More of a request's body can be read. Together, however many pieces it came in.
    RequestNews(RequestKey),
    /// More of a response to `fetch()` can be read.
    FetchNews(FetchKey),
    /// A response may go on.
    Resume(RequestKey),
    /// The body of an outgoing request may go on.
    ResumeUpload(FetchKey),
    /// A request has no client any more.
    Abandon(usize, RequestId),
    /// A `fetch()` has no link any more.
    FetchClosed(FetchKey),
    /// A module's source came, or the reason why there is none.
    Module(String, Result<Vec<u8>, SourceError>),
}

impl Worker {
    /// Whether there is something to be done at once.
    pub(super) fn has_unfinished(&self) -> bool {
        !self.jobs.is_empty() || self.sockets.has_more()
    }

    /// Sleeps until something is due, then does what there is time for.
    pub(super) fn round(&mut self) -> Result<(), ServeError> {
        let (control, links) = self.wait();
        if self.is_ending() {
            // What has come is for another worker: this one answers nothing any more.
            return Ok(());
        }
        if control {
            self.receive_control()?;
        }
        self.work(&links, Instant::now() + ROUND)?;
        if !self.is_ending() {
            // Whatever ended the round: who waits for an outgoing request to be over is not woken by anything else.
            self.app.outgoing.after_fetch(&mut self.app.runtime);
        }
        Ok(())
    }

    /// What has come and what is due, as far as there is time.
    fn work(&mut self, links: &[usize], until: Instant) -> Result<(), ServeError> {
        let timers_first = std::mem::take(&mut self.timers_first);
        if timers_first {
            self.app.runtime.run_due(Some(until));
            if self.is_over(until) {
                return Ok(());
            }
        }
        self.dispatch(links, until)?;
        if timers_first || self.is_ending() {
            return Ok(());
        }
        if Instant::now() >= until {
            self.timers_first = true;
        } else {
            self.app.runtime.run_due(Some(until));
        }
        Ok(())
    }

    fn is_ending(&self) -> bool {
        self.app.runtime.state.termination.reason().is_some()
    }

    fn is_over(&self, until: Instant) -> bool {
        self.is_ending() || Instant::now() >= until
    }

    /// What is left of earlier rounds, then what came on these links.
    fn dispatch(&mut self, readable: &[usize], until: Instant) -> Result<(), ServeError> {
        if self.run_jobs(until) {
            return Ok(());
        }
        let count = self.sockets.links.len();
        for link in (self.next_link..count).chain(0..self.next_link.min(count)) {
            if readable.contains(&link) || self.sockets.links.get(link).is_some_and(Link::has_more) {
                self.receive_requests(link, until)?;
                if self.is_over(until) {
                    self.next_link = (link + 1) % count;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Returns whether the round is over.
    fn run_jobs(&mut self, until: Instant) -> bool {
        while let Some(job) = self.jobs.pop_front() {
            match job {
                Job::RequestNews(key) => self.app.request_news(key),
                Job::FetchNews(key) => self.app.outgoing.fetch_news(&mut self.app.runtime, key),
                Job::Resume(key) => self.app.resume_response(key),
                Job::ResumeUpload(key) => self.app.outgoing.resume_upload(&mut self.app.runtime, key),
                Job::Abandon(link, id) => self.app.request_reset(link, id, ResetReason::ClientGone),
                Job::FetchClosed(key) => self.app.outgoing.fetch_closed(&mut self.app.runtime, key),
                Job::Module(path, source) => self.app.module_arrived(&path, source),
            }
            if self.is_over(until) {
                return true;
            }
        }
        false
    }

    /// Takes in what is left on the data links: a request may have been sent before Drain, which came by another way.
    /// Returns whether there was so much that there may be more.
    pub(super) fn receive_late(&mut self) -> Result<bool, ServeError> {
        let until = Instant::now() + ROUND;
        let mut more = false;
        for link in 0..self.sockets.links.len() {
            more |= self.receive_requests(link, until)?;
        }
        Ok(more)
    }

    /// Takes in what has come on a data link, up to a bound. Returns whether there may be more.
    fn receive_requests(&mut self, link: usize, until: Instant) -> Result<bool, ServeError> {
        let Some(socket) = self.sockets.links.get_mut(link).filter(|socket| socket.is_open()) else { return Ok(false) };
        let mut more = false;
        if !socket.has_more() {
            more = match socket.receive(&mut self.scratch) {
                Err(LinkError::Closed) => {
                    self.close_link(link);
                    return Ok(false);
                }
                received => received?,
            };
        }
        while let Some(frame) = self.sockets.links.get_mut(link).map(Link::next_frame).transpose()?.flatten() {
            self.take(link, frame)?;
            if self.is_over(until) {
                return Ok(!self.is_ending());
            }
        }
        Ok(self.run_jobs(until) || more)
    }

    fn take(&mut self, link: usize, frame: Frame) -> Result<(), ServeError> {
        match frame {
            Frame::RequestHead(id, head) => self.open_request(link, id, *head)?,
            Frame::Data { stream, end, data } => match stream.initiator {
                Side::Supervisor => {
                    let news = self.app.exchange.requests.borrow_mut().chunk(link, stream.number, data, end)?;
                    self.jobs.extend(news.map(Job::RequestNews));
                }
                Side::Worker => {
                    let news = self.app.outgoing.fetch_chunk(link, stream.number, data, end)?;
                    self.jobs.extend(news.map(Job::FetchNews));
                }
            },
            Frame::Credit { stream: StreamId { initiator: Side::Supervisor, number }, bytes } => {
                self.app.request_credit(link, number, bytes)?;
            }
            Frame::Reset { stream: StreamId { initiator: Side::Supervisor, number }, reason, .. } => {
                self.app.request_reset(link, number, reason);
            }
            other => {
                if !self.app.outgoing.fetch_frame(&mut self.app.runtime, link, other)? {
                    return Err(ServeError::Protocol("a frame on a data link that belongs elsewhere"));
                }
            }
        }
        Ok(())
    }

    /// The shard retired this worker; Drain follows on the control link. Requests that it left behind have no client.
    pub(super) fn close_link(&mut self, link: usize) {
        if let Some(socket) = self.sockets.links.get_mut(link) {
            socket.close();
        }
        let exchange = &self.app.exchange;
        let left = exchange.requests.borrow().of_link(link);
        self.jobs.extend(left.into_iter().map(|id| Job::Abandon(link, id)));
        let left = exchange.fetches.borrow_mut().close_link(link);
        self.jobs.extend(left.into_iter().map(Job::FetchClosed));
    }

    fn open_request(&mut self, link: usize, id: RequestId, head: RequestHead) -> Result<(), ServeError> {
        if self.app.exchange.requests.borrow().key_of(link, id).is_some() {
            return Err(ServeError::Protocol("a request id that is in use"));
        }
        if self.phase == Phase::Loading {
            return Err(ServeError::Protocol("a request before Ready"));
        }
        // While draining too: it was sent before the supervisor knew of the drain.
        self.app.request(link, id, head);
        Ok(())
    }
}
