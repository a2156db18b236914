//! An unlucky machine. No file descriptors left, a full disk, no home, no root, no control groups, no user
//! namespaces: nano starts and serves, or says why it does not.
//!
//! Sabotage control: a supervisor without descriptors to spare, whose check must find clients that were not served; and a
//! machine on which it cannot start at all.

mod disk;
mod namespaces;

use crate::bystander::{APP, HOST, is_back};
use nano_test::process::cpu_ticks;
use nano_test::{Connection, Finished, Nano, PATIENCE, Site, binary, finish};
use serde_json::json;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

fn site() -> Site {
    let site = Site::new();
    site.app("bystander", APP);
    site.config(json!({ "log": { "access": true }, "apps": [
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site
}

/// `nano serve` as this program's argument: `prlimit --nofile=64 nano serve …`.
fn under(site: &Site, wrapper: &[&str]) -> Command {
    let nano = binary("nano");
    let all: Vec<&str> =
        wrapper.iter().copied().chain([nano.to_str().unwrap(), "serve", "--config", "nano.json"]).collect();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]).current_dir(site.folder()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn serves(nano: &Nano) {
    let answer = nano.get(HOST, "/");
    assert_eq!((answer.status, answer.text().as_str()), (200, "still here"));
}

/// How many of these clients got an answer in time.
fn served(clients: &mut [Connection]) -> usize {
    clients.iter_mut().filter_map(|client| client.receive().ok()).filter(|answer| answer.status == 200).count()
}

#[test]
fn without_file_descriptors_clients_wait_and_are_served_later() {
    let site = site();
    let nano = site.serve_with(under(&site, &["prlimit", "--nofile=64:64"]));
    serves(&nano);
    let mut clients: Vec<Connection> = (0..100).map(|_| nano.connect()).collect();
    for client in &mut clients {
        client.send_get(HOST, "/").unwrap();
    }
    // The first are served and keep their connections; the others wait in the kernel.
    assert_eq!(clients[0].receive().unwrap().status, 200);
    nano.log.wait_for_text("cannot accept");
    let last = clients.last_mut().unwrap();
    last.set_patience(Duration::from_millis(200));
    assert!(last.receive().is_err(), "no client had to wait: the limit was not reached");
    // No busy loop: a supervisor that waits takes no time.
    let before = cpu_ticks(nano.pid());
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(1000));
    let (spent, waited) = (cpu_ticks(nano.pid()) - before, start.elapsed());
    assert!(u128::from(spent) * 10 < waited.as_millis() / 2, "{spent} ticks of 10 ms in {waited:?}");
    // Clients that leave make room; in the end all were served.
    let mut rest = clients.split_off(1);
    drop(clients);
    let mut total = 1;
    while !rest.is_empty() {
        let mut some: Vec<_> = rest.drain(..rest.len().min(10)).collect();
        some.iter_mut().for_each(|client| client.set_patience(PATIENCE));
        total += served(&mut some);
    }
    assert_eq!(total, 100);
    serves(&nano);
}

#[test]
fn readers_of_static_files_leave_descriptors_for_workers_and_operators() {
    let site = site();
    // More than sockets hold.
    let size = 16 << 20;
    std::fs::create_dir(site.path("public")).unwrap();
    for number in 0..60 {
        std::fs::File::create(site.path(&format!("public/{number}.bin"))).unwrap().set_len(size).unwrap();
    }
    site.config(json!({ "log": { "access": true }, "apps": [
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
        { "name": "files", "hostname": "files.local", "assets": { "directory": "public" } },
        { "name": "others", "hostname": "others.local", "assets": { "directory": "public" } },
    ]}));
    let nano = site.serve_with(under(&site, &["prlimit", "--nofile=256:256"]));
    let pid = nano.pid();
    let open_files = || {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().filter_map(Result::ok);
        open.filter(|one| std::fs::read_link(one.path()).is_ok_and(|to| to.to_string_lossy().ends_with(".bin"))).count()
    };
    let mut readers: Vec<Connection> = (0..60).map(|_| nano.connect()).collect();
    for (number, reader) in readers.iter_mut().enumerate() {
        reader.send_get("files.local", &format!("/{number}.bin")).unwrap();
    }
    // One app's share is half of an eighth of the descriptors: the other readers wait, and then get an answer.
    nano_test::until("the app's share is taken", || (open_files() == 16).then_some(()));
    let late =
        nano.log.wait_for("a reader that waited in vain", |line| line["status"] == 503 && line["app"] == "files");
    assert_eq!(late["error"], "queue_timeout");
    assert!(open_files() <= 16);
    serves(&nano);
    assert_eq!(nano.get("others.local", "/0.bin").body.len() as u64, size);
    // A worker can be replaced, and the control socket answers.
    let before = nano.workers("bystander");
    assert_eq!(nano.ctl(&["restart", "bystander"]).code, Some(0));
    serves(&nano);
    assert_ne!(nano.workers("bystander"), before);
    // Readers that leave give their files back.
    drop(readers);
    nano_test::until("the files are closed", || (open_files() == 0).then_some(()));
    assert_eq!(nano.get("files.local", "/59.bin").body.len() as u64, size);
}

#[test]
fn clients_that_are_not_served_turn_it_red() {
    let site = site();
    let nano = site.serve_with(under(&site, &["prlimit", "--nofile=64:64"]));
    let _kept: Vec<Connection> = (0..100).map(|_| nano.connect()).collect();
    let mut late = nano.connect();
    late.set_patience(Duration::from_millis(300));
    late.send_get(HOST, "/").unwrap();
    assert_eq!(served(&mut [late]), 0);
}

#[test]
fn far_too_few_file_descriptors_are_a_reason_not_a_panic() {
    // 3 is too few for the dynamic linker.
    for limit in ["--nofile=3:3", "--nofile=8:8", "--nofile=14:14", "--nofile=63:63"] {
        let site = site();
        let end: Finished = finish(&mut under(&site, &["prlimit", limit]), "");
        assert!(end.code == Some(1) || end.code == Some(127), "{limit}: {end:?}");
        assert!(!end.stderr.is_empty() && !end.stderr.contains("panicked"), "{limit}: {end:?}");
    }
}

#[test]
fn without_a_home_and_without_a_path_it_serves() {
    let site = site();
    let mut command = Command::new(binary("nano"));
    command.args(["serve", "--config", "nano.json"]).current_dir(site.folder()).env_clear();
    let nano = site.serve_with(command);
    serves(&nano);
    is_back(&nano, HOST, "/");
}

#[test]
fn whoever_is_not_root_may_serve_too() {
    let site = site();
    if !nix::unistd::geteuid().is_root() {
        // Then all other tests are this one.
        return;
    }
    let Some(setpriv) = nano_test::tool("setpriv") else { return };
    // Its control socket is made there.
    nix::unistd::chown(site.folder(), Some(65534.into()), Some(65534.into())).unwrap();
    let wrapper = [setpriv.to_str().unwrap(), "--reuid=65534", "--regid=65534", "--clear-groups"];
    let nano = site.serve_with(under(&site, &wrapper));
    serves(&nano);
    let status = std::fs::read_to_string(format!("/proc/{}/status", nano.pid())).unwrap();
    assert!(status.lines().any(|line| line.starts_with("Uid:") && line.contains("65534")), "{status}");
    // What it lacks without root, it says.
    nano.log.wait_for("the state of the sandbox", |record| record.to_string().contains("sandbox"));
}

#[test]
fn a_folder_that_one_may_not_enter_is_named() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let Some(setpriv) = nano_test::tool("setpriv") else { return };
    let site = site();
    std::fs::set_permissions(site.path("bystander"), Permissions::from_mode(0o700)).unwrap();
    nix::unistd::chown(site.folder(), Some(65534.into()), Some(65534.into())).unwrap();
    let wrapper = [setpriv.to_str().unwrap(), "--reuid=65534", "--regid=65534", "--clear-groups"];
    let end = finish(&mut under(&site, &wrapper), "");
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.stderr.contains("apps[0].path") && end.stderr.contains("bystander") && !end.stderr.contains("panicked"),
        "{end:?}"
    );
}
