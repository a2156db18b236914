//! One bundle: options as those of wrangler's bundler, the build, and what became of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use nano_protocol::bundle::{BUNDLE_ENTRY, Bundle, BundleFault, BundleRequest, MAX_FAULT_TEXT, MAX_FAULTS};
use rolldown::{
    Bundler, BundlerBuilder, BundlerOptions, CodeSplittingMode, CommentsOptions, InputItem, OutputFormat, Platform,
    ResolveOptions, SourceMapPathTransform, SourceMapType, TsConfig,
};
use rolldown_common::Output;
use rolldown_error::{BuildDiagnostic, DiagnosticOptions};

use crate::excerpt::place;
use crate::missing::{faults, shown};
use crate::plugin::ProjectPlugin;
use crate::resolution::Found;

/// Most threads.
const MAX_THREADS: usize = 4;

/// The stack of each: parsers descend into what is nested.
const STACK: usize = 64 << 20;

/// Conditions of a package's `exports`, besides `import`, `require` and `default`; `browser` comes with the platform.
const CONDITIONS: &[&str] = &["workerd", "worker"];

/// Makes the bundle.
pub(crate) fn make(request: BundleRequest) -> anyhow::Result<Bundle> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(threads)
        .thread_stack_size(STACK)
        .build()?;
    let request = Arc::new(request);
    // Not on the main thread, whose stack is as large as whoever started this process has it.
    let thread = std::thread::Builder::new().stack_size(STACK);
    let made = thread.spawn(move || runtime.block_on(build(request)))?;
    made.join().map_err(|_| anyhow::anyhow!("the bundler failed"))?
}

async fn build(request: Arc<BundleRequest>) -> anyhow::Result<Bundle> {
    let found = Arc::new(Found::default());
    let plugin = ProjectPlugin::new(Arc::clone(&request), Arc::clone(&found));
    let builder = BundlerBuilder::default().with_options(options(&request)).with_plugins(vec![Arc::new(plugin)]);
    let mut bundle = Bundle::default();
    let mut bundler = match builder.build() {
        Ok(bundler) => bundler,
        Err(errors) => {
            bundle.errors = errors.iter().map(|each| told(&request, each)).collect();
            return Ok(bundle);
        }
    };
    let built = bundler.generate().await;
    let findings = found.take();
    let missing: Vec<_> = findings.missing.into_iter().collect();
    bundle.errors = faults(&missing, &request.root, &request.shown_from);
    match built {
        Ok(output) if bundle.errors.is_empty() => {
            bundle.warnings.extend(output.warnings.iter().map(|each| told(&request, each)));
            let failing: Vec<_> = findings.failing.into_iter().collect();
            bundle.warnings.extend(faults(&failing, &request.root, &request.shown_from));
            write(&request.out, &output.assets)?;
            for (name, path) in &findings.beside {
                fs::copy(path, request.out.join(name)).with_context(|| path.display().to_string())?;
            }
        }
        Ok(_) => {}
        Err(errors) => bundle.errors.extend(errors.iter().map(|each| told(&request, each))),
    }
    bundle.files = files(&bundler, findings.files.into_iter());
    for faults in [&mut bundle.errors, &mut bundle.warnings] {
        bound(faults);
    }
    Ok(bundle)
}

/// What decided what the bundle is.
fn files(bundler: &Bundler, found: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let watched = bundler.watch_files().iter().map(|path| PathBuf::from(path.as_str())).collect::<Vec<_>>();
    let mut files: Vec<_> = watched.into_iter().filter(|path| path.is_absolute()).chain(found).collect();
    files.sort();
    files.dedup();
    files
}

fn write(out: &Path, assets: &[Output]) -> anyhow::Result<()> {
    for asset in assets {
        let name = asset.filename();
        anyhow::ensure!(!name.contains('/'), "the bundle has a file {name:?}");
        fs::write(out.join(name), asset.content_as_bytes()).with_context(|| name.to_owned())?;
    }
    Ok(())
}

fn options(request: &BundleRequest) -> BundlerOptions {
    let conditions = CONDITIONS.iter().map(|each| (*each).to_owned()).collect();
    let alias = request.alias.iter().map(|(from, to)| (from.clone(), vec![Some(to.clone())])).collect();
    let project = request.project.clone();
    BundlerOptions {
        input: Some(vec![InputItem {
            name: Some("index".to_owned()),
            import: request.entry.to_string_lossy().into_owned(),
        }]),
        cwd: Some(project.clone()),
        platform: Some(Platform::Browser),
        format: Some(OutputFormat::Esm),
        entry_filenames: Some(BUNDLE_ENTRY.to_owned().into()),
        // One module, as wrangler makes it: what is imported dynamically is evaluated when it is.
        code_splitting: Some(CodeSplittingMode::Bool(false)),
        keep_names: Some(true),
        comments: Some(CommentsOptions { legal: false, annotation: true, jsdoc: false }),
        sourcemap: Some(SourceMapType::File),
        // Sources are named by their paths: the bundle lies elsewhere.
        sourcemap_exclude_sources: Some(true),
        sourcemap_path_transform: Some(SourceMapPathTransform::new(Arc::new(move |source, map| {
            let directory = Path::new(map).parent().unwrap_or_else(|| Path::new("/"));
            let path = plain(&directory.join(source));
            Box::pin(async move { Ok(path.display().to_string()) })
        }))),
        define: Some(request.define.iter().map(|(name, to)| (name.clone(), to.clone())).collect()),
        resolve: Some(ResolveOptions {
            condition_names: Some(conditions),
            alias: Some(alias),
            ..ResolveOptions::default()
        }),
        tsconfig: Some(request.tsconfig.clone().map_or(TsConfig::Auto(true), TsConfig::Manual)),
        dir: Some(request.out.to_string_lossy().into_owned()),
        ..BundlerOptions::default()
    }
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            std::path::Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// What the bundler says.
fn told(request: &BundleRequest, said: &BuildDiagnostic) -> BundleFault {
    let options = DiagnosticOptions { cwd: request.shown_from.clone() };
    let message = said.to_message_with(&options);
    let diagnostic = said.to_diagnostic_with(&options);
    let at = diagnostic.get_primary_location().and_then(|(file, line, column, _)| {
        // Some say the path from the project's directory.
        let paths = [request.shown_from.join(&file), request.project.join(&file)];
        let (path, text) = paths.into_iter().find_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)))?;
        let start = text.match_indices('\n').map(|(at, _)| at + 1).nth(line.checked_sub(2).unwrap_or(usize::MAX));
        let start = if line == 1 { 0 } else { start? };
        let rest = text.get(start..)?;
        // Columns are counted in units of UTF-16.
        let mut units = 0;
        let before = rest.chars().take_while(|c| {
            units += c.len_utf16();
            units <= column
        });
        let offset = start + before.map(char::len_utf8).sum::<usize>();
        Some(place(shown(&path, &request.shown_from), &text, offset))
    });
    match at {
        Some(place) => BundleFault { message, place: Some(place) },
        None => BundleFault { message: diagnostic.convert_to_string(false), place: None },
    }
}

/// So many, and so long.
fn bound(faults: &mut Vec<BundleFault>) {
    let more = faults.len().saturating_sub(MAX_FAULTS);
    faults.truncate(MAX_FAULTS);
    for fault in faults.iter_mut() {
        let end = (0..=MAX_FAULT_TEXT.min(fault.message.len())).rev().find(|at| fault.message.is_char_boundary(*at));
        fault.message.truncate(end.unwrap_or(0));
    }
    if more > 0
        && let Some(last) = faults.last_mut()
    {
        last.message.push_str(&format!("\nand {more} more"));
    }
}
