//! A fair semaphore for the apps of one thread: for egress connections, lookups, TLS handshakes, wide windows of responses and
//! starts of workers.
//!
//! An app holds at most as many permits as are free, so one alone gets half of them; the last quarter is for apps that
//! hold none. An app that has to wait is queued, and the queues take turns.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::oneshot;

/// The permits of one kind.
#[derive(Debug)]
pub(crate) struct FairSemaphore {
    most: usize,
    taken: Cell<usize>,
    /// Apps that wait for a permit, in their turn.
    waiting: RefCell<VecDeque<Rc<Share>>>,
}

/// One app's share of them.
#[derive(Debug)]
pub(crate) struct Share {
    semaphore: Rc<FairSemaphore>,
    most: usize,
    taken: Cell<usize>,
    line: RefCell<VecDeque<(u64, oneshot::Sender<FairPermit>)>>,
    listed: Cell<bool>,
    next: Cell<u64>,
}

/// A permit. Dropping it gives it to the next in the queue.
#[derive(Debug)]
pub(crate) struct FairPermit(Rc<Share>);

impl FairSemaphore {
    pub(crate) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { most: most.max(1), taken: Cell::new(0), waiting: RefCell::default() })
    }

    /// One app's share: at most `most` permits.
    pub(crate) fn share(self: &Rc<Self>, most: usize) -> Rc<Share> {
        Rc::new(Share {
            semaphore: Rc::clone(self),
            most: most.max(1),
            taken: Cell::new(0),
            line: RefCell::default(),
            listed: Cell::new(false),
            next: Cell::new(0),
        })
    }

    fn free(&self) -> usize {
        self.most.saturating_sub(self.taken.get())
    }

    /// Gives the free permits to the waiting apps, one each in turn.
    fn hand_out(&self) {
        let mut left = self.waiting.borrow().len();
        while left > 0 && self.free() > 0 {
            left -= 1;
            let Some(share) = self.waiting.borrow_mut().pop_front() else { return };
            if share.may_take() {
                let first = share.line.borrow_mut().pop_front();
                if let Some((_, waiting)) = first {
                    // If its request is gone, the permit comes back at once.
                    drop(waiting.send(FairPermit::new(&share)));
                    left = self.waiting.borrow().len() + 1;
                }
            }
            if share.line.borrow().is_empty() {
                share.listed.set(false);
            } else {
                self.waiting.borrow_mut().push_back(share);
            }
        }
    }
}

impl Share {
    /// Whether one more may be taken now.
    pub(crate) fn may_take(&self) -> bool {
        let (taken, free) = (self.taken.get(), self.semaphore.free());
        let kept = self.semaphore.most / 4;
        free > 0 && taken < self.most && (taken == 0 || (taken < free && free > kept))
    }

    /// Whether it holds no permit.
    pub(crate) fn has_none(&self) -> bool {
        self.taken.get() == 0
    }

    /// A permit, if one may be taken now.
    pub(crate) fn try_take(self: &Rc<Self>) -> Option<FairPermit> {
        (self.line.borrow().is_empty() && self.may_take()).then(|| FairPermit::new(self))
    }

    /// Waits for a permit.
    pub(crate) async fn take(self: &Rc<Self>) -> FairPermit {
        loop {
            if self.line.borrow().is_empty() && self.may_take() {
                return FairPermit::new(self);
            }
            let (sender, receiver) = oneshot::channel();
            let number = self.next.get();
            self.next.set(number.wrapping_add(1));
            self.line.borrow_mut().push_back((number, sender));
            if !self.listed.replace(true) {
                self.semaphore.waiting.borrow_mut().push_back(Rc::clone(self));
            }
            let _waiting = Waiting { share: self, number };
            if let Ok(permit) = receiver.await {
                return permit;
            }
        }
    }
}

/// Takes a request that no longer waits out of the queue.
struct Waiting<'a> {
    share: &'a Share,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut line = self.share.line.borrow_mut();
        if let Some(at) = line.iter().position(|(number, _)| *number == self.number) {
            line.remove(at);
        }
    }
}

impl FairPermit {
    fn new(share: &Rc<Share>) -> Self {
        share.taken.set(share.taken.get() + 1);
        share.semaphore.taken.set(share.semaphore.taken.get() + 1);
        Self(Rc::clone(share))
    }
}

impl Drop for FairPermit {
    fn drop(&mut self) {
        let share = &self.0;
        share.taken.set(share.taken.get().saturating_sub(1));
        share.semaphore.taken.set(share.semaphore.taken.get().saturating_sub(1));
        share.semaphore.hand_out();
    }
}

#[cfg(test)]
mod tests;
