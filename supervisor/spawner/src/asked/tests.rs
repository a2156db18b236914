//! Tests of `asked.rs`.

use super::*;

#[test]
fn what_is_kept_is_bounded() {
    let mut asked = Asked::default();
    asked.note("index.js", None);
    let found = Some(Print::Directory { device: 1, inode: 2 });
    asked.note("index.js", found);
    assert_eq!(asked.iter().collect::<Vec<_>>(), [(&"index.js".to_owned(), found)]);
    for number in 0..2000 {
        asked.note(&format!("{number:01000}"), None);
    }
    assert_eq!(asked.iter().count(), 1 + (MOST - 8) / 1000);
}
