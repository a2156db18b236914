//! Tests of `files.rs`.

use super::*;

#[test]
fn a_line_a_second_says_how_often_files_could_not_be_read() {
    let complaints = Complaints::default();
    let start = Instant::now();
    assert_eq!(complaints.count(start), Some(1));
    for _ in 0..1000 {
        assert_eq!(complaints.count(start + Duration::from_millis(999)), None);
    }
    assert_eq!(complaints.count(start + Duration::from_secs(1)), Some(1001));
    // A clock that stands still, or seems to go back.
    assert_eq!(complaints.count(start), None);
}
