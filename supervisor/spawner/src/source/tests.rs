//! Tests of `source.rs`.

use super::*;

#[test]
fn a_source_survives_a_command_line() {
    for source in [ConfigSource::File("a b/nano.json".into()), ConfigSource::App { path: "-x".into(), port: 0 }] {
        assert_eq!(ConfigSource::from_arguments(source.to_arguments().into_iter()), Some(source));
    }
    for wrong in [&["file"][..], &["app", "x"], &["app", "x", "70000"], &["file", "x", "1"], &["other", "x"]] {
        assert_eq!(ConfigSource::from_arguments(wrong.iter().map(OsString::from)), None, "{wrong:?}");
    }
}
