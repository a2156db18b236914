//! Under systemd: the units as installed, the notify protocol, inherited sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Finished, PATIENCE, Site, binary, finish, repository, tool, until};
use nix::sys::signal::Signal;
use serde_json::json;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// `make install` below `folder`, of the programs that the tests run.
fn install(folder: &Path) {
    let make = finish(
        Command::new("make")
            .current_dir(repository())
            .env_remove("MAKEFLAGS")
            .arg("install")
            .arg(format!("BIN_FROM={}", binary("nano").parent().unwrap().display()))
            .arg(format!("PREFIX={}/usr/local", folder.display()))
            .arg(format!("SYSCONFDIR={}/etc", folder.display())),
        "",
    );
    assert_eq!(make.code, Some(0), "{make:?}");
}

/// A fresh folder with an installation.
fn installed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    folder
}

#[test]
fn installed_units_pass_systemd_analyze_verify() {
    let Some(analyze) = tool("systemd-analyze") else { return };
    let folder = installed();
    let units = folder.path().join("usr/local/lib/systemd/system");
    let verify = || {
        finish(
            Command::new(&analyze).args(["verify", "--recursive-errors=yes", "--man=no"]).args(
                ["nano.service", "nano.socket", "nano-rootless.service", "nano-rootless.socket"]
                    .map(|unit| units.join(unit)),
            ),
            "",
        )
    };
    let verdict = verify();
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
    assert_eq!(verdict.stderr.trim(), "");
    // What the units must say, for V8 and for the drain to work.
    let service = fs::read_to_string(units.join("nano.service")).unwrap();
    for line in ["Type=notify", "KillMode=mixed", "Delegate=yes", "TimeoutStopSec=45s"] {
        assert!(service.lines().any(|found| found == line), "no {line}");
    }
    assert!(!service.lines().any(|line| line.starts_with("MemoryDenyWriteExecute=yes")), "V8 would die");
    // The control: the same check sees a key that systemd does not know, and a program that is not there.
    fs::write(units.join("nano.service"), service.replace("LimitNOFILE", "LimitNoFiles")).unwrap();
    assert_ne!(verify().code, Some(0));
    fs::write(units.join("nano.service"), service.replace("bin/nanoctl", "bin/nanoctrl")).unwrap();
    assert_ne!(verify().code, Some(0));
}

#[test]
fn hardening_does_not_get_weaker_unnoticed() {
    let Some(analyze) = tool("systemd-analyze") else { return };
    for (unit, threshold) in [("nano.service", 42), ("nano-rootless.service", 25)] {
        let unit = repository().join("deploy").join(unit);
        let security = |threshold: u32| {
            let threshold = format!("--threshold={threshold}");
            finish(Command::new(&analyze).args(["security", "--offline=true", &threshold]).arg(&unit), "")
        };
        let verdict = security(threshold);
        assert_eq!(verdict.code, Some(0), "{}", verdict.stdout);
        assert_ne!(security(threshold - 1).code, Some(0), "the control: docs/rootless.md has this very figure");
    }
}

#[test]
fn the_installed_example_is_valid_and_an_install_keeps_a_configuration() {
    let folder = installed();
    let config = folder.path().join("etc/nano/nano.json");
    let check = finish(Command::new(folder.path().join("usr/local/bin/nano")).arg("check").arg(&config), "");
    assert_eq!(check.code, Some(0), "{check:?}");
    for file in [
        "man/man1/nano.1",
        "man/man1/nanoctl.1",
        "man/man5/nano.json.5",
        "bash-completion/completions/nanoctl",
        "zsh/site-functions/_nanoctl",
        "fish/vendor_completions.d/nanoctl.fish",
    ] {
        let found = fs::metadata(folder.path().join("usr/local/share").join(file)).unwrap();
        assert!(found.len() > 100 && found.permissions().mode() & 0o777 == 0o644, "{file}");
    }
    for (path, mode) in [
        ("etc/nano/nano.json", 0o640),
        ("usr/local/share/nano/nano.schema.json", 0o644),
        ("usr/local/bin/nano", 0o755),
        ("usr/local/lib/systemd/system/nano.service", 0o644),
        ("usr/local/lib/systemd/system/nano-rootless.service", 0o644),
        ("usr/local/lib/systemd/system/nano-rootless.socket", 0o644),
        ("usr/local/lib/sysusers.d/nano.conf", 0o644),
    ] {
        let found = fs::metadata(folder.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
    let schema = folder.path().join("usr/local/share/nano/nano.schema.json");
    assert!(fs::read_to_string(&config).unwrap().contains(&format!("\"$schema\": \"{}\"", schema.display())));
    assert!(schema.is_file());
    fs::write(&config, "mine").unwrap();
    install(folder.path());
    assert_eq!(fs::read_to_string(&config).unwrap(), "mine");
}

/// `make` with these words.
fn make(words: &[&str]) -> Finished {
    finish(Command::new("make").current_dir(repository()).env_remove("MAKEFLAGS").args(words), "")
}

#[test]
fn an_install_takes_what_is_built_and_builds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let destination = format!("DESTDIR={}", folder.path().join("root").display());
    let missing = format!("BIN_FROM={}", folder.path().display());
    let refused = make(&["install", &destination, &missing, "CARGO=false"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("run `make build` first"), "{refused:?}");
    assert!(!folder.path().join("root").exists(), "nothing was begun");

    // By packagers: stripped, or with the symbols that they split off themselves.
    let built = format!("BIN_FROM={}", binary("nano").parent().unwrap().display());
    let size = |name: &str| fs::metadata(folder.path().join("root/usr/bin").join(name)).unwrap().len();
    let own = fs::metadata(binary("nanoctl")).unwrap().len();
    let words = ["install", &destination, &built, "PREFIX=/usr", "CARGO=false"];
    assert_eq!(make(&[&words[..], &["STRIP="]].concat()).code, Some(0));
    assert_eq!(size("nanoctl"), own);
    assert_eq!(make(&words).code, Some(0));
    assert!(size("nanoctl") < own / 2, "{} of {own} bytes", size("nanoctl"));
    let version = finish(Command::new(folder.path().join("root/usr/bin/nano")).arg("--version"), "");
    assert!(version.stdout.contains("(V8 "), "{version:?}");
    let unit = fs::read_to_string(folder.path().join("root/usr/lib/systemd/system/nano.service")).unwrap();
    assert!(unit.contains("ExecReload=/usr/bin/nanoctl --config /etc/nano/nano.json reload\n"), "{unit}");

    assert_eq!(make(&["uninstall", &destination, "PREFIX=/usr"]).code, Some(0));
    let left = finish(Command::new("find").arg(folder.path().join("root")).args(["-type", "f"]), "");
    assert_eq!(left.stdout.trim_end(), folder.path().join("root/etc/nano/nano.json").to_str().unwrap());
}

#[test]
fn nanoctl_has_no_tls_and_nothing_of_a_server() {
    let Some(nm) = tool("nm") else { return };
    let symbols = |name: &str, of: &str| {
        let listed = finish(Command::new(&nm).arg(binary(name)), "");
        assert_eq!(listed.code, Some(0), "{}", listed.stderr);
        listed.stdout.lines().filter(|line| line.contains(of)).count()
    };
    for library in ["rustls", "hyper", "tokio_rustls", "regex_automata", "instant_acme"] {
        assert!(symbols("nano", library) > 10, "the control: {library}");
        assert_eq!(symbols("nanoctl", library), 0, "nanoctl links {library}: it was a third of its size without");
    }
}

#[test]
fn systemd_is_told_when_it_is_ready_reloads_and_stops() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('a') };");
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let path = site.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut nano = site.serve_with(command);
    let expect = |state: &str| {
        let mut seen = String::new();
        loop {
            let mut buffer = [0; 4096];
            let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("no {state} ({error}) after: {seen}"));
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.lines().any(|line| line == state) {
                return message;
            }
            seen.push_str(&message);
        }
    };
    expect("READY=1");
    nano.signal(Signal::SIGTERM);
    expect("STOPPING=1");
    assert_eq!(nano.wait().code(), Some(0));
    // Workers do not get the socket: one that spoke to it would speak for the service.
    drop(nano);
}

#[test]
fn ready_is_not_said_before_every_app_is() {
    let site = Site::new();
    site.app(
        "a",
        "await new Promise((resolve) => setTimeout(resolve, 600)); export default { fetch: () => new Response('a') };",
    );
    site.apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let path = site.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    let mut child = command.env("NOTIFY_SOCKET", &path).stderr(std::process::Stdio::null()).spawn().unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    let mut buffer = [0; 4096];
    if let Ok(length) = socket.recv(&mut buffer) {
        assert!(!String::from_utf8_lossy(&buffer[..length]).contains("READY=1"));
    }
    until("READY=1", || {
        let length = socket.recv(&mut buffer).ok()?;
        String::from_utf8_lossy(&buffer[..length]).contains("READY=1").then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn inherited_sockets_win_over_port_and_listen() {
    let Some(activate) = tool("systemd-socket-activate") else { return };
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('inherited') };");
    // A listen address that could not be bound, to be sure.
    site.config(json!({ "listen": ["192.0.2.1:1"], "apps": [{ "hostname": "a.local", "path": "a" }] }));
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(activate);
    command.args(["-l", &address.to_string()]).arg(binary("nano")).args(["serve", "--config", "nano.json"]);
    command.current_dir(site.folder());
    // The first connection starts the program, which is what serve_with waits for.
    let first = thread::spawn(move || {
        until("the activator's port", || {
            let stream = TcpStream::connect(address).ok()?;
            Some(stream)
        })
    });
    let nano = site.serve_with(command);
    assert_eq!(nano.address, address);
    assert_eq!(nano.get("a.local", "/").text(), "inherited");
    drop(first.join().unwrap());
    // A reload keeps them.
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("a.local", "/").text(), "inherited");
}
