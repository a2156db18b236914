//! https: certificates that are trusted, and those that are not.

use crate::upstream::{Asked, Peer, Upstream};
use crate::{APP, HOST, fetch, path};
use nano_test::{Nano, Site};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::sync::Arc;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A server whose certificate is for these names.
    fn server(&self, names: &[&str]) -> Upstream {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let config = Arc::new(config);
        Upstream::start(move |own, peer| {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut peer = Peer::new(StreamOwned::new(session, peer.0.into_inner()));
            while let Some(asked) = peer.request() {
                let Asked { line, .. } = &asked;
                own.note(&asked);
                peer.respond("", format!("secretly {line}"));
            }
        })
    }
}

fn serve(site: &Site, authority: &Authority) -> Nano {
    site.app("a", APP);
    site.file("roots.pem", &authority.0.pem());
    site.apps(json!([{ "hostname": HOST, "path": "a", "egress": ["127.0.0.1", "localhost"] }]));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("SSL_CERT_FILE", site.path("roots.pem"));
    site.serve_with(command)
}

fn get(nano: &Nano, url: &str) -> Value {
    fetch(nano, &json!({ "url": url, "init": {} }))
}

#[test]
fn a_trusted_certificate_for_the_name_that_was_asked_is_needed() {
    let (ours, others) = (Authority::new(), Authority::new());
    let site = Site::new();
    let nano = serve(&site, &ours);
    let good = ours.server(&["127.0.0.1", "localhost"]);
    let port = good.address.port();
    for host in ["127.0.0.1", "localhost"] {
        let seen = get(&nano, &format!("https://{host}:{port}/x"));
        assert_eq!(seen["text"], "secretly GET /x HTTP/1.1", "{seen}");
        assert_eq!(good.last().header("host"), Some(&*format!("{host}:{port}")));
    }
    let passed = nano.get(HOST, &path("/pass", &[("u", &format!("https://localhost:{port}/y"))]));
    assert_eq!(passed.text(), "secretly GET /y HTTP/1.1");
    for (server, host) in [
        // Another name; another authority.
        (ours.server(&["elsewhere.example"]), "localhost"),
        (ours.server(&["localhost"]), "127.0.0.1"),
        (others.server(&["localhost"]), "localhost"),
    ] {
        let seen = get(&nano, &format!("https://{host}:{}/", server.address.port()));
        assert_eq!((&seen["name"], &seen["code"]), (&json!("TypeError"), &json!("TLS_FAILED")), "{seen}");
        assert!(seen["error"].as_str().unwrap().contains("certificate"), "{seen}");
        assert!(server.asked().is_empty());
    }
    // No TLS where it is expected, and the other way round.
    let plain = Upstream::serve(|peer, _| {
        peer.respond("", "plain");
    });
    assert_eq!(get(&nano, &format!("https://{}/", plain.address))["code"], "TLS_FAILED");
    let seen = get(&nano, &format!("http://127.0.0.1:{port}/"));
    assert!(["MALFORMED_RESPONSE", "CONNECTION_CLOSED"].contains(&seen["code"].as_str().unwrap()), "{seen}");
}

#[test]
fn connections_of_tls_are_used_again() {
    let ours = Authority::new();
    let site = Site::new();
    let nano = serve(&site, &ours);
    let server = ours.server(&["localhost"]);
    let url = format!("https://localhost:{}/", server.address.port());
    let mut client = nano.connect();
    for _ in 0..10 {
        assert_eq!(client.get(HOST, &path("/pass", &[("u", &url)])).unwrap().status, 200);
    }
    assert!(server.connections() <= 2, "{} connections", server.connections());
}
