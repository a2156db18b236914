//! TLS of egress connections, and the certificates that they trust: the platform's (from `SSL_CERT_FILE` or
//! `SSL_CERT_DIR`, if set, as OpenSSL does it), or Mozilla's list that nano was built with if the platform has none.

use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

/// Most sessions that one app can resume in one shard.
const SESSIONS: usize = 64;

static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();

/// A configuration with a session store of its own: apps never share sessions. Reads files on the first call.
pub(crate) fn config() -> Result<Arc<ClientConfig>, rustls::Error> {
    let roots = Arc::clone(ROOTS.get_or_init(|| Arc::new(roots())));
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

fn roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    for error in found.errors.iter().take(3) {
        tracing::warn!(%error, "some of the platform's certificates cannot be read");
    }
    if roots.is_empty() {
        tracing::warn!(
            unusable,
            "the platform has no certificates: TLS with other servers trusts Mozilla's list of nano's build"
        );
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
