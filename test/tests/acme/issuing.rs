//! Certificates are issued, kept, renewed, and serve what the configuration names.

use crate::client::{curious, trusting, visit};
use crate::pebble::{Pebble, Rules};
use crate::{Front, serve, site, write};
use nano_test::{Site, until};
use nix::unistd::geteuid;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found
}

/// All that is in the storage is for nano's own user alone.
fn check_storage(site: &Site, names: &[&str]) {
    let storage = site.path("acme");
    let all = files(&storage);
    for name in names {
        assert!(all.iter().any(|file| file.ends_with(Path::new("certificates").join(name))), "{name}: {all:?}");
    }
    assert!(all.iter().any(|file| file.ends_with("account.json")), "{all:?}");
    let owner = storage.metadata().unwrap().uid();
    assert_eq!(owner == 0, !geteuid().is_root() && owner == 0, "root's own: nano gives root up");
    for file in &all {
        let about = file.metadata().unwrap();
        assert_eq!((about.mode() & 0o777, about.uid()), (0o600, owner), "{}", file.display());
        let folder = file.parent().unwrap().metadata().unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700, "{}", file.display());
        assert!(!file.file_name().unwrap().to_string_lossy().starts_with('.'), "{}", file.display());
    }
}

#[test]
fn by_http_01_and_a_restart_orders_nothing() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let names = ["a.example", "b.example", "*.c.example", "127.0.0.1", "localhost"];
    let site = site(json!({ "acme": pebble.acme(), "hsts_s": 5 }), &names, true);
    let front = Front::of(&pebble, &site);
    let config = trusting(pebble.root());
    for name in ["a.example", "b.example"] {
        let seen = front.await_secure(&config, name);
        assert!(
            seen.answer.contains(&format!("app of {name}")) && seen.answer.contains("max-age=5"),
            "{}",
            seen.answer
        );
    }
    assert!(pebble.http.used() >= 2, "{}", pebble.http.used());
    assert_eq!((pebble.tls.used(), pebble.orders(), pebble.accounts()), (0, 2, 1));
    for name in ["www.c.example", "other.example", "localhost"] {
        let refused = front.refusal(name);
        assert!(refused.contains("UnrecognisedName"), "{name}: {refused}");
    }
    // Clear text is sent to https now, and what is asked for as a challenge reaches the app.
    assert_eq!(front.nano.get("a.example", "/").status, 308);
    assert_eq!(front.nano.get("www.c.example", "/").status, 200);
    let left = front.nano.get("a.example", "/.well-known/acme-challenge/x");
    assert_eq!(left.text(), "app of a.example");
    check_storage(&site, &["a.example", "b.example"]);

    // How it is seen.
    let known = front.await_state("a.example", "valid");
    assert!(known["expires_unix"].as_u64().unwrap() > 1_700_000_000, "{known}");
    let metrics = front.nano.metrics();
    assert_eq!(metrics.get("nano_acme_orders_total", &[("result", "ok")]), Some(2.0));
    assert_eq!(metrics.get("nano_acme_names", &[("state", "valid")]), Some(2.0));
    let expiry = metrics.get("nano_tls_certificate_expiry_timestamp_seconds", &[("hostname", "a.example")]);
    assert_eq!(expiry, known["expires_unix"].as_f64());
    let status = front.nano.ctl(&["status"]).stdout;
    assert!(status.contains("2 valid by ACME of https://127.0.0.1"), "{status}");
    let explained = front.nano.ctl(&["explain", "a.example"]).stdout;
    assert!(explained.contains("a.example by ACME, valid, expires "), "{explained}");
    let log = front.nano.log.lines().join("\n");
    assert!(log.contains("certificate issued") && !log.contains("PRIVATE KEY"), "{log}");

    // Started again where there is no authority.
    let before = visit(front.tls, &config, "a.example").unwrap().certificate;
    drop(front);
    let front = serve(&site, site.command("nano", &["serve", "--config", "nano.json"]));
    for name in ["a.example", "b.example"] {
        assert!(visit(front.tls, &config, name).unwrap().answer.contains("app of"));
    }
    assert_eq!(visit(front.tls, &config, "a.example").unwrap().certificate, before);
    assert_eq!(front.nano.log.count("ordering a certificate"), 0);
}

#[test]
fn by_tls_alpn_01_where_there_is_no_plain_port() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example"], false);
    let front = Front::of(&pebble, &site);
    let seen = front.await_secure(&trusting(pebble.root()), "a.example");
    assert!(seen.answer.contains("app of a.example"), "{}", seen.answer);
    assert_eq!(pebble.http.used(), 0);
    assert!(pebble.tls.used() > 0);
    // The protocol is spoken with nobody now, and with a name that has no order never.
    for name in ["a.example", "other.example"] {
        let error = visit(front.tls, &curious(&[b"acme-tls/1"]), name).err().unwrap().to_string();
        assert!(error.contains("NoApplicationProtocol") || error.contains("UnrecognisedName"), "{name}: {error}");
    }
    // Beside others it is no more than a word.
    let seen = visit(front.tls, &curious(&[b"acme-tls/1", b"http/1.1"]), "a.example").unwrap();
    assert_eq!(seen.protocol.as_deref(), Some(b"http/1.1".as_slice()));
}

#[test]
fn certificates_that_live_for_seconds_are_renewed() {
    let Some(pebble) = Pebble::start(&Rules { life: 24, ..Rules::default() }) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example"], true);
    let front = Front::of(&pebble, &site);
    let config = trusting(pebble.root());
    let first = front.await_secure(&config, "a.example").certificate;
    until("a renewal", || {
        // Between the two there is always one that is valid.
        let now = visit(front.tls, &config, "a.example").unwrap().certificate;
        (now != first).then_some(())
    });
    let orders = pebble.orders();
    assert!((2..4).contains(&orders), "{orders}");
    assert_eq!(pebble.accounts(), 1);
}

#[test]
fn reloads_add_names_and_take_them_away() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let tls = json!({ "acme": pebble.acme() });
    let site = site(tls.clone(), &["a.example"], true);
    let front = Front::of(&pebble, &site);
    let config = trusting(pebble.root());
    let first = front.await_secure(&config, "a.example").certificate;
    write(&site, tls.clone(), &["a.example", "b.example"], true);
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    front.await_secure(&config, "b.example");
    assert_eq!(front.await_secure(&config, "a.example").certificate, first);
    // Gone, and no longer served.
    write(&site, tls.clone(), &["b.example"], true);
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    assert!(front.refusal("a.example").contains("UnrecognisedName"));
    assert!(front.of_name("a.example").is_null());
    // Back, with the certificate that was kept.
    write(&site, tls, &["a.example", "b.example"], true);
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(visit(front.tls, &config, "a.example").unwrap().certificate, first);
    assert_eq!(pebble.orders(), 2);
    // Without ACME there is no TLS but by files: such a configuration is refused, and all stays.
    let files = json!({ "certificates": [{ "hostnames": ["a.example"], "cert": "a.pem", "key": "a.key" }] });
    write(&site, files, &["a.example"], true);
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(1));
    assert_eq!(visit(front.tls, &config, "a.example").unwrap().certificate, first);
}

#[test]
fn a_name_of_a_file_is_not_ordered() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let site = Site::new();
    site.app("a", crate::APP);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["a.example".to_owned(), "*.a.example".to_owned()];
    let own = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    site.file("a.pem", &own.pem()).file("a.key", &key.serialize_pem());
    let tls = json!({
        "acme": pebble.acme(),
        "certificates": [{ "hostnames": ["a.example", "*.a.example"], "cert": "a.pem", "key": "a.key" }],
    });
    write(&site, tls, &["a.example", "www.a.example", "b.example"], true);
    let front = Front::of(&pebble, &site);
    front.await_secure(&trusting(pebble.root()), "b.example");
    for name in ["a.example", "www.a.example"] {
        assert_eq!(visit(front.tls, &curious(&[]), name).unwrap().certificate, own.der().to_vec(), "{name}");
        assert!(front.of_name(name).is_null());
    }
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn the_state_directory_holds_what_is_kept() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let mut acme = pebble.acme();
    acme.as_object_mut().unwrap().remove("storage");
    let site = site(json!({ "acme": acme }), &["a.example"], true);
    let mut command = pebble.command(&site);
    // As systemd makes it: root's, and for root alone.
    let state = site.path("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    // The way there is open to all.
    fs::set_permissions(site.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    command.env("STATE_DIRECTORY", &state);
    let front = serve(&site, command);
    pebble.http.lead_to(Some(front.nano.address));
    front.await_secure(&trusting(pebble.root()), "a.example");
    let kept = files(&state.join("acme"));
    assert!(kept.iter().any(|file| file.ends_with("certificates/a.example")), "{kept:?}");
}
