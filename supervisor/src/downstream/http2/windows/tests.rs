//! Windows are wide while there is a use for them, and the right to that comes back with them.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// Remembers what was set.
#[derive(Debug, Default)]
struct Set {
    connection: Option<u32>,
    streams: Option<u32>,
    is_busy: bool,
}

impl SetWindows for Set {
    fn set_connection(&mut self, bytes: u32) {
        self.connection = Some(bytes);
    }

    fn set_streams(&mut self, bytes: u32) -> bool {
        if !self.is_busy {
            self.streams = Some(bytes);
        }
        !self.is_busy
    }
}

fn one() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1))
}

/// The right to a wide window, if there is one left.
fn take(account: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(account).try_acquire_owned().ok()
}

#[test]
fn there_are_so_many_and_no_more_and_each_comes_back() {
    let account = account();
    for _ in 0..3 {
        let all: Vec<_> = (0..32).map(|_| take(&account).unwrap()).collect();
        assert!(take(&account).is_none());
        drop(all);
    }
}

#[test]
fn a_body_that_fits_and_one_that_nobody_takes_have_the_first_window() {
    let (mut windows, mut set) = (UploadWindows::new(CONNECTION), Set::default());
    windows.adjust(0, &one(), &mut set);
    windows.adjust(u64::from(STREAM), &one(), &mut set);
    assert_eq!((set.connection, set.streams), (None, None));
}

#[test]
fn the_window_of_a_known_length_is_used_up_at_its_end_and_the_right_comes_back() {
    let (mut windows, mut set, account) = (UploadWindows::new(CONNECTION), Set::default(), one());
    let mut left = 1_u32 << 20;
    windows.adjust(left.into(), &account, &mut set);
    assert_eq!((set.connection, set.streams), (Some(CONNECTION + MORE), Some(WIDE_STREAM)));
    assert!(take(&account).is_none(), "it has the right");
    while left > 0 {
        windows.received(4096);
        left -= 4096;
        windows.adjust(left.into(), &account, &mut set);
        assert!(set.connection.unwrap() >= CONNECTION + left.min(MORE));
    }
    assert_eq!((set.connection, set.streams), (Some(CONNECTION), Some(STREAM)));
    assert!(take(&account).is_some(), "another may have the right");
}

#[test]
fn a_client_that_was_given_a_window_and_does_not_use_it_keeps_the_right() {
    let (mut windows, mut set, account) = (UploadWindows::new(CONNECTION), Set::default(), one());
    windows.adjust(u64::MAX, &account, &mut set);
    // The body is given up.
    windows.adjust(0, &account, &mut set);
    assert_eq!((set.connection, set.streams), (Some(CONNECTION), Some(STREAM)));
    assert!(take(&account).is_none(), "the client may send {MORE} bytes more than others");
    windows.received(MORE - STEP);
    windows.adjust(0, &account, &mut set);
    assert!(take(&account).is_some(), "it has used them up");
}

#[test]
fn windows_stay_narrow_when_the_account_is_used_up() {
    let (mut windows, mut set, account) = (UploadWindows::new(CONNECTION), Set::default(), one());
    let right = take(&account);
    windows.adjust(u64::MAX, &account, &mut set);
    assert_eq!((set.connection, set.streams), (None, None));
    drop(right);
    windows.adjust(u64::MAX, &account, &mut set);
    assert_eq!(set.connection, Some(CONNECTION + MORE));
}

#[test]
fn streams_that_cannot_be_widened_now_are_widened_later() {
    let (mut windows, mut set, account) = (UploadWindows::new(CONNECTION), Set::default(), one());
    set.is_busy = true;
    windows.adjust(u64::MAX, &account, &mut set);
    set.is_busy = false;
    windows.adjust(u64::MAX, &account, &mut set);
    assert_eq!(set.streams, Some(WIDE_STREAM));
}

#[test]
fn bodies_that_a_proxy_cannot_pass_on_leave_room_for_as_many_as_it_may_have() {
    assert_eq!((narrow(true), narrow(false)), (100 * STREAM, CONNECTION));
    let (mut windows, mut set, account) = (UploadWindows::new(PROXY), Set::default(), one());
    windows.received(99 * STREAM);
    windows.adjust(u64::from(STREAM) + 1, &account, &mut set);
    assert_eq!(set.connection, Some(PROXY + STREAM + 1));
}
