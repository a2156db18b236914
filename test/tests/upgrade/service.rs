//! Under a service manager, which is told which process is the main one.

use crate::{command, gone, pid, signal, site, upgrade};
use nano_test::{PATIENCE, Site, tool, until};
use nix::sys::signal::Signal;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::thread;

/// The service manager's socket.
struct Manager(UnixDatagram);

impl Manager {
    fn of(site: &Site, command: &mut Command) -> Self {
        let path = site.path("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        command.env("NOTIFY_SOCKET", &path);
        Self(socket)
    }

    /// The next message that has news, but for STATUS.
    fn news(&self) -> Vec<String> {
        loop {
            let mut buffer = [0; 4096];
            let length = self.0.recv(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let news: Vec<_> = text
                .lines()
                .filter(|line| !line.starts_with("STATUS=") && *line != "WATCHDOG=1")
                .map(str::to_owned)
                .collect();
            if !news.is_empty() {
                return news;
            }
        }
    }
}

#[test]
fn the_service_manager_is_told_of_the_main_process_and_of_nothing_that_stops() {
    let site = site();
    let mut command = command(&site);
    let manager = Manager::of(&site, &mut command);
    // As with `WatchdogSec=`: the variable that is about one process must not keep the next one from feeding it.
    command.env("WATCHDOG_USEC", "60000000");
    let mut nano = site.serve_with(command);
    assert_eq!(manager.news(), ["READY=1"]);
    let mut before = nano.pid();
    for _ in 0..3 {
        let report = upgrade(&nano);
        let new = pid(&report["new_pid"]);
        assert_eq!(manager.news(), [format!("MAINPID={new}")]);
        assert_eq!(manager.news(), ["READY=1"]);
        if before == nano.pid() {
            assert_eq!(nano.wait().code(), Some(0), "nothing stands in where a manager knows");
        } else {
            gone(before);
        }
        before = new;
        assert_eq!(nano.get("a.local", "/").text(), "hello");
    }
    signal(before, Signal::SIGTERM);
    assert_eq!(manager.news(), ["STOPPING=1"]);
    gone(before);
}

#[test]
fn an_upgrade_that_fails_tells_the_manager_nothing() {
    let site = site();
    let mut command = command(&site);
    let manager = Manager::of(&site, &mut command);
    let mut nano = site.serve_with(command);
    assert_eq!(manager.news(), ["READY=1"]);
    site.app("a", "no module");
    crate::refused(&nano, &[]);
    nano.signal(Signal::SIGTERM);
    assert_eq!(manager.news(), ["STOPPING=1"]);
    assert_eq!(nano.wait().code(), Some(0));
}

#[test]
fn sockets_of_the_manager_are_handed_on() {
    let Some(activate) = tool("systemd-socket-activate") else { return };
    let site = site();
    let own = command(&site);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(activate);
    command.args(["-l", &address.to_string()]).arg(own.get_program()).args(own.get_args()).current_dir(site.folder());
    // The first connection starts the program, which is what serve_with waits for.
    let first = thread::spawn(move || until("the activator's port", || TcpStream::connect(address).ok()));
    let nano = site.serve_with(command);
    drop(first.join().unwrap());
    for _ in 0..2 {
        upgrade(&nano);
        assert_eq!(nano.get("a.local", "/").text(), "hello");
    }
    assert_eq!(nano.address, address);
    crate::end(nano);
}
