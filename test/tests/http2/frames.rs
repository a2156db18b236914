//! A client of HTTP/2 by hand: frames as they are written, with headers that are not compressed (RFC 9113, RFC 7541).

use nano_test::PATIENCE;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// In the place of a code: the whole connection ended.
pub(crate) const ENDED: u32 = u32::MAX;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Literal fields, without indexing (RFC 7541 §6.2.2).
pub(crate) fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

fn length(block: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 127 => block.push(short),
        _ => {
            block.push(127);
            let mut left = length - 127;
            while left >= 128 {
                block.push(u8::try_from(left % 128).unwrap() | 128);
                left /= 128;
            }
            block.push(u8::try_from(left).unwrap());
        }
    }
}

pub(crate) fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a.example")];
    fields(&[&own, more].concat())
}

/// A connection.
pub(crate) struct Http2 {
    pub(crate) socket: TcpStream,
}

impl Http2 {
    /// Connects, with these settings of the client's.
    pub(crate) fn open(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let socket = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut own = Self { socket };
        let mut payload = Vec::new();
        for (key, value) in settings {
            payload.extend_from_slice(&key.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        own.send(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &payload)[..]].concat()).unwrap();
        own
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// A request without a body.
    pub(crate) fn get(&mut self, stream: u32, path: &str) {
        self.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head("GET", path, &[]))).unwrap();
    }

    /// The next frame; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut start = [0; 9];
        match self.socket.read_exact(&mut start) {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
                ) =>
            {
                return None;
            }
            Err(error) => panic!("no frame: {error}"),
        }
        let size = usize::from(start[0]) << 16 | usize::from(start[1]) << 8 | usize::from(start[2]);
        let mut payload = vec![0; size];
        self.socket.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes([start[5], start[6], start[7], start[8]]);
        Some(Frame { kind: start[3], flags: start[4], stream, payload })
    }

    /// The next frame that fits; settings are acknowledged meanwhile, and pings answered. `None` at the end.
    pub(crate) fn wait_for(&mut self, fits: impl Fn(&Frame) -> bool) -> Option<Frame> {
        loop {
            let next = self.next()?;
            if next.kind == SETTINGS && next.flags == 0 {
                let _ = self.send(&frame(SETTINGS, 1, 0, &[]));
            } else if next.kind == PING && next.flags == 0 {
                let _ = self.send(&frame(PING, 1, 0, &next.payload));
            }
            if fits(&next) {
                return Some(next);
            }
        }
    }

    /// Reads to the end of a stream: its data, or the code of its reset; [`ENDED`] if the connection ended.
    pub(crate) fn body(&mut self, stream: u32) -> Result<Vec<u8>, u32> {
        let mut body = Vec::new();
        loop {
            let Some(frame) = self.wait_for(|frame| frame.stream == stream) else { return Err(ENDED) };
            match frame.kind {
                DATA => body.extend_from_slice(&frame.payload),
                RST_STREAM => return Err(u32::from_be_bytes(frame.payload[..4].try_into().unwrap())),
                _ => {}
            }
            if matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0 {
                return Ok(body);
            }
        }
    }
}
