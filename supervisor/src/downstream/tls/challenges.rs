//! Answers to the challenges by which a certificate authority finds out whether a name leads here: HTTP-01 (RFC 8555
//! §8.3) and TLS-ALPN-01 (RFC 8737).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// The application protocol of a connection that is for the challenge alone.
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Why there can be no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChallengeError {
    #[error("the certificate for the challenge cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("the certificate for the challenge cannot be served: {0}")]
    Tls(#[from] rustls::Error),
}

/// The answer to one challenge.
#[derive(Debug, Clone)]
pub(crate) enum Challenge {
    /// What a request for the token gets.
    Http {
        /// The last segment of the path.
        token: Box<str>,
        /// The body of the response.
        answer: Bytes,
    },
    /// What a connection for `acme-tls/1` alone gets.
    Alpn(Arc<ServerConfig>),
}

impl Challenge {
    /// A handshake with a certificate for `name` that holds this digest of the answer.
    pub(crate) fn alpn(name: &str, digest: &[u8]) -> Result<Self, ChallengeError> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = aws_lc_rs::default_provider();
        // Not checked by rustls: it does not know the extension, which is critical.
        let key = CertifiedKey::new(vec![certificate.der().clone()], provider.key_provider.load_private_key(key)?);
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![ACME_TLS.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self::Alpn(Arc::new(config)))
    }
}

/// Those that are awaited now, by the name that each is for; one for a name. The same for all shards.
#[derive(Debug, Default, Clone)]
pub struct Challenges(BTreeMap<String, Challenge>);

impl Challenges {
    pub(crate) fn insert(&mut self, name: &str, challenge: Challenge) {
        self.0.insert(name.to_owned(), challenge);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The body of the response to a request for this host and token.
    pub(crate) fn http(&self, host: &str, asked: &str) -> Option<Bytes> {
        match self.0.get(host)? {
            Challenge::Http { token, answer } if **token == *asked => Some(answer.clone()),
            _ => None,
        }
    }

    /// With what the handshake of a client is made that asks for this name and for `acme-tls/1` alone.
    pub(super) fn handshake(&self, name: Option<&str>) -> Option<Arc<ServerConfig>> {
        match self.0.get(name?)? {
            Challenge::Alpn(config) => Some(Arc::clone(config)),
            Challenge::Http { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
