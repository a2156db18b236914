//! The worker's side of a data link, played by hand.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use nano_protocol::{
    BodyLength, Decoder, Frame, HeaderBlock, Outbox, RequestHead, RequestId, ResetReason, ResponseHead, Side, StreamId,
};
use nano_supervisor::worker::Worker;

use crate::host::PATIENCE;

pub(crate) struct FakeWorker {
    pub(crate) worker: Arc<Worker>,
    socket: UnixStream,
    inbox: BytesMut,
    /// Whether it answers resets as it reads them.
    pub(crate) acknowledges: bool,
}

impl FakeWorker {
    pub(crate) fn new(socket: UnixStream, worker: Arc<Worker>) -> Self {
        socket.set_nonblocking(false).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { worker, socket, inbox: BytesMut::new(), acknowledges: true }
    }

    /// The next frame, or `None` when the supervisor closed the link.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut scratch = [0; 64 * 1024];
        loop {
            if let Some(frame) = Decoder::new(Side::Supervisor).decode(&mut self.inbox).unwrap() {
                self.acknowledge(&frame);
                return Some(frame);
            }
            match self.socket.read(&mut scratch) {
                Ok(0) => return None,
                Ok(bytes) => self.inbox.extend_from_slice(&scratch[..bytes]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("the supervisor sent nothing: {error}"),
            }
        }
    }

    fn acknowledge(&mut self, frame: &Frame) {
        if let Frame::Reset { stream: StreamId { initiator: Side::Supervisor, number: id }, reason, .. } = frame
            && *reason != ResetReason::BodyUnwanted
            && self.acknowledges
        {
            // The link may have been closed meanwhile.
            let _ = self.try_send(&[Frame::ResetAck { id: *id }]);
        }
    }

    /// The next frame must be a request's head.
    pub(crate) fn request(&mut self) -> (RequestId, RequestHead) {
        match self.next() {
            Some(Frame::RequestHead(id, head)) => (id, *head),
            other => panic!("wanted a request, got {other:?}"),
        }
    }

    /// The next frame must be a reset.
    pub(crate) fn reset(&mut self) -> (RequestId, ResetReason) {
        match self.next() {
            Some(Frame::Reset { stream: StreamId { number: id, .. }, reason, .. }) => (id, reason),
            other => panic!("wanted a reset, got {other:?}"),
        }
    }

    /// Reads a request's body to its end and gives credit for all of it.
    pub(crate) fn body(&mut self, of: RequestId) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            match self.next() {
                Some(Frame::Data { stream: StreamId { number: id, .. }, end, data }) => {
                    assert_eq!(id, of);
                    body.extend_from_slice(&data);
                    if end {
                        return body;
                    }
                    self.send(&[Frame::Credit { stream: StreamId::request(id), bytes: data.len() as u32 }]);
                }
                other => panic!("wanted a body, got {other:?}"),
            }
        }
    }

    /// Sends frames in one write.
    pub(crate) fn send(&mut self, frames: &[Frame]) {
        self.try_send(frames).unwrap();
    }

    pub(crate) fn try_send(&mut self, frames: &[Frame]) -> std::io::Result<()> {
        let mut outbox = Outbox::default();
        for frame in frames {
            outbox.push(frame);
        }
        while !outbox.is_empty() {
            let mut slices = [std::io::IoSlice::new(&[]); 16];
            let count = outbox.io_slices(&mut slices);
            let written = self.socket.write_vectored(&slices[..count])?;
            outbox.advance(written);
        }
        Ok(())
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Sends its last bytes, as far as the supervisor takes them.
    pub(crate) fn send_last(&mut self, bytes: &[u8]) {
        // It may have been found out in the middle.
        let _ = self.socket.write_all(bytes);
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }

    /// A whole response in one write.
    pub(crate) fn respond(&mut self, id: RequestId, body: &str) {
        self.send(&[
            head(id, 200, &[("content-type", "text/plain")], BodyLength::Known(body.len() as u64)),
            chunk(id, body, true),
        ]);
    }

    /// Answers everything with its URL until the link is closed; returns how many requests there were.
    pub(crate) fn serve(mut self) -> std::thread::JoinHandle<usize> {
        std::thread::spawn(move || {
            let mut served = 0;
            while let Some(frame) = self.next() {
                if let Frame::RequestHead(id, request) = frame {
                    served += 1;
                    self.respond(id, &request.url);
                }
            }
            served
        })
    }
}

pub(crate) fn head(id: RequestId, status: u16, headers: &[(&str, &str)], body: BodyLength) -> Frame {
    let mut block = HeaderBlock::builder();
    for (name, value) in headers {
        assert!(block.push(name.as_bytes(), value.as_bytes()));
    }
    Frame::ResponseHead(id, ResponseHead { status, headers: block.finish(), body })
}

pub(crate) fn chunk(id: RequestId, data: &str, end: bool) -> Frame {
    Frame::Data { stream: StreamId::request(id), end, data: Bytes::copy_from_slice(data.as_bytes()) }
}

/// What a request's head says of a header.
pub(crate) fn header<'a>(request: &'a RequestHead, name: &str) -> Option<&'a str> {
    let mut found = request.headers.iter().filter(|(each, _)| *each == name.as_bytes());
    let first = found.next().map(|(_, value)| std::str::from_utf8(value).unwrap());
    assert!(found.next().is_none(), "{name} is there twice");
    first
}

/// The bytes of a response's head that no [`HeaderBlock`] would take: its status, and its header list as it stands.
pub(crate) fn raw_head(id: RequestId, status: u16, block: &[u8]) -> Vec<u8> {
    let mut outbox = Outbox::default();
    outbox.push(&head(id, 200, &[], BodyLength::None));
    let mut slices = [std::io::IoSlice::new(&[]); 4];
    let count = outbox.io_slices(&mut slices);
    let honest: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
    // Length, kind, id; then status, length of the list, list, length of the body.
    let mut bytes = honest[..9].to_vec();
    bytes.extend(status.to_le_bytes());
    bytes.extend((block.len() as u32).to_le_bytes());
    bytes.extend(block);
    bytes.extend(&honest[15..]);
    let length = (bytes.len() - 4) as u32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// One entry of a header list.
pub(crate) fn entry(name: &[u8], value: &[u8]) -> Vec<u8> {
    let lengths = ((name.len() as u16).to_le_bytes(), (value.len() as u32).to_le_bytes());
    [&lengths.0[..], name, &lengths.1, value].concat()
}
