//! What a good file means.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nano_config::{
    AccessLog, AppStart, Config, EgressRule, EgressSetting, EnvValue, HostPattern, HtmlHandling, Listen, LogFormat,
    MetricsAddress, MinLogLevel, NotFound, OtlpConfig, RequestAccessors, SandboxPolicy, UnixListen, WorkerFirst, load,
    parse,
};
use tempfile::TempDir;

/// A directory with an app `a` and a module `b.mjs`; and its path without links.
fn directory() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "export default {}").unwrap();
    fs::write(dir.path().join("b.mjs"), "export default {}").unwrap();
    let real = dir.path().canonicalize().unwrap();
    (dir, real)
}

fn config(text: &str) -> Config {
    let (dir, _) = directory();
    parse(text, Path::new("nano.json"), dir.path()).unwrap()
}

/// A config whose only app has these keys besides a path.
fn app(keys: &str) -> nano_config::AppConfig {
    config(&format!("{{\"apps\":[{{\"path\":\"a\",{keys}}}]}}")).apps.remove(0)
}

#[test]
fn assets() {
    let (dir, real) = directory();
    fs::create_dir_all(real.join("beside/public")).unwrap();
    let read = |keys: &str| {
        let text = format!("{{\"apps\":[{{\"name\":\"x\",{keys}}}]}}");
        parse(&text, &real.join("beside/nano.json"), dir.path()).unwrap().apps.remove(0)
    };
    let app = read(r#""path":"a","assets":{"directory":"public"}"#);
    let assets = app.assets.as_ref().unwrap();
    assert!(app.has_module());
    assert_eq!((&assets.path, &assets.root), (&real.join("beside/public"), &real.join("beside/public")));
    assert_eq!((assets.not_found, assets.html_handling), (NotFound::None, HtmlHandling::Auto));
    assert_eq!(assets.run_worker_first, WorkerFirst::Never);
    assert_eq!((assets.location.line, assets.binding.as_str()), (1, "ASSETS"));
    // In the working directory, and no code beside it.
    let alone = read(r#""assets":{"directory":"a","not_found":"404-page","html_handling":"force-trailing-slash"}"#);
    assert!(!alone.has_module());
    assert_eq!((&alone.root, alone.entry.as_str()), (&real.join("a"), ""));
    let assets = alone.assets.unwrap();
    assert_eq!((assets.not_found, assets.html_handling), (NotFound::Page, HtmlHandling::Force));
    let first = read(r#""path":"a","assets":{"directory":"public","run_worker_first":["/a/*","!/a/b"]}"#);
    let first = first.assets.unwrap().run_worker_first;
    assert_eq!([first.has("/a/x"), first.has("/a/b"), first.has("/b")], [true, false, false]);
    let named = read(r#""path":"a","assets":{"directory":"public","binding":"FILES"}"#);
    assert_eq!(named.assets.unwrap().binding, "FILES");
    // One that is not named gives way to what is.
    assert!(read(r#""path":"a","env":{"ASSETS":"x"},"assets":{"directory":"public"}"#).assets.is_some());
    let all = read(r#""path":"a","assets":{"directory":"public","run_worker_first":true}"#);
    assert_eq!(all.assets.unwrap().run_worker_first, WorkerFirst::Always);
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let (dir, real) = directory();
    let config =
        parse(r#"{"apps":[{"hostname":"x.example","path":"a"}]}"#, Path::new("nano.json"), dir.path()).unwrap();
    assert_eq!(config.file, Some(PathBuf::from("nano.json")));
    assert_eq!(config.listen, [Listen::tcp("[::]:8080".parse().unwrap())]);
    assert_eq!(config.metrics, MetricsAddress::Default);
    assert_eq!(config.metrics.address(), Some(("127.0.0.1:9464".parse().unwrap(), false)));
    assert_eq!((config.control_socket, config.control_group), (None, None));
    assert_eq!((config.log.format, config.log.level, config.log.access), (None, MinLogLevel::Info, AccessLog::InLog));
    assert_eq!(config.drain, Duration::from_secs(30));
    assert_eq!((config.sandbox, config.uid_base, config.watch, config.spares), (None, None, false, 1));
    let [app] = config.apps.as_slice() else { unreachable!() };
    assert_eq!(app.name, "x.example");
    assert_eq!(app.hostnames, [HostPattern::parse("x.example").unwrap()]);
    assert_eq!((&app.path, &app.root, app.entry.as_str()), (&dir.path().join("a"), &real.join("a"), "index.js"));
    assert_eq!(app.location.to_string(), "nano.json:1:34");
    let settings = &app.settings;
    assert!(settings.env.is_empty());
    assert_eq!((settings.max_buffer.text(), settings.max_buffer.bytes()), ("64", 64 << 20));
    assert_eq!(settings.max_total_buffer, None);
    assert_eq!((settings.memory_bytes, settings.max_body_bytes), (128 << 20, 100 << 20));
    assert_eq!((settings.timeout, settings.cpu), (Duration::from_secs(30), Duration::from_secs(5)));
    assert_eq!((settings.workers, settings.max_concurrent, settings.idle), (1, 256, None));
    assert_eq!((&settings.egress, settings.request_accessors), (&EgressSetting::Public, RequestAccessors::Auto));
}

#[test]
fn every_key_is_read() {
    let (dir, real) = directory();
    let text = r#"{
        "$schema": "./nano.schema.json",
        "port": 1234,
        "listen": ["127.0.0.1:0", "127.0.0.1:0", "[::1]:81", "unix:/run/x.sock"],
        "trusted_proxies": ["10.0.0.0/8", "unix"],
        "metrics": "127.0.0.1:9464",
        "control_socket": "run/control.sock", "control_group": "operators",
        "otlp": {"endpoint": "http://127.0.0.1:4318", "sample": 0.25},
        "log": {"format": "json", "level": "debug", "access": false},
        "drain_ms": 0, "sandbox": "best-effort", "uid_base": 70000, "watch": true, "spares": 3,
        "apps": [{
            "name": "one", "hostname": ["One.example", "*.one.example", "::1"], "path": "b.mjs",
            "env": {"B": "2", "A": "é\n", "C": { "list": [ 1.50, null ] }},
            "max_buffer_size_mb": 0.5, "max_total_buffer_mb": 1.50, "memory_mb": 64.0, "timeout_ms": 1e3, "cpu_ms": 7,
            "workers": 3, "max_concurrent": 9, "max_body_mb": 0.25, "start": "on-demand", "idle_ms": 60000,
            "egress": ["api.example:443", "10.0.0.0/8"], "request_accessors": "method",
            "crons": ["0  4 * * mon", "*/5 * * * *"]
        }]
    }"#;
    let config = parse(text, &dir.path().join("nano.json"), Path::new("/")).unwrap();
    let tcp = |text: &str| Listen::tcp(text.parse().unwrap());
    assert_eq!(
        config.listen,
        [tcp("127.0.0.1:0"), tcp("127.0.0.1:0"), tcp("[::1]:81"), Listen::unix(UnixListen::open("/run/x.sock"))],
        "`listen` replaces `port`"
    );
    let proxies = [None, Some("10.0.0.1".parse().unwrap()), Some("11.0.0.1".parse().unwrap())];
    assert_eq!(proxies.map(|peer| config.trusted_proxies.contains(peer)), [true, true, false]);
    assert_eq!(
        config.metrics.address(),
        Some(("127.0.0.1:9464".parse().unwrap(), true)),
        "written down, so it must work"
    );
    assert_eq!(config.control_socket, Some(dir.path().join("run/control.sock")));
    assert_eq!(config.control_group.as_deref(), Some("operators"));
    assert_eq!(
        (config.log.format, config.log.level, config.log.access),
        (Some(LogFormat::Json), MinLogLevel::Debug, AccessLog::Off)
    );
    assert_eq!(config.otlp, Some(OtlpConfig { endpoint: "http://127.0.0.1:4318".to_owned(), sample: 0.25 }));
    assert_eq!((config.drain, config.sandbox), (Duration::ZERO, Some(SandboxPolicy::BestEffort)));
    assert_eq!((config.uid_base, config.watch, config.spares), (Some(70000), true, 3));
    let app = config.app("one").unwrap();
    let hosts: Vec<&str> = app.hostnames.iter().map(HostPattern::as_str).collect();
    assert_eq!(hosts, ["one.example", "*.one.example", "[::1]"]);
    assert_eq!((&app.root, app.entry.as_str()), (&real, "b.mjs"));
    let settings = &app.settings;
    assert_eq!(
        settings.env.iter().map(|(k, v)| (k.as_str(), v.clone())).collect::<Vec<_>>(),
        [
            ("A", EnvValue::Text("é\n".into())),
            ("B", EnvValue::Text("2".into())),
            ("C", EnvValue::Json(r#"{"list":[1.50,null]}"#.into()))
        ]
    );
    assert_eq!((settings.max_buffer.text(), settings.max_buffer.bytes()), ("0.5", 1 << 19));
    let total = settings.max_total_buffer.as_ref().unwrap();
    assert_eq!((total.text(), total.bytes()), ("1.50", 3 << 19));
    assert_eq!((settings.memory_bytes, settings.max_body_bytes), (64 << 20, 1 << 18));
    assert_eq!((settings.timeout, settings.cpu), (Duration::from_secs(1), Duration::from_millis(7)));
    assert_eq!((settings.workers, settings.max_concurrent), (3, 9));
    assert_eq!((settings.start, settings.idle), (AppStart::OnDemand, Some(Duration::from_secs(60))));
    assert_eq!(settings.request_accessors, RequestAccessors::Method);
    assert_eq!(settings.crons.iter().map(|cron| &**cron.text()).collect::<Vec<_>>(), ["0  4 * * mon", "*/5 * * * *"]);
    let EgressSetting::Allow(rules) = &settings.egress else { unreachable!() };
    assert_eq!(rules[0].exact_host().unwrap().as_str(), "api.example");
    assert!(matches!(rules[1], EgressRule::Net(net) if net.to_string() == "10.0.0.0/8"));
}

#[test]
fn apps_take_what_they_lack_from_defaults() {
    let config = config(
        r#"{"defaults": {"max_buffer_size_mb": 2, "workers": 4, "env": {"A": "1", "B": "1"}, "egress": "off", "start": "on-demand", "idle_ms": 5},
            "apps": [{"hostname": "p", "path": "a"},
                     {"hostname": "q", "path": "a", "workers": 1, "env": {"A": "2"}, "start": "eager", "idle_ms": 0}]}"#,
    );
    let (p, q) = (&config.app("p").unwrap().settings, &config.app("q").unwrap().settings);
    assert_eq!((p.max_buffer.text(), q.max_buffer.text()), ("2", "2"));
    assert_eq!((p.workers, q.workers), (4, 1));
    assert_eq!((p.env.len(), q.env.len()), (2, 1), "`env` is replaced whole");
    assert_eq!((&p.egress, &q.egress), (&EgressSetting::Off, &EgressSetting::Off));
    assert_eq!((p.start, q.start), (AppStart::OnDemand, AppStart::Eager));
    assert_eq!((p.idle, q.idle), (Some(Duration::from_millis(5)), None));
}

#[test]
fn a_name_comes_from_the_hostname_and_the_reverse() {
    for (keys, name, host) in [
        (r#""hostname": "A.Example.""#, "a.example", "a.example"),
        (r#""hostname": "*""#, "default", "*"),
        (r#""hostname": "*.Example""#, "wildcard.example", "*.example"),
        (r#""hostname": ["b.example", "*"]"#, "b.example", "b.example"),
        (r#""hostname": "[::1]""#, "ip6---1", "[::1]"),
        (r#""hostname": "10.0.0.1""#, "10.0.0.1", "10.0.0.1"),
        (r#""name": "shop.example""#, "shop.example", "shop.example"),
        (r#""name": "shop", "hostname": "*""#, "shop", "*"),
    ] {
        let app = app(keys);
        assert_eq!((app.name.as_str(), app.hostnames[0].as_str()), (name, host), "{keys}");
    }
}

#[test]
fn an_empty_egress_list_is_off() {
    assert_eq!(app(r#""hostname":"h","egress":[]"#).settings.egress, EgressSetting::Off);
}

#[test]
fn a_relative_path_is_looked_for_beside_the_file_then_in_the_working_directory() {
    let (conf, real_conf) = directory();
    let (work, real_work) = directory();
    fs::create_dir(work.path().join("only")).unwrap();
    fs::write(work.path().join("only/index.js"), "").unwrap();
    let root = |path: &str| {
        let text = format!(r#"{{"apps":[{{"hostname":"h","path":"{path}"}}]}}"#);
        parse(&text, &conf.path().join("nano.json"), work.path()).unwrap().apps.remove(0).root
    };
    assert_eq!(root("a"), real_conf.join("a"));
    assert_eq!(root("./a/"), real_conf.join("a"));
    assert_eq!(root("a/../b.mjs"), real_conf);
    assert_eq!(root("only"), real_work.join("only"));
    assert_eq!(root(work.path().join("a").to_str().unwrap()), real_work.join("a"), "absolute");
}

#[test]
fn the_root_stays_with_the_release_that_a_link_led_to() {
    let (dir, real) = directory();
    fs::create_dir(dir.path().join("a2")).unwrap();
    fs::write(dir.path().join("a2/index.js"), "").unwrap();
    let current = dir.path().join("current");
    let read = || parse(r#"{"apps":[{"hostname":"h","path":"current"}]}"#, Path::new("nano.json"), dir.path()).unwrap();
    symlink("a", &current).unwrap();
    let before = read();
    fs::remove_file(&current).unwrap();
    symlink("a2", &current).unwrap();
    let after = read();
    assert_eq!((&before.apps[0].path, &after.apps[0].path), (&current, &current));
    assert_eq!((&before.apps[0].root, &after.apps[0].root), (&real.join("a"), &real.join("a2")));
    assert_ne!(before, after);
}

#[test]
fn single_app_answers_any_host() {
    let (dir, real) = directory();
    let config = Config::single_app(&dir.path().join("a"), 3000).unwrap();
    assert_eq!(config.listen, [Listen::tcp("[::]:3000".parse().unwrap())]);
    assert_eq!(config.file, None);
    let [app] = config.apps.as_slice() else { unreachable!() };
    assert_eq!((app.name.as_str(), app.hostnames.as_slice()), ("default", [HostPattern::Any].as_slice()));
    assert_eq!((&app.root, app.entry.as_str()), (&real.join("a"), "index.js"));
    let mut by_file =
        parse(r#"{"port":3000,"apps":[{"hostname":"*","path":"a"}]}"#, Path::new("nano.json"), dir.path()).unwrap();
    // Where it was said differs, and so does how the path was written.
    by_file.file = None;
    by_file.locations = config.locations.clone();
    by_file.apps[0].location = app.location.clone();
    by_file.apps[0].shown = app.shown.clone();
    assert_eq!(by_file, config, "the same as a file that says only this");
    let module = Config::single_app(&dir.path().join("b.mjs"), 0).unwrap();
    assert_eq!((&module.apps[0].root, module.apps[0].entry.as_str()), (&real, "b.mjs"));
}

#[test]
fn load_reads_a_file_with_lines_from_windows() {
    let (dir, _) = directory();
    let file = dir.path().join("nano.json");
    fs::write(&file, "{\r\n\"apps\":[{\"hostname\":\"h\",\"path\":\"a\"}]}").unwrap();
    let config = load(&file).unwrap();
    assert_eq!(config.file.as_deref(), Some(&*file));
    assert_eq!((config.apps[0].location.line, config.apps[0].location.column), (2, 25));
}

#[test]
fn apps_are_looked_for_also_by_a_file_that_is_wrong() {
    let text = r#"{"unknown":1,"apps":[{"path":"new"},{"hostname":5},7,{"path":"/abs.js"}]}"#;
    let looked = nano_config::places_of_files(text, Path::new("/etc/nano.json"), Path::new("/srv"));
    for path in ["/etc/new", "/etc/new/index.js", "/srv/new", "/srv/new/index.js", "/abs.js"] {
        assert!(looked.contains(&PathBuf::from(path)), "{path} in {looked:?}");
    }
    for text in ["{", "[]", "{}", r#"{"apps":{}}"#] {
        assert!(nano_config::places_of_files(text, Path::new("/nano.json"), Path::new("/")).is_empty(), "{text}");
    }
}

#[test]
fn a_unix_socket_says_who_may_connect() {
    let (dir, _) = directory();
    let listen = |items: &str| {
        let text = format!("{{\"listen\": [{items}], \"apps\": [{{\"hostname\": \"h\", \"path\": \"a\"}}]}}");
        parse(&text, Path::new("nano.json"), dir.path()).unwrap().listen
    };
    let socket = |mode, group: Option<&str>| {
        [Listen::unix(UnixListen { path: "/run/x.sock".into(), mode, group: group.map(str::to_owned) })]
    };
    assert_eq!(listen(r#""unix:/run/x.sock""#), socket(0o666, None));
    assert_eq!(listen(r#"{"address": "unix:/run/x.sock"}"#), socket(0o666, None));
    assert_eq!(listen(r#"{"address": "unix:/run/x.sock", "group": "www-data"}"#), socket(0o660, Some("www-data")));
    assert_eq!(listen(r#"{"address": "unix:/run/x.sock", "mode": "0600"}"#), socket(0o600, None));
    assert_eq!(listen(r#"{"mode": "770", "group": "33", "address": "unix:/run/x.sock"}"#), socket(0o770, Some("33")));
}

#[test]
fn a_listener_says_how_it_is_served() {
    let (dir, _) = directory();
    let text = r#"{"listen": [{"address": "127.0.0.1:80", "proxy_protocol": true}, {"address": "unix:/run/x.sock"}],
        "apps": [{"hostname": "h", "path": "a"}]}"#;
    let listen = parse(text, Path::new("nano.json"), dir.path()).unwrap().listen;
    let announced = |listen: &Listen| listen.options.proxy_protocol;
    assert_eq!(listen.iter().map(announced).collect::<Vec<_>>(), [true, false]);
    assert_eq!(
        Listen { options: Default::default(), ..listen[0].clone() },
        Listen::tcp("127.0.0.1:80".parse().unwrap())
    );
}
