//! As the first process of a container.

use crate::{command, site};
use nano_test::process::descendants;
use nano_test::{Log, binary, finish, tool, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn the_first_process_of_a_container_stays_over_upgrades_and_reaps_orphans() {
    if !geteuid().is_root() {
        eprintln!("skipped: only root may make a process namespace");
        return;
    }
    let Some(unshare) = tool("unshare") else { return };
    let site = site();
    let own = command(&site);
    let mut outer = Command::new(unshare);
    outer.args(["-pf", "--mount-proc", "--kill-child"]).arg(own.get_program()).args(own.get_args());
    outer.current_dir(site.folder()).env_clear();
    outer.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // As Podman does: there is a socket, and whoever is at its other end cannot know the pids in the container.
    outer.env("NOTIFY_SOCKET", site.path("nobody.sock"));
    let mut child = outer.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = Log::collect(child.stderr.take().unwrap());
    log.wait_for_text("\"control listening\"");
    let outside = i32::try_from(child.id()).unwrap();
    let ctl = |arguments: &[&str]| {
        let mut command = Command::new(binary("nanoctl"));
        finish(command.arg("--socket").arg(site.path("control.sock")).args(arguments), "")
    };
    let first = descendants(outside).into_iter().min().unwrap();
    for _ in 0..3 {
        let report = ctl(&["--json", "upgrade"]);
        assert_eq!(report.code, Some(0), "{report:?}");
        until("the first process stands in", || {
            fs::read(format!("/proc/{first}/cmdline")).unwrap().starts_with(b"nano: stand-in").then_some(())
        });
    }
    // Children of a process that has ended are the first one's, and are let go.
    let status = fs::read_to_string(format!("/proc/{first}/status")).unwrap();
    assert!(status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1")), "{status}");
    until("no zombie is left", || {
        let is_zombie =
            |pid: &i32| nano_test::process::status(*pid, "State").is_some_and(|state| state.starts_with('Z'));
        (!descendants(first).iter().any(is_zombie)).then_some(())
    });
    kill(Pid::from_raw(first), Signal::SIGTERM).unwrap();
    assert_eq!(until("the container's end", || child.try_wait().unwrap()).code(), Some(0));
    log.wait_for_text("asked to stop");
}
