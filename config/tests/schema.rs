//! `nano.schema.json` and the checks agree on what is a good file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use nano_config::{Config, parse};
use serde_json::{Value, json};
use tempfile::TempDir;

fn schema() -> Value {
    serde_json::from_str(include_str!("../nano.schema.json")).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("not a schema: {error}"));
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap()
}

fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "export default {}").unwrap();
    fs::create_dir(dir.path().join("public")).unwrap();
    fs::write(dir.path().join("a.pem"), "a certificate").unwrap();
    fs::write(dir.path().join("a.key"), "a key").unwrap();
    dir
}

fn check(dir: &TempDir, document: &str) -> Result<Config, nano_config::ConfigError> {
    parse(document, Path::new("nano.json"), dir.path())
}

/// A document with these top-level keys and one good app.
fn server(keys: &str) -> String {
    format!("{{{keys}, \"apps\": [{{\"hostname\": \"h.example\", \"path\": \"a\"}}]}}")
}

/// A document with one app that has these keys besides a path.
fn app(keys: &str) -> String {
    format!("{{\"apps\": [{{\"path\": \"a\", {keys}}}]}}")
}

/// The same keys in a good app and in `defaults`.
fn setting(keys: &str) -> [String; 2] {
    [app(&format!("\"hostname\": \"h.example\", {keys}")), server(&format!("\"defaults\": {{{keys}}}"))]
}

const SERVER_GOOD: &[&str] = &[
    r#""$schema": "./nano.schema.json""#,
    r#""port": 1"#,
    r#""port": 65535"#,
    r#""port": 8080.0"#,
    r#""port": 8e3"#,
    r#""listen": ["127.0.0.1:80", "[::1]:80", "unix:/run/nano.sock", "0.0.0.0:0"]"#,
    r#""listen": [{"address": "unix:/run/nano.sock"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "proxy_protocol": false}]"#,
    r#""listen": [{"address": "[::]:443", "proxy_protocol": true}]"#,
    r#""trusted_proxies": ["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1", "::ffff:10.0.0.0/104", "unix"]"#,
    r#""listen": [{"address": "127.0.0.1:80"}, {"address": "[::1]:80"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "mode": "0660", "group": "www-data"}, "127.0.0.1:80"]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "mode": "222", "group": "33"}]"#,
    r#""metrics": "off""#,
    r#""metrics": "[::1]:9000""#,
    r#""control_socket": "control.sock""#,
    r#""control_group": "operators""#,
    r#""control_group": "998""#,
    r#""log": {}"#,
    r#""log": {"format": "pretty", "level": "trace", "access": false}"#,
    r#""log": {"access": "combined"}"#,
    r#""otlp": {"endpoint": "http://127.0.0.1:4318"}"#,
    r#""otlp": {"endpoint": "https://[::1]:4318/otlp/v1/traces?a=b", "sample": 1}"#,
    r#""otlp": {"endpoint": "https://otlp.example", "sample": 0}"#,
    r#""otlp": {"endpoint": "http://a", "sample": 1e-3}"#,
    r#""drain_ms": 0"#,
    r#""drain_ms": 86400000"#,
    r#""sandbox": "required""#,
    r#""uid_base": 1000"#,
    r#""uid_base": 4294901759"#,
    r#""watch": true"#,
    r#""state_dir": "state""#,
    r#""spares": 0"#,
    r#""spares": 16"#,
    r#""tls": {"certificates": [{"hostnames": ["a.example", "*.a.example"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""tls": {"redirect_http": false, "hsts_s": 315360000, "certificates": [{"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""listen": [{"address": "[::]:443", "tls": true}], "tls": {"certificates": [{"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "tls": true}], "tls": {"certificates": [{"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""listen": [{"address": "[::]:443", "tls": false}]"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://[::1]:14000/dir?x=1", "email": "me+x@a.example", "agree": true}}, "state_dir": "state""#,
    r#""tls": {"acme": {"directory": "https://127.0.0.1:14000", "storage": "/var/lib/x", "agree": true}, "certificates": [{"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""defaults": {}"#,
];

const SERVER_BAD: &[&str] = &[
    r#""prot": 1"#,
    r#""$schema": 1"#,
    r#""port": 0"#,
    r#""port": 65536"#,
    r#""port": 80.5"#,
    r#""port": "80""#,
    r#""port": null"#,
    r#""listen": []"#,
    r#""listen": "127.0.0.1:80""#,
    r#""listen": ["80"]"#,
    r#""listen": ["localhost:80"]"#,
    r#""listen": ["127.0.0.1"]"#,
    r#""listen": ["unix:run/nano.sock"]"#,
    r#""listen": [80]"#,
    r#""listen": [{}]"#,
    r#""listen": [{"mode": "0660"}]"#,
    r#""listen": [{"address": "127.0.0.1:80", "mode": "0660"}]"#,
    r#""listen": [{"address": "127.0.0.1:80", "group": "33"}]"#,
    r#""listen": [{"address": "unix:nano.sock"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "mode": 660}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "mode": "0o660"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "mode": "1660"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "mode": "0444"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "group": ""}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "group": "a b"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "group": 33}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "owner": "x"}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "tls": true}]"#,
    r#""listen": [{"address": "unix:/run/nano.sock", "proxy_protocol": "v2"}]"#,
    r#""listen": [{"proxy_protocol": true}]"#,
    r#""trusted_proxies": []"#,
    r#""trusted_proxies": "10.0.0.0/8""#,
    r#""trusted_proxies": [8]"#,
    r#""trusted_proxies": ["proxy.example"]"#,
    r#""trusted_proxies": ["unix:/run/x.sock"]"#,
    r#""trusted_proxies": ["10.0.0.0/8", "*"]"#,
    r#""metrics": "on""#,
    r#""metrics": false"#,
    r#""control_socket": """#,
    r#""control_socket": 1"#,
    r#""control_group": """#,
    r#""control_group": "a b""#,
    r#""control_group": "a:b""#,
    r#""control_group": 998"#,
    r#""log": true"#,
    r#""log": {"format": "text"}"#,
    r#""log": {"level": "verbose"}"#,
    r#""log": {"access": 1}"#,
    r#""otlp": "http://127.0.0.1:4318""#,
    r#""otlp": {}"#,
    r#""otlp": {"sample": 1}"#,
    r#""otlp": {"endpoint": 4318}"#,
    r#""otlp": {"endpoint": "127.0.0.1:4318"}"#,
    r#""otlp": {"endpoint": "grpc://127.0.0.1:4317"}"#,
    r#""otlp": {"endpoint": "http://a#b"}"#,
    r#""otlp": {"endpoint": "http://a b"}"#,
    r#""otlp": {"endpoint": "http://a", "sample": 1.1}"#,
    r#""otlp": {"endpoint": "http://a", "sample": -0.1}"#,
    r#""otlp": {"endpoint": "http://a", "sample": "1"}"#,
    r#""otlp": {"endpoint": "http://a", "headers": {}}"#,
    r#""log": {"access": "common"}"#,
    r#""log": {"access": "true"}"#,
    r#""log": {"file": "x"}"#,
    r#""drain_ms": -1"#,
    r#""drain_ms": 86400001"#,
    r#""sandbox": true"#,
    r#""uid_base": 999"#,
    r#""uid_base": 4294901760"#,
    r#""watch": "yes""#,
    r#""state_dir": """#,
    r#""fleet": {"endpoints": ["http://127.0.0.1:2379"], "node": "a"}, "state_dir": "state""#,
    r#""listen": ["[::]:80", {"address": "[::]:443", "tls": true}]"#,
    r#""listen": [{"address": "[::]:443", "tls": "yes"}]"#,
    r#""tls": true"#,
    r#""tls": {}"#,
    r#""tls": {"certificates": []}"#,
    r#""tls": {"certificates": {"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}}"#,
    r#""tls": {"certificates": [{"cert": "a.pem", "key": "a.key"}]}"#,
    r#""tls": {"certificates": [{"hostnames": ["a"], "key": "a.key"}]}"#,
    r#""tls": {"certificates": [{"hostnames": ["a"], "cert": "a.pem"}]}"#,
    r#""tls": {"certificates": [{"hostnames": [], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""tls": {"certificates": [{"hostnames": "a", "cert": "a.pem", "key": "a.key"}]}"#,
    r#""tls": {"certificates": [{"hostnames": ["a"], "cert": "", "key": "a.key"}]}"#,
    r#""tls": {"hsts_s": -1, "certificates": [{"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""tls": {"acme": {}, "certificates": [{"hostnames": ["a"], "cert": "a.pem", "key": "a.key"}]}"#,
    r#""tls": {"acme": true}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme"}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "agree": false}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "agree": "true"}}"#,
    r#""tls": {"acme": {"storage": "acme", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "http://acme.example/dir", "storage": "acme", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example:0/dir", "storage": "acme", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/a b", "storage": "acme", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "email": "", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "email": "a@b,c@d", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "contact": "a@b", "agree": true}}"#,
    r#""tls": {"acme": {"directory": "https://acme.example/dir", "storage": "acme", "agree": true}, "certificates": []}"#,
    r#""spares": 17"#,
    r#""spares": true"#,
    r#""defaults": []"#,
    r#""defaults": {"name": "x"}"#,
    r#""defaults": {"path": "a"}"#,
    r#""defaults": {"hostname": "x"}"#,
    r#""workers": 1"#,
];

const APP_GOOD: &[&str] = &[
    r#""hostname": "a""#,
    r#""hostname": "A.Example.""#,
    r#""hostname": "my_app.local""#,
    r#""hostname": "xn--bcher-kva.example""#,
    r#""hostname": "*""#,
    r#""hostname": "*.example""#,
    r#""hostname": "127.0.0.1""#,
    r#""hostname": "[::1]""#,
    r#""hostname": "::1""#,
    r#""hostname": ["a", "*.b", "*"]"#,
    r#""name": "shop""#,
    r#""name": "a-b_c.d", "hostname": "*""#,
    r#""name": "a", "assets": {"directory": "public"}"#,
    r#""name": "a", "assets": {"directory": "public", "not_found": "404-page", "html_handling": "none"}"#,
    r#""name": "a", "assets": {"directory": "public", "binding": "FILES"}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": true}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": ["/api/*", "!/api/docs/*"]}"#,
];

const APP_BAD: &[&str] = &[
    r#""workers": 1"#,
    r#""hostname": """#,
    r#""hostname": []"#,
    r#""hostname": 1"#,
    r#""hostname": [1]"#,
    r#""hostname": ["a", "a"]"#,
    r#""hostname": "a b""#,
    r#""hostname": "a..b""#,
    r#""hostname": ".a""#,
    r#""hostname": "-a""#,
    r#""hostname": "a-""#,
    r#""hostname": "ä""#,
    r#""hostname": "a:80""#,
    r#""hostname": "http://a""#,
    r#""hostname": "a.*""#,
    r#""hostname": "*a""#,
    r#""hostname": "**""#,
    r#""hostname": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#,
    r#""name": "Shop""#,
    r#""name": "a b""#,
    r#""name": """#,
    r#""name": "..", "hostname": "a""#,
    r#""name": 1"#,
    r#""hostname": "a", "path": """#,
    r#""hostname": "a", "port": 80"#,
    r#""name": "a", "assets": "public""#,
    r#""name": "a", "assets": {}"#,
    r#""name": "a", "assets": {"directory": ""}"#,
    r#""name": "a", "assets": {"directory": 1}"#,
    r#""name": "a", "assets": {"directory": "public", "binding": ""}"#,
    r#""name": "a", "assets": {"directory": "public", "binding": 1}"#,
    r#""name": "a", "assets": {"directory": "public", "not_found": "spa"}"#,
    r#""name": "a", "assets": {"directory": "public", "html_handling": true}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": "/api/*"}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": []}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": ["api/*"]}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": ["!/api/*"]}"#,
    r#""name": "a", "assets": {"directory": "public", "run_worker_first": ["/a", "/a"]}"#,
];

const SETTING_GOOD: &[&str] = &[
    r#""env": {}"#,
    r#""env": {"A": "", "b c": "x"}"#,
    r#""env": {"A": 1, "B": null, "C": [true, {"file": 1}], "D": {"file": "x", "more": {}}, "E": {"F": {"env": "x"}}}"#,
    r#""env": {"A": {"file": "a/index.js"}, "B": {"env": "B"}}"#,
    r#""max_buffer_size_mb": 1"#,
    r#""max_buffer_size_mb": 0.5"#,
    r#""max_buffer_size_mb": 1048576"#,
    r#""max_total_buffer_mb": 0"#,
    r#""max_total_buffer_mb": 0.5"#,
    r#""memory_mb": 8"#,
    r#""timeout_ms": 1"#,
    r#""cpu_ms": 86400000"#,
    r#""workers": 256"#,
    r#""max_concurrent": 65536"#,
    r#""max_body_mb": 0.1"#,
    r#""start": "eager""#,
    r#""start": "on-demand""#,
    r#""idle_ms": 0"#,
    r#""idle_ms": 2592000000"#,
    r#""egress": "public""#,
    r#""egress": "off""#,
    r#""egress": []"#,
    r#""egress": ["api.example", "api.example:443", "*.example:443", "10.0.0.0/8", "fd00::/8", "[::1]:80"]"#,
    r#""request_accessors": "property""#,
    r#""compatibility_flags": []"#,
    r#""compatibility_flags": ["nodejs_compat", "nodejs_als", "eval_at_start", "nodejs_als"]"#,
    r#""crons": []"#,
    r#""crons": ["* * * * *", "*/15 0-6/2,22 1,15 JAN-mar mon-FRI", "0 0 L * *", "0  0\t15W * 6#2", "0 0 * * friL"]"#,
];

const SETTING_BAD: &[&str] = &[
    r#""env": []"#,
    r#""env": {"A": {"file": ""}}"#,
    r#""env": {"A": {"env": ""}}"#,
    r#""env": {"A": {"env": "A=B"}}"#,
    r#""env": {"": "x"}"#,
    r#""max_buffer_size_mb": 0"#,
    r#""max_buffer_size_mb": -1"#,
    r#""max_buffer_size_mb": 1048577"#,
    r#""max_buffer_size_mb": "1""#,
    r#""max_total_buffer_mb": -1"#,
    r#""memory_mb": 7"#,
    r#""memory_mb": 64.5"#,
    r#""timeout_ms": 0"#,
    r#""cpu_ms": 86400001"#,
    r#""workers": 0"#,
    r#""workers": 257"#,
    r#""max_concurrent": 0"#,
    r#""max_body_mb": 0"#,
    r#""start": "lazy""#,
    r#""start": true"#,
    r#""idle_ms": -1"#,
    r#""idle_ms": 1.5"#,
    r#""egress": "all""#,
    r#""egress": ["*"]"#,
    r#""egress": [""]"#,
    r#""egress": ["https://a.example"]"#,
    r#""egress": [1]"#,
    r#""request_accessors": "getter""#,
    r#""compatibility_flags": "nodejs_compat""#,
    r#""compatibility_flags": ["nodejs"]"#,
    r#""compatibility_flags": [true]"#,
    r#""crons": "* * * * *""#,
    r#""crons": [1]"#,
    r#""crons": [""]"#,
    r#""crons": ["0 * * * * *"]"#,
    r#""crons": ["@daily"]"#,
    r#""crons": ["* * ? * *"]"#,
    r#""crons": ["* * * * *", " * * * * *"]"#,
    r#""max_bufer_size_mb": 1"#,
];

/// What a schema cannot say; the checks alone refuse these.
const BEYOND_THE_SCHEMA: &[&str] = &[
    r#"{"apps": [{"hostname": "a", "path": "a"}, {"hostname": "a", "path": "a"}]}"#,
    r#"{"apps": [{"hostname": ["a", "A."], "path": "a"}]}"#,
    r#"{"apps": [{"name": "x", "hostname": "a", "path": "a"}, {"name": "x", "hostname": "b", "path": "a"}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "missing"}]}"#,
    r#"{"apps": [{"hostname": "a", "assets": {"directory": "missing"}}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "path": "a"}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "max_buffer_size_mb": 0.0000001}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "egress": ["10.1.0.0/8"]}]}"#,
    r#"{"apps": [{"hostname": "1.2.3", "path": "a"}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "crons": ["60 * * * *"]}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "crons": ["0 0 30 2 *"]}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "crons": ["0 0 * * MON", "0 0 * * mon"]}]}"#,
    r#"{"apps": [{"hostname": "a", "assets": {"directory": "public"}, "crons": ["* * * * *"]}]}"#,
    r#"{"apps": [{"hostname": "[:::]", "path": "a"}]}"#,
    r#"{"apps": [{"name": "a..b", "path": "a"}]}"#,
    r#"{"apps": [{"hostname": "a", "path": "a", "env": {"A": {"file": "missing"}}}]}"#,
    r#"{"trusted_proxies": ["10.0.0.1/8"], "apps": [{"hostname": "a", "path": "a"}]}"#,
    r#"{"listen": ["999.0.0.1:80"], "apps": [{"hostname": "a", "path": "a"}]}"#,
    r#"{"listen": ["127.0.0.1:80", "127.0.0.1:80"], "apps": [{"hostname": "a", "path": "a"}]}"#,
];

#[test]
fn both_agree() {
    let dir = directory();
    let validator = validator();
    let mut count = 0;
    let mut agree = |document: &str, good: bool| {
        let value: Value = serde_json::from_str(document).unwrap();
        let checked = check(&dir, document);
        assert_eq!(checked.is_ok(), good, "the checks on {document}: {checked:?}");
        let schema = validator.validate(&value);
        assert_eq!(schema.is_ok(), good, "the schema on {document}: {schema:?}");
        count += 1;
    };
    for (keys, good) in [(SERVER_GOOD, true), (SERVER_BAD, false)] {
        keys.iter().for_each(|keys| agree(&server(keys), good));
    }
    for (keys, good) in [(APP_GOOD, true), (APP_BAD, false)] {
        keys.iter().for_each(|keys| agree(&app(keys), good));
    }
    for (keys, good) in [(SETTING_GOOD, true), (SETTING_BAD, false)] {
        keys.iter().flat_map(|keys| setting(keys)).for_each(|document| agree(&document, good));
    }
    for document in ["{}", "[]", "null", r#"{"apps": []}"#, r#"{"apps": {}}"#, r#"{"apps": [1]}"#] {
        agree(document, false);
    }
    agree(r#"{"apps": [{"hostname": "h"}]}"#, false);
    agree(r#"{"apps": [{"hostname": "h", "assets": {"directory": "public"}}]}"#, true);
    agree(r#"{"apps": [{"hostname": "h", "assets": {"directory": "public", "run_worker_first": true}}]}"#, false);
    agree(r#"{"apps": [{"hostname": "h", "assets": {"directory": "public", "binding": "ASSETS"}}]}"#, false);
    agree(r#"{"defaults": {"assets": {"directory": "public"}}, "apps": [{"hostname": "h", "path": "a"}]}"#, false);
    assert!(count > 150);
}

#[test]
fn what_the_schema_cannot_say_the_checks_do() {
    let dir = directory();
    let validator = validator();
    for document in BEYOND_THE_SCHEMA {
        assert!(
            validator.is_valid(&serde_json::from_str(document).unwrap()),
            "{document}: no longer beyond the schema"
        );
        assert!(check(&dir, document).is_err(), "{document}");
    }
}

/// The schema's defaults, written out, change nothing, so they are the code's.
#[test]
fn defaults_written_out_change_nothing() {
    let schema = schema();
    let defaults = |properties: &Value| -> serde_json::Map<String, Value> {
        let properties = properties.as_object().unwrap();
        let resolve = |property: &Value| match property["$ref"].as_str() {
            Some(reference) => schema.pointer(reference.strip_prefix('#').unwrap()).unwrap().clone(),
            None => property.clone(),
        };
        let with_default = |(key, property): (&String, &Value)| {
            let default = resolve(property).get("default").cloned()?;
            Some((key.clone(), default))
        };
        properties.iter().filter_map(with_default).collect()
    };
    let dir = directory();
    let bare = check(&dir, r#"{"apps": [{"hostname": "h", "path": "a"}]}"#).unwrap();

    let mut app = defaults(&schema["$defs"]["app"]["properties"]);
    assert_eq!(app.len(), 15, "every setting has a default");
    app.insert("hostname".to_owned(), json!("h"));
    app.insert("path".to_owned(), json!("a"));
    let mut document = defaults(&schema["properties"]);
    let metrics = document.remove("metrics").unwrap();
    let keys: std::collections::BTreeSet<_> = document.keys().map(String::as_str).collect();
    assert_eq!(keys, ["drain_ms", "port", "spares", "watch"].into());
    document.insert("log".to_owned(), defaults(&schema["$defs"]["log"]["properties"]).into());
    document.insert("defaults".to_owned(), defaults(&schema["$defs"]["defaults"]["properties"]).into());
    document.insert("apps".to_owned(), json!([app]));
    assert_eq!(check(&dir, &Value::from(document).to_string()).unwrap(), bare);

    // Written out, this one must work; it is the same address.
    assert_eq!(metrics, json!(nano_config::MetricsAddress::DEFAULT.to_string()));
}
