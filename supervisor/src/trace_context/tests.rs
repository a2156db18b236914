//! What the specification's test suite asks for: valid and invalid headers, one by one.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const VALID: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
    lines.iter().map(|line| (name.clone(), HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
}

fn parent(lines: &[&str]) -> Option<TraceParent> {
    TraceParent::read(&headers(TRACEPARENT, lines))
}

fn state(lines: &[&str]) -> Option<String> {
    trace_state(&headers(TRACESTATE, lines)).map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn a_valid_parent_is_read_and_written() {
    let read = parent(&[VALID]).unwrap();
    assert_eq!((read.trace[0], read.trace[15], read.span[0]), (0x12, 0x12, 0x12));
    assert!(read.is_sampled && !read.is_random);
    assert_eq!(read.text(), VALID.as_bytes());
    for (flags, sampled, random) in [("00", false, false), ("02", false, true), ("03", true, true), ("fd", true, false)]
    {
        let read = parent(&[&VALID.replace("-01", &format!("-{flags}"))]).unwrap();
        assert_eq!((read.is_sampled, read.is_random), (sampled, random), "{flags}");
    }
    let unknown = parent(&[&VALID.replace("-01", "-ff")]).unwrap();
    assert!(unknown.text().ends_with(b"-03"), "flags that this version does not know are not passed on");
}

#[test]
fn a_later_version_is_read_as_far_as_it_is_known() {
    let later = VALID.replacen("00", "cc", 1);
    for text in [later.clone(), format!("{later}-"), format!("{later}-what-the-future-will-be-like")] {
        assert_eq!(parent(&[&text]).unwrap().text(), VALID.as_bytes(), "{text}");
    }
    for text in [format!("{later}.what"), format!("{later}x"), VALID.replacen("00", "ff", 1)] {
        assert_eq!(parent(&[&text]), None, "{text}");
    }
}

#[test]
fn what_is_malformed_or_there_twice_is_none() {
    let huge = format!("{VALID}-{}", "a".repeat(64 * 1024));
    for text in [
        "",
        "00",
        &VALID[..54],
        &format!("{VALID}-"),
        &format!("{VALID}-extra"),
        &format!("{VALID}0"),
        &huge,
        &VALID.to_uppercase().replace('1', "A"),
        &VALID.replacen("00", ".0", 1),
        &VALID.replacen("00", "0.", 1),
        &VALID.replace('-', "_"),
        "00-00000000000000000000000000000000-1234567890123456-01",
        "00-12345678901234567890123456789012-0000000000000000-01",
        "00-1234567890123456789012345678901-12345678901234567-01",
        "00-12345678901234567890123456789012-1234567890123456-1g",
        "00-12345678901234567890123456789012-1234567890123456-.1",
        "0-012345678901234567890123456789012-1234567890123456-01",
        "00-1234567890123456789012345678901\u{e4}-123456789012345-01",
    ] {
        assert_eq!(parent(&[text]), None, "{text:.80}");
    }
    assert_eq!(parent(&[VALID, VALID]), None);
    assert_eq!(parent(&[]), None);
}

#[test]
fn a_state_is_kept_as_it_is_and_lines_are_one() {
    assert_eq!(state(&["foo=1,bar=2"]).unwrap(), "foo=1,bar=2");
    assert_eq!(state(&["foo=1", "", "bar=2,rojo=1"]).unwrap(), "foo=1,bar=2,rojo=1");
    assert_eq!(state(&["foo=1 \t , \t bar=2, \t baz=3"]).unwrap(), "foo=1,bar=2,baz=3");
    assert_eq!(state(&["foo=1,"]).unwrap(), "foo=1");
    assert_eq!(state(&["foo=1,foo=2"]).unwrap(), "foo=1,foo=2", "§3.3.1.3: duplicates may be passed on");
    assert_eq!(state(&["0a/b@c-d_e*=x y!"]).unwrap(), "0a/b@c-d_e*=x y!");
    for none in [&[][..], &[""], &[" , ,"]] {
        assert_eq!(state(none), None);
    }
}

#[test]
fn a_malformed_state_counts_for_nothing() {
    let (long_key, long_value) = (format!("{}=1", "a".repeat(257)), format!("a={}", "1".repeat(257)));
    for text in [
        "foo",
        "foo=",
        "=1",
        "Foo=1",
        "foo =1",
        "foo=1=2",
        "foo=\u{e4}",
        "f\u{e4}=1",
        "-a=1",
        "@a=1",
        &long_key,
        &long_value,
    ] {
        assert_eq!(state(&["ok=1", text]), None, "{text:.40}");
    }
    let members: Vec<String> = (0..33).map(|at| format!("a{at}=1")).collect();
    assert_eq!(state(&[&members.join(",")]), None);
    assert_eq!(state(&[&members[..32].join(",")]).unwrap(), members[..32].join(","));
    assert_eq!(state(&[&"a=1,".repeat(16 * 1024)]), None, "64 KB of members");
}

#[test]
fn a_long_state_loses_its_long_members_and_then_its_last() {
    let long = format!("long={}", "x".repeat(200));
    let short: Vec<String> = (0..20).map(|at| format!("m{at:02}={}", "y".repeat(20))).collect();
    let kept = state(&[&format!("{long},{}", short.join(","))]).unwrap();
    assert_eq!(kept, short[..20].join(",")[..kept.len()], "the first ones, whole");
    assert!(kept.len() <= 512 && kept.len() > 480 && !kept.contains("long"), "{kept}");
    let alone = format!("a={}", "x".repeat(250));
    assert_eq!(state(&[&alone]).unwrap(), alone, "512 bytes are passed on whatever their members are");
}

#[test]
fn ids_are_never_nothing_and_not_alike() {
    let ids = TraceIds::new();
    let made: std::collections::BTreeSet<TraceId> = (0..10_000).map(|_| ids.trace()).collect();
    assert_eq!(made.len(), 10_000);
    assert!(!made.contains(&[0; 16]));
    assert_ne!(TraceIds::new().span(), TraceIds::new().span());
}
