//! A worker's ends of its links, for programs that stand in for one.

use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;

use bytes::BytesMut;
use nano_protocol::limits::MAX_LINKS;
use nano_protocol::{Decoder, Frame, Outbox, PROTOCOL_VERSION, Side};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// One link, read frame by frame.
pub(crate) struct Link {
    pub(crate) stream: UnixStream,
    inbox: BytesMut,
}

impl Link {
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_nonblocking(false).unwrap();
        Self { stream, inbox: BytesMut::new() }
    }

    /// The next frame; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = Decoder::new(Side::Supervisor).decode(&mut self.inbox).unwrap() {
                return Some(frame);
            }
            let mut bytes = [0; 65536];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.inbox.extend_from_slice(&bytes[..count]),
            }
        }
    }
}

/// Sends, or ends the process where the supervisor is gone or has had enough.
pub(crate) fn send(mut stream: &UnixStream, frame: &Frame) {
    let mut outbox = Outbox::default();
    outbox.push(frame);
    while !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); 4];
        let count = outbox.io_slices(&mut slices);
        let Ok(written) = stream.write_vectored(&slices[..count]) else { std::process::exit(0) };
        outbox.advance(written);
    }
}

/// The ends of the data links, which come with the first byte.
pub(crate) fn greeting(control: &UnixStream) -> Vec<UnixStream> {
    let mut version = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_LINKS))];
    let mut descriptors = RecvAncillaryBuffer::new(&mut space);
    recvmsg(control, &mut [IoSliceMut::new(&mut version)], &mut descriptors, RecvFlags::empty()).unwrap();
    assert_eq!(version, [PROTOCOL_VERSION]);
    let rights = descriptors.drain().filter_map(|item| match item {
        RecvAncillaryMessage::ScmRights(rights) => Some(rights),
        _ => None,
    });
    rights.flatten().map(UnixStream::from).collect()
}
