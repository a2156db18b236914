//! nginx, HAProxy and Envoy, as docs/behind-a-proxy.md has them.

use super::{HOST, Town, of};
use nano_test::{Connection, exchange, tool, until};
use serde_json::{Value, json};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// A proxy that ends with this value.
struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Proxy {
    /// Starts `command` and waits until it accepts at `address`.
    fn start(mut command: Command, address: SocketAddr) -> Self {
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut proxy = Self { child, address };
        until("the proxy accepts", || {
            assert_eq!(proxy.child.try_wait().unwrap(), None, "the proxy ended");
            TcpStream::connect(address).ok()
        });
        proxy
    }

    fn get(&self, headers: &str) -> Value {
        let request = format!("GET /x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{headers}\r\n");
        exchange(self.address, request.as_bytes()).unwrap().json()
    }
}

/// A free address that no other test uses: this process has a loopback address for itself.
fn free_address() -> SocketAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 100 | (a & 3), b.max(1), c.max(1));
    TcpListener::bind((own, 0)).unwrap().local_addr().unwrap()
}

#[test]
fn nginx_with_forwarded_headers() {
    let Some(nginx) = tool("nginx") else { return };
    let town = Town::new(json!(["127.0.0.0/8"]));
    let (address, folder) = (free_address(), town.site.path("nginx"));
    fs::create_dir(&folder).unwrap();
    let dir = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {dir}/{what};"))
        .concat();
    // A client that is trusted itself would be believed: these addresses are nginx's own only.
    let config = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
         events {{}}
         http {{
             access_log off; {temporary}
             upstream nano {{ server {}; keepalive 8; }}
             server {{
                 listen {address};
                 location / {{
                     proxy_pass http://nano;
                     proxy_http_version 1.1;
                     proxy_set_header Connection \"\";
                     proxy_set_header Host $host;
                     proxy_set_header X-Forwarded-For \"$proxy_add_x_forwarded_for\";
                     proxy_set_header X-Forwarded-Proto $scheme;
                 }}
                 location /sees-192.0.2.1 {{
                     proxy_pass http://nano/x;
                     proxy_set_header Host $host;
                     proxy_set_header X-Forwarded-For \"$http_x_forwarded_for, 192.0.2.1\";
                     proxy_set_header X-Forwarded-Proto https;
                 }}
             }}
         }}",
        town.nano.address
    );
    fs::write(folder.join("nginx.conf"), config).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(folder.join("error.log"));
    let proxy = Proxy::start(command, address);
    // The client is on this machine, too, and so one of those who are trusted.
    assert_eq!(proxy.get(""), of("http", "127.0.0.1"));
    let lies = "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6;proto=https\r\nCF-Connecting-IP: 6.6.6.6\r\n";
    let request = format!("GET /sees-192.0.2.1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{lies}\r\n");
    assert_eq!(exchange(address, request.as_bytes()).unwrap().json(), of("https", "192.0.2.1"));
}

#[test]
fn haproxy_with_proxy_headers_and_with_forwarded_ones() {
    let Some(haproxy) = tool("haproxy") else { return };
    let town = Town::new(json!(["127.0.0.1"]));
    let folder = town.site.path("haproxy");
    fs::create_dir(&folder).unwrap();
    let run = |name: &str, mode: &str, bind: SocketAddr, server: String| {
        let config = format!(
            "global
    log stderr format raw local0 warning
defaults
    mode {mode}
    timeout connect 60s
    timeout client 60s
    timeout server 60s
frontend front
    bind {bind}
    default_backend nano
backend nano
    {server}
"
        );
        let path = folder.join(format!("{name}.cfg"));
        fs::write(&path, config).unwrap();
        let mut command = Command::new(&haproxy);
        command.arg("-db").arg("-f").arg(&path);
        Proxy::start(command, bind)
    };
    // Whom HAProxy announces: its client's address, from which a test cannot choose but this one.
    let client: SocketAddr = ([127, 0, 0, 1], 0).into();
    let lies = "X-Forwarded-For: 6.6.6.6\r\n";
    for (name, options) in [
        ("v1", "send-proxy"),
        ("v2", "send-proxy-v2"),
        ("v2-checksum", "send-proxy-v2 proxy-v2-options crc32c,unique-id"),
        ("v2-ssl", "send-proxy-v2-ssl"),
    ] {
        let server = format!("server nano {} {options} check check-send-proxy inter 50ms", town.proxied);
        let proxy = run(name, "tcp", free_address(), server);
        let id = format!("by-haproxy-{name}");
        let told = proxy.get(&format!("X-Request-Id: {id}\r\n"));
        assert_eq!(told, of("http", "127.0.0.1"), "{name}");
        let logged: SocketAddr = town.logged(&id).parse().unwrap();
        assert_eq!(logged.ip(), client.ip(), "{name}");
        // The announced client is a trusted proxy itself here, and so it is believed.
        assert_eq!(proxy.get(lies), of("http", "6.6.6.6"), "{name}");
        // On one connection the client stays who it is.
        let mut kept = Connection::open(proxy.address).unwrap();
        assert_eq!(kept.get(HOST, "/x").unwrap().json(), of("http", "127.0.0.1"), "{name}");
        assert_eq!(kept.get(HOST, "/x").unwrap().json(), of("http", "127.0.0.1"), "{name}");
    }
    let server = format!(
        "option forwardfor\n    http-request set-header X-Forwarded-Proto https\n    server nano {}",
        town.nano.address
    );
    let proxy = run("http", "http", free_address(), server);
    assert_eq!(proxy.get(""), of("https", "127.0.0.1"));
    // Health checks and everything else were well-formed.
    for cause in ["untrusted", "late", "malformed"] {
        let counted = town.nano.metrics().get("nano_proxy_protocol_refused_total", &[("cause", cause)]);
        assert_eq!(counted, Some(0.0), "{cause}");
    }
}

#[test]
fn envoy_with_proxy_headers_and_with_forwarded_ones() {
    let Some(envoy) = tool("envoy") else { return };
    let town = Town::new(json!(["127.0.0.1"]));
    let typed = |name: &str, more: Value| {
        let mut config = more;
        config["@type"] = format!("type.googleapis.com/envoy.extensions.{name}").into();
        config
    };
    let address = |address: SocketAddr| json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } });
    let run = |name: &str, bind: SocketAddr, filter: Value, server: SocketAddr, more: Value| {
        let mut cluster = json!({
            "name": "nano", "connect_timeout": "60s",
            "load_assignment": { "cluster_name": "nano", "endpoints": [
                { "lb_endpoints": [{ "endpoint": { "address": address(server) } }] },
            ] },
        });
        if !more.is_null() {
            cluster["transport_socket"] = more;
        }
        let listener = json!({ "address": address(bind), "filter_chains": [{ "filters": [filter] }] });
        let config = json!({ "static_resources": { "listeners": [listener], "clusters": [cluster] } });
        let path = town.site.path(&format!("envoy-{name}.json"));
        fs::write(&path, config.to_string()).unwrap();
        let mut command = Command::new(&envoy);
        command.args(["--disable-hot-restart", "--concurrency", "1", "-l", "warning", "-c"]).arg(&path);
        Proxy::start(command, bind)
    };
    let by_tcp = typed("filters.network.tcp_proxy.v3.TcpProxy", json!({ "stat_prefix": "t", "cluster": "nano" }));
    let by_tcp = json!({ "name": "envoy.filters.network.tcp_proxy", "typed_config": by_tcp });
    for version in ["V1", "V2"] {
        let raw = typed("transport_sockets.raw_buffer.v3.RawBuffer", json!({}));
        let inner = json!({ "name": "envoy.transport_sockets.raw_buffer", "typed_config": raw });
        let proxied = typed(
            "transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
            json!({ "config": { "version": version }, "transport_socket": inner }),
        );
        let socket = json!({ "name": "envoy.transport_sockets.upstream_proxy_protocol", "typed_config": proxied });
        let proxy = run(version, free_address(), by_tcp.clone(), town.proxied, socket);
        assert_eq!(proxy.get(""), of("http", "127.0.0.1"), "{version}");
        // The announced client is a trusted proxy itself here, and so it is believed.
        assert_eq!(proxy.get("X-Forwarded-For: 6.6.6.6\r\n"), of("http", "6.6.6.6"), "{version}");
    }
    let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": "nano", "timeout": "0s" } });
    let router = typed("filters.http.router.v3.Router", json!({ "suppress_envoy_headers": true }));
    let by_http = typed(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "h", "use_remote_address": true,
            "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [route] }] },
            "http_filters": [{ "name": "envoy.filters.http.router", "typed_config": router }],
        }),
    );
    let by_http = json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": by_http });
    let proxy = run("http", free_address(), by_http, town.nano.address, Value::Null);
    // A client of this machine has, for Envoy, an address of the machine's.
    let told = proxy.get("");
    let client = told["x-forwarded-for"].as_str().unwrap();
    client.parse::<IpAddr>().unwrap();
    assert_eq!(told, of("http", client));
    // What a client says of the scheme, and by headers that Envoy passes on, does not count.
    let lies = "X-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6;proto=https\r\nCF-Connecting-IP: 6.6.6.6\r\n";
    assert_eq!(proxy.get(lies), told);
    for cause in ["untrusted", "late", "malformed"] {
        let counted = town.nano.metrics().get("nano_proxy_protocol_refused_total", &[("cause", cause)]);
        assert_eq!(counted, Some(0.0), "{cause}");
    }
}
