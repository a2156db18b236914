//! The client connections of one shard: their maximum number and their timeouts.
//!
//! No connection has a timer of its own: one task checks all of them on each tick.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::connection::{Connection, ConnectionPhase, Expiry};
use super::drain::Grace;
use super::min_rate::RateBudget;
use super::per_address_limit::PerAddressLimit;
use super::shared_clock::SharedClock;
use super::{ClientLimits, Drain};

/// A connection that has been idle for less may be about to be used again.
const SHORT_IDLE: Duration = Duration::from_secs(1);

/// Bytes of large buffers that idle connections may keep, all together. Large heads and bodies make a buffer large, and it
/// stays so: a thousand clients that sent one large head each would have 110 MiB for as long as they are idle.
const IDLE_BUFFERS: usize = 8 << 20;

/// The open connections.
#[derive(Debug)]
pub(super) struct ConnectionTable {
    max: usize,
    tick: Duration,
    shared: Rc<SharedClock>,
    per_address: PerAddressLimit,
    next: Cell<u64>,
    open: RefCell<HashMap<u64, Rc<Connection>>>,
    /// Notified when the first connection opens and when one closes.
    changed: Notify,
}

impl ConnectionTable {
    pub(super) fn new(limits: &ClientLimits) -> Self {
        let pauses = limits.stall_timeout.min(limits.upload_grace);
        let shortest = limits.head_timeout.min(limits.idle_timeout).min(pauses);
        let tick = (shortest / 10).clamp(Duration::from_millis(5), Duration::from_millis(500));
        let budget = RateBudget::new(limits.min_rate, tick, limits.stall_timeout, limits.upload_grace);
        let max = limits.max_connections.max(1);
        Self {
            max,
            tick,
            shared: Rc::new(SharedClock::new(budget, max)),
            per_address: PerAddressLimit::new(max),
            next: Cell::new(0),
            open: RefCell::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn shared(&self) -> Rc<SharedClock> {
        Rc::clone(&self.shared)
    }

    /// Adds a connection. `None` if the client's address has its maximum. `is_proxy`: many clients may be behind it.
    pub(super) fn insert(&self, client: Rc<Connection>, is_proxy: bool) -> Option<u64> {
        if !self.count(&client, client.client().ip, is_proxy) {
            return None;
        }
        let key = self.next.get();
        self.next.set(key + 1);
        let mut open = self.open.borrow_mut();
        open.insert(key, client);
        if open.len() == 1 {
            self.changed.notify_waiters();
        }
        Some(key)
    }

    /// Counts a connection by this address from now on, and no longer by the one that it had. False, and nothing changes, if
    /// the address has its maximum.
    pub(super) fn count(&self, client: &Connection, address: Option<IpAddr>, is_proxy: bool) -> bool {
        if address.is_some_and(|address| !self.per_address.enter(address, is_proxy)) {
            return false;
        }
        if let Some(before) = client.counted_by.replace(address) {
            self.per_address.leave(before);
        }
        true
    }

    pub(super) fn remove(&self, key: u64) {
        let client = self.open.borrow_mut().remove(&key);
        if let Some(address) = client.and_then(|client| client.counted_by.take()) {
            self.per_address.leave(address);
        }
        self.changed.notify_waiters();
    }

    /// Waits until one more connection may be opened. Closes the connection that has been idle longest to make room:
    /// idle clients must not keep others out.
    pub(super) async fn room(&self) {
        while self.open.borrow().len() >= self.max {
            self.expire_longest_idle();
            // A connection that becomes idle sends no notification, so this polls.
            let _ = tokio::time::timeout(self.tick, self.changed.notified()).await;
        }
    }

    fn expire_longest_idle(&self) {
        let open = self.open.borrow();
        let idle = open.values().filter(|client| client.phase() == ConnectionPhase::Idle);
        let longest = idle.max_by_key(|client| client.phase_ticks());
        if let Some(client) = longest.filter(|client| client.phase_ticks() > self.ticks(SHORT_IDLE)) {
            client.expire(Expiry::Idle);
        }
    }

    /// The shard drains: closes idle connections. New and recently used ones get time for one more request.
    pub(super) async fn close_idle(&self, grace: Grace) {
        self.close_quiet(|client| client.phase_ticks() > self.ticks(grace.new));
        tokio::time::sleep(grace.used).await;
        self.close_quiet(|client| client.phase() == ConnectionPhase::Idle);
        tokio::time::sleep(grace.new.saturating_sub(grace.used)).await;
        self.close_quiet(|_| true);
    }

    fn close_quiet(&self, which: impl Fn(&Connection) -> bool) {
        for client in self.open.borrow().values().filter(|client| client.is_quiet() && which(client)) {
            client.expire(Expiry::Idle);
        }
    }

    /// Waits until no connection is open.
    pub(super) async fn none(&self) {
        self.until(|open| open == 0).await;
    }

    /// Waits for a connection to close, for acceptors without file descriptors.
    pub(super) async fn change(&self) {
        self.changed.notified().await;
    }

    async fn until(&self, reached: impl Fn(usize) -> bool) {
        while !reached(self.open.borrow().len()) {
            // Nothing runs between the check and the wait: all of it is on one thread.
            self.changed.notified().await;
        }
    }

    /// Ends connections whose timeout has expired. Runs as long as the shard.
    pub(super) async fn sweep(&self, limits: &ClientLimits, drain: &Drain) {
        let mut limits =
            TickLimits { head: self.ticks(limits.head_timeout), idle: self.ticks(limits.idle_timeout), grace: 0 };
        let mut drained_for = 0_u32;
        loop {
            self.until(|open| open > 0).await;
            tokio::time::sleep(self.tick).await;
            self.shared.now.set(self.shared.now.get().wrapping_add(1));
            if drain.has_begun() {
                drained_for = drained_for.saturating_add(1);
                limits.grace = self.ticks(drain.grace().new);
            }
            let mut buffers = IDLE_BUFFERS;
            for client in self.open.borrow().values() {
                client.tick_streams();
                buffers = self.spare_buffers(client, buffers);
                if let Some(expiry) = limits.check(client, drained_for) {
                    client.expire(expiry);
                }
            }
        }
    }

    /// Ends an idle connection whose buffer is larger than what idle ones may still keep. How much that is after this one.
    fn spare_buffers(&self, client: &Connection, left: usize) -> usize {
        left.checked_sub(client.idle_buffer()).unwrap_or_else(|| {
            if client.phase_ticks() > self.ticks(SHORT_IDLE) && client.is_quiet() {
                client.expire(Expiry::Idle);
            }
            left
        })
    }

    fn ticks(&self, time: Duration) -> u32 {
        u32::try_from(time.as_nanos().div_ceil(self.tick.as_nanos())).unwrap_or(u32::MAX)
    }
}

/// In ticks.
struct TickLimits {
    head: u32,
    idle: u32,
    grace: u32,
}

impl TickLimits {
    fn check(&self, client: &Connection, drained_for: u32) -> Option<Expiry> {
        // The first tick of a wait is not a whole one.
        match client.phase() {
            ConnectionPhase::Fresh | ConnectionPhase::Idle if drained_for > self.grace => Some(Expiry::Idle),
            ConnectionPhase::Idle => (client.phase_ticks() > self.idle).then_some(Expiry::Idle),
            ConnectionPhase::Fresh | ConnectionPhase::Head => {
                (client.phase_ticks() > self.head).then_some(Expiry::Head)
            }
            ConnectionPhase::Busy if client.is_abandoned() => Some(Expiry::Gone),
            ConnectionPhase::Busy => client.is_behind().then_some(Expiry::Stalled),
        }
    }
}

#[cfg(test)]
mod tests;
