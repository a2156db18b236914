//! What two nanos say to each other while one takes the other's place (`nanoctl upgrade`): JSON in packets, with
//! descriptors, over a socket that the new one has as its standard input. When it is closed, the other nano is gone.
//!
//! The two are of different versions: members that one does not know are ignored, [`HANDOVER`] says what both must agree
//! on.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nano_spawner::{Packet, Wait, receive, send};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::unix::AsyncFd;

use crate::registered::register;

/// The version of these messages.
pub(crate) const HANDOVER: u32 = 1;

/// Most bytes of a text in a message.
pub(crate) const MAX_TEXT: usize = 4096;

/// From the nano that serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ToSuccessor {
    /// First. With it come the standard error and the standard output.
    Hello {
        /// [`HANDOVER`] of the sender.
        handover: u32,
        version: String,
        /// The sockets are systemd's.
        inherited: bool,
        control_socket: Option<PathBuf>,
    },
    /// A listening socket comes with it.
    Listener(SocketRole),
    /// An operator stopped this app.
    Stopped { app: String },
    /// The socket to the process that stands in for nano comes with it.
    StandIn,
    /// That was all.
    Complete,
    /// A cron, where the sender leaves off.
    Cron(HeldCron),
    /// Serve.
    Go,
    /// From now on the service manager knows the receiver.
    Main,
}

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SocketRole {
    Http,
    Metrics,
    Control,
}

/// From the nano that takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ToPredecessor {
    /// This file is the sender's when it serves.
    Keeps { path: PathBuf },
    /// Every app is ready.
    Ready { version: String, pid: u32 },
    /// It does not serve, and ends.
    Failed { error: String },
    /// It serves.
    Serving,
}

/// A cron that one nano leaves to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldCron {
    pub(crate) app: String,
    pub(crate) cron: String,
    /// When it is due next, in seconds since 1970-01-01 UTC; none: never.
    pub(crate) next: Option<i64>,
    /// A run of it is not over.
    pub(crate) running: bool,
}

/// One end of the socket.
#[derive(Debug)]
pub(crate) struct HandoverSocket(AsyncFd<OwnedFd>);

impl HandoverSocket {
    /// Must be called within the runtime.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        register(socket).map(Self)
    }

    /// Sends a message with these descriptors. Waits for room.
    pub(crate) async fn send(&self, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        loop {
            let mut ready = self.0.writable().await?;
            if let Ok(sent) = ready.try_io(|socket| send(socket, message, descriptors, Wait::No)) {
                return sent;
            }
        }
    }

    /// The next message, with its descriptors; `None`: the other end is closed. Cancelling it loses nothing.
    pub(crate) async fn receive<M: DeserializeOwned>(&self) -> io::Result<Option<(M, Vec<OwnedFd>)>> {
        loop {
            let mut ready = self.0.readable().await?;
            if let Ok(received) = ready.try_io(|socket| receive(socket, Wait::No)) {
                return received?.map(decode).transpose();
            }
        }
    }

    /// Waits until the other end is closed. What it says is ignored.
    pub(crate) async fn closed(&self) {
        while let Ok(Some(_)) = self.receive::<serde::de::IgnoredAny>().await {}
    }
}

/// The message in a packet.
pub(crate) fn decode<M: DeserializeOwned>(packet: Packet) -> io::Result<(M, Vec<OwnedFd>)> {
    if packet.truncated {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too large"));
    }
    Ok((serde_json::from_slice(&packet.bytes)?, packet.descriptors))
}

/// The descriptors as a message takes them.
pub(crate) fn borrowed<D: AsFd>(descriptors: &[D]) -> Vec<BorrowedFd<'_>> {
    descriptors.iter().map(AsFd::as_fd).collect()
}

/// A text that fits into a message: its beginning.
pub(crate) fn cut(text: &str) -> String {
    let mut left = MAX_TEXT;
    let fits = |next: &char| {
        left = left.saturating_sub(next.len_utf8());
        left > 0
    };
    text.chars().take_while(fits).collect()
}
