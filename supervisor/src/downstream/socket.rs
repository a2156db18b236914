//! A client's connected socket, TCP or unix, with TLS or without, and what can be learned about the client without reading
//! or writing.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::peers::Peers;
use super::tls::Session;

/// Interval of keep-alive probes, which a dead machine does not answer.
const PROBE: Duration = Duration::from_secs(15);

/// A client's connected socket, as the kernel has it.
#[derive(Debug)]
pub(crate) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The same with what TLS makes of its bytes, if there is TLS.
#[derive(Debug)]
pub(crate) struct ClientSocket {
    pub(super) wire: Wire,
    session: Option<Box<Session>>,
}

/// What is visible of a client without reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glimpse {
    /// It sent something.
    Bytes,
    /// It will send nothing more. It may still read.
    End,
    /// The connection is broken.
    Broken,
}

impl ClientSocket {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, session: None }
    }

    /// From now on its bytes are those of this session.
    pub(super) fn secure(&mut self, session: Session) {
        self.session = Some(Box::new(session));
    }

    /// How many bytes flushing has moved since the last call.
    pub(super) fn take_flushed(&mut self) -> usize {
        self.session.as_mut().map_or(0, |session| session.take_sent())
    }

    /// Waits until there is a change.
    pub(super) fn poll_glimpse(&mut self, cx: &mut Context<'_>) -> Poll<Glimpse> {
        match &mut self.session {
            Some(session) => session.poll_glimpse(&mut self.wire, cx),
            None => self.wire.poll_glimpse(cx),
        }
    }

    /// Whether bytes of the client, or its end, are waiting to be read.
    pub(super) fn has_something(&mut self) -> bool {
        self.session.as_mut().is_some_and(|session| session.has_something()) || self.wire.has_something()
    }

    /// Has the client know that what it got is all, if TLS can say so: the end of the socket alone is not proof of it.
    pub(super) fn announce_end(&mut self) {
        if let Some(session) = &mut self.session {
            session.close();
        }
    }
}

impl AsyncRead for ClientSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { wire, session } = self.get_mut();
        match session {
            Some(session) => session.poll_read(wire, cx, buffer),
            None => Pin::new(wire).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for ClientSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { wire, session } = self.get_mut();
        match session {
            Some(session) => session.poll_write_vectored(wire, cx, &[IoSlice::new(bytes)]),
            None => Pin::new(wire).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { wire, session } = self.get_mut();
        match session {
            Some(session) => session.poll_write_vectored(wire, cx, pieces),
            None => Pin::new(wire).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { wire, session } = self.get_mut();
        match session {
            Some(session) => session.poll_flush(wire, cx),
            // Sockets have nothing to flush.
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.get_mut().wire).poll_shutdown(cx)
    }
}

impl Wire {
    /// Waits until there is a change.
    pub(super) fn poll_glimpse(&self, cx: &mut Context<'_>) -> Poll<Glimpse> {
        loop {
            if ready!(self.poll_read_ready(cx)).is_err() {
                return Poll::Ready(Glimpse::Broken);
            }
            match self.peek() {
                Ok(0) => return Poll::Ready(Glimpse::End),
                Ok(_) => return Poll::Ready(Glimpse::Bytes),
                // The readiness was stale, and is cleared now.
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(_) => return Poll::Ready(Glimpse::Broken),
            }
        }
    }

    /// Whether bytes of the client, or its end, are waiting to be read.
    pub(super) fn has_something(&self) -> bool {
        !matches!(peek(self.as_fd()), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether the client, which has closed its sending half, no longer reads either. A closed unix socket and a reset
    /// are visible; a closed TCP socket looks like a half-closed one, unless it is on this machine.
    pub(super) fn is_abandoned(&self, peers: &Peers) -> bool {
        let mut fds = [PollFd::new(self.as_fd(), PollFlags::empty())];
        let broken = PollFlags::POLLERR | PollFlags::POLLHUP;
        if poll(&mut fds, PollTimeout::ZERO).is_ok()
            && fds.first().and_then(PollFd::revents).is_some_and(|events| events.intersects(broken))
        {
            return true;
        }
        match self {
            Self::Tcp(socket) => match (socket.local_addr(), socket.peer_addr()) {
                (Ok(own), Ok(peer)) => peers.is_closed(own, peer),
                _ => true,
            },
            Self::Unix(_) => false,
        }
    }

    /// Has the kernel probe whether the client's machine is alive.
    pub(super) fn probe(&self) {
        if let Self::Tcp(socket) = self {
            let probes = TcpKeepalive::new().with_time(PROBE).with_interval(PROBE).with_retries(4);
            // Without probes a write detects it.
            let _ = SockRef::from(socket).set_tcp_keepalive(&probes);
        }
    }

    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(socket) => socket.poll_read_ready(cx),
            Self::Unix(socket) => socket.poll_read_ready(cx),
        }
    }

    fn peek(&self) -> io::Result<usize> {
        self.look(&mut [0])
    }

    /// Copies the next bytes of the client, and leaves them to be read.
    pub(super) fn look(&self, into: &mut [u8]) -> io::Result<usize> {
        self.receive(into, MsgFlags::MSG_PEEK)
    }

    /// Reads what is there, after [`Self::look`].
    pub(super) fn take(&self, into: &mut [u8]) -> io::Result<usize> {
        self.receive(into, MsgFlags::empty())
    }

    fn receive(&self, into: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        let mut receive =
            |fd: BorrowedFd<'_>| recv(fd.as_raw_fd(), into, flags | MsgFlags::MSG_DONTWAIT).map_err(io::Error::from);
        match self {
            Self::Tcp(socket) => socket.try_io(Interest::READABLE, || receive(socket.as_fd())),
            Self::Unix(socket) => socket.try_io(Interest::READABLE, || receive(socket.as_fd())),
        }
    }
}

fn peek(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    recv(socket.as_raw_fd(), &mut [0], flags).map_err(io::Error::from)
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, pieces),
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
