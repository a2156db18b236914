//! Frames of both sides on the wire, and bytes that are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::IoSlice;

use proptest::prelude::*;

use super::*;
use crate::limits::MAX_HEADERS;
use crate::outbox::Outbox;
use crate::stream::MAX_STREAM_NUMBER;
use bytes::BufMut;

fn text(max: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..max).prop_map(|chars| chars.into_iter().collect())
}

fn bytes(max: usize) -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..max).prop_map(Bytes::from)
}

fn headers() -> impl Strategy<Value = HeaderBlock> {
    proptest::collection::vec((bytes(40), bytes(200)), 0..20).prop_map(|list| {
        let mut builder = HeaderBlock::builder();
        for (name, value) in list {
            assert!(builder.push(&name, &value));
        }
        builder.finish()
    })
}

fn body_length() -> impl Strategy<Value = BodyLength> {
    prop_oneof![Just(BodyLength::None), any::<u64>().prop_map(BodyLength::Known), Just(BodyLength::Unknown)]
}

fn stats() -> impl Strategy<Value = Stats> {
    any::<[u64; Stats::ALL.len()]>().prop_map(Stats::from_values)
}

fn env_value() -> impl Strategy<Value = EnvValue> {
    prop_oneof![text(30).prop_map(EnvValue::Text), text(30).prop_map(EnvValue::Json), Just(EnvValue::Assets)]
}

fn flags() -> impl Strategy<Value = CompatibilityFlags> {
    any::<u8>().prop_filter_map("no flags", CompatibilityFlags::from_bits)
}

fn boot() -> impl Strategy<Value = Boot> {
    (
        (text(20), text(20), text(20)),
        proptest::collection::vec((text(10), env_value()), 0..8),
        prop_oneof![Just(RequestAccessors::Property), Just(RequestAccessors::Method), Just(RequestAccessors::Auto)],
        any::<[u64; 3]>(),
        (text(8), text(8)),
        any::<[u32; 3]>(),
        flags(),
    )
        .prop_map(|((app, entry, shown), env, request_accessors, numbers, (stream, total), times, flags)| Boot {
            app,
            entry,
            shown,
            env,
            request_accessors,
            compatibility_flags: flags,
            limits: RuntimeLimits {
                stream_buffer: numbers[0],
                stream_buffer_text: stream,
                total_buffer: numbers[1],
                total_buffer_text: total,
                memory: numbers[2],
                cpu_ms: times[0],
                max_concurrent: times[1],
                timeout_ms: times[2],
            },
        })
}

fn layer() -> impl Strategy<Value = LayerReport> {
    (proptest::sample::select(&SandboxLayer::ALL[..]), any::<bool>(), text(60))
        .prop_map(|(layer, active, detail)| LayerReport { layer, active, detail })
}

fn number() -> impl Strategy<Value = u32> {
    0..=MAX_STREAM_NUMBER
}

fn stream() -> impl Strategy<Value = StreamId> {
    any::<u32>().prop_map(StreamId::from_wire)
}

fn fetch_destination() -> impl Strategy<Value = FetchDestination> {
    let call = prop_oneof![
        Just(CacheCall::Match),
        Just(CacheCall::Delete),
        (200..=599_u16, headers()).prop_map(|(status, headers)| CacheCall::Put { status, headers }),
    ];
    prop_oneof![
        Just(FetchDestination::Network),
        Just(FetchDestination::Assets),
        Just(FetchDestination::WebSocket),
        (text(20), call).prop_map(|(name, call)| FetchDestination::Cache { name, call }),
    ]
}

fn fetch_from_worker() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (number(), (text(10), text(60)), headers(), body_length(), fetch_destination(), proptest::option::of(number()))
            .prop_map(|(id, (method, url), headers, body, to, request)| {
                Frame::FetchHead(id, Box::new(FetchHead { method, url, headers, body, to, request }))
            }),
        number().prop_map(|number| Frame::reset(StreamId::fetch(number), ResetReason::FetchAborted)),
        number().prop_map(|id| Frame::BodyWanted { id }),
        number().prop_map(|id| Frame::ResetAck { id }),
    ]
}

fn fetch_from_supervisor() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (number(), 200u16..600, text(40), headers(), body_length()).prop_map(|(id, status, reason, headers, body)| {
            Frame::FetchResponse(id, Box::new(FetchResponse { status, reason, headers, body }))
        }),
        (number(), proptest::sample::select(&FetchFailure::ALL[..]), text(60))
            .prop_map(|(number, failure, message)| Frame::fetch_failed(number, failure, message)),
    ]
}

fn from_either() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (stream(), any::<bool>(), bytes(9000)).prop_map(|(stream, end, data)| Frame::Data { stream, end, data }),
        (stream(), any::<u32>()).prop_map(|(stream, bytes)| Frame::Credit { stream, bytes }),
        (number(), proptest::sample::select(&ResetReason::OF_REQUESTS[..]))
            .prop_map(|(number, reason)| Frame::reset(StreamId::request(number), reason)),
    ]
}

fn boot_failed() -> impl Strategy<Value = BootFailed> {
    (text(100), text(30), any::<u32>(), any::<u32>()).prop_map(|(message, path, line, column)| BootFailed {
        message,
        path,
        line,
        column,
    })
}

fn from_worker() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (any::<u32>(), text(50)).prop_map(|(id, path)| Frame::ModuleRequest { id, path }),
        (text(16), any::<[bool; 2]>()).prop_map(|(v8, [method, scheduled])| Frame::Ready(Ready {
            v8,
            accessors: if method { AccessorStyle::Method } else { AccessorStyle::Property },
            scheduled,
        })),
        number().prop_map(|id| Frame::ScheduledDone { id }),
        boot_failed().prop_map(Frame::BootFailed),
        text(16).prop_map(|v8| Frame::Checked(Ok(v8))),
        boot_failed().prop_map(|failed| Frame::Checked(Err(failed))),
        (number(), 200u16..600, headers(), body_length())
            .prop_map(|(id, status, headers, body)| Frame::ResponseHead(id, ResponseHead { status, headers, body })),
        from_either(),
        (
            proptest::sample::select(&[LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error][..]),
            text(30),
            text(300),
            any::<u64>()
        )
            .prop_map(|(level, request_id, message, dropped)| Frame::Log(LogLine {
                level,
                request_id,
                message,
                dropped
            })),
        stats().prop_map(Frame::Stats),
        Just(Frame::Prepared),
        fetch_from_worker(),
        any::<(u64, bool)>().prop_map(|(nonce, idle)| Frame::Pong { nonce, idle }),
        proptest::collection::vec(layer(), 0..=SandboxLayer::ALL.len()).prop_map(Frame::Sandboxed),
        (proptest::sample::select(&ExitReason::ALL[..]), proptest::option::of(number()))
            .prop_map(|(reason, culprit)| Frame::Exiting { reason, culprit }),
    ]
}

fn from_supervisor() -> impl Strategy<Value = Frame> {
    let source = prop_oneof![
        bytes(5000).prop_map(Ok),
        Just(Err(ModuleError::NotFound)),
        Just(Err(ModuleError::Outside)),
        Just(Err(ModuleError::TooLarge)),
        text(40).prop_map(|why| Err(ModuleError::Unreadable(why))),
    ];
    prop_oneof![
        boot().prop_map(|boot| Frame::Boot(Box::new(boot))),
        (text(30), text(30), any::<u64>(), flags()).prop_map(|(entry, shown, memory, compatibility_flags)| {
            Frame::Check(Check { entry, shown, memory, compatibility_flags })
        }),
        (any::<u32>(), source).prop_map(|(id, source)| Frame::ModuleSource { id, source }),
        (number(), text(10), text(60), text(30), headers(), body_length()).prop_map(
            |(id, method, url, request_id, headers, body)| Frame::RequestHead(
                id,
                Box::new(RequestHead {
                    method,
                    url,
                    request_id,
                    headers,
                    body,
                    websocket: body == BodyLength::Unknown
                })
            )
        ),
        (number(), text(40), any::<u64>(), text(30)).prop_map(|(id, cron, time, request_id)| Frame::Scheduled(
            id,
            Box::new(Scheduled { cron, time, request_id })
        )),
        from_either(),
        any::<u64>().prop_map(Frame::Ping),
        Just(Frame::Drain),
        Just(Frame::CloseSockets),
        text(60).prop_map(|app| Frame::Adopt { app }),
        fetch_from_supervisor(),
    ]
}

/// Writes out an outbox the way a socket might: in pieces of any size.
fn drain(outbox: &mut Outbox, step: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); 3];
        let count = outbox.io_slices(&mut slices);
        let piece: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).take(step).collect();
        assert!(!piece.is_empty());
        outbox.advance(piece.len());
        written.extend(piece);
    }
    written
}

fn round_trip(sender: Side, frames: &[Frame], step: usize) {
    let mut outbox = Outbox::default();
    frames.iter().for_each(|frame| outbox.push(frame));
    let expected = outbox.len();
    let wire = drain(&mut outbox, step);
    assert_eq!(wire.len(), expected);
    let mut buffer = BytesMut::new();
    let mut got = Vec::new();
    for piece in wire.chunks(step) {
        buffer.extend_from_slice(piece);
        while let Some(frame) = Decoder::new(sender).decode(&mut buffer).unwrap() {
            got.push(frame);
        }
    }
    assert!(buffer.is_empty());
    assert_eq!(got, frames);
}

proptest! {
    #[test]
    fn a_workers_frames_survive_the_wire(frames in proptest::collection::vec(from_worker(), 1..12), step in 1usize..6000) {
        round_trip(Side::Worker, &frames, step);
    }

    #[test]
    fn the_supervisors_frames_survive_the_wire(
        frames in proptest::collection::vec(from_supervisor(), 1..12),
        step in 1usize..6000,
    ) {
        round_trip(Side::Supervisor, &frames, step);
    }

    #[test]
    fn any_bytes_decode_or_are_refused(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        for side in [Side::Worker, Side::Supervisor] {
            let mut buffer = BytesMut::from(&noise[..]);
            while let Ok(Some(_)) = Decoder::new(side).decode(&mut buffer) {}
        }
    }

    #[test]
    fn a_changed_byte_never_yields_more_than_the_wire_held(
        frame in from_worker(), at in any::<proptest::sample::Index>(), to in any::<u8>(),
    ) {
        let mut wire = BytesMut::new();
        encode(&frame, &mut wire);
        let at = at.index(wire.len());
        wire[at] = to;
        let before = wire.len();
        let mut frames = 0;
        while let Ok(Some(_)) = Decoder::new(Side::Worker).decode(&mut wire) {
            frames += 1;
        }
        prop_assert!(frames <= before / FRAME_PREFIX);
    }

    #[test]
    fn a_cut_frame_is_waited_for(frame in from_worker(), at in any::<proptest::sample::Index>()) {
        let mut wire = BytesMut::new();
        encode(&frame, &mut wire);
        wire.truncate(at.index(wire.len()));
        prop_assert_eq!(Decoder::new(Side::Worker).decode(&mut wire), Ok(None));
    }
}

#[test]
fn a_worker_may_not_send_the_supervisors_frames() {
    let event = Scheduled { cron: String::new(), time: 0, request_id: String::new() };
    for frame in [Frame::Drain, Frame::Ping(1), Frame::Scheduled(1, Box::new(event))] {
        let mut wire = BytesMut::new();
        encode(&frame, &mut wire);
        assert!(matches!(Decoder::new(Side::Worker).decode(&mut wire), Err(DecodeError::Kind(_))));
    }
}

#[test]
fn each_side_ends_fetches_by_its_own_reasons_and_no_request_by_those() {
    let failed = ResetReason::FetchFailed(FetchFailure::Denied);
    let refused = |sender: Side, stream: StreamId, reason: ResetReason| {
        let mut wire = BytesMut::new();
        encode(&Frame::reset(stream, reason), &mut wire);
        matches!(Decoder::new(sender).decode(&mut wire), Err(DecodeError::Field { field: "reason", .. }))
    };
    let (request, fetch) = (StreamId::request(1), StreamId::fetch(1));
    for (sender, stream, reason) in [
        (Side::Worker, fetch, failed),
        (Side::Worker, fetch, ResetReason::HandlerThrew),
        (Side::Worker, request, ResetReason::FetchAborted),
        (Side::Supervisor, fetch, ResetReason::FetchAborted),
        (Side::Supervisor, fetch, ResetReason::ClientGone),
        (Side::Supervisor, request, failed),
    ] {
        assert!(refused(sender, stream, reason), "{sender:?} {stream:?} {reason:?}");
    }
    assert!(!refused(Side::Supervisor, fetch, failed) && !refused(Side::Worker, fetch, ResetReason::FetchAborted));
}

#[test]
fn only_a_failed_fetch_has_words() {
    let message = "x".repeat(MAX_FETCH_ERROR + 1);
    for (sender, frame) in [
        (Side::Supervisor, Frame::fetch_failed(1, FetchFailure::Denied, message)),
        (
            Side::Worker,
            Frame::Reset { stream: StreamId::request(1), reason: ResetReason::Refused, message: "x".to_owned() },
        ),
    ] {
        let mut wire = BytesMut::new();
        encode(&frame, &mut wire);
        let decoded = Decoder::new(sender).decode(&mut wire);
        assert!(matches!(decoded, Err(DecodeError::Field { field: "message", .. })), "{decoded:?}");
    }
}

#[test]
fn a_head_of_a_stream_that_the_other_side_began_is_refused() {
    let head = ResponseHead { status: 200, headers: HeaderBlock::default(), body: BodyLength::None };
    let mut wire = BytesMut::new();
    encode(&Frame::ResponseHead(1, head), &mut wire);
    wire[FRAME_PREFIX] |= 1;
    let decoded = Decoder::new(Side::Worker).decode(&mut wire);
    assert!(matches!(decoded, Err(DecodeError::Field { field: "stream", .. })), "{decoded:?}");
}

#[test]
fn a_frame_that_is_too_long_is_refused_by_its_length_alone() {
    let length = u32::try_from(MAX_FRAME_FROM_WORKER).unwrap() + 1;
    let mut wire = BytesMut::from(&length.to_le_bytes()[..]);
    wire.put_u8(kind::LOG);
    assert!(matches!(Decoder::new(Side::Worker).decode(&mut wire), Err(DecodeError::TooLong { .. })));
}

#[test]
fn a_frame_without_a_kind_is_refused() {
    let mut wire = BytesMut::from(&[0u8, 0, 0, 0, 1][..]);
    assert!(matches!(Decoder::new(Side::Worker).decode(&mut wire), Err(DecodeError::TooLong { length: 0, .. })));
}

#[test]
fn bytes_after_the_last_field_are_refused() {
    let mut wire = BytesMut::new();
    encode(&Frame::Pong { nonce: 7, idle: false }, &mut wire);
    wire[0] += 1;
    wire.put_u8(0);
    assert_eq!(Decoder::new(Side::Worker).decode(&mut wire), Err(DecodeError::Trailing { kind: kind::PONG, extra: 1 }));
}

#[test]
fn a_status_outside_of_200_to_599_is_refused_unless_it_is_101() {
    for status in [0, 100, 102, 199, 600, 999] {
        let head = ResponseHead { status, headers: HeaderBlock::default(), body: BodyLength::None };
        let mut wire = BytesMut::new();
        encode(&Frame::ResponseHead(1, head), &mut wire);
        assert!(matches!(
            Decoder::new(Side::Worker).decode(&mut wire),
            Err(DecodeError::Field { field: "status", .. })
        ));
    }
}

#[test]
fn a_sandbox_report_is_bounded() {
    let report = |detail: usize| LayerReport { layer: SandboxLayer::Uid, active: true, detail: "x".repeat(detail) };
    let decoded = |layers: Vec<LayerReport>| {
        let mut wire = BytesMut::new();
        encode(&Frame::Sandboxed(layers), &mut wire);
        Decoder::new(Side::Worker).decode(&mut wire)
    };
    assert!(decoded(vec![report(MAX_LAYER_DETAIL)]).is_ok());
    assert!(matches!(decoded(vec![report(MAX_LAYER_DETAIL + 1)]), Err(DecodeError::Field { field: "detail", .. })));
    let many = vec![report(0); SandboxLayer::ALL.len() + 1];
    assert!(matches!(decoded(many), Err(DecodeError::Field { field: "layers", .. })));
}

#[test]
fn a_header_list_stops_at_its_limits() {
    let mut builder = HeaderBlock::builder();
    for _ in 0..MAX_HEADERS {
        assert!(builder.push(b"a", b"b"));
    }
    assert!(!builder.push(b"a", b"b"));
    assert!(!HeaderBlock::builder().push(b"a", &vec![0; crate::limits::MAX_HEADER_BYTES]));
    assert_eq!(builder.finish().iter().count(), MAX_HEADERS);
}

#[test]
fn large_data_is_not_copied() {
    let data = Bytes::from(vec![7; MAX_CHUNK]);
    let mut outbox = Outbox::default();
    outbox.push_data(StreamId::request(1), true, data.clone());
    let mut slices = [IoSlice::new(&[]); 4];
    let count = outbox.io_slices(&mut slices);
    assert!(slices[..count].iter().any(|slice| slice.as_ptr() == data.as_ptr()));
}

#[test]
fn the_head_of_a_fetch_is_bounded() {
    let decoded = |head: FetchHead| {
        let mut wire = BytesMut::new();
        encode(&Frame::FetchHead(1, Box::new(head)), &mut wire);
        Decoder::new(Side::Worker).decode(&mut wire)
    };
    let named = |method: usize, url: usize, cache: usize| FetchHead {
        method: "x".repeat(method),
        url: "x".repeat(url),
        headers: HeaderBlock::default(),
        body: BodyLength::None,
        to: FetchDestination::Cache { name: "x".repeat(cache), call: CacheCall::Match },
        request: None,
    };
    let head = |method, url| named(method, url, MAX_CACHE_NAME);
    assert!(decoded(head(MAX_METHOD, MAX_URL)).is_ok());
    let long = decoded(named(1, 1, MAX_CACHE_NAME + 1));
    assert!(matches!(long, Err(DecodeError::Field { field: "cache", .. })));
    assert!(matches!(decoded(head(MAX_METHOD + 1, 1)), Err(DecodeError::Field { field: "method", .. })));
    assert!(matches!(decoded(head(1, MAX_URL + 1)), Err(DecodeError::Field { field: "url", .. })));
}
