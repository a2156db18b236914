//! Bytes to frames and back. Integers are little-endian; a text is a `u32` length and UTF-8.
//!
//! The decoder checks everything that can be checked without knowing the request: lengths, limits, UTF-8, that the
//! kind may come from this side, that nothing is left over at a frame's end.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::frame::{
    AccessorStyle, BodyLength, Boot, BootFailed, ExitReason, Frame, LogLevel, LogLine, ModuleError, Ready,
    RequestAccessors, RequestHead, ResetReason, ResponseHead, RuntimeLimits, Stats,
};
use crate::header_block::HeaderBlock;
use crate::limits::{
    FRAME_PREFIX, MAX_CHUNK, MAX_ENV_BYTES, MAX_ENV_ENTRIES, MAX_ERROR_TEXT, MAX_FRAME_FROM_SUPERVISOR,
    MAX_FRAME_FROM_WORKER, MAX_LOG_TEXT, MAX_METHOD, MAX_MODULE_PATH, MAX_MODULE_SOURCE, MAX_REQUEST_ID, MAX_URL,
};

/// Who sent the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The trusted side.
    Supervisor,
    /// The hostile side.
    Worker,
}

/// The bytes are no frame that this side may send. The connection is of no use after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than this side may send.
    #[error("frame of {length} bytes is over the maximum of {max}")]
    TooLong {
        /// What the frame claims.
        length: usize,
        /// What is allowed.
        max: usize,
    },
    /// No such kind, or not one that this side may send.
    #[error("frame kind {0} is unknown or not allowed from this side")]
    Kind(u8),
    /// A field is cut off, over its limit, no UTF-8 or no known value.
    #[error("frame kind {kind}: field `{field}` is malformed or over its limit")]
    Field {
        /// The frame's kind.
        kind: u8,
        /// The field's name.
        field: &'static str,
    },
    /// Bytes after the last field.
    #[error("frame kind {kind} has {extra} bytes too many")]
    Trailing {
        /// The frame's kind.
        kind: u8,
        /// How many.
        extra: usize,
    },
}

pub(crate) mod kind {
    pub(crate) const BOOT: u8 = 1;
    pub(crate) const MODULE_REQUEST: u8 = 2;
    pub(crate) const MODULE_SOURCE: u8 = 3;
    pub(crate) const READY: u8 = 4;
    pub(crate) const BOOT_FAILED: u8 = 5;
    pub(crate) const REQUEST_HEAD: u8 = 6;
    pub(crate) const RESPONSE_HEAD: u8 = 7;
    pub(crate) const BODY_CHUNK: u8 = 8;
    pub(crate) const CREDIT: u8 = 9;
    pub(crate) const RESET: u8 = 10;
    pub(crate) const LOG: u8 = 11;
    pub(crate) const STATS: u8 = 12;
    pub(crate) const PING: u8 = 13;
    pub(crate) const PONG: u8 = 14;
    pub(crate) const DRAIN: u8 = 15;
    pub(crate) const EXITING: u8 = 16;

    /// Kinds that a worker may send.
    pub(crate) const FROM_WORKER: &[u8] =
        &[MODULE_REQUEST, READY, BOOT_FAILED, RESPONSE_HEAD, BODY_CHUNK, CREDIT, RESET, LOG, STATS, PONG, EXITING];
    /// Kinds that the supervisor may send.
    pub(crate) const FROM_SUPERVISOR: &[u8] =
        &[BOOT, MODULE_SOURCE, REQUEST_HEAD, BODY_CHUNK, CREDIT, RESET, PING, DRAIN];
}

/// Turns the bytes of one connection into frames.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    sender: Side,
}

impl Decoder {
    /// For bytes that `sender` wrote.
    #[must_use]
    pub fn new(sender: Side) -> Self {
        Self { sender }
    }

    /// Takes the next frame off the front of `buffer`; `None` if it is not there in full yet. Body data and header
    /// blocks are slices of the buffer, not copies.
    ///
    /// # Errors
    /// See [`DecodeError`]. A frame that is too long is refused before its bytes have come.
    pub fn decode(self, buffer: &mut BytesMut) -> Result<Option<Frame>, DecodeError> {
        let Some(prefix) = buffer.first_chunk::<FRAME_PREFIX>() else {
            return Ok(None);
        };
        let [a, b, c, d, kind] = *prefix;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let (max, allowed) = match self.sender {
            Side::Supervisor => (MAX_FRAME_FROM_SUPERVISOR, kind::FROM_SUPERVISOR),
            Side::Worker => (MAX_FRAME_FROM_WORKER, kind::FROM_WORKER),
        };
        if length == 0 || length > max {
            return Err(DecodeError::TooLong { length, max });
        }
        if !allowed.contains(&kind) {
            return Err(DecodeError::Kind(kind));
        }
        let whole = length + FRAME_PREFIX - 1;
        if buffer.len() < whole {
            return Ok(None);
        }
        let mut bytes = buffer.split_to(whole).freeze();
        bytes.advance(FRAME_PREFIX);
        let mut fields = Fields { kind, bytes };
        let frame = fields.frame()?;
        match fields.bytes.len() {
            0 => Ok(Some(frame)),
            extra => Err(DecodeError::Trailing { kind, extra }),
        }
    }
}

struct Fields {
    kind: u8,
    bytes: Bytes,
}

impl Fields {
    fn bad(&self, field: &'static str) -> DecodeError {
        DecodeError::Field { kind: self.kind, field }
    }

    fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.bytes.try_get_u8().map_err(|_| self.bad(field))
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.bytes.try_get_u16_le().map_err(|_| self.bad(field))
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.bytes.try_get_u32_le().map_err(|_| self.bad(field))
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.bytes.try_get_u64_le().map_err(|_| self.bad(field))
    }

    fn bool(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.bad(field)),
        }
    }

    fn bytes(&mut self, field: &'static str, max: usize) -> Result<Bytes, DecodeError> {
        let length = self.u32(field)? as usize;
        if length > max || length > self.bytes.len() {
            return Err(self.bad(field));
        }
        Ok(self.bytes.split_to(length))
    }

    fn text(&mut self, field: &'static str, max: usize) -> Result<String, DecodeError> {
        let bytes = self.bytes(field, max)?;
        String::from_utf8(bytes.into()).map_err(|_| self.bad(field))
    }

    fn headers(&mut self) -> Result<HeaderBlock, DecodeError> {
        let bytes = self.bytes("headers", crate::limits::MAX_HEADER_BYTES)?;
        HeaderBlock::parse(bytes).ok_or_else(|| self.bad("headers"))
    }

    fn body_length(&mut self) -> Result<BodyLength, DecodeError> {
        match self.u8("body")? {
            0 => Ok(BodyLength::None),
            1 => Ok(BodyLength::Known(self.u64("body")?)),
            2 => Ok(BodyLength::Unknown),
            _ => Err(self.bad("body")),
        }
    }

    fn env(&mut self) -> Result<Vec<(String, String)>, DecodeError> {
        let count = self.u32("env")? as usize;
        if count > MAX_ENV_ENTRIES {
            return Err(self.bad("env"));
        }
        let mut env = Vec::with_capacity(count.min(64));
        let mut room = MAX_ENV_BYTES;
        for _ in 0..count {
            let name = self.text("env", room)?;
            room -= name.len();
            let value = self.text("env", room)?;
            room -= value.len();
            env.push((name, value));
        }
        Ok(env)
    }

    fn frame(&mut self) -> Result<Frame, DecodeError> {
        Ok(match self.kind {
            kind::BOOT => Frame::Boot(Box::new(self.boot()?)),
            kind::MODULE_REQUEST => {
                Frame::ModuleRequest { id: self.u32("id")?, path: self.text("path", MAX_MODULE_PATH)? }
            }
            kind::MODULE_SOURCE => Frame::ModuleSource { id: self.u32("id")?, source: self.module_source()? },
            kind::READY => Frame::Ready(Ready {
                v8: self.text("v8", 64)?,
                accessors: match self.u8("accessors")? {
                    0 => AccessorStyle::Property,
                    1 => AccessorStyle::Method,
                    _ => return Err(self.bad("accessors")),
                },
            }),
            kind::BOOT_FAILED => Frame::BootFailed(BootFailed {
                message: self.text("message", MAX_ERROR_TEXT)?,
                path: self.text("path", MAX_MODULE_PATH)?,
                line: self.u32("line")?,
                column: self.u32("column")?,
            }),
            kind::REQUEST_HEAD => Frame::RequestHead(
                self.u32("id")?,
                Box::new(RequestHead {
                    method: self.text("method", MAX_METHOD)?,
                    url: self.text("url", MAX_URL)?,
                    request_id: self.text("request_id", MAX_REQUEST_ID)?,
                    headers: self.headers()?,
                    body: self.body_length()?,
                }),
            ),
            kind::RESPONSE_HEAD => Frame::ResponseHead(
                self.u32("id")?,
                ResponseHead { status: self.status()?, headers: self.headers()?, body: self.body_length()? },
            ),
            kind::BODY_CHUNK => {
                Frame::BodyChunk { id: self.u32("id")?, end: self.bool("end")?, data: self.bytes("data", MAX_CHUNK)? }
            }
            kind::CREDIT => Frame::Credit { id: self.u32("id")?, bytes: self.u32("bytes")? },
            kind::RESET => Frame::Reset { id: self.u32("id")?, reason: self.reset_reason()? },
            kind::LOG => Frame::Log(LogLine {
                level: match self.u8("level")? {
                    0 => LogLevel::Debug,
                    1 => LogLevel::Info,
                    2 => LogLevel::Warn,
                    3 => LogLevel::Error,
                    _ => return Err(self.bad("level")),
                },
                request_id: self.text("request_id", MAX_REQUEST_ID)?,
                message: self.text("message", MAX_LOG_TEXT)?,
                dropped: self.u64("dropped")?,
            }),
            kind::STATS => Frame::Stats(self.stats()?),
            kind::PING => Frame::Ping(self.u64("nonce")?),
            kind::PONG => Frame::Pong(self.u64("nonce")?),
            kind::DRAIN => Frame::Drain,
            kind::EXITING => Frame::Exiting {
                reason: {
                    let code = usize::from(self.u8("reason")?);
                    *ExitReason::ALL.get(code).ok_or_else(|| self.bad("reason"))?
                },
                culprit: if self.bool("culprit")? { Some(self.u32("culprit")?) } else { None },
            },
            other => return Err(DecodeError::Kind(other)),
        })
    }

    fn boot(&mut self) -> Result<Boot, DecodeError> {
        Ok(Boot {
            app: self.text("app", 1024)?,
            entry: self.text("entry", MAX_MODULE_PATH)?,
            env: self.env()?,
            request_accessors: match self.u8("request_accessors")? {
                0 => RequestAccessors::Property,
                1 => RequestAccessors::Method,
                2 => RequestAccessors::Auto,
                _ => return Err(self.bad("request_accessors")),
            },
            limits: RuntimeLimits {
                stream_buffer: self.u64("stream_buffer")?,
                stream_buffer_text: self.text("stream_buffer_text", 64)?,
                total_buffer: self.u64("total_buffer")?,
                total_buffer_text: self.text("total_buffer_text", 64)?,
                memory: self.u64("memory")?,
                cpu_ms: self.u32("cpu_ms")?,
            },
        })
    }

    fn module_source(&mut self) -> Result<Result<Bytes, ModuleError>, DecodeError> {
        Ok(match self.u8("source")? {
            0 => Ok(self.bytes("source", MAX_MODULE_SOURCE)?),
            1 => Err(ModuleError::NotFound),
            2 => Err(ModuleError::Outside),
            3 => Err(ModuleError::TooLarge),
            4 => Err(ModuleError::Unreadable(self.text("source", MAX_ERROR_TEXT)?)),
            _ => return Err(self.bad("source")),
        })
    }

    fn status(&mut self) -> Result<u16, DecodeError> {
        let status = self.u16("status")?;
        if (200..=599).contains(&status) { Ok(status) } else { Err(self.bad("status")) }
    }

    fn reset_reason(&mut self) -> Result<ResetReason, DecodeError> {
        let code = usize::from(self.u8("reason")?);
        RESET_REASONS.get(code).copied().ok_or_else(|| self.bad("reason"))
    }

    fn stats(&mut self) -> Result<Stats, DecodeError> {
        Ok(Stats {
            overflows: self.u64("overflows")?,
            errored_by_overflow: self.u64("errored_by_overflow")?,
            errored_by_sink: self.u64("errored_by_sink")?,
            errored_by_abort: self.u64("errored_by_abort")?,
            errored_by_controller: self.u64("errored_by_controller")?,
            buffered: self.u64("buffered")?,
            buffered_peak: self.u64("buffered_peak")?,
            heap: self.u64("heap")?,
            array_buffers: self.u64("array_buffers")?,
        })
    }
}

/// In the order of their codes on the wire.
const RESET_REASONS: [ResetReason; 7] = [
    ResetReason::ClientGone,
    ResetReason::TimedOut,
    ResetReason::BodyTooLarge,
    ResetReason::HandlerThrew,
    ResetReason::NoResponse,
    ResetReason::BodyErrored,
    ResetReason::Refused,
];

fn code_of<T: PartialEq>(all: &[T], value: &T) -> u8 {
    // The lists hold every variant (a test walks them) and are shorter than 256.
    all.iter().position(|each| each == value).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    debug_assert!(bytes.len() <= MAX_FRAME_FROM_SUPERVISOR, "a field longer than any frame");
    out.put_u32_le(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
}

fn put_text(out: &mut BytesMut, text: &str) {
    put_bytes(out, text.as_bytes());
}

fn put_body_length(out: &mut BytesMut, length: BodyLength) {
    match length {
        BodyLength::None => out.put_u8(0),
        BodyLength::Known(bytes) => {
            out.put_u8(1);
            out.put_u64_le(bytes);
        }
        BodyLength::Unknown => out.put_u8(2),
    }
}

/// Appends everything of a `BodyChunk` but its data, which the caller appends: `length` bytes.
pub(crate) fn encode_chunk_head(out: &mut BytesMut, id: u32, end: bool, length: usize) {
    debug_assert!(length <= MAX_CHUNK, "the chunk is too long for one frame");
    out.put_u32_le(u32::try_from(length + 10).unwrap_or(u32::MAX));
    out.put_u8(kind::BODY_CHUNK);
    out.put_u32_le(id);
    out.put_u8(u8::from(end));
    out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
}

/// Appends a frame's bytes. The sender keeps the limits of [`crate::limits`]; the receiver refuses what is over them.
pub(crate) fn encode(frame: &Frame, out: &mut BytesMut) {
    let start = out.len();
    out.put_u32_le(0);
    match frame {
        Frame::Boot(boot) => {
            out.put_u8(kind::BOOT);
            encode_boot(boot, out);
        }
        Frame::ModuleRequest { id, path } => {
            out.put_u8(kind::MODULE_REQUEST);
            out.put_u32_le(*id);
            put_text(out, path);
        }
        Frame::ModuleSource { id, source } => {
            out.put_u8(kind::MODULE_SOURCE);
            out.put_u32_le(*id);
            match source {
                Ok(bytes) => {
                    out.put_u8(0);
                    put_bytes(out, bytes);
                }
                Err(ModuleError::NotFound) => out.put_u8(1),
                Err(ModuleError::Outside) => out.put_u8(2),
                Err(ModuleError::TooLarge) => out.put_u8(3),
                Err(ModuleError::Unreadable(why)) => {
                    out.put_u8(4);
                    put_text(out, why);
                }
            }
        }
        Frame::Ready(ready) => {
            out.put_u8(kind::READY);
            put_text(out, &ready.v8);
            out.put_u8(match ready.accessors {
                AccessorStyle::Property => 0,
                AccessorStyle::Method => 1,
            });
        }
        Frame::BootFailed(failed) => {
            out.put_u8(kind::BOOT_FAILED);
            put_text(out, &failed.message);
            put_text(out, &failed.path);
            out.put_u32_le(failed.line);
            out.put_u32_le(failed.column);
        }
        Frame::RequestHead(id, head) => {
            out.put_u8(kind::REQUEST_HEAD);
            out.put_u32_le(*id);
            put_text(out, &head.method);
            put_text(out, &head.url);
            put_text(out, &head.request_id);
            put_bytes(out, head.headers.as_bytes());
            put_body_length(out, head.body);
        }
        Frame::ResponseHead(id, head) => {
            out.put_u8(kind::RESPONSE_HEAD);
            out.put_u32_le(*id);
            out.put_u16_le(head.status);
            put_bytes(out, head.headers.as_bytes());
            put_body_length(out, head.body);
        }
        Frame::BodyChunk { id, end, data } => {
            out.truncate(start);
            encode_chunk_head(out, *id, *end, data.len());
            out.put_slice(data);
            return;
        }
        Frame::Credit { id, bytes } => {
            out.put_u8(kind::CREDIT);
            out.put_u32_le(*id);
            out.put_u32_le(*bytes);
        }
        Frame::Reset { id, reason } => {
            out.put_u8(kind::RESET);
            out.put_u32_le(*id);
            out.put_u8(code_of(&RESET_REASONS, reason));
        }
        Frame::Log(line) => {
            out.put_u8(kind::LOG);
            out.put_u8(match line.level {
                LogLevel::Debug => 0,
                LogLevel::Info => 1,
                LogLevel::Warn => 2,
                LogLevel::Error => 3,
            });
            put_text(out, &line.request_id);
            put_text(out, &line.message);
            out.put_u64_le(line.dropped);
        }
        Frame::Stats(stats) => {
            out.put_u8(kind::STATS);
            encode_stats(stats, out);
        }
        Frame::Ping(nonce) => {
            out.put_u8(kind::PING);
            out.put_u64_le(*nonce);
        }
        Frame::Pong(nonce) => {
            out.put_u8(kind::PONG);
            out.put_u64_le(*nonce);
        }
        Frame::Drain => out.put_u8(kind::DRAIN),
        Frame::Exiting { reason, culprit } => {
            out.put_u8(kind::EXITING);
            out.put_u8(code_of(&ExitReason::ALL, reason));
            out.put_u8(u8::from(culprit.is_some()));
            if let Some(id) = culprit {
                out.put_u32_le(*id);
            }
        }
    }
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

fn encode_boot(boot: &Boot, out: &mut BytesMut) {
    put_text(out, &boot.app);
    put_text(out, &boot.entry);
    out.put_u32_le(u32::try_from(boot.env.len()).unwrap_or(u32::MAX));
    for (name, value) in &boot.env {
        put_text(out, name);
        put_text(out, value);
    }
    out.put_u8(match boot.request_accessors {
        RequestAccessors::Property => 0,
        RequestAccessors::Method => 1,
        RequestAccessors::Auto => 2,
    });
    out.put_u64_le(boot.limits.stream_buffer);
    put_text(out, &boot.limits.stream_buffer_text);
    out.put_u64_le(boot.limits.total_buffer);
    put_text(out, &boot.limits.total_buffer_text);
    out.put_u64_le(boot.limits.memory);
    out.put_u32_le(boot.limits.cpu_ms);
}

fn encode_stats(stats: &Stats, out: &mut BytesMut) {
    for number in [
        stats.overflows,
        stats.errored_by_overflow,
        stats.errored_by_sink,
        stats.errored_by_abort,
        stats.errored_by_controller,
        stats.buffered,
        stats.buffered_peak,
        stats.heap,
        stats.array_buffers,
    ] {
        out.put_u64_le(number);
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
