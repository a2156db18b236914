//! Unix sockets that apps are served on: who may open them, and that their files go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, finish, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A site that listens here beside a TCP address, and where the socket is.
fn site(listen: impl Fn(&str) -> Value) -> (Site, PathBuf) {
    let site = Site::new();
    let path = site.path("http.sock");
    site.app("a", "export default { fetch: () => new Response('over unix') };");
    let listen = listen(&format!("unix:{}", path.display()));
    site.config(json!({ "listen": ["127.0.0.1:0", listen], "apps": [{ "hostname": "a.local", "path": "a" }] }));
    (site, path)
}

/// Starts it as a service manager does that is careful with files.
fn serve(site: &Site) -> Nano {
    let careful = site.command("nano", &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "umask 077; exec \"$0\" serve --config nano.json"]).arg(careful.get_program());
    command.current_dir(site.folder()).env_clear();
    command.envs(careful.get_envs().filter_map(|(name, value)| Some((name, value?))));
    site.serve_with(command)
}

fn mode(path: &Path) -> u32 {
    let found = fs::symlink_metadata(path).unwrap();
    assert!(found.file_type().is_socket());
    found.mode() & 0o7777
}

fn answers(path: &Path) {
    let mut client = UnixStream::connect(path).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("over unix"), "{answer}");
}

#[test]
fn who_may_open_it_is_said_in_the_file_and_not_by_the_umask() {
    let (own, path) = site(|address| json!(address));
    let nano = serve(&own);
    assert_eq!(mode(&path), 0o666);
    answers(&path);
    drop(nano);
    let group = nix::unistd::getegid().as_raw();
    for (keys, expected) in [
        (json!({}), 0o666),
        (json!({ "mode": "0600" }), 0o600),
        (json!({ "group": group.to_string() }), 0o660),
        (json!({ "mode": "0622", "group": group.to_string() }), 0o622),
    ] {
        let (own, path) = site(|address| {
            let mut listen = keys.clone();
            listen.as_object_mut().unwrap().insert("address".to_owned(), json!(address));
            listen
        });
        let _nano = serve(&own);
        assert_eq!((mode(&path), fs::metadata(&path).unwrap().gid()), (expected, group), "{keys}");
        answers(&path);
    }
}

#[test]
fn the_file_goes_with_nano() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let (own, path) = site(|address| json!(address));
        let mut nano = serve(&own);
        answers(&path);
        nano.signal(signal);
        nano.wait();
        // After a kill another process cleans up.
        until(&format!("the socket's file is gone after {signal}"), || (!path.exists()).then_some(()));
    }
}

#[test]
fn a_start_that_fails_leaves_no_file() {
    let run = |own: &Site| finish(&mut own.command("nano", &["serve", "--config", "nano.json"]), "");
    let (own, path) = site(|address| json!(address));
    // It is bound, and then something else cannot be had.
    own.app("a", "this is no module");
    let failed = run(&own);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    until("the socket's file is gone", || (!path.exists()).then_some(()));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    own.app("a", "export default { fetch: () => new Response('over unix') };").config(json!({
        "listen": [format!("unix:{}", path.display()), taken.local_addr().unwrap().to_string()],
        "apps": [{ "hostname": "a.local", "path": "a" }],
    }));
    let failed = run(&own);
    assert!(failed.code == Some(1) && failed.stderr.contains("in use"), "{failed:?}");
    assert!(!path.exists());

    let (own, path) = site(|address| json!({ "address": address, "group": "no-such-group" }));
    let failed = run(&own);
    assert!(failed.code == Some(1) && failed.stderr.contains("there is no group \"no-such-group\""), "{failed:?}");
    assert!(!path.exists());
}

#[test]
fn a_dead_one_is_replaced_a_live_one_refused() {
    let (own, path) = site(|address| json!(address));
    // As after a power failure: the file is there, no process listens.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let nano = serve(&own);
    answers(&path);

    let other = Site::new();
    other.app("a", "export default { fetch: () => new Response('another') };").config(json!({
        "listen": [format!("unix:{}", path.display())], "apps": [{ "hostname": "a.local", "path": "a" }],
    }));
    let failed = finish(&mut other.command("nano", &["serve", "--config", "nano.json"]), "");
    assert!(failed.code == Some(1) && failed.stderr.contains("in use by another process"), "{failed:?}");
    answers(&path);
    drop(nano);
}
