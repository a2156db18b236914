//! What to do about an app that was written for something else, where its first error says so.

const COMMON_JS: &str = "this is a CommonJS module, and nano's apps are ES modules: write `export default { fetch }` and `import`, or bundle it (npx esbuild FILE --bundle --format=esm --outfile=index.js)";

/// Names that are not there, and what is meant by them.
const HINTS: &[(&[&str], &str)] = &[
    (&["module", "exports", "require", "__dirname", "__filename"], COMMON_JS),
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

/// What to do about a module without a default export, where a statement of it begins as those of CommonJS modules do.
pub(crate) fn for_exports_of(text: &[u8]) -> Option<&'static str> {
    let beginnings: [&[u8]; 4] = [b"module.exports", b"exports.", b"Object.defineProperty(exports", b"__exportStar("];
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_start);
    lines.any(|line| beginnings.iter().any(|beginning| line.starts_with(beginning))).then_some(COMMON_JS)
}

/// Whether a module may add listeners to the global scope.
pub(crate) fn adds_listener(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"addEventListener").is_some()
}

#[cfg(test)]
mod tests;
