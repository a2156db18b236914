//! Values that are written as JSON again, and those that stand for a secret.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::{EnvValue, SecretSource, secret_source};
use crate::json::parse;

fn value(text: &str) -> EnvValue {
    EnvValue::of(&parse(text).ok().unwrap())
}

#[test]
fn a_value_is_json_again_and_nothing_of_it_changes() {
    let written = |text: &str| match value(text) {
        EnvValue::Json(text) => text,
        EnvValue::Text(_) | EnvValue::Secret(_) => panic!("{text} is no string"),
    };
    for text in ["null", "true", "false", "-1.50e3", "1e999", "[]", "{}", r#"[1,[null,{"a":[]}],"b"]"#] {
        assert_eq!(written(text), text);
    }
    assert_eq!(written(" { \"b\" : 1 ,\n \"a\" : [ 1 , 2 ] } "), r#"{"b":1,"a":[1,2]}"#, "keys keep their order");
    let odd = r#"{"__proto__":{"a":1},"":"\u0000\u001f\"\\\u00e9\ud83d\ude00\u2028\/"}"#;
    assert_eq!(written(odd), "{\"__proto__\":{\"a\":1},\"\":\"\\u0000\\u001f\\\"\\\\é😀\u{2028}/\"}");
    assert!(parse(&written(odd)).ok().unwrap().value == parse(&written(&written(odd))).ok().unwrap().value);
}

#[test]
fn a_string_is_the_string_itself() {
    assert_eq!(value(r#""a\n\"b\"""#), EnvValue::Text("a\n\"b\"".into()));
    assert_ne!(value(r#""1""#), value("1"), "they have the same text");
}

#[test]
fn where_a_secret_is_to_be_read_from_is_no_value() {
    let is = |text: &str, source: Option<SecretSource<'_>>| secret_source(&parse(text).ok().unwrap()) == source;
    assert!(is(r#"{"file":"/run/x"}"#, Some(SecretSource::File("/run/x"))));
    assert!(is(r#"{"env":"X"}"#, Some(SecretSource::Variable("X"))));
    for text in [r#"{"file":1}"#, r#"{"file":"x","more":1}"#, "{}", r#"{"path":"x"}"#, r#"["file"]"#, r#""file""#] {
        assert!(is(text, None), "{text}");
    }
}
