//! What workers are locked into, seen from outside: as root, and as a user without rights.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Finished, Nano, Site, binary, finish, repository, tool, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

const APP: &str = "export default { fetch: () => new Response('hello') };";

/// Every layer that exists.
const LAYERS: [&str; 10] = [
    "cgroup",
    "namespaces",
    "root",
    "uid",
    "capabilities",
    "no_new_privs",
    "undumpable",
    "rlimits",
    "landlock",
    "seccomp",
];

/// A user without rights, when the tests run as root.
const NOBODY: u32 = 65_534;

fn two_apps(policy: Option<&str>) -> Site {
    let site = Site::new();
    site.app("a", APP).app("b", APP);
    let mut config = json!({ "apps": [
        { "name": "a", "hostname": "a.local", "path": "a", "workers": 2 },
        { "name": "b", "hostname": "b.local", "path": "b" },
    ] });
    if let Some(policy) = policy {
        config["sandbox"] = policy.into();
    }
    site.config(config);
    site
}

/// `nano` as a user without rights, from where that user may execute it.
fn unprivileged(site: &Site, arguments: &[&str]) -> Command {
    let mut command = site.command("nano", arguments);
    if geteuid().is_root() {
        chown(site.folder(), Some(NOBODY), Some(NOBODY)).unwrap();
        fs::set_permissions(site.folder(), Permissions::from_mode(0o755)).unwrap();
        for program in ["nano", "nano-worker"] {
            let (from, to) = (binary(program), site.path(program));
            if !to.exists() && fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to).unwrap();
            }
        }
        command = Command::new(site.path("nano"));
        command.args(arguments).env_clear().current_dir(site.folder()).uid(NOBODY).gid(NOBODY);
    }
    command
}

/// `nano serve` as a user without rights, where no user may make user namespaces. Needs root and util-linux.
fn without_user_namespaces(site: &Site) -> Option<Command> {
    let unshare = tool("unshare")?;
    let setpriv = tool("setpriv")?;
    drop(unprivileged(site, &[]));
    // A user namespace in which there may be no other, and in it the user without rights. Somebody outside must say who is
    // who in it; whoever is executed after that and is root there has root's rights there.
    let script = r#"
        own=$$
        {
            while [ "$(readlink /proc/$own/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do :; done
            echo 0 0 70000 > /proc/$own/uid_map
            echo 0 0 70000 > /proc/$own/gid_map
        } &
        exec UNSHARE --user /bin/sh -c '
            while ! read first rest < /proc/self/gid_map || ! [ "$first" = 0 ]; do :; done
            exec /bin/sh -c "echo 0 > /proc/sys/user/max_user_namespaces && exec NANO"
        '
    "#;
    let nano = format!(
        "{} --reuid={NOBODY} --regid={NOBODY} --clear-groups ./nano serve --config nano.json",
        setpriv.display()
    );
    let script = script.replace("UNSHARE", &unshare.display().to_string()).replace("NANO", &nano);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]);
    command.current_dir(site.folder()).env_clear();
    Some(command)
}

/// A field of the status of each thread of a process.
fn status(pid: i32, field: &str) -> BTreeSet<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let value = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("status")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("the field");
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    threads.map(|thread| value(thread.unwrap().path())).collect()
}

fn one(value: &str) -> BTreeSet<String> {
    BTreeSet::from([value.to_owned()])
}

/// What holds for every user who runs nano.
fn assert_locked_up(pid: i32) {
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(pid, set), one("0000000000000000"), "{set}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), one("1"));
    assert_eq!(status(pid, "Seccomp"), one("2"));
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    for (limit, values) in [("Max open files", "256 256"), ("Max processes", "0 0"), ("Max file size", "0 0")] {
        let line = limits.lines().find_map(|line| line.strip_prefix(limit)).unwrap();
        assert!(line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(values), "{limit}{line}");
    }
}

/// What each app's `sandbox` in `nanoctl apps --json` says.
fn layers(nano: &Nano) -> Vec<Value> {
    nano.ctl_json(&["apps"])["apps"].as_array().unwrap().iter().map(|app| app["sandbox"].clone()).collect()
}

#[test]
fn each_app_has_a_user_of_its_own_when_nano_is_root() {
    if !geteuid().is_root() {
        return;
    }
    let nano = two_apps(None).serve();
    let users = |app: &str| {
        let pids = nano.pids(app);
        pids.iter().flat_map(|pid| status(*pid, "Uid").into_iter().chain(status(*pid, "Gid"))).collect::<BTreeSet<_>>()
    };
    let (a, b) = (users("a"), users("b"));
    assert!(a.len() == 1 && b.len() == 1 && a != b, "{a:?} {b:?}");
    for all in [&a, &b] {
        let uids: BTreeSet<u32> = all.first().unwrap().split(' ').map(|uid| uid.parse().unwrap()).collect();
        assert!(uids.len() == 1 && (60_000..61_184).contains(uids.first().unwrap()), "{uids:?}");
    }
    for pid in nano.pids("a").into_iter().chain(nano.pids("b")) {
        assert_locked_up(pid);
        assert_eq!(status(pid, "Groups"), one(""));
        assert_eq!(status(pid, "CapBnd"), one("0000000000000000"), "nano drops it before it starts anything");
    }
    // It stays an app's, over restarts.
    assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0));
    assert_eq!(users("a"), a);
}

#[test]
fn a_worker_holds_its_own_sockets_and_nothing_that_nano_was_started_with() {
    let site = two_apps(None);
    site.file("secret", "for nano alone");
    let nano = binary("nano");
    let script = format!("exec 9<secret 7<>secret; exec {} serve --config nano.json", nano.display());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]).current_dir(site.folder()).env_clear();
    let nano = site.serve_with(command);
    let pid = nano.pid_of("b");
    let folder = format!("/proc/{pid}/fd");
    if !geteuid().is_root() {
        let refused = fs::read_dir(folder).map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied, "a worker is not dumpable");
        return;
    }
    let supervisors = format!("/proc/{}/fd/9", nano.pid());
    assert!(fs::read_link(supervisors).unwrap().ends_with("secret"), "nano did inherit it");
    let open: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), fs::read_link(entry.path()).unwrap().display().to_string())
        })
        .collect();
    for (number, target) in &open {
        let fine = match number.as_str() {
            "1" => target == "/dev/null",
            "2" => target.starts_with("pipe:"),
            _ => target.starts_with("socket:") || target == "anon_inode:[eventfd]",
        };
        assert!(fine, "{number} is {target}: {open:?}");
    }
    assert!((5..=8).contains(&open.len()), "{open:?}");
}

#[test]
fn every_layer_is_told_everywhere() {
    let nano = two_apps(Some("best-effort")).serve();
    let root = geteuid().is_root();
    let in_force = |layer: &str| root || !["cgroup", "uid"].contains(&layer);
    for app in layers(&nano) {
        let all: BTreeSet<&str> = app.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(all, BTreeSet::from(LAYERS));
        for layer in LAYERS {
            assert_eq!(app[layer], json!(in_force(layer)), "{layer}");
        }
    }
    let metrics = nano.metrics();
    for layer in LAYERS {
        let expected = if in_force(layer) { 1.0 } else { 0.0 };
        assert_eq!(metrics.get("nano_worker_sandbox", &[("app", "a"), ("layer", layer)]), Some(expected), "{layer}");
    }
    let status = nano.ctl_json(&["status"]);
    assert_eq!(status["sandbox"]["policy"], "best-effort");
    assert_eq!(status["sandbox"]["layers"]["landlock"], json!(true));
    assert_eq!(status["sandbox"]["layers"]["uid"], json!(root));
    let shown = nano.ctl(&["status"]).stdout;
    assert!(
        shown
            .lines()
            .any(|line| line.starts_with("sandbox") && line.contains("best-effort: ") && line.contains("seccomp")),
        "{shown}"
    );
    let said = nano.log.message("sandbox").unwrap();
    assert_eq!(said["policy"], "best-effort");
    assert!(said["in_force"].as_str().unwrap().ends_with("rlimits landlock seccomp"), "{said}");
}

#[test]
fn a_worker_has_namespaces_of_its_own_and_a_root_directory_without_files() {
    let site = two_apps(Some("best-effort"));
    for by_root in [true, false] {
        let nano = match by_root {
            true => site.serve(),
            false => site.serve_with(unprivileged(&site, &["serve", "--config", "nano.json"])),
        };
        let workers = [nano.pids("a"), nano.pids("b")].concat();
        assert_eq!(workers.len(), 3);
        if !geteuid().is_root() {
            // Only its spawner may look there; that it did is in the layers' states.
            continue;
        }
        for namespace in ["mnt", "pid", "net", "ipc", "uts", "cgroup"] {
            let link = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/{namespace}")).unwrap();
            let all: BTreeSet<_> = workers.iter().map(|pid| link(*pid)).chain([link(nano.pid())]).collect();
            assert_eq!(all.len(), 4, "{namespace}: {all:?}");
        }
        for pid in workers {
            assert_eq!(fs::read_dir(format!("/proc/{pid}/root/")).unwrap().count(), 0);
            let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap();
            assert!(mounts.lines().count() == 1 && mounts.contains(" / / ro,nosuid,nodev,noexec,"), "{mounts}");
            assert!(status(pid, "NSpid").iter().all(|pids| pids.split(' ').count() == 2), "by another number inside");
            assert_eq!(status(pid, "CapBnd"), one("0000000000000000"));
            // No network but a loopback device that is down.
            let devices = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap();
            assert!(devices.lines().skip(2).all(|line| line.trim_start().starts_with("lo:")), "{devices}");
        }
    }
}

#[test]
fn the_supervisor_is_not_root_after_its_start() {
    let site = two_apps(None);
    let nano = site.serve();
    // Threads that come later, too.
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    let pid = nano.pid();
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(pid, set), one("0000000000000000"), "{set}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), one("1"));
    if !geteuid().is_root() {
        return;
    }
    assert_eq!(status(pid, "CapBnd"), one("0000000000000000"));
    assert_eq!(status(pid, "Groups"), one(""));
    let named = nix::unistd::User::from_name("nano").unwrap();
    let uid = named.as_ref().map_or(61_183, |user| user.uid.as_raw());
    let gid = named.as_ref().map_or(61_183, |user| user.gid.as_raw());
    assert_eq!(status(pid, "Uid"), one(&[uid.to_string().as_str(); 4].join(" ")));
    assert_eq!(status(pid, "Gid"), one(&[gid.to_string().as_str(); 4].join(" ")));
    assert!(status(pid, "Uid").len() == 1 && fs::read_dir(format!("/proc/{pid}/task")).unwrap().count() > 2);
    assert_eq!(nix::sys::stat::stat(format!("/proc/{pid}/status").as_str()).unwrap().st_uid, 0, "it is not dumpable");
    // What it needs of root it asks of the spawner: a configuration and code that only root can read.
    let private = |path: &str| fs::set_permissions(site.path(path), Permissions::from_mode(0o600)).unwrap();
    let before = nano.pids("b");
    site.app("a", "export default { fetch: () => new Response('changed') };");
    private("a/index.js");
    private("nano.json");
    fs::set_permissions(site.path("a"), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "changed");
    assert_eq!(nano.pids("b"), before);
    assert_eq!(nano.ctl(&["restart", "b"]).code, Some(0));
    assert_ne!(nano.pids("b"), before);
    // And its socket's file goes in a directory where it may not write.
    let mut nano = nano;
    assert!(nano.control_socket().exists());
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    assert!(!nano.control_socket().exists());
}

#[test]
fn the_units_capabilities_are_enough() {
    if !geteuid().is_root() {
        return;
    }
    let Some(setpriv) = tool("setpriv") else { return };
    let unit = fs::read_to_string(repository().join("deploy/nano.service")).unwrap();
    let lines = unit.lines().filter_map(|line| line.strip_prefix("CapabilityBoundingSet="));
    let all: Vec<_> = lines.flat_map(|line| line.split(' ')).map(|name| name[4..].to_lowercase()).collect();
    let serve = |capabilities: &[String]| {
        let set = capabilities.iter().fold("-all".to_owned(), |set, name| format!("{set},+{name}"));
        let mut command = Command::new(&setpriv);
        command.args(["--no-new-privs", "--bounding-set", &set]).arg(binary("nano"));
        command.args(["serve", "--config", "nano.json"]);
        command
    };
    let site = two_apps(None);
    let mut command = serve(&all);
    command.current_dir(site.folder()).env_clear();
    let nano = site.serve_with(command);
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    for app in layers(&nano) {
        assert!(LAYERS.iter().all(|layer| app[layer] == json!(true)), "{app}");
    }
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0));
    drop(nano);
    // The control: without the one that makes namespaces it does not start, and says why.
    let fewer: Vec<_> = all.into_iter().filter(|name| name != "sys_admin").collect();
    let refused = finish(serve(&fewer).current_dir(site.folder()).env_clear(), "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("nano lacks CAP_SYS_ADMIN"), "{refused:?}");
}

#[test]
fn a_supervisor_that_is_killed_leaves_no_socket() {
    let mut nano = two_apps(None).serve();
    assert!(nano.control_socket().exists());
    nano.signal(Signal::SIGKILL);
    nano.wait();
    until("the spawner has cleared up", || (!nano.control_socket().exists()).then_some(()));
}

#[test]
fn where_user_namespaces_are_switched_off_two_layers_are_missing_and_the_reason_is_said() {
    if !geteuid().is_root() {
        return;
    }
    let site = two_apps(None);
    let Some(command) = without_user_namespaces(&site) else { return };
    let nano = site.serve_with(command);
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    for app in layers(&nano) {
        for layer in LAYERS {
            assert_eq!(app[layer], json!(!["cgroup", "uid", "namespaces", "root"].contains(&layer)), "{layer}");
        }
    }
    for pid in nano.pids("a") {
        assert_locked_up(pid);
        let own = |process: i32| fs::read_link(format!("/proc/{process}/ns/mnt")).unwrap();
        assert_eq!(own(pid), own(nano.pid()));
    }
    let told = nano.log.wait_for("what is missing", |record| record["lacking"].is_string() && record["app"] == "a");
    let lacking = told["lacking"].as_str().unwrap();
    assert!(lacking.contains("a limit in /proc/sys/user is reached or 0"), "{lacking}");
    assert!(lacking.contains("root (it needs namespaces)"), "{lacking}");
    assert_eq!(nano.metrics().get("nano_worker_sandbox", &[("app", "a"), ("layer", "namespaces")]), Some(0.0));
    // It can still do all it must.
    let before = nano.pid_of("b");
    assert_eq!(nano.ctl(&["restart", "b"]).code, Some(0));
    until("the old one is gone", || (!std::path::Path::new(&format!("/proc/{before}")).exists()).then_some(()));
}

/// What holds for whom, as `docs/sandbox.md` says; `NANO_UPDATE_TABLE=1` writes it anew.
#[test]
fn the_table_of_what_holds_for_whom_is_true() {
    if !geteuid().is_root() {
        return;
    }
    let (begin, end) = ("<!-- generated: layers -->\n", "<!-- /generated -->");
    let by_root = two_apps(Some("best-effort"));
    let by_user = two_apps(None);
    let without = two_apps(None);
    let Some(command) = without_user_namespaces(&without) else { return };
    let nanos = [
        by_root.serve(),
        by_user.serve_with(unprivileged(&by_user, &["serve", "--config", "nano.json"])),
        without.serve_with(command),
    ];
    let states = nanos.each_ref().map(|nano| layers(nano).remove(0));
    let mut table = String::from(
        "| layer | nano as root | nano as another user | the same, where user namespaces are switched off |\n",
    );
    table.push_str("|---|---|---|---|\n");
    for layer in LAYERS {
        let cells = states.each_ref().map(|state| if state[layer] == json!(true) { "yes" } else { "no" });
        table.push_str(&format!("| `{layer}` | {} |\n", cells.join(" | ")));
    }
    let path = repository().join("docs/sandbox.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(begin).unwrap();
    let (documented, after) = rest.split_once(end).unwrap();
    if std::env::var_os("NANO_UPDATE_TABLE").is_some() {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(documented, table, "docs/sandbox.md (left) and what holds (right); NANO_UPDATE_TABLE=1 writes it anew");
}

#[test]
fn without_rights_everything_but_the_user_is_there_and_it_is_said_once() {
    let site = two_apps(None);
    let nano = site.serve_with(unprivileged(&site, &["serve", "--config", "nano.json"]));
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    for app in layers(&nano) {
        for layer in LAYERS {
            assert_eq!(app[layer], json!(!["cgroup", "uid"].contains(&layer)), "{layer}");
        }
    }
    for pid in nano.pids("a") {
        assert_locked_up(pid);
    }
    let incomplete = |app: &str| {
        let records = nano.log.records();
        let about = records.iter().filter(|record| record["app"] == app && record["lacking"].is_string());
        about.map(|record| record["lacking"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let [said] = <[String; 1]>::try_from(incomplete("a")).unwrap();
    assert!(said.contains("uid (nano does not run as root)"), "{said}");
    assert!(said.contains("cgroup (cgroup v2: ") && said.contains("every 100 ms instead, which is weaker)"), "{said}");
    // The supervisor can do what it must: see them, kill them, be rid of them.
    let before = nano.pid_of("b");
    assert!(nano.metrics().get("nano_worker_resident_bytes", &[("app", "b")]).unwrap() > 1e6);
    until("CPU time that the kernel counted", || {
        nano.get("b.local", "/");
        nano.metrics().get("nano_worker_cpu_seconds_total", &[("app", "b")]).filter(|seconds| *seconds > 0.0)
    });
    kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
    until("another worker", || Some(nano.pids("b")).filter(|pids| !pids.is_empty() && pids[0] != before));
    let (old, restarted) = (nano.pids("a"), nano.ctl(&["restart", "a"]));
    assert_eq!(restarted.code, Some(0), "{restarted:?}");
    until("the old ones are gone", || {
        let gone = |pid: &i32| !std::path::Path::new(&format!("/proc/{pid}")).exists();
        old.iter().all(gone).then_some(())
    });
    assert_eq!(incomplete("a").len(), 1);
}

#[test]
fn a_sandbox_that_is_required_and_cannot_be_had_is_named_at_start_and_check() {
    let site = two_apps(Some("required"));
    let expected = |what: &Finished| {
        assert_eq!(what.code, Some(1), "{what:?}");
        for part in [
            "app \"a\" cannot be started",
            "its sandbox is incomplete",
            "uid (nano does not run as root)",
            "best-effort",
        ] {
            assert!(what.stderr.contains(part), "{part:?} is not in {}", what.stderr);
        }
    };
    expected(&finish(&mut unprivileged(&site, &["serve", "--config", "nano.json"]), ""));
    expected(&finish(&mut unprivileged(&site, &["check", "nano.json"]), ""));
}
