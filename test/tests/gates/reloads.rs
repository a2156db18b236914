//! Reload after reload under load, every fifth of them broken. No request fails, and neither file descriptors nor
//! processes nor memory grow.
//!
//! Sabotage control: the checks, fed with a descriptor lost per reload; and a broken file that must be refused.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::{descendants, descriptors, resident};
use nano_test::{Dice, Load, Nano, Site, Target, Traffic, Way, certify, sized, until};
use rustls::ClientConfig;
use serde_json::json;
use std::sync::Arc;

/// What the supervisor may have more at the end than after the first reloads, whatever their number.
const GROWTH: u64 = 24 << 20;
/// Descriptors that are open for other reasons than reloads: clients that come and go.
const LOOSE: usize = 24;

fn configure(site: &Site, version: usize) {
    site.app("changing", &format!("export default {{ fetch: () => new Response('version {version}') }};"));
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
        { "name": "changing", "hostname": "changing.local", "path": "changing", "env": { "VERSION": version.to_string() } },
    ]}));
}

/// One of the ways in which a new version can be wrong.
fn sabotage(site: &Site, dice: &mut Dice) {
    match dice.below(5) {
        0 => site.file("nano.json", "{ \"apps\": ["),
        1 => site.file("nano.json", "{ \"apps\": [{ \"hostname\": \"a\", \"path\": \"gone\" }] }"),
        2 => site.app("changing", "export default { fetch( };"),
        3 => site.app("changing", "throw new Error('not today');"),
        _ => site.app("changing", "import './gone.js';"),
    };
}

/// What a reload must not leave behind.
#[derive(Debug, Clone, Copy)]
struct Footprint {
    /// Unknown, and then the same all the time, where only root may count them.
    descriptors: Option<usize>,
    processes: usize,
    resident: u64,
}

fn footprint(nano: &Nano) -> Footprint {
    Footprint {
        descriptors: descriptors(nano.pid()),
        processes: descendants(nano.pid()).len(),
        resident: resident(nano.pid()),
    }
}

fn verdict(before: Footprint, after: Footprint) -> Result<(), String> {
    let grown = after.descriptors > before.descriptors.map(|count| count + LOOSE)
        || after.processes > before.processes
        || after.resident > before.resident + GROWTH;
    if grown { Err(format!("{before:?} became {after:?}")) } else { Ok(()) }
}

#[test]
fn reloads_lose_no_request_and_leave_nothing_behind() {
    let reloads = sized(25, 1000);
    let mut dice = Dice::new(6);
    let site = Site::new();
    site.app("bystander", APP);
    configure(&site, 0);
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    until("the spare", || (nano.spares().len() == 1).then_some(()));
    let processes = footprint(&nano).processes;
    let before_pid = nano.pid_of("bystander");
    let load = Load::start(nano.address, "changing.local", "/", 2, |response| {
        if response.status == 200 && response.body.starts_with(b"version ") {
            Ok(())
        } else {
            Err(format!("{response:?}"))
        }
    });
    let mut before = None;
    let (mut version, mut bad, mut refused) = (0, 0, 0);
    for number in 1..=reloads {
        // One of every five is bad.
        if number % 5 == 1 {
            bad = number + dice.below(5);
        }
        let good = number != bad;
        configure(&site, number);
        if !good {
            sabotage(&site, &mut dice);
            refused += 1;
        }
        let reload = nano.ctl(&["reload"]);
        assert_eq!(reload.code, Some(i32::from(!good)), "reload {number}, good: {good}: {reload:?}");
        if good {
            version = number;
        }
        assert_eq!(nano.get("changing.local", "/").text(), format!("version {version}"), "reload {number}");
        if number == 8 {
            before = Some(footprint(&nano));
        }
    }
    let tally = load.stop();
    assert_eq!(tally.failures, Vec::<String>::new(), "of {}", tally.served);
    bystander.noticed_nothing();
    assert_eq!(nano.pid_of("bystander"), before_pid, "an app that did not change keeps its process");
    // Old workers are gone a moment after their last request.
    let before = Footprint { processes, ..before.unwrap() };
    until("everything of old versions is gone", || verdict(before, footprint(&nano)).ok());
    let after = footprint(&nano);
    eprintln!(
        "{reloads} reloads, {refused} of them bad, {} requests of the app that changed: {before:?}, {after:?}",
        tally.served
    );
}

/// The kinds of clients: with a name for people.
fn clients(nano: &Nano, [http2, http1]: [Arc<ClientConfig>; 2]) -> Vec<(&'static str, Traffic)> {
    let ports: Vec<_> = nano
        .log
        .records()
        .iter()
        .filter(|record| record["message"] == "listening")
        .take(2)
        .map(|record| record["address"].as_str().unwrap().parse().unwrap())
        .collect();
    let target = |port: usize, tls| Target {
        address: ports[port],
        tls,
        host: "changing.local".to_owned(),
        answer: "version ".to_owned(),
    };
    vec![
        ("h1", Traffic::start(&target(0, None), Way::KeepAlive, 1)),
        ("h2", Traffic::start(&target(0, None), Way::Http2, 1)),
        ("TLS h1", Traffic::start(&target(1, Some(Arc::clone(&http1))), Way::KeepAlive, 1)),
        ("TLS h1, new connections", Traffic::start(&target(1, Some(http1)), Way::Fresh, 1)),
        ("TLS h2", Traffic::start(&target(1, Some(http2)), Way::Http2, 1)),
    ]
}

#[test]
fn reloads_lose_no_request_by_any_protocol() {
    let reloads = sized(50, 1000);
    let site = Site::new();
    let trusted = certify(&site, "own", "changing.local");
    let configure = |version: usize| {
        site.app("changing", &format!("export default {{ fetch: () => new Response('version {version}') }};"));
        site.config(json!({
            "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "tls": true }], "log": { "access": false },
            "tls": {
                "certificates": [{ "hostnames": ["changing.local"], "cert": "own.pem", "key": "own.key" }],
                "redirect_http": false,
            },
            "apps": [{
                "name": "changing", "hostname": "changing.local", "path": "changing",
                "env": { "VERSION": version.to_string() },
            }],
        }));
    };
    configure(0);
    let nano = site.serve();
    let clients = clients(&nano, trusted);
    for number in 1..=reloads {
        configure(number);
        assert_eq!(nano.ctl(&["reload"]).code, Some(0), "reload {number}");
        let now = nano.get("changing.local", "/").text();
        assert_eq!(now, format!("version {number}"));
    }
    for (name, client) in &clients {
        let before = client.served();
        until(&format!("requests by {name} at the end"), || (client.served() > before).then_some(()));
    }
    for (name, client) in clients {
        let tally = client.stop();
        eprintln!("{reloads} reloads, {name}: {} requests", tally.served);
        assert_eq!(tally.failures, Vec::<String>::new(), "{name}, of {}", tally.served);
    }
}

#[test]
fn a_request_that_is_lost_turns_it_red() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('version 1') };");
    site.apps(json!([{ "hostname": "changing.local", "name": "a", "path": "a" }]));
    let nano = site.serve();
    for way in [Way::KeepAlive, Way::Fresh, Way::Http2] {
        let target = |answer: &str| Target {
            address: nano.address,
            tls: None,
            host: "changing.local".to_owned(),
            answer: answer.to_owned(),
        };
        let good = Traffic::start(&target("version "), way, 1);
        let bad = Traffic::start(&target("another "), way, 1);
        until("requests", || (good.served() > 10).then_some(()));
        assert_eq!(good.stop().failures, Vec::<String>::new());
        assert!(!bad.stop().failures.is_empty(), "{way:?}");
    }
    // Connections that are cut are failures too, whatever the protocol.
    let clients = [Way::KeepAlive, Way::Fresh, Way::Http2].map(|way| {
        let target = Target {
            address: nano.address,
            tls: None,
            host: "changing.local".to_owned(),
            answer: "version ".to_owned(),
        };
        Traffic::start(&target, way, 1)
    });
    until("requests of all", || clients.iter().all(|each| each.served() > 10).then_some(()));
    drop(nano);
    for each in clients {
        assert!(!each.stop().failures.is_empty());
    }
}

#[test]
fn what_grows_by_one_per_reload_turns_it_red() {
    let before = Footprint { descriptors: Some(40), processes: 2, resident: 30 << 20 };
    assert_eq!(verdict(before, before), Ok(()));
    assert!(verdict(before, Footprint { descriptors: Some(40 + 400), ..before }).is_err());
    assert!(verdict(before, Footprint { processes: 3, ..before }).is_err());
    assert!(verdict(before, Footprint { resident: 80 << 20, ..before }).is_err());
}
