//! Takes the bytes of a `multipart/form-data` body apart. Without V8, so that it can be fuzzed alone (`test/fuzz/`).

/// One part, in the order of the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    /// The part's Content-Type as it was sent.
    pub(super) content_type: Option<String>,
    pub(super) content: &'a [u8],
}

/// The parts; `None` where the body is malformed or ends too early.
pub(super) fn parse<'a>(mut rest: &'a [u8], boundary: &[u8]) -> Option<Vec<Part<'a>>> {
    let delimiter = [b"\r\n--", boundary].concat();
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        rest = after;
    }
    // The first delimiter has no line break before it.
    rest = rest.strip_prefix(delimiter.get(2..)?)?;
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = trim_start(rest).strip_prefix(b"\r\n")?;
        let (mut name, mut filename, mut content_type) = (None, None, None);
        loop {
            let end = find(rest, b"\r\n")?;
            let line = rest.get(..end)?;
            rest = rest.get(end + 2..)?;
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':')?;
            let value = trim(line.get(colon + 1..)?);
            match line.get(..colon)?.to_ascii_lowercase().as_slice() {
                b"content-disposition" => (name, filename) = disposition(value)?,
                b"content-type" => content_type = Some(String::from_utf8_lossy(value).into_owned()),
                _ => {}
            }
        }
        let end = find(rest, &delimiter)?;
        parts.push(Part { name: name?, filename, content_type, content: rest.get(..end)? });
        rest = rest.get(end + delimiter.len()..)?;
    }
}

/// Name and file name of `form-data; name="a"; filename="b"`.
fn disposition(value: &[u8]) -> Option<(Option<String>, Option<String>)> {
    let (kind, mut rest) = value.split_at(value.iter().position(|byte| *byte == b';').unwrap_or(value.len()));
    if !trim(kind).eq_ignore_ascii_case(b"form-data") {
        return None;
    }
    let (mut name, mut filename) = (None, None);
    while let Some(after) = rest.strip_prefix(b";") {
        let after = trim_start(after);
        let equals = after.iter().position(|byte| *byte == b'=')?;
        let key = after.get(..equals)?;
        let (text, left) = parameter(after.get(equals + 1..)?)?;
        if key.eq_ignore_ascii_case(b"name") {
            name = Some(text);
        } else if key.eq_ignore_ascii_case(b"filename") {
            filename = Some(text);
        }
        rest = trim_start(left);
    }
    rest.is_empty().then_some((name, filename))
}

/// A parameter's value, and what follows it. Quotes and line breaks come as `%22`, `%0D` and `%0A`; a backslash is one, as
/// HTML's encoding has it ("multipart/form-data encoding algorithm"), also before the closing quote. Only before a quote that
/// cannot be the closing one it is what older versions of curl put there.
fn parameter(text: &[u8]) -> Option<(String, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((String::from_utf8_lossy(trim(value)).into_owned(), rest));
    };
    let mut value = Vec::new();
    let mut rest = quoted;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some((String::from_utf8_lossy(&value).into_owned(), after)),
            [b'\\', b'"', after @ ..] if !matches!(trim_start(after).first(), None | Some(b';')) => {
                value.push(b'"');
                after
            }
            [b'%', b'2', b'2', after @ ..] => {
                value.push(b'"');
                after
            }
            [b'%', b'0', b'A' | b'a', after @ ..] => {
                value.push(b'\n');
                after
            }
            [b'%', b'0', b'D' | b'd', after @ ..] => {
                value.push(b'\r');
                after
            }
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
            [] => return None,
        };
    }
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

fn trim(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    trim_start(text.get(..end).unwrap_or_default())
}

/// Where `needle`, which begins with a rare byte, is first.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let rest = haystack.get(from..)?;
        let at = rest.iter().position(|byte| *byte == first)?;
        if rest.get(at..)?.starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
}

#[cfg(test)]
mod tests;
