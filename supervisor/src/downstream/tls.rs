//! TLS of clients: certificates, handshakes, and what a connection has afterwards.
//!
//! What is costly of a handshake is computed beside the shard ([`computing`]), and the addresses that clients come from
//! take turns for it; the shard moves the bytes. After it the shard encrypts and decrypts by itself ([`session`]).

mod certificates;
mod challenges;
mod computing;
mod handshake;
mod server;
mod session;

use std::pin::Pin;
use std::task::{Context, Waker};

use tokio::io::AsyncWrite;

use super::client::{Client, Scheme};
use super::connection::{Connection, ConnectionPhase};
use super::socket::Wire;
pub(crate) use certificates::Unfit;
pub use certificates::{Certificate, CertificateFacts};
pub use challenges::Challenges;
pub(crate) use challenges::{Challenge, ChallengeError};
pub(super) use computing::Computing;
pub(super) use handshake::{NotSecured, secure};
pub use server::{ServerTls, TlsSwitch};
pub(super) use session::Session;

/// What TLS has made of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Secured {
    /// What the client was shown.
    pub(crate) certificate: std::sync::Arc<Certificate>,
    /// Whether it asked for a name.
    pub(crate) is_named: bool,
    /// `TLSv1.3`, `TLSv1.2`.
    pub(crate) version: &'static str,
    /// It chose HTTP/2.
    pub(crate) is_h2: bool,
    /// An earlier session was taken up, without a signature.
    pub(crate) is_resumed: bool,
    /// The value of `Strict-Transport-Security`, if responses have it.
    pub(crate) hsts: Option<http::HeaderValue>,
}

impl Connection {
    /// TLS is there: the client's time for a request begins anew.
    pub(super) fn secure(&self, session: Session, secured: Secured) {
        self.socket.borrow_mut().inner_mut().secure(session);
        let _ = self.secured.set(secured);
        self.client.set(Client { scheme: Scheme::Https, ..self.client.get() });
        self.enter(ConnectionPhase::Fresh);
    }

    /// What TLS made of it; `None`: there is none.
    pub(crate) fn secured(&self) -> Option<&Secured> {
        self.secured.get()
    }

    /// The value of `Strict-Transport-Security`, if responses have it.
    pub(super) fn hsts(&self) -> Option<&http::HeaderValue> {
        self.secured.get()?.hsts.as_ref()
    }

    /// The bare socket.
    pub(super) fn with_wire<T>(&self, use_it: impl FnOnce(&mut Wire) -> T) -> T {
        use_it(&mut self.socket.borrow_mut().inner_mut().wire)
    }

    /// Has the client know that nothing more comes, if TLS can say so and the socket takes it.
    pub(super) fn announce_end(&self) {
        let mut socket = self.socket.borrow_mut();
        socket.inner_mut().announce_end();
        let _ = Pin::new(socket.inner_mut()).poll_flush(&mut Context::from_waker(Waker::noop()));
    }
}
