//! Where spans are sent, and with which headers.

use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use rustls::pki_types::ServerName;
use url::{Host, Position, Url};

/// The path of traces, below a receiver's base URL.
const TRACES: &str = "v1/traces";

/// Most headers of `OTEL_EXPORTER_OTLP_HEADERS`.
const MAX_HEADERS: usize = 32;

/// The endpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Of the configuration.
    #[error("`endpoint` is no URL: {0}")]
    Url(#[from] url::ParseError),
    /// There is nothing to connect to.
    #[error("`endpoint` names no host")]
    NoHost,
    /// Of the environment. The text, which may hold a secret, is not shown.
    #[error(
        "OTEL_EXPORTER_OTLP_HEADERS is no list of at most {MAX_HEADERS} `name=value`, separated by commas and percent-encoded"
    )]
    Headers,
}

/// A receiver.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    /// The name in its certificate; `None`: without TLS.
    pub(super) tls: Option<ServerName<'static>>,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
}

impl Endpoint {
    /// `headers`: as OTEL_EXPORTER_OTLP_HEADERS has them.
    pub(super) fn new(url: &str, headers: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(url)?;
        let host = match url.host().ok_or(EndpointError::NoHost)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        let name = || ServerName::try_from(host.clone()).map_err(|_| EndpointError::NoHost);
        let tls = if url.scheme() == "https" { Some(name()?) } else { None };
        let port = url.port_or_known_default().ok_or(EndpointError::NoHost)?;
        let path = url.path().trim_end_matches('/');
        let path = if path.ends_with(TRACES) { path.to_owned() } else { format!("{path}/{TRACES}") };
        let target = match url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let mut all = HeaderMap::new();
        for pair in headers.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(EndpointError::Headers)?;
            let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| EndpointError::Headers)?;
            let value = percent_decoded(value.trim().as_bytes());
            let mut value = HeaderValue::from_bytes(&value).map_err(|_| EndpointError::Headers)?;
            value.set_sensitive(true);
            all.append(name, value);
        }
        if all.len() > MAX_HEADERS {
            return Err(EndpointError::Headers);
        }
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        all.insert(HOST, HeaderValue::from_str(authority).map_err(|_| EndpointError::NoHost)?);
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        all.insert(USER_AGENT, HeaderValue::from_static(concat!("nano/", env!("CARGO_PKG_VERSION"))));
        Ok(Self { host, port, tls, target, headers: all })
    }
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            (byte, _, _) => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}
