//! As the first process of a container, or a process with children that it has not made.

use nano_test::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{SERVE, Started, children, is_root, site, status, within};

/// Waits until nano serves and has reaped all orphans: then it has one child, the spawner.
fn lets_orphans_go(started: &mut Started, nano: i32) {
    started.log.wait_for_text("\"listening\"");
    let orphans: Vec<_> =
        started.log.wait_for_text("orphans").split_whitespace().filter_map(|word| word.parse::<i32>().ok()).collect();
    assert!(!orphans.is_empty());
    until("one child, the spawner", || (children(nano).len() == 1).then_some(()));
    assert_eq!(status(children(nano)[0], "Name").as_deref(), Some("nano-spawner"));
    kill(Pid::from_raw(nano), Signal::SIGTERM).unwrap();
    assert_eq!(started.wait(), Some(0));
}

#[test]
fn orphans_of_a_container_are_let_go() {
    if !is_root("a process namespace") {
        return;
    }
    let site = site();
    // Their parent ends at once; they, a little later.
    let shell = "sh -c 'sleep 0.1 & sleep 0.4 & sleep 1 & echo orphans 1 2 3 >&2'; exec \"$@\"";
    let outer = ["unshare", "-pf", "--mount-proc", "--kill-child", "sh", "-c", shell, "sh"];
    let Some(command) = within(&site, &outer, "nano", &SERVE) else { return };
    let mut started = Started::start(command);
    let nano = until("the first process", || children(started.pid()).first().copied());
    lets_orphans_go(&mut started, nano);
}

#[test]
fn children_of_a_shell_that_became_nano_are_let_go() {
    let site = site();
    let shell = "sleep 0.1 & sleep 0.5 & echo orphans 1 2 >&2; exec \"$@\"";
    let Some(command) = within(&site, &["sh", "-c", shell, "sh"], "nano", &SERVE) else { return };
    let mut started = Started::start(command);
    let nano = started.pid();
    lets_orphans_go(&mut started, nano);
}
