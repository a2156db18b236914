//! Where the texts of the builtins are.

use super::*;

#[test]
fn only_a_release_build_holds_the_texts() {
    for source in SOURCES {
        let text = (source.text)();
        let embedded = matches!(text, Ok(Cow::Borrowed(_)));
        assert!(text.is_ok() && embedded != cfg!(debug_assertions), "{}: {:?}", source.path, text.err());
    }
}
