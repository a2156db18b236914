//! From the bytes of one peer to messages: frames are taken apart, messages put together and checked.
//!
//! Whatever a peer sends, a step costs no more than the bytes that it was given, and memory only for a message's payload,
//! which is bounded: empty fragments and control frames leave nothing behind.

use super::close_code::{CloseReason, parse_close};
use super::deflate::Coders;
use super::frame::{Head, MAX_HEAD, Malformed, Opcode, mask};

/// What a peer did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// It will send nothing more. Without a code: 1005.
    Close(CloseReason),
}

/// Why a connection cannot go on (§7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Protocol(&'static str),
    /// A text is not UTF-8.
    NotText,
    /// A message is over the limit.
    TooLarge,
    /// The app has no memory for it.
    NoMemory,
}

impl Fault {
    /// The code of the Close frame that says so.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::NotText => 1007,
            Self::TooLarge | Self::NoMemory => 1009,
        }
    }

    /// The same in words.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Protocol(what) => what,
            Self::NotText => "a text is not UTF-8",
            Self::TooLarge => "a message is too large (max_buffer_size_mb)",
            Self::NoMemory => "there is no memory for a message (memory_mb)",
        }
    }
}

impl From<Malformed> for Fault {
    fn from(Malformed(what): Malformed) -> Self {
        Self::Protocol(what)
    }
}

/// A message that was begun: which one it is, and how much of it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfinished {
    number: u64,
    bytes: u64,
}

impl Unfinished {
    /// Whether this is the message of `before`, and less than `least` bytes came since.
    pub(crate) fn is_slow(self, before: Self, least: u64) -> bool {
        self.number == before.number && self.bytes.saturating_sub(before.bytes) < least
    }
}

/// Asks for memory.
pub(crate) struct Memory<'a>(pub(crate) &'a mut dyn FnMut(usize) -> bool);

impl Memory<'_> {
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        if (self.0)(bytes) { Ok(()) } else { Err(Fault::NoMemory) }
    }
}

/// The receiving side of a connection.
pub(crate) struct Receiver {
    /// The peer is a client, which masks what it sends.
    from_client: bool,
    /// Messages may be compressed.
    deflate: bool,
    most: usize,
    /// Bytes that were not looked at; those before `at` were.
    input: Vec<u8>,
    at: usize,
    /// The frame whose payload comes: its head, and how much of the payload came.
    frame: Option<(Head, u64)>,
    /// The message that comes: what its first frame is, and whether it is compressed.
    message: Option<(Opcode, bool)>,
    payload: Vec<u8>,
    /// How much of a text's payload is known to be UTF-8.
    valid: usize,
    control: Vec<u8>,
    /// Messages that are whole.
    finished: u64,
    /// Bytes that came of the one that is not.
    came: u64,
}

impl Receiver {
    /// `most`: bytes of a message.
    pub(crate) fn new(from_client: bool, deflate: bool, most: usize) -> Self {
        Self {
            from_client,
            deflate,
            most,
            input: Vec::new(),
            at: 0,
            frame: None,
            message: None,
            payload: Vec::new(),
            valid: 0,
            control: Vec::new(),
            finished: 0,
            came: 0,
        }
    }

    /// The message that was begun and did not come whole. What was fed of it and not looked at does not count yet.
    pub(crate) fn unfinished(&self) -> Option<Unfinished> {
        self.message.map(|_| Unfinished { number: self.finished, bytes: self.came })
    }

    /// More bytes came. To be called when [`Receiver::next`] has nothing more.
    pub(crate) fn feed(&mut self, bytes: Vec<u8>) {
        if self.at >= self.input.len() {
            self.input = bytes;
        } else {
            self.input.drain(..self.at);
            self.input.extend_from_slice(&bytes);
        }
        self.at = 0;
    }

    /// Bytes that it holds.
    pub(crate) fn held(&self) -> usize {
        self.input.capacity() + self.payload.capacity()
    }

    /// The next thing that the peer did, of what was fed; `None`: more is needed.
    pub(crate) fn next(&mut self, coders: &mut Coders, memory: &mut Memory<'_>) -> Result<Option<Event>, Fault> {
        loop {
            let is_whole = match self.frame {
                None => {
                    if self.begin_frame()? {
                        continue;
                    }
                    false
                }
                Some((head, came)) => self.take_payload(head, came, memory)?,
            };
            let Some((head, _)) = self.frame.filter(|_| is_whole) else {
                self.forget_input();
                return Ok(None);
            };
            let event = self.end_frame(head, coders, memory)?;
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// What was looked at is not kept; of the rest there is at most a part of a head.
    fn forget_input(&mut self) {
        self.input = self.input.get(self.at..).unwrap_or_default().to_vec();
        self.at = 0;
        debug_assert!(self.input.len() < MAX_HEAD, "more than a part of a head is left");
    }

    /// Takes the head of a frame. False if it is not all there.
    fn begin_frame(&mut self) -> Result<bool, Fault> {
        let Some((head, length)) = Head::parse(self.input.get(self.at..).unwrap_or_default())? else {
            return Ok(false);
        };
        self.at += length;
        if head.mask.is_some() != self.from_client {
            let wrong = if self.from_client { "a frame is not masked" } else { "a frame of the server is masked" };
            return Err(Fault::Protocol(wrong));
        }
        match (head.opcode, self.message) {
            (opcode, _) if opcode.is_control() => {
                if head.compressed {
                    return Err(Fault::Protocol("a control frame is compressed"));
                }
            }
            (Opcode::Continuation, None) => return Err(Fault::Protocol("a fragment has no beginning")),
            (Opcode::Continuation, Some(_)) if head.compressed => {
                return Err(Fault::Protocol("a reserved bit of a fragment is set"));
            }
            (Opcode::Continuation, Some(_)) => {}
            (_, Some(_)) => return Err(Fault::Protocol("a message begins within another")),
            (_, None) if head.compressed && !self.deflate => {
                return Err(Fault::Protocol("a message is compressed, which was not agreed on"));
            }
            (opcode, None) => self.message = Some((opcode, head.compressed)),
        }
        let room = self.most.saturating_sub(self.payload.len());
        if !head.opcode.is_control() && head.length > u64::try_from(room).unwrap_or(u64::MAX) {
            return Err(Fault::TooLarge);
        }
        self.frame = Some((head, 0));
        Ok(true)
    }

    /// Takes what is there of a frame's payload. Whether that is all of it.
    fn take_payload(&mut self, head: Head, came: u64, memory: &mut Memory<'_>) -> Result<bool, Fault> {
        let left = usize::try_from(head.length - came).unwrap_or(usize::MAX);
        let there = self.input.len().saturating_sub(self.at);
        let length = left.min(there);
        let into = if head.opcode.is_control() { &mut self.control } else { &mut self.payload };
        if into.capacity() - into.len() < length && !head.opcode.is_control() {
            // As much as the frame says, unless that is so much that it has to be seen first.
            let doubled = into.capacity().saturating_mul(2).min(self.most);
            let wanted = (into.len() + length).max(doubled.min(into.len() + left));
            memory.take(wanted - into.capacity())?;
            into.reserve_exact(wanted - into.len());
        }
        let start = into.len();
        into.extend_from_slice(self.input.get(self.at..self.at + length).unwrap_or_default());
        if let (Some(key), Some(bytes)) = (head.mask, into.get_mut(start..)) {
            mask(bytes, key, usize::try_from(came % 4).unwrap_or(0));
        }
        self.at += length;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if !head.opcode.is_control() {
            self.came += length;
        }
        let came = came + length;
        self.frame = Some((head, came));
        if self.message == Some((Opcode::Text, false)) && !head.opcode.is_control() {
            self.check_text(head.fin && came == head.length)?;
        }
        Ok(came == head.length)
    }

    /// Checks what came of a text. `whole`: that is all of it.
    fn check_text(&mut self, whole: bool) -> Result<(), Fault> {
        let unchecked = self.payload.get(self.valid..).unwrap_or_default();
        match std::str::from_utf8(unchecked) {
            Ok(_) => self.valid = self.payload.len(),
            // The end of a character may be yet to come.
            Err(error) if error.error_len().is_none() && !whole => self.valid += error.valid_up_to(),
            Err(_) => return Err(Fault::NotText),
        }
        Ok(())
    }

    fn end_frame(&mut self, head: Head, coders: &mut Coders, memory: &mut Memory<'_>) -> Result<Option<Event>, Fault> {
        self.frame = None;
        match head.opcode {
            Opcode::Ping => return Ok(Some(Event::Ping(std::mem::take(&mut self.control)))),
            Opcode::Pong => {
                self.control.clear();
                return Ok(Some(Event::Pong));
            }
            Opcode::Close => return Ok(Some(Event::Close(parse_close(&std::mem::take(&mut self.control))?))),
            Opcode::Continuation | Opcode::Text | Opcode::Binary if !head.fin => return Ok(None),
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
        }
        let payload = std::mem::take(&mut self.payload);
        self.valid = 0;
        self.finished += 1;
        self.came = 0;
        let Some((opcode, compressed)) = self.message.take() else { return Ok(None) };
        let payload = if compressed { coders.decompress(payload, self.most, memory)? } else { payload };
        Ok(Some(match opcode {
            Opcode::Text => Event::Text(String::from_utf8(payload).map_err(|_| Fault::NotText)?),
            _ => Event::Binary(payload),
        }))
    }
}

#[cfg(test)]
mod tests;
