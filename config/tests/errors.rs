//! What people read when their file is wrong: all faults at once, each at its line and column.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_config::{Config, load, parse};
use tempfile::TempDir;

/// A directory with an app `a` and a module `b.mjs`.
fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "export default {}").unwrap();
    fs::write(dir.path().join("b.mjs"), "export default {}").unwrap();
    dir
}

/// The faults with the directory's own name taken out.
fn faults(text: &str) -> Vec<String> {
    let dir = directory();
    match parse(text, Path::new("nano.json"), dir.path()) {
        Ok(config) => panic!("taken: {config:?}"),
        Err(error) => {
            assert_eq!(error.to_string().lines().count(), error.diagnostics().len(), "one line each: {error}");
            error.to_string().lines().map(|line| line.replace(dir.path().to_str().unwrap(), "DIR")).collect()
        }
    }
}

/// The faults of an app with these keys besides a hostname and a path.
fn app_faults(keys: &str) -> Vec<String> {
    faults(&format!("{{\"apps\":[{{\"hostname\":\"h\",\"path\":\"a\",{keys}}}]}}"))
}

/// The faults of a document with these keys besides a good app.
fn server_faults(keys: &str) -> Vec<String> {
    faults(&format!("{{{keys},\"apps\":[{{\"hostname\":\"h\",\"path\":\"a\"}}]}}"))
}

#[test]
fn every_fault_is_told_at_once_in_the_order_of_the_file() {
    let text = r#"{
  "prot": 8080,
  "port": "8080",
  "max_body_mb": 5,
  "log": { "level": "inof", "colour": true },
  "apps": [
    { "hostname": "A.example", "path": "a", "max_bufer_size_mb": 1 },
    { "hostname": ["b.example", "a.example."], "path": "missing", "workers": 0 },
	{ "hostname": "ä.example", "path": "b.mjs", "env": { "KEY": { "file": "x" } } },
    { "name": "a.example", "hostname": "*.x", "path": "a", "timeout_ms": 1.5 },
    { "hostname": "c", "path": "b.mjs", "cpu_ms": 1, "cpu_ms": 2 }
  ],
  "sandbox": "require"
}"#;
    assert_eq!(
        faults(text),
        [
            "nano.json:2:3: prot: unknown key (did you mean `port`?)",
            "nano.json:3:11: port: expected a whole number from 1 to 65535, found the string \"8080\" (write 8080 without quotes)",
            "nano.json:4:3: max_body_mb: unknown key (it belongs in an app or in `defaults`)",
            "nano.json:5:21: log.level: expected \"error\" or \"warn\" or \"info\" or \"debug\" or \"trace\", found the string \"inof\" (did you mean \"info\"?)",
            "nano.json:5:29: log.colour: unknown key",
            "nano.json:7:45: apps[0].max_bufer_size_mb: unknown key (did you mean `max_buffer_size_mb`?)",
            "nano.json:8:33: apps[1].hostname[1]: duplicate hostname \"a.example\": apps[0] has it already, at 7:19",
            "nano.json:8:56: apps[1].path: there is no DIR/missing",
            "nano.json:8:78: apps[1].workers: expected a whole number from 1 to 256, found the number 0",
            "nano.json:9:16: apps[2].hostname: a host name is written in ASCII, here `xn--4ca.example`, found \"ä.example\"",
            "nano.json:9:62: apps[2].env.KEY: the secret cannot be had: there is no DIR/x",
            "nano.json:10:15: apps[3].name: duplicate name \"a.example\": apps[0] has it already, at 7:19 (set `name`)",
            "nano.json:10:74: apps[3].timeout_ms: expected a whole number from 1 to 86400000, found the number 1.5",
            "nano.json:11:54: apps[4].cpu_ms: this key is here twice, first at 11:41",
            "nano.json:13:14: sandbox: expected \"required\" or \"best-effort\", found the string \"require\" (did you mean \"required\"?)",
        ]
    );
}

#[test]
fn syntax_errors() {
    assert_eq!(faults("{\n  \"apps\": [\n    {},\n  ]\n}"), ["nano.json:3:7: a comma before the closing `]`"]);
    assert_eq!(
        faults("{\n  \"apps\": [ {\n"),
        ["nano.json:3:1: the file ends before this object is closed; it was opened at 2:13"]
    );
    assert_eq!(faults("{\"é\" 1}"), ["nano.json:1:6: expected `:` after the key"]);
    assert_eq!(faults(" \n"), ["nano.json:1:1: the file is empty"]);
    assert_eq!(faults("{} // x"), ["nano.json:1:4: comments are not allowed in JSON"]);
    assert_eq!(faults("{/* x */}"), ["nano.json:1:2: comments are not allowed in JSON"]);
}

#[test]
fn what_is_no_text_of_json_is_called_by_its_name() {
    let good = "{\"apps\":[{\"hostname\":\"h\",\"path\":\"a\"}]}";
    let mark = "nano.json:1:1: the file begins with a byte-order mark, which JSON must not have (RFC 8259, section 8.1) (save it as UTF-8 without byte-order mark, or: sed -i '1s/^\\xef\\xbb\\xbf//' FILE)";
    assert_eq!(faults(&format!("\u{feff}{good}")), [mark]);
    let nul = "a NUL character, which no JSON has (is it UTF-16, or damaged? save it as UTF-8)";
    assert_eq!(faults("{\n\"a\0\":1}"), [format!("nano.json:2:3: {nul}")]);
    assert_eq!(faults("{\0}\0"), [format!("nano.json:1:2: {nul}")]);
    let dir = directory();
    let file = dir.path().join("nano.json");
    let read = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        load(&file).unwrap_err().to_string().replace(dir.path().to_str().unwrap(), "DIR")
    };
    let utf16 = |bytes: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let told = "DIR/nano.json:1:1: the file is UTF-16, and JSON is UTF-8 (save it as UTF-8 without byte-order mark, or: iconv -f UTF-16 -t UTF-8 FILE)";
    assert_eq!(read(&[b"\xff\xfe".to_vec(), utf16(u16::to_le_bytes)].concat()), told);
    assert_eq!(read(&[b"\xfe\xff".to_vec(), utf16(u16::to_be_bytes)].concat()), told);
    assert_eq!(read(&utf16(u16::to_be_bytes)), format!("DIR/nano.json:1:1: {nul}"));
    assert_eq!(read(b""), "DIR/nano.json:1:1: the file is empty");
    assert_eq!(read(b"{\xe9}"), "DIR/nano.json:1:2: not UTF-8 from here on (save the file as UTF-8)");
}

#[test]
fn a_file_that_is_not_there_may_be_a_slip() {
    let dir = directory();
    fs::write(dir.path().join("nano.json"), "{}").unwrap();
    let read =
        |name: &str| load(&dir.path().join(name)).unwrap_err().to_string().replace(dir.path().to_str().unwrap(), "DIR");
    assert!(read("nanno.json").ends_with("(did you mean DIR/nano.json?)"), "{}", read("nanno.json"));
    assert!(!read("other.json").contains("mean"), "{}", read("other.json"));
    assert!(read("").ends_with("(did you mean DIR/nano.json?)"), "{}", read(""));
    assert!(read("a").ends_with("(`nano serve --app DIR/a` serves one app)"), "{}", read("a"));
}

#[test]
fn numbers_out_of_range_are_shown_as_written() {
    for number in ["1e400", "-1", "1.5", "1e-400", "99999999999999999999999999999"] {
        let told =
            format!("nano.json:1:14: drain_ms: expected a whole number from 0 to 86400000, found the number {number}");
        assert_eq!(server_faults(&format!("\"drain_ms\": {number}")), [told]);
    }
    let dir = directory();
    for zero in ["-0", "0.0", "0e400"] {
        let text = format!("{{\"drain_ms\":{zero},\"apps\":[{{\"hostname\":\"h\",\"path\":\"a\"}}]}}");
        assert!(parse(&text, Path::new("nano.json"), dir.path()).unwrap().drain.is_zero(), "{zero}");
    }
    for (keys, what) in [
        ("01", "a number does not start with 0"),
        ("+1", "a number starts with a digit or `-`"),
        ("NaN", "a bare word"),
    ] {
        assert!(server_faults(&format!("\"drain_ms\": {keys}")).concat().contains(what), "{keys}");
    }
}

#[test]
fn the_document_and_its_apps() {
    assert_eq!(faults("[]"), ["nano.json:1:1: the configuration must be an object, found a list"]);
    assert_eq!(faults("{}"), ["nano.json:1:1: `apps` is missing: a list of at least one app"]);
    assert_eq!(faults(r#"{"apps":[]}"#), ["nano.json:1:9: apps: there must be at least one app"]);
    assert_eq!(
        faults(r#"{"apps":{"path":"a"}}"#),
        ["nano.json:1:9: apps: expected a list of apps, found an object (put it into `[ ]`)"]
    );
    assert_eq!(faults(r#"{"apps":[7]}"#), ["nano.json:1:10: apps[0]: expected an object, an app, found the number 7"]);
    assert_eq!(
        faults(r#"{"apps":[{}]}"#),
        [
            "nano.json:1:10: apps[0]: `hostname` is missing: the host that the app answers for",
            "nano.json:1:10: apps[0]: `path` is missing: the app's directory or module",
        ]
    );
    assert_eq!(
        server_faults(r#""defaults":{"name":"x","hostname":"x","path":"a","env":null},"log":true"#),
        [
            "nano.json:1:14: defaults.name: unknown key (it belongs in an entry of `apps`)",
            "nano.json:1:25: defaults.hostname: unknown key (it belongs in an entry of `apps`)",
            "nano.json:1:40: defaults.path: unknown key (it belongs in an entry of `apps`)",
            "nano.json:1:57: defaults.env: expected an object, found null",
            "nano.json:1:69: log: expected an object such as {\"format\": \"json\"}, found true",
        ]
    );
}

#[test]
fn server_values() {
    for (keys, fault) in [
        (r#""port":0"#, "1:9: port: expected a whole number from 1 to 65535, found the number 0"),
        (r#""port":65536"#, "1:9: port: expected a whole number from 1 to 65535, found the number 65536"),
        (r#""port":-1"#, "1:9: port: expected a whole number from 1 to 65535, found the number -1"),
        (r#""port":80.5"#, "1:9: port: expected a whole number from 1 to 65535, found the number 80.5"),
        (r#""port":1e400"#, "1:9: port: expected a whole number from 1 to 65535, found the number 1e400"),
        (r#""port":null"#, "1:9: port: expected a whole number from 1 to 65535, found null"),
        (
            r#""watch":"true""#,
            "1:10: watch: expected true or false, found the string \"true\" (write true without quotes)",
        ),
        (r#""watch":1"#, "1:10: watch: expected true or false, found the number 1"),
        (
            r#""listen":"[::]:80""#,
            "1:11: listen: expected a list of \"addr:port\" or \"unix:/path\", found the string \"[::]:80\" (put it into `[ ]`)",
        ),
        (r#""listen":[]"#, "1:11: listen: the list must not be empty"),
        (
            r#""listen":["localhost:80"]"#,
            "1:12: listen[0]: expected an IP address and a port, as in \"127.0.0.1:8080\" or \"[::1]:8080\" (did you mean \"127.0.0.1:80\"?)",
        ),
        (r#""listen":["[::1]:80","[0::1]:80"]"#, "1:23: listen[1]: duplicate address, first at 1:12"),
        (
            r#""listen":["unix:/x",{"address":"unix:/x","mode":"0600"}]"#,
            "1:22: listen[1]: duplicate address, first at 1:12",
        ),
        (
            r#""listen":[{"address":"unix:/x","tls":true}]"#,
            "1:33: listen[0].tls: there are no certificates: that takes the key `tls` at the top level (as in \"tls\": {\"certificates\": [{\"hostnames\": [\"a.example\"], \"cert\": \"a.pem\", \"key\": \"a.key\"}]})",
        ),
        (r#""listen":[{"address":"unix:/x","mod":"0660"}]"#, "1:33: listen[0].mod: unknown key (did you mean `mode`?)"),
        (
            r#""listen":[{"address":"0.0.0.0:80","mode":"0660"}]"#,
            "1:36: listen[0].mode: `mode` and `group` are for the file of a Unix socket",
        ),
        (
            r#""otlp":{"endpoint":"https://me:secret@a"}"#,
            "1:21: otlp.endpoint: the URL must not have a user or a password: what the receiver asks for goes into the environment variable OTEL_EXPORTER_OTLP_HEADERS",
        ),
        (r#""otlp":{"endpoint":"http://a:0"}"#, "1:21: otlp.endpoint: port 0 is none to connect to"),
        (
            r#""trusted_proxies":[]"#,
            "1:20: trusted_proxies: the list must not be empty (leave the key out to trust nobody)",
        ),
        (
            r#""trusted_proxies":["10.1.0.0/8"]"#,
            "1:21: trusted_proxies[0]: the address has bits set beyond its prefix /8 (did you mean \"10.0.0.0/8\"?)",
        ),
        (
            r#""trusted_proxies":["unix:/run/x"]"#,
            "1:21: trusted_proxies[0]: expected a CIDR range as in \"10.0.0.0/8\" or \"fd00::/8\", an address, or \"unix\" (write \"unix\": every Unix socket is meant)",
        ),
        (r#""listen":["unix:/x","unix:/x"]"#, "1:22: listen[1]: duplicate address, first at 1:12"),
        (
            r#""listen":[80]"#,
            "1:12: listen[0]: expected \"addr:port\", \"unix:/path\" or an object with `address`, found the number 80",
        ),
        (
            r#""metrics":"on""#,
            "1:12: metrics: expected an IP address and a port, as in \"127.0.0.1:8080\" or \"[::1]:8080\", or \"off\"",
        ),
        (r#""metrics":false"#, "1:12: metrics: expected \"addr:port\" or \"off\", found false"),
        (r#""control_socket":"""#, "1:19: control_socket: the path must not be empty"),
        (
            r#""drain_ms":86400001"#,
            "1:13: drain_ms: expected a whole number from 0 to 86400000, found the number 86400001",
        ),
        (r#""uid_base":0"#, "1:13: uid_base: expected a whole number from 1000 to 4294901759, found the number 0"),
        (r#""$schema":1"#, "1:12: $schema: expected a string, found the number 1"),
        (r#""a\nb":1"#, "1:2: [\"a\\nb\"]: unknown key"),
    ] {
        assert_eq!(server_faults(keys), [format!("nano.json:{fault}")]);
    }
}

#[test]
fn app_values() {
    const HOLDS: &str = "expected a number of MB above 0 and up to 1048576, found";
    for (keys, key, fault) in [
        (r#""max_buffer_size_mb":0"#, "max_buffer_size_mb", &*format!("{HOLDS} the number 0")),
        (r#""max_buffer_size_mb":-1"#, "max_buffer_size_mb", &format!("{HOLDS} the number -1")),
        (
            r#""max_buffer_size_mb":"1""#,
            "max_buffer_size_mb",
            &format!("{HOLDS} the string \"1\" (write 1 without quotes)"),
        ),
        (r#""max_buffer_size_mb":1048576.01"#, "max_buffer_size_mb", &format!("{HOLDS} the number 1048576.01")),
        (r#""max_buffer_size_mb":1e300"#, "max_buffer_size_mb", &format!("{HOLDS} the number 1e300")),
        (r#""max_buffer_size_mb":0.0000001"#, "max_buffer_size_mb", "less than one byte: 0.0000001 MB"),
        (r#""max_body_mb":0"#, "max_body_mb", &format!("{HOLDS} the number 0")),
        (
            r#""max_total_buffer_mb":-0.5"#,
            "max_total_buffer_mb",
            "expected a number of MB from 0 to 1048576, found the number -0.5",
        ),
        (r#""memory_mb":64.5"#, "memory_mb", "expected a whole number from 8 to 1048576, found the number 64.5"),
        (
            r#""memory_mb":17592186044416"#,
            "memory_mb",
            "expected a whole number from 8 to 1048576, found the number 17592186044416",
        ),
        (r#""workers":257"#, "workers", "expected a whole number from 1 to 256, found the number 257"),
        (
            r#""request_accessors":"methods""#,
            "request_accessors",
            "expected \"property\" or \"method\" or \"auto\", found the string \"methods\" (did you mean \"method\"?)",
        ),
        (
            r#""compatibility_flags":["nodejs_als","node_compat"]"#,
            "compatibility_flags[1]",
            "there are \"nodejs_compat\", \"nodejs_als\", \"eval_at_start\" (did you mean \"nodejs_compat\"?)",
        ),
        (r#""compatibility_flags":[1]"#, "compatibility_flags[0]", "expected a flag as a string, found the number 1"),
        (
            r#""crons":"* * * * *""#,
            "crons",
            "expected a list of cron expressions, found the string \"* * * * *\" (put it into `[ ]`)",
        ),
        (r#""crons":[1]"#, "crons[0]", "expected a cron expression as a string, found the number 1"),
        (r#""crons":["* * * * *","61 * * * *"]"#, "crons[1]", "minute: expected 0 to 59, found \"61\""),
        (
            r#""crons":["0 0 * * 0"]"#,
            "crons[0]",
            "day of the week: expected SUN to SAT or 1 to 7, found \"0\" (Sunday is 1, as on Cloudflare, or SUN)",
        ),
        (
            r#""egress":"on""#,
            "egress",
            "expected \"public\", \"off\" or a list of \"host[:port]\" and CIDR ranges, found the string \"on\" (put it into `[ ]`)",
        ),
        (
            r#""egress":"Public""#,
            "egress",
            "expected \"public\", \"off\" or a list of \"host[:port]\" and CIDR ranges, found the string \"Public\" (did you mean \"public\"?)",
        ),
        (
            r#""egress":true"#,
            "egress",
            "expected \"public\", \"off\" or a list of \"host[:port]\" and CIDR ranges, found true",
        ),
        (
            r#""egress":["10.1.0.0/8"]"#,
            "egress[0]",
            "the address has bits set beyond its prefix /8 (did you mean \"10.0.0.0/8\"?)",
        ),
        (r#""egress":[5]"#, "egress[0]", "expected \"host[:port]\" or a CIDR range, found the number 5"),
        (r#""env":{"":"x"}"#, "env[\"\"]", "a name in `env` must not be empty"),
        (r#""env":"s3cret""#, "env", "expected an object, found a string"),
        (r#""port":80"#, "port", "unknown key (it belongs at the top level)"),
        (
            r#""name":"A b""#,
            "name",
            "a name has only a-z, 0-9, `.`, `_` and `-`, found \"A b\" (did you mean \"a-b\"?)",
        ),
        (r#""name":"""#, "name", "the name must not be empty"),
        (r#""name":"..""#, "name", "`.` and `..` cannot be names"),
        (r#""name":7"#, "name", "expected a string, found the number 7"),
    ] {
        let found = app_faults(keys);
        assert_eq!(found.len(), 1, "{found:?}");
        let (_, without_place) = found.first().unwrap().split_once(": ").unwrap();
        assert_eq!(without_place, format!("apps[0].{key}: {fault}"));
    }
}

#[test]
fn an_env_that_is_too_large_for_a_worker_is_refused() {
    let large = "x".repeat(1 << 20);
    assert!(app_faults(&format!("\"env\":{{\"\":\"{large}\"}}")).len() == 1, "the name is the only fault");
    let found = app_faults(&format!("\"env\":{{\"A\":\"{large}\"}}"));
    let fault = "apps[0].env: it has 1 entries with 1048577 bytes; an app may have 10000 and 1048576 (put large data into a module)";
    assert!(found.len() == 1 && found[0].ends_with(fault), "{}", found.join("\n"));
    let list = format!("\"env\":{{\"A\": [ \"{}\" ]}}", "x".repeat((1 << 20) - 4));
    assert!(
        app_faults(&list).iter().any(|fault| fault.contains("it has 1 entries with 1048577 bytes")),
        "brackets count"
    );
    let many: Vec<_> = (0..10_001).map(|n| format!("\"k{n}\":\"\"")).collect();
    assert_eq!(app_faults(&format!("\"env\":{{{}}}", many.join(","))).len(), 1);
}

#[test]
fn hostnames_and_names() {
    let apps = |apps: &str| faults(&format!("{{\"apps\":[{apps}]}}"));
    assert_eq!(
        apps(r#"{"hostname":"http://a.example/","path":"a"}"#),
        ["nano.json:1:22: apps[0].hostname: a hostname is without scheme and path, found \"http://a.example/\""]
    );
    assert_eq!(
        apps(r#"{"hostname":[],"path":"a"}"#),
        ["nano.json:1:22: apps[0].hostname: the list must not be empty (\"*\" answers any host)"]
    );
    assert_eq!(
        apps(r#"{"hostname":["a","A"],"path":"a"}"#),
        ["nano.json:1:27: apps[0].hostname[1]: duplicate hostname \"a\", first at 1:23"]
    );
    assert_eq!(
        apps(r#"{"hostname":["a",1],"path":"a"}"#),
        ["nano.json:1:27: apps[0].hostname[1]: expected a string, found the number 1"]
    );
    assert_eq!(
        apps(r#"{"name":"a..b","path":"a"}"#),
        [
            "nano.json:1:18: apps[0].name: without `hostname` the name serves as one, and \"a..b\" cannot: a host name must not have an empty label between dots (set `hostname`)"
        ]
    );
    assert_eq!(
        apps(r#"{"hostname":"*","path":"a"},{"hostname":"default","path":"a"}"#),
        [
            "nano.json:1:50: apps[1].hostname: duplicate name \"default\" (from the hostname): apps[0] has it already, at 1:22 (set `name`)"
        ]
    );
    assert_eq!(
        apps(r#"{"hostname":"x","path":"a"},{"hostname":"x","path":"a"}"#),
        ["nano.json:1:50: apps[1].hostname: duplicate hostname \"x\": apps[0] has it already, at 1:22"],
        "said once, not for the derived name again"
    );
    assert_eq!(
        apps(r#"{"name":"x","hostname":"p","path":"a"},{"name":"x","hostname":"q","path":"a"}"#),
        ["nano.json:1:57: apps[1].name: duplicate name \"x\": apps[0] has it already, at 1:18"]
    );
    assert_eq!(
        apps(r#"{"name":"x","path":"a"},{"hostname":"x","name":"y","path":"a"}"#),
        ["nano.json:1:46: apps[1].hostname: duplicate hostname \"x\": apps[0] has it already, at 1:18"]
    );
}

#[test]
fn a_missing_path_names_both_places_where_it_was_looked_for() {
    let conf = directory();
    let work = directory();
    fs::create_dir(conf.path().join("empty")).unwrap();
    fs::create_dir(work.path().join("empty")).unwrap();
    fs::create_dir(conf.path().join("half")).unwrap();
    fs::write(conf.path().join("half/index.mjs"), "").unwrap();
    fs::create_dir(work.path().join("half")).unwrap();
    fs::write(work.path().join("half/index.js"), "").unwrap();
    fs::write(conf.path().join("x.txt"), "").unwrap();
    let file = conf.path().join("nano.json");
    let message = |path: &str| {
        let text = format!(r#"{{"apps":[{{"hostname":"h","path":"{path}"}}]}}"#);
        let error = parse(&text, &file, work.path()).unwrap_err();
        let [fault] = error.diagnostics() else { panic!("{error}") };
        assert_eq!((fault.line, fault.column, fault.key.as_str()), (1, 33, "apps[0].path"));
        let text = match &fault.suggestion {
            Some(suggestion) => format!("{} ({suggestion})", fault.message),
            None => fault.message.clone(),
        };
        text.replace(conf.path().to_str().unwrap(), "CONF").replace(work.path().to_str().unwrap(), "WORK")
    };
    assert_eq!(message("no"), "there is neither CONF/no nor WORK/no");
    assert_eq!(message("/no/such"), "there is no /no/such");
    // It stays on its line and moves no terminal.
    assert_eq!(message("/no\\n\\u001b[2J\u{e9}"), "there is no /no\\n\\u{1b}[2J\u{e9}");
    assert_eq!(message("empty"), "CONF/empty has no index.js, and WORK/empty has no index.js");
    assert_eq!(
        message("half"),
        "CONF/half has no index.js, and it comes before WORK/half because it is beside the configuration (write the path that is meant in full)"
    );
    assert_eq!(
        message("x.txt"),
        "CONF/x.txt is neither a directory nor a .js or .mjs file, and there is no WORK/x.txt"
    );
    assert_eq!(message("x.txt/y"), "there is neither CONF/x.txt/y nor WORK/x.txt/y");
    assert_eq!(message(""), "the path must not be empty");
    assert_eq!(message("a\\u0000"), "a path must not hold a NUL character");
    fs::remove_dir(work.path().join("empty")).unwrap();
    assert_eq!(message("empty"), "CONF/empty has no index.js, and there is no WORK/empty");
    fs::remove_file(work.path().join("half/index.js")).unwrap();
    fs::remove_dir(work.path().join("half")).unwrap();
    assert_eq!(
        message("half"),
        "CONF/half has no index.js, and there is no WORK/half (`path` may name the file itself: there is index.mjs)"
    );
}

#[test]
fn messages_stay_on_their_line_and_move_no_terminal() {
    let found = app_faults("\"name\":\"a\\u001b[31m\\nb\\\"\",\"\\u202ex\":1");
    assert_eq!(found.len(), 2, "{found:?}");
    for line in found {
        assert!(!line.chars().any(|char| char.is_control() || char == '\u{202e}'), "{line:?}");
    }
    let long = app_faults(&format!("\"name\":\"{}\",\"{}\":1", "A".repeat(100_000), "k".repeat(100_000)));
    assert!(long.iter().all(|line| line.len() < 400), "{long:?}");
}

#[test]
fn files_that_cannot_be_read() {
    let dir = directory();
    let fault = |name: &str| {
        let error = load(&dir.path().join(name)).unwrap_err().to_string();
        error.replace(dir.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(
        fault("none.json"),
        "DIR/none.json: the configuration cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(
        fault("a"),
        "DIR/a: the configuration cannot be read: Is a directory (os error 21) (`nano serve --app DIR/a` serves one app)"
    );
    fs::write(dir.path().join("latin.json"), b"{\n  \"\xc3\xa9\xe9\": 1}").unwrap();
    assert_eq!(fault("latin.json"), "DIR/latin.json:2:5: not UTF-8 from here on (save the file as UTF-8)");
    fs::write(dir.path().join("large.json"), vec![b' '; nano_config::MAX_FILE_BYTES + 1]).unwrap();
    assert_eq!(fault("large.json"), "DIR/large.json: the configuration is larger than 4 MB");
}

#[test]
fn single_app_says_what_is_missing() {
    let dir = directory();
    let error = Config::single_app(&dir.path().join("none"), 0).unwrap_err().to_string();
    assert_eq!(error.replace(dir.path().to_str().unwrap(), "DIR"), "DIR/none: there is no DIR/none");
    let error = Config::single_app(dir.path(), 0).unwrap_err().to_string();
    assert_eq!(error.replace(dir.path().to_str().unwrap(), "DIR"), "DIR: DIR has no index.js");
}
