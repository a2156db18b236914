//! Tracks where one request ends and the next begins, in the bytes of a client before hyper reads them.
//!
//! hyper accepts two things that a proxy in front of nano may read in another way, so that it sees other requests than
//! nano: `Content-Length` beside `Transfer-Encoding`, of which hyper drops the former, and lines that end without a
//! carriage return. RFC 9112 lets a server refuse both (§6.3 and §2.2), and they are refused here, before any app is
//! called. hyper must frame what passes as this code does; the fuzz target `request` compares the two.

use memchr::memchr;

/// How much of an incomplete header line is kept: enough for a length.
const KEPT: usize = 64;
/// Most digits of a chunk's size, leading zeros too.
const SIZE_DIGITS: u8 = 20;

/// The position in the stream of a client's requests.
#[derive(Debug)]
pub(crate) struct Framing {
    state: FramingState,
    line: PartialLine,
}

/// What is refused, and how many bytes before it may still be read: whole requests, and the valid part of this one's
/// body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) well: usize,
    pub(crate) part: Part,
}

/// Which part is wrong: it decides who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The head: there is no request.
    Head,
    /// The body: its request is in the service.
    Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FramingState {
    /// Before a request line. Empty lines may come first (§2.2).
    Between { carriage_return: bool },
    /// The request line.
    RequestLine,
    /// Header lines, and the framing that they declare so far.
    Headers { length: Option<u64>, chunked: bool },
    /// A body of known length: the bytes that are left.
    Body(u64),
    /// The size of a chunk.
    Size { value: u64, digits: u8 },
    /// Blanks after it, or an extension: up to the end of the line.
    Extension { size: u64, blanks: bool },
    /// The line feed after a chunk's size.
    SizeEnd(u64),
    /// A chunk: the bytes that are left.
    Chunk(u64),
    /// The line break after a chunk.
    ChunkEnd { carriage_return: bool },
    /// Fields after the last chunk, and the empty line.
    Trailers,
}

/// The start of a line that began in earlier bytes.
#[derive(Debug)]
struct PartialLine {
    start: [u8; KEPT],
    length: usize,
    last: u8,
}

/// What a line of a head means for the framing.
enum Meaning {
    Empty,
    Length(u64),
    Coding,
    Other,
}

impl Default for Framing {
    fn default() -> Self {
        let line = PartialLine { start: [0; KEPT], length: 0, last: 0 };
        Self { state: FramingState::Between { carriage_return: false }, line }
    }
}

impl Framing {
    /// Processes more bytes. Must not be called again after an error.
    ///
    /// # Errors
    /// Something that could be read in two ways, or that hyper would refuse as well.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut at = 0;
        // Where the present head began.
        let mut head = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.state == BETWEEN {
                head = at;
            }
            match self.step(rest) {
                Some(taken) => at += taken,
                None if self.is_in_head() => return Err(Refused { well: head, part: Part::Head }),
                None => return Err(Refused { well: at, part: Part::Body }),
            }
        }
        Ok(())
    }

    fn is_in_head(&self) -> bool {
        matches!(self.state, FramingState::Between { .. } | FramingState::RequestLine | FramingState::Headers { .. })
    }

    /// Consumes at least one byte of `rest`, which is not empty; `None` refuses it.
    fn step(&mut self, rest: &[u8]) -> Option<usize> {
        let first = *rest.first()?;
        let (state, taken) = match self.state {
            FramingState::Between { carriage_return } => match (carriage_return, first) {
                (false, b'\r') => (FramingState::Between { carriage_return: true }, 1),
                (true, b'\n') => (FramingState::Between { carriage_return: false }, 1),
                (false, b'\n') | (true, _) => return None,
                (false, _) => (FramingState::RequestLine, 0),
            },
            FramingState::RequestLine => match self.line.take(rest)? {
                (taken, None) => (FramingState::RequestLine, taken),
                (taken, Some(_)) => (FramingState::Headers { length: None, chunked: false }, taken),
            },
            FramingState::Headers { length, chunked } => {
                let (taken, meaning) = self.line.take(rest)?;
                let state = match (meaning, length) {
                    (Some(Meaning::Empty), _) => after_head(length, chunked),
                    (Some(Meaning::Coding), None) => FramingState::Headers { length, chunked: true },
                    (Some(Meaning::Length(given)), None) if !chunked => {
                        FramingState::Headers { length: Some(given), chunked }
                    }
                    (Some(Meaning::Length(given)), Some(length)) if given == length => self.state,
                    (Some(Meaning::Length(_) | Meaning::Coding), _) => return None,
                    (Some(Meaning::Other) | None, _) => self.state,
                };
                (state, taken)
            }
            FramingState::Body(left) => match left - among(rest, left) {
                0 => (BETWEEN, usize::try_from(left).ok()?),
                left => (FramingState::Body(left), rest.len()),
            },
            FramingState::Size { value, digits } => (size(value, digits, first)?, 1),
            FramingState::Extension { size, blanks } => match first {
                b'\r' => (FramingState::SizeEnd(size), 1),
                b' ' | b'\t' => (self.state, 1),
                b';' => (FramingState::Extension { size, blanks: false }, 1),
                b'\n' => return None,
                _ if blanks => return None,
                _ => (self.state, 1),
            },
            FramingState::SizeEnd(size) => match (first, size) {
                (b'\n', 0) => (FramingState::Trailers, 1),
                (b'\n', size) => (FramingState::Chunk(size), 1),
                _ => return None,
            },
            FramingState::Chunk(left) => match left - among(rest, left) {
                0 => (FramingState::ChunkEnd { carriage_return: false }, usize::try_from(left).ok()?),
                left => (FramingState::Chunk(left), rest.len()),
            },
            FramingState::ChunkEnd { carriage_return } => match (carriage_return, first) {
                (false, b'\r') => (FramingState::ChunkEnd { carriage_return: true }, 1),
                (true, b'\n') => (SIZE, 1),
                _ => return None,
            },
            FramingState::Trailers => match self.line.take(rest)? {
                (taken, Some(Meaning::Empty)) => (BETWEEN, taken),
                (taken, _) => (FramingState::Trailers, taken),
            },
        };
        self.state = state;
        Some(taken)
    }
}

const BETWEEN: FramingState = FramingState::Between { carriage_return: false };
const SIZE: FramingState = FramingState::Size { value: 0, digits: 0 };

fn after_head(length: Option<u64>, chunked: bool) -> FramingState {
    match length {
        _ if chunked => SIZE,
        None | Some(0) => BETWEEN,
        Some(length) => FramingState::Body(length),
    }
}

/// How many of `most` bytes are there.
fn among(rest: &[u8], most: u64) -> u64 {
    most.min(rest.len() as u64)
}

fn size(value: u64, digits: u8, byte: u8) -> Option<FramingState> {
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ if digits == 0 => return None,
        b'\r' => return Some(FramingState::SizeEnd(value)),
        b' ' | b'\t' => return Some(FramingState::Extension { size: value, blanks: true }),
        b';' => return Some(FramingState::Extension { size: value, blanks: false }),
        _ => return None,
    };
    let value = value.checked_mul(16)?.checked_add(digit.into())?;
    (digits < SIZE_DIGITS).then_some(FramingState::Size { value, digits: digits + 1 })
}

impl PartialLine {
    /// Consumes the rest of the line, or all there is of it. Returns the meaning when the line has ended; `None` if it
    /// ended without a carriage return or has a malformed length.
    fn take(&mut self, bytes: &[u8]) -> Option<(usize, Option<Meaning>)> {
        let Some(end) = memchr(b'\n', bytes) else {
            self.keep(bytes);
            return Some((bytes.len(), None));
        };
        let piece = bytes.get(..end)?;
        let meaning = if self.length == 0 {
            let line = piece.strip_suffix(b"\r")?;
            meaning(line, true)
        } else {
            self.keep(piece);
            if self.last != b'\r' {
                return None;
            }
            let length = self.length - 1;
            meaning(self.start.get(..length.min(KEPT))?, length <= KEPT)
        };
        self.length = 0;
        meaning.map(|meaning| (end + 1, Some(meaning)))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.last = *last;
        if let Some(free) = self.start.get_mut(self.length..) {
            let kept = free.len().min(bytes.len());
            if let (Some(free), Some(bytes)) = (free.get_mut(..kept), bytes.get(..kept)) {
                free.copy_from_slice(bytes);
            }
        }
        self.length = self.length.saturating_add(bytes.len());
    }
}

/// `None` for a length that is no number, or not all here.
fn meaning(line: &[u8], whole: bool) -> Option<Meaning> {
    let Some(first) = line.first() else { return Some(Meaning::Empty) };
    // Most lines begin with another letter.
    Some(match first | 0x20 {
        b'c' => match value_of(line, b"content-length:") {
            Some(value) if whole => Meaning::Length(length(value)?),
            Some(_) => return None,
            None => Meaning::Other,
        },
        b't' if value_of(line, b"transfer-encoding:").is_some() => Meaning::Coding,
        _ => Meaning::Other,
    })
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

fn length(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
