//! From a host to a connection: look up, check each address, connect to exactly what was checked, TLS.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use nano_protocol::FetchFailure;
use nano_protocol::limits::{MAX_HEADER_BYTES, MAX_HEADERS};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::commons::AppShare;
use super::error::EgressError;
use super::handshakes::{Handshake, NoSession};
use super::names::look_up;
use super::policy::Policy;
use super::socket::{EgressSocket, InShard, ResponseWatch};
use super::target::{Host, Origin};
use super::upload::UploadBody;
use super::websocket::Released;
use super::{Timeouts, tls};
use crate::fair_semaphore::FairPermit;

/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;

/// Makes connections for one app in one shard.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) policy: Policy,
    pub(super) timeouts: Timeouts,
    pub(super) part: AppShare,
    tls: RefCell<Option<Arc<ClientConfig>>>,
}

/// An HTTP connection. Dropping it closes it.
#[derive(Debug)]
pub(super) struct EgressConnection {
    pub(super) sender: SendRequest<UploadBody>,
    pub(super) watch: Rc<ResponseWatch>,
    task: AbortHandle,
}

impl Drop for EgressConnection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connector {
    pub(super) fn new(part: AppShare, policy: Policy, timeouts: Timeouts) -> Self {
        Self { policy, timeouts, part, tls: RefCell::default() }
    }

    /// A new connection, to an address that the policy allows.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<EgressConnection, EgressError> {
        self.connect_for(origin, None).await
    }

    /// The same for a request that asks for an upgrade, and what is given when the server agreed to it.
    pub(super) async fn connect_to_upgrade(
        &self,
        origin: &Origin,
    ) -> Result<(EgressConnection, oneshot::Receiver<Released>), EgressError> {
        let (release, released) = oneshot::channel();
        Ok((self.connect_for(origin, Some(release)).await?, released))
    }

    async fn connect_for(
        &self,
        origin: &Origin,
        release: Option<oneshot::Sender<Released>>,
    ) -> Result<EgressConnection, EgressError> {
        self.policy.check_origin(origin)?;
        let addresses = self.addresses(origin).await?;
        let permit = self.permit().await?;
        let stream = self.open(origin, addresses).await?;
        // Requests are written whole, so small writes need not wait for more.
        let _ = stream.set_nodelay(true);
        let watch = Rc::<ResponseWatch>::default();
        let parts = InShard { reader: self.part.reader(origin.tls), watch: Rc::clone(&watch), _permit: permit };
        if origin.tls {
            let session = self.session(origin, stream, parts).await?;
            return handshake(origin, session, watch, release).await;
        }
        let mut socket = EgressSocket::new(stream);
        socket.settle(parts);
        handshake(origin, socket, watch, release).await
    }

    /// A permit for one more connection.
    async fn permit(&self) -> Result<FairPermit, EgressError> {
        let within = self.timeouts.permit;
        let permit = timeout(within, async {
            self.part.await_connect().await;
            self.part.make_room();
            self.part.connections.take().await
        });
        permit.await.map_err(|_| EgressError::timed_out("too many connections of apps are open: none ended", within))
    }

    /// Makes the TLS session of a connection.
    async fn session(
        &self,
        origin: &Origin,
        stream: TcpStream,
        parts: InShard,
    ) -> Result<TlsStream<EgressSocket>, EgressError> {
        let config = self.tls_config().await?;
        let name = match &origin.host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                EgressError::new(FetchFailure::Tls, format!("{name} is no name that a certificate can be for"))
            })?,
        };
        let waiting = timeout(self.timeouts.permit, self.part.handshakes.take()).await;
        let _permit = waiting.map_err(|_| {
            EgressError::timed_out("too many TLS handshakes are made: none ended", self.timeouts.permit)
        })?;
        let within = self.timeouts.tls;
        let session = self.part.commons.tls.make(Handshake { config, name, within }, stream, parts).await;
        session.map_err(|error| match error {
            NoSession::TimedOut => {
                EgressError::timed_out(format_args!("{} did not answer with TLS", origin.host), within)
            }
            NoSession::Failed(error) => {
                EgressError::new(FetchFailure::Tls, format!("no TLS with {}: {error}", origin.host))
            }
        })
    }

    /// The host's addresses that the policy allows; at least one.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, EgressError> {
        let found = match &origin.host {
            Host::Address(address) => vec![SocketAddr::new(*address, origin.port)],
            Host::Name(name) => look_up(&self.part, name, origin.port, self.timeouts.resolve).await?,
        };
        let mut allowed = Vec::new();
        let mut denied = None;
        for address in found {
            // The address that is checked is the one that is connected to.
            let address = SocketAddr::new(address.ip().to_canonical(), address.port());
            match self.policy.check_address(origin, address.ip()) {
                Ok(()) if !allowed.contains(&address) && allowed.len() < MAX_ADDRESSES => allowed.push(address),
                Ok(()) => {}
                Err(error) => denied = Some(error),
            }
        }
        match denied {
            Some(error) if allowed.is_empty() => Err(error),
            _ => Ok(allowed),
        }
    }

    /// Connects to the first address that answers.
    async fn open(&self, origin: &Origin, addresses: Vec<SocketAddr>) -> Result<TcpStream, EgressError> {
        let Origin { host, port, .. } = origin;
        let within = self.timeouts.connect;
        // An address that never answers must leave time for the others.
        let count = u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let each = (within / count).max(Duration::from_secs(2)).min(within);
        let attempts = async {
            let mut last = None;
            for address in addresses {
                match timeout(each, TcpStream::connect(address)).await {
                    Ok(Ok(stream)) => return Ok(stream),
                    Ok(Err(error)) => last = Some(error),
                    Err(_) => last = Some(io::ErrorKind::TimedOut.into()),
                }
            }
            let error = last.unwrap_or_else(|| io::ErrorKind::NotFound.into());
            Err(match error.kind() {
                io::ErrorKind::TimedOut => EgressError::timed_out(format_args!("{host}:{port} did not answer"), within),
                _ => EgressError::new(FetchFailure::Connect, format!("cannot connect to {host}:{port}: {error}")),
            })
        };
        let late = |_| EgressError::timed_out(format_args!("{host}:{port} did not answer"), within);
        timeout(within, attempts).await.map_err(late)?
    }

    async fn tls_config(&self) -> Result<Arc<ClientConfig>, EgressError> {
        if let Some(config) = &*self.tls.borrow() {
            return Ok(Arc::clone(config));
        }
        let no_tls = |error: &dyn std::fmt::Display| {
            EgressError::new(FetchFailure::Tls, format!("nano cannot speak TLS: {error}"))
        };
        let made = tokio::task::spawn_blocking(tls::config).await.map_err(|error| no_tls(&error))?;
        let config = made.map_err(|error| no_tls(&error))?;
        Ok(Arc::clone(self.tls.borrow_mut().get_or_insert(config)))
    }
}

/// Starts HTTP/1.1 on a stream.
async fn handshake<S>(
    origin: &Origin,
    stream: S,
    watch: Rc<ResponseWatch>,
    release: Option<oneshot::Sender<Released>>,
) -> Result<EgressConnection, EgressError>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_headers(MAX_HEADERS).max_header_size(MAX_HEADER_BYTES).max_buf_size(2 * MAX_HEADER_BYTES);
    let made = builder.handshake::<_, UploadBody>(TokioIo::new(stream)).await;
    let (sender, connection) = made.map_err(|error| EgressError::of_http(&origin.host.to_string(), &error))?;
    let task = spawn_local(async move {
        // Its errors are reported by the request on it.
        let Some(release) = release else { return drop(connection.await) };
        if let Ok(parts) = connection.without_shutdown().await {
            let _ = release.send((Box::new(parts.io.into_inner()), parts.read_buf));
        }
    });
    Ok(EgressConnection { sender, watch, task: task.abort_handle() })
}
