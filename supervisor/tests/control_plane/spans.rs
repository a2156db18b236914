//! A request's way in the log: at `trace` each step is a line, and each line says whose it is.

use std::fs;

use serde_json::{Value, json};

use crate::nano::Site;

fn at_level(level: &str) -> crate::nano::Nano {
    let site = Site::new();
    site.app("a", "respond one").config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let config = fs::read_to_string(site.path("nano.json")).unwrap();
    fs::write(site.path("nano.json"), config.replace("\"debug\"", &format!("{level:?}"))).unwrap();
    site.serve()
}

fn steps(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["level"] == "trace").collect()
}

#[test]
fn every_step_says_which_request_app_generation_and_worker() {
    let nano = at_level("trace");
    assert_eq!(nano.get("a", "/").0, 200);
    let worker = nano.pids("a")[0];
    nano.log("\"message\":\"end\"");
    let steps = steps(&nano.log_so_far());
    let messages: Vec<_> = steps.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["route", "admit", "dispatch", "relay", "end"]);
    let id = steps[0]["request_id"].as_str().unwrap();
    assert!(!id.is_empty());
    for line in &steps {
        assert_eq!(
            (&line["request_id"], &line["app"], &line["generation"]),
            (&json!(id), &json!("a"), &json!(1)),
            "{line}"
        );
    }
    for line in &steps[2..] {
        assert_eq!(line["worker"], json!(worker), "{line}");
    }
}

#[test]
fn a_request_that_fails_is_followed_to_its_rescue() {
    let nano = at_level("trace");
    assert_eq!(nano.get("nobody", "/").0, 404);
    nano.log("\"message\":\"end\"");
    let steps = steps(&nano.log_so_far());
    let messages: Vec<_> =
        steps.iter().map(|line| (line["message"].as_str().unwrap(), line["code"].as_str())).collect();
    assert_eq!(messages, [("rescue", Some("unknown_host")), ("end", None)]);
}

#[test]
fn the_level_can_change_while_nano_runs() {
    let nano = at_level("info");
    assert_eq!(nano.get("a", "/").0, 200);
    let set = |from: &str, to: &str| {
        let config = fs::read_to_string(nano.site.path("nano.json")).unwrap();
        fs::write(nano.site.path("nano.json"), config.replace(from, to)).unwrap();
        assert_eq!(nano.ask(&["reload"])["server"], json!(["log.level"]));
    };
    assert_eq!(steps(&nano.log_so_far()), Vec::<Value>::new());
    set("\"info\"", "\"trace\"");
    assert_eq!(nano.get("a", "/").0, 200);
    nano.log("\"message\":\"end\"");
    let count = steps(&nano.log_so_far()).len();
    assert_eq!(count, 5);
    set("\"trace\"", "\"info\"");
    assert_eq!(nano.get("a", "/").0, 200);
    assert_eq!(steps(&nano.log_so_far()).len(), count);
}
