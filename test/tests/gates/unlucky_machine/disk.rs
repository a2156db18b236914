//! A disk that is full: under the log, the configuration, the apps and the control socket.

use super::{serves, site};
use crate::bystander::{APP, HOST};
use nano_test::{Connection, Disk, Site, binary, finish, until};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Requests while there is room for nothing. Each would be a line of the log.
const REQUESTS: usize = 400;

/// A nano whose log is a file of the site.
struct Logged {
    child: Child,
    log: PathBuf,
    control: PathBuf,
    address: SocketAddr,
}

impl Logged {
    fn serve(site: &Site) -> Self {
        let log = site.path("nano.log");
        let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
        let mut child = command.stdin(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let address = until("it listens", || {
            assert_eq!(child.try_wait().unwrap(), None, "{}", fs::read_to_string(&log).unwrap());
            let lines = fs::read_to_string(&log).unwrap();
            let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.filter(|line| line["message"] == "listening").find_map(|line| line["address"].as_str()?.parse().ok())
        });
        Self { child, log, control: site.path("control.sock"), address }
    }

    fn ctl(&self, arguments: &[&str]) -> nano_test::Ctl {
        finish(Command::new(binary("nanoctl")).arg("--socket").arg(&self.control).args(arguments), "")
    }

    fn get(&self, host: &str) -> String {
        let answer = Connection::open(self.address).unwrap().get(host, "/").unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text()
    }

    /// Every whole line of the log. Half a line is what the disk had room for; none may be mixed with another.
    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap();
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(line) => Some(line),
            Err(error) => {
                assert!(error.is_eof() && !line[1..].contains("{\"timestamp\""), "{error}: {line:?}");
                None
            }
        };
        text.lines().filter_map(parse).collect()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn configure(site: &Site, file: &str, version: u32) {
    let config = json!({ "listen": ["127.0.0.1:0"], "metrics": "off", "control_socket": site.path("control.sock"),
        "log": { "format": "json", "access": true }, "apps": [
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
        { "name": "changing", "hostname": "changing.local", "path": format!("version-{version}") },
    ]});
    site.file(file, &config.to_string());
}

#[test]
fn a_full_disk_costs_lines_of_the_log_and_nothing_else() {
    let site = Site::new();
    let Some(disk) = Disk::under(&site, 1000) else { return };
    site.app("bystander", APP);
    for version in [1, 2] {
        site.app(
            &format!("version-{version}"),
            &format!("export default {{ fetch: () => new Response('{version}') }};"),
        );
    }
    site.app("version-3", "export default { fetch( };");
    configure(&site, "nano.json", 1);
    // A file can be replaced by another that is there already, however full the disk is.
    configure(&site, "good.json", 2);
    configure(&site, "bad.json", 3);
    let nano = Logged::serve(&site);
    assert_eq!(nano.get("changing.local"), "1");
    disk.fill();
    let mut connection = Connection::open(nano.address).unwrap();
    for _ in 0..REQUESTS {
        assert_eq!(connection.get(HOST, "/").unwrap().text(), "still here");
    }
    // The control socket works, and so do reloads.
    assert_eq!(nano.ctl(&["status"]).code, Some(0));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    fs::rename(site.path("bad.json"), site.config_path()).unwrap();
    let refused = nano.ctl(&["reload"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("SyntaxError"), "{refused:?}");
    assert_eq!(nano.get("changing.local"), "1");
    fs::rename(site.path("good.json"), site.config_path()).unwrap();
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get("changing.local"), "2");
    // With room again the log continues, and reports how many lines were lost.
    disk.empty();
    let told = until("the log says what it lost", || {
        nano.get(HOST);
        let lost = nano.lines().iter().filter_map(|line| line["dropped"].as_u64()).sum::<u64>();
        (lost > 0).then_some(lost)
    });
    let requests = nano.lines().iter().filter(|line| line["message"] == "request").count();
    assert!(told + u64::try_from(requests).unwrap() >= u64::try_from(REQUESTS).unwrap(), "{told} + {requests}");
}

#[test]
fn without_room_for_a_control_socket_it_says_so_and_does_not_start() {
    let site = Site::new();
    let Some(disk) = Disk::under(&site, 40) else { return };
    site.app("bystander", APP);
    site.apps(json!([{ "name": "bystander", "hostname": HOST, "path": "bystander" }]));
    disk.use_up_files();
    let end = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("control.sock") && end.stderr.contains("No space left"), "{end:?}");
    assert!(!end.stderr.contains("panicked"), "{end:?}");
    disk.empty();
    serves(&site.serve());
}

#[test]
fn a_log_to_nowhere_stops_nothing() {
    let site = site();
    // The harness reads addresses from the log, so here they are fixed, and found by asking.
    let port = free_port();
    site.config(json!({ "listen": [format!("127.0.0.1:{port}")], "metrics": "off", "apps": [
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(full).spawn().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut connection = until("it serves", || {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        let mut open = Connection::open(address).ok()?;
        (open.get(HOST, "/").ok()?.status == 200).then_some(open)
    });
    for _ in 0..200 {
        assert_eq!(connection.get(HOST, "/").unwrap().status, 200);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_disk_with_room_turns_it_red() {
    let site = Site::new();
    let Some(_disk) = Disk::under(&site, 1000) else { return };
    site.app("bystander", APP).app("version-1", APP);
    configure(&site, "nano.json", 1);
    let nano = Logged::serve(&site);
    for _ in 0..20 {
        nano.get(HOST);
    }
    let lines = until("all lines", || {
        Some(nano.lines()).filter(|lines| lines.iter().filter(|line| line["message"] == "request").count() == 20)
    });
    assert_eq!(lines.iter().filter(|line| line["dropped"].is_u64()).count(), 0);
}
