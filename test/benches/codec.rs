//! Frames per second of the wire's encoder and decoder, in batches as a busy link sends them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails loudly")]

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nano_protocol::{BodyLength, Decoder, Frame, HeaderBlock, Outbox, RequestHead, ResponseHead, Side, StreamId};
use std::hint::black_box;
use std::io::IoSlice;

/// Frames of one batch: what one read brings under load.
const BATCH: u32 = 64;

fn headers(pairs: &[(&str, &str)]) -> HeaderBlock {
    let mut block = HeaderBlock::builder();
    for (name, value) in pairs {
        assert!(block.push(name.as_bytes(), value.as_bytes()));
    }
    block.finish()
}

fn request_head(id: u32) -> Frame {
    let head = RequestHead {
        method: "GET".into(),
        url: "http://shop.example/products/42?color=blue".into(),
        request_id: "5f0c2b1d9a7e4c68".into(),
        headers: headers(&[
            ("host", "shop.example"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("accept-language", "en-US,en;q=0.5"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("cookie", "session=0123456789abcdef0123456789abcdef"),
        ]),
        body: BodyLength::None,
        websocket: false,
    };
    Frame::RequestHead(id, Box::new(head))
}

fn response_head(id: u32) -> Frame {
    let headers = headers(&[("content-type", "application/json"), ("cache-control", "no-store")]);
    Frame::ResponseHead(id, ResponseHead { status: 200, headers, body: BodyLength::Known(13) })
}

/// The bytes of an outbox, as the socket would take them.
fn bytes_of(outbox: &Outbox) -> BytesMut {
    let mut slices = [IoSlice::new(&[]); 1024];
    let count = outbox.io_slices(&mut slices);
    let bytes: BytesMut = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
    assert_eq!(bytes.len(), outbox.len());
    bytes
}

/// Makes a frame for a request.
type Make = fn(u32) -> Frame;

fn codec(criterion: &mut Criterion) {
    let kinds: [(&str, Side, Make); 3] = [
        ("request_head", Side::Supervisor, request_head),
        ("response_head", Side::Worker, response_head),
        ("chunk_16k", Side::Worker, |id| Frame::Data {
            stream: StreamId::request(id),
            end: false,
            data: Bytes::from_static(&[b'x'; 16 << 10]),
        }),
    ];
    for (name, sender, make) in kinds {
        let frames: Vec<Frame> = (1..=BATCH).map(make).collect();
        let mut encoded = Outbox::default();
        for frame in &frames {
            encoded.push(frame);
        }
        let encoded = bytes_of(&encoded);
        let decoder = Decoder::new(sender);

        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(u64::from(BATCH)));
        group.bench_function("encode", |bencher| {
            let mut outbox = Outbox::default();
            bencher.iter(|| {
                for frame in &frames {
                    outbox.push(frame);
                }
                let length = outbox.len();
                outbox.advance(black_box(length));
            });
        });
        group.bench_function("decode", |bencher| {
            bencher.iter_batched_ref(
                || encoded.clone(),
                |buffer| {
                    let mut count = 0;
                    while let Some(frame) = decoder.decode(buffer).unwrap() {
                        black_box(&frame);
                        count += 1;
                    }
                    assert_eq!(count, BATCH);
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
