//! Tests of `pattern.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// What a greedy expression with backtracking makes of it: `*` is `.*`, `:name` is `[^/]+`.
fn by_trial(pattern: &str, text: &str) -> Option<Vec<String>> {
    let Some(char) = pattern.chars().next() else { return text.is_empty().then(Vec::new) };
    let after = &pattern[char.len_utf8()..];
    let name = if char == ':' { name_at(after) } else { "" };
    let (least, most, behind) = match (char, name) {
        ('*', _) => (0, text.len(), after),
        (_, "") => return by_trial(after, text.strip_prefix(char)?),
        _ => (1, text.find('/').unwrap_or(text.len()), &after[name.len()..]),
    };
    (least..=most).rev().find_map(|end| {
        let mut rest = by_trial(behind, &text[end..])?;
        rest.insert(0, text[..end].to_owned());
        Some(rest)
    })
}

fn values(pattern: &str, text: &str) -> Option<Vec<String>> {
    let pattern = Pattern::parse(pattern, '/').unwrap();
    let mut names = Names::new();
    pattern.matches(text, &mut names)?;
    Some(names.iter().map(|(_, value)| (*value).to_owned()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn names_stand_for_what_a_greedy_expression_finds(
        front in "(/|a|-|b|:x|:y){0,5}", splat in "\\*?", back in "(/|a|-|b|:z|:w){0,5}", text in "[/ab-]{0,12}",
    ) {
        let pattern = format!("/{front}{splat}{back}");
        let text = format!("/{text}");
        prop_assert_eq!(values(&pattern, &text), by_trial(&pattern, &text), "{} {}", pattern, text);
    }
}

#[test]
fn one_splat_and_no_more() {
    for text in ["**", "/*/*", "/*a*", "/:a/**"] {
        assert!(Pattern::parse(text, '/').is_none(), "{text}");
    }
}

#[test]
fn steps_grow_with_the_pattern_and_the_text_and_not_with_their_product() {
    let text = format!("/{}", "-".repeat(4095));
    let names = |count: usize, between: &str| (0..count).map(|at| format!(":n{at}{between}")).collect::<String>();
    for pattern in [
        format!("/{}*", names(400, "-")),
        format!("/*{}", names(400, "-")),
        format!("/*{}x", names(400, "-")),
        format!("/{}", names(600, "")),
        format!("/*{}b", "-".repeat(1900)),
        format!("/:a{}b:c", "-".repeat(1900)),
        format!("/*{}", "/-".repeat(900)),
        format!("/:a{}", "/:b".repeat(600)),
    ] {
        let parsed = Pattern::parse(&pattern, '/').unwrap();
        for text in [text.clone(), "/-".repeat(2048)] {
            let (_, steps) = counted(|| parsed.matches(&text, &mut Names::new()));
            assert!(steps <= 4 * (pattern.len() + text.len()), "{steps} steps: {}", &pattern[..20]);
        }
    }
}

#[test]
fn what_is_too_short_costs_nothing() {
    for pattern in [format!("/*{}b", "-".repeat(1900)), format!("/{}*", "a-:b".repeat(8)), "/:a/:b/:c".to_owned()] {
        let parsed = Pattern::parse(&pattern, '/').unwrap();
        let (found, steps) = counted(|| parsed.matches("/-a-", &mut Names::new()));
        assert_eq!((found, steps), (None, 0), "{}", &pattern[..9]);
    }
}
