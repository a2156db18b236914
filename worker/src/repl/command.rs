//! The commands that are not JavaScript: lines that begin with a dot and a name.

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Help,
    Exit,
    /// Discard the unfinished entry.
    Break,
    /// Evaluate a file's text as an entry.
    Load(&'a str),
    Unknown(&'a str),
}

pub(super) const HELP: &str = "\
.break      drop the entry that was begun (as Ctrl-C does)
.exit       leave (as Ctrl-D does)
.help       this
.load FILE  evaluate a file as if it were typed here

`_` is the last value, `_error` the last exception. `await` works everywhere, `import(\"./file.js\")` from this directory.
Ctrl-C stops what runs.";

/// The command that a line is; `None` for JavaScript (`.5` is a number).
pub(super) fn parse(line: &str) -> Option<Command<'_>> {
    let line = line.trim();
    let command = line.strip_prefix('.')?;
    if !command.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    Some(match (name, rest.trim()) {
        ("help", "") => Command::Help,
        ("exit", "") => Command::Exit,
        ("break", "") => Command::Break,
        ("load", file) => Command::Load(file),
        _ => Command::Unknown(line),
    })
}

#[cfg(test)]
mod tests;
