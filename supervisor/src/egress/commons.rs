//! What all apps of one shard share on their way out.

use std::rc::Rc;

use crate::read_budget::{Group, Reader, Rounds};

/// Bytes that are read in one round for all apps, for one app, and for one connection.
const READ_BY_ALL: usize = 256 * 1024;
const READ_BY_APP: usize = 128 * 1024;
const READ_BY_ONE: usize = 64 * 1024;
/// What a byte of TLS costs beside one that is only copied: records of one byte each are decrypted one by one.
const TLS_PRICE: usize = 4;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Commons {
    rounds: Rc<Rounds>,
}

impl Commons {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { rounds: Rounds::new(READ_BY_ALL) })
    }

    /// For one app.
    pub(super) fn reading(&self) -> Rc<Group> {
        self.rounds.group(READ_BY_APP)
    }
}

/// For one connection.
pub(super) fn reader(group: &Rc<Group>, tls: bool) -> Reader {
    group.reader(READ_BY_ONE, if tls { TLS_PRICE } else { 1 })
}
