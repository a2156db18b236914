//! Clients with TLS: rustls for exact bytes, curl and openssl for what people use.

use nano_test::{Finished, PATIENCE, Response, Site, finish, tls_client, tool};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;

/// Signs certificates, and clients trust it.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "nano's tests");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for these names and its key, as PEM.
    pub(crate) fn pair(&self, names: &[&str]) -> (String, String) {
        self.pair_of(names, &KeyPair::generate().unwrap(), |_| {})
    }

    pub(crate) fn pair_of(
        &self,
        names: &[&str],
        key: &KeyPair,
        tune: impl FnOnce(&mut CertificateParams),
    ) -> (String, String) {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        tune(&mut params);
        let certificate = params.signed_by(key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Writes `NAME.pem` and `NAME.key`, and `roots.pem` for curl.
    pub(crate) fn write(&self, site: &Site, name: &str, names: &[&str]) {
        let (cert, key) = self.pair(names);
        site.file(&format!("{name}.key"), &key).file(&format!("{name}.pem"), &cert).file("roots.pem", &self.0.pem());
    }

    /// What rustls needs to trust it.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.0.pem().as_bytes()).unwrap()).unwrap();
        tls_client().with_root_certificates(roots).with_no_client_auth()
    }
}

/// One connection.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Connects, and makes the handshake.
pub(crate) fn connect(address: SocketAddr, config: &Arc<ClientConfig>, name: &str) -> io::Result<Tls> {
    connect_behind(address, b"", config, name)
}

/// The same, after what a proxy says of its client.
pub(crate) fn connect_behind(
    address: SocketAddr,
    announced: &[u8],
    config: &Arc<ClientConfig>,
    name: &str,
) -> io::Result<Tls> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(announced)?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut session = ClientConnection::new(Arc::clone(config), name).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}

/// `GET path`; the connection stays open.
pub(crate) fn ask(tls: &mut Tls, host: &str, path: &str) {
    tls.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
}

/// Reads the head of an answer, and what came of its body with it.
pub(crate) fn head(tls: &mut Tls) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = tls.read(&mut piece).unwrap();
        assert!(count > 0, "ended early: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return (String::from_utf8(bytes).unwrap(), body);
        }
    }
}

/// Whether the session that was begun is an earlier one.
pub(crate) fn is_resumed(tls: &Tls) -> bool {
    tls.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
}

/// curl, which trusts the site's authority and finds all of example's hosts at `address`. `None`: there is no curl.
pub(crate) fn curl(site: &Site, address: SocketAddr, arguments: &[&str]) -> Option<Finished> {
    let mut command = Command::new(tool("curl")?);
    command.args(["-sS", "--max-time", "60", "--cacert"]).arg(site.path("roots.pem"));
    for host in ["a.example", "x.a.example", "x.y.a.example", "b.example", "c.example"] {
        command.args(["--connect-to", &format!("{host}:443:{address}")]);
    }
    Some(finish(command.args(arguments), ""))
}

/// A configuration that accepts any certificate.
pub(crate) fn careless() -> Arc<ClientConfig> {
    Arc::new(nano_test::careless())
}

/// The certificate that the server showed.
pub(crate) fn shown(tls: &Tls) -> Vec<u8> {
    tls.conn.peer_certificates().unwrap()[0].to_vec()
}

/// A whole answer with `content-length`.
pub(crate) fn answer(tls: &mut Tls) -> Response {
    let (head, mut body) = head(tls);
    let mut lines = head.lines();
    let status = lines.next().unwrap()[9..12].parse().unwrap();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
    let mut rest = vec![0; length - body.len()];
    tls.read_exact(&mut rest).unwrap();
    body.extend(rest);
    Response { status, headers, body }
}
