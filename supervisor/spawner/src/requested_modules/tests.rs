//! Tests of `requested_modules.rs`.

use super::*;

#[test]
fn what_is_kept_is_bounded() {
    let mut requested = RequestedModules::default();
    requested.record("index.js", None);
    let found = Some(Fingerprint::Directory { device: 1, inode: 2 });
    requested.record("index.js", found);
    assert_eq!(requested.iter().collect::<Vec<_>>(), [(&"index.js".to_owned(), found)]);
    for number in 0..2000 {
        requested.record(&format!("{number:01000}"), None);
    }
    assert_eq!(requested.iter().count(), 1 + (MAX_PATH_BYTES - 8) / 1000);
}
