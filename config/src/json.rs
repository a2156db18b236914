//! A JSON reader (RFC 8259) that keeps the byte span of every key and value, so that a fault can be shown where it is.
//!
//! Strict: no comments, no trailing commas, no lone surrogates. Depth is bounded, so recursion is too. Duplicate keys
//! are kept as members; [`crate::validate`] reports them. Numbers stay text: their spelling shows up in messages.

pub(crate) mod lines;
pub(crate) mod number;

/// Deepest nesting of lists and objects. `nano.json` needs four.
pub(crate) const MAX_DEPTH: usize = 64;

/// Byte offsets into the text, `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value and its span. No `Debug`: values may be secrets.
#[derive(Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// The key with its quotes.
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// The first place where the text is not JSON. The message never quotes what a string holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: usize,
    pub(crate) message: String,
    /// Where the bracket or quote was opened that is not closed.
    pub(crate) opened: Option<usize>,
}

/// Reads one value and nothing after it.
pub(crate) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, depth: 0 };
    parser.skip_space();
    let node = parser.value()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(node),
        Some(b'/' | b'#') => Err(parser.no_comments()),
        Some(_) => Err(parser.fault("expected the end of the file after the value")),
    }
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { at: self.at, message: message.into(), opened: None }
    }

    fn no_comments(&self) -> SyntaxError {
        self.fault("comments are not allowed in JSON")
    }

    fn unclosed(&self, what: &str, opened: usize) -> SyntaxError {
        SyntaxError { at: self.at, message: format!("the file ends before {what} is closed"), opened: Some(opened) }
    }

    fn value(&mut self) -> Result<Node, SyntaxError> {
        let start = self.at;
        let value = match self.peek() {
            None => return Err(self.fault("the file ends where a value was expected")),
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(byte) if byte.is_ascii_alphabetic() => self.literal()?,
            Some(b'\'') => return Err(self.fault("strings are written in double quotes")),
            Some(b'/' | b'#') => return Err(self.no_comments()),
            Some(b'+' | b'.') => return Err(self.fault("a number starts with a digit or `-`")),
            Some(b',' | b']' | b'}' | b':') => return Err(self.fault("a value is missing here")),
            Some(_) => return Err(self.fault("expected a value")),
        };
        Ok(Node { span: Span { start, end: self.at }, value })
    }

    fn enter(&mut self) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    fn array(&mut self) -> Result<Value, SyntaxError> {
        let opened = self.at;
        self.enter()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.leave();
            return Ok(Value::Array(items));
        }
        loop {
            if self.peek().is_none() {
                return Err(self.unclosed("this list", opened));
            }
            items.push(self.value()?);
            if self.end_of_item(b']', "this list", opened)? {
                self.leave();
                return Ok(Value::Array(items));
            }
        }
    }

    fn object(&mut self) -> Result<Value, SyntaxError> {
        let opened = self.at;
        self.enter()?;
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.leave();
            return Ok(Value::Object(members));
        }
        loop {
            members.push(self.member(opened)?);
            if self.end_of_item(b'}', "this object", opened)? {
                self.leave();
                return Ok(Value::Object(members));
            }
        }
    }

    fn member(&mut self, opened: usize) -> Result<Member, SyntaxError> {
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.unclosed("this object", opened)),
            Some(b'/' | b'#') => return Err(self.no_comments()),
            Some(_) => return Err(self.fault("expected a key in double quotes")),
        }
        let start = self.at;
        let key = self.string()?;
        let key_span = Span { start, end: self.at };
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            None => return Err(self.unclosed("this object", opened)),
            Some(_) => return Err(self.fault("expected `:` after the key")),
        }
        self.skip_space();
        if self.peek().is_none() {
            return Err(self.unclosed("this object", opened));
        }
        let value = self.value()?;
        Ok(Member { key, key_span, value })
    }

    /// After an item: true at the closing bracket (not yet consumed), false after a comma.
    fn end_of_item(&mut self, close: u8, what: &str, opened: usize) -> Result<bool, SyntaxError> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == close => Ok(true),
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_space();
                if self.peek() == Some(close) {
                    self.at = comma;
                    return Err(self.fault(format!("a comma before the closing `{}`", char::from(close))));
                }
                Ok(false)
            }
            None => Err(self.unclosed(what, opened)),
            Some(b'/' | b'#') => Err(self.no_comments()),
            Some(_) => Err(self.fault(format!("expected `,` or `{}` here", char::from(close)))),
        }
    }

    fn literal(&mut self) -> Result<Value, SyntaxError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let value = match rest.get(..length) {
            Some(b"true") => Value::Bool(true),
            Some(b"false") => Value::Bool(false),
            Some(b"null") => Value::Null,
            _ => return Err(self.fault("expected a value: a bare word is neither `true`, `false` nor `null`")),
        };
        self.at += length;
        Ok(value)
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.fault("expected a digit in this number"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') && matches!(self.bytes.get(self.at + 1), Some(b'0'..=b'9')) {
            return Err(self.fault("a number does not start with 0"));
        }
        self.digits()?;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if matches!(self.peek(), Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.') {
            return Err(self.fault("expected the number to end here"));
        }
        Ok(Value::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let opened = self.at;
        self.at += 1;
        let mut out = String::new();
        let mut run = self.at;
        loop {
            match self.peek() {
                None => return Err(self.unclosed("this string", opened)),
                Some(b'"') => {
                    out.push_str(self.text.get(run..self.at).unwrap_or_default());
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(self.text.get(run..self.at).unwrap_or_default());
                    out.push(self.escape()?);
                    run = self.at;
                }
                Some(b'\n' | b'\r') => {
                    self.at = opened;
                    return Err(self.fault("this string is not closed on its line"));
                }
                Some(byte) if byte < 0x20 => {
                    return Err(self.fault(format!("a control character in a string is written `\\u{byte:04x}`")));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let plain = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fault("no such escape: after `\\` comes one of `\" \\ / b f n r t u`")),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, SyntaxError> {
        let first = self.hex4(self.at)?;
        let (code, length) = match first {
            0xD800..=0xDBFF if self.bytes.get(self.at + 6..self.at + 8) == Some(b"\\u") => {
                match self.hex4(self.at + 6)? {
                    second @ 0xDC00..=0xDFFF => (0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12),
                    _ => (first, 6),
                }
            }
            _ => (first, 6),
        };
        let found = char::from_u32(code).ok_or_else(|| self.fault("half of a surrogate pair is not a character"))?;
        self.at += length;
        Ok(found)
    }

    /// The four hex digits of the `\uXXXX` at `at`.
    fn hex4(&self, at: usize) -> Result<u32, SyntaxError> {
        self.bytes
            .get(at + 2..at + 6)
            .and_then(|digits| {
                digits.iter().try_fold(0, |code, &byte| Some((code << 4) | char::from(byte).to_digit(16)?))
            })
            .ok_or_else(|| SyntaxError { at, message: "`\\u` is followed by four hex digits".to_owned(), opened: None })
    }
}

#[cfg(test)]
mod tests;
