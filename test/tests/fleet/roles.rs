//! etcd with users and roles as docs/fleet.md gives them: what nodes, leaders and deployers may, and may not.

use crate::{agent, await_connected, code};
use nano_test::{Etcd, Finished, Nano, Site, finish, repository, tool, until};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const USERS: [(&str, &str); 4] = [("root", "root"), ("node", "node"), ("leader", "leader"), ("shop", "team-shop")];

/// Runs the page's commands, adds a user for each role, and has etcd ask for them.
fn guarded(etcd: &Etcd) {
    let page = std::fs::read_to_string(repository().join("docs/fleet.md")).unwrap();
    let block = page.split("```\n").find(|block| block.starts_with("etcdctl role add node\n")).unwrap();
    let mut shell = Command::new("sh");
    let directory = tool("etcdctl").unwrap().parent().unwrap().to_owned();
    let path = std::env::join_paths([directory, PathBuf::from("/usr/bin"), PathBuf::from("/bin")]).unwrap();
    shell.args(["-e", "-c", block]).env("PATH", path);
    shell.env("ETCDCTL_API", "3").env("ETCDCTL_ENDPOINTS", etcd.endpoint());
    let done = finish(&mut shell, "");
    assert_eq!(done.code, Some(0), "{done:?}");
    for (user, role) in USERS {
        for command in [vec!["user", "add", &format!("{user}:{user}-word")], vec!["user", "grant-role", user, role]] {
            let done = etcd.ctl(&command, "");
            // The role root is there from the beginning.
            assert_eq!(done.code, Some(0), "{command:?} {done:?}");
        }
    }
    assert_eq!(etcd.ctl(&["auth", "enable"], "").code, Some(0));
}

fn node(etcd: &Etcd, name: &str, user: &str) -> (Site, Nano) {
    let site = Site::new();
    site.file("word", &format!("{user}-word\n"));
    let user = json!({ "name": user, "password_file": "word" });
    site.config(json!({
        "fleet": { "endpoints": [etcd.endpoint()], "node": name, "prefix": "/nano/prod", "user": user },
        "state_dir": "state",
    }));
    let nano = site.serve();
    await_connected(&nano);
    (site, nano)
}

fn nanoctl(etcd: &Etcd, user: &str, arguments: &[&str]) -> Finished {
    let site = Site::new();
    site.file("word", &format!("{user}-word"));
    let word = site.path("word");
    let as_user = ["--prefix", "/nano/prod", "--user", user, "--password-file", word.to_str().unwrap()];
    etcd.nanoctl(&[arguments, &as_user].concat())
}

fn deploy(etcd: &Etcd, user: &str, app: &str, word: &str, more: &[&str]) -> Finished {
    let site = Site::new();
    site.app("code", &code(word));
    nanoctl(etcd, user, &[&["deploy", site.path("code").to_str().unwrap(), "--app", app], more].concat())
}

#[test]
fn each_does_what_its_role_allows() {
    let Some(etcd) = Etcd::start() else { return };
    guarded(&etcd);
    let (_follower, one) = node(&etcd, "one", "node");
    let (_leading, other) = node(&etcd, "other", "leader");
    let rollout = r#"rollout={"steps": ["1", "100%"], "pause_s": 1}"#;
    let first = deploy(&etcd, "shop", "shop.local", "old", &["--set", rollout]);
    assert_eq!(first.code, Some(0), "{first:?}");
    // The rollout is led by the one node that may.
    let second = deploy(&etcd, "shop", "shop.local", "new", &[]);
    assert_eq!(second.code, Some(0), "{second:?}");
    for nano in [&one, &other] {
        assert_eq!(nano.get("shop.local", "/").text(), "new");
    }
    let history = nanoctl(&etcd, "shop", &["--json", "history", "shop.local"]);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    assert_eq!(history["generations"][1]["ended"]["how"], "done", "{history}");
    // What is another's.
    let foreign = deploy(&etcd, "shop", "blog.local", "mine", &[]);
    assert!(foreign.code == Some(1) && foreign.stderr.contains("permission denied"), "{foreign:?}");
    let as_user = |user: &str, key: &str| {
        etcd.ctl(&["--user", &format!("{user}:{user}-word"), "put", &format!("/nano/prod/{key}"), "x"], "").code
    };
    for key in
        ["apps/blog.local", "rollouts/blog.local", "history/blog.local/1", "secrets/key", "nodes/one", "leader/x"]
    {
        assert_eq!(as_user("shop", key), Some(1), "a deployer: {key}");
    }
    for key in ["apps/shop.local", "rollouts/shop.local", "history/shop.local/1", "secrets/key", "leader/x"] {
        assert_eq!(as_user("node", key), Some(1), "a node: {key}");
    }
    for user in ["node", "leader"] {
        assert_eq!(as_user(user, "crons/shop.local/x"), Some(0), "{user}: which crons it runs");
    }
    assert_eq!(as_user("shop", "crons/shop.local/x"), Some(1), "a deployer: the nodes' crons");
    for key in ["bundles/x", "secrets/key"] {
        assert_eq!(as_user("leader", key), Some(1), "a leader: {key}");
    }
    // Nobody without a name, and a token that is old is made anew.
    let nobody = etcd.nanoctl(&["fleet", "status", "--prefix", "/nano/prod"]);
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(until("its agent", || agent(&one)) > 0);
}

#[test]
fn without_a_node_that_may_lead_a_rollout_stays_where_it_is() {
    let Some(etcd) = Etcd::start() else { return };
    guarded(&etcd);
    let (_site, nano) = node(&etcd, "one", "node");
    let rollout = r#"rollout={"steps": ["1", "100%"], "pause_s": 0}"#;
    assert_eq!(deploy(&etcd, "shop", "shop.local", "old", &["--set", rollout]).code, Some(0));
    let begun = deploy(&etcd, "shop", "shop.local", "new", &["--timeout", "4"]);
    assert_eq!(begun.code, Some(1), "{begun:?}");
    assert!(begun.stdout.contains("not begun"), "{begun:?}");
    assert_eq!(nano.get("shop.local", "/").text(), "old");
    assert_eq!(nanoctl(&etcd, "shop", &["rollout", "abort", "shop.local"]).code, Some(0));
}
