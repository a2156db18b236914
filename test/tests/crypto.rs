//! The Web Cryptography API in sandboxed workers: what other programs make of its signatures, and the limits that hold for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, app_path, finish, until};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

/// The app that signs, and a neighbour of it.
fn serve(settings: &Value) -> Nano {
    let mut app = json!({ "name": "a", "hostname": "a.local", "path": app_path("crypto") });
    app.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let site = Site::new();
    site.apps(json!([app, { "name": "b", "hostname": "b.local", "path": app_path("crypto") }]));
    site.serve()
}

#[test]
fn tokens_are_signed_and_verified_in_the_sandbox() {
    let nano = serve(&json!({ "cpu_ms": 30_000 }));
    let sandbox = &nano.ctl_json(&["apps"])["apps"][0]["sandbox"];
    assert_eq!(sandbox["seccomp"], json!(true), "{sandbox}");
    let worker = nano.pid_of("a");
    for algorithm in ["HS256", "RS256", "PS384", "ES256", "ES512", "EdDSA"] {
        let signed = nano.get("a.local", &format!("/sign?alg={algorithm}"));
        assert_eq!(signed.status, 200, "{algorithm}: {}", signed.text());
        let mut signed = signed.json();
        assert_eq!(nano.post("a.local", "/verify", signed.to_string().as_bytes()).text(), "true", "{algorithm}");
        // The claims say something else.
        let parts: Vec<_> = signed["token"].as_str().unwrap().split('.').map(str::to_owned).collect();
        signed["token"] = format!("{}.{}.{}", parts[0], "eyJzdWIiOiJvdGhlciJ9", parts[2]).into();
        assert_eq!(nano.post("a.local", "/verify", signed.to_string().as_bytes()).text(), "false", "{algorithm}");
    }
    assert_eq!(nano.pid_of("a"), worker, "no system call ended it");
}

/// What Python's standard library says of a token with HS256 and of a derived key.
const PYTHON: &str = r#"
import base64, hashlib, hmac, json, sys
signed, derived = json.loads(sys.argv[1]), sys.argv[2]
decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
text, _, signature = signed["token"].rpartition(".")
assert hmac.new(decode(signed["key"]["k"]), text.encode(), "sha256").digest() == decode(signature)
assert hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000, 70) == decode(derived)
print("agrees")
"#;

#[test]
fn python_agrees() {
    let nano = serve(&json!({}));
    let signed = nano.get("a.local", "/sign?alg=HS256").text();
    let derived = nano.get("a.local", "/pbkdf2?iterations=1000&bits=560").text();
    let said = finish(Command::new("python3").args(["-c", PYTHON, &signed, &derived]), "");
    assert_eq!(said.stdout, "agrees\n", "{said:?}");
}

#[test]
fn a_derivation_without_end_is_a_503_at_the_cpu_limit() {
    let nano = serve(&json!({ "cpu_ms": 300 }));
    let neighbour = nano.pid_of("b");
    let start = Instant::now();
    let response = nano.get("a.local", "/pbkdf2?iterations=1000000000");
    let took = start.elapsed();
    assert_eq!(response.status, 503, "{}", response.text());
    assert_eq!(response.json()["code"], "cpu_limit");
    assert!(took >= Duration::from_millis(300), "{took:?}");
    // It is interrupted, not killed: a killed process could not name the culprit.
    // The answer may come before the worker has ended.
    until("the record of the worker's end", || nano.ctl(&["why", "a"]).stdout.contains("/pbkdf2").then_some(()));
    until("the app's answer after it", || (nano.get("a.local", "/pbkdf2?iterations=1").status == 200).then_some(()));
    assert_eq!(nano.pid_of("b"), neighbour);
}

#[test]
fn keys_count_against_the_memory_of_their_app_until_they_are_collected() {
    let nano = serve(&json!({ "memory_mb": 64 }));
    let worker = nano.pid_of("a");
    assert_eq!(nano.get("a.local", "/keys?count=150").text(), "0 kept");
    let refused = nano.get("a.local", "/keys?count=300&keep");
    assert_eq!((refused.status, refused.text().split(':').next()), (400, Some("RangeError")));
    let too_long = nano.get("a.local", "/pbkdf2?iterations=1&bits=4294967288");
    assert_eq!((too_long.status, too_long.text().split(':').next()), (400, Some("RangeError")));
    assert_eq!(nano.get("a.local", "/keys?count=30&keep").text(), "30 kept");
    // Digests need no copy; what is encrypted needs room for some.
    let small = nano.get("a.local", "/large?mb=4").text();
    assert!(small.ends_with(" 4194320"), "{small}");
    let large = nano.get("a.local", "/large?mb=40").text();
    assert!(large.ends_with(" RangeError"), "{large}");
    assert_eq!(nano.pid_of("a"), worker);
}

#[test]
fn an_app_that_keeps_all_of_its_memory_in_keys_is_started_again() {
    let nano = serve(&json!({ "memory_mb": 64 }));
    let worker = nano.pid_of("a");
    // Each request is refused more, and none can be served while they are kept.
    let answers: Vec<u16> = (0..60).map(|_| nano.get("a.local", "/keys?count=300&keep&for-ever").status).collect();
    assert!(answers.contains(&400), "{answers:?}");
    until("another worker", || (nano.pid_of("a") != worker).then_some(()));
    let ended = || nano.metrics().get("nano_worker_exits_total", &[("app", "a"), ("reason", "heap")]);
    until("the reason", || (ended() >= Some(1.0)).then_some(()));
    until("its answer", || (nano.get("a.local", "/keys?count=3").status == 200).then_some(()));
}
