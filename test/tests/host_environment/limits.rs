//! Limits, and what a container takes away.

use nano_test::{Finished, Site, finish};

use super::{is_root, refused, serves, site, within};

/// What it said besides lines of the log.
fn for_people(said: &Finished) -> Vec<&str> {
    said.stderr.lines().filter(|line| !line.starts_with('{')).collect()
}

#[test]
fn what_may_be_raised_is_raised() {
    for limit in ["--as=4000000000:", "--data=50000000:", "--stack=65536:", "--nofile=32:", "--nproc=1:"] {
        serves(&site(), &["prlimit", limit]);
    }
}

#[test]
fn what_is_too_little_is_named_in_one_paragraph() {
    for (limit, name) in [
        ("--as=4000000000", "4000000000 bytes of addresses (RLIMIT_AS)"),
        ("--data=50000000", "50000000 bytes of data (RLIMIT_DATA)"),
        ("--stack=131072", "131072 bytes of stack (RLIMIT_STACK)"),
        ("--nofile=32", "32 open files (RLIMIT_NOFILE)"),
        ("--nproc=1", "1 processes and threads (RLIMIT_NPROC)"),
    ] {
        let site = site();
        let Some(said) = refused(&site, &["prlimit", limit]) else { return };
        assert_eq!((said.code, for_people(&said).len()), (Some(1), 1), "{limit}: {said:?}");
        let text = for_people(&said)[0];
        assert!(text.contains(name) && text.contains("Raise the limit (ulimit -"), "{limit}: {said:?}");
        // Also for a script, which needs no less.
        site.file("script.js", "console.log('ran')");
        let Some(mut run) = within(&site, &["prlimit", limit], "nano", &["run", "script.js"]) else { return };
        let said = finish(&mut run, "");
        assert!(said.code == Some(1) && said.stderr.contains(name), "{limit}: {said:?}");
    }
}

#[test]
fn what_is_said_to_be_enough_is_enough() {
    let enough = ["--as=68719476736", "--data=1073741824", "--stack=4194304", "--nofile=64"];
    serves(&site(), &[&["prlimit"], enough.as_slice()].concat());
}

#[test]
fn a_limit_that_is_reached_later_is_named_too() {
    if !is_root("a limit of another user's processes") {
        return;
    }
    // Nano becomes another user, of whom there are as many processes as there may be: its first thread is one too many.
    let site = Site::new();
    site.app("a", super::APP);
    let config = |uid_base: u32| serde_json::json!({ "sandbox": "best-effort", "uid_base": uid_base, "apps": [super::app("a")] });
    site.config(config(1_700_000));
    let user = 1_700_000 + 65_535;
    let Some(setpriv) = nano_test::tool("setpriv") else { return };
    let mut sleepers: Vec<_> = (0..16)
        .map(|_| {
            let mut command = std::process::Command::new(&setpriv);
            command.args([&format!("--reuid={user}"), "--clear-groups", "sleep", "600"]);
            command.spawn().unwrap()
        })
        .collect();
    nano_test::until("all of them are that user's", || {
        let is_the_users = |pid: u32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.contains(&format!("Uid:\t{user}\t"))
        };
        sleepers.iter().all(|sleeper| is_the_users(sleeper.id())).then_some(())
    });
    let said = refused(&site, &["prlimit", "--nproc=16"]);
    for sleeper in &mut sleepers {
        let _ = sleeper.kill();
        let _ = sleeper.wait();
    }
    let Some(said) = said else { return };
    let last = said.stderr.lines().last().unwrap_or_default();
    assert!(said.code == Some(1) && last.contains("RLIMIT_NPROC") && last.contains("(16;"), "{said:?}");
}

#[test]
fn where_nano_may_not_change_users_no_worker_keeps_a_right_for_it() {
    if !is_root("rights that root lacks") {
        return;
    }
    for lacking in ["-setuid", "-setgid", "-setuid,-setgid"] {
        let site = Site::new();
        site.app("a", super::APP);
        let mut app = super::app("a");
        app["start"] = "on-demand".into();
        site.config(serde_json::json!({ "sandbox": "best-effort", "apps": [app] }));
        let outer = ["setpriv", &format!("--bounding-set={lacking}")];
        let Some(command) = super::within(&site, &outer, "nano", &super::SERVE) else { return };
        let nano = site.serve_with(command);
        nano_test::until("a spare", || nano.spares().first().copied());
        assert_eq!(nano.get("a.local", "/").text(), "hello", "{lacking}");
        let pid = nano.pid_of("a");
        for thread in nano_test::process::waits(pid).into_keys() {
            let status = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/status")).unwrap();
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                assert!(status.contains(&format!("{set}:\t0000000000000000\n")), "{lacking}: {set} in\n{status}");
            }
        }
    }
}

#[test]
fn where_clone3_is_refused() {
    for error in [1, 38] {
        serves(&site(), &["refuse_calls", &format!("clone3={error}")]);
    }
    let site = site();
    site.file("script.js", "console.log('ran')");
    let Some(mut run) = within(&site, &["refuse_calls", "clone3=1"], "nano", &["run", "script.js"]) else { return };
    let said = finish(&mut run, "");
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "ran\n"), "{said:?}");
}

#[test]
fn where_other_calls_are_refused() {
    // Kernels and profiles from before there were these calls.
    serves(&site(), &["refuse_calls", "close_range=38,openat2=38,pidfd_open=38"]);
    serves(&site(), &["refuse_calls", "close_range=1,openat2=1,pidfd_open=1"]);
}

#[test]
fn where_there_is_no_dev_null() {
    if is_root("an empty /dev") {
        serves(&site(), &["unshare", "-m", "sh", "-c", "mount -t tmpfs none /dev && exec \"$@\"", "sh"]);
    }
}

#[test]
fn where_there_is_no_proc() {
    if !is_root("an empty /proc") {
        return;
    }
    let outer = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"];
    serves(&site(), &outer);
    // What holds cannot be seen there.
    let site = Site::new();
    site.app("a", super::APP);
    site.config(serde_json::json!({ "sandbox": "required", "apps": [super::app("a")] }));
    let Some(said) = refused(&site, &outer) else { return };
    assert!(said.code == Some(1) && said.stderr.contains("/proc is not mounted"), "{said:?}");
    assert_eq!(for_people(&said).len(), 1, "{said:?}");
}

#[test]
fn what_else_a_parent_may_have_left() {
    serves(&site(), &["sh", "-c", "umask 0777; exec \"$@\"", "sh"]);
    serves(&site(), &["sh", "-c", "exec \"$@\" <&- >&-", "sh"]);
    serves(&site(), &["env", "-u", "HOME", "-u", "PATH", "TMPDIR=/nonexistent"]);
    serves(&site(), &["prlimit", "--stack=unlimited", "--core=unlimited", "--memlock=0"]);
    if is_root("hidden processes") {
        let mount = "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"";
        serves(&site(), &["unshare", "-m", "sh", "-c", mount, "sh"]);
    }
    // A directory that is gone by the time that nano runs.
    let site = site();
    std::fs::create_dir(site.path("gone")).unwrap();
    let config = site.config_path();
    let shell = "cd gone && rmdir ../gone && exec \"$@\"";
    let arguments = ["serve", "--config", config.to_str().unwrap()];
    let Some(command) = within(&site, &["sh", "-c", shell, "sh"], "nano", &arguments) else { return };
    let nano = site.serve_with(command);
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
}
