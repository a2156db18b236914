//! Tests of source maps: what others made, and what nobody should.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// What esbuild 0.25 made of a.ts, which has `boom` in line 2, column 9.
const MAP: &str =
    r#"{"version":3,"sources":["../src/a.ts"],"sourcesContent":["x"],"mappings":";AACA,SAAS;AACT,EAAE","names":["x"]}"#;

#[test]
fn places_lead_to_sources() {
    let map = SourceMap::parse(MAP.as_bytes()).unwrap();
    assert_eq!(map.original(1, 1), None);
    assert_eq!(map.original(2, 1), Some(("../src/a.ts", 2, 1)));
    assert_eq!(map.original(2, 9), Some(("../src/a.ts", 2, 1)));
    assert_eq!(map.original(2, 10), Some(("../src/a.ts", 2, 10)));
    assert_eq!(map.original(2, 1000), Some(("../src/a.ts", 2, 10)));
    assert_eq!(map.original(3, 3), Some(("../src/a.ts", 3, 3)));
    for nowhere in [(0, 1), (1, 0), (4, 1), (u32::MAX, u32::MAX)] {
        assert_eq!(map.original(nowhere.0, nowhere.1), None);
    }
}

#[test]
fn maps_may_be_in_the_module() {
    let module = |text: &str| format!("code();\n//# sourceMappingURL={text}\n");
    let inline = module(
        "data:application/json;charset=utf-8;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbImEiXSwibWFwcGluZ3MiOiJBQUFBIn0=",
    );
    let Some(MapUrl::Inline(text)) = url_of(inline.as_bytes()) else { panic!("{inline}") };
    assert_eq!(SourceMap::parse_inline(text).unwrap().original(1, 1), Some(("a", 1, 1)));
    assert_eq!(url_of(module("index.js.map").as_bytes()), Some(MapUrl::File("index.js.map")));
    for none in [
        "code()".to_owned(),
        module("https://x.example/a.map"),
        module("/etc/passwd"),
        module(""),
        module("data:application/json,{}"),
        format!("{}more();", module("a.map")),
        "const a = \"//# sourceMappingURL=a.map\"".to_owned(),
    ] {
        assert_eq!(url_of(none.as_bytes()), None, "{none}");
    }
}

#[test]
fn what_is_no_map_is_none() {
    for text in [
        "",
        "[]",
        r#"{"version":2,"sources":[],"mappings":""}"#,
        r#"{"version":3,"sources":["a"],"mappings":"!"}"#,
        r#"{"version":3,"sources":["a"],"mappings":"AAAAAA"}"#,
        r#"{"version":3,"sources":["a"],"mappings":"AAA/////////D"}"#,
        r#"{"version":3,"sources":["a"],"mappings":"g"}"#,
        r#"{"version":3,"sources":["a"],"mappings":"DAAA"}"#,
    ] {
        assert!(SourceMap::parse(text.as_bytes()).is_none(), "{text}");
    }
    let map = SourceMap::parse(br#"{"version":3,"sources":[null,"b"],"sourceRoot":"r","mappings":"AAAA,CCAA,CCAA"}"#);
    let map = map.unwrap();
    assert_eq!((map.original(1, 2), map.original(1, 3)), (Some(("r/b", 1, 1)), None));
}

#[test]
fn hostile_maps_are_bounded() {
    let many = format!(r#"{{"version":3,"sources":["a"],"mappings":"{}"}}"#, "AAAA,".repeat(MAX_SEGMENTS + 1));
    assert!(SourceMap::parse(many.as_bytes()).is_none());
    let lines = format!(r#"{{"version":3,"sources":["a"],"mappings":"{}AAAA"}}"#, ";".repeat(1 << 20));
    assert_eq!(SourceMap::parse(lines.as_bytes()).unwrap().original((1 << 20) + 1, 1), Some(("a", 1, 1)));
    let sources = format!(r#"{{"version":3,"sources":[{}"a"],"mappings":""}}"#, "\"\",".repeat(MAX_SOURCES));
    assert!(SourceMap::parse(sources.as_bytes()).is_none());
    let long = format!(r#"{{"version":3,"sources":["{}\u001b[31m"],"mappings":"AAAA"}}"#, "é".repeat(MAX_SOURCE));
    let map = SourceMap::parse(long.as_bytes()).unwrap();
    assert_eq!(map.original(1, 1).unwrap().0.len(), MAX_SOURCE);
    assert!(map.bytes() < 4096);
    let nested =
        format!(r#"{{"version":3,"sources":["a"],"mappings":"","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    // What is not read is skipped without descending into it.
    assert!(SourceMap::parse(nested.as_bytes()).is_some());
}

#[test]
fn segments_of_a_line_may_be_in_any_order() {
    let map = SourceMap::parse(br#"{"version":3,"sources":["a"],"mappings":"UAAU,VAAV"}"#).unwrap();
    assert_eq!((map.original(1, 1), map.original(1, 11)), (Some(("a", 1, 1)), Some(("a", 1, 11))));
}

proptest! {
    #[test]
    fn nothing_panics(bytes: Vec<u8>, mappings in "[A-Za-z0-9+/,;]{0,60}", at: (u32, u32)) {
        let _ = (SourceMap::parse(&bytes), url_of(&bytes));
        let text = format!(r#"{{"version":3,"sources":["a","b"],"mappings":"{mappings}"}}"#);
        if let Some(map) = SourceMap::parse(text.as_bytes()) {
            let _ = map.original(at.0, at.1);
        }
        let _ = decode_base64(&mappings);
    }
}
