//! The media type of a file, by the end of its name.

use std::path::Path;

mod registered;

/// What is not known is bytes, and no browser is to guess otherwise.
const UNKNOWN: &str = "application/octet-stream";

/// The value of `content-type`.
pub(super) fn of(path: &str) -> String {
    let end = Path::new(path).extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    let kind = match registered::of(&end).or_else(|| mime_guess::from_ext(&end).first_raw()) {
        // RFC 9239.
        Some("application/javascript") => "text/javascript",
        Some(kind) => kind,
        None => UNKNOWN,
    };
    // Texts are UTF-8, as the web has them.
    let text = kind.starts_with("text/") && !kind.contains("charset");
    if text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

#[cfg(test)]
mod tests;
