//! How descriptors are divided.

use super::*;

#[test]
fn clients_and_apps_leave_descriptors_for_others() {
    for (limit, shards, clients, apps) in [
        (u64::MAX, 4, 8192, 512),
        (20_000, 1, 8192, 512),
        (20_000, 4, 3125, 512),
        (1024, 1, 640, 128),
        (1024, 2, 320, 64),
        (64, 1, 64, 8),
    ] {
        let each = (share(limit / 8 * 5, shards).clamp(MIN_CLIENTS, MAX_CLIENTS), share(limit / 8, shards));
        let each = (each.0, each.1.clamp(MIN_EGRESS, MAX_EGRESS));
        assert_eq!(each, (clients, apps), "{limit} descriptors, {shards} shards");
    }
}
