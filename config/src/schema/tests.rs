//! The table of keys and `nano.schema.json` say the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn document() -> Value {
    serde_json::from_str(include_str!("../../nano.schema.json")).unwrap()
}

/// The schema of a property, through its `$ref`.
fn property<'s>(root: &'s Value, object: &'s Value, name: &str) -> &'s Value {
    let property = &object["properties"][name];
    match property["$ref"].as_str() {
        Some(reference) => root.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => property,
    }
}

#[test]
fn every_key_is_in_both() {
    let root = document();
    let places = [
        (&SERVER_LEVEL, &root),
        (&LOG_LEVEL_KEYS, &root["$defs"]["log"]),
        (&LISTEN_LEVEL, &root["$defs"]["unix_socket"]),
        (&TLS_LEVEL, &root["$defs"]["tls"]),
        (&ACME_LEVEL, &root["$defs"]["acme"]),
        (&FLEET_LEVEL, &root["$defs"]["fleet"]),
        (&FLEET_TLS_LEVEL, &root["$defs"]["fleet_tls"]),
        (&FLEET_USER_LEVEL, &root["$defs"]["fleet_user"]),
        (&FLEET_LIMITS_LEVEL, &root["$defs"]["fleet_limits"]),
        (&OTLP_LEVEL, &root["$defs"]["otlp"]),
        (&CERTIFICATE_LEVEL, &root["$defs"]["certificate"]),
        (&DEFAULTS_LEVEL, &root["$defs"]["defaults"]),
        (&APP_LEVEL, &root["$defs"]["app"]),
    ];
    for (level, object) in places {
        let in_code: BTreeSet<&str> = level.names().collect();
        let in_schema: BTreeSet<&str> = object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(in_code, in_schema, "{}", level.belongs);
        assert_eq!(object["additionalProperties"], json!(false));
        for key in level.keys.iter().copied().flatten() {
            let property = property(&root, object, key.name);
            assert!(property["description"].is_string(), "{} has no description", key.name);
            same_kind(key, property);
        }
    }
}

/// Type, range and default of a key.
fn same_kind(key: &Key, property: &Value) {
    let (expected, fields): (Value, &[&str]) = match key.kind {
        ValueKind::Whole { min, max, default } => (
            json!({"type": "integer", "minimum": min, "maximum": max, "default": default}),
            &["type", "minimum", "maximum", "default"],
        ),
        ValueKind::Megabytes { zero, default } => (
            json!({"type": "number", "minimum": zero.then_some(0), "exclusiveMinimum": (!zero).then_some(0),
                "maximum": MAX_MB, "default": default}),
            &["type", "minimum", "exclusiveMinimum", "maximum", "default"],
        ),
        ValueKind::Flag { default } => (json!({"type": "boolean", "default": default}), &["type", "default"]),
        ValueKind::FlagOrWord { word, default } => {
            (json!({"enum": [true, false, word], "default": default}), &["enum", "default"])
        }
        ValueKind::Choice { words, default } => (json!({"enum": words, "default": default}), &["enum", "default"]),
        ValueKind::Own { .. } => return,
    };
    for field in fields {
        assert_eq!(property[field], expected[field], "{}: {field}", key.name);
    }
}

#[test]
fn nothing_in_the_schema_is_left_unused() {
    let root = document();
    let text = root.to_string();
    for name in root["$defs"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\"#/$defs/{name}\"")), "{name}");
    }
}

#[test]
fn what_needs_a_restart_is_said_of_each_key() {
    let root = document();
    let of_log = LOG_LEVEL_KEYS.names().map(|name| (format!("log.{name}"), &root["$defs"]["log"], name));
    let own = SERVER_LEVEL.names().map(|name| (name.to_owned(), &root, name));
    for (full, object, name) in own.chain(of_log) {
        let said =
            property(&root, object, name)["description"].as_str().unwrap().ends_with("Takes effect at a restart only.");
        assert_eq!(said, NEED_RESTART.contains(&full.as_str()), "{full}");
    }
    // The same for operators, of all of them at one place.
    let page = include_str!("../../../docs/operating.md");
    let line = page.lines().find(|line| line.contains("take effect at a restart only")).unwrap();
    let named: Vec<&str> = line.split('`').skip(1).step_by(2).take(NEED_RESTART.len()).collect();
    assert_eq!(named, NEED_RESTART);
}
