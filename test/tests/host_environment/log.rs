//! A log that takes no more: lines are lost and counted, and nothing else.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use nano_test::{Site, binary, exchange, finish, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{SERVE, Started, site, within};

/// `nanoctl status`, once nano answers.
fn status(site: &Site) -> Option<Value> {
    let mut command = Command::new(binary("nanoctl"));
    command.args(["--json", "--socket"]).arg(site.path("control.sock")).arg("status");
    let answer = finish(&mut command, "");
    (answer.code == Some(0)).then(|| serde_json::from_str(&answer.stdout).unwrap())
}

/// Serves with this as its log; ends well, after lines were lost.
fn loses_lines(site: &Site, mut command: Command, log: Stdio) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let mut started = Started { child, log: nano_test::Log::default() };
    let address: SocketAddr = until("it is ready", || {
        assert!(started.child.try_wait().unwrap().is_none(), "it ended: {:?}", started.child.try_wait());
        let status = status(site).filter(|status| status["phase"] == "ready")?;
        status["listen"][0].as_str()?.parse().ok()
    });
    until("lines that are lost, and counted", || {
        for _ in 0..100 {
            let request = b"GET / HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n";
            assert_eq!(exchange(address, request).unwrap().text(), "hello");
        }
        (status(site)?["log_lines_dropped"].as_u64()? > 0).then_some(())
    });
    kill(Pid::from_raw(started.pid()), Signal::SIGTERM).unwrap();
    assert_eq!(started.wait(), Some(0));
}

#[test]
fn a_file_that_may_not_grow() {
    let site = site();
    let Some(command) = within(&site, &["prlimit", "--fsize=16384"], "nano", &SERVE) else { return };
    let log = site.path("nano.log");
    loses_lines(&site, command, File::create(&log).unwrap().into());
    assert_eq!(std::fs::metadata(log).unwrap().len(), 16384);
}

#[test]
fn a_full_disk() {
    let site = site();
    loses_lines(&site, site.command("nano", &SERVE), File::options().write(true).open("/dev/full").unwrap().into());
}

#[test]
fn a_pipe_that_nobody_reads_from() {
    let site = site();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    loses_lines(&site, site.command("nano", &SERVE), writer.into());
}

#[test]
fn a_configuration_that_may_not_be_read_into_memory() {
    let site = site();
    let Some(said) = super::refused(&site, &["prlimit", "--fsize=100"]) else { return };
    assert!(said.code == Some(1) && said.stderr.contains("RLIMIT_FSIZE"), "{said:?}");
}
