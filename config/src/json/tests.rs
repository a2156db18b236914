//! Against serde_json, and each message once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// The same value as serde_json has it. Of equal keys the last wins there.
fn to_serde(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => serde_json::from_str(text).unwrap(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(to_serde).collect(),
        Value::Object(members) => members
            .iter()
            .map(|member| (member.key.clone(), to_serde(&member.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// The text under each span is the value itself, the text under each key's span the key.
fn check_spans(text: &str, node: &Node) {
    let own = &text[node.span.start..node.span.end];
    assert_eq!(serde_json::from_str::<serde_json::Value>(own).unwrap(), to_serde(node));
    assert!(!own.starts_with(char::is_whitespace) && !own.ends_with(char::is_whitespace));
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| check_spans(text, item)),
        Value::Object(members) => {
            for member in members {
                let key = &text[member.key_span.start..member.key_span.end];
                assert_eq!(serde_json::from_str::<String>(key).unwrap(), member.key);
                check_spans(text, &member.value);
            }
        }
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e9..1e9f64).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..5)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Whether serde_json takes it too. A number beyond f64 is JSON all the same.
fn serde_agrees(text: &str, ours: bool) -> bool {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(_) => ours,
        Err(error) => !ours || error.to_string().contains("number out of range"),
    }
}

proptest! {
    #[test]
    fn reads_what_serde_writes(value in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let Ok(node) = parse(&text) else { panic!("refused {text}") };
        prop_assert_eq!(to_serde(&node), value);
        check_spans(&text, &node);
    }

    #[test]
    fn takes_and_refuses_what_serde_does(text in r#"[\[\]{}",:\\u0-9a-fA-F.eE+\-truefalsn \n/]{0,24}"#) {
        prop_assert!(serde_agrees(&text, parse(&text).is_ok()), "{}", text);
    }

    #[test]
    fn takes_and_refuses_what_serde_does_after_a_slip(value in any_json(), at: prop::sample::Index, insert in r#"[\[\]{}",:\\0-9a .\-\u{1}é]?"#, remove: bool) {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        let at = at.index(chars.len());
        if remove { chars.remove(at); }
        chars.splice(at..at, insert.chars());
        let text: String = chars.into_iter().collect();
        let ours = parse(&text);
        prop_assert!(serde_agrees(&text, ours.is_ok()), "{}", text);
        if let Err(error) = ours { prop_assert!(error.at <= text.len()); }
    }
}

fn fault(text: &str) -> (usize, String) {
    match parse(text) {
        Ok(_) => panic!("taken: {text}"),
        Err(error) => (error.at, error.message),
    }
}

#[test]
fn messages() {
    for (text, at, message) in [
        ("", 0, "the file ends where a value was expected"),
        ("  ", 2, "the file ends where a value was expected"),
        ("{", 1, "the file ends before this object is closed"),
        ("{\"a\"", 4, "the file ends before this object is closed"),
        ("{\"a\":", 5, "the file ends before this object is closed"),
        ("{\"a\":1", 6, "the file ends before this object is closed"),
        ("{\"a\":1,", 7, "the file ends before this object is closed"),
        ("[1", 2, "the file ends before this list is closed"),
        ("[", 1, "the file ends before this list is closed"),
        ("\"a", 2, "the file ends before this string is closed"),
        ("[\"a\n\"]", 1, "this string is not closed on its line"),
        ("[1,]", 2, "a comma before the closing `]`"),
        ("{\"a\":1 , }", 7, "a comma before the closing `}`"),
        ("[1 2]", 3, "expected `,` or `]` here"),
        ("{\"a\":1 \"b\":2}", 7, "expected `,` or `}` here"),
        ("{\"a\" 1}", 5, "expected `:` after the key"),
        ("{a:1}", 1, "expected a key in double quotes"),
        ("{\"a\":}", 5, "a value is missing here"),
        ("[,1]", 1, "a value is missing here"),
        ("'a'", 0, "strings are written in double quotes"),
        ("// x", 0, "comments are not allowed in JSON"),
        ("{ # x", 2, "comments are not allowed in JSON"),
        ("[1, /* x */ 2]", 4, "comments are not allowed in JSON"),
        ("True", 0, "expected a value: a bare word is neither `true`, `false` nor `null`"),
        ("nullx", 0, "expected a value: a bare word is neither `true`, `false` nor `null`"),
        ("1 2", 2, "expected the end of the file after the value"),
        ("01", 0, "a number does not start with 0"),
        ("-", 1, "expected a digit in this number"),
        ("1.", 2, "expected a digit in this number"),
        ("1e+", 3, "expected a digit in this number"),
        ("+1", 0, "a number starts with a digit or `-`"),
        (".5", 0, "a number starts with a digit or `-`"),
        ("0x10", 1, "expected the number to end here"),
        ("1.2.3", 3, "expected the number to end here"),
        ("\"\\x\"", 1, "no such escape: after `\\` comes one of `\" \\ / b f n r t u`"),
        ("\"\\u12\"", 1, "`\\u` is followed by four hex digits"),
        ("\"\\ud800\"", 1, "half of a surrogate pair is not a character"),
        ("\"\\ud800\\u0041\"", 1, "half of a surrogate pair is not a character"),
        ("\"\\udc00\"", 1, "half of a surrogate pair is not a character"),
        ("\"\u{1}\"", 1, "a control character in a string is written `\\u0001`"),
        ("é", 0, "expected a value"),
    ] {
        assert_eq!(fault(text), (at, message.to_owned()), "{text:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(fault(&nested(MAX_DEPTH + 1)), (MAX_DEPTH, "nested more than 64 levels deep".to_owned()));
    assert!(parse(&"[".repeat(1_000_000)).is_err());
    assert!(parse(&"{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn surrogate_pairs_are_one_character() {
    let Ok(node) = parse(r#""\ud83d\ude00\u00e9\/\b""#) else { panic!("refused") };
    assert!(node.value == Value::String("😀é/\u{8}".to_owned()));
}
