//! Tests of `module_path.rs`.

use super::*;

#[test]
fn a_directory_is_shown_as_it_is_written() {
    let shown = |text: &str, path: &str, entry: &str| {
        Module { path: path.into(), root: "/r".into(), entry: entry.into(), assets: None }.shown(text)
    };
    for (text, path, entry, expected) in [
        ("apps/shop", "/etc/apps/shop", "index.js", Some("apps/shop/")),
        ("./apps/shop//", "/etc/apps/shop", "index.js", Some("apps/shop/")),
        ("../shop", "/etc/../shop", "index.js", Some("../shop/")),
        ("apps/one.mjs", "/etc/apps/one.mjs", "one.mjs", Some("apps/")),
        ("one.mjs", "/etc/one.mjs", "one.mjs", Some("")),
        (".", "/etc/.", "index.js", Some("")),
        ("./", "/etc/./", "index.js", Some("")),
        ("/srv/shop", "/srv/shop", "index.js", None),
    ] {
        assert_eq!(shown(text, path, entry).as_deref(), expected, "{text}");
    }
}
