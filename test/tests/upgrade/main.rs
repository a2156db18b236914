//! `nanoctl upgrade`: a nano takes the place of another, and nobody notices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod container;
mod crons;
mod ends;
mod failures;
mod hostile;
mod in_flight;
mod kills;
mod proxied;
mod service;
mod shards;
mod sockets;
mod state;
mod traffic;

use nano_test::{Ctl, Nano, Site, binary, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Answers at once, in pieces until it is told to end, or never.
const APP: &str = "
let ended;
const end = new Promise((resolve) => { ended = resolve; });
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/end') { ended(); return new Response('ended'); }
    if (pathname === '/never') return new Promise(() => setTimeout(() => {}, 1e9));
    if (pathname === '/socket') {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener('message', (event) => server.send(event.data));
      return new Response(null, { status: 101, webSocket: client });
    }
    if (pathname === '/pieces') {
      return new Response(new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('first'));
          await end;
          controller.enqueue(new TextEncoder().encode('last'));
          controller.close();
        },
      }));
    }
    return new Response('hello');
  },
};";

/// A site with one app, whose nano is called by a link, as installations with versions have it.
fn site() -> Site {
    let site = Site::new();
    site.app("a", APP);
    site.apps(json!([{ "hostname": "a.local", "name": "a", "path": "a" }]));
    install(&site, &binary("nano"));
    site
}

/// Where the site's nano is installed.
fn installed(site: &Site) -> PathBuf {
    site.path("bin/nano")
}

/// Installs this program in one step.
fn install(site: &Site, program: &Path) {
    let (place, fresh) = (installed(site), site.path("bin/nano.new"));
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    symlink(program, &fresh).unwrap();
    fs::rename(fresh, place).unwrap();
}

/// The installed nano, not started yet.
fn command(site: &Site) -> Command {
    let own = site.command("nano", &[]);
    let mut command = Command::new(installed(site));
    command.args(["serve", "--config", "nano.json"]).current_dir(site.folder()).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn serve(site: &Site) -> Nano {
    site.serve_with(command(site))
}

/// An upgrade that succeeds: what `nanoctl --json upgrade` says.
fn upgrade(nano: &Nano) -> Value {
    nano.ctl_json(&["upgrade"])
}

/// An upgrade that fails: what is said of it, in one paragraph.
fn refused(nano: &Nano, more: &[&str]) -> String {
    let Ctl { code, stdout, stderr } = nano.ctl(&[&["upgrade"], more].concat());
    assert_eq!((code, &*stdout), (Some(1), ""), "{stderr}");
    assert!(!stderr.trim_end().contains("\n\n"), "{stderr}");
    stderr
}

/// The pid of the nano that serves.
fn main_pid(nano: &Nano) -> i32 {
    pid(&nano.ctl_json(&["status"])["pid"])
}

fn pid(value: &Value) -> i32 {
    i32::try_from(value.as_i64().unwrap()).unwrap()
}

fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

fn gone(pid: i32) {
    until(&format!("process {pid} is gone"), || (!nano_test::process::runs(pid)).then_some(()));
}

/// Ends it as an operator does, whatever has become of its process.
fn end(mut nano: Nano) {
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
}
