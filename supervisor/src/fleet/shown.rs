//! The names of an app's scripts in stacks and messages: `path` as it is configured, so that an editor can open them.
//! Where `path` is absolute, the app itself sees a URL that reveals nothing of the machine, and operators see the path
//! in its place.

use std::path::Path;

use nano_config::AppConfig;
use nano_protocol::limits::MAX_MODULE_PATH;

/// What an app sees instead of an absolute path.
const NEUTRAL: &str = "file:///app/";

/// Most locations that are replaced in one text: a stack has ten, and a line must not grow without bound.
const MAX_LOCATIONS: usize = 64;

/// The prefix of script names, for the app.
pub(super) fn for_app(app: &AppConfig) -> String {
    let shown = app.shown.as_ref().filter(|shown| shown.len() <= MAX_MODULE_PATH / 2);
    shown.map_or_else(|| NEUTRAL.to_owned(), Clone::clone)
}

/// The prefix of script names, for operators.
pub(super) fn for_operators(app: &AppConfig) -> String {
    if let Some(shown) = &app.shown {
        return shown.clone();
    }
    let is_file = app.path.file_name().is_some_and(|name| name == app.entry.as_str());
    let directory = if is_file { app.path.parent().unwrap_or_else(|| Path::new("/")) } else { &app.path };
    format!("{}/", directory.display().to_string().trim_end_matches('/'))
}

/// A text of an app or of V8, for operators: locations of the app's scripts, `file:///app/index.js:1:2`, get their
/// paths. Such URLs without a line number stay as they are.
pub(super) fn with_paths(app: &AppConfig, text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let prefix = for_operators(app);
    let mut left = if app.shown.is_some() { 0 } else { MAX_LOCATIONS };
    while left > 0
        && let Some((before, after)) = rest.split_once(NEUTRAL)
    {
        left -= 1;
        result.push_str(before);
        result.push_str(if begins_with_place(after) { &prefix } else { NEUTRAL });
        rest = after;
    }
    result.push_str(rest);
    result
}

/// `index.js:1…`.
fn begins_with_place(text: &str) -> bool {
    let end = text.find([' ', '\n', '\t', '"', '(', ')', ':']).unwrap_or(text.len());
    let (path, line) = text.split_at(end);
    !path.is_empty() && line.strip_prefix(':').is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit()))
}
