//! Decodes bytes to frames. Integers are little-endian; a text is a `u32` length and UTF-8.
//!
//! The decoder checks everything that can be checked without knowing the request: lengths, limits, UTF-8, that this
//! side may send the kind, that nothing is left at a frame's end.

use bytes::{Buf, Bytes, BytesMut};

use crate::compatibility_flags::CompatibilityFlags;
use crate::exit_reason::ExitReason;
use crate::fetch_destination::{CacheCall, FetchDestination};
use crate::frame::{
    AccessorStyle, BodyLength, Boot, BootFailed, Check, EnvValue, FetchHead, FetchResponse, Frame, LogLevel, LogLine,
    ModuleError, Ready, RequestAccessors, RequestHead, ResponseHead, RuntimeLimits, Scheduled,
};
use crate::header_block::HeaderBlock;
use crate::limits::{
    FRAME_PREFIX, MAX_BINDING_NAME, MAX_CACHE_NAME, MAX_CHUNK, MAX_CRON, MAX_ENV_BYTES, MAX_ENV_ENTRIES,
    MAX_ERROR_TEXT, MAX_FETCH_ERROR, MAX_FRAME_FROM_SUPERVISOR, MAX_FRAME_FROM_WORKER, MAX_LAYER_DETAIL, MAX_LOG_TEXT,
    MAX_METHOD, MAX_MODULE_PATH, MAX_MODULE_SOURCE, MAX_REASON, MAX_REQUEST_ID, MAX_URL,
};
use crate::reset_reason::{FetchFailure, ResetReason};
use crate::sandbox::{LayerReport, SandboxLayer};
use crate::stats::Stats;
use crate::stream::StreamId;

mod encode;
pub(crate) mod kind;

use encode::FETCH_ABORTED;
pub(crate) use encode::{DATA_HEAD, encode, encode_data_head};

/// The side that sent the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        let mut fields = FieldReader { sender: self.sender, kind, bytes };
        let frame = fields.frame()?;
        match fields.bytes.len() {
            0 => Ok(Some(frame)),
            extra => Err(DecodeError::Trailing { kind, extra }),
        }
    }
}

struct FieldReader {
    sender: Side,
    kind: u8,
    bytes: Bytes,
}

impl FieldReader {
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

    fn stream(&mut self) -> Result<StreamId, DecodeError> {
        Ok(StreamId::from_wire(self.u32("stream")?))
    }

    /// The number of a stream that this side must have begun.
    fn number(&mut self, initiator: Side) -> Result<u32, DecodeError> {
        let stream = self.stream()?;
        if stream.initiator == initiator { Ok(stream.number) } else { Err(self.bad("stream")) }
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

    fn fetch_destination(&mut self) -> Result<FetchDestination, DecodeError> {
        let kind = self.u8("to")?;
        match kind {
            0 => return Ok(FetchDestination::Network),
            1 => return Ok(FetchDestination::Assets),
            5 => return Ok(FetchDestination::WebSocket),
            _ => {}
        }
        let name = self.text("cache", MAX_CACHE_NAME)?;
        let call = match kind {
            2 => CacheCall::Match,
            3 => CacheCall::Delete,
            4 => CacheCall::Put { status: self.status()?, headers: self.headers()? },
            _ => return Err(self.bad("to")),
        };
        Ok(FetchDestination::Cache { name, call })
    }

    fn env(&mut self) -> Result<Vec<(String, EnvValue)>, DecodeError> {
        let count = self.u32("env")? as usize;
        if count > MAX_ENV_ENTRIES + 1 {
            return Err(self.bad("env"));
        }
        let mut env = Vec::with_capacity(count.min(64));
        // The binding of static files is one more.
        let mut room = MAX_ENV_BYTES + MAX_BINDING_NAME;
        for _ in 0..count {
            let name = self.text("env", room)?;
            room -= name.len();
            let kind = self.u8("env")?;
            let text = self.text("env", room)?;
            room -= text.len();
            let value = match kind {
                0 => EnvValue::Text(text),
                1 => EnvValue::Json(text),
                2 if text.is_empty() => EnvValue::Assets,
                _ => return Err(self.bad("env")),
            };
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
                scheduled: self.bool("scheduled")?,
            }),
            kind::BOOT_FAILED => Frame::BootFailed(self.boot_failed()?),
            kind::CHECK => Frame::Check(Check {
                entry: self.text("entry", MAX_MODULE_PATH)?,
                shown: self.text("shown", MAX_MODULE_PATH)?,
                memory: self.u64("memory")?,
                compatibility_flags: self.compatibility_flags()?,
            }),
            kind::CHECKED => Frame::Checked(match self.bool("failed")? {
                false => Ok(self.text("v8", 64)?),
                true => Err(self.boot_failed()?),
            }),
            kind::REQUEST_HEAD => Frame::RequestHead(self.number(Side::Supervisor)?, Box::new(self.request_head()?)),
            kind::SCHEDULED => Frame::Scheduled(self.number(Side::Supervisor)?, Box::new(self.scheduled()?)),
            kind::SCHEDULED_DONE => Frame::ScheduledDone { id: self.number(Side::Supervisor)? },
            kind::RESPONSE_HEAD => Frame::ResponseHead(
                self.number(Side::Supervisor)?,
                ResponseHead { status: self.head_status()?, headers: self.headers()?, body: self.body_length()? },
            ),
            kind::DATA => {
                Frame::Data { stream: self.stream()?, end: self.bool("end")?, data: self.bytes("data", MAX_CHUNK)? }
            }
            kind::CREDIT => Frame::Credit { stream: self.stream()?, bytes: self.u32("bytes")? },
            kind::RESET => self.reset()?,
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
            kind::PONG => Frame::Pong { nonce: self.u64("nonce")?, idle: self.bool("idle")? },
            kind::DRAIN => Frame::Drain,
            kind::CLOSE_SOCKETS => Frame::CloseSockets,
            kind::PREPARED => Frame::Prepared,
            kind::ADOPT => Frame::Adopt { app: self.text("app", 1024)? },
            kind::EXITING => Frame::Exiting {
                reason: {
                    let code = usize::from(self.u8("reason")?);
                    *ExitReason::ALL.get(code).ok_or_else(|| self.bad("reason"))?
                },
                culprit: if self.bool("culprit")? { Some(self.number(Side::Supervisor)?) } else { None },
            },
            kind::FETCH_HEAD => Frame::FetchHead(
                self.number(Side::Worker)?,
                Box::new(FetchHead {
                    method: self.text("method", MAX_METHOD)?,
                    url: self.text("url", MAX_URL)?,
                    headers: self.headers()?,
                    body: self.body_length()?,
                    to: self.fetch_destination()?,
                    request: if self.bool("request")? { Some(self.number(Side::Supervisor)?) } else { None },
                }),
            ),
            kind::FETCH_RESPONSE => Frame::FetchResponse(
                self.number(Side::Worker)?,
                Box::new(FetchResponse {
                    status: self.head_status()?,
                    reason: self.text("reason", 2 * MAX_REASON)?,
                    headers: self.headers()?,
                    body: self.body_length()?,
                }),
            ),
            kind::BODY_WANTED => Frame::BodyWanted { id: self.number(Side::Supervisor)? },
            kind::RESET_ACK => Frame::ResetAck { id: self.number(Side::Supervisor)? },
            kind::SANDBOXED => Frame::Sandboxed(self.sandbox_layers()?),
            other => return Err(DecodeError::Kind(other)),
        })
    }

    fn request_head(&mut self) -> Result<RequestHead, DecodeError> {
        Ok(RequestHead {
            method: self.text("method", MAX_METHOD)?,
            url: self.text("url", MAX_URL)?,
            request_id: self.text("request_id", MAX_REQUEST_ID)?,
            headers: self.headers()?,
            body: self.body_length()?,
            websocket: self.bool("websocket")?,
        })
    }

    fn scheduled(&mut self) -> Result<Scheduled, DecodeError> {
        Ok(Scheduled {
            cron: self.text("cron", MAX_CRON)?,
            time: self.u64("time")?,
            request_id: self.text("request_id", MAX_REQUEST_ID)?,
        })
    }

    fn sandbox_layers(&mut self) -> Result<Vec<LayerReport>, DecodeError> {
        let count = usize::from(self.u8("layers")?);
        if count > SandboxLayer::ALL.len() {
            return Err(self.bad("layers"));
        }
        let mut layers = Vec::with_capacity(count);
        for _ in 0..count {
            let code = usize::from(self.u8("layer")?);
            layers.push(LayerReport {
                layer: *SandboxLayer::ALL.get(code).ok_or_else(|| self.bad("layer"))?,
                active: self.bool("active")?,
                detail: self.text("detail", MAX_LAYER_DETAIL)?,
            });
        }
        Ok(layers)
    }

    fn compatibility_flags(&mut self) -> Result<CompatibilityFlags, DecodeError> {
        let bits = self.u8("compatibility_flags")?;
        CompatibilityFlags::from_bits(bits).ok_or_else(|| self.bad("compatibility_flags"))
    }

    fn boot(&mut self) -> Result<Boot, DecodeError> {
        Ok(Boot {
            app: self.text("app", 1024)?,
            entry: self.text("entry", MAX_MODULE_PATH)?,
            shown: self.text("shown", MAX_MODULE_PATH)?,
            env: self.env()?,
            request_accessors: match self.u8("request_accessors")? {
                0 => RequestAccessors::Property,
                1 => RequestAccessors::Method,
                2 => RequestAccessors::Auto,
                _ => return Err(self.bad("request_accessors")),
            },
            compatibility_flags: self.compatibility_flags()?,
            limits: RuntimeLimits {
                stream_buffer: self.u64("stream_buffer")?,
                stream_buffer_text: self.text("stream_buffer_text", 64)?,
                total_buffer: self.u64("total_buffer")?,
                total_buffer_text: self.text("total_buffer_text", 64)?,
                memory: self.u64("memory")?,
                cpu_ms: self.u32("cpu_ms")?,
                max_concurrent: self.u32("max_concurrent")?,
                timeout_ms: self.u32("timeout_ms")?,
            },
        })
    }

    fn boot_failed(&mut self) -> Result<BootFailed, DecodeError> {
        Ok(BootFailed {
            message: self.text("message", MAX_ERROR_TEXT)?,
            path: self.text("path", MAX_MODULE_PATH)?,
            line: self.u32("line")?,
            column: self.u32("column")?,
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

    /// That of a response's head, which may make the connection a WebSocket.
    fn head_status(&mut self) -> Result<u16, DecodeError> {
        match self.u16("status")? {
            status @ (101 | 200..=599) => Ok(status),
            _ => Err(self.bad("status")),
        }
    }

    fn status(&mut self) -> Result<u16, DecodeError> {
        let status = self.u16("status")?;
        if (200..=599).contains(&status) { Ok(status) } else { Err(self.bad("status")) }
    }

    /// Fetches have reset reasons of their own, each for one side; whether a request may end so is checked by the link.
    fn reset(&mut self) -> Result<Frame, DecodeError> {
        let stream = self.stream()?;
        let code = self.u8("reason")?;
        let reason = match (stream.initiator, self.sender) {
            (Side::Supervisor, _) => ResetReason::OF_REQUESTS.get(usize::from(code)).copied(),
            (Side::Worker, Side::Worker) => (code == FETCH_ABORTED).then_some(ResetReason::FetchAborted),
            (Side::Worker, Side::Supervisor) => {
                let failure = code.checked_sub(FETCH_ABORTED + 1);
                let failure = failure.and_then(|code| FetchFailure::ALL.get(usize::from(code)));
                failure.copied().map(ResetReason::FetchFailed)
            }
        };
        let reason = reason.ok_or_else(|| self.bad("reason"))?;
        let most = if matches!(reason, ResetReason::FetchFailed(_)) { MAX_FETCH_ERROR } else { 0 };
        Ok(Frame::Reset { stream, reason, message: self.text("message", most)? })
    }

    fn stats(&mut self) -> Result<Stats, DecodeError> {
        let mut values = [0; Stats::ALL.len()];
        for (value, stat) in values.iter_mut().zip(Stats::ALL) {
            *value = self.u64(stat.name)?;
        }
        Ok(Stats::from_values(values))
    }
}

#[cfg(test)]
mod tests;
