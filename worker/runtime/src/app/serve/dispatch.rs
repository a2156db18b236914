//! One round: what came on the links and what is due, as far as it goes in [`ROUND`], the links and the timers taking
//! turns at being first. Each call into the app's code is a turn of its own for the watchdog.
//!
//! What has come is read first, ahead of what the app does ([`Job`]s): a request that is over before its turn costs the app
//! nothing.

use std::time::Instant;

use nano_protocol::{Frame, RequestId, ResetReason, Side, StreamId};

use super::job_queue::Job;
use super::{Phase, ROUND, ServeError, Worker};
use crate::exchange::key::RequestKey;
use crate::exchange::link::{Link, LinkError};
use crate::exchange::request::Requests;

/// Most times that a link is read in one round, each time a piece of [`Link::scratch`]: behind large requests, too, it is to
/// be seen that they are over.
const MAX_READS: usize = 16;

impl Worker {
    /// Whether there is something to be done at once.
    pub(super) fn has_unfinished(&self) -> bool {
        !self.jobs.is_empty() || self.sockets.has_more() || self.app.exchanges.requests.borrow().is_turn_due()
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
        {
            let mut requests = self.app.exchanges.requests.borrow_mut();
            requests.renew();
            if requests.handlers_expire().is_some() {
                requests.expire_handlers(Instant::now());
            }
        }
        self.work(&links, Instant::now() + ROUND)?;
        if !self.is_ending() {
            // Whatever ended the round: who waits for a fetch to be over is not woken by anything else.
            self.app.fetch_events.after_fetch(&mut self.app.runtime);
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

    /// Bodies that waited for room on a link go on, the links one after the other.
    fn give_turns(&mut self, until: Instant) {
        let count = self.sockets.links.len();
        let mut without = 0;
        while without < count {
            self.next_turn = (self.next_turn + 1) % count;
            let next = self.app.exchanges.requests.borrow_mut().next_turn(self.next_turn);
            let Some(stream) = next else {
                without += 1;
                continue;
            };
            without = 0;
            match stream.initiator {
                Side::Supervisor => self.app.resume_response(self.next_turn, stream.number),
                Side::Worker => {
                    self.app.fetch_events.resume_upload(&mut self.app.runtime, self.next_turn, stream.number);
                }
            }
            if self.is_over(until) || self.app.exchanges.requests.borrow().is_spent(self.next_turn) {
                return;
            }
        }
    }

    /// Takes in what came on these links, then does what there is time for of all that is to be done.
    fn dispatch(&mut self, readable: &[usize], until: Instant) -> Result<(), ServeError> {
        let count = self.sockets.links.len();
        for link in (self.next_link..count).chain(0..self.next_link.min(count)) {
            if readable.contains(&link) || self.sockets.links.get(link).is_some_and(Link::has_more) {
                if self.is_far_ahead() {
                    self.next_link = link;
                    break;
                }
                self.receive_requests(link)?;
            }
        }
        if std::mem::take(&mut self.turns_first) {
            self.give_turns(until);
            return if self.is_over(until) { Ok(()) } else { self.run_jobs(until) };
        }
        self.run_jobs(until)?;
        if self.is_over(until) {
            self.turns_first = true;
        } else {
            self.give_turns(until);
        }
        Ok(())
    }

    fn is_far_ahead(&self) -> bool {
        self.app.exchanges.requests.borrow().is_far_ahead()
    }

    fn run_jobs(&mut self, until: Instant) -> Result<(), ServeError> {
        while let Some(job) = self.jobs.pop() {
            self.run_job(job)?;
            if self.is_over(until) {
                break;
            }
        }
        Ok(())
    }

    fn run_job(&mut self, job: Job) -> Result<(), ServeError> {
        let app = &mut self.app;
        match job {
            Job::Request(key) => {
                if !app.request(key) {
                    self.jobs.passed_dead();
                }
            }
            Job::RequestNews(key) => app.request_news(key),
            Job::Credit(link, id, bytes) => app.request_credit(link, id, bytes)?,
            Job::FetchResponded(answered) => app.fetch_events.fetch_responded(&mut app.runtime, &answered),
            Job::FetchNews(key) => app.fetch_events.fetch_news(&mut app.runtime, key),
            Job::FetchFrame(link, frame) => {
                if !app.fetch_events.fetch_frame(&mut app.runtime, link, frame)? {
                    return Err(ServeError::Protocol("a frame on a data link that belongs elsewhere"));
                }
            }
            Job::Abandon { link, id, reason, acknowledge } => {
                let now = Instant::now();
                let runs = acknowledge && app.exchanges.requests.borrow_mut().abort_handler(link, id, now);
                app.request_reset(link, id, reason);
                let mut requests = app.exchanges.requests.borrow_mut();
                if runs {
                    requests.acknowledge_allowed();
                } else if acknowledge {
                    requests.acknowledge_reset(link, id);
                }
            }
            Job::FetchClosed(key) => app.fetch_events.fetch_closed(&mut app.runtime, key),
            Job::CloseSockets => app.close_web_sockets(),
            Job::Module(path, source) => app.module_arrived(&path, source),
        }
        Ok(())
    }

    /// Takes in what is left on the data links: a request may have been sent before Drain, which came by another way.
    /// Returns whether there was so much that there may be more.
    pub(super) fn receive_late(&mut self) -> Result<bool, ServeError> {
        let mut more = false;
        for link in 0..self.sockets.links.len() {
            more |= self.receive_requests(link)?;
        }
        Ok(more)
    }

    /// Takes in what has come on a data link, up to a bound, and calls nothing of the app. Returns whether there may be
    /// more.
    fn receive_requests(&mut self, link: usize) -> Result<bool, ServeError> {
        for _ in 0..MAX_READS {
            let Some(socket) = self.sockets.links.get_mut(link).filter(|socket| socket.is_open()) else { break };
            let mut more = true;
            if !socket.has_more() {
                more = match socket.receive(&mut self.scratch) {
                    Err(LinkError::Closed) => {
                        self.close_link(link);
                        break;
                    }
                    received => received?,
                };
            }
            while let Some(frame) = self.sockets.links.get_mut(link).map(Link::next_frame).transpose()?.flatten() {
                self.take(link, frame)?;
                if self.is_far_ahead() {
                    return Ok(true);
                }
            }
            if !more {
                return Ok(false);
            }
        }
        Ok(self.sockets.links.get(link).is_some_and(Link::is_open))
    }

    fn take(&mut self, link: usize, frame: Frame) -> Result<(), ServeError> {
        match frame {
            Frame::RequestHead(id, head) => self.open_request(link, id, |requests| requests.open(link, id, *head))?,
            Frame::Scheduled(id, event) => {
                self.open_request(link, id, |requests| requests.open_scheduled(link, id, *event))?
            }
            Frame::Data { stream, end, data } => match stream.initiator {
                Side::Supervisor => {
                    let news = self.app.exchanges.requests.borrow_mut().chunk(link, stream.number, data, end)?;
                    self.jobs.extend(news.map(Job::RequestNews));
                }
                Side::Worker => {
                    let news = self.app.fetch_events.fetch_chunk(link, stream.number, data, end)?;
                    self.jobs.extend(news.map(Job::FetchNews));
                }
            },
            Frame::Credit { stream: StreamId { initiator: Side::Supervisor, number }, bytes } => {
                self.jobs.push(Job::Credit(link, number, bytes));
            }
            Frame::Reset { stream: StreamId { initiator: Side::Supervisor, number }, reason, .. } => {
                self.reset_request(link, number, reason);
            }
            Frame::FetchResponse(id, head) => {
                let answered = self.app.fetch_events.fetch_head(link, id, head)?;
                self.jobs.extend(answered.map(Job::FetchResponded));
            }
            other => self.jobs.push(Job::FetchFrame(link, other)),
        }
        Ok(())
    }

    /// The supervisor ended a request.
    fn reset_request(&mut self, link: usize, id: RequestId, reason: ResetReason) {
        let acknowledge = reason != ResetReason::BodyUnwanted;
        let mut requests = self.app.exchanges.requests.borrow_mut();
        if requests.call_off(link, id) {
            self.jobs.request_died(|key| requests.is_unbegun(key));
        } else if requests.key_of(link, id).is_some() {
            return self.jobs.push(Job::Abandon { link, id, reason, acknowledge });
        }
        if acknowledge {
            requests.acknowledge_reset(link, id);
        }
    }

    /// The shard retired this worker; Drain follows on the control link. Requests that it left behind have no client.
    pub(super) fn close_link(&mut self, link: usize) {
        if let Some(socket) = self.sockets.links.get_mut(link) {
            socket.close();
        }
        let exchanges = &self.app.exchanges;
        let mut requests = exchanges.requests.borrow_mut();
        for id in requests.of_link(link) {
            if requests.call_off(link, id) {
                self.jobs.request_died(|key| requests.is_unbegun(key));
            } else {
                let reason = ResetReason::ClientGone;
                self.jobs.push(Job::Abandon { link, id, reason, acknowledge: false });
            }
        }
        drop(requests);
        let left = exchanges.fetches.borrow_mut().close_link(link);
        self.jobs.extend(left.into_iter().map(Job::FetchClosed));
    }

    /// Takes in a request or a scheduled event.
    fn open_request(
        &mut self,
        link: usize,
        id: RequestId,
        open: impl FnOnce(&mut Requests) -> RequestKey,
    ) -> Result<(), ServeError> {
        if self.app.exchanges.requests.borrow().key_of(link, id).is_some() {
            return Err(ServeError::Protocol("a request id that is in use"));
        }
        if self.phase == Phase::Loading {
            return Err(ServeError::Protocol("a request before Ready"));
        }
        // While draining too: it was sent before the supervisor knew of the drain.
        let key = open(&mut self.app.exchanges.requests.borrow_mut());
        self.jobs.push(Job::Request(key));
        Ok(())
    }
}
