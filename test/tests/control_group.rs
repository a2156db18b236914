//! `control_group`: its members use the control socket as its owner does, and others are told what would help.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use nano_test::{Finished, Nano, Site, app_path, finish, tool};
use serde_json::json;

/// Any number: a group needs no name.
const GROUP: u32 = 54_321;

fn open(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// `nanoctl` as another user, who is in these groups.
struct Other {
    setpriv: PathBuf,
    program: Site,
}

impl Other {
    /// `None`: only root can be another user.
    fn new() -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            return None;
        }
        let program = Site::new();
        open(program.folder());
        // The build may lie where that user cannot read.
        let copy = program.path("nanoctl");
        std::fs::copy(nano_test::binary("nanoctl"), &copy).unwrap();
        open(&copy);
        Some(Self { setpriv: tool("setpriv")?, program })
    }

    fn ctl(&self, nano: &Nano, groups: &str, words: &[&str]) -> Finished {
        let mut command = Command::new(&self.setpriv);
        command.args(["--reuid=65534", "--regid=65534"]).arg(groups).arg(self.program.path("nanoctl"));
        finish(command.arg("--socket").arg(nano.control_socket()).args(words).current_dir("/"), "")
    }
}

fn serve() -> (Site, Nano) {
    let site = Site::new();
    site.config(json!({
        "control_group": GROUP.to_string(),
        "apps": [{ "name": "a", "hostname": "a.local", "path": app_path("faults") }],
    }));
    open(site.folder());
    let nano = site.serve();
    (site, nano)
}

#[test]
fn members_use_the_socket_and_others_are_told_who_may() {
    let Some(other) = Other::new() else { return };
    let (_site, nano) = serve();
    let socket = std::fs::metadata(nano.control_socket()).unwrap();
    assert_eq!((socket.mode() & 0o777, socket.gid()), (0o660, GROUP));

    let member = format!("--groups=1,{GROUP}");
    let apps = other.ctl(&nano, &member, &["apps"]);
    assert!(apps.code == Some(0) && apps.stdout.contains("a.local"), "{apps:?}");
    let before = nano.pid_of("a");
    let restarted = other.ctl(&nano, &member, &["restart", "a"]);
    assert_eq!(restarted.code, Some(0), "{restarted:?}");
    assert_ne!(nano.pid_of("a"), before);

    // The kernel keeps others out.
    let stranger = other.ctl(&nano, "--clear-groups", &["apps"]);
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    let told = format!("permission denied: it is for uid 0 and the group {GROUP}");
    assert!(stranger.stderr.contains(&told), "{stranger:?}");
    // So does nano, were the file's mode to be opened.
    std::fs::set_permissions(nano.control_socket(), Permissions::from_mode(0o666)).unwrap();
    let stranger = other.ctl(&nano, "--groups=1,2", &["apps"]);
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    assert!(
        stranger.stderr.contains("you are uid 65534") && stranger.stderr.contains("become a member"),
        "{stranger:?}"
    );
    assert_eq!(other.ctl(&nano, &member, &["apps"]).code, Some(0));
}

#[test]
fn a_group_that_is_not_there_and_a_change_of_it_are_refused() {
    let site = Site::new();
    let apps = json!([{ "name": "a", "hostname": "a.local", "path": app_path("faults") }]);
    site.config(json!({ "control_group": "no-such-group", "apps": apps }));
    let refused = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("there is no group \"no-such-group\" on this machine"), "{refused:?}");

    let own = nix::unistd::getegid().to_string();
    site.config(json!({ "control_group": own, "apps": apps }));
    let nano = site.serve();
    assert_eq!(nano.ctl_json(&["status"])["control_group"], own.as_str());
    site.config(json!({ "apps": apps }));
    let reload = nano.ctl(&["reload"]);
    assert!(reload.code == Some(1) && reload.stderr.contains("control_group"), "{reload:?}");
}
