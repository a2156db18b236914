//! A connection's TLS after the handshake: reads and writes on the socket what hyper writes and reads.

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::downstream::socket::{Glimpse, Wire};

/// An established session. What it holds of the client's bytes is one record at most, of what is to be sent 64 KiB.
#[derive(Debug)]
pub(crate) struct Session {
    connection: ServerConnection,
    /// The client's half of the socket is closed.
    has_ended: bool,
    /// Bytes that went to the socket since that was asked.
    sent: usize,
}

impl Session {
    pub(super) fn new(connection: ServerConnection) -> Self {
        Self { connection, has_ended: false, sent: 0 }
    }

    /// Decrypted bytes. None at the end, also where the client broke off without saying so (`close_notify`): the framing
    /// of HTTP tells whether a message is whole.
    pub(crate) fn poll_read(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.connection.reader().read(buffer.initialize_unfilled()) {
                Ok(bytes) => {
                    buffer.advance(bytes);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            ready!(self.poll_fill(wire, cx))?;
        }
    }

    /// Reads from the socket once. Records without data make it necessary to read again; rustls bounds them.
    fn poll_fill(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.connection.read_tls(&mut NonBlocking { wire, cx }) {
            Ok(bytes) => self.has_ended |= bytes == 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        }
        let processed = self.connection.process_new_packets();
        // An alert, or the answer to a change of keys. What the socket does not take now goes with the next bytes.
        let _ = self.poll_flush(wire, cx);
        Poll::Ready(match processed {
            Ok(_) => Ok(()),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        })
    }

    pub(crate) fn poll_write_vectored(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if pieces.iter().all(|piece| piece.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        loop {
            let taken = self.connection.writer().write_vectored(pieces)?;
            let sent = self.poll_flush(wire, cx)?;
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
            ready!(sent);
        }
    }

    /// Waits until everything is on the socket.
    pub(crate) fn poll_flush(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut NonBlocking { wire: &mut *wire, cx: &mut *cx }) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// How many bytes went to the socket since the last call.
    pub(crate) fn take_sent(&mut self) -> usize {
        std::mem::take(&mut self.sent)
    }

    /// Says to the client that nothing more comes.
    pub(crate) fn close(&mut self) {
        self.connection.send_close_notify();
    }

    /// Waits until there is a change, as [`Wire::poll_glimpse`] does for what is not encrypted.
    pub(crate) fn poll_glimpse(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<Glimpse> {
        loop {
            match self.connection.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() > 0 => return Poll::Ready(Glimpse::Bytes),
                Ok(state) if state.peer_has_closed() || self.has_ended => return Poll::Ready(Glimpse::End),
                Ok(_) => {}
                Err(_) => return Poll::Ready(Glimpse::Broken),
            }
            if ready!(self.poll_fill(wire, cx)).is_err() {
                return Poll::Ready(Glimpse::Broken);
            }
        }
    }

    /// Whether decrypted bytes wait to be read.
    pub(crate) fn has_something(&mut self) -> bool {
        self.connection.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
    }
}

/// The socket as rustls reads and writes it.
pub(super) struct NonBlocking<'w, 'c, 'd> {
    pub(super) wire: &'w mut Wire,
    pub(super) cx: &'c mut Context<'d>,
}

fn now<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Read for NonBlocking<'_, '_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(into);
        now(Pin::new(&mut *self.wire).poll_read(self.cx, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl Write for NonBlocking<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        now(Pin::new(&mut *self.wire).poll_write(self.cx, bytes))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        now(Pin::new(&mut *self.wire).poll_write_vectored(self.cx, pieces))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
