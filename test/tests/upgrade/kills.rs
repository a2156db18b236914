//! Processes that are killed while another nano takes over, stops in the middle of it, and two upgrades at once.

use crate::{end, gone, main_pid, refused, serve, signal, site, upgrade};
use nano_test::process::descendants;
use nano_test::{Nano, Site, binary, finish, until};
use nix::sys::signal::Signal;
use std::fs;
use std::process::{Child, Command, Stdio};

/// An app that starts when the file `go` is there, and waits for it otherwise, in the nano that takes over.
fn waits(site: &Site) {
    site.app(
        "a",
        "let go = false;
        for (let i = 0; i < 3000 && !go; i++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        export default { fetch: () => new Response('never') };",
    );
}

fn begin(nano: &Nano) -> Child {
    let mut command = Command::new(binary("nanoctl"));
    command.arg("--socket").arg(nano.control_socket()).arg("upgrade");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The nano that is taking over, once its app starts.
fn successor(nano: &Nano) -> i32 {
    let is_it = |pid: &i32| {
        let arguments = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        arguments.contains("\0--take-over")
    };
    until("another nano whose app starts", || {
        let pid = descendants(nano.pid()).into_iter().find(is_it)?;
        let workers = descendants(pid).into_iter().filter(|pid| nano_test::process::worker_title(*pid).is_some());
        (workers.count() > 0).then_some(pid)
    })
}

fn said(ctl: Child) -> (Option<i32>, String) {
    let output = ctl.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The child of a nano that is its spawner.
fn spawner(nano: i32) -> i32 {
    let is_it = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default().starts_with(b"nano: spawner");
    let parent = |pid: &i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse::<i32>().ok())
    };
    descendants(nano).into_iter().find(|pid| is_it(pid) && parent(pid) == Some(nano)).unwrap()
}

/// All is as it was, and an upgrade is possible.
fn goes_on(site: &Site, nano: Nano, app: &str) {
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    assert!(site.path("control.sock").exists());
    site.app("a", app);
    upgrade(&nano);
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    end(nano);
}

#[test]
fn the_new_nano_is_killed_before_it_is_ready() {
    for whom in ["nano", "spawner"] {
        let site = site();
        let nano = serve(&site);
        let app = fs::read_to_string(site.path("a/index.js")).unwrap();
        waits(&site);
        let ctl = begin(&nano);
        let new = successor(&nano);
        signal(if whom == "nano" { new } else { spawner(new) }, Signal::SIGKILL);
        let (code, why) = said(ctl);
        assert_eq!(code, Some(1), "{why}");
        let expected = if whom == "nano" { "signal 9" } else { "spawner, ended" };
        assert!(why.contains(expected), "{whom}: {why}");
        gone(new);
        goes_on(&site, nano, &app);
    }
}

#[test]
fn the_old_nano_is_killed_before_the_new_one_is_ready() {
    for whom in ["nano", "spawner"] {
        let site = site();
        let mut nano = serve(&site);
        waits(&site);
        let ctl = begin(&nano);
        let new = successor(&nano);
        let all = descendants(nano.pid());
        signal(if whom == "nano" { nano.pid() } else { spawner(nano.pid()) }, Signal::SIGKILL);
        assert_ne!(nano.wait().code(), Some(0));
        assert_ne!(said(ctl).0, Some(0));
        gone(new);
        all.into_iter().for_each(gone);
        if whom == "nano" {
            until("its files are gone", || (!site.path("control.sock").exists()).then_some(()));
        }
    }
}

#[test]
fn the_old_nano_is_killed_when_the_new_one_serves() {
    let site = site();
    let mut command = crate::command(&site);
    // Where nothing stands in: the new one goes on.
    let manager = std::os::unix::net::UnixDatagram::bind(site.path("notify.sock")).unwrap();
    command.env("NOTIFY_SOCKET", site.path("notify.sock"));
    let mut nano = site.serve_with(command);
    let mut streaming = nano.connect();
    streaming.send_get("a.local", "/pieces").unwrap();
    streaming.receive_head().unwrap();
    upgrade(&nano);
    nano.signal(Signal::SIGKILL);
    nano.wait();
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    let new = main_pid(&nano);
    upgrade(&nano);
    gone(new);
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    signal(main_pid(&nano), Signal::SIGTERM);
    until("the files go with the last one", || (!site.path("control.sock").exists()).then_some(()));
    drop(manager);
}

#[test]
fn a_stop_in_the_middle_ends_both() {
    let site = site();
    let mut nano = serve(&site);
    waits(&site);
    let ctl = begin(&nano);
    let new = successor(&nano);
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    gone(new);
    let (code, why) = said(ctl);
    assert!(code == Some(1) && why.contains("nano is stopping"), "{code:?} {why}");
    until("no file is left", || (!site.path("control.sock").exists()).then_some(()));
}

#[test]
fn of_two_upgrades_at_once_one_is_refused_and_a_reload_waits() {
    let site = site();
    let nano = serve(&site);
    let app = fs::read_to_string(site.path("a/index.js")).unwrap();
    waits(&site);
    let ctl = begin(&nano);
    let new = successor(&nano);
    let why = refused(&nano, &[]);
    assert!(why.contains("an upgrade is under way"), "{why}");
    let mut reload = Command::new(binary("nanoctl"));
    reload.arg("--socket").arg(nano.control_socket()).arg("reload");
    let mut reload = reload.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    assert!(reload.try_wait().unwrap().is_none(), "it waits");
    site.app("a", &app);
    signal(new, Signal::SIGKILL);
    assert_eq!(said(ctl).0, Some(1));
    assert_eq!(reload.wait().unwrap().code(), Some(0));
    goes_on(&site, nano, &app);
}

#[test]
fn upgrades_in_a_quick_row_are_done_one_by_one() {
    let site = site();
    let nano = serve(&site);
    for _ in 0..6 {
        let first = begin(&nano);
        let second = finish(
            Command::new(binary("nanoctl")).arg("--socket").arg(nano.control_socket()).args(["--json", "upgrade"]),
            "",
        );
        // Either it was too early, or it asked the new one, or it came between the two.
        assert!(matches!(second.code, Some(0 | 1)), "{second:?}");
        let first = said(first);
        assert!(first.0 == Some(0) || second.code == Some(0), "{first:?} {second:?}");
        assert_eq!(nano.get("a.local", "/").text(), "hello");
    }
    end(nano);
}
