//! What halts a rollout, what moves it, and what a lying node can bring about.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use serde_json::json;

use super::*;

const APP: &str = "shop";

fn rollout(steps: &[&str], fail_on: serde_json::Value) -> Rollout {
    let bundle = format!("sha256:{}", "a".repeat(64));
    let value = json!({
        "new": { "settings": {}, "bundle": bundle, "generation": 3 }, "old": 2, "base": 7,
        "plan": { "steps": steps, "pause_s": 30, "fail_on": fail_on }, "step": null, "reach": "0000000000000000",
        "state": "running",
    });
    Rollout::parse(value.to_string().as_bytes()).unwrap()
}

fn numbers(requests: u64, errors: u64, micros: u64) -> Numbers {
    Numbers { requests, errors, in_flight: 0, durations: vec![(micros, requests)] }
}

fn standing(generation: u64, numbers: Numbers) -> Option<Standing> {
    Some(Standing {
        rollout: 9,
        generation,
        refused: String::new(),
        numbers,
        counted: true,
        before: Some(Numbers::default()),
    })
}

/// Nodes of which those within reach serve the new version.
fn nodes(count: usize, rollout: &Rollout) -> Nodes {
    (0..count)
        .map(|node| {
            let name = format!("n{node}");
            let place = Place::of(APP, &name);
            let generation = if place <= rollout.reach { 3 } else { 2 };
            (name, Seen { place, standing: standing(generation, Numbers::default()) })
        })
        .collect()
}

fn seconds(watched: u64) -> Times {
    Times { waited: Duration::from_secs(watched), watched: Duration::from_secs(watched) }
}

/// Through all steps; how many nodes had the new version at each.
fn run(mut rollout: Rollout, count: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    for _ in 0..100 {
        let all = nodes(count, &rollout);
        match judge(&rollout, &all, seconds(30)) {
            Move::Step(step, reach) => {
                assert!(reach >= rollout.reach);
                (rollout.step, rollout.reach) = (Some(step), reach);
                sizes.push(all.values().filter(|node| node.place <= reach).count());
            }
            Move::Done => return sizes,
            other => panic!("{other:?} after {sizes:?}"),
        }
    }
    panic!("it does not end: {sizes:?}");
}

#[test]
fn each_step_has_its_nodes_and_steps_without_new_ones_are_left_out() {
    let steps = ["1", "25%", "100%"];
    assert_eq!(run(rollout(&steps, json!({})), 8), [1, 2, 8]);
    assert_eq!(run(rollout(&steps, json!({})), 4), [1, 4]);
    assert_eq!(run(rollout(&steps, json!({})), 1), [1]);
    assert_eq!(run(rollout(&steps, json!({})), 1000), [1, 250, 1000]);
    assert_eq!(run(rollout(&["100%"], json!({})), 3), [3]);
    assert_eq!(run(rollout(&["5", "50%", "100%"], json!({})), 8), [5, 8]);
}

fn at_first_step(fail_on: serde_json::Value, count: usize) -> (Rollout, Nodes, String) {
    let mut rollout = rollout(&["1", "100%"], fail_on);
    let Move::Step(step, reach) = judge(&rollout, &nodes(count, &rollout), Times::default()) else { panic!() };
    (rollout.step, rollout.reach) = (Some(step), reach);
    let all = nodes(count, &rollout);
    let first = all.iter().find(|(_, node)| node.place <= reach).unwrap().0.clone();
    (rollout, all, first)
}

#[test]
fn it_begins_where_requests_are() {
    let begin = |answered: [u64; 3]| {
        let mut rollout = rollout(&["1", "100%"], json!({}));
        let mut all = nodes(3, &rollout);
        for (node, requests) in all.values_mut().zip(answered) {
            node.standing.as_mut().unwrap().before = Some(numbers(requests, 0, 1000));
        }
        rollout.first = first(&all).cloned().unwrap_or_default();
        for (name, node) in &mut all {
            node.place = rollout.place(APP, name);
        }
        let Move::Step(0, reach) = judge(&rollout, &all, Times::default()) else { panic!() };
        let within: Vec<String> =
            all.into_iter().filter(|(_, node)| node.place <= reach).map(|(name, _)| name).collect();
        assert_eq!(within.len(), 1);
        within[0].clone()
    };
    for (at, name) in ["n0", "n1", "n2"].iter().enumerate() {
        let mut answered = [0; 3];
        answered[at] = 1000;
        assert_eq!(begin(answered), *name);
    }
    // A stray request is no part; of two parts the smaller one.
    assert_eq!(begin([1, 700, 300]), "n2");
    assert_eq!(begin([0, 0, 0]), *all_places().first().unwrap());
    assert_eq!(begin([u64::MAX; 3]), *all_places().first().unwrap());
}

/// The nodes by the places of their names.
fn all_places() -> Vec<String> {
    let mut names: Vec<String> = (0..3).map(|node| format!("n{node}")).collect();
    names.sort_by_key(|name| Place::of(APP, name));
    names
}

#[test]
fn it_begins_when_all_have_said_what_they_answered_or_in_time() {
    let rollout = rollout(&["1", "100%"], json!({}));
    let mut all = nodes(3, &rollout);
    all.values_mut().next().unwrap().standing.as_mut().unwrap().before = None;
    assert_eq!(judge(&rollout, &all, seconds(4)), Move::Wait(false));
    assert!(matches!(judge(&rollout, &all, seconds(5)), Move::Step(0, _)));
}

#[test]
fn a_pause_is_watched_to_its_end() {
    let (mut rollout, all, _) = at_first_step(json!({}), 3);
    assert_eq!(judge(&rollout, &all, seconds(0)), Move::Wait(true));
    assert_eq!(judge(&rollout, &all, seconds(29)), Move::Wait(true));
    assert!(matches!(judge(&rollout, &all, seconds(30)), Move::Step(1, Place::ALL)));
    rollout.state = State::Paused;
    assert_eq!(judge(&rollout, &all, seconds(1000)), Move::Wait(true));
    // Without any node there is nothing to say.
    rollout.state = State::Running;
    assert_eq!(judge(&rollout, &Nodes::new(), seconds(1000)), Move::Wait(false));
}

#[test]
fn a_version_that_answers_nothing_yet_is_waited_for_but_not_for_ever() {
    let waits = |fail_on: serde_json::Value, new: Numbers, counted: bool, watched| {
        let (rollout, mut all, first) = at_first_step(fail_on, 3);
        let own = Standing { counted, ..standing(3, new).unwrap() };
        all.get_mut(&first).unwrap().standing = Some(own);
        judge(&rollout, &all, seconds(watched)) == Move::Wait(true)
    };
    let hangs = |requests| Numbers { in_flight: 7, ..numbers(requests, 0, 1000) };
    assert!(waits(json!({}), hangs(0), true, 30) && waits(json!({}), hangs(2), true, 89));
    assert!(!waits(json!({}), hangs(0), true, 90));
    assert!(!waits(json!({}), hangs(3), true, 30), "enough for a rate");
    assert!(waits(json!({ "p99_factor": 2 }), hangs(49), true, 30));
    assert!(!waits(json!({ "p99_factor": 2 }), hangs(50), true, 30));
    assert!(!waits(json!({ "p99_factor": 2 }), numbers(2, 0, 1000), true, 30), "nobody waits");
    assert!(waits(json!({}), numbers(0, 0, 1000), false, 30), "nobody has looked");
}

#[test]
fn nodes_that_go_and_come() {
    let (rollout, mut all, first) = at_first_step(json!({}), 3);
    all.remove(&first);
    // Another takes the place of the one that went.
    let Move::Step(0, reach) = judge(&rollout, &all, seconds(1)) else { panic!() };
    assert_eq!(all.values().filter(|node| node.place <= reach).count(), 1);
    assert!(reach > rollout.reach);
}

#[test]
fn a_node_that_refuses_or_is_late_halts_it() {
    let (rollout, mut all, first) = at_first_step(json!({}), 3);
    all.get_mut(&first).unwrap().standing = standing(2, Numbers::default());
    assert_eq!(judge(&rollout, &all, seconds(59)), Move::Wait(false));
    assert!(matches!(judge(&rollout, &all, seconds(60)), Move::Fail(why) if why.contains("in time")));
    all.get_mut(&first).unwrap().standing = None;
    assert_eq!(judge(&rollout, &all, seconds(59)), Move::Wait(false));
    let mut refused = standing(2, Numbers::default()).unwrap();
    refused.refused = "index.js does not compile".to_owned();
    all.get_mut(&first).unwrap().standing = Some(refused.clone());
    let Move::Fail(why) = judge(&rollout, &all, Times::default()) else { panic!() };
    assert!(why.contains(&first) && why.contains("does not compile"), "{why}");
    // Where two have to, one alone does not stop it.
    let (rollout, mut all, first) = at_first_step(json!({ "not_ready": 2 }), 3);
    all.get_mut(&first).unwrap().standing = Some(refused);
    assert!(matches!(judge(&rollout, &all, seconds(30)), Move::Step(1, _)));
}

#[test]
fn errors_halt_it_from_a_number_and_a_rate_on() {
    let (mut rollout, mut all, first) = at_first_step(json!({ "error_rate": 0.02 }), 3);
    let mut with = |requests, errors| {
        all.get_mut(&first).unwrap().standing = standing(3, numbers(requests, errors, 1000));
        matches!(judge(&rollout, &all, Times::default()), Move::Fail(_))
    };
    assert!(!with(2, 2));
    assert!(with(3, 3));
    assert!(!with(150, 3), "exactly the rate");
    assert!(with(149, 3));
    assert!(!with(10_000, 100));
    assert!(with(u64::MAX, u64::MAX));
    // A paused one is rolled back as well.
    rollout.state = State::Paused;
    all.get_mut(&first).unwrap().standing = standing(3, numbers(10, 10, 1000));
    assert!(matches!(judge(&rollout, &all, Times::default()), Move::Fail(_)));
}

#[test]
fn errors_of_the_old_version_are_not_the_new_ones() {
    let (rollout, mut all, first) = at_first_step(json!({}), 3);
    for (name, node) in &mut all {
        if *name != first {
            node.standing = standing(2, numbers(100, 100, 1000));
        }
    }
    assert_eq!(judge(&rollout, &all, Times::default()), Move::Wait(true));
}

#[test]
fn a_slow_version_halts_it() {
    let (rollout, mut all, first) = at_first_step(json!({ "p99_factor": 2 }), 3);
    let other = all.keys().find(|name| **name != first).unwrap().clone();
    let mut with = |new: Numbers, old: Numbers, before: Numbers| {
        let mut own = standing(3, new).unwrap();
        own.before = Some(before);
        all.get_mut(&first).unwrap().standing = Some(own);
        all.get_mut(&other).unwrap().standing = standing(2, old);
        matches!(judge(&rollout, &all, Times::default()), Move::Fail(_))
    };
    let none = Numbers::default;
    assert!(with(numbers(100, 0, 250_000), numbers(100, 0, 50_000), none()));
    assert!(!with(numbers(100, 0, 100_000), numbers(100, 0, 100_000), none()));
    assert!(!with(numbers(10, 0, 250_000), numbers(100, 0, 50_000), none()), "too few to say");
    assert!(!with(numbers(100, 0, 250_000), none(), none()), "nothing to compare with");
    assert!(with(numbers(100, 0, 250_000), none(), numbers(100, 0, 50_000)), "what served before on the same node");
    assert!(!with(numbers(100, 0, 5000), numbers(100, 0, 500), none()), "milliseconds");
}

#[test]
fn what_a_liar_reports_does_not_break_it() {
    let (rollout, mut all, first) = at_first_step(json!({ "p99_factor": 2 }), 3);
    let lies = [
        Numbers {
            requests: u64::MAX,
            errors: u64::MAX,
            in_flight: u64::MAX,
            durations: vec![(0, u64::MAX), (u64::MAX, u64::MAX)],
        },
        Numbers { requests: 0, errors: u64::MAX, in_flight: 0, durations: vec![(u64::MAX, 0); 100_000] },
        Numbers {
            requests: 1,
            errors: 0,
            in_flight: 1,
            durations: (0..100_000).rev().map(|bound| (bound, u64::MAX)).collect(),
        },
    ];
    for lie in lies {
        for node in all.values_mut() {
            node.standing = standing(3, lie.clone());
            node.standing.as_mut().unwrap().before = Some(lie.clone());
        }
        let _ = super::first(&all);
        all.get_mut(&first).unwrap().standing = standing(u64::MAX, lie);
        let _ = judge(&rollout, &all, seconds(1));
    }
}
