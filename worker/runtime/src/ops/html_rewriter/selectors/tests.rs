//! How large and how deep a selector may be.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{MAX_DEPTH, MAX_LENGTH, SelectorFault, parse};

#[test]
fn parts_are_counted_and_depth_is_bounded() {
    assert_eq!(parse("a").unwrap().1, 1);
    assert_eq!(parse("a, b").unwrap().1, 3);
    assert!(parse(&["div"; MAX_DEPTH].join(" ")).is_ok());
    assert!(matches!(parse(&["div"; MAX_DEPTH + 2].join(" ")), Err(SelectorFault::TooDeep)));
    assert!(matches!(parse(&["div"; MAX_DEPTH + 2].join(">")), Err(SelectorFault::TooDeep)));
    assert!(matches!(parse(&":not(".repeat(MAX_DEPTH + 1)), Err(SelectorFault::TooDeep)));
    // A list is not deep.
    assert!(parse(&["div"; MAX_DEPTH * 4].join(", ")).is_ok());
    assert!(matches!(parse(&"a".repeat(MAX_LENGTH + 1)), Err(SelectorFault::TooLong(_))));
}

/// Nothing hides how deep a selector is.
#[test]
fn commas_that_end_nothing_do_not_count() {
    for part in [r#"[a=","] "#, r"[a=','] ", r"a/*,*/ ", r"a\, ", r"a\,>", r#"[a="\","] "#, r"a:not(b,c) ", "a/*/,*/ "]
    {
        let deep = part.repeat(MAX_DEPTH * 2) + "a";
        assert!(matches!(parse(&deep), Err(SelectorFault::TooDeep)), "{part}");
    }
    for part in [r#"[a="x y"], "#, "a b, ", "a:not(b) c,", "a/* c */ b,"] {
        let list = part.repeat(MAX_DEPTH * 2) + "a";
        assert!(parse(&list).is_ok(), "{part}");
    }
}

/// The deepest that there may be is compiled and dropped on less than the stack that is left to natives.
#[test]
fn the_deepest_that_passes_is_compiled() {
    let deepest = [
        [r#"[a=","]"#; MAX_DEPTH].join(" "),
        ["a"; MAX_DEPTH].join(">"),
        format!("{}a{}", ":not(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)),
        format!("{}{}", "[a=x]".repeat(1000), " b".repeat(MAX_DEPTH)),
    ];
    let compile = move || {
        for text in deepest {
            let (selector, _) = parse(&text).unwrap();
            let handlers = lol_html::ElementContentHandlers::default()
                .element(|_: &mut lol_html::html_content::Element<'_, '_>| Ok(()));
            let settings =
                lol_html::Settings::new().append_element_content_handler((std::borrow::Cow::Owned(selector), handlers));
            let mut rewriter = lol_html::HtmlRewriter::new(settings, |_: &[u8]| ());
            rewriter.write(b"<a><a a=','>").unwrap();
            rewriter.end().unwrap();
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(compile).unwrap().join().unwrap();
}

#[test]
fn faults_are_in_workerds_words() {
    let message = |text| parse(text).unwrap_err().to_string();
    assert_eq!(message(""), "Parser error: The selector is empty.");
    assert_eq!(message("a ~ b"), "Parser error: Unsupported combinator `~` in selector.");
}
