//! Makes the text of a builtin ASCII: V8 then takes it where it lies, without a copy of it in each process.

/// The text with a question mark in place of each character of its comments that is not ASCII. An error is the line, from 1, in
/// which such a character stands outside of a comment.
pub(super) fn without_others_in_comments(text: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let comment = comment_of(line).unwrap_or(line.len());
        let (code, comment) = line.split_at(comment);
        if !code.is_ascii() {
            return Err(index + 1);
        }
        out.push_str(code);
        out.extend(comment.chars().map(|c| if c.is_ascii() { c } else { '?' }));
    }
    Ok(out)
}

/// Where the comment of a line begins. Recognized as nano's own files are written: a line of a comment begins with `//`, `/*` or
/// `*`, and what stands before a comment that follows code has all of its quotes closed.
fn comment_of(line: &str) -> Option<usize> {
    let indent = line.len() - line.trim_start().len();
    if ["//", "/*", "*"].iter().any(|start| line[indent..].starts_with(start)) {
        return Some(indent);
    }
    let closed = |code: &str| ['"', '\'', '`'].iter().all(|quote| code.matches(*quote).count() % 2 == 0);
    line.match_indices(" //").map(|(at, _)| at).find(|at| closed(&line[..*at]))
}

#[cfg(test)]
mod tests;
