//! The control link to one worker: sends and receives frames without ever waiting for the worker to read.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Instant;

use bytes::BytesMut;
use nano_protocol::{DecodeError, Decoder, Frame, MessageRate, Outbox, PROTOCOL_VERSION, Side};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// While the worker has so many bytes left to read, its frames are not read: a worker that asks and does not read must
/// not fill the supervisor's memory.
const MAX_PENDING_BYTES: usize = 1 << 20;

/// Frames and bytes that a worker may send per second in the long run, and in a burst.
const FRAMES_PER_SECOND: f64 = 2000.0;
const FRAMES_AT_ONCE: f64 = 100_000.0;
const BYTES_PER_SECOND: f64 = 2.0 * 1024.0 * 1024.0;
const BYTES_AT_ONCE: f64 = 32.0 * 1024.0 * 1024.0;

/// Buffer space for each read.
const READ_ROOM: usize = 8 * 1024;

/// Slices of one write.
const SLICES: usize = 16;

/// Why no more frames will come.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the control link broke: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Why the worker's link is broken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it sent what is no frame: {0}")]
    Decode(#[from] DecodeError),
    #[error("it says more than any honest worker has to say")]
    Flood,
}

/// The supervisor's end.
#[derive(Debug)]
pub(super) struct ControlLink {
    stream: UnixStream,
    decoder: Decoder,
    inbox: BytesMut,
    outbox: Outbox,
    allowance: Allowance,
}

/// How much a worker may send. A correct worker sends at most a thousand log lines and a megabyte of them per second,
/// and four times that in a burst, a dozen statistics, a few modules; the rest of the allowance is for workers whose
/// frames were not read for a while.
#[derive(Debug)]
struct Allowance(MessageRate);

impl Allowance {
    fn new(now: Instant) -> Self {
        let frames = (FRAMES_PER_SECOND, FRAMES_AT_ONCE);
        Self(MessageRate::full(frames, (BYTES_PER_SECOND, BYTES_AT_ONCE), now))
    }

    /// Charges a frame of so many bytes.
    fn charge(&mut self, bytes: usize, now: Instant) -> Result<(), Broken> {
        if self.0.admit(bytes, now) { Ok(()) } else { Err(Broken::Flood) }
    }
}

impl ControlLink {
    /// A connected pair. The worker's end has the greeting in it already: the protocol's version and, with it, the
    /// worker's ends of the data links.
    pub(super) fn pair(data_links: &[OwnedFd]) -> io::Result<(Self, OwnedFd)> {
        let (own, workers) = StdUnixStream::pair()?;
        let descriptors: Vec<i32> = data_links.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&descriptors)];
        let rights = if descriptors.is_empty() { &[][..] } else { &rights[..] };
        let greeting = [IoSlice::new(&[PROTOCOL_VERSION])];
        sendmsg::<()>(own.as_raw_fd(), &greeting, rights, MsgFlags::MSG_NOSIGNAL, None)?;
        own.set_nonblocking(true)?;
        let link = Self {
            stream: UnixStream::from_std(own)?,
            decoder: Decoder::new(Side::Worker),
            inbox: BytesMut::new(),
            outbox: Outbox::default(),
            allowance: Allowance::new(Instant::now()),
        };
        Ok((link, workers.into()))
    }

    /// The worker may say as much again as a new one: it was asked something new.
    pub(super) fn allow_anew(&mut self) {
        self.allowance = Allowance::new(Instant::now());
    }

    /// Queues a frame; [`ControlLink::next`] writes it.
    pub(super) fn queue(&mut self, frame: &Frame) {
        self.outbox.push(frame);
    }

    /// The next frame; `None` at the link's end. Writes queued frames meanwhile. Cancelling it loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, LinkError> {
        loop {
            // A worker that sends without end must not occupy the control plane's thread.
            tokio::task::consume_budget().await;
            let listening = self.outbox.len() < MAX_PENDING_BYTES;
            let before = self.inbox.len();
            if listening && let Some(frame) = self.decoder.decode(&mut self.inbox).map_err(Broken::from)? {
                self.allowance.charge(before - self.inbox.len(), Instant::now())?;
                return Ok(Some(frame));
            }
            let interest = match (listening, self.outbox.is_empty()) {
                (true, true) => Interest::READABLE,
                (true, false) => Interest::READABLE | Interest::WRITABLE,
                (false, _) => Interest::WRITABLE,
            };
            let ready = self.stream.ready(interest).await?;
            if ready.is_writable() && !self.outbox.is_empty() {
                self.write()?;
            }
            if listening && ready.is_readable() {
                self.inbox.reserve(READ_ROOM);
                match self.stream.try_read_buf(&mut self.inbox) {
                    Ok(0) => return Ok(None),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    // Its process is gone.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    fn write(&mut self) -> Result<(), LinkError> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.outbox.io_slices(&mut slices);
        let written = self.stream.try_write_vectored(slices.get(..count).unwrap_or_default());
        match written {
            Ok(written) => self.outbox.advance(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // It closed its end; what it sent before is still to be read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.outbox = Outbox::default(),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
