//! UUIDs.

use super::*;

#[test]
fn uuids_have_version_and_variant() {
    assert_eq!(format_uuid(0), "00000000-0000-4000-8000-000000000000");
    assert_eq!(format_uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}
