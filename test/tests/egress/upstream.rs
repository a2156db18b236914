//! Servers that the tests' apps fetch from: each connection is a thread that does what the test says.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// `GET /path HTTP/1.1`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// A connection of the supervisor's.
pub(crate) struct Peer<S = TcpStream>(pub(crate) BufReader<S>);

impl<S: Read + Write> Peer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufReader::with_capacity(64 * 1024, stream))
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
        }
    }

    /// The head of the next request; `None` when the connection is closed.
    pub(crate) fn head(&mut self) -> Option<Asked> {
        let mut asked = Asked { line: self.line()?, ..Asked::default() };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { return Some(asked) };
            asked.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The next request with its body.
    pub(crate) fn request(&mut self) -> Option<Asked> {
        let mut asked = self.head()?;
        let mut body = Vec::new();
        self.body(&asked, |piece| body.extend_from_slice(piece));
        asked.body = body;
        Some(asked)
    }

    /// Reads a request's body piece by piece; returns its length.
    pub(crate) fn body(&mut self, asked: &Asked, mut take: impl FnMut(&[u8])) -> usize {
        let mut total = 0;
        let mut read = |peer: &mut Self, length: usize| {
            let mut left = length;
            let mut buffer = vec![0; 64 * 1024];
            while left > 0 {
                let most = left.min(buffer.len());
                let got = peer.0.read(&mut buffer[..most]).unwrap();
                assert_ne!(got, 0, "the request's body was cut");
                take(&buffer[..got]);
                left -= got;
            }
            total += length;
        };
        if asked.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line().expect("a chunk"), 16).unwrap();
                read(self, size);
                assert_eq!(self.line().as_deref(), Some(""));
                if size == 0 {
                    return total;
                }
            }
        }
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        read(self, length);
        total
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// A whole response with these headers (each ends in a line break).
    pub(crate) fn respond(&mut self, headers: &str, body: impl AsRef<[u8]>) -> bool {
        let body = body.as_ref();
        let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        self.send([head.as_bytes(), body].concat())
    }
}

impl Peer<TcpStream> {
    /// Waits until the other side closes.
    pub(crate) fn await_close(&mut self) -> bool {
        self.0.get_ref().set_read_timeout(Some(nano_test::PATIENCE)).unwrap();
        let mut buffer = [0; 4096];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
        }
    }
}

/// A server on a loopback address; it ends with the test's process.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Upstream {
    /// `converse` is called for each connection, on a thread of its own.
    pub(crate) fn start(converse: impl Fn(&Upstream, Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            open: Arc::default(),
            most: Arc::default(),
            asked: Arc::default(),
        };
        let (own, converse) = (upstream.clone(), Arc::new(converse));
        thread::spawn(move || {
            for stream in listener.incoming() {
                own.connections.fetch_add(1, Ordering::SeqCst);
                let open = own.open.fetch_add(1, Ordering::SeqCst) + 1;
                own.most.fetch_max(open, Ordering::SeqCst);
                let (own, converse) = (own.clone(), Arc::clone(&converse));
                thread::spawn(move || {
                    converse(&own, Peer::new(stream.unwrap()));
                    own.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        upstream
    }

    /// Answers every request by `answer`, on connections that stay open.
    pub(crate) fn serve(answer: impl Fn(&mut Peer, &Asked) + Send + Sync + 'static) -> Self {
        Self::start(move |own, mut peer| {
            while let Some(asked) = peer.request() {
                own.note(&asked);
                answer(&mut peer, &asked);
            }
        })
    }

    pub(crate) fn note(&self, asked: &Asked) {
        self.asked.lock().unwrap().push(asked.clone());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Connections that ever came.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Most connections that were open at once.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Requests that came, in their order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Asked {
        self.asked().pop().expect("a request")
    }
}
