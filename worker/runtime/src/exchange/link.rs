//! One socket to the supervisor: bytes in, frames out, never blocking. What is to be sent waits in an
//! [`Outbox`], which requests and the log fill while JavaScript runs; it is written once per turn.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use nano_protocol::{DecodeError, Decoder, Frame, Outbox, Side};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Most bytes taken from a socket at once.
const READ_SIZE: usize = 64 * 1024;
/// Most pieces per write.
const WRITE_SLICES: usize = 64;

/// Why a link is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The supervisor closed its end: of a data link when it has no more requests for this worker, of the control link
    /// only when it is gone.
    #[error("the supervisor closed the connection")]
    Closed,
    /// The socket failed.
    #[error("the connection to the supervisor failed: {0}")]
    Io(#[from] io::Error),
    /// The supervisor sent what it must not.
    #[error("the supervisor sent a bad frame: {0}")]
    Decode(#[from] DecodeError),
}

/// The receiving half of a link, and its socket.
pub(crate) struct Link {
    socket: UnixStream,
    decoder: Decoder,
    received: BytesMut,
    /// The last frame that was taken may not have been the last that is there.
    has_more: bool,
    open: bool,
}

impl Link {
    pub(crate) fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            decoder: Decoder::new(Side::Supervisor),
            received: BytesMut::new(),
            has_more: false,
            open: true,
        })
    }

    /// The other end is closed: nothing is read or written any more.
    pub(crate) fn close(&mut self) {
        self.open = false;
    }

    /// Whether [`Link::close`] was not called.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Takes what has come, at most `scratch.len()` bytes. Returns whether there may be more.
    pub(crate) fn receive(&mut self, scratch: &mut [u8]) -> Result<bool, LinkError> {
        match self.socket.read(scratch) {
            Ok(0) => Err(LinkError::Closed),
            Ok(read) => {
                self.received.extend_from_slice(scratch.get(..read).unwrap_or_default());
                Ok(read == scratch.len())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
            // It was closed before everything that we sent was read.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(LinkError::Closed),
            Err(error) => Err(error.into()),
        }
    }

    /// The next frame that is there in full.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, LinkError> {
        let frame = self.decoder.decode(&mut self.received)?;
        self.has_more = frame.is_some();
        Ok(frame)
    }

    /// Whether there may be frames that [`Link::next_frame`] would give without [`Link::receive`].
    pub(crate) fn has_more(&self) -> bool {
        self.open && self.has_more
    }

    /// Writes as much of `outbox` as the socket takes.
    pub(crate) fn flush(&mut self, outbox: &mut Outbox) -> Result<(), LinkError> {
        if !self.open {
            *outbox = Outbox::default();
        }
        while !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
            let count = outbox.io_slices(&mut slices);
            match self.socket.write_vectored(slices.get(..count).unwrap_or_default()) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(written) => outbox.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                    return Err(LinkError::Closed);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes all of `outbox`, for the last frames: waits for the socket, but not past `deadline`.
    pub(crate) fn flush_until(&mut self, outbox: &mut Outbox, deadline: Instant) -> Result<(), LinkError> {
        loop {
            self.flush(outbox)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if outbox.is_empty() || left.is_zero() {
                return Ok(());
            }
            let timeout = PollTimeout::try_from(left.max(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(self.as_fd(), PollFlags::POLLOUT)];
            let _ = poll(&mut fds, timeout);
        }
    }

    /// A buffer for [`Link::receive`].
    pub(crate) fn scratch() -> Vec<u8> {
        vec![0; READ_SIZE]
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
