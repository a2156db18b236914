//! `watch`: links and directories on the way to an app, what cannot be watched, and what is none of an app's modules.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::Duration;

use nano_test::{Nano, Site, until};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::{SERVE, is_root, within};

fn answering(text: &str) -> String {
    format!("import './lib/a.js'; export default {{ fetch: () => new Response({text:?} + globalThis.a) }};")
}

/// Two releases and links to the first: `current → latest → releases/7`.
fn site(path: &str) -> Site {
    let site = Site::new();
    for release in ["7", "8"] {
        site.app(&format!("releases/{release}"), &answering(release));
        site.file(&format!("releases/{release}/lib/a.js"), "globalThis.a = '';");
        site.app(
            &format!("releases/{release}/below"),
            &format!("export default {{ fetch: () => new Response('{release}') }};"),
        );
    }
    symlink("releases/7", site.path("latest")).unwrap();
    symlink("latest", site.path("current")).unwrap();
    site.config(config(path));
    site
}

fn config(path: &str) -> Value {
    json!({ "watch": true, "sandbox": "best-effort", "apps": [{ "name": "a", "hostname": "a.local", "path": path }] })
}

/// In one step, as `ln -sfn` with `mv -T`.
fn link(site: &Site, name: &str, target: &str) {
    let fresh = site.path("fresh link");
    symlink(target, &fresh).unwrap();
    fs::rename(fresh, site.path(name)).unwrap();
}

fn serves(nano: &Nano, text: &str) {
    until(&format!("{text:?} is served"), || (nano.get("a.local", "/").text() == text).then_some(()));
}

fn failures(nano: &Nano) -> f64 {
    nano.metrics().get("nano_config_reloads_total", &[("result", "failure")]).unwrap_or(0.0)
}

#[test]
fn a_link_on_the_way_to_an_app_is_swapped() {
    for (path, name) in [
        // Itself, below it a directory, below it a file, and the inner link of the chain.
        ("current", "current"),
        ("current/below", "current"),
        ("current/below/index.js", "current"),
        ("current", "latest"),
        ("current/index.js", "latest"),
    ] {
        let site = site(path);
        let nano = site.serve();
        serves(&nano, "7");
        link(&site, name, "releases/8");
        serves(&nano, "8");
        // The way back is watched as the way there was.
        link(&site, name, "releases/7");
        serves(&nano, "7");
        assert_eq!(failures(&nano), 0.0, "{path}");
    }
}

#[test]
fn a_directory_above_an_app_is_another_now() {
    let site = site("releases/7/below");
    let nano = site.serve();
    serves(&nano, "7");
    fs::rename(site.path("releases"), site.path("old")).unwrap();
    nano.await_metric("nano_config_reloads_total", &[("result", "failure")], 1.0);
    assert_eq!(nano.get("a.local", "/").text(), "7", "the old version serves on");
    site.app("releases/7/below", "export default { fetch: () => new Response('new') };");
    serves(&nano, "new");
}

#[test]
fn a_link_that_leads_nowhere_leaves_the_old_version_and_is_named() {
    let site = site("current");
    let nano = site.serve();
    link(&site, "latest", "releases/9");
    let line = nano.log.wait_for_text("reload failed");
    assert!(line.contains("current is a link that leads nowhere"), "{line}");
    assert_eq!(nano.get("a.local", "/").text(), "7");
    // In a circle it leads nowhere, too: no change.
    link(&site, "latest", "current");
    assert_eq!(nano.get("a.local", "/").text(), "7");
    site.file("releases/9/lib/a.js", "globalThis.a = '';").app("releases/9", &answering("9"));
    link(&site, "latest", "releases/9");
    serves(&nano, "9");
}

#[test]
fn a_file_behind_links_is_swapped_as_kubernetes_does() {
    let site = site("current");
    for (version, release) in [("..1", "7"), ("..2", "8")] {
        site.config(config(&format!("../releases/{release}")));
        fs::create_dir_all(site.path("map").join(version)).unwrap();
        fs::rename(site.config_path(), site.path("map").join(version).join("nano.json")).unwrap();
    }
    symlink("..1", site.path("map/..data")).unwrap();
    symlink("..data/nano.json", site.path("map/nano.json")).unwrap();
    let nano = site.serve_with(site.command("nano", &["serve", "--config", "map/nano.json"]));
    serves(&nano, "7");
    for (version, release) in [("..2", "8"), ("..1", "7"), ("..2", "8")] {
        link(&site, "map/..data", version);
        serves(&nano, release);
    }
}

#[test]
fn what_an_app_does_not_import_is_nothing_to_it() {
    let site = site("releases/7");
    let nano = site.serve();
    serves(&nano, "7");
    site.file("releases/7/lib/a.js", "broken(");
    nano.await_metric("nano_config_reloads_total", &[("result", "failure")], 1.0);
    // Beside a broken module a log is written, for longer than a change takes to count.
    let mut log = File::create(site.path("releases/7/app.log")).unwrap();
    // Between two lines it is quiet for long enough.
    for line in 0..10 {
        writeln!(log, "{line}").unwrap();
        site.file("releases/7/lib/other.js", &line.to_string());
        std::thread::sleep(Duration::from_millis(250));
    }
    // What the broken version asked for in vain counts.
    site.file("releases/7/lib/a.js", "import './missing.js';");
    nano.log.wait_for_text("missing.js");
    assert_eq!(failures(&nano), 2.0);
    site.file("releases/7/lib/missing.js", "globalThis.a = ' is whole';");
    serves(&nano, "7 is whole");
    assert_eq!(failures(&nano), 2.0);
}

#[test]
fn an_app_that_comes_after_its_configuration_counts() {
    let site = site("current");
    let nano = site.serve();
    site.config(config("new/app"));
    nano.await_metric("nano_config_reloads_total", &[("result", "failure")], 1.0);
    site.app("new/app", "export default { fetch: () => new Response('new') };");
    serves(&nano, "new");
}

#[test]
fn modules_that_are_imported_later_count() {
    let site = site("releases/7");
    site.app(
        "releases/7",
        "export default { fetch: async () => new Response((await import('./lib/late.js')).default) };",
    );
    site.file("releases/7/lib/late.js", "export default 'late';");
    let nano = site.serve();
    serves(&nano, "late");
    site.file("releases/7/lib/late.js", "export default 'later';");
    serves(&nano, "later");
}

#[test]
fn files_that_are_replaced_by_what_is_no_file() {
    let site = site("releases/7");
    let nano = site.serve();
    let module = site.path("releases/7/lib/a.js");
    fs::remove_file(&module).unwrap();
    mkfifo(&module, Mode::S_IRWXU).unwrap();
    nano.log.wait_for_text("it is not a file");
    fs::remove_file(&module).unwrap();
    fs::create_dir(&module).unwrap();
    fs::remove_dir(&module).unwrap();
    site.file("releases/7/lib/a.js", "globalThis.a = ' again';");
    serves(&nano, "7 again");
    // A reader of such a configuration would wait for ever.
    let text = fs::read_to_string(site.config_path()).unwrap();
    fs::remove_file(site.config_path()).unwrap();
    mkfifo(&site.config_path(), Mode::S_IRWXU).unwrap();
    nano.log.wait_for_text("was not read within");
    fs::remove_file(site.config_path()).unwrap();
    site.file("nano.json", &text.replace("releases/7", "releases/8"));
    serves(&nano, "8");
}

/// Paths that cannot be watched are reported and named, and their changes are noticed all the same.
fn is_noticed(site: &Site, nano: &Nano, limit: &str) {
    let warning =
        nano.log.wait_for("a warning", |record| record["level"] == "warn" && record["polled"].as_u64() > Some(0));
    assert!(warning["why"].as_str().unwrap().contains(limit), "{warning}");
    let status = nano.ctl_json(&["status"]);
    let watch = &status["watch"];
    assert!(watch["polled"].as_u64() > Some(0) && watch["why"].as_str().unwrap().contains(limit), "{watch}");
    let named = watch["polled_first"][0].as_str().unwrap().to_owned();
    let shown = nano.ctl(&["status"]).stdout;
    assert!(shown.contains(&named) && shown.contains(limit), "{shown}");
    link(site, "latest", "releases/8");
    serves(nano, "8");
}

#[test]
fn where_there_may_be_no_inotify() {
    let site = site("current");
    let Some(command) = within(&site, &["refuse_calls", "inotify_init1=24"], "nano", &SERVE) else { return };
    let nano = site.serve_with(command);
    is_noticed(&site, &nano, "fs.inotify.max_user_instances");
}

#[test]
fn where_there_may_be_few_watches() {
    if !is_root("a limit of a user namespace") {
        return;
    }
    let site = site("current");
    let shell = "echo 2 > /proc/sys/user/max_inotify_watches && exec \"$@\"";
    let outer = ["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh"];
    let Some(command) = within(&site, &outer, "nano", &SERVE) else { return };
    let nano = site.serve_with(command);
    is_noticed(&site, &nano, "fs.inotify.max_user_watches");
}

#[test]
fn everything_is_watched_in_the_midst_of_very_much() {
    let site = site("current");
    for directory in 0..2000 {
        fs::create_dir_all(site.path(&format!("releases/7/node_modules/{directory}/lib"))).unwrap();
    }
    let nano = site.serve();
    let watch = until("it watches", || {
        Some(nano.ctl_json(&["status"])["watch"].clone()).filter(|watch| watch["paths"].is_u64())
    });
    assert_eq!((watch["paths"].as_u64(), watch["polled"].as_u64()), (Some(4), Some(0)), "{watch}");
    // A storm, and the last word of it.
    for round in 0..500 {
        link(&site, "latest", if round % 2 == 0 { "releases/8" } else { "releases/7" });
    }
    site.file("releases/7/lib/a.js", "globalThis.a = ' at last';");
    serves(&nano, "7 at last");
}
