//! A front door to measure: shards with workers that answer `Hello` at once, without V8, played by threads.
//!
//! `cargo run --release -p nano-supervisor --example shard_load -- [SHARDS] [WORKERS]`, then for instance
//! `wrk -t1 -c64 -d10 http://127.0.0.1:8099/`. Any key ends it. Threads are named, so that `top -H` and
//! `strace -c -p TID` can tell shards from workers.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a tool for the desk")]

use std::io::{IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use nano_config::{Config, HostPattern, Listen};
use nano_protocol::{BodyLength, Decoder, Frame, HeaderBlock, Outbox, ResponseHead, Side, StreamId};
use nano_supervisor::app::Admission;
use nano_supervisor::app::{App, Availability, GenerationId};
use nano_supervisor::cache::Caches;
use nano_supervisor::downstream::listener;
use nano_supervisor::route::RouteTable;
use nano_supervisor::shard::command::ShardCommand;
use nano_supervisor::shard::{Shard, ShardOptions};
use nano_supervisor::telemetry::{AppMetrics, Metrics};
use nano_supervisor::worker::{Worker, WorkerId};
use tokio::sync::{mpsc, oneshot};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().unwrap());
    let shards: usize = arguments.next().unwrap_or(1);
    let workers: u16 = arguments.next().unwrap_or(1).try_into().unwrap();

    let app = app(workers);
    let routes = Arc::new(RouteTable::new(&[(vec![HostPattern::Any], Arc::clone(&app))]));
    let (events, _inbox) = mpsc::channel(64);
    let options = ShardOptions::new(Arc::new(Metrics::default()), events);
    let listeners = listener::bind(&[Listen::tcp(([127, 0, 0, 1], 8099).into())], shards).unwrap().shards;
    let handles: Vec<_> = listeners
        .into_iter()
        .enumerate()
        .map(|(index, own)| Shard::spawn(index, own, Arc::clone(&routes), options.clone()).unwrap())
        .collect();
    for number in 0..u64::from(workers) {
        let worker = Arc::new(Worker::new(WorkerId(number), 0));
        for handle in &handles {
            let (ours, theirs) = UnixStream::pair().unwrap();
            std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || answer(theirs)).unwrap();
            let (done, outcome) = oneshot::channel();
            let (app, worker) = (Arc::clone(&app), Arc::clone(&worker));
            handle.commands().blocking_send(ShardCommand::AddLink { app, worker, socket: ours, done }).unwrap();
            outcome.blocking_recv().unwrap();
        }
    }
    let _ = std::io::stdin().read(&mut [0]);
}

fn app(workers: u16) -> Arc<App> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "").unwrap();
    let mut settings = Config::single_app(dir.path(), 0).unwrap().apps.remove(0).settings;
    settings.workers = workers;
    Arc::new(App {
        name: "load".into(),
        generation: GenerationId(1),
        admission: Admission::new(workers, settings.max_concurrent),
        settings,
        assets: None,
        cache: Caches::default().of_app("bench"),
        metrics: Arc::new(AppMetrics::default()),
        availability: Availability::default(),
    })
}

/// One read and one write for as many requests as there are.
fn answer(mut socket: UnixStream) {
    let mut headers = HeaderBlock::builder();
    assert!(headers.push(b"content-type", b"text/plain;charset=UTF-8"));
    let headers = headers.finish();
    let (mut inbox, mut outbox) = (BytesMut::new(), Outbox::default());
    let mut scratch = vec![0; 256 * 1024];
    loop {
        match socket.read(&mut scratch) {
            Ok(0) | Err(_) => return,
            Ok(bytes) => inbox.extend_from_slice(&scratch[..bytes]),
        }
        while let Some(frame) = Decoder::new(Side::Supervisor).decode(&mut inbox).unwrap() {
            if let Frame::RequestHead(id, _) = frame {
                let head = ResponseHead { status: 200, headers: headers.clone(), body: BodyLength::Known(5) };
                outbox.push(&Frame::ResponseHead(id, head));
                outbox.push(&Frame::Data {
                    stream: StreamId::request(id),
                    end: true,
                    data: Bytes::from_static(b"Hello"),
                });
            }
        }
        while !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); 16];
            let count = outbox.io_slices(&mut slices);
            let written = socket.write_vectored(&slices[..count]).unwrap();
            outbox.advance(written);
        }
    }
}
