//! The server's certificates: read from what the configuration names, checked, and chosen by the name that a client
//! asks for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nano_config::{CertificateConfig, ConfigError, Diagnostic, HostPattern, TlsConfig};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// A warning comes so long before a certificate expires; certbot renews thirty days before.
const EXPIRES_SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Most certificates in a chain that was ordered: each client is sent it.
const MAX_CHAIN: usize = 10;

/// A certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// For which hosts it may answer: those of the configuration, and those that it has itself.
    names: Names,
    /// About it.
    pub facts: CertificateFacts,
}

/// What is to be known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The first of its hostnames in the configuration.
    pub hostname: String,
    /// When it expires, if that can be read.
    pub expires: Option<SystemTime>,
    /// When it became valid, if that can be read.
    pub begins: Option<SystemTime>,
}

/// Names in lower case, and wildcards that stand for one label.
#[derive(Debug, Default, Clone)]
struct Names {
    exact: HashMap<Box<str>, usize>,
    /// Without `*.`.
    wildcard: HashMap<Box<str>, usize>,
}

impl Names {
    fn add(&mut self, name: &str, at: usize) {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(suffix) => self.wildcard.entry(suffix.into()).or_insert(at),
            None => self.exact.entry(name.into()).or_insert(at),
        };
    }

    fn find(&self, name: &str) -> Option<usize> {
        if let Some(at) = self.exact.get(name) {
            return Some(*at);
        }
        let (_, suffix) = name.split_once('.')?;
        self.wildcard.get(suffix).copied()
    }
}

impl Certificate {
    /// Whether it may answer for this host, which is in lower case and has no port.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.names.find(host).is_some()
    }
}

/// Why a certificate that was ordered cannot serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it is no certificate and key in PEM")]
    Pem,
    #[error("its chain has more than {MAX_CHAIN} certificates")]
    Long,
    #[error("TLS cannot use it: {0}")]
    Tls(#[from] Error),
    #[error("it is no certificate of X.509")]
    X509,
    #[error("it is not for {0}")]
    OtherName(String),
    #[error("it expired at {}", httpdate::fmt_http_date(*.0))]
    Expired(SystemTime),
}

impl Certificate {
    /// One that was ordered for `name`, from PEM with its key and its chain.
    pub(crate) fn ordered(name: &str, pem: &[u8]) -> Result<Self, Unfit> {
        let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|_| Unfit::Pem)?;
        if chain.len() > MAX_CHAIN {
            return Err(Unfit::Long);
        }
        let own = chain.first().ok_or(Unfit::Pem)?;
        let own = x509_cert::Certificate::from_der(own).map_err(|_| Unfit::X509)?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| Unfit::Pem)?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?;
        let mut names = Names::default();
        for alternative in alternative_names(&own) {
            names.add(&alternative, 0);
        }
        if names.find(name).is_none() {
            return Err(Unfit::OtherName(name.to_owned()));
        }
        let validity = own.tbs_certificate.validity;
        let expires = UNIX_EPOCH + validity.not_after.to_unix_duration();
        if expires <= SystemTime::now() {
            return Err(Unfit::Expired(expires));
        }
        let begins = UNIX_EPOCH + validity.not_before.to_unix_duration();
        let facts = CertificateFacts { hostname: name.to_owned(), expires: Some(expires), begins: Some(begins) };
        Ok(Self { key: Arc::new(key), names, facts })
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Certificates {
    all: Vec<Arc<Certificate>>,
    names: Names,
}

impl Certificates {
    /// That of a name: exact names win over wildcards. Without a name the first; `None`: there is none for the name.
    pub(super) fn choose(&self, name: Option<&str>) -> Option<&Arc<Certificate>> {
        match name {
            None => self.all.first(),
            Some(name) => self.all.get(self.names.find(name.strip_suffix('.').unwrap_or(name))?),
        }
    }

    /// These, and others behind them, each for its own name.
    pub(super) fn with(&self, others: impl Iterator<Item = Arc<Certificate>>) -> Self {
        let (mut all, mut names) = (self.all.clone(), self.names.clone());
        for other in others {
            names.add(&other.facts.hostname, all.len());
            all.push(other);
        }
        Self { all, names }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.all.iter()
    }

    /// Reads those of the configuration. The texts are warnings.
    ///
    /// # Errors
    /// Every fault, with its place in the configuration.
    pub(super) fn read(tls: &TlsConfig, provider: &CryptoProvider) -> Result<(Self, Vec<String>), ConfigError> {
        let (mut all, mut names) = (Vec::new(), Names::default());
        let (mut faults, mut warnings) = (Vec::new(), Vec::new());
        for (index, certificate) in tls.certificates.iter().enumerate() {
            match read(certificate, provider, &mut warnings) {
                Ok(read) => {
                    for hostname in &certificate.hostnames {
                        names.add(hostname.as_str(), all.len());
                    }
                    all.push(Arc::new(read));
                }
                Err((part, message)) => {
                    let at = &certificate.locations[usize::from(part == Part::Key)];
                    let key = format!("tls.certificates[{index}].{}", part.as_str());
                    faults.push(Diagnostic::at(at, key, message));
                }
            }
        }
        match ConfigError::from_diagnostics(faults) {
            Some(error) => Err(error),
            None => Ok((Self { all, names }, warnings)),
        }
    }
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Cert,
    Key,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Self::Cert => "cert",
            Self::Key => "key",
        }
    }
}

fn read(
    config: &CertificateConfig,
    provider: &CryptoProvider,
    warnings: &mut Vec<String>,
) -> Result<Certificate, (Part, String)> {
    let files = &config.files;
    let (cert, key) = (files.cert.display(), files.key.display());
    let in_cert = |why: String| (Part::Cert, format!("{cert}: {why}"));
    let in_key = |why: String| (Part::Key, format!("{key}: {why}"));
    let chain = CertificateDer::pem_slice_iter(&files.cert_pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| in_cert(format!("the PEM is damaged: {error}")))?;
    if chain.is_empty() {
        return Err(in_cert("there is no certificate in it (a PEM block `CERTIFICATE`)".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(files.key_pem.expose())
        .map_err(|error| in_key(no_key(files.key_pem.expose(), &error)))?;
    let signing = provider.key_provider.load_private_key(private).map_err(|_| {
        in_key(
            "no private key that TLS can use: RSA of 2048 to 8192 bits, ECDSA over P-256, P-384 or P-521, or Ed25519"
                .to_owned(),
        )
    })?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(Error::InconsistentKeys(_)) => {
            let why = format!(
                "the key is not that of the certificate in {cert} (its first one, which must be the server's own)"
            );
            return Err(in_key(why));
        }
        Err(error) => return Err(in_cert(format!("no certificate of X.509: {error}"))),
    }
    let mut names = Names::default();
    for hostname in &config.hostnames {
        names.add(hostname.as_str(), 0);
    }
    let own = certified.cert.first().and_then(|der| x509_cert::Certificate::from_der(der).ok());
    let validity = own.as_ref().map(|own| own.tbs_certificate.validity);
    let expires = validity.map(|validity| UNIX_EPOCH + validity.not_after.to_unix_duration());
    let begins = validity.map(|validity| UNIX_EPOCH + validity.not_before.to_unix_duration());
    let alternatives = own.as_ref().map(alternative_names).unwrap_or_default();
    let hostname = config.hostnames.first().map_or("", HostPattern::as_str).to_owned();
    let now = SystemTime::now();
    match expires.map(|expires| (expires, expires.duration_since(now))) {
        Some((expires, Err(_))) => warnings
            .push(format!("{cert}: the certificate of {hostname} expired at {}", httpdate::fmt_http_date(expires))),
        Some((expires, Ok(left))) if left < EXPIRES_SOON => {
            warnings
                .push(format!("{cert}: the certificate of {hostname} expires at {}", httpdate::fmt_http_date(expires)));
        }
        _ => {}
    }
    if begins.is_some_and(|begins| begins > now) {
        warnings.push(format!("{cert}: the certificate of {hostname} is not valid yet: is the clock right?"));
    }
    let mut own_names = Names::default();
    for name in &alternatives {
        own_names.add(name, 0);
        names.add(name, 0);
    }
    for hostname in &config.hostnames {
        let is_covered = match hostname {
            HostPattern::Wildcard(name) => own_names.wildcard.contains_key(name.suffix()),
            other => own_names.find(other.as_str()).is_some(),
        };
        if own.is_some() && !is_covered {
            let has = if alternatives.is_empty() {
                "no names".to_owned()
            } else {
                alternatives.iter().take(5).cloned().collect::<Vec<_>>().join(", ")
            };
            warnings.push(format!(
                "{cert}: the certificate is not for {hostname}, so clients will not accept it there (it has: {has})"
            ));
        }
    }
    Ok(Certificate { key: Arc::new(certified), names, facts: CertificateFacts { hostname, expires, begins } })
}

/// The DNS names that a certificate is for.
fn alternative_names(own: &x509_cert::Certificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(names)))) = own.tbs_certificate.get::<SubjectAltName>() else { return Vec::new() };
    let names = names.into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    });
    names.collect()
}

fn no_key(pem: &[u8], error: &pem::Error) -> String {
    let holds = |mark: &[u8]| memchr::memmem::find(pem, mark).is_some();
    if holds(b"BEGIN ENCRYPTED PRIVATE KEY") || holds(b"Proc-Type: 4,ENCRYPTED") {
        return "the key is encrypted, and nano has no passphrase: `openssl pkey -in KEY -out PLAIN` takes it off"
            .to_owned();
    }
    match error {
        pem::Error::NoItemsFound => {
            "there is no private key in it (a PEM block `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`)"
                .to_owned()
        }
        // What it says may be of the key.
        _ => "the PEM is damaged".to_owned(),
    }
}

#[cfg(test)]
mod tests;
