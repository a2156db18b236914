//! Tests of imports that lead nowhere.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn packages_have_scopes_and_paths() {
    for (specifier, package) in
        [("hono", "hono"), ("hono/jsx", "hono"), ("@a/b", "@a/b"), ("@a/b/c/d", "@a/b"), ("@a", "@a")]
    {
        assert_eq!(package_of(specifier), package);
    }
}

#[test]
fn builtins_are_found_without_their_scheme() {
    let all = BTreeMap::from([("node:fs".to_owned(), BuiltinState::Present)]);
    assert_eq!(builtin(&all, "fs"), Some(("node:fs".to_owned(), &BuiltinState::Present)));
    assert_eq!(builtin(&all, "node:fs"), Some(("node:fs".to_owned(), &BuiltinState::Present)));
    assert_eq!(builtin(&all, "node:vm"), None);
    assert_eq!(builtin(&all, "fs/"), None);
}

#[test]
fn what_is_missing_says_what_to_do() {
    let root = Path::new("/p");
    let message = |specifier: &str, why| {
        Missing { specifier: specifier.to_owned(), importer: PathBuf::from("/p/a.ts"), why }.message(root)
    };
    let told = message("hono/jsx", Why::NotInstalled);
    assert_eq!(told, "Cannot import \"hono/jsx\": the package is not installed: npm install hono");
    assert!(message("node:fs", Why::NeedsFlag("nodejs_compat".to_owned())).contains("\"nodejs_compat\""));
    assert!(message("x", Why::Outside(PathBuf::from("/q/x"))).contains("/q/x, outside of /p"));
}
