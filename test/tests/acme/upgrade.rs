//! `nanoctl upgrade` while a certificate is being ordered, and after one was.

use crate::client::{trusting, visit};
use crate::pebble::{Pebble, Rules};
use crate::{serve, site};
use nano_test::until;
use serde_json::json;

#[test]
fn an_order_that_is_under_way_is_made_anew_by_the_nano_that_takes_over() {
    let Some(pebble) = Pebble::start(&Rules::default()) else { return };
    let site = site(json!({ "acme": pebble.acme() }), &["a.example"], true);
    // The authority's questions are not answered before the first nano is gone.
    pebble.http.hold();
    pebble.tls.hold();
    let front = serve(&site, pebble.command(&site));
    until("the authority asks", || (pebble.http.used() > 0).then_some(()));
    assert_eq!(front.of_name("a.example")["state"], "ordering");

    let report = front.nano.ctl_json(&["upgrade"]);
    front.nano.log.wait_for("the first nano's end", |line| line["message"] == "stopped");
    pebble.http.lead_to(Some(front.nano.address));
    pebble.tls.lead_to(Some(front.tls));
    let config = trusting(pebble.root());
    let first = front.await_secure(&config, "a.example").certificate;
    assert_eq!(front.nano.ctl_json(&["status"])["pid"], report["new_pid"]);
    assert!((1..=2).contains(&pebble.orders()), "{}", pebble.orders());
    assert_eq!(pebble.accounts(), 1, "the account is kept");
    assert_eq!(front.nano.metrics().get("nano_acme_orders_total", &[("result", "ok")]), Some(1.0));

    // What was issued is there at once in the next one, which orders nothing.
    let orders = pebble.orders();
    front.nano.ctl_json(&["upgrade"]);
    assert_eq!(visit(front.tls, &config, "a.example").unwrap().certificate, first);
    front.await_state("a.example", "valid");
    assert_eq!(pebble.orders(), orders);
}
