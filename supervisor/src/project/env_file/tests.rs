//! Tests of files of secrets.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn values_are_read_as_dotenv_reads_them() {
    let text = "\u{feff}# a comment\nA=1\n  export B = two words # no more\nC='it''s'\nD=\"a\\nb\"\nE=`x\ny`\nF=\nG=a#b\nH.x-y=\"open\nI='a # b' # c\r\n";
    let values = parse(text).unwrap();
    let expected = [
        ("A", "1"),
        ("B", "two words"),
        ("C", "it"),
        ("D", "a\nb"),
        ("E", "x\ny"),
        ("F", ""),
        ("G", "a#b"),
        ("H.x-y", "\"open"),
        ("I", "a # b"),
    ];
    let expected = expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(values, expected);
}

#[test]
fn a_line_that_is_none_has_its_number_and_not_its_text() {
    assert_eq!(parse("A=1\n\nsecret\n"), Err(3));
    assert_eq!(parse("A='x\ny'\n =z\n"), Err(3));
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(".dev.vars"), "secret").unwrap();
    let error = read(directory.path(), None).unwrap_err().to_string();
    assert!(error.ends_with(".dev.vars:1: it is not NAME=VALUE"), "{error}");
}

#[test]
fn the_environments_own_file_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    let value = |environment| read(directory.path(), environment).unwrap().and_then(|mut values| values.remove("A"));
    assert_eq!(value(None), None);
    for (name, environment, expected) in [
        (".env", None, "env"),
        (".dev.vars", None, "vars"),
        (".dev.vars", Some("staging"), "vars"),
        (".dev.vars.staging", Some("staging"), "own"),
        (".dev.vars.staging", None, "vars"),
    ] {
        fs::write(
            directory.path().join(name),
            format!("A={}", if name.ends_with("staging") { "own" } else { name.rsplit('.').next().unwrap() }),
        )
        .unwrap();
        assert_eq!(value(environment).as_deref(), Some(expected), "{name}");
    }
}
