//! How much one shard reads of one source before the others had a turn.
//!
//! A shard is one thread: a socket that always has something to be read would keep it. So what is read is counted in rounds. A
//! round is one pass of the runtime over everything that is ready, with a look at the sockets at its end. In a round a
//! reader may take so much, all readers of its group so much together, and all groups of a [`Rounds`] so much; who has
//! had its part waits for the next. Those who wait are called group by group, in the order in which they came.
//!
//! Give each kind of reading a [`Rounds`] of its own, each tenant a [`Group`], and read each socket by its
//! [`Reader`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{spawn_local, yield_now};

/// Most bytes of one read: what is read fits buffers of twice this, whose number is what counts for memory.
const READ: usize = 16 * 1024;

/// One shard's rounds of one kind of reading.
#[derive(Debug)]
pub(crate) struct Rounds {
    /// For all groups together, in one round.
    most: usize,
    number: Cell<u64>,
    used: Cell<Used>,
    /// Groups with readers that wait, in their order.
    waiting: RefCell<VecDeque<Rc<Group>>>,
    turning: Cell<bool>,
}

/// Readers that share one part of each round.
#[derive(Debug)]
pub(crate) struct Group {
    rounds: Rc<Rounds>,
    most: usize,
    used: Cell<Used>,
    waiting: RefCell<VecDeque<Rc<Waiter>>>,
    listed: Cell<bool>,
}

/// One reader's part.
#[derive(Debug)]
pub(crate) struct Reader {
    group: Rc<Group>,
    most: usize,
    /// What a byte costs, beside those that are only copied.
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
    /// It was called and has not read since: it does not lose its place to those who were quicker.
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
    pub(crate) fn group(self: &Rc<Self>, most: usize) -> Rc<Group> {
        Rc::new(Group {
            rounds: Rc::clone(self),
            most,
            used: Cell::default(),
            waiting: RefCell::default(),
            listed: Cell::new(false),
        })
    }

    /// Begins a round and calls as many as find something in it. False if no reader waited.
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
            // One that is gone leaves no waker.
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
                // Woken again after a look at the sockets, behind everything that is ready by then.
                yield_now().await;
                if !rounds.turn() && rounds.waiting.borrow().is_empty() {
                    rounds.turning.set(false);
                    return;
                }
            }
        });
    }
}

impl Group {
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
    /// How many bytes may be read now, at least one; waits for the next round if its part of this one is used up.
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

    /// Reads from a stream what may be read now; how much it was.
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

    /// So many bytes were read, or something was done that costs as much.
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
