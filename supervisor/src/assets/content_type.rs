//! The media type of a file, by the end of its name.

/// What is not known is bytes, and no browser is to guess otherwise.
const UNKNOWN: &str = "application/octet-stream";

/// The value of `content-type`.
pub(super) fn of(path: &str) -> String {
    let kind = match mime_guess::from_path(path).first_raw() {
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
