//! What a server's TLS is made of, and how another takes its place.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use nano_config::{ConfigError, TlsConfig};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificates::{Certificate, CertificateFacts, Certificates};
use super::challenges::Challenges;

/// The keys that tickets of sessions are encrypted with: they change every six hours, and are shared by all shards and
/// outlive reloads, so that a session can be resumed wherever its client comes back to.
static TICKETS: OnceLock<Arc<dyn ProducesTickets>> = OnceLock::new();

/// TLS as the configuration has it, for all shards.
#[derive(Debug)]
pub struct ServerTls {
    pub(super) config: Arc<ServerConfig>,
    pub(super) certificates: Arc<Certificates>,
    redirects_http: bool,
    /// Names whose certificates are ordered, and are not there.
    awaited: HashSet<Box<str>>,
    /// The value of `Strict-Transport-Security`, if there is to be one.
    pub(crate) hsts: Option<HeaderValue>,
}

impl ServerTls {
    /// Reads and checks the certificates. The texts are warnings.
    ///
    /// # Errors
    /// Every fault of a certificate or key, with its place in the configuration.
    pub fn new(tls: &TlsConfig) -> Result<(Self, Vec<String>), ConfigError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let (certificates, warnings) = Certificates::read(tls, &provider)?;
        let certificates = Arc::new(certificates);
        let broken = |error: rustls::Error| {
            let location = nano_config::Location { file: std::path::PathBuf::new(), line: 0, column: 0 };
            ConfigError::from(nano_config::Diagnostic::at(&location, "tls", format!("there can be no TLS: {error}")))
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificates) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Tickets hold all that is to be remembered.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = match TICKETS.get() {
            Some(tickets) => Arc::clone(tickets),
            None => {
                let tickets = aws_lc_rs::Ticketer::new().map_err(broken)?;
                Arc::clone(TICKETS.get_or_init(|| tickets))
            }
        };
        let hsts = (tls.hsts_s > 0).then(|| HeaderValue::try_from(format!("max-age={}", tls.hsts_s)).ok()).flatten();
        let config = Arc::new(config);
        Ok((Self { config, certificates, redirects_http: tls.redirect_http, awaited: HashSet::new(), hsts }, warnings))
    }

    /// The same with certificates that were ordered, behind those of files, and the names of those that are awaited.
    pub(crate) fn with_issued<'n>(
        &self,
        issued: impl Iterator<Item = Arc<Certificate>>,
        awaited: impl Iterator<Item = &'n str>,
    ) -> Self {
        let certificates = Arc::new(self.certificates.with(issued));
        let mut config = ServerConfig::clone(&self.config);
        config.cert_resolver = Arc::clone(&certificates) as Arc<dyn ResolvesServerCert>;
        Self {
            config: Arc::new(config),
            certificates,
            redirects_http: self.redirects_http,
            awaited: awaited.map(Box::from).collect(),
            hsts: self.hsts.clone(),
        }
    }

    /// Whether the certificate of this name is ordered.
    pub(super) fn awaits(&self, name: &str) -> bool {
        self.awaited.contains(name.strip_suffix('.').unwrap_or(name))
    }

    fn redirects(&self, host: &str) -> bool {
        self.redirects_http && self.certificates.choose(Some(host)).is_some()
    }

    /// About every certificate.
    pub fn facts(&self) -> impl Iterator<Item = &CertificateFacts> {
        self.certificates.iter().map(|certificate| &certificate.facts)
    }

    pub(super) fn choose(&self, name: Option<&str>) -> Option<&Arc<Certificate>> {
        self.certificates.choose(name)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name()).map(|certificate| Arc::clone(&certificate.key))
    }
}

/// The TLS of one shard, which reloads exchange. Connections keep what they began with.
#[derive(Debug, Clone)]
pub struct TlsSwitch {
    now: Rc<RefCell<Option<Arc<ServerTls>>>>,
    /// `None`: no certificate authority asks.
    challenges: Rc<RefCell<Option<Arc<Challenges>>>>,
    /// A TCP port that has TLS.
    port: Option<u16>,
}

impl TlsSwitch {
    /// `port`: a TCP port that has TLS, if there is one.
    pub(crate) fn new(tls: Option<Arc<ServerTls>>, port: Option<u16>) -> Self {
        Self { now: Rc::new(RefCell::new(tls)), challenges: Rc::default(), port }
    }

    /// Serves this from now on.
    pub(crate) fn set(&self, tls: Option<Arc<ServerTls>>) {
        *self.now.borrow_mut() = tls;
    }

    /// What is served now.
    pub(crate) fn get(&self) -> Option<Arc<ServerTls>> {
        self.now.borrow().clone()
    }

    /// Answers these from now on.
    pub(crate) fn set_challenges(&self, challenges: Option<Arc<Challenges>>) {
        *self.challenges.borrow_mut() = challenges;
    }

    /// What certificate authorities may ask for now.
    pub(crate) fn challenges(&self) -> Option<Arc<Challenges>> {
        self.challenges.borrow().clone()
    }

    /// The port of `https` for a client that came to `from`, if it must be written: where the usual port of `http` was
    /// reached, whatever it stands for here, the usual one of `https` is taken to be, too.
    pub(crate) fn port_for(&self, from: Option<u16>) -> Option<u16> {
        from.filter(|from| *from != 80).and(self.port).filter(|port| *port != 443)
    }

    /// Whether a request without TLS for this host is to be sent to `https`.
    pub(crate) fn redirects(&self, host: &str) -> bool {
        self.now.borrow().as_ref().is_some_and(|tls| tls.redirects(host))
    }
}
