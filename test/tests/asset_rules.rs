//! `_headers`, `_redirects` and `.assetsignore` of apps that do not mean well, and more apps of files than there are users.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::{Nano, Site, finish};
use serde_json::{Value, json};
use std::fs;

/// An app of files with these rules.
fn app(site: &Site, name: &str, headers: &str, redirects: &str) -> Value {
    site.file(&format!("{name}/app.js"), "let a = 1");
    for (file, text) in [("_headers", headers), ("_redirects", redirects)] {
        fs::write(site.path(&format!("{name}/{file}")), text).unwrap();
    }
    json!({ "name": name, "hostname": format!("{name}.local"), "assets": { "directory": name } })
}

fn location(nano: &Nano, host: &str, path: &str) -> String {
    let answer = nano.get(host, path);
    format!("{} {}", answer.status, answer.header("location").unwrap_or("-"))
}

#[test]
fn headers_and_redirects() {
    let site = Site::new();
    site.file("public/index.html", "home").file("public/about.html", "about").file("public/app.js", "let a = 1");
    site.file(
        "public/_headers",
        "/*\n  X-Frame-Options: DENY\n/app.js\n  Cache-Control: public, max-age=60\n  X-Two: a\n  ! ETag\n",
    )
    .file("public/_redirects", "/old /about 301\n/blog/* https://blog.example/:splat\n/team/:name /about.html 200\n");
    site.apps(json!([{ "name": "a", "hostname": "a.local", "assets": { "directory": "public" } }]));
    let nano = site.serve();
    let script = nano.get("a.local", "/app.js");
    assert_eq!(script.header("x-frame-options"), Some("DENY"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=60"));
    assert_eq!((script.header("x-two"), script.header("etag")), (Some("a"), None));
    assert_eq!(nano.get("a.local", "/").header("x-frame-options"), Some("DENY"));
    for (path, status, location) in
        [("/old?x=1", 301, "/about?x=1"), ("/blog/a/b", 302, "https://blog.example/a/b"), ("/index.html", 307, "/")]
    {
        let answer = nano.get("a.local", path);
        assert_eq!((answer.status, answer.header("location")), (status, Some(location)), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
    }
    let within = nano.get("a.local", "/team/ada");
    assert_eq!((within.status, within.text().as_str()), (200, "about"));

    // Faults have their lines, and the rules that serve stay.
    site.file("public/_redirects", "/old /new\nold /new\n").file("public/_headers", "/*\n  Content-Length: 5\n");
    let failed = nano.ctl(&["reload"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    for told in ["public/_redirects:2: ", "public/_headers:2: "] {
        assert!(failed.stderr.contains(told), "{failed:?}");
    }
    let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert!(checked.code == Some(1) && checked.stderr.contains("public/_redirects:2: "), "{checked:?}");
    assert_eq!(nano.get("a.local", "/old").header("location"), Some("/about"));
}

#[test]
fn what_a_client_writes_leads_to_no_other_host() {
    let site = Site::new();
    let redirects = "/v1* /v2/:splat\n/old* /:splat\n/out/* https://out.example/:splat\n\
        /own/* http://a.local/:splat\n/loop/* /loop/:splat\n";
    site.apps(json!([app(&site, "a", "", redirects)]));
    let nano = site.serve();
    for (path, expected) in [
        ("/v1/x", "302 /v2//x"),
        ("/v1..//evil.test", "302 /evil.test"),
        ("/v1/..//..//evil.test", "404 -"),
        ("/v1..\\\\evil.test", "302 /evil.test"),
        ("/old//evil.test", "302 /evil.test"),
        ("/old/\\evil.test", "302 /evil.test"),
        ("/out//evil.test", "302 https://out.example//evil.test"),
        ("/out/@evil.test", "302 https://out.example/@evil.test"),
        ("/own//evil.test", "302 http://a.local//evil.test"),
        ("/loop/x", "404 -"),
    ] {
        assert_eq!(location(&nano, "a.local", path), expected, "{path}");
    }
    nano.log.wait_for("the warning", |line| line["why"].as_str().is_some_and(|why| why.contains("lead to itself")));

    fs::write(site.path("a/_redirects"), "/ok /app.js\n/b/* https://blog.example:splat\n").unwrap();
    let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert!(checked.code == Some(1) && checked.stderr.contains("a/_redirects:2: "), "{checked:?}");
    assert!(checked.stderr.contains("within the host"), "{checked:?}");
}

#[test]
fn a_head_that_rules_make_too_large_is_not_sent() {
    let site = Site::new();
    let headers = format!("/x/*\n  X-A: {}\n/*\n  X-B: b\n", ":splat".repeat(300));
    let redirects = format!("/x/* /y/:splat\n/z/* /{}\n", ":splat".repeat(300));
    site.apps(json!([app(&site, "a", &headers, &redirects)]));
    let nano = site.serve();
    let small = nano.get("a.local", "/x/b");
    assert_eq!((small.status, small.header("x-a").map(str::len)), (302, Some(300)));
    for path in [format!("/x/{}", "b".repeat(4000)), format!("/z/{}", "b".repeat(4000))] {
        let large = nano.get("a.local", &path);
        // A head of megabytes is no message.
        assert_eq!((large.status, large.headers.len() < 10), (500, true));
        assert_eq!(large.json()["code"], "asset_headers_too_large");
        assert!(large.header("x-a").is_none() && large.header("location").is_none());
    }
    assert_eq!(nano.get("a.local", "/app.js").header("x-b"), Some("b"));
}

#[test]
fn a_path_that_is_too_long_for_the_rules_does_not_come_past_them() {
    let site = Site::new();
    let protects = "/*\n  X-Frame-Options: DENY\n";
    let many: String = (0..99).map(|at| format!("/{at}/*\n  X-A: a\n")).collect();
    let redirects: String = (0..100).map(|at| format!("/{at}/* /x\n")).collect();
    let mut apps = vec![
        app(&site, "few", protects, ""),
        app(&site, "many", &format!("{many}{protects}"), ""),
        app(&site, "led", "", &redirects),
        app(&site, "plain", "/app.js\n  X-A: a\n", "/old /app.js\n"),
        app(&site, "first", "", ""),
    ];
    for app in &mut apps {
        app["assets"]["not_found"] = json!("single-page-application");
    }
    site.app("w", "export default { fetch: () => new Response('worker') };");
    apps[4]["path"] = json!("w");
    apps[4]["assets"]["run_worker_first"] = (0..100).map(|at| format!("/{at}/*")).collect();
    for name in ["few", "many", "led", "plain", "first"] {
        site.file(&format!("{name}/index.html"), "home");
    }
    site.apps(Value::from(apps));
    let nano = site.serve();
    for (host, length, status) in [
        ("few.local", 60_000, 200),
        ("many.local", 1310, 200),
        ("many.local", 1311, 414),
        ("led.local", 1310, 200),
        ("led.local", 1311, 414),
        ("plain.local", 60_000, 200),
        ("first.local", 1310, 200),
        ("first.local", 1311, 414),
    ] {
        let answer = nano.get(host, &format!("/{}", "x".repeat(length - 1)));
        assert_eq!(answer.status, status, "{host} {length}");
        if status == 414 {
            assert_eq!(answer.json()["code"], "uri_too_long", "{host}");
        }
        let protected = status == 200 && (host == "few.local" || host == "many.local");
        assert_eq!(answer.header("x-frame-options"), protected.then_some("DENY"), "{host} {length}");
    }
}

#[test]
fn too_many_names_and_patterns_are_refused_with_their_lines() {
    let site = Site::new();
    let names: String = (0..300).map(|at| format!("/:n{at}")).collect();
    site.apps(json!([app(&site, "a", &format!("/ok\n  X-A: a\n{names}\n  X-A: b\n"), &format!("{names} /x\n"))]));
    fs::write(site.path("a/.assetsignore"), "ok\n").unwrap();
    let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    for told in ["a/_headers:3: ", "a/_redirects:1: ", "32 names"] {
        assert!(checked.code == Some(1) && checked.stderr.contains(told), "{checked:?}");
    }
    fs::write(site.path("a/_headers"), "").unwrap();
    fs::write(site.path("a/_redirects"), "").unwrap();
    let many: String = (0..=1000).map(|at| format!("*.x{at}\n")).collect();
    fs::write(site.path("a/.assetsignore"), many).unwrap();
    let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert!(checked.code == Some(1) && checked.stderr.contains("a/.assetsignore:1001: "), "{checked:?}");
}

#[test]
fn files_alone_need_no_user() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    let site = Site::new();
    site.file("public/app.js", "let a = 1");
    site.app("w", "export default { fetch: () => new Response('worker') };");
    // More than the range of users without `uid_base` has, and one that does need a user.
    let mut apps: Vec<_> = (0..1200)
        .map(|at| json!({ "name": format!("a{at}"), "hostname": format!("a{at}.local"), "assets": { "directory": "public" } }))
        .collect();
    apps.push(json!({ "name": "w", "hostname": "w.local", "path": "w" }));
    site.apps(json!(apps));
    let nano = site.serve();
    assert_eq!(nano.get("a1199.local", "/app.js").text(), "let a = 1");
    assert_eq!(nano.get("w.local", "/").text(), "worker");
}
