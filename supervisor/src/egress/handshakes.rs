//! TLS handshakes, on a thread of their own: the server's certificates decide how much they compute, and a handshake
//! cannot be interrupted. The shard continues meanwhile; what is read after the handshake it decrypts itself.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::socket::{EgressSocket, InShard};

/// A handshake that waits to be made.
pub(super) struct Handshake {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    pub(super) within: Duration,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSession {
    #[error("it did not answer in time")]
    TimedOut,
    #[error("{0}")]
    Failed(#[from] io::Error),
}

struct Job {
    handshake: Handshake,
    stream: std::net::TcpStream,
    done: oneshot::Sender<Result<TlsStream<EgressSocket>, NoSession>>,
}

/// One shard's thread for handshakes, started with the first one.
#[derive(Debug, Default)]
pub(super) struct Handshakes(RefCell<Option<mpsc::UnboundedSender<Job>>>);

impl Handshakes {
    /// Makes the TLS session of a connection. Dropping the future closes the connection.
    pub(super) async fn make(
        &self,
        handshake: Handshake,
        stream: TcpStream,
        parts: InShard,
    ) -> Result<TlsStream<EgressSocket>, NoSession> {
        let (done, outcome) = oneshot::channel();
        let job = Job { handshake, stream: stream.into_std()?, done };
        // The callers bound how many wait: each has a permit.
        let sent = self.thread()?.send(job);
        sent.map_err(|_| io::Error::other("the thread for TLS has ended"))?;
        let mut session = outcome.await.map_err(io::Error::other)??;
        let (socket, _) = session.get_mut();
        // The socket is registered with the other thread's runtime.
        let here = socket.stream().as_fd().try_clone_to_owned()?;
        socket.replace(TcpStream::from_std(here.into())?, parts);
        Ok(session)
    }

    fn thread(&self) -> io::Result<mpsc::UnboundedSender<Job>> {
        if let Some(jobs) = self.0.borrow().as_ref().filter(|jobs| !jobs.is_closed()) {
            return Ok(jobs.clone());
        }
        #[expect(clippy::disallowed_methods, reason = "who sends waits for the outcome, and handshakes are bounded")]
        let (jobs, inbox) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("egress-tls".to_owned()).spawn(move || run(inbox))?;
        *self.0.borrow_mut() = Some(jobs.clone());
        Ok(jobs)
    }
}

/// Runs until no more can be requested.
fn run(mut inbox: mpsc::UnboundedReceiver<Job>) {
    let runtime = match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        // A waiting request sees that its answer's channel is closed.
        Err(error) => return tracing::error!(%error, "no thread for TLS with other servers"),
    };
    runtime.block_on(async {
        while let Some(job) = inbox.recv().await {
            spawn_local(serve(job));
        }
    });
}

async fn serve(Job { handshake, stream, mut done }: Job) {
    let Handshake { config, name, within } = handshake;
    let session = async {
        let socket = EgressSocket::new(TcpStream::from_std(stream)?);
        let session = timeout(within, TlsConnector::from(config).connect(name, socket)).await;
        session.map_err(|_| NoSession::TimedOut)?.map_err(NoSession::Failed)
    };
    let outcome = tokio::select! {
        // Cancellation is checked first, so that nothing is computed in vain.
        biased;
        () = done.closed() => return,
        outcome = session => outcome,
    };
    let _ = done.send(outcome);
}
