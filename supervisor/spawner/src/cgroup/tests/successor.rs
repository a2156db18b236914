//! Groups of a nano that takes over from another.

use super::*;

#[test]
fn v2_goes_from_one_nano_to_the_next_and_kills_neither() {
    let Some(delegated) = Delegated::new() else { return };
    let wanted = [Controller::HugeTlb];
    let own = this_process();
    let (first, _) = v2::Tree::detect(&delegated.path(), &own, &wanted).unwrap();
    let leaf = delegated.path().join(&first.instance.name).join(OWN_LEAF);
    // The next nano is started where the first one is.
    let next = Waiting::new("sleep 600");
    let (second, lacking) = v2::Tree::detect(&leaf, &[next.pid()], &wanted).unwrap();
    assert_eq!((lacking, &second.controllers), (None, &wanted.to_vec()));
    let (before, after) = (first.instance.name.clone(), second.instance.name.clone());
    let inside = |name: &str| {
        let mut pids: Vec<i32> = delegated
            .read(&format!("{name}/{OWN_LEAF}/cgroup.procs"))
            .lines()
            .map(|pid| pid.parse().unwrap())
            .collect();
        pids.sort_unstable();
        pids
    };
    assert_eq!((inside(&before), inside(&after)), (own.clone(), vec![next.pid()]), "beside each other");
    let mut second = Backend::new(Trees::V2(Box::new(second)), None);
    let cgroup = second.create("a", &LIMITS).unwrap();
    let mut worker = Waiting::new("sleep 600");
    cgroup.add(worker.pid()).unwrap();

    // The first one ends, and its process stays, to stand in for the next.
    first.close(soon()).unwrap();
    assert!(!delegated.path().join(&before).exists());
    let mut both = vec![own[0], next.pid()];
    both.sort_unstable();
    assert_eq!(inside(&after), both);
    assert!(worker.0.try_wait().unwrap().is_none(), "the other one's worker runs");
    assert_eq!(delegated.read("cgroup.subtree_control"), "hugetlb");

    // The last one puts everything back, for both.
    second.close(soon()).unwrap();
    assert!(was_killed(worker.0.wait().unwrap()));
    assert!(!delegated.path().join(&after).exists());
    assert_eq!(delegated.read("cgroup.subtree_control"), "");
    assert_eq!(delegated.read("cgroup.procs").lines().count(), 2, "nano and the next nano");
    let mut next = next.0;
    next.kill().unwrap();
    next.wait().unwrap();
}

#[test]
fn v2_leaves_a_process_alone_that_is_still_in_the_leaf_of_a_nano_that_ended() {
    let Some(delegated) = Delegated::new() else { return };
    let base = Group::open(&delegated.path()).unwrap();
    let instance = base.make("nano-1").unwrap();
    let leaf = instance.make(OWN_LEAF).unwrap();
    let mut stays = Waiting::new("sleep 600");
    leaf.add(stays.pid()).unwrap();
    assert_eq!(Instance::remove_stale(&base), Vec::<String>::new());
    assert!(stays.0.try_wait().unwrap().is_none());
    stays.0.kill().unwrap();
    stays.0.wait().unwrap();
    until("the kernel has let go of it", || {
        Instance::remove_stale(&base);
        !delegated.path().join("nano-1").exists()
    });
}
