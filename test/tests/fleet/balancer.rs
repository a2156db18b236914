//! What stands in front of the nodes: HAProxy as docs/fleet.md has it, Envoy as deploy/envoy/nano.yaml.

use nano_test::{Connection, Etcd, Load, Nano, Response, Site, WebSocket, exchange, repository, tool, until};
use serde_json::json;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Balancer {
    Haproxy,
    Envoy,
    /// Envoy, with HTTP/2 between it and the nodes.
    EnvoyWithHttp2,
}

impl Balancer {
    /// Its configuration: for the nodes at 127.0.0.1:8081 to 8083, with `metrics` at 9461 to 9463.
    fn configuration(self) -> String {
        let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
        match self {
            Self::Haproxy => {
                let page = read("docs/fleet.md");
                let (_, rest) = page.split_once("cat > haproxy.cfg <<'CFG'\n").unwrap();
                rest.split_once("CFG\n").unwrap().0.to_owned()
            }
            Self::Envoy => replace(&read("deploy/envoy/nano.yaml"), "port_value: 9901", "port_value: 0"),
            Self::EnvoyWithHttp2 => {
                replace(&Self::Envoy.configuration(), "{ http_protocol_options: {} }", "{ http2_protocol_options: {} }")
            }
        }
    }

    /// The same, for these nodes and its own address.
    fn configuration_for(self, address: SocketAddr, nodes: &[Nano]) -> String {
        let (at, port) = match self {
            Self::Haproxy => ("127.0.0.1:", "port "),
            Self::Envoy | Self::EnvoyWithHttp2 => ("port_value: ", "port_value: "),
        };
        let text = replace(&self.configuration(), &format!("{at}8080"), &format!("{at}{}", address.port()));
        (1..).zip(nodes).fold(text, |text, (number, node)| {
            let text = replace(&text, &format!("{at}808{number}"), &format!("{at}{}", node.address.port()));
            replace(&text, &format!("{port}946{number}"), &format!("{port}{}", node.metrics_address.port()))
        })
    }

    fn command(self, site: &Site) -> Option<Command> {
        let mut command;
        if self == Self::Haproxy {
            command = Command::new(tool("haproxy")?);
            command.args(["-db", "-f"]).arg(site.path("front.yaml"));
        } else {
            command = Command::new(tool("envoy")?);
            // Several run at a time.
            command.args(["--disable-hot-restart", "--concurrency", "2", "-c"]).arg(site.path("front.yaml"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(command)
    }
}

/// There must be something to replace.
fn replace(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}: {text}");
    text.replace(from, to)
}

/// A balancer that runs; it ends with this value.
pub(crate) struct Front {
    pub address: SocketAddr,
    child: Child,
    _site: Site,
}

impl Front {
    /// `None` after a note on stderr where it is not installed.
    pub(crate) fn start(balancer: Balancer, nodes: &[Nano]) -> Option<Self> {
        loop {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let site = Site::new();
            // Envoy goes by the end of the name.
            site.file("front.yaml", &balancer.configuration_for(address, nodes));
            let child = balancer.command(&site)?.spawn().unwrap();
            let mut front = Self { address, child, _site: site };
            // Another test may have taken the port meanwhile.
            if until("the balancer", || {
                let has_ended = front.child.try_wait().unwrap().is_some();
                let serves = front.get("nobody.local").is_some_and(|answer| answer.status == 404);
                (has_ended || serves).then_some(!has_ended)
            }) {
                return Some(front);
            }
        }
    }

    /// An answer, over a new connection.
    pub(crate) fn get(&self, host: &str) -> Option<Response> {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        exchange(self.address, request.as_bytes()).ok()
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    /// A WebSocket of an app.
    pub(crate) fn socket(&self, host: &str, path: &str) -> WebSocket {
        WebSocket::open(self.address, host, path, "").unwrap().unwrap()
    }

    /// Clients that ask for an app without a pause; anything but its versions' answers is a failure.
    pub(crate) fn load(&self, host: &str, clients: usize) -> Load {
        Load::start(self.address, host, "/", clients, |response| {
            let sound = response.status == 200 && response.body.starts_with(b"version ");
            if sound { Ok(()) } else { Err(format!("{}: {}", response.status, response.text())) }
        })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A node that logs no requests.
pub(crate) fn quiet_site(etcd: &Etcd, node: &str) -> Site {
    let site = Site::new();
    let fleet = json!({ "endpoints": [etcd.endpoint()], "node": node, "prefix": "/nano/test" });
    site.config(json!({ "fleet": fleet, "state_dir": "state", "log": { "access": false } }));
    site
}
