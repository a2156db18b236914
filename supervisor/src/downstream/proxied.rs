//! Connections that a proxy announces: its header is read before anything else.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use super::client::{Client, Scheme};
use super::connection::{Connection, ConnectionPhase, Expiry};
use super::proxy_header::{Announced, ProxyHeader, ProxyHeaderFault};

/// Most bytes that are looked at in one go. Most headers are shorter.
const LOOK: usize = 536;

/// Why a connection is closed instead of served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProxyRefusal {
    /// The peer is none of `trusted_proxies`.
    Untrusted,
    /// The header did not come in time.
    Late,
    /// There is none, or it is malformed or cut off.
    Malformed(Option<ProxyHeaderFault>),
}

impl ProxyRefusal {
    /// All values of [`Self::cause`].
    pub(crate) const CAUSES: [&str; 3] = ["untrusted", "late", "malformed"];

    /// The metric's label.
    pub(crate) fn cause(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Late => "late",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl std::fmt::Display for ProxyRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untrusted => f.write_str("it is from none of `trusted_proxies`"),
            Self::Late => f.write_str("its PROXY header did not come in time"),
            Self::Malformed(Some(fault)) => fault.fmt(f),
            Self::Malformed(None) => f.write_str("it ended within its PROXY header"),
        }
    }
}

/// How the wait for a header ended.
pub(super) enum Arrival {
    /// With a header.
    Header(Announced),
    /// The connection is to be closed, and it is nobody's fault: it was opened to see whether nano listens, or nano ends.
    Nothing,
    Refused(ProxyRefusal),
}

impl Connection {
    /// Reads the header, and nothing behind it. Its time is that of a request's head.
    pub(super) async fn receive_proxy_header(&self) -> Arrival {
        let mut header = ProxyHeader::default();
        poll_fn(|cx| {
            if let Some(expiry) = self.poll_expired(cx) {
                return Poll::Ready(if matches!(expiry, Expiry::Head | Expiry::Stalled) {
                    Arrival::Refused(ProxyRefusal::Late)
                } else {
                    Arrival::Nothing
                });
            }
            self.poll_proxy_header(cx, &mut header).map(|read| match read {
                Ok(Some(announced)) => Arrival::Header(announced),
                Ok(None) | Err(None) if header.is_empty() => Arrival::Nothing,
                Ok(None) => Arrival::Refused(ProxyRefusal::Malformed(None)),
                Err(fault) => Arrival::Refused(ProxyRefusal::Malformed(fault)),
            })
        })
        .await
    }

    /// `None`: the connection ended. An error without a fault is one of the socket.
    fn poll_proxy_header(
        &self,
        cx: &mut Context<'_>,
        header: &mut ProxyHeader,
    ) -> Poll<Result<Option<Announced>, Option<ProxyHeaderFault>>> {
        let socket = self.socket.borrow();
        let mut room = [0; LOOK];
        loop {
            if ready!(socket.inner().wire.poll_read_ready(cx)).is_err() {
                return Poll::Ready(Err(None));
            }
            // Only looked at: what is behind the header is for others to read.
            let seen = match socket.inner().wire.look(&mut room) {
                Ok(0) => return Poll::Ready(Ok(None)),
                Ok(seen) => seen,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    continue;
                }
                Err(_) => return Poll::Ready(Err(None)),
            };
            let (taken, announced) = match header.feed(room.get(..seen).unwrap_or_default()) {
                Ok(fed) => fed,
                Err(fault) => return Poll::Ready(Err(Some(fault))),
            };
            // The same bytes again: they are there.
            if socket.inner().wire.take(room.get_mut(..taken).unwrap_or_default()).ok() != Some(taken) {
                return Poll::Ready(Err(None));
            }
            if announced.is_some() {
                return Poll::Ready(Ok(announced));
            }
        }
    }

    /// Takes over who the client is.
    pub(super) fn announce(&self, announced: Announced) {
        if let Announced::Client { source, tls } = announced {
            let scheme = if tls { Scheme::Https } else { self.client().scheme };
            self.client.set(Client::at(Some(source), scheme));
        }
        // A request's head has its whole time.
        self.enter(ConnectionPhase::Fresh);
    }
}
