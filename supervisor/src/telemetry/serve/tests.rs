//! Tests of `serve.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};

use super::*;
use crate::telemetry::{AppMetrics, Metrics};

/// A server whose text is larger than what sockets hold.
async fn large() -> (std::net::SocketAddr, JoinSet<()>) {
    let metrics = Arc::<Metrics>::default();
    let app = Arc::new(AppMetrics::default());
    let names = (0..4000).map(|number| Arc::from(format!("{}-{number}", "app".repeat(20))));
    metrics.show_apps(names.map(|name: Arc<str>| (name, Arc::clone(&app))));
    let listener = TcpListener::from_std(bind("127.0.0.1:0".parse().unwrap()).unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn_local(serve(listener, Scrapes::new(metrics), Rc::default(), std::future::pending()));
    (address, serving)
}

async fn ask(address: std::net::SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    client
}

#[test]
fn clients_that_do_not_read_are_cut_and_give_way() {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        let (address, _serving) = large().await;
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS {
            silent.push(ask(address).await);
        }
        // This one gets a connection when one of them is cut.
        let mut text = Vec::new();
        ask(address).await.read_to_end(&mut text).await.unwrap();
        assert!(text.len() > 8 << 20 && text.ends_with(b"\n"), "{} bytes", text.len());
        let mut cut = Vec::new();
        // What the socket held may come first.
        let _ = silent[0].read_to_end(&mut cut).await;
        assert!(cut.len() < text.len());
    });
}

#[test]
fn at_the_end_what_is_asked_is_answered_and_nobody_is_let_in() {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        let listener = TcpListener::from_std(bind("127.0.0.1:0".parse().unwrap()).unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (close, closing) = tokio::sync::oneshot::channel::<()>();
        let scrapes = Scrapes::new(Arc::<Metrics>::default());
        let serving = tokio::task::spawn_local(serve(listener, scrapes, Rc::default(), async { drop(closing.await) }));
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut text = [0; 15];
        idle.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"HTTP/1.1 200 OK");
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
        // It has to be accepted before the end.
        tokio::task::yield_now().await;
        close.send(()).unwrap();
        serving.await.unwrap();
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    });
}
