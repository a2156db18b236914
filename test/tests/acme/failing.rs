//! Orders that come to nothing: the others go on, and nobody is asked too often.

use crate::client::trusting;
use crate::pebble::{Pebble, Rules};
use crate::{Front, serve, site};
use nano_test::{Site, finish, until};
use serde_json::json;

#[test]
fn a_name_that_is_refused_waits_and_the_others_are_served() {
    let Some(pebble) = Pebble::start(&Rules { blocked: &["blocked.example"], ..Rules::default() }) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example", "blocked.example"], true);
    let front = Front::of(&pebble, &site);
    let config = trusting(pebble.root());
    front.await_secure(&config, "a.example");
    let known = front.await_state("blocked.example", "failing");
    assert_eq!(known["failures"], 1, "{known}");
    let wait = known["next_order_in_ms"].as_u64().unwrap();
    assert!((200_000..=360_000).contains(&wait), "{known}");
    let why = known["error"].as_str().unwrap();
    assert!(why.contains("the certificate authority refuses") && why.contains("blocked.example"), "{why}");
    assert!(front.refusal("blocked.example").contains("UnrecognisedName"));
    assert_eq!(front.nano.get("blocked.example", "/").text(), "app of blocked.example");
    let told = front.nano.ctl(&["status"]).stdout;
    assert!(told.contains("1 valid, 1 failing by ACME") && told.contains("blocked.example  failing"), "{told}");
    let explained = front.nano.ctl(&["explain", "blocked.example"]).stdout;
    assert!(explained.contains("blocked.example by ACME, failing, there is none yet"), "{explained}");
    let log = front.nano.log.lines().join("\n");
    assert!(log.contains("no certificate was issued; there is none, so TLS handshakes for this name fail"), "{log}");
    front.nano.await_metric("nano_acme_orders_total", &[("result", "failed")], 1.0);
    front.nano.await_metric("nano_acme_names", &[("state", "failing")], 1.0);

    // Neither a reload nor a restart has the authority asked at once.
    let orders = pebble.orders();
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    let wait = front.of_name("blocked.example")["next_order_in_ms"].as_u64().unwrap();
    assert!((1..=75_000).contains(&wait), "a reload brings the next order near: {wait}");
    drop(front);
    let front = Front::of(&pebble, &site);
    front.await_secure(&config, "a.example");
    let known = front.await_state("blocked.example", "failing");
    assert!(known["next_order_in_ms"].as_u64().unwrap() > 100_000, "{known}");
    assert_eq!(pebble.orders(), orders);
}

#[test]
fn an_authority_that_does_not_find_nano_is_shown_the_other_way_next() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example"], true);
    let front = serve(&site, pebble.command(&site));
    // Port 80 does not lead here.
    pebble.tls.lead_to(Some(front.tls));
    let known = front.await_state("a.example", "failing");
    let why = known["error"].as_str().unwrap();
    assert!(why.contains("did not find this nano by the name (http-01)"), "{why}");
    assert!(pebble.http.used() > 0 && pebble.tls.used() == 0);
    // An operator has mended it, and says so: a minute after the first try there is another.
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    front.await_secure(&trusting(pebble.root()), "a.example");
    assert!(pebble.tls.used() > 0);
    let known = front.await_state("a.example", "valid");
    assert_eq!((&known["failures"], &known["error"]), (&json!(0), &json!(null)));
}

#[test]
fn an_authority_that_refuses_good_nonces_is_asked_again() {
    let Some(pebble) = Pebble::start(&Rules { bad_nonces: 15, ..Rules::default() }) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example", "b.example", "c.example"], true);
    let front = Front::of(&pebble, &site);
    let config = trusting(pebble.root());
    for name in ["a.example", "b.example", "c.example"] {
        front.await_secure(&config, name);
    }
}

#[test]
fn an_authority_that_forgot_the_account_and_one_that_is_away() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example"], true);
    // Nobody trusts the server: it is as good as away.
    let front = serve(&site, site.command("nano", &["serve", "--config", "nano.json"]));
    let known = front.await_state("a.example", "failing");
    let why = known["error"].as_str().unwrap();
    assert!(why.contains("no answer that can be used") && why.contains("certificate"), "{why}");
    assert!(known["next_order_in_ms"].as_u64().unwrap() < 13_000, "{known}");
    assert_eq!(front.nano.get("a.example", "/").text(), "app of a.example");
    drop(front);
    let account = |site: &Site| {
        let folders = std::fs::read_dir(site.path("acme")).unwrap().flatten();
        folders.map(|folder| folder.path().join("account.json")).find(|file| file.is_file())
    };
    let front = Front::of(&pebble, &site);
    front.await_secure(&trusting(pebble.root()), "a.example");
    let account = account(&site).unwrap();
    drop(front);
    // An account that the authority never made: its number is another.
    let text = std::fs::read_to_string(&account).unwrap();
    std::fs::write(&account, text.replace("/my-account/", "/my-account/f")).unwrap();
    let kept = account.parent().unwrap().join("certificates/a.example");
    std::fs::remove_file(kept).unwrap();
    let front = Front::of(&pebble, &site);
    front.await_secure(&trusting(pebble.root()), "a.example");
    until("another account", || (pebble.accounts() == 2).then_some(()));
}

#[test]
fn what_the_configuration_lacks_is_named_with_its_place() {
    let site = Site::new();
    site.app("a", crate::APP);
    let check = |acme: serde_json::Value| {
        crate::write(&site, json!({ "acme": acme }), &["a.example"], true);
        let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
        assert!(checked.stderr.contains("nano.json:"), "{checked:?}");
        checked.stderr
    };
    let directory = "https://acme.example/dir";
    let told = check(json!({ "directory": directory, "storage": "s" }));
    assert!(told.contains("tls.acme: `agree` is missing") && told.contains("terms of service"), "{told}");
    let told = check(json!({ "directory": directory, "storage": "s", "agree": false }));
    assert!(told.contains("tls.acme.agree: it must be true"), "{told}");
    let told = check(json!({ "directory": directory, "agree": true }));
    assert!(told.contains("there is no place for certificates"), "{told}");
    // A place that cannot be one.
    site.file("taken", "a file");
    let acme = json!({ "directory": directory, "storage": "taken", "agree": true });
    crate::write(&site, json!({ "acme": acme }), &["a.example"], true);
    let ended = finish(&mut site.command("nano", &["serve", "--config", "nano.json"]), "");
    assert!(ended.code == Some(1) && ended.stderr.contains("tls.acme.storage: "), "{ended:?}");
}
