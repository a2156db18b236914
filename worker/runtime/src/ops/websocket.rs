//! Natives of websocket/: the protocol of WebSockets (RFC 6455), between JavaScript's messages and the bytes of a stream.
//!
//! The frames are read here, in the worker, and not in the supervisor: who sends hostile ones reaches a tenant's sandbox with
//! them. A connection is known to JavaScript by a number. What it holds is taken from `memory_mb`.

mod close_code;
mod deflate;
mod extensions;
mod frame;
mod receiver;
mod sender;

use bytes::Bytes;
use nano_protocol::ResetReason;

use super::bytes::{copy_out, to_uint8_array};
use super::native_memory::{memory_limit, return_memory, take_memory, take_memory_for_peer};
use super::numbered::Numbered;
use super::response::{read_head, settle};
use super::{ops, request, throw_range_error};
use crate::exchange::Exchanges;
use crate::exchange::key::{FetchKey, RequestKey};
use close_code::CloseReason;
use deflate::Coders;
use receiver::{Event, Fault, Memory, Receiver, Unfinished};
use sender::Sender;

ops! {
    "websocketAgreed" => agreed,
    "websocketAnswer" => answer,
    "websocketAsked" => asked,
    "websocketClose" => close_frame,
    "websocketFeed" => feed,
    "websocketFlush" => flush,
    "websocketForget" => forget,
    "websocketNext" => next,
    "websocketOffer" => offer,
    "websocketOpen" => open,
    "websocketReset" => reset,
    "websocketSend" => send,
    "websocketSweep" => sweep,
    "websocketSwitch" => switch,
}

/// What a connection costs that is idle.
const COST: usize = 512;
/// Bytes that must come of an unfinished message between two sweeps, if it is the same one: what a request's body must
/// come with, too, in the 30 s that are between them. A message has memory before it is anything to the app.
const LEAST_PROGRESS: u64 = 240 * 30;

/// The stream whose bytes a connection has.
#[derive(Debug, Clone, Copy)]
enum Wire {
    Request(RequestKey),
    Fetch(FetchKey),
}

struct Socket {
    receiver: Receiver,
    sender: Sender,
    wire: Wire,
    /// Bytes of memory that were taken for it.
    taken: usize,
    /// Bytes that its receiver held when they were last counted.
    received: usize,
    /// The unfinished message at the last sweep.
    unfinished: Option<Unfinished>,
    /// Something came since the last look, or it was asked for a sign of life.
    heard: bool,
    pinged: bool,
}

/// One isolate's connections. Lives in an isolate slot.
#[derive(Default)]
struct Sockets {
    open: Numbered<Socket>,
    /// The numbers that there may be are below this.
    end: usize,
    coders: Coders,
    /// Bytes that all receivers hold.
    received: usize,
}

impl Sockets {
    fn of(isolate: &mut v8::Isolate) -> Option<&mut Self> {
        if isolate.get_slot::<Self>().is_none() {
            isolate.set_slot(Self::default());
        }
        isolate.get_slot_mut()
    }
}

impl Socket {
    fn held(&self) -> usize {
        COST + self.receiver.held() + self.sender.held()
    }
}

/// Drops all connections. To be called before the isolate is disposed of.
pub(super) fn close_all(isolate: &mut v8::Isolate) {
    drop(isolate.remove_slot::<Sockets>());
}

fn id_of(scope: &v8::PinScope, args: &v8::FunctionCallbackArguments) -> usize {
    args.get(0).uint32_value(scope).and_then(|id| usize::try_from(id).ok()).unwrap_or(usize::MAX)
}

/// Has a connection's memory counted: more than is there is an error only for what is yet to come.
fn settle_memory(isolate: &mut v8::Isolate, socket: &mut Socket) -> bool {
    let received = std::mem::replace(&mut socket.received, socket.receiver.held());
    if let Some(sockets) = Sockets::of(isolate) {
        sockets.received = sockets.received.saturating_sub(received) + socket.received;
    }
    let held = socket.held();
    if held > socket.taken {
        if !take_memory_for_peer(isolate, held - socket.taken) {
            return false;
        }
    } else {
        return_memory(isolate, socket.taken - held);
    }
    socket.taken = held;
    true
}

/// Does something with a connection that is there still.
fn with<T>(
    scope: &mut v8::PinScope,
    id: usize,
    action: impl FnOnce(&mut v8::PinScope, &mut Socket, &mut Coders) -> T,
) -> Option<T> {
    let sockets = Sockets::of(scope)?;
    let mut socket = sockets.open.lend(id)?;
    let mut coders = std::mem::take(&mut sockets.coders);
    let done = action(scope, &mut socket, &mut coders);
    let sockets = Sockets::of(scope)?;
    sockets.coders = coders;
    sockets.open.put(id, socket);
    Some(done)
}

/// `websocketOffer() → string`: what a client offers in `Sec-WebSocket-Extensions`.
fn offer(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(text) = v8::String::new(scope, extensions::OFFER) {
        rv.set(text.into());
    }
}

/// `websocketAnswer(offers) → string`: a server's answer to a client's `Sec-WebSocket-Extensions`; empty: none.
fn answer(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let answer = extensions::answer(&args.get(0).to_rust_string_lossy(scope));
    if let Some(text) = v8::String::new(scope, &answer.map_or_else(String::new, |(answer, _)| answer)) {
        rv.set(text.into());
    }
}

/// `websocketAsked(key) → boolean`: whether a request asks for a WebSocket.
fn asked(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = request::key_of(scope, &args);
    rv.set_bool(exchanges.requests.borrow().asks_for_websocket(key));
}

/// `websocketSwitch(key, 101, headers)`: makes the connection of a request that asks for it a WebSocket.
fn switch(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let Some((key, _, headers)) = read_head(scope, &args) else { return };
    exchanges.send_new_counts();
    let outcome = exchanges.requests.borrow_mut().switch(key, headers);
    settle(scope, &exchanges, key, &outcome);
}

/// `websocketAgreed(answer) → boolean`: whether a server may give this answer to what was offered.
fn agreed(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set_bool(extensions::agreed(&args.get(0).to_rust_string_lossy(scope)).is_ok());
}

/// `websocketOpen(isClient, key, extensions, most) → id`: the connection of a fetch, as its client, or of a request, as its
/// server, whose key is `key`. `extensions`: the server's answer; `most`: bytes of a message. Throws a RangeError where the
/// app's memory is used up.
fn open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let is_client = args.get(0).is_true();
    let key = args.get(1).uint32_value(scope).unwrap_or(0);
    let text = args.get(2).to_rust_string_lossy(scope);
    let agreement = match is_client {
        true => extensions::agreed(&text).ok().flatten(),
        false => extensions::answer(&text).map(|(_, agreement)| agreement),
    };
    let most = args.get(3).integer_value(scope).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    if !take_memory(scope, COST) {
        return throw_range_error(scope, "There is not enough memory for one more WebSocket (memory_mb)");
    }
    let socket = Socket {
        receiver: Receiver::new(!is_client, agreement.is_some(), most),
        sender: Sender::new(is_client, agreement.map(|agreement| agreement.bits)),
        wire: if is_client { Wire::Fetch(key) } else { Wire::Request(key) },
        taken: COST,
        received: 0,
        unfinished: None,
        heard: true,
        pinged: false,
    };
    let Some(sockets) = Sockets::of(scope) else { return };
    let id = sockets.open.reserve();
    sockets.open.put(id, socket);
    sockets.end = sockets.end.max(id + 1);
    rv.set_uint32(u32::try_from(id).unwrap_or(u32::MAX));
}

/// `websocketForget(id)`: the connection is over.
fn forget(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let gone = Sockets::of(scope).and_then(|sockets| {
        let socket = sockets.open.take(id)?;
        sockets.received = sockets.received.saturating_sub(socket.received);
        Some(socket)
    });
    if let Some(socket) = gone {
        return_memory(scope, socket.taken);
    }
}

/// `websocketFeed(id, bytes)`: bytes came, and everything before was asked for by `websocketNext`.
fn feed(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let bytes = copy_out(scope, args.get(1)).unwrap_or_default();
    with(scope, id, |scope, socket, _| {
        socket.heard = true;
        socket.receiver.feed(bytes);
        settle_memory(scope, socket);
    });
}

/// `websocketNext(id) → string | Uint8Array | [code, reason, isFault] | undefined`: a message, or the end, of what was fed;
/// undefined: more is needed. A code of 0 is none. Pings are answered on the way.
fn next(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let event = with(scope, id, |scope, socket, coders| {
        let event = next_event(scope, socket, coders);
        settle_memory(scope, socket);
        event
    });
    let value = match event {
        None | Some(Ok(None)) => return,
        Some(Ok(Some(event))) => event_value(scope, event),
        Some(Err(fault)) => end_value(scope, fault.code(), fault.reason(), true),
    };
    // There is no room for what the message is in JavaScript.
    let value = value.or_else(|| end_value(scope, Fault::NoMemory.code(), Fault::NoMemory.reason(), true));
    if let Some(value) = value {
        rv.set(value);
    }
}

/// The next event that JavaScript is told of.
fn next_event(scope: &mut v8::PinScope, socket: &mut Socket, coders: &mut Coders) -> Result<Option<Event>, Fault> {
    // Peers decide how many messages are under way: all of them together leave half of the memory to everything else.
    let most = memory_limit(scope) / 2;
    loop {
        let mut taken = 0;
        let received = Sockets::of(scope).map_or(0, |sockets| sockets.received);
        let event = {
            let mut take = |bytes: usize| {
                let sum = received.saturating_add(taken).saturating_add(bytes);
                let fits = sum <= most && take_memory_for_peer(scope, bytes);
                taken += if fits { bytes } else { 0 };
                fits
            };
            socket.receiver.next(coders, &mut Memory(&mut take))
        };
        // What it holds of that is taken once more when this is over; what it gave away is JavaScript's.
        return_memory(scope, taken);
        match event? {
            Some(Event::Ping(payload)) => {
                socket.sender.pong(payload);
                flush_socket(scope, socket);
            }
            Some(Event::Pong) => {}
            event => return Ok(event),
        }
    }
}

fn event_value<'s>(scope: &mut v8::PinScope<'s, '_>, event: Event) -> Option<v8::Local<'s, v8::Value>> {
    match event {
        Event::Text(text) => {
            // A unit of UTF-16 for each byte, at worst.
            let fits = super::native_memory::could_have_room(scope, text.len().saturating_mul(2));
            fits.then(|| v8::String::new(scope, &text).map(Into::into)).flatten()
        }
        Event::Binary(bytes) => to_uint8_array(scope, &bytes).map(Into::into),
        Event::Close(CloseReason { code, reason }) => end_value(scope, code.unwrap_or(0), &reason, false),
        Event::Ping(_) | Event::Pong => None,
    }
}

fn end_value<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    code: u16,
    reason: &str,
    is_fault: bool,
) -> Option<v8::Local<'s, v8::Value>> {
    let reason = v8::String::new(scope, reason)?;
    let code = v8::Integer::new_from_unsigned(scope, code.into());
    let is_fault = v8::Boolean::new(scope, is_fault);
    Some(v8::Array::new_with_elements(scope, &[code.into(), reason.into(), is_fault.into()]).into())
}

/// `websocketSend(id, message) → number`: sends a string or a view; as `websocketFlush`. -1 where the app's memory is used
/// up: nothing is sent then.
fn send(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let message = args.get(1);
    let is_text = message.is_string();
    let mut payload = match v8::Local::<v8::String>::try_from(message) {
        Ok(text) => {
            let mut bytes = vec![0; text.utf8_length(scope)];
            text.write_utf8_v2(scope, &mut bytes, v8::WriteFlags::kReplaceInvalidUtf8, None);
            bytes
        }
        Err(_) => copy_out(scope, message).unwrap_or_default(),
    };
    let waiting = with(scope, id, |scope, socket, coders| {
        if !take_memory_for_peer(scope, payload.len()) {
            return -1.0;
        }
        socket.sender.message(coders, is_text, &mut payload);
        return_memory(scope, payload.len());
        flush_and_count(scope, socket)
    });
    rv.set_double(waiting.unwrap_or(0.0));
}

/// `websocketClose(id, code, reason) → number`: sends a Close frame, without a code where that is 0; as `websocketFlush`.
/// Nothing is sent after it.
fn close_frame(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let code = args.get(1).uint32_value(scope).and_then(|code| u16::try_from(code).ok()).filter(|code| *code != 0);
    let reason = args.get(2).to_rust_string_lossy(scope);
    let waiting = with(scope, id, |scope, socket, _| {
        socket.sender.close(code, &reason);
        flush_and_count(scope, socket)
    });
    rv.set_double(waiting.unwrap_or(0.0));
}

/// `websocketFlush(id) → number`: sends what there is room for, and says how many bytes wait. `resumeResponse(key)` or
/// `resumeFetch(key)` is called when there is room again.
fn flush(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let waiting = with(scope, id, |scope, socket, _| flush_and_count(scope, socket));
    rv.set_double(waiting.unwrap_or(0.0));
}

fn flush_and_count(scope: &mut v8::PinScope, socket: &mut Socket) -> f64 {
    flush_socket(scope, socket);
    settle_memory(scope, socket);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let waiting = socket.sender.waiting() as f64;
    waiting
}

fn flush_socket(scope: &mut v8::PinScope, socket: &mut Socket) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    if socket.sender.waiting() > 0 {
        exchanges.send_new_counts();
    }
    while socket.sender.waiting() > 0 {
        let mut fetches = exchanges.fetches.borrow_mut();
        let mut requests = exchanges.requests.borrow_mut();
        let room = match socket.wire {
            Wire::Request(key) => requests.response_room(key),
            Wire::Fetch(key) => fetches.upload_room(&mut requests, key),
        };
        let piece = Bytes::from(socket.sender.take(room));
        let (waits, is_full) = (socket.sender.waiting() > 0, piece.is_empty());
        match socket.wire {
            Wire::Request(key) => requests.send_chunk(key, piece, waits),
            Wire::Fetch(key) => fetches.send_chunk(&mut requests, key, piece, waits),
        };
        if is_full {
            return;
        }
    }
}

/// `websocketReset(id)`: cuts the connection of a request off.
fn reset(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = id_of(scope, &args);
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = with(scope, id, |_, socket, _| match socket.wire {
        Wire::Request(key) => Some(key),
        Wire::Fetch(_) => None,
    });
    let Some(key) = key.flatten() else { return };
    let reader = exchanges.requests.borrow_mut().fail(key, ResetReason::BodyErrored);
    if let Some(reader) = reader {
        request::settle_reader(scope, &exchanges, key, &reader);
    }
}

/// `websocketSweep() → [id, isSlow, …]`: asks each connection that was silent since the last call, and takes what it is sent,
/// for a sign of life; says which were asked the last time and gave none, and of which a message comes too slowly.
fn sweep(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let mut found: Vec<v8::Local<v8::Value>> = Vec::new();
    let end = Sockets::of(scope).map_or(0, |sockets| sockets.end);
    for id in 0..end {
        let state = with(scope, id, |scope, socket, _| {
            let unfinished = socket.receiver.unfinished();
            let before = std::mem::replace(&mut socket.unfinished, unfinished);
            let is_slow = unfinished.zip(before).is_some_and(|(now, before)| now.is_slow(before, LEAST_PROGRESS));
            // A ping would wait behind what is to be taken, and so would its answer; that has a limit of time of its own.
            let waits = socket.sender.waiting() > 0;
            let (heard, pinged) = (socket.heard || waits, socket.pinged);
            socket.heard = false;
            socket.pinged = !heard;
            if !heard && !pinged {
                socket.sender.ping();
                flush_socket(scope, socket);
            }
            (!heard && pinged, is_slow)
        });
        if let Some((is_dead, is_slow)) = state.filter(|(is_dead, is_slow)| *is_dead || *is_slow) {
            found.push(v8::Integer::new_from_unsigned(scope, u32::try_from(id).unwrap_or(u32::MAX)).into());
            found.push(v8::Boolean::new(scope, is_slow && !is_dead).into());
        }
    }
    let list = v8::Array::new_with_elements(scope, &found);
    rv.set(list.into());
}
