//! Tests of the list of builtins.

use super::*;

#[test]
fn listed_modules_survive_as_lines() {
    let listed = |specifier: &str, flags: &[&str], missing| ListedModule {
        specifier: specifier.to_owned(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        missing,
    };
    for module in [
        listed("cloudflare:workers", &[], false),
        listed("node:async_hooks", &["nodejs_compat", "nodejs_als"], false),
        listed("node:repl", &[], true),
    ] {
        assert_eq!(ListedModule::from_line(&module.line()), Some(module));
    }
    assert_eq!(ListedModule::from_line(" "), None);
}

#[test]
fn flags_decide_what_an_app_may_import() {
    let state = |line: &str, flags: &[&str]| ListedModule::from_line(line).map(|module| module.for_app(flags).state);
    assert_eq!(state("node:async_hooks nodejs_compat nodejs_als", &["nodejs_als"]), Some(BuiltinState::Present));
    assert_eq!(state("node:fs nodejs_compat", &[]), Some(BuiltinState::NeedsFlag("nodejs_compat".to_owned())));
    assert_eq!(state("node:repl -", &["nodejs_compat"]), Some(BuiltinState::Missing));
    assert_eq!(state("cloudflare:workers", &[]), Some(BuiltinState::Present));
}
