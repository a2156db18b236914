//! The access log: lines for programs, and the Combined Log Format as nginx writes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, exchange, until};
use serde_json::json;
use std::fs::File;
use std::process::Stdio;

/// One app that answers "hello", and this access log.
fn site(access: serde_json::Value) -> Site {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('hello') };");
    configure(&site, access);
    site
}

fn configure(site: &Site, access: serde_json::Value) {
    site.config(json!({
        "log": { "format": "json", "access": access },
        "trusted_proxies": ["127.0.0.1"],
        "apps": [{ "name": "a", "hostname": "a.local", "path": "a" }],
    }));
}

/// Its standard output goes to `access.log`.
fn serve(site: &Site) -> Nano {
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.stdout(File::create(site.path("access.log")).unwrap());
    site.serve_with(command)
}

/// The lines that are written, once there are so many.
fn lines(site: &Site, count: usize) -> Vec<String> {
    until("lines of the access log", || {
        let text = std::fs::read_to_string(site.path("access.log")).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines.len() >= count && text.ends_with('\n')).then_some(lines)
    })
}

/// `client`, `request`, `status bytes`, `referer`, `user agent` of a line.
fn fields(line: &str) -> [String; 5] {
    let expression = regex::Regex::new(
        r#"^(\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "([^"]*)" (\d{3} \d+) "([^"]*)" "([^"]*)"$"#,
    );
    let found = expression.unwrap().captures(line).unwrap_or_else(|| panic!("no Combined line: {line}"));
    std::array::from_fn(|at| found[at + 1].to_owned())
}

#[test]
fn combined_lines_are_on_the_standard_output_with_the_true_client() {
    let site = site(json!("combined"));
    let nano = serve(&site);
    let ask = |head: &str| exchange(nano.address, head.as_bytes()).unwrap();
    let answer = ask(
        "GET /x?token=1 HTTP/1.1\r\nHost: a.local\r\nX-Forwarded-For: 203.0.113.9, 192.0.2.1\r\nReferer: http://b.local/?q\r\nUser-Agent: curl/8\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(answer.text(), "hello");
    assert_eq!(ask("GET / HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n").status, 404);
    assert_eq!(ask("nonsense\r\n\r\n").status, 400);
    let written = lines(&site, 3);
    assert_eq!(
        fields(&written[0]),
        ["192.0.2.1", "GET /x?token=1 HTTP/1.1", "200 5", "http://b.local/?q", "curl/8"].map(str::to_owned)
    );
    assert_eq!(fields(&written[1])[1], "GET / HTTP/1.1");
    assert!(fields(&written[1])[2].starts_with("404 "));
    assert_eq!(fields(&written[2])[1], "-");
    assert_eq!(written.len(), 3);
    let in_log = nano.log.records().into_iter().filter(|line| line["message"] == "request").count();
    assert_eq!(in_log, 0, "a request is logged once");
}

#[test]
fn no_client_can_write_a_line_of_its_own() {
    let site = site(json!("combined"));
    let nano = serve(&site);
    let hostile = "\\x\t\u{1b}[2J\" 200 5 \"-\" \"x\u{e4}\u{202e}";
    let plain = hostile.replace('\u{1b}', "");
    let request = format!(
        "GET /%22%0a\"x HTTP/1.1\r\nHost: a.local\r\nReferer: {plain}\r\nUser-Agent: {plain}\r\nConnection: close\r\n\r\n"
    );
    let status = exchange(nano.address, request.as_bytes()).unwrap().status;
    assert!([200, 400].contains(&status), "{status}");
    // With a control character there is no such request (RFC 9110 §5.5).
    let request = format!("GET / HTTP/1.1\r\nHost: a.local\r\nUser-Agent: {hostile}\r\nConnection: close\r\n\r\n");
    assert_eq!(exchange(nano.address, request.as_bytes()).unwrap().status, 400);
    assert_eq!(nano.get("a.local", "/last").status, 200);
    let written = lines(&site, 3);
    assert_eq!(written.len(), 3, "{written:?}");
    for line in &written {
        assert!(line.is_ascii() && !line.contains(|c: char| c.is_ascii_control()), "{line}");
        fields(line);
    }
    if status == 200 {
        assert!(written[0].contains(r#"\x22 200 5 \x22-\x22 \x22x\xC3\xA4\xE2\x80\xAE""#), "{}", written[0]);
    }
}

#[test]
fn who_follows_the_log_gets_requests_with_their_fields_and_a_reload_changes_the_format() {
    let site = site(json!(true));
    let nano = serve(&site);
    let request = "GET /x?token=1 HTTP/1.1\r\nHost: a.local\r\nReferer: http://b.local/p?q\r\nUser-Agent: curl/8\r\nConnection: close\r\n\r\n";
    assert_eq!(nano.raw(request).status, 200);
    let line = until("the request in the log", || {
        nano.log.records().into_iter().find(|line| line["message"] == "request" && line["path"] == "/x")
    });
    assert_eq!(
        [&line["protocol"], &line["referer"], &line["user_agent"]],
        ["HTTP/1.1", "http://b.local/p", "curl/8"],
        "queries are not logged"
    );
    assert_eq!(std::fs::read_to_string(site.path("access.log")).unwrap(), "");
    configure(&site, json!("combined"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.raw(request).status, 200);
    assert_eq!(lines(&site, 1).len(), 1);
    let mut follow = site
        .command("nanoctl", &["--json", "logs", "-f", "a"])
        .env("NANO_CONTROL_SOCKET", site.path("control.sock"))
        .stdout(File::create(site.path("followed")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("a request that a follower gets", || {
        assert_eq!(nano.raw(request).status, 200);
        std::fs::read_to_string(site.path("followed")).unwrap().contains(r#""user_agent":"curl/8""#).then_some(())
    });
    follow.kill().unwrap();
    follow.wait().unwrap();
    configure(&site, json!(false));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    let before = lines(&site, 1).len();
    assert_eq!(nano.raw(request).status, 200);
    configure(&site, json!("combined"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/last").status, 200);
    let written = lines(&site, before + 1);
    assert_eq!((written.len(), &*fields(&written[before])[1]), (before + 1, "GET /last HTTP/1.1"));
    let in_log = nano.log.records().into_iter().filter(|line| line["message"] == "request").count();
    assert_eq!(in_log, 1, "only that of the first format");
}

#[test]
fn a_reader_that_does_not_read_costs_lines_and_nothing_else() {
    let site = site(json!("combined"));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    let (unread, pipe) = std::io::pipe().unwrap();
    command.stdout(pipe);
    let nano = site.serve_with(command);
    let long = "\u{ff}".repeat(1000);
    let request = format!("GET / HTTP/1.1\r\nHost: a.local\r\nUser-Agent: {long}\r\nReferer: {long}\r\n\r\n");
    let mut client = nano.connect();
    until("lines that are dropped", || {
        for _ in 0..50 {
            client.send(request.as_bytes()).unwrap();
            assert_eq!(client.receive().unwrap().status, 200);
        }
        (nano.metrics().get("nano_log_lines_unwritten_total", &[])? > 0.0).then_some(())
    });
    drop(unread);
    assert_eq!(nano.get("a.local", "/").status, 200, "nor does one that has left");
}

#[test]
fn the_first_line_says_what_is_started() {
    let site = site(json!(false));
    let nano = serve(&site);
    let records = nano.log.records();
    let start = &records[0];
    assert_eq!((&start["message"], &start["version"]), (&json!("nano starts"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!((start["config"].as_str(), &start["apps"]), (site.config_path().to_str(), &json!(1)));
    assert!(["required", "best-effort"].contains(&start["sandbox"].as_str().unwrap()), "{start}");
    let layers = until("the line about the sandbox", || nano.log.message("sandbox"));
    assert_eq!(layers["policy"], start["sandbox"]);
    assert!(layers["in_force"].as_str().unwrap().contains("seccomp"), "{layers}");
}
