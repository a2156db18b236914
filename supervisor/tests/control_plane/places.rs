//! How `nanoctl` finds the nano that is meant, and what it says when it does not.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};

use nix::sys::signal::Signal;

use crate::nano::{Nano, Site, text};

/// A program that knows only its own runtime directory.
fn untold(site: &Site, program: &str) -> Command {
    let mut command = site.command(program);
    command.env_remove("NANO_CONTROL_SOCKET").env_remove("XDG_RUNTIME_DIR").env("RUNTIME_DIRECTORY", site.path("run"));
    command
}

fn ctl(site: &Site, arguments: &[&str]) -> Output {
    untold(site, "nanoctl").args(arguments).output().unwrap()
}

fn serve(site: Site) -> Nano {
    let command = untold(&site, "nano");
    let nano = Nano::spawn(site, |own| {
        *own = command;
        own.args(["serve", "--config", "nano.json"]).stderr(std::process::Stdio::piped());
    });
    nano.log("\"message\":\"control listening\"");
    nano
}

/// A site whose config has the socket somewhere of its own.
fn elsewhere() -> Site {
    let site = Site::new();
    fs::create_dir(site.path("else")).unwrap();
    site.app("a", "respond x")
        .config(", \"control_socket\": \"else/c.sock\"", &["\"hostname\": \"a\", \"path\": \"a\""]);
    site
}

/// What the unit says, of this site's file.
fn exec_reload(site: &Site) -> Output {
    let unit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nano.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecReload=")).unwrap();
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/nanoctl"));
    let arguments: Vec<_> = words.map(|word| word.replace("/etc/nano/nano.json", "nano.json")).collect();
    ctl(site, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn edit(site: &Site, from: &str, to: &str) {
    let config = fs::read_to_string(site.path("nano.json")).unwrap();
    assert!(config.contains(from));
    fs::write(site.path("nano.json"), config.replacen(from, to, 1)).unwrap();
}

#[test]
fn the_unit_s_reload_finds_a_socket_that_only_the_config_names() {
    let mut nano = serve(elsewhere());
    let reload = exec_reload(&nano.site);
    assert!(reload.status.success(), "{}", text(&reload.stderr));
    // Nor is the file needed: there is a link at the usual place.
    for arguments in [&["reload"][..], &["--config", "nano.json", "status"], &["status"]] {
        let output = ctl(&nano.site, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    // One app that is tried out beside it leaves the link alone, and does without a socket.
    if nix::unistd::geteuid().is_root() {
        let tried = untold(&nano.site, "nano").args(["serve", "--app", "a", "--port", "0"]).output().unwrap();
        assert!(text(&tried.stderr).contains("its sandbox is incomplete"), "{}", text(&tried.stderr));
        assert!(ctl(&nano.site, &["status"]).status.success());
    }
    // The nano that serves reports a key that needs a restart, wherever the new file puts its socket.
    edit(&nano.site, "else/c.sock", "else/d.sock");
    let refused = exec_reload(&nano.site);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("control_socket"), "{}", text(&refused.stderr));
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    for gone in ["run/control.sock", "else/c.sock"] {
        assert!(fs::symlink_metadata(nano.site.path(gone)).is_err(), "{gone}");
    }
}

#[test]
fn a_broken_file_stops_only_what_must_read_it() {
    let nano = serve(elsewhere());
    fs::write(nano.site.path("nano.json"), "{ broken").unwrap();
    for arguments in
        [&["status"][..], &["apps"], &["logs"], &["why", "a"], &["metrics"], &["version"], &["restart", "a"]]
    {
        let output = ctl(&nano.site, &[&["--config", "nano.json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    let reload = exec_reload(&nano.site);
    assert_eq!(reload.status.code(), Some(1));
    assert!(text(&reload.stderr).contains("nano.json:1:3: "), "{}", text(&reload.stderr));
    // Wrong elsewhere: what it says of the socket still counts.
    fs::remove_file(nano.site.path("run/control.sock")).unwrap();
    fs::write(nano.site.path("nano.json"), "{ \"control_socket\": \"else/c.sock\", \"prot\": 1 }").unwrap();
    assert!(ctl(&nano.site, &["--config", "nano.json", "status"]).status.success());
}

#[test]
fn a_killed_nano_s_link_is_replaced_and_a_nano_that_has_the_place_gets_it() {
    let mut first = serve(elsewhere());
    first.signal(Signal::SIGKILL);
    first.wait();
    let site = Site { place: std::mem::replace(&mut first.site.place, tempfile::tempdir().unwrap()) };
    assert_eq!(ctl(&site, &["status"]).status.code(), Some(3));
    let second = serve(site);
    assert!(ctl(&second.site, &["status"]).status.success());
    // Another, whose own socket is at that place.
    let other = Site::new();
    other.app("b", "respond y").config("", &["\"hostname\": \"b\", \"path\": \"b\""]);
    let run = second.site.path("run");
    let mut command = untold(&other, "nano");
    command.env("RUNTIME_DIRECTORY", &run);
    let third = Nano::spawn(other, |own| {
        *own = command;
        own.args(["serve", "--config", "nano.json"]).stderr(std::process::Stdio::piped());
    });
    third.log("\"message\":\"control listening\"");
    assert!(text(&ctl(&second.site, &["apps"]).stdout).contains("\nb "));
    assert!(text(&ctl(&second.site, &["--config", "nano.json", "apps"]).stdout).contains("\na "));
    // No other nano is asked in place of the one that is meant.
    edit(&second.site, "else/c.sock", "else/d.sock");
    let output = ctl(&second.site, &["--config", "nano.json", "drain"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("no nano answers at the control_socket of nano.json"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn every_place_is_named_with_what_is_wrong_there() {
    let site = Site::new();
    site.app("a", "respond x").config(", \"control_socket\": \"c.sock\"", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let output = ctl(&site, &["--config", "nano.json", "status"]);
    assert_eq!(output.status.code(), Some(3));
    let told = text(&output.stderr);
    assert!(told.contains("c.sock (there is no such file), nor at ") && told.contains("run/control.sock ("), "{told}");
    assert!(told.contains("is it running?") && told.contains("--config FILE"), "{told}");
    let output = ctl(&site, &["--json", "status"]);
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(
        (&error["code"], &error["places"][0]["why"]),
        (&"no_supervisor".into(), &"there is no such file".into())
    );
    // A place that was named is the only one.
    drop(UnixListener::bind(site.path("dead.sock")).unwrap());
    fs::write(site.path("file.sock"), "").unwrap();
    symlink("nowhere", site.path("link.sock")).unwrap();
    for (path, why, code) in [
        ("dead.sock", "(nobody listens there any more)", 3),
        ("file.sock", "(that is no socket)", 3),
        ("link.sock", "(the link there leads nowhere)", 3),
    ] {
        let output = ctl(&site, &["--socket", path, "status"]);
        assert_eq!(output.status.code(), Some(code));
        let told = text(&output.stderr);
        assert!(told.contains(&format!("no nano answers at {path} {why}")) && !told.contains("nor at"), "{told}");
    }
    // A file that is missing, or no JSON, is reported beside the places.
    let told = text(&ctl(&site, &["--config", "gone.json", "status"]).stderr);
    assert!(told.contains("gone.json: the configuration cannot be read"), "{told}");
}

#[test]
fn what_answers_and_is_no_nano_is_called_so() {
    const NO_NANO: &str = "what answers at other.sock is no nano";
    for (answer, whose, what) in [
        ("220 mail\u{1b}[2J.example\r\n", NO_NANO, "is no status line"),
        (
            "HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"page not found\"}",
            NO_NANO,
            "404 without what a nano says with it",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", NO_NANO, "200 without what a nano says with it"),
        ("HTTP/1.1 200 OK\r\nx: y", NO_NANO, "its head does not end"),
        // It may be one in its last moment.
        ("", "what listens at other.sock ended the connection without an answer", "stopping"),
    ] {
        let site = Site::new();
        let listener = UnixListener::bind(site.path("other.sock")).unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 64];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            });
            ctl(&site, &["--socket", "other.sock", "status"])
        });
        assert_eq!(output.status.code(), Some(1), "{answer}");
        let told = text(&output.stderr);
        assert!(told.contains(whose) && told.contains(what), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}

#[test]
fn what_somebody_else_put_at_the_usual_place_is_not_followed() {
    if !nix::unistd::geteuid().is_root() {
        return; // only root can be another user
    }
    let site = elsewhere();
    fs::create_dir(site.path("run")).unwrap();
    let socket = UnixListener::bind(site.path("planted.sock")).unwrap();
    socket.set_nonblocking(true).unwrap();
    let place = site.path("run/control.sock");
    symlink(site.path("planted.sock"), &place).unwrap();
    lchown(&place, Some(54_321), Some(54_321)).unwrap();
    let refused = |why: &str| {
        let output = ctl(&site, &["status"]);
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stderr);
        assert!(told.contains(why) && told.contains("have it removed") && !told.contains("sudo"), "{told}");
        assert!(socket.accept().is_err(), "no client came");
    };
    refused("run/control.sock is uid 54321's and is not followed");
    // A link of our own where others may put another one.
    lchown(&place, Some(0), Some(0)).unwrap();
    fs::set_permissions(site.path("run"), fs::Permissions::from_mode(0o777)).unwrap();
    refused("others may write to");
    // Nor does nano replace or follow it.
    lchown(&place, Some(54_321), Some(54_321)).unwrap();
    let nano = serve(site);
    let planted = fs::symlink_metadata(nano.site.path("run/control.sock")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&planted), 54_321);
    assert!(ctl(&nano.site, &["--config", "nano.json", "status"]).status.success());
}
