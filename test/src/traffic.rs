//! Traffic: clients that ask without a pause, by each protocol that nano has, as well-behaved clients do: they go on with a new
//! connection when they are told to, and repeat nothing that the server may have begun.

use crate::load::{Clients, Tally};
use crate::site::Site;
use crate::trust::tls_client;
use crate::wait::PATIENCE;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How a client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// HTTP/1.1 over a connection that is kept as long as the server keeps it.
    KeepAlive,
    /// HTTP/1.1 over a new connection each time.
    Fresh,
    /// HTTP/2, request after request over a connection that is kept until GOAWAY.
    Http2,
}

/// What clients ask, and what they are to get.
#[derive(Clone)]
pub struct Target {
    /// Where.
    pub address: SocketAddr,
    /// Who is trusted; without it there is no TLS.
    pub tls: Option<Arc<ClientConfig>>,
    /// The host that is asked.
    pub host: String,
    /// How the body of each answer begins.
    pub answer: String,
}

/// Running clients; `stop` ends them.
pub struct Traffic(Clients);

impl Traffic {
    /// So many clients.
    #[must_use]
    pub fn start(target: &Target, way: Way, clients: usize) -> Self {
        Self::behind(b"", target, way, clients)
    }

    /// So many, whose connections begin with these bytes: the PROXY header of a balancer that announces them.
    #[must_use]
    pub fn behind(header: &[u8], target: &Target, way: Way, clients: usize) -> Self {
        let (header, target) = (header.to_vec(), target.clone());
        Self(Clients::start(clients, move |stop, served| client(&header, &target, way, stop, served)))
    }

    /// Requests answered so far.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.0.served()
    }

    /// Lets every client finish the request that it has in flight, and adds up.
    #[must_use]
    pub fn stop(self) -> Tally {
        self.0.stop()
    }
}

/// Writes `NAME.pem` and `NAME.key` for this host. What a client needs to trust it, for HTTP/2 and for HTTP/1.1.
#[must_use]
pub fn certify(site: &Site, name: &str, host: &str) -> [Arc<ClientConfig>; 2] {
    let own = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    site.file(&format!("{name}.pem"), &own.cert.pem()).file(&format!("{name}.key"), &own.signing_key.serialize_pem());
    [&b"h2"[..], b"http/1.1"].map(|protocol| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(own.cert.pem().as_bytes()).unwrap()).unwrap();
        let mut config = tls_client().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    })
}

fn client(header: &[u8], target: &Target, way: Way, stop: &AtomicBool, served: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    let mut open = None;
    while !stop.load(Ordering::Relaxed) && tally.failures.len() < 100 {
        let asked = match open.take() {
            Some(open) => Ok(open),
            None => Client::open(header, target, way),
        };
        match asked.and_then(|mut client| client.ask(target).map(|asked| (client, asked))) {
            Ok((client, Asked::Answered(body))) => {
                if body.starts_with(target.answer.as_bytes()) {
                    tally.served += 1;
                    served.fetch_add(1, Ordering::Relaxed);
                } else {
                    tally.failures.push(format!("{way:?}: {}", String::from_utf8_lossy(&body)));
                }
                open = (way != Way::Fresh && !client.ends).then_some(client);
            }
            // The server says that it has not looked at the request.
            Ok((_, Asked::Untouched)) => {}
            Err(error) => tally.failures.push(format!("{way:?}: {error}")),
        }
    }
    tally
}

enum Asked {
    Answered(Vec<u8>),
    Untouched,
}

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// One connection.
struct Client {
    stream: Box<dyn Stream>,
    is_http2: bool,
    /// The next stream of HTTP/2.
    next: u32,
    /// Nothing more is to be asked.
    ends: bool,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
/// `:status: 200`, as the static table of HPACK has it.
const OK: u8 = 0x88;

impl Client {
    fn open(header: &[u8], target: &Target, way: Way) -> io::Result<Self> {
        let mut socket = TcpStream::connect_timeout(&target.address, PATIENCE)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.write_all(header)?;
        let stream: Box<dyn Stream> = match &target.tls {
            None => Box::new(socket),
            Some(config) => {
                let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
                let mut session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
                while session.is_handshaking() {
                    session.complete_io(&mut socket)?;
                }
                Box::new(StreamOwned::new(session, socket))
            }
        };
        let mut own = Self { stream, is_http2: way == Way::Http2, next: 1, ends: false };
        if own.is_http2 {
            own.stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())?;
        }
        Ok(own)
    }

    fn ask(&mut self, target: &Target) -> io::Result<Asked> {
        if self.is_http2 { self.ask_http2(target) } else { self.ask_http1(&target.host).map(Asked::Answered) }
    }

    fn ask_http1(&mut self, host: &str) -> io::Result<Vec<u8>> {
        self.stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())?;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut bytes)?;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        self.ends = value("connection:") == Some("close");
        let length: usize = value("content-length:")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, format!("no length: {head}")))?;
        while bytes.len() < end + length {
            self.more(&mut bytes)?;
        }
        if head.starts_with("http/1.1 200 ") {
            Ok(bytes.split_off(end))
        } else {
            Err(io::Error::other(format!("{head} {}", String::from_utf8_lossy(&bytes[end..]))))
        }
    }

    fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut piece = [0; 4096];
        match self.stream.read(&mut piece)? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection")),
            count => {
                bytes.extend_from_slice(&piece[..count]);
                Ok(())
            }
        }
    }

    fn ask_http2(&mut self, target: &Target) -> io::Result<Asked> {
        let own = self.next;
        self.next += 2;
        let scheme = if target.tls.is_some() { "https" } else { "http" };
        let mut block = Vec::new();
        for (name, value) in [(":method", "GET"), (":scheme", scheme), (":path", "/"), (":authority", &*target.host)] {
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap());
                block.extend_from_slice(text.as_bytes());
            }
        }
        self.stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, own, &block))?;
        let mut body = Vec::new();
        let mut good = false;
        loop {
            let (kind, flags, stream, payload) = self.frame()?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.stream.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
                PING if flags & ACK == 0 => self.stream.write_all(&frame(PING, ACK, 0, &payload))?,
                GOAWAY => {
                    self.ends = true;
                    let last = payload.first_chunk().map_or(0, |last| u32::from_be_bytes(*last));
                    if last < own {
                        return Ok(Asked::Untouched);
                    }
                }
                RST_STREAM if stream == own && payload == REFUSED_STREAM => return Ok(Asked::Untouched),
                RST_STREAM if stream == own => return Err(io::Error::other(format!("reset: {payload:?}"))),
                HEADERS if stream == own => {
                    good = payload.iter().find(|byte| **byte & 0xe0 != 0x20) == Some(&OK);
                }
                DATA if stream == own => {
                    if !payload.is_empty() {
                        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
                        self.stream.write_all(&frame(WINDOW_UPDATE, 0, 0, &size))?;
                    }
                    body.extend_from_slice(&payload);
                }
                _ => {}
            }
            if stream == own && matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
                let told = || io::Error::other(String::from_utf8_lossy(&body).into_owned());
                return if good { Ok(Asked::Answered(body)) } else { Err(told()) };
            }
        }
    }

    fn frame(&mut self) -> io::Result<(u8, u8, u32, Vec<u8>)> {
        let mut start = [0; 9];
        self.stream.read_exact(&mut start)?;
        let [a, b, c, kind, flags, stream @ ..] = start;
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
        self.stream.read_exact(&mut payload)?;
        Ok((kind, flags, u32::from_be_bytes(stream) & 0x7fff_ffff, payload))
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[a, b, c, kind, flags], &stream.to_be_bytes()[..], payload].concat()
}
