//! What is to be done in calls into the app's code, in the order in which it came.

use std::collections::VecDeque;

use nano_protocol::{Frame, RequestId, ResetReason};

use crate::app::fetch_events::AnsweredFetch;
use crate::engine::modules::SourceError;
use crate::exchange::key::{FetchKey, RequestKey};

/// Jobs of requests that are over are swept out when there are so many, and as many as others.
const MIN_SWEEP: usize = 64;

/// Something to be done that is one call into the app's code.
pub(super) enum Job {
    /// A request has come.
    Request(RequestKey),
    /// More of a request's body can be read. Together, however many pieces it came in.
    RequestNews(RequestKey),
    /// The supervisor takes more of a response's body.
    Credit(usize, RequestId, u32),
    /// The head of a response to `fetch()` came.
    FetchResponded(AnsweredFetch),
    /// More of a response to `fetch()` can be read.
    FetchNews(FetchKey),
    /// The supervisor takes more of a `fetch()`'s body, or it failed.
    FetchFrame(usize, Frame),
    /// A request is over that the app was called for; whether the supervisor waits for that.
    Abandon { link: usize, id: RequestId, reason: ResetReason, acknowledge: bool },
    /// A `fetch()` has no link any more.
    FetchClosed(FetchKey),
    /// WebSockets are to be closed.
    CloseSockets,
    /// A module's source came, or the reason why there is none.
    Module(String, Result<Vec<u8>, SourceError>),
}

/// Jobs in order, except that requests which are over come first: until the app has been told of their end, they take the
/// places of others.
#[derive(Default)]
pub(super) struct JobQueue {
    abandoned: VecDeque<Job>,
    jobs: VecDeque<Job>,
    /// How many of `jobs` are requests that were over before their turn.
    dead: usize,
}

impl JobQueue {
    pub(super) fn push(&mut self, job: Job) {
        if matches!(job, Job::Abandon { .. }) {
            self.abandoned.push_back(job);
        } else {
            self.jobs.push_back(job);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Job> {
        self.abandoned.pop_front().or_else(|| self.jobs.pop_front())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.abandoned.is_empty() && self.jobs.is_empty()
    }

    /// A request was over before its turn. Such requests are swept out, so that they take no more room than the others;
    /// `is_alive` says which these are.
    pub(super) fn request_died(&mut self, is_alive: impl Fn(RequestKey) -> bool) {
        self.dead += 1;
        if self.dead >= MIN_SWEEP && self.dead * 2 >= self.jobs.len() {
            self.jobs.retain(|job| !matches!(job, Job::Request(key) if !is_alive(*key)));
            self.dead = 0;
        }
    }

    /// The job of such a request had its turn.
    pub(super) fn passed_dead(&mut self) {
        self.dead = self.dead.saturating_sub(1);
    }
}

impl Extend<Job> for JobQueue {
    fn extend<T: IntoIterator<Item = Job>>(&mut self, jobs: T) {
        jobs.into_iter().for_each(|job| self.push(job));
    }
}

#[cfg(test)]
mod tests;
