//! Control groups of the machine that the tests run on, with processes in them. What cannot be had there, for lack of
//! rights or of a controller, is said on stderr and not tested.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use nix::unistd::{Uid, geteuid, setfsuid};

use super::*;

mod successor;

const LIMITS: CgroupLimits = CgroupLimits { memory: 64 << 20, pids: 8 };
const SIGKILL: i32 = 9;

/// Waits for what nothing announces.
fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = soon();
    while !reached() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(90)
}

fn this_process() -> Vec<i32> {
    vec![std::process::id().try_into().unwrap()]
}

/// What is here, if it limits memory.
fn limiting() -> Option<Backend> {
    let found = Backend::detect(&this_process());
    let limiting = found.as_ref().is_ok_and(Backend::limits_memory);
    if !limiting {
        eprintln!("not tested: no memory controller here: {found:?}");
    }
    found.ok().filter(|_| limiting)
}

/// The v2 tree, with the controllers that there are.
fn unified() -> Option<Backend> {
    let tree = v2::Tree::detect(&OwnCgroup::own().unwrap().unified().ok()?, &this_process(), &Controller::ALL);
    match tree {
        Ok((tree, lacking)) => Some(Backend::new(Trees::V2(Box::new(tree)), lacking)),
        Err(reason) => {
            eprintln!("not tested: no v2 groups here: {reason}");
            None
        }
    }
}

/// A process that waits to be moved, and then is what the script says.
struct Waiting(Child);

impl Waiting {
    fn new(script: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("read go; {script}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.stderr(Stdio::piped()).spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        self.0.id().try_into().unwrap()
    }

    fn go(mut self) -> Child {
        self.0.stdin.take().unwrap().write_all(b"go\n").unwrap();
        self.0
    }
}

/// Where a backend's groups are.
fn directories(backend: &Backend) -> Vec<PathBuf> {
    let own = OwnCgroup::own().unwrap();
    let with = |path: PathBuf, instance: &Instance| path.join(&instance.name);
    match &backend.trees {
        Trees::V2(tree) => vec![with(own.unified().unwrap(), &tree.instance)],
        Trees::V1(trees) => trees
            .iter()
            .map(|tree| with(own.with_controller(tree.controllers[0].name()).unwrap(), &tree.instance))
            .collect(),
    }
}

/// Ends what is in it and takes it away; nothing may be left.
fn close(backend: Backend) {
    let directories = directories(&backend);
    assert!(directories.iter().all(|path| path.exists()), "{directories:?}");
    backend.close(soon()).unwrap();
    assert!(directories.iter().all(|path| !path.exists()), "{directories:?}");
}

/// Bytes that are charged to a group.
fn usage(cgroup: &Cgroup) -> Option<u64> {
    ["memory.current", "memory.usage_in_bytes"].into_iter().find_map(|file| cgroup.memory()?.number(file))
}

fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}

#[test]
fn every_app_has_a_directory_of_its_own() {
    assert_eq!(group_name("a.example"), "app-a.example");
    assert_eq!(group_name(".."), "app-..");
    assert_eq!(group_name("cgroup.procs"), "app-cgroup.procs");
    let (long, longer) = ("x".repeat(250), "x".repeat(251));
    assert_ne!(group_name(&long), group_name(&longer));
    assert!(group_name(&longer).len() < 255);
    assert!(!group_name("a/../b").contains('/'));
}

#[test]
fn who_takes_more_memory_than_allowed_is_killed_and_counted() {
    let Some(mut backend) = limiting() else { return };
    let cgroup = backend.create("eater", &LIMITS).unwrap();
    // What it reads has no line's end, so it keeps all of it.
    let eater = Waiting::new("exec tail /dev/zero");
    cgroup.add(eater.pid()).unwrap();
    assert_eq!(cgroup.oom_kills(), 0);
    assert!(was_killed(eater.go().wait().unwrap()));
    assert_eq!(cgroup.oom_kills(), 1);

    let small = backend.create("eater", &LIMITS).unwrap();
    let sparing = Waiting::new("head -c 20000000 /dev/zero | tail -c 20000000 | wc -c");
    small.add(sparing.pid()).unwrap();
    let output = sparing.go().wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "20000000");
    assert_eq!(small.oom_kills(), 0, "within the limit no process is killed");

    let app = directories(&backend)[0].join("app-eater");
    assert!(app.join("worker-1").exists() && app.join("worker-2").exists());
    backend.remove(cgroup);
    backend.remove(small);
    until("all groups can be removed", || backend.sweep() == 0);
    assert!(!app.exists(), "the last worker's end is the app's group's");
    close(backend);
}

#[test]
fn no_more_processes_than_allowed() {
    let Some(mut backend) = limiting() else { return };
    if !backend.controllers().contains(&Controller::Pids) {
        eprintln!("not tested: no pids controller");
        return close(backend);
    }
    let cgroup = backend.create("forker", &CgroupLimits { pids: 3, ..LIMITS }).unwrap();
    let forker = Waiting::new("for i in 1 2 3 4 5; do sleep 60 & done; wait");
    cgroup.add(forker.pid()).unwrap();
    let mut forker = forker.go();
    let mut complaint = String::new();
    BufReader::new(forker.stderr.take().unwrap()).read_line(&mut complaint).unwrap();
    assert!(complaint.to_lowercase().contains("fork"), "{complaint}");
    // Whatever the shell does now, they all go with the group.
    backend.remove(cgroup);
    forker.wait().unwrap();
    close(backend);
}

#[test]
fn what_is_in_a_group_counts_until_it_is_killed() {
    let Some(mut backend) = limiting() else { return };
    let cgroup = backend.create("a", &LIMITS).unwrap();
    let holder = Waiting::new("head -c 30000000 /dev/zero | (tail -c 30000000; echo; sleep 600)");
    cgroup.add(holder.pid()).unwrap();
    let mut holder = holder.go();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    // tail writes when it has everything.
    assert!(!output.fill_buf().unwrap().is_empty());
    let used = usage(&cgroup).unwrap();
    assert!((20 << 20..LIMITS.memory).contains(&used), "{used}");
    let named = std::fs::read_to_string(format!("/proc/{}/cgroup", holder.id())).unwrap();
    assert!(named.lines().any(|line| line.ends_with(&cgroup.name())), "{named}");
    cgroup.kill();
    assert!(was_killed(holder.wait().unwrap()));
    assert_eq!(cgroup.oom_kills(), 0, "that was not for its memory");
    backend.remove(cgroup);
    close(backend);
}

#[test]
fn close_kills_and_removes_whatever_there_is() {
    let Some(mut backend) = limiting() else { return };
    let mut children = Vec::new();
    for app in ["a", "a", "b"] {
        let cgroup = backend.create(app, &LIMITS).unwrap();
        let child = Waiting::new("sleep 600");
        cgroup.add(child.pid()).unwrap();
        children.push(child.go());
    }
    close(backend);
    for mut child in children {
        assert!(was_killed(child.wait().unwrap()));
    }
}

#[test]
fn a_group_is_made_whole_or_not_at_all() {
    let Some(mut backend) = limiting() else { return };
    let refused = backend.create("a", &CgroupLimits { pids: u64::MAX, ..LIMITS });
    if backend.controllers().contains(&Controller::Pids) {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("app-a/worker-1") && error.contains("pids.max"), "{error}");
    }
    for path in directories(&backend) {
        assert!(!path.join("app-a").exists());
    }
    close(backend);
}

#[test]
fn the_next_nano_removes_what_a_killed_one_left_and_nothing_else() {
    let Some(backend) = limiting() else { return };
    // A place of its own, for others that start meanwhile look at ours too.
    let (instance, _) = backend.hierarchies()[0];
    let (base, base_path) = (instance.group.make("base").unwrap(), directories(&backend)[0].join("base"));
    let running = Instance::make(instance.group.child("base").unwrap()).unwrap();
    // As if its nano were gone: the lock is not held.
    let worker = base_path.join("nano-4000000/app-a/worker-1");
    std::fs::create_dir_all(&worker).unwrap();
    // What others may have there, by names like ours.
    let others = ["another", "nano-4000001", "nano-4000002", "nano-backup.service"];
    for name in others {
        std::fs::create_dir(base_path.join(name)).unwrap();
    }
    std::fs::create_dir(base_path.join("nano-4000001/theirs")).unwrap();
    let stranger = Waiting::new("sleep 600");
    std::fs::write(base_path.join("nano-4000002/cgroup.procs"), stranger.pid().to_string()).unwrap();
    let orphan = Waiting::new("sleep 600");
    std::fs::write(worker.join("cgroup.procs"), orphan.pid().to_string()).unwrap();
    let mut orphan = orphan.go();

    assert_eq!(Instance::remove_stale(&base), Vec::<String>::new());
    assert!(was_killed(orphan.wait().unwrap()));
    let left = base.children().unwrap();
    let with_ours: BTreeSet<_> = others.iter().map(|name| (*name).to_owned()).chain([running.name.clone()]).collect();
    assert_eq!(left.into_iter().collect::<BTreeSet<_>>(), with_ours);
    drop(running);
    assert_eq!(Instance::remove_stale(&base), Vec::<String>::new());
    assert_eq!(base.children().unwrap().into_iter().collect::<BTreeSet<_>>(), others.map(str::to_owned).into());
    let mut stranger = stranger.0;
    assert!(stranger.try_wait().unwrap().is_none(), "another program's process was killed");
    drop(base);
    close(backend);
    assert!(was_killed(stranger.wait().unwrap()));
}

#[test]
fn a_group_is_made_while_others_remove_what_is_not_locked_yet() {
    let Some(backend) = limiting() else { return };
    let (instance, _) = backend.hierarchies()[0];
    let base = instance.group.make("base").unwrap();
    let path = directories(&backend)[0].join("base");
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let base = Group::open(&path).unwrap();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                assert_eq!(Instance::remove_stale(&base), Vec::<String>::new());
            }
        });
        let make = || Instance::make(Group::open(&path)?);
        // The moment between creating a directory and opening it is short: many starts, until it is met or too many.
        let failed = (0..2000).find_map(|_| make().and_then(|made| made.remove(soon())).err());
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(failed.is_none(), "{failed:?}");
    });
    drop(base);
    close(backend);
}

#[test]
fn without_rights_it_says_so() {
    if !geteuid().is_root() {
        return;
    }
    // Only this thread's view of files is another user's.
    let refused = thread::spawn(|| {
        setfsuid(Uid::from_raw(65_534));
        Backend::detect(&this_process())
    });
    let reason = refused.join().unwrap().unwrap_err().to_string();
    assert!(reason.contains("cgroup v2: ") && reason.contains("cgroup v1: "), "{reason}");
    assert!(reason.contains("may not make groups") || reason.contains("not mounted"), "{reason}");
}

#[test]
fn v2_makes_kills_and_removes_groups_with_whatever_controllers_there_are() {
    let Some(mut backend) = unified() else { return };
    let path = OwnCgroup::own().unwrap().unified().unwrap();
    let offered = std::fs::read_to_string(path.join("cgroup.controllers")).unwrap();
    let has_memory = offered.split_whitespace().any(|name| name == "memory");
    if !has_memory {
        assert!(!backend.limits_memory());
        assert!(backend.lacking().unwrap().contains("memory controller"), "{:?}", backend.lacking());
        assert_eq!(backend.summary(), "v2: no limits");
    }
    let cgroup = backend.create("a", &LIMITS).unwrap();
    assert!(cgroup.clone_into().is_some());
    assert_eq!(usage(&cgroup).is_some(), backend.limits_memory());
    // Of two processes one is the other's child: both are killed at once.
    let child = Waiting::new("sleep 600 & wait");
    cgroup.add(child.pid()).unwrap();
    let mut child = child.go();
    let group = directories(&backend)[0].join(cgroup.name());
    let members = || std::fs::read_to_string(group.join("cgroup.procs")).unwrap().lines().count();
    until("the child's child is a member", || members() >= 2);
    cgroup.kill();
    assert!(was_killed(child.wait().unwrap()));
    backend.remove(cgroup);
    close(backend);
    assert!(!group.exists());
}

/// A process in a group of its own, as a service manager delegates one, beneath the root of all groups.
struct Delegated {
    root: PathBuf,
    name: String,
}

impl Delegated {
    fn new() -> Option<Self> {
        let root = OwnCgroup::own().unwrap().unified().ok()?;
        let offered = std::fs::read_to_string(root.join("cgroup.controllers")).ok()?;
        if !offered.contains("hugetlb") || root.join("cgroup.type").exists() || !geteuid().is_root() {
            eprintln!("not tested: v2 has no controller to hand down here");
            return None;
        }
        std::fs::write(root.join("cgroup.subtree_control"), "+hugetlb").unwrap();
        let own = Self { root, name: format!("delegated-{}", std::process::id()) };
        std::fs::create_dir(own.path()).unwrap();
        own.enter("cgroup.procs");
        Some(own)
    }

    fn path(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    fn enter(&self, file: &str) {
        std::fs::write(self.path().join(file), std::process::id().to_string()).unwrap();
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap().trim().to_owned()
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        std::fs::write(self.root.join("cgroup.procs"), std::process::id().to_string()).unwrap();
        std::fs::remove_dir(self.path()).unwrap();
    }
}

#[test]
fn v2_hands_controllers_down_and_puts_everything_back() {
    let Some(delegated) = Delegated::new() else { return };
    let wanted = [Controller::HugeTlb, Controller::Cpu];
    let own = this_process();
    let (tree, lacking) = v2::Tree::detect(&delegated.path(), &own, &wanted).unwrap();
    assert_eq!(lacking, None);
    assert_eq!(tree.controllers, [Controller::HugeTlb], "what is not there is done without");
    // A group that hands controllers down holds no processes.
    assert_eq!(delegated.read("cgroup.subtree_control"), "hugetlb");
    assert_eq!(delegated.read("cgroup.procs"), "");
    let instance = tree.instance.name.clone();
    assert_eq!(delegated.read(&format!("{instance}/supervisor/cgroup.procs")), own[0].to_string());

    let mut backend = Backend::new(Trees::V2(Box::new(tree)), None);
    let cgroup = backend.create("a", &LIMITS).unwrap();
    let worker = format!("{instance}/app-a/worker-1");
    assert_eq!(delegated.read(&format!("{worker}/hugetlb.2MB.max")), "4194304", "the limit is the kernel's");
    let child = Waiting::new("sleep 600");
    cgroup.add(child.pid()).unwrap();
    assert_eq!(cgroup.contradiction(child.0.id()), None);
    assert!(cgroup.contradiction(std::process::id()).unwrap().ends_with("/supervisor "));
    backend.close(soon()).unwrap();
    let mut child = child.0;
    assert!(was_killed(child.wait().unwrap()));
    assert!(!delegated.path().join(&instance).exists());
    assert_eq!(delegated.read("cgroup.subtree_control"), "");
    assert_eq!(delegated.read("cgroup.procs"), own[0].to_string(), "nano is where it was");
}

#[test]
fn v2_leaves_a_group_that_others_are_in_and_makes_one_beside_it() {
    let Some(delegated) = Delegated::new() else { return };
    // A child is where its parent is, as nano is where the shell is.
    let mut child = Waiting::new("sleep 600");
    let (tree, lacking) = v2::Tree::detect(&delegated.path(), &this_process(), &[Controller::HugeTlb]).unwrap();
    assert_eq!(lacking, None);
    assert_eq!(tree.controllers, [Controller::HugeTlb]);
    let beside = delegated.root.join(&tree.instance.name);
    assert_eq!(delegated.read("cgroup.subtree_control"), "", "theirs is as it was");
    assert_eq!(delegated.read("cgroup.procs").lines().count(), 2);
    let mut backend = Backend::new(Trees::V2(Box::new(tree)), None);
    let cgroup = backend.create("a", &LIMITS).unwrap();
    let limit = std::fs::read_to_string(beside.join("app-a/worker-1/hugetlb.2MB.max")).unwrap();
    assert_eq!(limit.trim(), "4194304");
    backend.remove(cgroup);
    backend.close(soon()).unwrap();
    assert!(!beside.exists());
    let handed_down = std::fs::read_to_string(delegated.root.join("cgroup.subtree_control")).unwrap();
    assert!(handed_down.contains("hugetlb"), "others beside it have it still");

    // Without the right to do that, the error says what would help.
    let path = delegated.path();
    let refused = thread::spawn(move || {
        setfsuid(Uid::from_raw(65_534));
        v2::Tree::detect(&path, &this_process(), &[Controller::HugeTlb]).map(|_| ())
    });
    let reason = refused.join().unwrap().unwrap_err();
    assert!(reason.contains("another process") && reason.contains("Delegate=yes"), "{reason}");
    child.0.kill().unwrap();
    child.0.wait().unwrap();
}

#[test]
fn v2_removes_what_a_killed_nano_left_with_its_controllers() {
    let Some(delegated) = Delegated::new() else { return };
    let wanted = [Controller::HugeTlb];
    let (tree, _) = v2::Tree::detect(&delegated.path(), &this_process(), &wanted).unwrap();
    let left = tree.instance.name.clone();
    let mut backend = Backend::new(Trees::V2(Box::new(tree)), None);
    let cgroup = backend.create("a", &LIMITS).unwrap();
    // As if it were killed: nothing is put back, and the lock is gone. (A killed one would not be in there any more.)
    std::fs::write(delegated.root.join("cgroup.procs"), std::process::id().to_string()).unwrap();
    drop((cgroup, backend));
    assert!(delegated.path().join(&left).join("app-a/worker-1").exists());
    let base = Group::open(&delegated.path()).unwrap();
    assert_eq!(Instance::remove_stale(&base), Vec::<String>::new());
    assert!(!delegated.path().join(&left).exists());
}
