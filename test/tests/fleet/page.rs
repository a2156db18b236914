//! The first fleet of docs/fleet.md, command by command as it stands there.

use nano_test::{Site, binary, finish, repository, tool};
use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_first_fleet_is_made_as_the_page_says() {
    let (Some(etcd), Some(haproxy), Some(curl)) = (tool("etcd"), tool("haproxy"), tool("curl")) else { return };
    let (Some(unshare), Some(_)) = (tool("unshare"), tool("ip")) else { return };
    let page = std::fs::read_to_string(repository().join("docs/fleet.md")).unwrap();
    let (_, section) = page.split_once("## A first fleet on one laptop\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let commands: Vec<&str> = section.split("```\n").skip(1).step_by(2).collect();
    assert!(commands.len() >= 2, "{section}");
    let site = Site::new();
    // Its ports are the page's, in a network of its own; its folder is the test's.
    let text = commands.concat().replace("/tmp/fleet", site.folder().to_str().unwrap());
    let more = "
        curl -sS -H 'Host: hello.local' http://127.0.0.1:8082/
        echo 'export default { fetch: () => new Response(\"second\\n\") };' > hello/index.js
        nanoctl --config node1.json deploy hello --app hello.local
        curl -sS -H 'Host: hello.local' http://127.0.0.1:8083/
        nanoctl --config node1.json rollback hello.local
        nanoctl --config node2.json drain --after 3
        curl -sS -H 'Host: hello.local' http://127.0.0.1:8080/
        kill $(jobs -p)
        wait
    ";
    site.file("all", &format!("set -e\nip link set lo up\n{text}\n{more}"));
    let folders = [binary("nano"), etcd, haproxy, curl].map(|program| program.parent().unwrap().to_owned());
    let usual = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    let path = std::env::join_paths(folders.into_iter().chain(usual)).unwrap();
    let allowed = finish(Command::new(&unshare).args(["--net", "true"]), "");
    if allowed.code != Some(0) {
        eprintln!("skipped: no network of its own: {}", allowed.stderr.trim());
        return;
    }
    let mut command = Command::new(unshare);
    command.args(["--net", "bash"]).arg(site.path("all")).current_dir(site.folder()).env("PATH", path);
    let done = finish(&mut command, "");
    let said = |text: &str| done.stdout.matches(text).count();
    for node in ["node1: ready", "node2: ready", "node3: ready"] {
        assert_eq!(said(node), 3, "{node}: {done:?}");
    }
    assert_eq!((said("hello from the fleet"), said("second")), (3, 1), "{done:?}");
}
