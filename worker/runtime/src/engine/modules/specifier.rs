//! Which file an `import` means. Pure: paths and specifiers in, a path or a refusal out.
//!
//! A module's path is relative to the app's directory, `/`-separated, decoded, without `.` and `..`: `lib/router.js`.

use url::Url;

/// Why an import is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "only relative imports are supported: a package is bundled into the app (npx esbuild {1} --bundle --format=esm --outfile=index.js), a file of the app is \"./{0}\""
    )]
    Bare(String, String),
    #[error("modules cannot be imported by URL; copy the file into the app's directory")]
    Url,
    #[error(
        "nano has no Node.js modules; use the web's APIs (fetch, crypto.subtle, TextEncoder, URL, streams), or bundle a package that stands in for it"
    )]
    Node,
    #[error("nano has no modules of {0}; the handler gets its environment as `fetch(request, env, ctx)`")]
    Platform(&'static str),
    #[error(
        "packages are not fetched; bundle it into the app (npx esbuild {0} --bundle --format=esm --outfile=index.js)"
    )]
    Registry(String),
    #[error("an absolute path is not allowed; write it relative to the importing file (\"./…\")")]
    Absolute,
    #[error("it lies outside the app's directory")]
    Outside,
    #[error("it must be the plain path of a file, without query, fragment, backslash or encoded slash")]
    NotAPath,
    #[error("a module's name ends in .js or .mjs (or .json, imported with {{ type: \"json\" }})")]
    Extension,
    #[error("a JSON file must be imported with {{ type: \"json\" }}")]
    JsonWithoutType,
    #[error("only files whose name ends in .json can be imported with {{ type: \"json\" }}")]
    JsonExtension,
    #[error("the import attribute {0} is not supported")]
    Attribute(String),
}

/// How a module's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ModuleKind {
    JavaScript,
    Json,
}

/// The path that `specifier` means in the module `referrer`.
pub(crate) fn resolve(referrer: &str, specifier: &str, kind: ModuleKind) -> Result<String, Refusal> {
    if !(specifier.starts_with("./") || specifier.starts_with("../")) {
        return Err(match specifier {
            _ if specifier.starts_with('/') => Refusal::Absolute,
            _ if is_nodes(specifier) => Refusal::Node,
            _ => match specifier.split_once(':').map(|(scheme, _)| scheme) {
                Some("cloudflare" | "workerd") => Refusal::Platform("Cloudflare's"),
                Some("bun") => Refusal::Platform("Bun's"),
                Some("deno" | "ext") => Refusal::Platform("Deno's"),
                Some("npm" | "jsr") => Refusal::Registry(referrer.into()),
                _ if Url::parse(specifier).is_ok() => Refusal::Url,
                _ => Refusal::Bare(specifier.into(), referrer.into()),
            },
        });
    }
    if specifier.contains(['?', '#', '\\', '\0']) {
        return Err(Refusal::NotAPath);
    }
    let mut parts: Vec<String> = referrer.split('/').map(str::to_owned).collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(Refusal::Outside)?;
            }
            part => parts.push(decode(part).ok_or(Refusal::NotAPath)?),
        }
    }
    let path = parts.join("/");
    check_extension(&path, kind)?;
    Ok(path)
}

/// Modules that Node.js has, which may be written without its scheme.
const NODES: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

fn is_nodes(specifier: &str) -> bool {
    let name = specifier.split('/').next().unwrap_or(specifier);
    specifier.starts_with("node:") || NODES.contains(&name)
}

fn check_extension(path: &str, kind: ModuleKind) -> Result<(), Refusal> {
    let json = path.ends_with(".json");
    match kind {
        ModuleKind::Json if json => Ok(()),
        ModuleKind::Json => Err(Refusal::JsonExtension),
        ModuleKind::JavaScript if json => Err(Refusal::JsonWithoutType),
        ModuleKind::JavaScript if path.ends_with(".js") || path.ends_with(".mjs") => Ok(()),
        ModuleKind::JavaScript => Err(Refusal::Extension),
    }
}

/// Undoes percent-encoding. `None` where the result could not be one name within a path.
fn decode(part: &str) -> Option<String> {
    let mut bytes = part.bytes();
    let mut decoded = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
    }
    let name = String::from_utf8(decoded).ok()?;
    let plain = !name.contains(['/', '\\', '\0']) && name != "." && name != "..";
    plain.then_some(name)
}

/// The URL under which a module of `base` (ends in `/`) is known to scripts and in stacks.
pub(crate) fn url_of(base: &Url, path: &str) -> String {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url.into()
}

/// The path of a module by its URL, as [`url_of`] made it.
pub(crate) fn path_of(base: &Url, url: &str) -> Option<String> {
    let relative = url.strip_prefix(base.as_str())?;
    relative.split('/').map(decode).collect::<Option<Vec<_>>>().map(|parts| parts.join("/"))
}

#[cfg(test)]
mod tests;
