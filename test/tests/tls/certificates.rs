//! Which certificate a client gets, and whether it can be taken.

use crate::client::{Authority, answer, ask, careless, connect, curl, is_resumed, shown};
use crate::{put, serve, site, usual, write};
use nano_test::{finish, tool};
use rcgen::KeyPair;
use serde_json::json;
use std::process::Command;
use std::sync::Arc;

#[test]
fn curl_gets_in_by_both_versions_and_by_every_name() {
    let authority = Authority::new();
    let (site, front) = usual(&authority);
    for host in ["a.example", "x.a.example", "b.example"] {
        for version in ["1.2", "1.3"] {
            let arguments = ["--tlsv1.2", "--tls-max", version, "--http1.1", &format!("https://{host}/x?y")];
            let Some(got) = curl(&site, front.address, &arguments) else { return };
            assert_eq!(got.code, Some(0), "{host} {version}: {got:?}");
            let told = json!({ "url": format!("https://{host}/x?y"), "proto": "https", "host": host });
            assert_eq!(serde_json::from_str::<serde_json::Value>(&got.stdout).unwrap(), told);
        }
    }
    // A wildcard stands for one label, and nothing is shown for a name that has none.
    for host in ["x.y.a.example", "c.example"] {
        let got = curl(&site, front.address, &["-k", &format!("https://{host}/")]).unwrap();
        assert!(got.code == Some(35) && got.stderr.contains("unrecognized name"), "{host}: {got:?}");
    }
    let got = curl(&site, front.address, &["--tls-max", "1.1", "https://a.example/"]).unwrap();
    assert_eq!(got.code, Some(35), "{got:?}");
    assert_eq!(front.nano.metrics().get("nano_tls_handshakes_total", &[("result", "full")]), Some(6.0));
    assert!(
        front
            .nano
            .metrics()
            .get("nano_tls_certificate_expiry_timestamp_seconds", &[("hostname", "a.example")])
            .unwrap()
            > 1.7e9
    );
}

#[test]
fn who_names_no_host_gets_the_first_and_may_ask_for_any() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let config = careless();
    let first = shown(&connect(front.address, &config, "a.example").unwrap());
    // No name is sent for an address.
    let mut tls = connect(front.address, &config, "127.0.0.1").unwrap();
    assert_eq!(shown(&tls), first);
    ask(&mut tls, "c.example", "/");
    assert_eq!(answer(&mut tls).status, 200);
    assert_ne!(shown(&connect(front.address, &config, "b.example").unwrap()), first);
}

#[test]
fn a_host_that_the_certificate_is_not_for_is_misdirected() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let mut tls = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    for (host, status) in [("a.example", 200), ("b.example", 421), ("y.A.example.", 200), ("x.y.a.example", 421)] {
        ask(&mut tls, host, "/");
        let got = answer(&mut tls);
        assert_eq!(got.status, status, "{host}");
        if status == 421 {
            assert_eq!(got.json()["code"], "misdirected");
        }
    }
}

#[test]
fn every_form_of_key_is_taken() {
    let Some(openssl) = tool("openssl") else { return };
    let authority = Authority::new();
    let site = site(json!({ "certificates": [
        { "hostnames": ["p1.example"], "cert": "rsa.pem", "key": "pkcs1.key" },
        { "hostnames": ["p8.example"], "cert": "rsa.pem", "key": "rsa.key" },
        { "hostnames": ["s1.example"], "cert": "ec.pem", "key": "sec1.key" },
        { "hostnames": ["ed.example"], "cert": "ed.pem", "key": "ed.key" },
    ]}));
    let all = ["p1.example", "p8.example", "s1.example", "ed.example"];
    let keys = [
        ("rsa", KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_4096).unwrap()),
        ("ec", KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()),
        ("ed", KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap()),
    ];
    for (name, key) in &keys {
        let (cert, key) = authority.pair_of(&all, key, |_| {});
        site.file(&format!("{name}.pem"), &cert).file(&format!("{name}.key"), &key);
    }
    for (from, kind, to) in [("rsa.key", "rsa", "pkcs1.key"), ("ec.key", "ec", "sec1.key")] {
        let mut command = Command::new(&openssl);
        command.arg(kind).args(if kind == "rsa" { &["-traditional"][..] } else { &[] });
        let made = finish(command.arg("-in").arg(site.path(from)).arg("-out").arg(site.path(to)), "");
        assert_eq!(made.code, Some(0), "{made:?}");
    }
    let front = serve(&site);
    let config = Arc::new(authority.config());
    for host in all {
        let mut tls = connect(front.address, &config, host).unwrap();
        ask(&mut tls, host, "/");
        assert_eq!(answer(&mut tls).status, 200, "{host}");
    }
}

#[test]
fn sessions_are_resumed_also_after_a_reload() {
    let authority = Authority::new();
    let (site, front) = usual(&authority);
    let config = Arc::new(authority.config());
    let once = |host: &str| {
        let mut tls = connect(front.address, &config, host).unwrap();
        ask(&mut tls, host, "/");
        assert_eq!(answer(&mut tls).status, 200);
        is_resumed(&tls)
    };
    assert!(!once("a.example"));
    assert!(once("a.example"));
    assert!(!once("b.example"), "a session is of one name");
    put(&site, &authority);
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    assert!(once("a.example"));
    let Some(openssl) = tool("openssl") else { return };
    for version in ["-tls1_2", "-tls1_3"] {
        let session = site.path("session");
        let client = |how: &str| {
            let mut command = Command::new(&openssl);
            command.args(["s_client", "-connect", &front.address.to_string(), "-servername", "a.example", version]);
            let request = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
            finish(command.args(["-ign_eof", how]).arg(&session), request).stdout
        };
        assert!(client("-sess_out").contains("\nNew, TLSv1"));
        let again = client("-sess_in");
        assert!(again.contains("\nReused, TLSv1") && again.contains("https://a.example/"), "{again}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused_with_its_place() {
    let authority = Authority::new();
    let (site, front) = usual(&authority);
    let config = Arc::new(authority.config());
    let before = shown(&connect(front.address, &config, "b.example").unwrap());
    let (cert, key) = authority.pair(&["b.example"]);
    let damaged = cert.replace("MII", "M?I");
    let openssl = tool("openssl");
    let encrypted = openssl.map(|openssl| {
        let mut command = Command::new(openssl);
        command.args(["pkcs8", "-topk8", "-passout", "pass:x", "-in"]).arg(site.path("b.key"));
        finish(&mut command, "").stdout
    });
    let cases = [
        (cert.clone(), None, "key: ", "the key is not that of the certificate in "),
        (key.clone(), None, "cert: ", "there is no certificate in it"),
        (String::new(), None, "cert: ", "there is no certificate in it"),
        (damaged, None, "cert: ", "the PEM is damaged"),
        (cert.clone(), Some(cert), "key: ", "there is no private key in it"),
        (before_pem(&site), encrypted, "key: ", "the key is encrypted"),
    ];
    let good = (before_pem(&site), std::fs::read_to_string(site.path("b.key")).unwrap());
    for (cert, key, at, why) in cases {
        site.file("b.pem", &cert);
        if let Some(key) = &key {
            site.file("b.key", key);
        }
        let answer = front.nano.ctl(&["reload"]);
        let told = format!("tls.certificates[1].{at}");
        assert!(
            answer.code == Some(1) && answer.stderr.contains(&told) && answer.stderr.contains(why),
            "{why}: {answer:?}"
        );
        assert!(answer.stderr.contains("nano.json:"), "{answer:?}");
        let check = finish(&mut site.command("nano", &["check", "nano.json"]), "");
        assert!(check.code == Some(1) && check.stderr.contains(why), "{check:?}");
        assert_eq!(shown(&connect(front.address, &config, "b.example").unwrap()), before, "{why}");
        site.file("b.pem", &good.0).file("b.key", &good.1);
    }
    // No more of a key is said than where it is.
    let secret: String = good.1.lines().nth(1).unwrap().chars().take(20).collect();
    assert!(!front.nano.log.lines().join("\n").contains(&secret));
    std::fs::remove_file(site.path("b.key")).unwrap();
    let answer = front.nano.ctl(&["reload"]);
    assert!(answer.code == Some(1) && answer.stderr.contains("there is no "), "{answer:?}");
    write(&site, json!({ "acme": { "directory": "https://acme.example", "storage": "acme" } }));
    let answer = front.nano.ctl(&["reload"]);
    assert!(answer.stderr.contains("tls.acme: `agree` is missing, and must be true"), "{answer:?}");
}

fn before_pem(site: &nano_test::Site) -> String {
    std::fs::read_to_string(site.path("b.pem")).unwrap()
}

#[test]
fn an_expired_certificate_serves_with_a_warning_as_does_one_for_another_name() {
    let authority = Authority::new();
    let site = site(json!({ "certificates": [{ "hostnames": ["a.example"], "cert": "a.pem", "key": "a.key" }] }));
    let (cert, key) = authority.pair_of(&["other.example"], &KeyPair::generate().unwrap(), |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    site.file("a.pem", &cert).file("a.key", &key);
    let front = serve(&site);
    let log = front.nano.log.lines().join("\n");
    assert!(log.contains("the certificate of a.example expired at Fri, 01 Jan 2021"), "{log}");
    assert!(log.contains("is not for a.example, so clients will not accept it there (it has: other.example)"), "{log}");
    connect(front.address, &careless(), "a.example").unwrap();
}
