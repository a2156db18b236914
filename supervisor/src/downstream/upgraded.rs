//! A connection after an upgrade: hyper is done with it, and its bytes are relayed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Connection;

/// What relays the bytes of a connection, until it is to be closed.
pub(crate) type Tunnel = Pin<Box<dyn Future<Output = ()>>>;

impl Connection {
    /// When the response that is being made was sent, `tunnel` has the connection.
    pub(crate) fn upgrade(&self, tunnel: Tunnel) {
        *self.tunnel.borrow_mut() = Some(tunnel);
    }

    /// What has the connection now that hyper is done with it, if anything. `early`: what the client sent ahead, and hyper
    /// read. `None` also where the client sent what was refused as HTTP: some of it is lost.
    pub(super) fn take_tunnel(&self, early: Bytes) -> Option<Tunnel> {
        let tunnel = self.tunnel.borrow_mut().take()?;
        if self.unclear.get().is_some() || self.unflushed.get() {
            return None;
        }
        // What is empty would keep the buffer that it was cut from, for as long as the tunnel is open.
        *self.early.borrow_mut() = if early.is_empty() { Bytes::new() } else { Bytes::copy_from_slice(&early) };
        self.set_uploading(false);
        Some(tunnel)
    }

    /// The client's next bytes, at most `most`; none at their end.
    pub(crate) fn poll_receive(&self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<Bytes>> {
        let mut early = self.early.borrow_mut();
        if !early.is_empty() {
            let length = most.min(early.len());
            let next = early.split_to(length);
            if early.is_empty() {
                *early = Bytes::new();
            }
            return Poll::Ready(Ok(next));
        }
        let mut scratch = self.shared.scratch.borrow_mut();
        let most = most.min(scratch.len());
        let mut read = ReadBuf::new(scratch.get_mut(..most).unwrap_or_default());
        ready!(Pin::new(self.socket.borrow_mut().inner_mut()).poll_read(cx, &mut read))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(read.filled())))
    }

    /// Waits until what was written is on the socket.
    pub(crate) fn poll_transmitted(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }

    /// Writes some of `bytes`.
    pub(crate) fn poll_transmit(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(self.socket.borrow_mut().inner_mut()).poll_write(cx, bytes);
        self.wrote(&result);
        result
    }
}
