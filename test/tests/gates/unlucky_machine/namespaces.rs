//! A machine that lacks what the sandbox is made of.

use super::{serves, under};
use crate::bystander::{APP, Bystander, HOST, is_back};
use nano_test::{Nano, Site, finish, tool};
use serde_json::json;
use std::process::Command;

/// No control groups to be seen, for this process and those below it.
const NO_CGROUPS: [&str; 6] = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"", "sh"];
/// Not root, and one may have no user namespace: the limit counts this one.
const NO_USER_NAMESPACES: [&str; 6] = [
    "unshare",
    "-Ur",
    "sh",
    "-c",
    "echo 1 > /proc/sys/user/max_user_namespaces && exec unshare -U --map-user=1000 --map-group=1000 \"$@\"",
    "sh",
];

const BOMBER: &str = "export default { fetch(request) {
  if (request.method === 'GET') return new Response('calm');
  const kept = [];
  for (;;) kept.push(new Array(1000).fill(kept.length));
} };";

/// Whether the machine lets us take that away.
fn possible(wrapper: &[&str]) -> bool {
    if tool("unshare").is_none() {
        return false;
    }
    let done = finish(Command::new(wrapper[0]).args(&wrapper[1..]).arg("true"), "");
    if done.code != Some(0) {
        eprintln!("skipped: {}", done.stderr.trim());
    }
    done.code == Some(0)
}

fn site(sandbox: &str) -> Site {
    let site = Site::new();
    site.app("bystander", APP).app("bomber", BOMBER);
    site.config(json!({ "sandbox": sandbox, "apps": [
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
        { "name": "bomber", "hostname": "bomber.local", "path": "bomber", "memory_mb": 32 },
    ]}));
    site
}

/// A neighbour is a neighbour on a lesser machine, too.
fn bears_a_bomb(nano: &Nano) {
    serves(nano);
    let bystander = Bystander::of(nano);
    let answer = nano.post("bomber.local", "/", b"");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("memory_limit")), "{answer:?}");
    is_back(nano, "bomber.local", "/");
    bystander.noticed_nothing();
    nano.log.wait_for("what is in force", |record| record["message"] == "sandbox");
}

#[test]
fn without_control_groups_it_serves_and_says_what_it_lacks() {
    if !possible(&NO_CGROUPS) {
        return;
    }
    let site = site("best-effort");
    let nano = site.serve_with(under(&site, &NO_CGROUPS));
    bears_a_bomb(&nano);
    assert_lacks(&nano, &["cgroup"]);
}

#[test]
fn without_user_namespaces_and_without_root_it_serves_and_says_what_it_lacks() {
    if !possible(&NO_USER_NAMESPACES) {
        return;
    }
    let site = site("best-effort");
    let nano = site.serve_with(under(&site, &NO_USER_NAMESPACES));
    bears_a_bomb(&nano);
    assert_lacks(&nano, &["namespaces", "root", "uid"]);
}

#[test]
fn whoever_asks_for_all_of_it_is_told_what_is_missing_and_gets_nothing() {
    for (machine, missing) in [(NO_USER_NAMESPACES, "uid"), (NO_CGROUPS, "cgroup")] {
        if !possible(&machine) {
            continue;
        }
        let site = site("required");
        let end = finish(&mut under(&site, &machine), "");
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.stderr.contains("sandbox is incomplete") && end.stderr.contains(missing), "{end:?}");
        assert!(!end.stderr.contains("panicked"), "{end:?}");
    }
}

/// These layers at least are said to be missing.
fn assert_lacks(nano: &Nano, layers: &[&str]) {
    let record = nano.log.message("sandbox").unwrap();
    let lacking: Vec<&str> = record["lacking"].as_str().unwrap().split(' ').collect();
    assert!(layers.iter().all(|layer| lacking.contains(layer)), "{record}");
}
