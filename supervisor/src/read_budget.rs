//! Limits how much one shard reads from one source before the others have had a turn.
//!
//! A shard is one thread: a socket that always has data would keep it busy. So reads are counted in rounds. A round is
//! one pass of the runtime over all ready tasks, with a poll of the sockets at its end. In a round each reader, all
//! readers of its group together, and all groups of a [`Rounds`] together have a budget; a reader whose budget is used
//! up waits for the next round. Waiting readers are woken group by group, in the order in which they came.
//!
//! Give each kind of reading a [`Rounds`] of its own, each tenant a [`ReaderGroup`], and read each socket by its [`Reader`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{spawn_local, yield_now};

/// Most bytes of one read: buffers are twice this, and their number is what costs memory.
const READ: usize = 16 * 1024;

/// One shard's rounds of one kind of reading.
#[derive(Debug)]
pub(crate) struct Rounds {
    /// The budget of all groups together in one round.
    most: usize,
    number: Cell<u64>,
    used: Cell<Used>,
    /// Groups with waiting readers, in their order.
    waiting: RefCell<VecDeque<Rc<ReaderGroup>>>,
    turning: Cell<bool>,
}

/// Readers that share one budget in each round.
#[derive(Debug)]
pub(crate) struct ReaderGroup {
    rounds: Rc<Rounds>,
    most: usize,
    used: Cell<Used>,
    waiting: RefCell<VecDeque<Rc<Waiter>>>,
    listed: Cell<bool>,
}

/// One reader's budget.
#[derive(Debug)]
pub(crate) struct Reader {
    group: Rc<ReaderGroup>,
    most: usize,
    /// The cost of a byte, relative to one that is only copied.
    price: usize,
    used: Cell<Used>,
    waiter: Rc<Waiter>,
}

/// Bytes that were read in one round.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    round: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Waiter {
    waker: RefCell<Option<Waker>>,
    queued: Cell<bool>,
    /// It was woken and has not read since: faster readers do not take its turn.
    called: Cell<bool>,
}

impl Used {
    fn left(self, round: u64, most: usize) -> usize {
        if self.round == round { most.saturating_sub(self.bytes) } else { most }
    }

    fn with(self, round: u64, bytes: usize) -> Self {
        let before = if self.round == round { self.bytes } else { 0 };
        Self { round, bytes: before.saturating_add(bytes) }
    }
}

impl Rounds {
    /// All groups together read about `most` bytes in a round.
    pub(crate) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most,
            number: Cell::new(0),
            used: Cell::default(),
            waiting: RefCell::default(),
            turning: Cell::new(false),
        })
    }

    /// A group whose readers read about `most` bytes together in a round.
    pub(crate) fn group(self: &Rc<Self>, most: usize) -> Rc<ReaderGroup> {
        Rc::new(ReaderGroup {
            rounds: Rc::clone(self),
            most,
            used: Cell::default(),
            waiting: RefCell::default(),
            listed: Cell::new(false),
        })
    }

    /// Begins a round and wakes as many readers as it has budget for. False if no reader waited.
    fn turn(&self) -> bool {
        self.number.set(self.number.get().wrapping_add(1));
        let mut left = self.most;
        let mut called = false;
        while left > 0 {
            let Some(group) = self.waiting.borrow_mut().pop_front() else { break };
            let waiter = group.waiting.borrow_mut().pop_front();
            if group.waiting.borrow().is_empty() {
                group.listed.set(false);
            } else {
                self.waiting.borrow_mut().push_back(Rc::clone(&group));
            }
            let Some(waiter) = waiter else { continue };
            waiter.queued.set(false);
            // A reader that is gone leaves no waker.
            if let Some(waker) = waiter.waker.take() {
                waiter.called.set(true);
                left = left.saturating_sub(READ);
                called = true;
                waker.wake();
            }
        }
        called
    }

    fn keep_turning(self: &Rc<Self>) {
        if self.turning.replace(true) {
            return;
        }
        let rounds = Rc::clone(self);
        spawn_local(async move {
            loop {
                // Continues after a poll of the sockets, behind everything that is ready by then.
                yield_now().await;
                if !rounds.turn() && rounds.waiting.borrow().is_empty() {
                    rounds.turning.set(false);
                    return;
                }
            }
        });
    }
}

impl ReaderGroup {
    /// A reader of the group that reads about `most` bytes in a round, each of which counts `price` times.
    pub(crate) fn reader(self: &Rc<Self>, most: usize, price: usize) -> Reader {
        Reader { group: Rc::clone(self), most, price: price.max(1), used: Cell::default(), waiter: Rc::default() }
    }

    fn enqueue(self: &Rc<Self>, waiter: &Rc<Waiter>) {
        let first = waiter.called.take();
        if !waiter.queued.replace(true) {
            let mut waiting = self.waiting.borrow_mut();
            if first { waiting.push_front(Rc::clone(waiter)) } else { waiting.push_back(Rc::clone(waiter)) }
        }
        if !self.listed.replace(true) {
            let mut groups = self.rounds.waiting.borrow_mut();
            if first { groups.push_front(Rc::clone(self)) } else { groups.push_back(Rc::clone(self)) }
        }
        self.rounds.keep_turning();
    }
}

impl Reader {
    /// How many bytes may be read now, at least one; waits for the next round if the budget of this one is used up.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { group, most, price, used, waiter } = self;
        let rounds = &group.rounds;
        let round = rounds.number.get();
        let own = used.get().left(round, *most);
        let left = own.min(group.used.get().left(round, group.most)).min(rounds.used.get().left(round, rounds.most));
        if left > 0 {
            return Poll::Ready((left / price).clamp(1, READ));
        }
        *waiter.waker.borrow_mut() = Some(cx.waker().clone());
        group.enqueue(waiter);
        Poll::Pending
    }

    /// Reads from a stream as much as may be read now; returns how much that was.
    pub(crate) fn poll_read<S: AsyncRead + Unpin>(
        &self,
        stream: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let room = ready!(self.poll_room(cx)).min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(stream).poll_read(cx, &mut part))?;
        let bytes = part.filled().len();
        buffer.advance(bytes);
        self.took(bytes);
        Poll::Ready(Ok(bytes))
    }

    /// Charges so many bytes that were read, or work that costs as much.
    pub(crate) fn took(&self, bytes: usize) {
        let Self { group, price, used, waiter, .. } = self;
        let cost = bytes.saturating_mul(*price);
        let round = group.rounds.number.get();
        for count in [used, &group.used, &group.rounds.used] {
            count.set(count.get().with(round, cost));
        }
        waiter.called.set(false);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.waiter.waker.take();
    }
}

#[cfg(test)]
mod tests;
