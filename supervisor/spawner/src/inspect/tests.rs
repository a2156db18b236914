//! Tests of `inspect.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

const LOCKED: &str = "Name:\tnano-worker\nUid:\t60001\t60001\t60001\t60001\nGid:\t60001\t60001\t60001\t60001\nGroups:\t \n\
        CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n\
        CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t7\n";
const LIMITED: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
        Max file size             0                    0                    bytes     \n\
        Max core file size        0                    0                    bytes     \n\
        Max processes             0                    0                    processes \n\
        Max open files            256                  256                  files     \n\
        Max locked memory         0                    0                    bytes     \n\
        Max msgqueue size         0                    0                    bytes     \n";

fn seen(threads: &[&str], limits: &str, owner: u32) -> Vec<(SandboxLayer, String)> {
    let threads = threads.iter().map(|status| (*status).to_owned()).collect();
    let inspection = ProcInspection { threads, limits: limits.to_owned(), owner, shared: None, root: None };
    let all = SandboxLayer::ALL.into_iter();
    all.filter_map(|layer| Some((layer, inspection.contradiction(layer, Some(60_001))?))).collect()
}

#[test]
fn nothing_speaks_against_a_worker_that_is_locked_up() {
    assert_eq!(seen(&[LOCKED, LOCKED], LIMITED, 0), []);
}

#[test]
fn one_thread_outside_of_a_layer_is_enough() {
    for (from, to, layer) in [
        ("Uid:\t60001", "Uid:\t0", SandboxLayer::Uid),
        ("Gid:\t60001", "Gid:\t0", SandboxLayer::Uid),
        ("Groups:\t ", "Groups:\t0 27 ", SandboxLayer::Uid),
        ("CapEff:\t0", "CapEff:\t1", SandboxLayer::Capabilities),
        ("CapInh:\t0", "CapInh:\t1", SandboxLayer::Capabilities),
        ("NoNewPrivs:\t1", "NoNewPrivs:\t0", SandboxLayer::NoNewPrivs),
        ("Seccomp:\t2", "Seccomp:\t0", SandboxLayer::Seccomp),
        ("Seccomp:\t2\n", "", SandboxLayer::Seccomp),
    ] {
        let open = LOCKED.replace(from, to);
        let found = seen(&[LOCKED, &open], LIMITED, 0);
        assert_eq!(found.iter().map(|(layer, _)| *layer).collect::<Vec<_>>(), [layer], "{from} → {to}");
    }
    assert_eq!(seen(&[LOCKED], LIMITED, 60_001)[0].0, SandboxLayer::Undumpable);
}

#[test]
fn limits_must_be_low_both_soft_and_hard() {
    for (from, to) in [
        ("processes             0                    0 ", "processes             0                    100 "),
        ("open files            256 ", "open files            1024 "),
        ("core file size        0 ", "core file size        unlimited "),
        ("Max msgqueue size", "Max nothing"),
    ] {
        let found = seen(&[LOCKED], &LIMITED.replace(from, to), 0);
        assert_eq!(found.len(), 1, "{from} → {to}");
        assert_eq!(found[0].0, SandboxLayer::Rlimits);
    }
}

#[test]
fn this_process_is_not_locked_up() {
    let inspection = ProcInspection::read(std::process::id()).unwrap();
    assert!(inspection.contradiction(SandboxLayer::Rlimits, None).is_some());
    assert!(inspection.contradiction(SandboxLayer::Uid, Some(4_000_000)).unwrap().starts_with("Uid "));
    assert_eq!(inspection.contradiction(SandboxLayer::Namespaces, None).unwrap(), "the mnt namespace of nano");
    assert_eq!(inspection.contradiction(SandboxLayer::Root, None).unwrap(), "files in its root directory");
    assert!(ProcInspection::read(u32::MAX).is_err());
}

#[test]
fn one_mount_that_cannot_be_written_to() {
    let only = "97 80 0:45 / / ro,nosuid,nodev,noexec,relatime - tmpfs none ro,size=4k,nr_inodes=1\n";
    assert_eq!(mount_fault(only), None);
    assert_eq!(
        mount_fault(&only.replace("/ / ro,", "/ / rw,")).unwrap(),
        "a root directory mounted rw,nosuid,nodev,noexec,relatime"
    );
    assert_eq!(mount_fault(&[only, only].concat()).unwrap(), "2 mounts");
    assert_eq!(mount_fault("").unwrap(), "0 mounts");
}
