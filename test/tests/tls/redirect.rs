//! What clients without TLS are told, and what those with it are.

use crate::client::{Authority, answer, ask, connect};
use crate::{entries, put, serve, site};
use nano_test::until;
use serde_json::json;
use std::sync::Arc;

#[test]
fn a_host_with_a_certificate_is_served_over_tls_alone() {
    let authority = Authority::new();
    let mut tls = entries();
    tls["hsts_s"] = json!(600);
    let site = site(tls.clone());
    put(&site, &authority);
    let front = serve(&site);
    let port = front.address.port();
    for (host, path, location) in [
        ("a.example", "/", "https://a.example/".to_owned()),
        ("A.example.:80", "/x?y=/z#", "https://a.example/x?y=/z#".replace('#', "")),
        ("x.a.example:8080", "/%", format!("https://x.a.example:{port}/%")),
    ] {
        let path = path.trim_end_matches('#');
        let got = front.nano.get(host, path);
        assert_eq!((got.status, got.header("location")), (308, Some(location.as_str())), "{host}");
        assert_eq!(got.header("strict-transport-security"), None);
    }
    let got = front.nano.post("b.example", "/", &[b'x'; 100_000]);
    assert_eq!(got.status, 308);
    // What has no certificate cannot be served over TLS; what an authority asks must be answered here.
    for (host, path) in [("c.example", "/"), ("x.y.a.example", "/"), ("a.example", "/.well-known/acme-challenge/x")] {
        assert_eq!(front.nano.get(host, path).status, 200, "{host}{path}");
    }
    let mut over = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    ask(&mut over, "a.example", "/");
    let got = answer(&mut over);
    assert_eq!((got.status, got.header("strict-transport-security")), (200, Some("max-age=600")));

    tls["redirect_http"] = json!(false);
    tls["hsts_s"] = json!(0);
    crate::write(&site, tls);
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(front.nano.get("a.example", "/").status, 200);
    let mut over = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    ask(&mut over, "a.example", "/");
    assert_eq!(answer(&mut over).header("strict-transport-security"), None);
    let line = until("the line of the log", || {
        front.nano.log.lines().into_iter().find(|line| line.contains(r#""tls":"TLSv1.3""#))
    });
    assert!(line.contains(r#""status":200"#), "{line}");
}
