//! Tests of `options.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn parse(arguments: &[&str]) -> Result<(RunOptions, usize), String> {
    let mut arguments = arguments.iter().map(OsString::from);
    let options = RunOptions::parse(&mut arguments)?;
    Ok((options, arguments.count()))
}

#[test]
fn a_script_alone_has_the_defaults() {
    let (options, rest) = parse(&["a.js", "--expose-gc", "b"]).unwrap();
    let flags = CompatibilityFlags::default();
    let expected =
        RunOptions { expose_gc: false, stream_budget: StreamBudget::default(), flags, script: "a.js".into() };
    assert_eq!((options, rest), (expected, 2));
}

#[test]
fn limits_keep_their_text() {
    let (options, _) = parse(&["--max-buffer-size-mb", "0.5", "--max-total-buffer-mb", "2", "a.js"]).unwrap();
    let budget = options.stream_budget;
    assert_eq!((budget.max_stream_bytes, budget.max_stream_text.as_str()), (1 << 19, "0.5"));
    assert_eq!((budget.max_total_bytes, budget.max_total_text.as_str()), (2 << 20, "2"));
}

#[test]
fn nonsense_is_refused() {
    for arguments in
        [&[][..], &["--fast", "a.js"], &["--max-buffer-size-mb", "much", "a.js"], &["--max-total-buffer-mb"]]
    {
        parse(arguments).unwrap_err();
    }
}
