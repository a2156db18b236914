//! When a state tells every later change.

use super::*;

fn changed_at(seconds: i64, nanoseconds: i64) -> Fingerprint {
    Fingerprint::File { device: 1, inode: 2, size: 3, modified: (0, 0), changed: (seconds, nanoseconds) }
}

#[test]
fn a_file_that_was_changed_just_now_may_be_changed_again_unseen() {
    let now = UNIX_EPOCH + Duration::from_secs(100);
    assert!(changed_at(97, 0).is_settled(now));
    assert!(changed_at(97, 999_999_999).is_settled(now));
    assert!(!changed_at(98, 0).is_settled(now));
    assert!(!changed_at(99, 999_999_999).is_settled(now));
    // A clock that was set back, and what no file system should say.
    assert!(!changed_at(101, 0).is_settled(now));
    assert!(!changed_at(i64::MAX, 0).is_settled(now));
    assert!(!changed_at(-1, 0).is_settled(now));
    assert!(!changed_at(97, -1).is_settled(now));
    // What is no file has no content.
    assert!(Fingerprint::Absent.is_settled(now));
}
