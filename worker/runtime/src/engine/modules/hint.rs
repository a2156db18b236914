//! What to do about an app that was written for something else, where its first error says so.

/// Names that are not there, and what is meant by them.
const HINTS: &[(&[&str], &str)] = &[
    (
        &["module", "exports", "require", "__dirname", "__filename"],
        "this is a CommonJS module, and nano's apps are ES modules: write `export default { fetch }` and `import`, or bundle it (npx esbuild FILE --bundle --format=esm --outfile=index.js)",
    ),
    (&["process"], "nano has no `process`: the app's `env` of nano.json is the handler's second argument"),
    (&["Buffer"], "nano has no `Buffer`: Uint8Array, TextEncoder and atob are there"),
];

/// The message of an app that does not load, with what to do where that is known.
pub(crate) fn with_hint(message: String) -> String {
    let error = message.strip_prefix("Uncaught ").unwrap_or(&message);
    let Some(rest) = error.strip_prefix("ReferenceError: ") else { return message };
    let Some((name, _)) = rest.split_once(" is not defined") else { return message };
    match HINTS.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, hint)) => format!("{}\n{hint}", message.trim_end()),
        None => message,
    }
}

#[cfg(test)]
mod tests;
