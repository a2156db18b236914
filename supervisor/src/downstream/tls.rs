//! TLS of clients: certificates, handshakes, and what a connection has afterwards.
//!
//! What is costly of a handshake is computed beside the shard ([`computing`]), and the addresses that clients come from
//! take turns for it; the shard moves the bytes. After it the shard encrypts and decrypts by itself ([`session`]).

mod certificates;
mod computing;
mod handshake;
mod server;
mod session;

pub use certificates::{Certificate, CertificateFacts};
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
    /// An earlier session was taken up, without a signature.
    pub(crate) is_resumed: bool,
    /// The value of `Strict-Transport-Security`, if responses have it.
    pub(crate) hsts: Option<http::HeaderValue>,
}
