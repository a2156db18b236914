//! Clients that look at certificates.

use nano_test::{PATIENCE, careless, tls_client};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// One that trusts this root.
pub(crate) fn trusting(root: CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = tls_client().with_root_certificates(roots).with_no_client_auth();
    // A session that is taken up again shows the certificate that it began with.
    config.resumption = Resumption::disabled();
    config
}

/// One that trusts everybody, and asks for this protocol.
pub(crate) fn curious(protocols: &[&[u8]]) -> ClientConfig {
    let mut config = careless();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
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
