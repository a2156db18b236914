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
        "nano has no {0}; of Cloudflare's modules it has cloudflare:email, cloudflare:node, cloudflare:sockets, cloudflare:workers and cloudflare:workflows"
    )]
    Cloudflare(String),
    #[error(
        "nano has no {0}; docs/node.md names the modules of Node.js that it has. Use the web's APIs, or bundle a package that stands in for it"
    )]
    Node(String),
    #[error("it needs `\"compatibility_flags\": [\"{0}\"]` in the app's entry of nano.json")]
    NeedsFlag(&'static str),
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
    #[error(
        "what a file is says the end of its name: .js, .mjs (modules), .json, .wasm, .txt, .html, .md (text), .bin, .png, .woff (bytes); docs/workers.md has them all"
    )]
    Extension,
    #[error("only files whose name ends in .json can be imported with {{ type: \"json\" }}")]
    JsonExtension,
    #[error("the import attribute {0} is not supported")]
    Attribute(String),
}

/// What a module is. All but code have a default export alone, which is their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ModuleKind {
    JavaScript,
    /// Parsed.
    Json,
    /// A string.
    Text,
    /// An ArrayBuffer.
    Bytes,
    /// A WebAssembly.Module.
    Wasm,
    /// No file: bootstrap.js's `builtInModule` has its exports.
    BuiltIn,
}

impl ModuleKind {
    /// What the file at `path` is, by its name: as wrangler's default rules have it, and as projects' own rules do.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.')?.1 {
            "js" | "mjs" => Some(Self::JavaScript),
            "json" => Some(Self::Json),
            "txt" | "html" | "sql" | "css" | "csv" | "graphql" | "gql" | "hbs" | "md" | "svg" | "xml" | "yaml"
            | "yml" => Some(Self::Text),
            "bin" | "avif" | "dat" | "gif" | "ico" | "jpeg" | "jpg" | "otf" | "pdf" | "png" | "ttf" | "webp"
            | "woff" | "woff2" => Some(Self::Bytes),
            "wasm" => Some(Self::Wasm),
            _ => None,
        }
    }
}

/// Modules that are no files of the app.
pub(crate) const BUILT_IN: &[&str] = &["cloudflare:workers"];

/// What is written behind the name of a WebAssembly file for tools that would run it otherwise. It means nothing more here.
const WASM_MODULE: &str = ".wasm?module";

/// The module that `specifier` means in the module `referrer`: its path, and what it is. `typed`: with `{ type: "json" }`.
pub(crate) fn resolve(referrer: &str, specifier: &str, typed: bool) -> Result<(String, ModuleKind), Refusal> {
    if BUILT_IN.contains(&specifier) && !typed {
        return Ok((specifier.into(), ModuleKind::BuiltIn));
    }
    let specifier = match specifier.strip_suffix(WASM_MODULE) {
        Some(_) => specifier.trim_end_matches("?module"),
        None => specifier,
    };
    if !(specifier.starts_with("./") || specifier.starts_with("../")) {
        return Err(match specifier {
            _ if specifier.starts_with('/') => Refusal::Absolute,
            _ if is_nodes(specifier) => Refusal::Node(specifier.into()),
            _ => match specifier.split_once(':').map(|(scheme, _)| scheme) {
                Some("cloudflare" | "workerd") => Refusal::Cloudflare(specifier.into()),
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
    match ModuleKind::of_path(&path) {
        Some(kind) if !typed || kind == ModuleKind::Json => Ok((path, kind)),
        Some(_) => Err(Refusal::JsonExtension),
        None => Err(Refusal::Extension),
    }
}

/// Modules that Node.js has, which may be written without its scheme.
pub(crate) const NODES: &[&str] = &[
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
