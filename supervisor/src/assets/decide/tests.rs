//! Tests of `decide.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use http::HeaderValue;
use http::header::LOCATION;
use nano_spawner::{AssetList, Fingerprint};

use super::*;
use crate::assets::OpenFiles;
use crate::assets::{AssetRules, Manifest, Opener};

fn assets(keys: &str, has_worker: bool) -> Assets {
    assets_with(keys, has_worker, "")
}

fn assets_with(keys: &str, has_worker: bool, redirects: &str) -> Assets {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("public")).unwrap();
    std::fs::write(place.path().join("index.js"), "").unwrap();
    let path = if has_worker { "\"path\": \".\"," } else { "" };
    let text = format!("{{\"apps\": [{{\"name\": \"a\", {path} \"assets\": {{\"directory\": \"public\" {keys}}}}}]}}");
    let config = nano_config::parse(&text, Path::new("nano.json"), place.path()).unwrap().apps.remove(0);
    let names = ["index.html", "a.txt", "a b.txt", "admin/secret.txt", "404.html", "page.html", "@x.js"];
    let files = names.iter().map(|name| ((*name).to_owned(), Fingerprint::Absent)).collect();
    let list = AssetList { files, ..AssetList::default() };
    let config = config.assets.unwrap();
    let (rules, _) = AssetRules::parse("", redirects, &config);
    Assets::new(config, (Manifest::new(list, "").unwrap(), rules), Opener::new(&OpenFiles::default()).0, has_worker)
}

fn told(assets: &Assets, method: &Method, path: &str, navigates: bool) -> String {
    told_to(AskedBy::Client, assets, method, path, navigates)
}

fn told_to(by: AskedBy, assets: &Assets, method: &Method, path: &str, navigates: bool) -> String {
    let mut headers = HeaderMap::new();
    if navigates {
        headers.insert("sec-fetch-mode", HeaderValue::from_static("navigate"));
    }
    let url = format!("http://a.example{path}");
    match assets.decide(Asked { method, headers: &headers, url: &url, path, query: "?q=1", by }).unwrap() {
        Decision::Worker => "worker".to_owned(),
        Decision::File(file, status) => format!("{status} {file}"),
        Decision::Answer(answer) => {
            format!("{} {}", answer.status.as_u16(), answer.headers.get(LOCATION).unwrap().to_str().unwrap())
        }
        Decision::Method => "405".to_owned(),
        Decision::Nothing => "404".to_owned(),
        Decision::TooLong => "414".to_owned(),
    }
}

#[test]
fn a_file_comes_before_the_worker() {
    let assets = assets("", true);
    for (method, path, expected) in [
        (Method::GET, "/a.txt", "200 /a.txt"),
        (Method::HEAD, "/a.txt", "200 /a.txt"),
        (Method::POST, "/a.txt", "405"),
        (Method::OPTIONS, "/a.txt", "405"),
        (Method::POST, "/index.html", "405"),
        (Method::POST, "/none", "worker"),
        (Method::GET, "/", "200 /index.html"),
        (Method::GET, "/index.html", "307 /?q=1"),
        (Method::GET, "/none", "worker"),
        (Method::GET, "/../a.txt", "worker"),
        (Method::GET, "/%2e%2e/a.txt", "worker"),
    ] {
        assert_eq!(told(&assets, &method, path, false), expected, "{method} {path}");
        assert_eq!(told(&assets, &method, path, true), expected, "{method} {path}");
    }
}

#[test]
fn without_a_worker_other_methods_are_refused() {
    let assets = assets("", false);
    for (method, path, expected) in [
        (Method::POST, "/a.txt", "405"),
        (Method::POST, "/index.html", "405"),
        (Method::POST, "/none", "404"),
        (Method::GET, "/none", "404"),
    ] {
        assert_eq!(told(&assets, &method, path, false), expected, "{method} {path}");
    }
}

#[test]
fn a_file_has_one_path() {
    let assets = assets("", false);
    for (path, expected) in [
        ("/a%20b.txt", "200 /a b.txt"),
        ("/%61.txt", "307 /a.txt?q=1"),
        ("//a.txt", "307 /a.txt?q=1"),
        ("//admin//secret.txt", "307 /admin/secret.txt?q=1"),
        ("/admin%2Fsecret.txt", "307 /admin/secret.txt?q=1"),
        ("/a%20b%2etxt", "307 /a%20b.txt?q=1"),
        ("/%40x.js", "200 /@x.js"),
        ("/@x.js", "307 /%40x.js?q=1"),
        ("/%2561.txt", "404"),
        ("/a.txt%00", "404"),
        ("/a.txt%00.html", "404"),
        ("/%2e%2e%2fa.txt", "404"),
        ("/..%2fa.txt", "404"),
        ("/..%5ca.txt", "404"),
        ("/%c0%ae%c0%ae/a.txt", "404"),
        ("/A.TXT", "404"),
    ] {
        assert_eq!(told(&assets, &Method::GET, path, false), expected, "{path}");
    }
}

#[test]
fn patterns_let_the_worker_be_first_in_every_spelling() {
    let assets = assets(", \"run_worker_first\": [\"/admin/*\", \"!/admin/open/*\"]", true);
    for (path, expected) in [
        ("/admin/secret.txt", "worker"),
        // What is not matched as it is written leads to where it is.
        ("/%61dmin/secret.txt", "307 /admin/secret.txt?q=1"),
        ("//admin/secret.txt", "307 /admin/secret.txt?q=1"),
        ("/admin%2fsecret.txt", "307 /admin/secret.txt?q=1"),
        ("/a.txt", "200 /a.txt"),
    ] {
        assert_eq!(told(&assets, &Method::GET, path, false), expected, "{path}");
    }
    let all = self::assets(", \"run_worker_first\": true", true);
    assert_eq!(told(&all, &Method::GET, "/a.txt", true), "worker");
}

#[test]
fn what_is_not_there() {
    let spa = ", \"not_found\": \"single-page-application\"";
    let page = ", \"not_found\": \"404-page\"";
    for (keys, has_worker, navigates, expected) in [
        (spa, false, false, "200 /index.html"),
        (spa, false, true, "200 /index.html"),
        (spa, true, false, "worker"),
        (spa, true, true, "200 /index.html"),
        (page, false, false, "404 /404.html"),
        (page, true, false, "worker"),
        (page, true, true, "404 /404.html"),
        ("", true, true, "worker"),
        // The patterns say what is the worker's, and the rest is not.
        (", \"not_found\": \"404-page\", \"run_worker_first\": [\"/api/*\"]", true, false, "404 /404.html"),
        (", \"run_worker_first\": [\"/api/*\"]", true, false, "worker"),
    ] {
        let assets = assets(keys, has_worker);
        assert_eq!(told(&assets, &Method::GET, "/none", navigates), expected, "{keys} {has_worker} {navigates}");
    }
}

#[test]
fn redirects_come_before_files() {
    let rules = "/a.txt /page 301\n/p/:name /page.html 200\n/s/* /admin/:splat 200\n/none/* /nowhere 200\n";
    let assets = assets_with(", \"run_worker_first\": [\"/api/*\"]", true, rules);
    for (path, expected) in [
        ("/a.txt", "301 /page"),
        ("/p/x", "200 /page.html"),
        ("/s/secret.txt", "200 /admin/secret.txt"),
        // What a rule made a file's path is not the worker's, as with wrangler.
        ("/s/..%2f..%2fa.txt", "404"),
        ("/none/x", "404"),
        ("/page", "200 /page.html"),
    ] {
        assert_eq!(told(&assets, &Method::GET, path, false), expected, "{path}");
    }
    assert_eq!(told(&assets, &Method::POST, "/a.txt", false), "301 /page");
    assert_eq!(told(&assets, &Method::POST, "/api/x", false), "worker");
}

#[test]
fn a_path_that_is_longer_when_it_is_encoded_is_no_location() {
    let assets = assets(", \"not_found\": \"404-page\"", false);
    let headers = HeaderMap::new();
    let path = format!("/{}", "@".repeat(60_000));
    let url = format!("http://a.example{path}");
    let by = AskedBy::Client;
    let asked = Asked { method: &Method::GET, headers: &headers, url: &url, path: &path, query: "", by };
    assert_eq!(assets.decide(asked).unwrap_err(), HeadTooLarge);
}

#[test]
fn a_form_is_not_answered_with_a_page() {
    let assets = assets(", \"not_found\": \"single-page-application\"", true);
    assert_eq!(told(&assets, &Method::POST, "/none", true), "worker");
    let alone = self::assets(", \"not_found\": \"single-page-application\"", false);
    assert_eq!(told(&alone, &Method::POST, "/none", true), "405");
}

#[test]
fn the_worker_itself_is_never_sent_to_itself() {
    for (keys, path, expected) in [
        (", \"run_worker_first\": true", "/a.txt", "200 /a.txt"),
        (", \"run_worker_first\": [\"/admin/*\"]", "/admin/secret.txt", "200 /admin/secret.txt"),
        ("", "/page.html", "307 /page?q=1"),
        ("", "/none", "404"),
        (", \"not_found\": \"404-page\"", "/none", "404 /404.html"),
        (", \"not_found\": \"single-page-application\"", "/none", "200 /index.html"),
    ] {
        let assets = assets(keys, true);
        assert_eq!(told_to(AskedBy::Worker, &assets, &Method::GET, path, false), expected, "{keys} {path}");
        assert_eq!(told_to(AskedBy::Worker, &assets, &Method::POST, "/a.txt", false), "405");
    }
}
