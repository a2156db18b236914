//! The byte that says which frame follows.

pub(crate) const BOOT: u8 = 1;
pub(crate) const MODULE_REQUEST: u8 = 2;
pub(crate) const MODULE_SOURCE: u8 = 3;
pub(crate) const READY: u8 = 4;
pub(crate) const BOOT_FAILED: u8 = 5;
pub(crate) const REQUEST_HEAD: u8 = 6;
pub(crate) const RESPONSE_HEAD: u8 = 7;
pub(crate) const DATA: u8 = 8;
pub(crate) const CREDIT: u8 = 9;
pub(crate) const RESET: u8 = 10;
pub(crate) const LOG: u8 = 11;
pub(crate) const STATS: u8 = 12;
pub(crate) const PING: u8 = 13;
pub(crate) const PONG: u8 = 14;
pub(crate) const DRAIN: u8 = 15;
pub(crate) const EXITING: u8 = 16;
pub(crate) const SANDBOXED: u8 = 17;
pub(crate) const FETCH_HEAD: u8 = 18;
pub(crate) const FETCH_RESPONSE: u8 = 19;
pub(crate) const BODY_WANTED: u8 = 20;
pub(crate) const CHECK: u8 = 21;
pub(crate) const CHECKED: u8 = 22;
pub(crate) const PREPARED: u8 = 23;
pub(crate) const ADOPT: u8 = 24;
pub(crate) const RESET_ACK: u8 = 25;
pub(crate) const CLOSE_SOCKETS: u8 = 26;
pub(crate) const SCHEDULED: u8 = 27;
pub(crate) const SCHEDULED_DONE: u8 = 28;

/// Kinds that a worker may send.
pub(crate) const FROM_WORKER: &[u8] = &[
    MODULE_REQUEST,
    READY,
    BOOT_FAILED,
    RESPONSE_HEAD,
    DATA,
    CREDIT,
    RESET,
    LOG,
    STATS,
    PONG,
    EXITING,
    SANDBOXED,
    FETCH_HEAD,
    BODY_WANTED,
    CHECKED,
    PREPARED,
    RESET_ACK,
    SCHEDULED_DONE,
];
/// Kinds that the supervisor may send.
pub(crate) const FROM_SUPERVISOR: &[u8] = &[
    BOOT,
    MODULE_SOURCE,
    REQUEST_HEAD,
    DATA,
    CREDIT,
    RESET,
    PING,
    DRAIN,
    FETCH_RESPONSE,
    CHECK,
    ADOPT,
    CLOSE_SOCKETS,
    SCHEDULED,
];
