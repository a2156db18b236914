//! Paths of URLs and of files: decoded once, and encoded in the one spelling under which a file is served.

/// A URL's path, decoded: segment by segment, a segment that is no UTF-8 then stays as it is; several slashes are one. It ends
/// with the segment that makes it longer than `most` bytes: whoever asks chooses the path, and all apps wait meanwhile.
pub(super) fn decode(path: &str, most: usize) -> String {
    let mut decoded = String::with_capacity(path.len().min(most));
    let mut plain = Vec::new();
    let mut rest = path;
    while !rest.is_empty() && decoded.len() <= most {
        let behind = rest.trim_start_matches('/');
        if behind.len() < rest.len() {
            push(&mut decoded, "/");
        }
        let (segment, behind) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
        push(&mut decoded, decode_segment(segment, &mut plain).unwrap_or(segment));
        rest = behind;
    }
    decoded
}

/// Adds a text, of slashes that follow each other only one.
fn push(decoded: &mut String, text: &str) {
    if !text.contains('/') {
        decoded.push_str(text);
        return;
    }
    for char in text.chars() {
        if char != '/' || !decoded.ends_with('/') {
            decoded.push(char);
        }
    }
}

/// `bytes`: what it is decoded into. `None`: it is malformed.
fn decode_segment<'s>(segment: &'s str, bytes: &'s mut Vec<u8>) -> Option<&'s str> {
    if !segment.contains('%') {
        return Some(segment);
    }
    bytes.clear();
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let [high, low] = digits else { return None };
            bytes.push(value(high)? << 4 | value(low)?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    std::str::from_utf8(bytes).ok()
}

/// What `encodeURIComponent` leaves as it is (ECMA-262 §19.2.6.4), and `/`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()/".contains(&byte)
}

/// The spelling under which a path is served.
pub(super) fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase();
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
