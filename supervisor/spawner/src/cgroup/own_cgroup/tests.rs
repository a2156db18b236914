//! Tests of `own_cgroup.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";

fn place(groups: &str, mounts: &str) -> OwnCgroup {
    OwnCgroup { groups: groups.to_owned(), mounts: mounts.to_owned() }
}

#[test]
fn a_hybrid_machine_has_both() {
    let own = place("4:memory:/jobs/7\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/init.scope\n", HYBRID);
    assert_eq!(own.with_controller("memory").unwrap(), Path::new("/sys/fs/cgroup/memory/jobs/7"));
    assert_eq!(own.with_controller("cpu").unwrap(), Path::new("/sys/fs/cgroup/cpu,cpuacct/"));
    assert_eq!(own.unified().unwrap(), Path::new("/sys/fs/cgroup/unified/init.scope"));
    assert!(own.with_controller("pids").unwrap_err().contains("pids"));
}

#[test]
fn a_container_sees_a_part_of_the_hierarchy() {
    let mounts = "9 8 0:26 /docker/abc /sys/fs/cgroup ro,nosuid master:4 - cgroup2 cgroup rw\n";
    assert_eq!(place("0::/docker/abc\n", mounts).unified().unwrap(), Path::new("/sys/fs/cgroup/"));
    assert_eq!(place("0::/docker/abc/sub\n", mounts).unified().unwrap(), Path::new("/sys/fs/cgroup/sub"));
    assert!(place("0::/docker/other\n", mounts).unified().unwrap_err().contains("/docker/other"));
    let namespace = "9 8 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
    assert!(place("0::/../outside\n", namespace).unified().unwrap_err().contains("namespace"));
    assert!(place("0::/\n", "").unified().unwrap_err().contains("not mounted"));
    assert!(place("", namespace).unified().is_err());
}

#[test]
fn a_mount_point_may_have_a_space() {
    let mounts = r"9 8 0:26 / /mnt/a\040b\134c rw - cgroup2 cgroup rw";
    assert_eq!(place("0::/x\n", mounts).unified().unwrap(), Path::new("/mnt/a b\\c/x"));
}
