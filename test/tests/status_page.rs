//! The status page at the metrics address, in a real browser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Connection, Nano, Site, app_path, exchange, finish, repository, tool, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::process::Command;

/// Two apps, one of which has a secret and has died.
fn serve() -> Nano {
    let site = Site::new();
    site.apps(json!([
        { "name": "shop", "hostname": "shop.local", "path": app_path("overflow"), "max_buffer_size_mb": 1, "env": { "KEY": "hidden-value" } },
        { "name": "blog", "hostname": "blog.local", "path": app_path("faults") },
    ]));
    let nano = site.serve();
    let dead = nano.pid_of("shop");
    kill(Pid::from_raw(dead), Signal::SIGKILL).unwrap();
    until("a new worker", || nano.pids("shop").first().filter(|pid| **pid != dead).copied());
    for _ in 0..3 {
        assert_eq!(nano.get("shop.local", "/write?bytes=4000000").status, 200);
    }
    nano
}

#[test]
fn what_it_reads_has_apps_deaths_and_nothing_that_is_secret() {
    let nano = serve();
    let answer = nano.probe("/status.json?x");
    let status = answer.json();
    let apps = status["apps"].as_array().unwrap();
    assert_eq!(apps.iter().map(|app| app["name"].as_str().unwrap()).collect::<Vec<_>>(), ["blog", "shop"]);
    let shop = &apps[1];
    assert_eq!((&shop["state"], &shop["ready"], &shop["answered"]), (&json!("ready"), &json!(1), &json!(3)));
    assert_eq!((&shop["overflows"], &shop["deaths"]), (&json!(3), &json!(1)));
    let bounds = status["bounds"].as_array().unwrap();
    assert_eq!(shop["durations"].as_array().unwrap().len(), bounds.len() + 1);
    let [death] = status["deaths"].as_array().unwrap().as_slice() else { panic!("{status}") };
    assert_eq!((&death["app"], &death["reason"]), (&json!("shop"), &json!("crash")));
    assert!(death["how"].as_str().unwrap().contains("SIGKILL"), "{death}");
    let text = answer.text();
    for hidden in ["hidden-value", "KEY", "127.0.0.1", "shop.local", "/tmp", "pid"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    // For browsers: nobody else's page embeds, reads or keeps it.
    for path in ["/", "/status.json"] {
        let answer = nano.probe(path);
        let header = |name| answer.header(name).unwrap_or_default().to_owned();
        assert_eq!((header("cache-control"), header("x-content-type-options")), ("no-store".into(), "nosniff".into()));
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    }
    let policy = nano.probe("/").header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn neither_pages_that_stay_open_nor_other_sites_are_in_the_way_of_scrapers() {
    let nano = serve();
    let mut pages: Vec<_> = (0..40).map(|_| Connection::open(nano.metrics_address).unwrap()).collect();
    for page in &mut pages {
        let answer = page.get("127.0.0.1:9464", "/status.json").unwrap();
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    }
    assert!(nano.metrics().sum("nano_build_info", &[]) > 0.0);
    // A name of another site that has come to mean this machine.
    for (host, status) in [
        ("evil.example:9464", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("[::1]:9464", 200),
        ("LOCALHOST", 200),
    ] {
        for path in ["/", "/status.json"] {
            let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = exchange(nano.metrics_address, head.as_bytes()).unwrap();
            assert_eq!(answer.status, status, "{host}{path}");
            assert!(status == 200 || !answer.text().contains("shop"));
        }
        // A scraper may call this machine as it likes; a browser is told by its language.
        for (language, status) in [("", 200), ("Accept-Language: en\r\n", status)] {
            let head = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n{language}Connection: close\r\n\r\n");
            assert_eq!(exchange(nano.metrics_address, head.as_bytes()).unwrap().status, status, "{host} {language}");
        }
    }
}

#[test]
fn a_browser_shows_it_light_and_dark_narrow_and_by_keyboard() {
    let (Some(chromium), Some(node)) = (tool("chromium"), tool("node")) else { return };
    let nano = serve();
    let _load = nano.load("blog.local", "/hello");
    let url = format!("http://{}/", nano.metrics_address);
    let mut command = Command::new(node);
    command.arg(repository().join("test/status-page/look.mjs")).arg(chromium).arg(&url);
    // The picture of the documentation, made anew.
    if std::env::var_os("NANO_UPDATE_SCREENSHOT").is_some() {
        command.arg(repository().join("docs/status-page.png"));
    }
    let looked = finish(&mut command, "");
    assert_eq!(looked.code, Some(0), "{looked:?}");
    let seen: Value = serde_json::from_str(&looked.stdout).unwrap();
    assert_eq!(seen["console"], json!([]), "neither an error nor something that the policy refused");
    let requests = seen["requests"].as_array().unwrap();
    assert!(requests.iter().all(|request| request.as_str().unwrap().starts_with(&url)), "{requests:?}");
    let text = |name: &str| seen["texts"][name].as_str().unwrap().to_owned();
    assert!(text("apps").contains("shop") && text("apps").contains("blog"), "{}", text("apps"));
    assert!(text("deaths").contains("SIGKILL") && text("certificates").contains("without TLS"));
    assert!(text("server").contains(env!("CARGO_PKG_VERSION")) && text("trouble").is_empty());
    let plots: Vec<&str> = seen["plots"].as_array().unwrap().iter().map(|plot| plot.as_str().unwrap()).collect();
    assert_eq!(plots.len(), 8, "{plots:?}");
    let requests = plots.iter().find(|plot| plot.starts_with("Requests: ")).unwrap();
    assert!(!requests.contains("most 0"), "{requests}");
    assert_ne!(seen["light"][0], seen["dark"][0]);
    for width in ["320", "640", "1400"] {
        assert!(seen["widths"][width].as_u64().unwrap() <= width.parse().unwrap(), "{}", seen["widths"]);
    }
    assert!(
        seen["focused"].is_string() && seen["chosen"] == seen["focused"] && seen["stillFocused"] == seen["focused"]
    );
    // What a tenant might bring, and very many of them.
    let hostile = json!({ "elements": 0, "title": "nano: status", "whose": seen["hostileName"] });
    assert_eq!(seen["hostile"], hostile);
    assert!(seen["hostileWidth"].as_u64().unwrap() <= 320);
    assert_eq!(seen["many"]["rows"], 200);
    assert!(seen["many"]["elements"].as_u64().unwrap() < 5000, "{}", seen["many"]);
}
