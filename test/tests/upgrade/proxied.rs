//! Upgrades behind a balancer that announces clients by PROXY headers and passes TLS on as it comes.

use crate::traffic::{addresses, flows, nothing_failed};
use crate::{end, serve, site, upgrade};
use nano_test::{Target, Traffic, Way, certify};
use serde_json::json;

/// `PROXY TCP4 198.51.100.7 203.0.113.1 4711 443`, in version 2.
const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xcb\x00\x71\x01\x12\x67\x01\xbb";
const VERSION_1: &[u8] = b"PROXY TCP4 198.51.100.7 203.0.113.1 4711 443\r\n";

#[test]
fn clients_are_who_the_balancer_says_over_tls_and_http_2_and_none_is_lost() {
    let site = site();
    site.app(
        "a",
        "export default { fetch: (request) => new Response(
          `${new URL(request.url).protocol} ${request.headers.get('cf-connecting-ip')}`) };",
    );
    let [http2, http1] = certify(&site, "a", "a.local");
    site.config(json!({
        "listen": [
            { "address": "127.0.0.1:0", "proxy_protocol": true },
            { "address": "127.0.0.1:0", "proxy_protocol": true, "tls": true },
        ],
        "trusted_proxies": ["127.0.0.1"],
        "log": { "access": false },
        "tls": { "certificates": [{ "hostnames": ["a.local"], "cert": "a.pem", "key": "a.key" }], "redirect_http": false },
        "apps": [{ "hostname": "a.local", "name": "a", "path": "a" }],
    }));
    let nano = serve(&site);
    let ports = addresses(&nano, 2);
    let mut all = Vec::new();
    for (version, header) in [("v1", VERSION_1), ("v2", VERSION_2)] {
        for (name, port, tls, way) in [
            ("http", 0, None, Way::KeepAlive),
            ("http", 0, None, Way::Fresh),
            ("http", 0, None, Way::Http2),
            ("https", 1, Some(&http1), Way::KeepAlive),
            ("https", 1, Some(&http1), Way::Fresh),
            ("https", 1, Some(&http2), Way::Http2),
        ] {
            let answer = format!("{name}: 198.51.100.7");
            let target = Target { address: ports[port], tls: tls.cloned(), host: "a.local".to_owned(), answer };
            all.push((format!("{name}, {way:?}, PROXY {version}"), Traffic::behind(header, &target, way, 1)));
        }
    }
    flows(&all);
    for _ in 0..4 {
        upgrade(&nano);
        flows(&all);
    }
    nothing_failed(all);
    for cause in ["untrusted", "late", "malformed"] {
        let refused = nano.metrics().get("nano_proxy_protocol_refused_total", &[("cause", cause)]);
        assert_eq!(refused, Some(0.0), "{cause}");
    }
    end(nano);
}
