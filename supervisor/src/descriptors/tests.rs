//! How descriptors are divided.

use super::*;

#[test]
fn clients_and_apps_leave_descriptors_for_others() {
    for (limit, shards, clients, apps) in [
        (u64::MAX, 4, 8192, 512),
        (20_000, 1, 8192, 512),
        (20_000, 4, 2500, 512),
        (1024, 1, 512, 128),
        (1024, 2, 256, 64),
        (64, 1, 64, 8),
    ] {
        let each = (share(limit / 2, shards).clamp(MIN_CLIENTS, MAX_CLIENTS), share(limit / 8, shards));
        let each = (each.0, each.1.clamp(MIN_EGRESS, MAX_EGRESS));
        assert_eq!(each, (clients, apps), "{limit} descriptors, {shards} shards");
    }
}

#[test]
fn each_client_may_have_a_file_where_there_are_enough() {
    for (limit, clients, egress, most) in [
        (None, 8192, 512, 8192),
        (Some(20_000), 8192, 512, 6296),
        (Some(1024), 512, 128, 128),
        (Some(256), 128, 32, 32),
        (Some(64), 64, 8, 4),
    ] {
        assert_eq!(files(limit, (clients, egress)), most, "{limit:?} descriptors");
    }
}
