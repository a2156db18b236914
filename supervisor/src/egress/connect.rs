//! From a host to a connection: look up, check each address, connect to exactly what was checked, TLS.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
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
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::commons::{Commons, reader};
use super::error::EgressError;
use super::policy::Policy;
use super::target::{Host, Origin};
use super::upload::Upload;
use super::{Timeouts, tls};
use crate::read_budget::{Group, Metered};

/// Names that one app looks up at once in one shard. The system's resolver needs a thread for each.
const LOOKUPS: usize = 4;
/// Addresses of one host that are tried, at most.
const MOST_ADDRESSES: usize = 8;

/// Makes connections for one app in one shard.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) policy: Policy,
    pub(super) timeouts: Timeouts,
    lookups: Arc<Semaphore>,
    reading: Rc<Group>,
    tls: RefCell<Option<Arc<ClientConfig>>>,
}

/// A connection that HTTP is spoken on. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Upload>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connector {
    pub(super) fn new(commons: &Commons, policy: Policy, timeouts: Timeouts) -> Self {
        Self {
            policy,
            timeouts,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            reading: commons.reading(),
            tls: RefCell::default(),
        }
    }

    /// A new connection, to an address that the policy allows.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<Connection, EgressError> {
        self.policy.check_origin(origin)?;
        let stream = self.open(origin, self.addresses(origin).await?).await?;
        // Requests are written whole; what is small should not wait for more.
        let _ = stream.set_nodelay(true);
        let stream = Metered::new(stream, reader(&self.reading, origin.tls));
        if !origin.tls {
            return handshake(origin, stream).await;
        }
        let config = self.tls_config().await?;
        let name = match &origin.host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                EgressError::new(FetchFailure::Tls, format!("{name} is no name that a certificate can be for"))
            })?,
        };
        let within = self.timeouts.tls;
        let session = timeout(within, TlsConnector::from(config).connect(name, stream)).await;
        let session = session
            .map_err(|_| EgressError::timed_out(format_args!("{} did not answer with TLS", origin.host), within))?
            .map_err(|error| EgressError::new(FetchFailure::Tls, format!("no TLS with {}: {error}", origin.host)))?;
        handshake(origin, session).await
    }

    /// The host's addresses that the policy allows; never none.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, EgressError> {
        let found = match &origin.host {
            Host::Address(address) => vec![SocketAddr::new(*address, origin.port)],
            Host::Name(name) => self.look_up(name, origin.port).await?,
        };
        let mut allowed = Vec::new();
        let mut denied = None;
        for address in found {
            // What is checked is what is connected to.
            let address = SocketAddr::new(address.ip().to_canonical(), address.port());
            match self.policy.check_address(origin, address.ip()) {
                Ok(()) if !allowed.contains(&address) && allowed.len() < MOST_ADDRESSES => allowed.push(address),
                Ok(()) => {}
                Err(error) => denied = Some(error),
            }
        }
        match denied {
            Some(error) if allowed.is_empty() => Err(error),
            _ => Ok(allowed),
        }
    }

    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        let within = self.timeouts.resolve;
        let resolved = timeout(within, async {
            let permit = Arc::clone(&self.lookups).acquire_owned().await.map_err(io::Error::other)?;
            let name = name.to_owned();
            tokio::task::spawn_blocking(move || {
                // The system's resolver cannot be stopped: its thread counts until it comes back.
                let _permit = permit;
                (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>)
            })
            .await
            .map_err(io::Error::other)?
        });
        let addresses = resolved
            .await
            .map_err(|_| EgressError::timed_out(format_args!("{name} could not be looked up"), within))?
            .map_err(|error| EgressError::new(FetchFailure::Resolve, format!("{name} cannot be found: {error}")))?;
        if addresses.is_empty() {
            return Err(EgressError::new(FetchFailure::Resolve, format!("{name} has no address")));
        }
        Ok(addresses)
    }

    /// Connects to the first address that answers.
    async fn open(&self, origin: &Origin, addresses: Vec<SocketAddr>) -> Result<TcpStream, EgressError> {
        let Origin { host, port, .. } = origin;
        let within = self.timeouts.connect;
        // One that never answers leaves time for the others.
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

/// Speaks HTTP/1.1 on a stream.
async fn handshake<S>(origin: &Origin, stream: S) -> Result<Connection, EgressError>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_headers(MAX_HEADERS).max_header_size(MAX_HEADER_BYTES).max_buf_size(2 * MAX_HEADER_BYTES);
    let made = builder.handshake::<_, Upload>(TokioIo::new(stream)).await;
    let (sender, connection) = made.map_err(|error| EgressError::of_http(&origin.host.to_string(), &error))?;
    let task = spawn_local(async move {
        // What went wrong is told to the request on it.
        drop(connection.await);
    });
    Ok(Connection { sender, task: task.abort_handle() })
}
