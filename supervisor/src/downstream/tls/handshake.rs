//! One handshake: reads the client's greeting, finds the certificate that it asks for, and has the rest computed.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;

use rustls::server::{Accepted, AcceptedAlert, Acceptor, ClientHello};
use rustls::{AlertDescription, Error, HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection};

use super::challenges::{ACME_TLS, Challenges};
use super::session::{NonBlocking, Session};
use super::{Computing, Secured, ServerTls};
use crate::downstream::Connection;
use crate::downstream::socket::Wire;

/// The first byte of a TLS record that holds a handshake (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Why a connection is not secured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSecured {
    /// The client speaks HTTP without TLS.
    #[error("the client speaks HTTP without TLS")]
    PlainHttp,
    /// It asks for a name that there is no certificate for.
    #[error("there is no certificate for the name that the client asks for")]
    UnknownName,
    /// It asks for a name whose certificate is ordered, and is not there yet.
    #[error(
        "the certificate of the name that the client asks for is ordered, and not there yet: `nanoctl status` says why"
    )]
    Awaited,
    /// A certificate authority's challenge is answered, and the connection is for nothing else.
    #[error("the challenge of a certificate authority was answered")]
    Answered,
    /// It left.
    #[error("the client left")]
    Gone(#[from] io::Error),
    /// The two do not agree, or the client does not accept the certificate.
    #[error("{0}")]
    Tls(#[from] Error),
}

/// Makes the handshake on a fresh connection. Dropping the future gives it up.
pub(crate) async fn secure(
    client: &Connection,
    (tls, challenges): (&Arc<ServerTls>, Option<&Challenges>),
    computing: &Computing,
    address: Option<IpAddr>,
) -> Result<(Session, Secured), NotSecured> {
    let accepted = greeting(client).await?;
    let hello = accepted.client_hello();
    let name = hello.server_name();
    let is_named = name.is_some();
    let challenge = challenges.filter(|_| is_for_challenge(&hello)).and_then(|all| all.handshake(name));
    if let Some(config) = challenge {
        let mut connection = negotiate(client, accepted, config, computing, address).await?;
        connection.send_close_notify();
        flush(client, &mut connection).await?;
        return Err(NotSecured::Answered);
    }
    let Some(certificate) = tls.choose(name).map(Arc::clone) else {
        let awaited = name.is_some_and(|name| tls.awaits(name));
        // rustls would not say why (RFC 6066 §3).
        send_alert(client, AlertDescription::UnrecognisedName).await;
        return Err(if awaited { NotSecured::Awaited } else { NotSecured::UnknownName });
    };
    let connection = negotiate(client, accepted, Arc::clone(&tls.config), computing, address).await?;
    let secured = Secured {
        certificate,
        is_named,
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        },
        is_h2: connection.alpn_protocol() == Some(b"h2"),
        hsts: tls.hsts.clone(),
        is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
    };
    Ok((Session::new(connection), secured))
}

/// Whether the client wants the answer to a challenge and nothing else (RFC 8737 §3).
fn is_for_challenge(hello: &ClientHello<'_>) -> bool {
    let mut protocols = hello.alpn().into_iter().flatten();
    protocols.next() == Some(ACME_TLS) && protocols.next().is_none()
}

/// Has the handshake computed.
async fn negotiate(
    client: &Connection,
    accepted: Accepted,
    config: Arc<ServerConfig>,
    computing: &Computing,
    address: Option<IpAddr>,
) -> Result<ServerConnection, NotSecured> {
    let turns = computing.turns(address);
    let begun = turns.compute(move || accepted.into_connection(config)).await?;
    let mut connection = match begun {
        Ok(connection) => connection,
        Err((error, alert)) => {
            send_all(client, alert).await;
            return Err(error.into());
        }
    };
    while connection.is_handshaking() {
        flush(client, &mut connection).await?;
        if read(client, |wire, cx| connection.read_tls(&mut NonBlocking { wire, cx })).await? == 0 {
            return Err(NotSecured::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        let processed = turns
            .compute(move || {
                let processed = connection.process_new_packets().map(drop);
                (connection, processed)
            })
            .await?;
        connection = processed.0;
        if let Err(error) = processed.1 {
            // Says to the client what is wrong, if the socket takes it.
            let _ = flush(client, &mut connection).await;
            return Err(error.into());
        }
    }
    flush(client, &mut connection).await?;
    Ok(connection)
}

/// The client's greeting.
async fn greeting(client: &Connection) -> Result<Accepted, NotSecured> {
    let mut acceptor = Acceptor::default();
    let mut first = None;
    loop {
        let read = read(client, |wire, cx| {
            let mut noted = FirstByte { from: NonBlocking { wire, cx }, first: &mut first };
            acceptor.read_tls(&mut noted)
        });
        if read.await? == 0 {
            return Err(NotSecured::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => return Ok(accepted),
            Ok(None) => {}
            // The first letter of a method.
            Err(_) if first.is_some_and(|first: u8| first != HANDSHAKE_RECORD && first.is_ascii_uppercase()) => {
                return Err(NotSecured::PlainHttp);
            }
            Err((error, alert)) => {
                send_all(client, alert).await;
                return Err(error.into());
            }
        }
    }
}

/// Notes the first byte that passes.
struct FirstByte<'f, R> {
    from: R,
    first: &'f mut Option<u8>,
}

impl<R: io::Read> io::Read for FirstByte<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.from.read(into)?;
        if self.first.is_none() {
            *self.first = into.get(..bytes).and_then(|read| read.first().copied());
        }
        Ok(bytes)
    }
}

/// Reads once, as soon as there is something.
async fn read(
    client: &Connection,
    mut once: impl FnMut(&mut Wire, &mut std::task::Context<'_>) -> io::Result<usize>,
) -> io::Result<usize> {
    poll_fn(|cx| client.with_wire(|wire| waits(once(wire, cx)))).await
}

/// Sends what the connection has to say.
async fn flush(client: &Connection, connection: &mut ServerConnection) -> io::Result<()> {
    while connection.wants_write() {
        let once = poll_fn(|cx| client.with_wire(|wire| waits(connection.write_tls(&mut NonBlocking { wire, cx }))));
        if once.await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

fn waits<T>(done: io::Result<T>) -> Poll<io::Result<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}

async fn send_all(client: &Connection, mut alert: AcceptedAlert) {
    let mut bytes = Vec::new();
    if alert.write_all(&mut bytes).is_ok() {
        let _ = client.write_all(&bytes).await;
    }
}

/// Sends a fatal alert before there are keys (RFC 8446 §6).
async fn send_alert(client: &Connection, alert: AlertDescription) {
    let _ = client.write_all(&[21, 3, 3, 0, 2, 2, u8::from(alert)]).await;
}
