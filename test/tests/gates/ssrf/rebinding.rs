//! Names: a resolver in the test's hand changes its mind with every question, between an address that the
//! app's `egress` allows and one that it does not. A check that looks a name up, and a connection that looks it up again,
//! would end at the wrong one. It also answers with both at once.
//!
//! The supervisor runs with a `resolv.conf` of its own, in a mount namespace: as root only.
//!
//! Sabotage control: both addresses allowed. The other one must see connections then.

use nano_test::{Nano, Site, tool};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

const APP: &str = r#"
export default {
  async fetch(request) {
    const host = new URL(request.url).searchParams.get("u");
    try {
      return new Response(await (await fetch(`http://${host}/`)).text());
    } catch (error) {
      return new Response(error.cause?.code ?? String(error));
    }
  },
};
"#;

const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const DENIED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Answers questions for `flip.test` with the two addresses in turn, for `both.test` with both, for others with none.
struct Resolver {
    address: Ipv4Addr,
    questions: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Resolver {
    /// `None` where the port for it cannot be had.
    fn start() -> Option<Self> {
        // Any loopback address is this machine's; a number that other tests do not take.
        let [.., a, b] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 53, a, b);
        let socket = UdpSocket::bind((address, 53)).ok()?;
        let questions = Arc::new(Mutex::new(BTreeMap::new()));
        let counted = Arc::clone(&questions);
        thread::spawn(move || {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                if let Some(answer) = answer(&packet[..length], &counted) {
                    drop(socket.send_to(&answer, from));
                }
            }
        });
        Some(Self { address, questions })
    }

    fn questions(&self, name: &str) -> usize {
        self.questions.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

/// A DNS message (RFC 1035 §4) with one question, answered.
fn answer(packet: &[u8], counted: &Mutex<BTreeMap<String, usize>>) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    while let length @ 1.. = usize::from(*packet.get(at)?) {
        labels.push(String::from_utf8_lossy(packet.get(at + 1..at + 1 + length)?).to_ascii_lowercase());
        at += 1 + length;
    }
    let question = packet.get(12..at + 5)?;
    let is_a = packet.get(at + 1..at + 3)? == [0, 1];
    let name = labels.join(".");
    let mut addresses = Vec::new();
    if is_a {
        let mut counted = counted.lock().unwrap();
        let count = counted.entry(name.clone()).or_default();
        *count += 1;
        match name.as_str() {
            "flip.test" => addresses.push(if *count % 2 == 1 { ALLOWED } else { DENIED }),
            "both.test" => addresses.extend([DENIED, ALLOWED]),
            _ => {}
        }
    }
    let mut answer = packet.get(..2)?.to_vec();
    // A response, recursion available; one question, so many answers.
    answer.extend([0x81, 0x80, 0, 1, 0, u8::try_from(addresses.len()).ok()?, 0, 0, 0, 0]);
    answer.extend(question);
    for address in addresses {
        // The name as in the question, A, IN, a life of 0 s.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// Listens on every address and counts connections by the address that they were made to.
fn trap() -> (u16, Arc<Mutex<BTreeMap<IpAddr, usize>>>) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hits = Arc::new(Mutex::new(BTreeMap::new()));
    let counted = Arc::clone(&hits);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let to = stream.local_addr().unwrap().ip();
            *counted.lock().unwrap().entry(to).or_default() += 1;
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let text = to.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", text.len());
                drop(stream.write_all(format!("{head}{text}").as_bytes()));
            });
        }
    });
    (port, hits)
}

/// Serves with a resolver of the test's. `None`, after saying why, where that cannot be done.
fn serve(site: &Site, resolver: &Resolver, egress: serde_json::Value) -> Option<Nano> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can give a process its own resolv.conf");
        return None;
    }
    let unshare = tool("unshare")?;
    site.app("a", APP);
    site.apps(json!([{ "hostname": "a.local", "path": "a", "egress": egress }]));
    site.file("resolv.conf", &format!("nameserver {}\noptions timeout:2 attempts:2\n", resolver.address));
    let nano = nano_test::binary("nano");
    let script = format!(
        "mount --bind {} $(readlink -f /etc/resolv.conf) && exec {} serve --config nano.json",
        site.path("resolv.conf").display(),
        nano.display()
    );
    let mut command = Command::new(unshare);
    command.args(["--mount", "sh", "-c", &script]).current_dir(site.folder());
    Some(site.serve_with(command))
}

fn ask(nano: &Nano, name: &str, port: u16) -> String {
    nano.get("a.local", &format!("/?u={name}:{port}")).text()
}

#[test]
fn a_name_that_changes_its_mind_leads_nowhere_else_than_was_checked() {
    let Some(resolver) = Resolver::start() else { return };
    let (port, hits) = trap();
    let site = Site::new();
    let Some(nano) = serve(&site, &resolver, json!([format!("{ALLOWED}/32")])) else { return };
    let mut reached = 0;
    let mut denied = 0;
    for turn in 1..=40 {
        match ask(&nano, "flip.test", port).as_str() {
            "127.0.0.2" => reached += 1,
            "EGRESS_DENIED" => denied += 1,
            other => panic!("{other}"),
        }
        assert_eq!(resolver.questions("flip.test"), turn, "a name was looked up twice for one request");
    }
    assert_eq!((reached, denied), (20, 20));
    for _ in 0..10 {
        assert_eq!(ask(&nano, "both.test", port), "127.0.0.2");
    }
    let hits = hits.lock().unwrap().clone();
    assert_eq!(hits, BTreeMap::from([(IpAddr::V4(ALLOWED), 30)]));
}

#[test]
fn with_both_addresses_allowed_it_turns_red() {
    let Some(resolver) = Resolver::start() else { return };
    let (port, hits) = trap();
    let site = Site::new();
    let Some(nano) = serve(&site, &resolver, json!(["127.0.0.0/8"])) else { return };
    let answers: Vec<_> = (0..4).map(|_| ask(&nano, "flip.test", port)).collect();
    assert_eq!(answers, ["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"]);
    assert_eq!(hits.lock().unwrap().get(&IpAddr::V4(DENIED)), Some(&2));
}
