//! Static files of apps: served by the supervisor, without the worker.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::process::descendants;
use nano_test::{Nano, Response, Site, exchange, finish, until};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

const WORKER: &str =
    "export default { fetch(request, env) { return new Response('worker ' + new URL(request.url).pathname) } }";

/// A request with these header lines, each with its end.
fn ask(nano: &Nano, method: &str, host: &str, path: &str, headers: &str) -> Response {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    exchange(nano.address, head.as_bytes()).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

/// The head of the answer to a HEAD request.
fn head(nano: &Nano, host: &str, path: &str, headers: &str) -> (u16, Vec<(String, String)>) {
    let mut connection = nano.connect();
    connection.send(format!("HEAD {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").as_bytes()).unwrap();
    let head = connection.receive_head().unwrap();
    // Nothing but the next answer follows.
    assert_eq!(connection.get(host, "/").unwrap().status, 200);
    head
}

fn files_alone(site: &Site, keys: Value) -> Nano {
    let mut assets = json!({ "directory": "public" });
    assets.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    site.apps(json!([{ "name": "a", "hostname": "a.local", "assets": assets }]));
    site.serve()
}

fn site() -> Site {
    let site = Site::new();
    site.file("public/index.html", "<h1>home</h1>")
        .file("public/about.html", "about")
        .file("public/docs/index.html", "docs")
        .file("public/app.js", "let a = 1")
        .file("public/data.bin", &"0123456789".repeat(10));
    site
}

#[test]
fn an_app_of_files_alone_has_no_process() {
    let site = site();
    let nano = files_alone(&site, json!({}));
    let home = nano.get("a.local", "/");
    assert_eq!((home.status, home.text().as_str()), (200, "<h1>home</h1>"));
    assert_eq!(home.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(home.header("cache-control"), Some("public, max-age=0, must-revalidate"));
    assert_eq!(home.header("content-length"), Some("13"));
    assert!(home.header("etag").is_some() && home.header("last-modified").is_some());
    assert!(home.header("x-request-id").is_some() && home.header("date").is_some());
    assert_eq!(nano.get("a.local", "/app.js").header("content-type"), Some("text/javascript; charset=utf-8"));
    let missing = nano.get("a.local", "/missing");
    assert_eq!((missing.status, missing.json()["code"].as_str()), (404, Some("no_asset")));
    let posted = nano.post("a.local", "/app.js", b"x");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));

    assert!(nano.workers("a").is_empty());
    assert_eq!(nano.ctl_json(&["apps"])["apps"][0]["state"], "files");
    let names = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    assert!(!descendants(nano.pid()).iter().any(|pid| names(pid).contains("nano-worker: a")));
    let metrics = nano.metrics();
    for (code, count) in [("200", 2.0), ("404", 1.0), ("405", 1.0)] {
        assert_eq!(metrics.get("nano_http_requests_total", &[("app", "a"), ("code", code)]), Some(count), "{code}");
    }
    assert_eq!(metrics.get("nano_worker_starts_total", &[("app", "a")]).unwrap_or(0.0), 0.0);
    let logged = nano.log.wait_for("the access log", |line| line["path"] == "/app.js" && line["method"] == "GET");
    assert_eq!((&logged["status"], &logged["app"], &logged["bytes"]), (&json!(200), &json!("a"), &json!(9)));
}

#[test]
fn html_is_served_under_one_path() {
    let site = site();
    let nano = files_alone(&site, json!({}));
    for (path, location) in [
        ("/index.html", "/"),
        ("/about.html?x=1", "/about?x=1"),
        ("/docs", "/docs/"),
        ("/docs/index.html", "/docs/"),
        ("//about", "/about"),
        ("/%61bout", "/about"),
        ("//evil.example/..", "/"),
    ] {
        let answer = nano.get("a.local", path);
        assert_eq!((answer.status, answer.header("location")), (307, Some(location)), "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
    assert_eq!(nano.get("a.local", "/about").text(), "about");
    assert_eq!(nano.get("a.local", "/docs/").text(), "docs");
}

#[test]
fn conditions_and_ranges() {
    let site = site();
    let nano = files_alone(&site, json!({}));
    let whole = nano.get("a.local", "/data.bin");
    let (etag, modified) = (whole.header("etag").unwrap(), whole.header("last-modified").unwrap());
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    for condition in [format!("If-None-Match: \"x\", {etag}\r\n"), format!("If-Modified-Since: {modified}\r\n")] {
        let known = ask(&nano, "GET", "a.local", "/data.bin", &condition);
        assert_eq!((known.status, known.header("etag"), known.body.len()), (304, Some(etag), 0), "{condition}");
        let (status, headers) = head(&nano, "a.local", "/data.bin", &condition);
        assert_eq!(status, 304, "{headers:?}");
    }
    let range = |range: &str| ask(&nano, "GET", "a.local", "/data.bin", &format!("Range: {range}\r\n"));
    let part = range("bytes=8-11");
    assert_eq!((part.status, part.text().as_str()), (206, "8901"));
    assert_eq!(part.header("content-range"), Some("bytes 8-11/100"));
    assert_eq!(part.header("content-length"), Some("4"));
    assert_eq!(range("bytes=-2").text(), "89");
    let behind = range("bytes=100-");
    assert_eq!((behind.status, behind.header("content-range")), (416, Some("bytes */100")));
    assert_eq!(behind.json()["code"], "range_not_satisfiable");
    for condition in ["If-Match: \"other\"", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"] {
        let unmet = ask(&nano, "GET", "a.local", "/data.bin", &format!("{condition}\r\n"));
        assert_eq!((unmet.status, unmet.json()["code"].as_str()), (412, Some("precondition_failed")), "{condition}");
    }
    let met = ask(&nano, "GET", "a.local", "/data.bin", &format!("If-Unmodified-Since: {modified}\r\n"));
    assert_eq!((met.status, met.body.len()), (200, 100));
    let many = (0..2000).map(|at| format!("{at}-{at}")).collect::<Vec<_>>().join(",");
    assert_eq!((range(&format!("bytes={many}")).status, range("bytes=0-1,5-6").body.len()), (200, 100));
    let other = ask(&nano, "GET", "a.local", "/data.bin", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n");
    assert_eq!((other.status, other.body.len()), (200, 100));
    let (status, headers) = head(&nano, "a.local", "/data.bin", "Range: bytes=0-9\r\n");
    let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.as_str());
    assert_eq!((status, length), (200, Some("100")), "a range is for GET");
    let (status, headers) = head(&nano, "a.local", "/data.bin", "");
    let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.as_str());
    assert_eq!((status, length), (200, Some("100")));
}

#[test]
fn a_file_does_not_wake_the_worker() {
    let site = site();
    site.app("w", WORKER).apps(json!([{
        "name": "a", "hostname": "a.local", "path": "w", "start": "on-demand",
        "assets": { "directory": "public", "run_worker_first": ["/api/*", "!/api/docs/*"] },
    }]));
    site.file("public/api/x.txt", "file").file("public/api/docs/y.txt", "docs");
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 1");
    assert_eq!(nano.get("a.local", "/api/docs/y.txt").text(), "docs");
    assert_eq!(nano.get("a.local", "/about.html").status, 307);
    assert!(nano.workers("a").iter().all(|worker| worker.pid == 0) || nano.pids("a").is_empty());
    assert_eq!(nano.metrics().get("nano_worker_starts_total", &[("app", "a")]).unwrap_or(0.0), 0.0);
    // What is no file, what the patterns name and what is no GET is the worker's.
    assert_eq!(nano.get("a.local", "/none").text(), "worker /none");
    assert_eq!(nano.get("a.local", "/api/x.txt").text(), "worker /api/x.txt");
    assert_eq!(nano.post("a.local", "/none", b"x").text(), "worker /none");
    assert_eq!(nano.post("a.local", "/api/x.txt", b"x").text(), "worker /api/x.txt");
    // A file is a file for every method.
    let posted = nano.post("a.local", "/app.js", b"x");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    let around = nano.get("a.local", "/%61pi/x.txt");
    assert_eq!((around.status, around.header("location")), (307, Some("/api/x.txt")));
}

#[test]
fn what_is_not_there() {
    let navigation = "Sec-Fetch-Mode: navigate\r\n";
    let site = site();
    site.app("w", WORKER).file("public/404.html", "nothing here");
    let app = |name: &str, worker: bool, not_found: &str| {
        let mut app = json!({
            "name": name, "hostname": format!("{name}.local"),
            "assets": { "directory": "public", "not_found": not_found },
        });
        if worker {
            app["path"] = json!("w");
        }
        app
    };
    site.apps(json!([
        app("page", false, "404-page"),
        app("spa", false, "single-page-application"),
        app("page-w", true, "404-page"),
        app("spa-w", true, "single-page-application"),
        app("none-w", true, "none"),
    ]));
    let nano = site.serve();
    for (host, headers, status, text) in [
        ("page.local", "", 404, "nothing here"),
        ("spa.local", "", 200, "<h1>home</h1>"),
        ("page-w.local", "", 200, "worker /x/y"),
        ("page-w.local", navigation, 404, "nothing here"),
        ("spa-w.local", "", 200, "worker /x/y"),
        ("spa-w.local", navigation, 200, "<h1>home</h1>"),
        ("none-w.local", navigation, 200, "worker /x/y"),
    ] {
        let answer = ask(&nano, "GET", host, "/x/y", headers);
        assert_eq!((answer.status, answer.text().as_str()), (status, text), "{host} {headers}");
    }
}

#[test]
fn nothing_but_the_listed_files_is_served() {
    let site = site();
    site.file("secret.txt", "secret")
        .file("public/.env", "secret")
        .file("public/.git/config", "secret")
        .file("public/_headers", "/*\n  x: secret")
        .file("public/_redirects", "/secret /app.js")
        .file("public/_worker.js", "secret")
        .file("public/hidden/key.pem", "secret")
        .file("public/.well-known/security.txt", "contact");
    fs::write(site.path("public/.assetsignore"), "hidden/\n*.map\n").unwrap();
    symlink("../secret.txt", site.path("public/link.txt")).unwrap();
    symlink("..", site.path("public/up")).unwrap();
    symlink(site.path("secret.txt"), site.path("public/absolute.txt")).unwrap();
    symlink("app.js", site.path("public/within.js")).unwrap();
    nix::unistd::mkfifo(&site.path("public/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let nano = files_alone(&site, json!({}));
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/%252e%252e%252fsecret.txt",
        "/docs/..%2f..%2f..%2fsecret.txt",
        "/%c0%ae%c0%ae%c0%afsecret.txt",
        "/up/secret.txt",
        "/up%2fsecret.txt",
        "/link.txt",
        "/absolute.txt",
        "/fifo",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/_headers",
        "/_redirects",
        "/.assetsignore",
        "/_worker.js",
        "/hidden/key.pem",
        "/app.js%00",
        "/app.js%00.html",
        "/app.js/",
        "/app.js/.",
        "/proc/self/environ",
    ] {
        let answer = nano.get("a.local", path);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains("secret") && answer.status == 404, "{path}: {} {text}", answer.status);
    }
    assert_eq!(nano.get("a.local", "/within.js").text(), "let a = 1");
    assert_eq!(nano.get("a.local", "/.well-known/security.txt").text(), "contact");
    // What becomes a link that leads out, or a FIFO, after it was listed is not followed either.
    for name in ["about.html", "docs/index.html"] {
        fs::remove_file(site.path(&format!("public/{name}"))).unwrap();
    }
    symlink(site.path("secret.txt"), site.path("public/about.html")).unwrap();
    nix::unistd::mkfifo(&site.path("public/docs/index.html"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in ["/about", "/docs/"] {
        assert_eq!(nano.get("a.local", path).status, 404, "{path}");
    }
    // Nor a directory that was swapped for a link.
    fs::rename(site.path("public/docs"), site.path("public/gone")).unwrap();
    fs::create_dir(site.path("outside")).unwrap();
    fs::write(site.path("outside/index.html"), "secret").unwrap();
    symlink("../outside", site.path("public/docs")).unwrap();
    assert_eq!(nano.get("a.local", "/docs/").status, 404);
}

#[test]
fn a_reload_brings_new_files_and_a_failed_one_changes_nothing() {
    let site = site();
    let nano = files_alone(&site, json!({}));
    site.file("public/new.txt", "new").file("public/app.js", "let a = 2");
    assert_eq!(nano.get("a.local", "/new.txt").status, 404);
    let changed = nano.ctl_json(&["reload"]);
    assert_eq!(changed["changed"], json!([{ "name": "a", "what": ["files"] }]), "{changed}");
    assert_eq!(nano.get("a.local", "/new.txt").text(), "new");
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 2");
    let unchanged = nano.ctl_json(&["reload"]);
    assert_eq!(unchanged["unchanged"], json!(["a"]), "{unchanged}");

    fs::write(site.path("public/.assetsignore"), "[z-a]\n").unwrap();
    site.file("public/newer.txt", "newer");
    let failed = nano.ctl(&["reload"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("public/.assetsignore:1"), "{failed:?}");
    assert_eq!(nano.get("a.local", "/newer.txt").status, 404);
    assert_eq!(nano.get("a.local", "/new.txt").text(), "new");
    fs::remove_dir_all(site.path("public")).unwrap();
    let failed = nano.ctl(&["reload"]);
    assert!(failed.code == Some(1) && failed.stderr.contains("public"), "{failed:?}");
    site.file("public/index.html", "built anew");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "built anew");
    assert_eq!(nano.get("a.local", "/new.txt").status, 404);
}

#[test]
fn a_watched_directory_is_served_as_it_becomes() {
    let site = site();
    site.config(json!({ "watch": true, "apps": [
        { "name": "a", "hostname": "a.local", "assets": { "directory": "public" } },
    ]}));
    let nano = site.serve();
    until("that changes are seen", || nano.ctl_json(&["status"])["watch"]["paths"].as_u64());
    site.file("public/app.js", "let a = 3");
    until("the changed file", || (nano.get("a.local", "/app.js").text() == "let a = 3").then_some(()));
    site.file("public/far/down/new.txt", "new");
    until("the new file", || (nano.get("a.local", "/far/down/new.txt").status == 200).then_some(()));
    site.file("public/far/down/newer.txt", "newer");
    until("the file in the new directory", || (nano.get("a.local", "/far/down/newer.txt").status == 200).then_some(()));
    fs::remove_file(site.path("public/about.html")).unwrap();
    until("that the file is gone", || (nano.get("a.local", "/about").status == 404).then_some(()));
}

#[test]
fn large_files_are_streamed_and_cut_when_they_shrink() {
    let site = site();
    let size = 48 << 20;
    let large = File::create(site.path("public/large.bin")).unwrap();
    large.set_len(size).unwrap();
    let nano = files_alone(&site, json!({}));
    let resident = || {
        let status = fs::read_to_string(format!("/proc/{}/status", nano.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    };
    let before = resident();
    // Clients that read nothing hold a piece each, and not the file.
    let mut slow: Vec<_> = (0..20).map(|_| nano.connect()).collect();
    for connection in &mut slow {
        connection.send_get("a.local", "/large.bin").unwrap();
        assert_eq!(connection.receive_head().unwrap().0, 200);
    }
    assert!(resident() < before + size, "{before} -> {}", resident());
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 1", "others are served meanwhile");
    let whole = nano.get("a.local", "/large.bin");
    assert_eq!(whole.body.len() as u64, size);
    let last = ask(&nano, "GET", "a.local", "/large.bin", "Range: bytes=-3\r\n");
    assert_eq!((last.status, last.body.len()), (206, 3));

    large.set_len(size / 2).unwrap();
    let head = Response { status: 200, headers: vec![("content-length".into(), size.to_string())], body: Vec::new() };
    assert!(slow.pop().unwrap().receive_body(&head).is_err(), "the response must not look complete");
    nano.await_metric("nano_http_responses_cut_total", &[("app", "a"), ("cause", "app")], 1.0);
    let now = nano.get("a.local", "/large.bin");
    assert_eq!(now.body.len() as u64, size / 2, "the next response is of what there is");
}

#[test]
fn small_files_are_kept_once_they_are_settled() {
    let site = site();
    let path = site.path("public/app.js");
    // Its time of change must be some seconds old.
    until("an old file", || {
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        SystemTime::now().duration_since(changed).is_ok_and(|age| age > Duration::from_secs(3)).then_some(())
    });
    let nano = files_alone(&site, json!({}));
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 1");
    fs::remove_file(&path).unwrap();
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 1", "until the next reload");
    assert_eq!(ask(&nano, "GET", "a.local", "/app.js", "Range: bytes=4-4\r\n").text(), "a");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/app.js").status, 404);
}

#[test]
fn apps_have_their_own_files() {
    let site = Site::new();
    site.file("one/a.txt", "one").file("two/b.txt", "two").app("w", WORKER).apps(json!([
        { "name": "one", "hostname": "one.local", "assets": { "directory": "one" } },
        { "name": "two", "hostname": "two.local", "assets": { "directory": "two" } },
        { "name": "w", "hostname": "w.local", "path": "w" },
    ]));
    let nano = site.serve();
    assert_eq!(nano.get("one.local", "/a.txt").text(), "one");
    assert_eq!(nano.get("two.local", "/a.txt").status, 404);
    assert_eq!(nano.get("two.local", "/b.txt").text(), "two");
    assert_eq!(nano.get("w.local", "/a.txt").text(), "worker /a.txt");
    assert_eq!(
        nano.raw("GET http://one.local/a.txt HTTP/1.1\r\nHost: two.local\r\nConnection: close\r\n\r\n").text(),
        "one"
    );
    assert_eq!(nano.get("three.local", "/a.txt").json()["code"], "unknown_host");
}

#[test]
fn a_directory_that_nano_may_not_open_is_served_by_the_spawner() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    let site = site();
    fs::set_permissions(site.path("public"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(site.path("public/app.js"), fs::Permissions::from_mode(0o600)).unwrap();
    let nano = files_alone(&site, json!({}));
    assert_eq!(nano.get("a.local", "/app.js").text(), "let a = 1");
}

#[test]
fn faults_are_named_with_their_place() {
    let site = site();
    let refused = |assets: Value| {
        site.apps(json!([{ "name": "a", "hostname": "a.local", "assets": assets }]));
        let end = finish(&mut site.command("nano", &["check", "nano.json"]), "");
        assert_eq!(end.code, Some(1), "{end:?}");
        end.stderr
    };
    let missing = refused(json!({ "directory": "pubic" }));
    assert!(missing.contains("nano.json:") && missing.contains("apps[0].assets.directory: there is no"), "{missing}");
    assert!(missing.contains("did you mean \"public\"?"), "{missing}");
    let file = refused(json!({ "directory": "public/app.js" }));
    assert!(file.contains("is not a directory"), "{file}");
    let pattern = refused(json!({ "directory": "public", "run_worker_first": ["api"] }));
    assert!(pattern.contains("apps[0].assets.run_worker_first[0]: a pattern begins with"), "{pattern}");
    fs::write(site.path("public/.assetsignore"), "ok\n[z-a]\n").unwrap();
    let ignore = refused(json!({ "directory": "public" }));
    assert!(ignore.contains("public/.assetsignore:2: "), "{ignore}");
    fs::remove_file(site.path("public/.assetsignore")).unwrap();
    let end = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(end.code, Some(0), "{end:?}");
}

#[test]
fn precompressed_files_are_chosen_by_the_client() {
    let site = site();
    site.file("public/app.js.br", "as brotli").file("public/app.js.gz", "as gzip").file("public/alone.br", "alone");
    let nano = files_alone(&site, json!({}));
    let get = |accept: &str| ask(&nano, "GET", "a.local", "/app.js", &format!("Accept-Encoding: {accept}\r\n"));
    let mut tags = Vec::new();
    for (accept, coding, text) in [
        ("gzip, deflate, br", Some("br"), "as brotli"),
        ("gzip", Some("gzip"), "as gzip"),
        ("br;q=0, gzip;q=0", None, "let a = 1"),
        ("identity", None, "let a = 1"),
    ] {
        let answer = get(accept);
        assert_eq!((answer.header("content-encoding"), answer.text().as_str()), (coding, text), "{accept}");
        assert_eq!(answer.header("vary"), Some("accept-encoding"), "{accept}");
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"), "{accept}");
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[2] == tags[3], "{tags:?}");
    let known = format!("Accept-Encoding: br\r\nIf-None-Match: {}\r\n", tags[0]);
    let known = ask(&nano, "GET", "a.local", "/app.js", &known);
    assert_eq!((known.status, known.header("vary")), (304, Some("accept-encoding")));
    let part = ask(&nano, "GET", "a.local", "/app.js", "Accept-Encoding: br\r\nRange: bytes=0-1\r\n");
    assert_eq!((part.status, part.text().as_str(), part.header("content-encoding")), (206, "as", Some("br")));
    assert_eq!(nano.get("a.local", "/data.bin").header("vary"), None);
}

#[test]
fn many_files_are_listed_and_too_many_are_refused() {
    let site = Site::new();
    site.file("public/index.html", "home");
    let directory = site.path("public/many");
    fs::create_dir(&directory).unwrap();
    let first = directory.join("0");
    fs::write(&first, "x").unwrap();
    // Hard links are files like others, and quickly made.
    for at in 1..99_999 {
        fs::hard_link(&first, directory.join(at.to_string()))
            .unwrap_or_else(|_| fs::write(directory.join(at.to_string()), "x").unwrap());
    }
    let nano = files_alone(&site, json!({}));
    assert_eq!(nano.get("a.local", "/many/99998").text(), "x");
    assert_eq!(nano.get("a.local", "/many/99999").status, 404);
    fs::write(directory.join("99999"), "x").unwrap();
    let failed = nano.ctl(&["reload"]);
    assert!(failed.code == Some(1) && failed.stderr.contains("more than 100000 files"), "{failed:?}");
    assert_eq!(nano.get("a.local", "/many/99998").text(), "x", "what was listed is served as before");
}
