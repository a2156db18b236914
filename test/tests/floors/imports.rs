//! Which modules of its own crate a Rust file names, in `use` and in expressions.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The first segments of all paths in `text` that begin with `crate` or lead out of `module` by `super`: top-level modules,
/// or names that the crate's root re-exports. `*` stands for everything in the root.
pub(crate) fn imports(text: &str, module: &[String]) -> BTreeSet<String> {
    let tokens: TokenStream = text.parse().expect("a Rust file");
    let mut found = BTreeSet::new();
    walk(tokens, module, &mut found);
    found
}

fn walk(stream: TokenStream, module: &[String], found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            TokenTree::Ident(word) if word == "mod" => {
                if let [TokenTree::Ident(name), TokenTree::Group(body), after @ ..] = rest {
                    let inner: Vec<String> = module.iter().cloned().chain([name.to_string()]).collect();
                    walk(body.stream(), &inner, found);
                    rest = after;
                }
            }
            TokenTree::Ident(word) if word == "crate" || word == "super" => {
                let start = if word == "crate" { Some(Vec::new()) } else { parent(module) };
                if let (Some(start), Some(after)) = (start, after_colons(rest)) {
                    rest = path(after, start, found);
                }
            }
            TokenTree::Group(group) => walk(group.stream(), module, found),
            _ => {}
        }
    }
}

/// Follows a path, or a tree of them, from the module `at`; returns what stands after it.
fn path<'t>(tokens: &'t [TokenTree], at: Vec<String>, found: &mut BTreeSet<String>) -> &'t [TokenTree] {
    let next = match tokens.first() {
        Some(TokenTree::Ident(word)) if word == "super" => parent(&at),
        Some(TokenTree::Ident(word)) if word == "self" => Some(at),
        Some(TokenTree::Ident(word)) => Some(at.into_iter().chain([word.to_string()]).collect()),
        Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
            branches(tree).iter().for_each(|branch| {
                path(branch, at.clone(), found);
            });
            return tokens.get(1..).unwrap_or_default();
        }
        Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
            found.insert(at.first().map_or("*", String::as_str).to_owned());
            return tokens.get(1..).unwrap_or_default();
        }
        _ => return tokens,
    };
    let rest = tokens.get(1..).unwrap_or_default();
    let Some(next) = next else { return rest };
    match after_colons(rest) {
        Some(after) => path(after, next, found),
        None => {
            found.extend(next.first().cloned());
            rest
        }
    }
}

/// The parts of `{a, b::{c, d}}`.
fn branches(tree: &Group) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = tree.stream().into_iter().collect();
    let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    tokens.split(comma).filter(|branch| !branch.is_empty()).map(<[TokenTree]>::to_vec).collect()
}

fn parent(module: &[String]) -> Option<Vec<String>> {
    module.split_last().map(|(_, parent)| parent.to_vec())
}

/// What stands after `::`, if that is next.
fn after_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(one), TokenTree::Punct(two), rest @ ..] if one.as_char() == ':' && two.as_char() == ':' => {
            Some(rest)
        }
        _ => None,
    }
}
