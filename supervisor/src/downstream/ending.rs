//! How a connection ends: the last bytes, the wait for the client to have them, or a reset.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use hyper::rt::Write;
use tokio::io::{AsyncRead, ReadBuf};

use super::Connection;
use super::socket::Wire;

impl Connection {
    /// Writes bytes after hyper is done with the connection.
    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = poll_fn(|cx| Pin::new(&mut *self.socket.borrow_mut()).poll_write(cx, bytes)).await?;
            bytes = bytes.get(written..).unwrap_or(&[]);
        }
        poll_fn(|cx| Pin::new(&mut *self.socket.borrow_mut()).poll_flush(cx)).await
    }

    /// Shuts down sending, then reads and drops what the client still sends, at most `most` bytes: closing a socket
    /// with unread bytes would destroy what the client has yet to read. `complete`: nothing was cut.
    pub(super) async fn linger(&self, complete: bool, most: usize) {
        if complete {
            self.socket.borrow_mut().inner_mut().announce_end();
        }
        let shut = poll_fn(|cx| Pin::new(&mut *self.socket.borrow_mut()).poll_shutdown(cx)).await;
        if shut.is_err() {
            return;
        }
        // Into the thread's buffer: one within this future would be a part of every connection, from its beginning on.
        let mut seen = 0;
        while seen < most {
            let read = poll_fn(|cx| {
                let mut scratch = self.shared.scratch.borrow_mut();
                let mut buffer = ReadBuf::new(&mut scratch);
                let mut socket = self.socket.borrow_mut();
                Pin::new(socket.inner_mut()).poll_read(cx, &mut buffer).map(|done| done.map(|()| buffer.filled().len()))
            })
            .await;
            match read {
                Ok(0) | Err(_) => return,
                Ok(bytes) => seen += bytes,
            }
        }
    }

    /// Makes the close a reset, if [`Self::cut_abruptly`] was called; returns whether it was.
    pub(super) fn cut(&self) -> bool {
        if self.abrupt.get() {
            self.reset();
        }
        self.abrupt.get()
    }

    /// Makes the close a reset.
    pub(super) fn reset(&self) {
        if let Wire::Tcp(socket) = &self.socket.borrow().inner().wire {
            let _ = socket.set_zero_linger();
        }
    }
}
