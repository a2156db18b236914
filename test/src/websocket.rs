//! A client of WebSockets over a plain socket: the tests send exact frames and see exact frames.

use crate::http::Response;
use crate::wait::PATIENCE;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// The key of every handshake, and the answer to it: those of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What it masks with.
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// Opcodes of frames.
pub mod opcode {
    /// The rest of a message.
    pub const CONTINUATION: u8 = 0;
    /// A text.
    pub const TEXT: u8 = 1;
    /// Bytes.
    pub const BINARY: u8 = 2;
    /// The end.
    pub const CLOSE: u8 = 8;
    /// Asks for a pong.
    pub const PING: u8 = 9;
    /// Answers a ping.
    pub const PONG: u8 = 10;
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last of its message.
    pub fin: bool,
    /// The three reserved bits; 4 is RSV1.
    pub rsv: u8,
    /// What it is.
    pub opcode: u8,
    /// What it holds.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A whole message, or a control frame.
    #[must_use]
    pub fn new(opcode: u8, payload: &[u8]) -> Self {
        Self { fin: true, rsv: 0, opcode, payload: payload.to_vec() }
    }

    /// The first frame of a message that goes on.
    #[must_use]
    pub fn first(opcode: u8, payload: &[u8]) -> Self {
        Self { fin: false, ..Self::new(opcode, payload) }
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(opcode::TEXT, text.as_bytes())
    }

    /// A Close.
    #[must_use]
    pub fn close(code: u16, reason: &str) -> Self {
        Self::new(opcode::CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// The code of a Close.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        let code = (self.opcode == opcode::CLOSE).then(|| self.payload.first_chunk()).flatten()?;
        Some(u16::from_be_bytes(*code))
    }

    /// As a client sends it.
    #[must_use]
    pub fn masked(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        match self.payload.len() {
            length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
            length @ 126..65536 => {
                bytes.push(0x80 | 126);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// A connection that is a WebSocket.
pub struct WebSocket {
    stream: BufReader<TcpStream>,
    /// The headers of the server's 101.
    pub head: Response,
}

impl WebSocket {
    /// Sends a handshake, with `headers` (each line ended) beside those that it needs; the answer, or a WebSocket if that is 101.
    pub fn open(address: SocketAddr, host: &str, path: &str, headers: &str) -> io::Result<Result<Self, Response>> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut stream = BufReader::new(stream);
        write!(
            stream.get_mut(),
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        )?;
        let head = receive_head(&mut stream)?;
        if head.status != 101 {
            let length = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            stream.read_exact(&mut body)?;
            return Ok(Err(Response { body, ..head }));
        }
        assert_eq!(head.header("sec-websocket-accept"), Some(ACCEPT), "{head:?}");
        Ok(Ok(Self { stream, head }))
    }

    /// A connection whose handshake is over.
    pub(crate) fn after(stream: BufReader<TcpStream>) -> Self {
        Self { stream, head: Response { status: 101, headers: Vec::new(), body: Vec::new() } }
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &Frame) {
        self.send_bytes(&frame.masked());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap_or_else(|error| panic!("cannot send: {error}"));
    }

    /// The same; it may fail.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&self) {
        drop(self.stream.get_ref().shutdown(Shutdown::Write));
    }

    /// The next frame; an error when there is none.
    pub fn try_receive(&mut self) -> io::Result<Frame> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head)?;
        let [first, second] = head;
        let length = match second & 0x7f {
            126 => {
                let mut long = [0; 2];
                self.stream.read_exact(&mut long)?;
                u64::from(u16::from_be_bytes(long))
            }
            127 => {
                let mut long = [0; 8];
                self.stream.read_exact(&mut long)?;
                u64::from_be_bytes(long)
            }
            short => u64::from(short),
        };
        if second & 0x80 != 0 {
            return Err(io::Error::new(ErrorKind::InvalidData, "the server masks"));
        }
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload)?;
        Ok(Frame { fin: first & 0x80 != 0, rsv: first >> 4 & 7, opcode: first & 0x0f, payload })
    }

    /// The next frame.
    pub fn receive(&mut self) -> Frame {
        self.try_receive().unwrap_or_else(|error| panic!("no frame: {error}"))
    }

    /// The next text.
    pub fn receive_text(&mut self) -> String {
        let frame = self.receive();
        assert_eq!((frame.opcode, frame.rsv), (opcode::TEXT, 0), "{frame:?}");
        String::from_utf8(frame.payload).unwrap()
    }

    /// Sends a text and receives one.
    pub fn ask(&mut self, text: &str) -> String {
        self.send(&Frame::text(text));
        self.receive_text()
    }

    /// Whether the server has closed, or closes, without another byte.
    pub fn is_over(&mut self) -> bool {
        match self.stream.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// Reads the head of an answer.
fn receive_head(stream: &mut BufReader<TcpStream>) -> io::Result<Response> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let status = lines.first().and_then(|line| line.get(9..12)).and_then(|status| status.parse().ok());
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Ok(Response { status: status.ok_or(ErrorKind::InvalidData)?, headers, body: Vec::new() })
}
