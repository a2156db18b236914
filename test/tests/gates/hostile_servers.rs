//! Servers that apps ask, and apps that ask too much. Heads, trailers and bodies without end, answers byte by byte,
//! connections without number, names that nobody answers for: the bystander notices nothing, the supervisor stays small,
//! and another app's requests are answered.
//!
//! Sabotage controls: a server whose flood comes behind a proper head, where it may go on, so that the check of what a
//! server could send before it is cut finds far too much; the check of the memory, fed with what unread answers would
//! have cost. That turns are short and places shared has its own controls beside the code (`read_budget`, `places`).

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Connection, Nano, Site, sized, tool, until_within};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Requests of the noisy app that are there at once.
const CLIENTS: usize = 8;
/// What the supervisor may have at any time.
const MAX_MEMORY: u64 = 64 << 20;
/// Bytes that a server could send before it was cut: our limit, and what the kernel keeps on the way, generously.
const BEFORE_CUT: usize = 16 << 20;
/// Where floods end that are not cut.
const FLOOD: usize = 64 << 20;

/// Asks `u`, and does with the answer what the path says.
const NOISY: &str = r#"
const kept = [];
const ways = {
  async read(response) {
    let length = 0;
    const end = Date.now() + 300;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (Date.now() > end) break;
    }
    return length;
  },
  /// As much as would turn the check of a flood red.
  async much(response) {
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > 2 ** 25) break;
    }
    return length;
  },
  keep(response) {
    kept.push(response);
    if (kept.length > 16) kept.shift().body.cancel();
    return kept.length;
  },
  async cancel(response, u) {
    for (let i = 0; i < 100; i++) {
      await response.body.cancel();
      response = await fetch(u);
    }
    return response.body.cancel();
  },
};
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const u = url.searchParams.get("u");
    try {
      return new Response(String(await ways[url.pathname.slice(1)](await fetch(u), u)));
    } catch (error) {
      return new Response(error.cause?.code ?? String(error));
    }
  },
};
"#;

/// What a server answers with, again and again after its first words.
const FLOODS: &[(&str, &str, &str)] = &[
    ("informational", "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("header", "HTTP/1.1 200 OK\r\n", "X-Header: value\r\n"),
    ("trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-Trailer: value\r\n"),
    ("extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5", ";extension"),
    ("zeros", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"),
    ("bytes", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    ("body", "HTTP/1.1 200 OK\r\n\r\n", "and so on, "),
];

/// A server of these floods, by path; and one path that is answered as it should be.
struct Server {
    address: SocketAddr,
    /// The most that one connection took of the flood of each kind.
    taken: Arc<Vec<AtomicUsize>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken: Arc<Vec<AtomicUsize>> = Arc::new(FLOODS.iter().map(|_| AtomicUsize::new(0)).collect());
        let counted = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let counted = Arc::clone(&counted);
                thread::spawn(move || converse(stream.unwrap(), &counted));
            }
        });
        Self { address, taken }
    }

    fn url(&self, kind: &str) -> String {
        format!("http://{}/{kind}", self.address)
    }

    fn taken(&self, kind: &str) -> usize {
        let at = FLOODS.iter().position(|(name, ..)| *name == kind).unwrap();
        self.taken[at].load(Ordering::SeqCst)
    }
}

fn converse(mut stream: TcpStream, taken: &[AtomicUsize]) {
    let mut buffer = [0; 4096];
    loop {
        let Ok(length @ 1..) = stream.read(&mut buffer) else { return };
        let head = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let Some(at) = FLOODS.iter().position(|(name, ..)| *name == path) else {
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine").is_err() {
                return;
            }
            continue;
        };
        let (_, first, piece) = FLOODS[at];
        let pieces = piece.repeat(32_768 / piece.len());
        let mut sent = 0;
        if stream.write_all(first.as_bytes()).is_ok() {
            while sent < FLOOD && stream.write_all(pieces.as_bytes()).is_ok() {
                sent += pieces.len();
            }
        }
        taken[at].fetch_max(sent, Ordering::SeqCst);
        return;
    }
}

fn site(server: &Server) -> Site {
    let site = Site::new();
    site.app("noisy", NOISY).app("bystander", APP);
    let egress = json!([server.address.to_string()]);
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "noisy", "hostname": "noisy.local", "path": "noisy", "egress": egress },
        { "name": "honest", "hostname": "honest.local", "path": "noisy", "egress": egress },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site
}

fn path(way: &str, url: &str) -> String {
    format!("/{way}?u={}", url.replace(':', "%3a").replace('/', "%2f"))
}

/// Clients that ask for the same again and again, with little patience.
fn ask_again_and_again(
    nano: &Nano,
    way: &'static str,
    url: &str,
    stop: &Arc<AtomicBool>,
) -> Vec<thread::JoinHandle<()>> {
    let clients = (0..CLIENTS).map(|_| {
        let (address, path, stop) = (nano.address, path(way, url), Arc::clone(stop));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok(mut client) = Connection::open(address) else { continue };
                client.set_patience(Duration::from_millis(500));
                while !stop.load(Ordering::Relaxed) && client.get("noisy.local", &path).is_ok() {}
            }
        })
    });
    clients.collect()
}

/// What is wrong with the memory of the supervisor, if anything.
fn verdict_of_memory(bytes: u64) -> Result<(), String> {
    if bytes <= MAX_MEMORY { Ok(()) } else { Err(format!("the supervisor has {bytes} bytes")) }
}

/// What is wrong with how much a server could send of what has to have an end, if anything.
fn verdict_of_flood(bytes: usize) -> Result<(), String> {
    if bytes <= BEFORE_CUT { Ok(()) } else { Err(format!("{bytes} bytes were taken")) }
}

#[test]
fn nobody_notices_what_a_server_sends_to_another_app() {
    let server = Server::start();
    let nano = site(&server).serve();
    for (way, kind) in [
        ("read", "informational"),
        ("read", "header"),
        ("read", "trailers"),
        ("read", "extension"),
        ("read", "zeros"),
        ("read", "bytes"),
        ("read", "body"),
        ("keep", "body"),
        ("cancel", "body"),
        ("cancel", "fine"),
    ] {
        let bystander = Bystander::of(&nano);
        let stop = Arc::new(AtomicBool::new(false));
        let clients = ask_again_and_again(&nano, way, &server.url(kind), &stop);
        let until = Instant::now() + sized(Duration::from_secs(1), Duration::from_secs(10));
        let (mut largest, mut answered) = (0, 0);
        while Instant::now() < until || answered == 0 {
            let answer = nano.get("honest.local", &path("read", &server.url("fine")));
            assert_eq!(answer.text(), "4", "{way} {kind}: {answer:?}");
            answered += 1;
            largest = largest.max(resident(nano.pid()));
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().for_each(|client| client.join().unwrap());
        let seen = bystander.stop();
        eprintln!(
            "{way} {kind}: {} answers, the slowest after {:?}; {answered} honest requests; {largest} bytes",
            seen.served, seen.slowest
        );
        seen.verdict().unwrap_or_else(|wrong| panic!("{way} {kind}: {wrong}"));
        verdict_of_memory(largest).unwrap_or_else(|wrong| panic!("{way} {kind}: {wrong}"));
    }
    for kind in ["informational", "header", "trailers", "extension"] {
        verdict_of_flood(server.taken(kind)).unwrap_or_else(|wrong| panic!("{kind}: {wrong}"));
    }
}

#[test]
fn a_flood_that_may_go_on_turns_it_red() {
    let server = Server::start();
    let nano = site(&server).serve();
    // The same server, the same client; but what it sends is a body.
    until_within(Duration::from_secs(60), "the whole flood is taken", || {
        nano.get("noisy.local", &path("much", &server.url("body")));
        verdict_of_flood(server.taken("body")).is_err().then_some(())
    });
    assert!(verdict_of_memory(MAX_MEMORY + 64 * (4 << 20)).is_err());
}

/// A nano whose resolver never answers, and its apps: so many that ask it, and one that asks for localhost.
fn with_a_silent_resolver(askers: usize, server: &Server) -> Option<(Site, Nano, UdpSocket)> {
    let unshare = tool("unshare").filter(|_| nix::unistd::geteuid().is_root())?;
    let [.., a, b] = std::process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, 54, a, b);
    let silent = UdpSocket::bind((address, 53)).ok()?;
    let site = Site::new();
    site.app("noisy", NOISY);
    let asker = |n| json!({ "hostname": format!("asker-{n}.local"), "path": "noisy", "egress": ["*.test"] });
    let mut apps: Vec<Value> = (0..askers).map(asker).collect();
    let egress = json!([format!("localhost:{}", server.address.port())]);
    apps.push(json!({ "hostname": "honest.local", "path": "noisy", "egress": egress }));
    site.apps(Value::Array(apps));
    site.file("resolv.conf", &format!("nameserver {address}\noptions timeout:30 attempts:1\n"));
    let script = format!(
        "mount --bind {} $(readlink -f /etc/resolv.conf) && exec {} serve --config nano.json",
        site.path("resolv.conf").display(),
        nano_test::binary("nano").display()
    );
    let mut command = Command::new(unshare);
    command.args(["--mount", "sh", "-c", &script]).current_dir(site.folder());
    let nano = site.serve_with(command);
    Some((site, nano, silent))
}

#[test]
fn names_that_nobody_answers_for_leave_lookups_for_others() {
    let server = Server::start();
    let askers = 16;
    let Some((_site, nano, _silent)) = with_a_silent_resolver(askers, &server) else { return };
    let mut waiting = Vec::new();
    for n in 0..askers {
        for m in 0..8 {
            let mut client = nano.connect();
            client.send_get(&format!("asker-{n}.local"), &path("read", &format!("http://{m}.hangs.test/"))).unwrap();
            waiting.push(client);
        }
    }
    until_within(Duration::from_secs(30), "all of them ask", || {
        (nano.metrics().sum("nano_http_requests_in_flight", &[]) >= 128.0).then_some(())
    });
    for _ in 0..5 {
        let answer =
            nano.get("honest.local", &path("read", &format!("http://localhost:{}/fine", server.address.port())));
        assert_eq!(answer.text(), "4", "{answer:?}");
    }
}
