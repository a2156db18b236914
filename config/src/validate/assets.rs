//! `assets` of an app.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::address::Fault;
use crate::assets::{
    AssetsConfig, BINDING, HtmlHandling, MAX_BINDING, MAX_PATTERNS, NotFound, PathPattern, WorkerFirst,
};
use crate::error::{quote, quote_path};
use crate::json::{Node, Value};
use crate::schema;
use crate::suggest;
use crate::validate::read::Object;
use crate::validate::report::{KeyPath, Report};

/// A directory of assets: where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetsPlace {
    /// See [`AssetsConfig::path`].
    pub path: PathBuf,
    /// See [`AssetsConfig::root`].
    pub root: PathBuf,
}

/// Reads the object; `find` looks up its directory. `None`: there is none, or it has faults.
pub(crate) fn read(
    report: &mut Report<'_>,
    app: &Object<'_>,
    (has_module, is_taken): (bool, impl Fn(&str) -> bool),
    find: impl FnOnce(&str) -> Result<AssetsPlace, Fault>,
) -> Option<AssetsConfig> {
    let (node, path) = app.node(&schema::ASSETS)?;
    let expected = "expected an object such as {\"directory\": \"public\"}";
    let object = Object::open(report, node, path, &schema::ASSETS_LEVEL, expected)?;
    let not_found = object.choice(report, &schema::ASSETS_NOT_FOUND);
    let html_handling = object.choice(report, &schema::ASSETS_HTML_HANDLING);
    let run_worker_first = worker_first(report, &object, has_module);
    let binding = binding(report, &object, has_module, is_taken);
    if object.node(&schema::ASSETS_DIRECTORY).is_none() {
        report.fault(object.span, &object.path, "`directory` is missing: where the files are", None);
        return None;
    }
    let (text, node, path) = object.text(report, &schema::ASSETS_DIRECTORY)?;
    let location = report.location(object.key_span(&schema::ASSETS_DIRECTORY).unwrap_or(node.span).start);
    match find(text) {
        Ok(AssetsPlace { path, root }) => Some(AssetsConfig {
            path,
            root,
            not_found: NotFound::from_word(not_found.unwrap_or_default()),
            html_handling: HtmlHandling::from_word(html_handling.unwrap_or_default()),
            run_worker_first: run_worker_first?,
            binding: binding?,
            location,
        }),
        Err((message, suggestion)) => {
            report.fault(node.span, &path, message, suggestion);
            None
        }
    }
}

fn worker_first(report: &mut Report<'_>, assets: &Object<'_>, has_module: bool) -> Option<WorkerFirst> {
    let Some((node, path)) = assets.node(&schema::ASSETS_RUN_WORKER_FIRST) else { return Some(WorkerFirst::Never) };
    let rules = match &node.value {
        Value::Bool(false) => return Some(WorkerFirst::Never),
        Value::Bool(true) => WorkerFirst::Always,
        Value::Array(items) => patterns(report, node, items, &path)?,
        _ => {
            report.wrong_type(node, &path, &schema::ASSETS_RUN_WORKER_FIRST, None);
            return None;
        }
    };
    if !has_module {
        let message = "the app has no worker that could run first: it has no `path`";
        report.fault(node.span, &path, message, None);
    }
    Some(rules)
}

fn binding(
    report: &mut Report<'_>,
    assets: &Object<'_>,
    has_module: bool,
    is_taken: impl Fn(&str) -> bool,
) -> Option<String> {
    if assets.node(&schema::ASSETS_BINDING).is_none() {
        return Some(BINDING.to_owned());
    }
    let (name, node, path) = assets.text(report, &schema::ASSETS_BINDING)?;
    let wrong = if !has_module {
        "the app has no worker that could use it: it has no `path`".to_owned()
    } else if name.is_empty() || name.len() > MAX_BINDING {
        format!("a name has 1 to {MAX_BINDING} bytes")
    } else if is_taken(name) {
        format!("`env` has the key \"{}\" already", quote(name))
    } else {
        return Some(name.to_owned());
    };
    report.fault(node.span, &path, wrong, None);
    None
}

fn patterns(report: &mut Report<'_>, node: &Node, items: &[Node], path: &KeyPath) -> Option<WorkerFirst> {
    let (mut patterns, mut except) = (Vec::new(), Vec::new());
    let mut sound = true;
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Value::String(text) = &item.value else {
            report.wrong_type_of(item, &path, "a pattern such as \"/api/*\"", None);
            sound = false;
            continue;
        };
        let (list, written) = match text.strip_prefix('!') {
            Some(rest) => (&mut except, rest),
            None => (&mut patterns, text.as_str()),
        };
        match PathPattern::parse(written) {
            Ok(pattern) if !list.contains(&pattern) => list.push(pattern),
            Ok(_) => {
                report.fault(item.span, &path, format!("duplicate pattern \"{}\"", quote(text)), None);
                sound = false;
            }
            Err(message) => {
                report.fault(item.span, &path, format!("{message}, found \"{}\"", quote(text)), None);
                sound = false;
            }
        }
    }
    if items.len() > MAX_PATTERNS {
        report.fault(node.span, path, format!("at most {MAX_PATTERNS} patterns, found {}", items.len()), None);
        sound = false;
    }
    if sound && patterns.is_empty() {
        let suggestion = (!except.is_empty()).then(|| "add \"/*\" before the exceptions".to_owned());
        report.fault(node.span, path, "there must be at least one pattern without `!`", suggestion);
        sound = false;
    }
    sound.then_some(WorkerFirst::Paths { patterns, except })
}

/// Looks beside the config file, then in the working directory; the first path where anything exists counts.
pub(crate) fn resolve(text: &str, directory: &Path, cwd: &Path) -> Result<AssetsPlace, Fault> {
    if text.is_empty() {
        return Err(("the path must not be empty".to_owned(), None));
    }
    if text.contains('\0') {
        return Err(("a path must not hold a NUL character".to_owned(), None));
    }
    let (beside, within) = (directory.join(text), cwd.join(text));
    for path in [&beside, &within] {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let root = path
                    .canonicalize()
                    .map_err(|error| (format!("{} cannot be read: {error}", quote_path(path)), None))?;
                if root.parent().is_none() {
                    return Err(("the root of the file system is no directory of assets".to_owned(), None));
                }
                return Ok(AssetsPlace { path: path.clone(), root });
            }
            Ok(_) => return Err((format!("{} is not a directory", quote_path(path)), None)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err((format!("{} cannot be read: {error}", quote_path(path)), None)),
        }
    }
    let near = ["public", "dist", "build/client", "static"].into_iter();
    let near =
        suggest::nearest(text, near.filter(|near| directory.join(near).is_dir()).collect::<Vec<_>>().into_iter());
    let suggestion = near.map(|near| format!("did you mean \"{near}\"?"));
    let message = if beside == within {
        format!("there is no {}", quote_path(&beside))
    } else {
        format!("there is neither {} nor {}", quote_path(&beside), quote_path(&within))
    };
    Err((message, suggestion))
}
