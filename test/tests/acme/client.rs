//! Clients that look at certificates.

use nano_test::PATIENCE;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// One that trusts this root.
pub(crate) fn trusting(root: CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = builder().with_root_certificates(roots).with_no_client_auth();
    // A session that is taken up again shows the certificate that it began with.
    config.resumption = Resumption::disabled();
    config
}

/// One that trusts everybody, and asks for this protocol.
pub(crate) fn curious(protocols: &[&[u8]]) -> ClientConfig {
    let mut config = builder().dangerous().with_custom_certificate_verifier(Arc::new(TrustsAll)).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap()
}

/// What a handshake for a name came to.
pub(crate) struct Seen {
    /// The server's own certificate.
    pub(crate) certificate: Vec<u8>,
    /// The application protocol.
    pub(crate) protocol: Option<Vec<u8>>,
    /// What came of `GET /`, until the end.
    pub(crate) answer: String,
}

/// Connects, makes the handshake, and asks for `/` with a fresh session.
pub(crate) fn visit(address: SocketAddr, config: &ClientConfig, name: &str) -> io::Result<Seen> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let mut session = ClientConnection::new(Arc::new(config.clone()), server).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    let certificate = session.peer_certificates().unwrap()[0].to_vec();
    let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
    let mut stream = rustls::StreamOwned::new(session, socket);
    let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // One that is for a challenge is closed already.
    if stream.write_all(request.as_bytes()).is_ok() {
        let _ = stream.read_to_end(&mut answer);
    }
    Ok(Seen { certificate, protocol, answer: String::from_utf8_lossy(&answer).into_owned() })
}

#[derive(Debug)]
struct TrustsAll;

impl ServerCertVerifier for TrustsAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
