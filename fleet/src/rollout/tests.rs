//! The value of a rollout: what is refused; places of nodes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};

use super::*;

fn value() -> Value {
    let bundle = format!("sha256:{}", "a".repeat(64));
    json!({
        "new": { "settings": {}, "bundle": bundle, "generation": 3 }, "old": 2, "base": 7,
        "plan": { "steps": ["1", "25%", "100%"], "pause_s": 30 }, "step": null, "reach": "0000000000000000", "first": "",
        "state": "running",
    })
}

fn parse(value: &Value) -> Result<Rollout, RolloutError> {
    Rollout::parse(value.to_string().as_bytes())
}

#[test]
fn what_is_no_rollout_is_refused() {
    assert!(parse(&value()).is_ok());
    let wrong: [(&str, Value); 21] = [
        ("/step", json!(3)),
        ("/step", json!(-1)),
        ("/reach", json!("1")),
        ("/reach", json!("+00000000000000f")),
        ("/reach", json!(1)),
        ("/state", json!("done")),
        ("/old", json!(3)),
        ("/base", json!(0)),
        ("/plan/steps", json!([])),
        ("/plan/steps", json!(["1"])),
        ("/plan/steps", json!(["50%", "25%", "100%"])),
        ("/plan/steps", json!(["0", "100%"])),
        ("/plan/steps", json!(["+1", "100%"])),
        ("/plan/steps", json!(["101%"])),
        ("/plan/steps", json!((1..=21).map(|step| step.to_string()).collect::<Vec<_>>())),
        ("/plan/pause_s", json!(86_401)),
        ("/plan/pause_s", json!(-1)),
        ("/new/bundle", json!("sha256:x")),
        ("/new/generation", json!(1)),
        ("/first", json!("n".repeat(257))),
        ("/new/settings", json!({ "path": "../../etc" })),
    ];
    for (place, with) in wrong {
        let mut changed = value();
        *changed.pointer_mut(place).unwrap() = with.clone();
        assert!(parse(&changed).is_err(), "{place} {with}");
    }
    for (key, with) in [
        ("error_rate", json!(2)),
        ("error_rate", json!(-0.1)),
        ("p99_factor", json!(0.5)),
        ("not_ready", json!(0)),
        ("more", json!(1)),
    ] {
        let mut changed = value();
        changed["plan"]["fail_on"] = json!({ key: with });
        assert!(parse(&changed).is_err(), "{key} {with}");
    }
    let mut more = value();
    more["more"] = json!(1);
    assert!(parse(&more).is_err());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Rollout::parse(value().to_string().replace("null", &deep).as_bytes()).is_err());
    let mut large = value();
    large["new"]["by"] = json!("x".repeat(MAX_ROLLOUT));
    assert!(matches!(parse(&large), Err(RolloutError::Large(_))));
}

#[test]
fn a_place_is_the_same_everywhere_and_another_for_each_app() {
    assert_eq!(String::from(Place::of("shop", "a")), String::from(Place::of("shop", "a")));
    assert_ne!(Place::of("shop", "a"), Place::of("blog", "a"));
    assert_ne!(Place::of("shop", "a"), Place::of("shop", "b"));
    let place = Place::of("shop", "a");
    assert_eq!(Place::try_from(String::from(place)), Ok(place));
    // The first of many nodes is not the same for every app.
    let first = |app: String| (0..20).min_by_key(|node| Place::of(&app, &node.to_string())).unwrap();
    let firsts: std::collections::BTreeSet<i32> = (0..100).map(|app| first(app.to_string())).collect();
    assert!(firsts.len() > 10, "{firsts:?}");
}

#[test]
fn a_node_is_reached_only_while_the_app_is_as_it_was() {
    let mut rollout = parse(&value()).unwrap();
    rollout.reach = Place::ALL;
    assert!(!rollout.reaches("shop", "a", 2), "no step was begun");
    rollout.step = Some(0);
    assert!(rollout.reaches("shop", "a", 2));
    assert!(!rollout.reaches("shop", "a", 3), "the new version is the app's already");
    rollout.reach = Place::NONE;
    assert!(!rollout.reaches("shop", "a", 2));
}
