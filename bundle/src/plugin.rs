//! Which module an import means: files and packages by the bundler's own resolver, builtins of nano as they are, and
//! everything that leads nowhere collected, so that all of it is told at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nano_protocol::bundle::{BuiltinState, BundleRequest, FileKind};
use rolldown::ModuleType;
use rolldown::plugin::{
    HookLoadArgs, HookLoadOutput, HookLoadReturn, HookResolveIdArgs, HookResolveIdOutput, HookResolveIdReturn,
    HookUsage, Plugin, PluginContext, PluginContextResolveOptions, SharedLoadPluginContext,
};
use rolldown_common::{ImportKind, ResolvedExternal};

use crate::missing::{Missing, Why, builtin};
use crate::resolution::{Found, candidates, kind};

/// Ids of modules that this plugin makes up.
const REQUIRED: &str = "\0nano-required:";
const FAILING: &str = "\0nano-failing:";

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 32 << 20;

#[derive(Debug)]
pub(crate) struct ProjectPlugin {
    request: Arc<BundleRequest>,
    builtins: BTreeMap<String, BuiltinState>,
    found: Arc<Found>,
}

impl ProjectPlugin {
    pub(crate) fn new(request: Arc<BundleRequest>, found: Arc<Found>) -> Self {
        let builtins = request.builtins.iter().map(|each| (each.specifier.clone(), each.state.clone())).collect();
        Self { request, builtins, found }
    }

    /// A module that is no file, as it stands in the bundle.
    fn builtin(&self, args: &HookResolveIdArgs<'_>, specifier: &str) -> Option<HookResolveIdOutput> {
        match builtin(&self.builtins, specifier) {
            Some((name, BuiltinState::Present)) if args.kind == ImportKind::Require => {
                Some(HookResolveIdOutput::from_id(format!("{REQUIRED}{name}")))
            }
            Some((name, BuiltinState::Present)) => Some(external(name)),
            Some((name, state)) => {
                let why = match state {
                    BuiltinState::NeedsFlag(flag) => Why::NeedsFlag(flag.clone()),
                    BuiltinState::Present | BuiltinState::Missing => Why::NoBuiltin,
                };
                Some(self.missing(args, &name, specifier, why))
            }
            None => {
                let scheme = specifier.split_once(':').map(|(scheme, _)| scheme);
                let known = matches!(scheme, Some("node" | "cloudflare" | "workerd" | "bun" | "deno"));
                known.then(|| self.missing(args, specifier, specifier, Why::NoBuiltin))
            }
        }
    }

    /// What stands in for an import that leads nowhere.
    fn missing(&self, args: &HookResolveIdArgs<'_>, id: &str, specifier: &str, why: Why) -> HookResolveIdOutput {
        let importer = args.importer.unwrap_or_default();
        let missing = Missing { specifier: specifier.to_owned(), importer: PathBuf::from(importer), why };
        // Packages ask for what may be missing by `require` within `try`.
        let fails_late = args.kind == ImportKind::Require;
        let message = missing.message(&self.request.root);
        self.found.miss(missing, !fails_late, candidates(Path::new(importer), specifier).into_iter());
        if fails_late {
            return HookResolveIdOutput::from_id(format!("{FAILING}{message}"));
        }
        external(id.to_owned())
    }

    /// A file, if it may be read.
    fn file(&self, args: &HookResolveIdArgs<'_>, resolved: HookResolveIdOutput) -> HookResolveIdOutput {
        let path = Path::new(resolved.id.as_str());
        if !path.is_absolute() {
            return resolved;
        }
        if !path.starts_with(&self.request.root) {
            return self.missing(args, &resolved.id, args.specifier, Why::Outside(path.to_owned()));
        }
        if is_too_large(path) {
            self.found.add(|found| found.looked_at([path.to_owned()].into_iter()));
            return self.missing(args, &resolved.id, args.specifier, Why::TooLarge(MAX_FILE >> 20));
        }
        self.found.add(|found| {
            found.looked_at(resolved.package_json_path.iter().map(PathBuf::from).chain([path.to_owned()]));
        });
        match kind(&self.request, path) {
            Some(FileKind::CompiledWasm) => self.beside(path, "wasm"),
            Some(FileKind::Data) => self.beside(path, "bin"),
            Some(FileKind::Text) | None => resolved,
        }
    }

    /// A file that stays one: the runtime knows what it is by the end of its name.
    fn beside(&self, path: &Path, extension: &str) -> HookResolveIdOutput {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let stem: String = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let plain = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
        let name = format!("{}-{:016x}.{extension}", plain.take(40).collect::<String>(), hasher.finish());
        let specifier = format!("./{name}");
        self.found.add(|found| drop(found.beside.insert(name, path.to_owned())));
        external(specifier)
    }
}

fn is_too_large(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() > MAX_FILE)
}

fn external(id: String) -> HookResolveIdOutput {
    HookResolveIdOutput {
        external: Some(ResolvedExternal::Bool(true)),
        normalize_external_id: Some(false),
        ..HookResolveIdOutput::from_id(id)
    }
}

/// Whether a specifier names a package, and not a file or an export of the importer's own package.
fn is_bare(specifier: &str) -> bool {
    !specifier.starts_with(['.', '/', '#'])
}

impl Plugin for ProjectPlugin {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("nano")
    }

    async fn resolve_id(&self, ctx: &PluginContext, args: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        if args.is_entry || args.importer.is_none() || args.specifier.starts_with('\0') {
            return Ok(None);
        }
        // Of Node.js's names, those with the flag are nano's, as they are wrangler's; the others may be packages.
        let is_plain = !args.specifier.contains(':');
        let aliased = self.request.alias.contains_key(args.specifier);
        let present = matches!(builtin(&self.builtins, args.specifier), Some((_, BuiltinState::Present)));
        if !aliased
            && (present || !is_plain)
            && let Some(output) = self.builtin(args, args.specifier)
        {
            return Ok(Some(output));
        }
        if args.specifier.starts_with("https:") || args.specifier.starts_with("http:") {
            return Ok(Some(self.missing(args, args.specifier, args.specifier, Why::Url)));
        }
        if args.specifier.starts_with("data:") {
            return Ok(None);
        }
        let specifier = args.specifier.strip_suffix("?module").unwrap_or(args.specifier);
        let options = PluginContextResolveOptions { import_kind: args.kind, ..PluginContextResolveOptions::default() };
        let why = match ctx.resolve(specifier, args.importer, Some(options)).await? {
            Ok(resolved) => return Ok(Some(self.file(args, HookResolveIdOutput::from_resolved_id(resolved)))),
            Err(why) => why.to_string(),
        };
        if let Some(output) = self.builtin(args, args.specifier).filter(|_| is_plain) {
            return Ok(Some(output));
        }
        let importer = Path::new(args.importer.unwrap_or_default());
        let installed = || candidates(importer, specifier).iter().any(|path| path.is_dir());
        let why = match is_bare(specifier) {
            true if !installed() => Why::NotInstalled,
            true => Why::NotFound(why),
            false if why.starts_with("Cannot find module") => Why::NotFound(String::new()),
            false => Why::NotFound(why),
        };
        Ok(Some(self.missing(args, specifier, specifier, why)))
    }

    async fn load(&self, _ctx: SharedLoadPluginContext, args: &HookLoadArgs<'_>) -> HookLoadReturn {
        if let Some(name) = args.id.strip_prefix(REQUIRED) {
            // `require()` of it has the module's default export, as that of Node.js has.
            let name = serde_json::to_string(name)?;
            return Ok(Some(code(format!("import it from {name};\nexport {{ it as 'module.exports' }};\n"))));
        }
        if let Some(message) = args.id.strip_prefix(FAILING) {
            let message = serde_json::to_string(message)?;
            return Ok(Some(code(format!(
                "module.exports = null;\nthrow Object.assign(new Error({message}), {{ code: 'MODULE_NOT_FOUND' }});\n"
            ))));
        }
        let path = Path::new(args.id);
        if !path.is_absolute() {
            return Ok(None);
        }
        anyhow::ensure!(!is_too_large(path), "{} is larger than {} MiB", path.display(), MAX_FILE >> 20);
        if kind(&self.request, path) == Some(FileKind::Text) {
            let text = std::fs::read_to_string(path)?;
            return Ok(Some(HookLoadOutput {
                code: text.into(),
                module_type: Some(ModuleType::Text),
                ..HookLoadOutput::default()
            }));
        }
        Ok(None)
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::ResolveId | HookUsage::Load
    }
}

fn code(text: String) -> HookLoadOutput {
    HookLoadOutput { code: text.into(), module_type: Some(ModuleType::Js), ..HookLoadOutput::default() }
}
