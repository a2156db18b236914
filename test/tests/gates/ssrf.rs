//! Server-side request forgery. Whatever an app with the default `egress` writes into a URL, however it spells
//! an address of this machine or of the network behind it, directly, by a name or by a redirect: nobody who listens there
//! sees a connection. And a name whose addresses change between a check and a use leads nowhere else than was checked.
//!
//! Sabotage control: the same matrix for an app whose `egress` lists every address (`0.0.0.0/0`, `::/0`), which is what
//! a missing check would be. Most spellings must reach the trap then, or the matrix shows nothing.

mod rebinding;

use nano_test::{Nano, Site};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Fetches the URL that it gets, and follows redirects.
const APP: &str = r#"
export default {
  async fetch(request) {
    const url = new URL(request.url).searchParams.get("u");
    const signal = AbortSignal.timeout(8000);
    try {
      const response = await fetch(url, { signal });
      return new Response(`reached ${response.status} ${await response.text()}`);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}`);
    }
  },
};
"#;

/// Listens on all addresses of the machine, answers every client, and counts them.
struct Trap {
    port: u16,
    hits: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Self {
        let hits = Arc::new(AtomicUsize::new(0));
        // One socket for IPv4 and IPv6, where there is IPv6.
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0))
            .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let counted = Arc::clone(&hits);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    // A close with unread bytes would reset the connection.
                    let _ = stream.read(&mut [0; 4096]);
                    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ntrap!\n";
                    drop(stream.write_all(text));
                });
            }
        });
        Self { port, hits }
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

/// Redirects every request to what its query says.
fn redirector() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                let mut line = String::new();
                if stream.read_line(&mut line).is_err() {
                    return;
                }
                let target = line.split(' ').nth(1).unwrap_or_default();
                let to = target.split_once('?').map_or("", |(_, to)| to);
                let head =
                    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                drop(stream.get_mut().write_all(head.as_bytes()));
            });
        }
    });
    address
}

/// The machine's address to the world, if it has one: what packets to elsewhere come from.
fn own_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    match socket.local_addr().unwrap().ip() {
        std::net::IpAddr::V4(address) if !address.is_unspecified() => Some(address),
        _ => None,
    }
}

/// Spellings of hosts that are this machine or no machine, most of them 127.0.0.1.
fn hosts() -> Vec<String> {
    let mut hosts: Vec<String> = [
        // IPv4: decimal, octal, hexadecimal, short, mixed, with zeros.
        "127.0.0.1",
        "127.0.0.2",
        "127.255.255.254",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "0x7f.0x0.0x0.0x1",
        "017700000001",
        "0177.0.0.1",
        "0177.0x0.0.1",
        "127.000.000.001",
        "00000177.0.0.1",
        "0x7f.1.",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "00",
        "0x0",
        "0.0",
        // Percent-encoded, full-width digits, enclosed digits, other dots.
        "%31%32%37%2e%30%2e%30%2e%31",
        "%6c%6f%63%61%6c%68%6f%73%74",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "127\u{ff0e}0\u{ff0e}0\u{ff0e}1",
        "127\u{ff61}0\u{ff61}0\u{ff61}1",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "\u{2460}\u{2461}\u{2466}.0.0.1",
        "\u{1d7cf}\u{1d7d0}\u{1d7d5}.0.0.1",
        "\u{24db}\u{24de}\u{24d2}\u{24d0}\u{24db}host",
        "\u{ff4c}ocalhost",
        "loc\u{ad}alhost",
        "0\u{ad}x7f.1",
        // IPv6, with IPv4 in it.
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
        // Names.
        "localhost",
        "LOCALHOST",
        "LocalHost",
        "localhost.",
        "localhost.localdomain",
        "ip6-localhost",
        "a.localhost",
        "app.local",
        "127.0.0.1.nip.io",
        "localtest.me",
        "metadata.google.internal",
        // User names that look like hosts.
        "example.com@127.0.0.1",
        "example.com:80@127.0.0.1",
        "example.com%40@localhost",
        "[::1]@127.0.0.1",
        // Networks behind, and services that answer every client.
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
    ]
    .map(str::to_owned)
    .into();
    // Names that this machine's hosts file has for its own addresses.
    let file = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    for line in file.lines().filter(|line| line.starts_with("127.") || line.starts_with("::1")) {
        hosts.extend(line.split_whitespace().skip(1).take_while(|name| !name.starts_with('#')).map(str::to_owned));
    }
    hosts.extend(own_address().map(|address| address.to_string()));
    let once: BTreeSet<_> = hosts.into_iter().collect();
    once.into_iter().collect()
}

/// URLs that lead to the trap, were they followed.
fn matrix(port: u16, redirector: SocketAddr) -> Vec<String> {
    let mut urls = Vec::new();
    for host in hosts() {
        urls.push(format!("http://{host}:{port}/"));
        // By a redirect: what comes in a header is in bytes.
        if host.is_ascii() {
            urls.push(format!("http://{redirector}/?http://{host}:{port}/"));
        }
    }
    for odd in [
        "http:127.0.0.1:PORT",
        "http:\\\\127.0.0.1:PORT\\",
        "http:///127.0.0.1:PORT/",
        "ht\ntp://127.0.0.1:PORT/",
        " http://127.0.0.1:PORT/ ",
        "http://127.0.0.1:PORT#@example.com/",
        "http://127.0.0.1:PORT?@example.com/",
        "http://example.com\\@127.0.0.1:PORT/",
        "http://127.0.0.1:0PORT/",
        "http://127.\t0.0.1:PORT/",
        "https://127.0.0.1:PORT/",
        "HTTP://LOCALHOST:PORT/",
        "http://127.0.0.1:PORT\\@example.com/",
        "ftp://127.0.0.1:PORT/",
        "ws://127.0.0.1:PORT/",
        "gopher://127.0.0.1:PORT/",
        "file://127.0.0.1:PORT/",
        "blob:http://127.0.0.1:PORT/x",
        "view-source:http://127.0.0.1:PORT/",
        "http://0x7f.1:PORT/",
    ] {
        urls.push(odd.replace("PORT", &port.to_string()));
    }
    urls
}

fn serve(egress: Value) -> (Site, Nano) {
    let site = Site::new();
    site.app("a", APP);
    let mut app = json!({ "hostname": "a.local", "path": "a" });
    if !egress.is_null() {
        app["egress"] = egress;
    }
    site.config(json!({ "log": { "access": false }, "apps": [app] }));
    let nano = site.serve();
    (site, nano)
}

fn ask(nano: &Nano, url: &str) -> String {
    let encoded: String = url.bytes().map(|byte| format!("%{byte:02x}")).collect();
    nano.get("a.local", &format!("/?u={encoded}")).text()
}

/// Asks for everything; what reached the trap.
fn run(nano: &Nano, trap: &Trap, urls: &[String]) -> Vec<String> {
    let reached = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(url) = urls.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let answer = ask(nano, url);
                    if answer.contains("trap!") {
                        reached.lock().unwrap().push(url.clone());
                    } else {
                        assert!(!answer.starts_with("reached"), "{url}: {answer}");
                    }
                }
            });
        }
    });
    let reached = reached.into_inner().unwrap();
    assert!(trap.hits() >= reached.len());
    reached
}

#[test]
fn no_spelling_reaches_this_machine_or_its_network() {
    let trap = Trap::set();
    let redirector = redirector();
    let urls = matrix(trap.port, redirector);
    assert!(hosts().len() >= 40 && urls.len() > 150, "{} hosts, {} URLs", hosts().len(), urls.len());
    let (_site, nano) = serve(Value::Null);
    assert_eq!(run(&nano, &trap, &urls), Vec::<String>::new());
    assert_eq!(trap.hits(), 0, "a connection without an answer");
    // The refusals are counted, and none of them was a fault.
    let denied = nano.metrics().get("nano_egress_requests_total", &[("app", "a.local"), ("result", "denied")]);
    assert!(denied.unwrap() > 60.0, "{denied:?}");
    assert!(!nano.log.lines().iter().any(|line| line.contains("panicked")));
}

#[test]
fn redirects_are_checked_hop_by_hop() {
    let trap = Trap::set();
    let redirector = redirector();
    // The redirecting server itself is allowed; what it leads to is not.
    let (_site, nano) = serve(json!([redirector.to_string()]));
    let direct: Vec<_> = matrix(trap.port, redirector);
    assert_eq!(run(&nano, &trap, &direct), Vec::<String>::new());
    let twice = format!("http://{redirector}/?http://{redirector}/?http://127.0.0.1:{}/", trap.port);
    assert!(ask(&nano, &twice).contains("not in the app's `egress` list"), "{}", ask(&nano, &twice));
    assert_eq!(trap.hits(), 0);
    // The redirects were followed: it is not for want of trying.
    let ok = nano.metrics().get("nano_egress_requests_total", &[("app", "a.local"), ("result", "ok")]);
    assert!(ok.unwrap() > 60.0, "{ok:?}");
}

#[test]
fn without_the_check_the_matrix_turns_red() {
    let trap = Trap::set();
    let urls = matrix(trap.port, redirector());
    // An allowed address that does not answer is waited for.
    let local: Vec<_> = urls.into_iter().filter(|url| !leads_away(url)).collect();
    let (_site, nano) = serve(json!(["0.0.0.0/0", "::/0"]));
    let reached = run(&nano, &trap, &local);
    assert!(reached.len() > 60, "only {} reached the trap: {reached:?}", reached.len());
    for spelling in
        ["0x7f000001", "2130706433", "0177.0.0.1", "[::ffff:7f00:1]", "LocalHost", "\u{ff0e}", "/?http://127.1"]
    {
        assert!(reached.iter().any(|url| url.contains(spelling)), "{spelling} did not reach the trap: {reached:?}");
    }
}

/// Whether a URL of the matrix, when it is allowed, leads to another machine, which may not answer.
fn leads_away(url: &str) -> bool {
    [
        "10.0.0.1",
        "172.16.",
        "192.168.",
        "100.64.",
        "169.254.",
        "0xa9fe",
        "168.63.",
        "100.100.",
        "192.0.",
        "198.18.",
        "224.",
        "255.255.255.255",
        "240.",
        "[fe80",
        "[fc00",
        "[fd00",
        "[fec0",
        "[ff02",
        "[64:",
        "[200",
        "[::127",
        "[::ffff:0:",
        "nip.io",
        "localtest",
        "metadata",
        "app.local",
        "localdomain",
        "example.com\\",
    ]
    .iter()
    .any(|part| url.contains(part))
}
