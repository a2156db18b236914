//! Encodes frames as bytes.

use bytes::{BufMut, BytesMut};

use super::kind;
use crate::exit_reason::ExitReason;
use crate::fetch_destination::{CacheCall, FetchDestination};
use crate::frame::{
    AccessorStyle, BodyLength, Boot, BootFailed, EnvValue, Frame, LogLevel, ModuleError, RequestAccessors,
};
use crate::limits::{MAX_CHUNK, MAX_FRAME_FROM_SUPERVISOR};
use crate::reset_reason::{FetchFailure, ResetReason};
use crate::sandbox::SandboxLayer;
use crate::stats::Stats;
use crate::stream::StreamId;

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

fn put_boot_failed(out: &mut BytesMut, failed: &BootFailed) {
    put_text(out, &failed.message);
    put_text(out, &failed.path);
    out.put_u32_le(failed.line);
    out.put_u32_le(failed.column);
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

fn put_fetch_destination(out: &mut BytesMut, target: &FetchDestination) {
    let (name, call) = match target {
        FetchDestination::Network => return out.put_u8(0),
        FetchDestination::Assets => return out.put_u8(1),
        FetchDestination::WebSocket => return out.put_u8(5),
        FetchDestination::Cache { name, call } => (name, call),
    };
    out.put_u8(match call {
        CacheCall::Match => 2,
        CacheCall::Delete => 3,
        CacheCall::Put { .. } => 4,
    });
    put_text(out, name);
    if let CacheCall::Put { status, headers } = call {
        out.put_u16_le(*status);
        put_bytes(out, headers.as_bytes());
    }
}

/// Code of [`ResetReason::FetchAborted`], behind those of requests; the failures of fetches follow it.
pub(super) const FETCH_ABORTED: u8 = 9;

fn code_of_reason(reason: ResetReason) -> u8 {
    match reason {
        ResetReason::FetchAborted => FETCH_ABORTED,
        ResetReason::FetchFailed(failure) => code_of(&FetchFailure::ALL, &failure).saturating_add(FETCH_ABORTED + 1),
        reason => code_of(&ResetReason::OF_REQUESTS, &reason),
    }
}

/// Bytes of a `Data` frame before its data: length, kind, stream, end, length of the data.
pub(crate) const DATA_HEAD: usize = 14;

/// Writes everything of a `Data` frame but its data, which the caller writes: `length` bytes.
pub(crate) fn encode_data_head(out: &mut impl BufMut, stream: StreamId, end: bool, length: usize) {
    debug_assert!(length <= MAX_CHUNK, "the chunk is too long for one frame");
    out.put_u32_le(u32::try_from(length + 10).unwrap_or(u32::MAX));
    out.put_u8(kind::DATA);
    out.put_u32_le(stream.to_wire());
    out.put_u8(u8::from(end));
    out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
}

/// Appends a frame's bytes. The sender keeps the limits of [`crate::limits`]; the receiver refuses what is over them.
#[expect(clippy::too_many_lines, reason = "a table: one arm for each frame")]
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
            out.put_u8(u8::from(ready.scheduled));
        }
        Frame::BootFailed(failed) => {
            out.put_u8(kind::BOOT_FAILED);
            put_boot_failed(out, failed);
        }
        Frame::Check(check) => {
            out.put_u8(kind::CHECK);
            put_text(out, &check.entry);
            put_text(out, &check.shown);
            out.put_u64_le(check.memory);
            out.put_u8(check.compatibility_flags.bits());
        }
        Frame::Checked(outcome) => {
            out.put_u8(kind::CHECKED);
            out.put_u8(outcome.is_err().into());
            match outcome {
                Ok(v8) => put_text(out, v8),
                Err(failed) => put_boot_failed(out, failed),
            }
        }
        Frame::RequestHead(id, head) => {
            out.put_u8(kind::REQUEST_HEAD);
            out.put_u32_le(StreamId::request(*id).to_wire());
            put_text(out, &head.method);
            put_text(out, &head.url);
            put_text(out, &head.request_id);
            put_bytes(out, head.headers.as_bytes());
            put_body_length(out, head.body);
            out.put_u8(u8::from(head.websocket));
        }
        Frame::Scheduled(id, event) => {
            out.put_u8(kind::SCHEDULED);
            out.put_u32_le(StreamId::request(*id).to_wire());
            put_text(out, &event.cron);
            out.put_u64_le(event.time);
            put_text(out, &event.request_id);
        }
        Frame::ScheduledDone { id } => {
            out.put_u8(kind::SCHEDULED_DONE);
            out.put_u32_le(StreamId::request(*id).to_wire());
        }
        Frame::ResponseHead(id, head) => {
            out.put_u8(kind::RESPONSE_HEAD);
            out.put_u32_le(StreamId::request(*id).to_wire());
            out.put_u16_le(head.status);
            put_bytes(out, head.headers.as_bytes());
            put_body_length(out, head.body);
        }
        Frame::Data { stream, end, data } => {
            out.truncate(start);
            encode_data_head(out, *stream, *end, data.len());
            out.put_slice(data);
            return;
        }
        Frame::FetchHead(id, head) => {
            out.put_u8(kind::FETCH_HEAD);
            out.put_u32_le(StreamId::fetch(*id).to_wire());
            put_text(out, &head.method);
            put_text(out, &head.url);
            put_bytes(out, head.headers.as_bytes());
            put_body_length(out, head.body);
            put_fetch_destination(out, &head.to);
            out.put_u8(u8::from(head.request.is_some()));
            if let Some(request) = head.request {
                out.put_u32_le(StreamId::request(request).to_wire());
            }
        }
        Frame::FetchResponse(id, head) => {
            out.put_u8(kind::FETCH_RESPONSE);
            out.put_u32_le(StreamId::fetch(*id).to_wire());
            out.put_u16_le(head.status);
            put_text(out, &head.reason);
            put_bytes(out, head.headers.as_bytes());
            put_body_length(out, head.body);
        }
        Frame::BodyWanted { id } => {
            out.put_u8(kind::BODY_WANTED);
            out.put_u32_le(StreamId::request(*id).to_wire());
        }
        Frame::ResetAck { id } => {
            out.put_u8(kind::RESET_ACK);
            out.put_u32_le(StreamId::request(*id).to_wire());
        }
        Frame::Credit { stream, bytes } => {
            out.put_u8(kind::CREDIT);
            out.put_u32_le(stream.to_wire());
            out.put_u32_le(*bytes);
        }
        Frame::Reset { stream, reason, message } => {
            out.put_u8(kind::RESET);
            out.put_u32_le(stream.to_wire());
            out.put_u8(code_of_reason(*reason));
            put_text(out, message);
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
        Frame::Pong { nonce, idle } => {
            out.put_u8(kind::PONG);
            out.put_u64_le(*nonce);
            out.put_u8(u8::from(*idle));
        }
        Frame::Drain => out.put_u8(kind::DRAIN),
        Frame::CloseSockets => out.put_u8(kind::CLOSE_SOCKETS),
        Frame::Prepared => out.put_u8(kind::PREPARED),
        Frame::Adopt { app } => {
            out.put_u8(kind::ADOPT);
            put_text(out, app);
        }
        Frame::Sandboxed(layers) => {
            out.put_u8(kind::SANDBOXED);
            out.put_u8(u8::try_from(layers.len()).unwrap_or(u8::MAX));
            for report in layers {
                out.put_u8(code_of(&SandboxLayer::ALL, &report.layer));
                out.put_u8(u8::from(report.active));
                put_text(out, &report.detail);
            }
        }
        Frame::Exiting { reason, culprit } => {
            out.put_u8(kind::EXITING);
            out.put_u8(code_of(&ExitReason::ALL, reason));
            out.put_u8(u8::from(culprit.is_some()));
            if let Some(id) = culprit {
                out.put_u32_le(StreamId::request(*id).to_wire());
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
    put_text(out, &boot.shown);
    out.put_u32_le(u32::try_from(boot.env.len()).unwrap_or(u32::MAX));
    for (name, value) in &boot.env {
        put_text(out, name);
        out.put_u8(match value {
            EnvValue::Text(_) => 0,
            EnvValue::Json(_) => 1,
            EnvValue::Assets => 2,
        });
        put_text(out, value.text());
    }
    out.put_u8(match boot.request_accessors {
        RequestAccessors::Property => 0,
        RequestAccessors::Method => 1,
        RequestAccessors::Auto => 2,
    });
    out.put_u8(boot.compatibility_flags.bits());
    out.put_u64_le(boot.limits.stream_buffer);
    put_text(out, &boot.limits.stream_buffer_text);
    out.put_u64_le(boot.limits.total_buffer);
    put_text(out, &boot.limits.total_buffer_text);
    out.put_u64_le(boot.limits.memory);
    out.put_u32_le(boot.limits.cpu_ms);
    out.put_u32_le(boot.limits.max_concurrent);
    out.put_u32_le(boot.limits.timeout_ms);
}

fn encode_stats(stats: &Stats, out: &mut BytesMut) {
    stats.values().into_iter().for_each(|value| out.put_u64_le(value));
}
