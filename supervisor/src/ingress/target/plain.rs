//! Parts of a URL that the URL standard's parser leaves as they are, for certain: a narrow choice of what is common.

/// What stands for itself both in a path and in a query (the percent-encode sets of the URL standard have more).
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[allow(clippy::cast_possible_truncation, reason = "below 256")]
        let this = byte as u8;
        plain[byte] = this.is_ascii_alphanumeric()
            || matches!(this, b'-' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
            || matches!(this, b':' | b'@' | b'/' | b'.');
        byte += 1;
    }
    plain
};

/// Longer ones are parsed.
const LONGEST_LABEL: usize = 63;

/// Whether it is a host name of letters, digits and single hyphens inside, and no address.
pub(super) fn is_host(host: &str) -> bool {
    let mut labels = host.rsplit('.');
    // A last label that begins with a digit may make it an address.
    labels.clone().next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_lowercase()))
        && labels.all(is_label)
}

fn is_label(label: &str) -> bool {
    let label = label.as_bytes();
    let is_end = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    label.len() <= LONGEST_LABEL
        && label.first().is_some_and(is_end)
        && label.last().is_some_and(is_end)
        && label.iter().all(|byte| is_end(byte) || *byte == b'-')
        // The third and fourth character of an internationalized label.
        && label.get(2..4) != Some(b"--")
}

/// Whether it is a path, with a query or without, in which nothing is to be percent-encoded or resolved.
pub(super) fn is_path(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_plain = |byte: u8| PLAIN.get(usize::from(byte)).copied().unwrap_or(false);
    path.starts_with('/')
        // Such a segment may be `.` or `..`.
        && !path.contains("/.")
        && path.bytes().all(is_plain)
        && query.bytes().all(|byte| is_plain(byte) || matches!(byte, b'%' | b'?'))
}

#[cfg(test)]
mod tests;
