//! Paths of URLs and of files: decoded once, and encoded in the one spelling under which a file is served.

/// A URL's path, decoded: segment by segment, a segment that is no UTF-8 then stays as it is; several slashes are one.
pub(super) fn decode(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut push = |char| {
        if char != '/' || !decoded.ends_with('/') {
            decoded.push(char);
        }
    };
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            push('/');
        }
        match decode_segment(segment) {
            Some(plain) => plain.chars().for_each(&mut push),
            None => segment.chars().for_each(&mut push),
        }
    }
    decoded
}

/// `None`: it is malformed.
fn decode_segment(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
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
    String::from_utf8(bytes).ok()
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
