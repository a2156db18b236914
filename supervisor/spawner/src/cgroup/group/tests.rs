//! Tests of `group.rs`.

use super::*;

#[test]
fn counts_are_found_by_their_whole_name() {
    // memory.events of v2 and memory.oom_control of v1, as Linux 6.18 writes them.
    let events = "low 0\nhigh 0\nmax 41\noom 3\noom_kill 2\noom_group_kill 1\n";
    assert_eq!((field(events, "oom_kill"), field(events, "oom"), field(events, "sock")), (Some(2), Some(3), None));
    assert_eq!(field("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", "oom_kill"), Some(7));
    assert_eq!(field("oom_kill x\n", "oom_kill"), None);
}
