//! What came before a nano and what comes after it: what it needs for another to take its place.

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;

use nano_spawner::{Wait, receive};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use crate::handover::{HandoverSocket, SocketRole, decode};
use crate::stand_in::{StandIn, ToNano};

/// Of one nano.
#[derive(Debug)]
pub(crate) struct Lineage {
    /// The sockets that it listens on, for another nano; `None` once it has let go of them.
    pub(crate) sockets: RefCell<Option<Sockets>>,
    /// The process that stands in for nano, if there is one.
    pub(crate) above: Option<AsyncFd<OwnedFd>>,
    /// It serves a developer's project.
    pub(crate) is_dev: bool,
    /// Another nano is taking over, or is about to.
    pub(crate) under_way: Cell<bool>,
    /// Whether this nano serves: at once, unless it takes over from another.
    pub(crate) opened: watch::Sender<bool>,
    /// The nano that has taken over.
    pub(crate) successor: watch::Sender<Option<Successor>>,
    /// Whether the nano that this one took over from is gone.
    pub(crate) predecessor_gone: watch::Sender<bool>,
}

/// What another nano takes over.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) all: Vec<(SocketRole, OwnedFd)>,
    /// systemd's.
    pub(crate) inherited: bool,
    /// Where the control socket is.
    pub(crate) control: Option<PathBuf>,
}

/// The nano that has taken over.
#[derive(Debug, Clone)]
pub(crate) struct Successor {
    /// If this process is to stand in for it.
    pub(crate) stand_in: Option<Rc<StandIn>>,
    /// The files that are its own now.
    pub(crate) files: Rc<Vec<PathBuf>>,
    /// Closed when this process has finished what it has, which tells the other.
    pub(crate) _socket: Rc<HandoverSocket>,
}

impl Lineage {
    pub(crate) fn new(sockets: Sockets, above: Option<AsyncFd<OwnedFd>>, is_dev: bool, is_first: bool) -> Self {
        Self {
            sockets: RefCell::new(Some(sockets)),
            above,
            is_dev,
            under_way: Cell::new(false),
            opened: watch::channel(is_first).0,
            successor: watch::channel(None).0,
            predecessor_gone: watch::channel(is_first).0,
        }
    }

    /// The nano that has taken over.
    pub(crate) fn successor(&self) -> Option<Successor> {
        self.successor.borrow().clone()
    }

    /// Waits until this nano serves.
    pub(crate) async fn opens(&self) {
        let _ = self.opened.subscribe().wait_for(|opened| *opened).await;
    }

    /// The next signal of the process that stands in for nano; `None`: that process is gone.
    pub(crate) async fn passed_on(&self) -> Option<String> {
        let Some(above) = &self.above else { return std::future::pending().await };
        self.opens().await;
        let listen = async {
            loop {
                let Ok(mut ready) = above.readable().await else { return None };
                match ready.try_io(|link| receive(link, Wait::No)) {
                    Ok(Ok(Some(packet))) => {
                        if let Ok((ToNano::Signal(name), _)) = decode(packet) {
                            return Some(name);
                        }
                    }
                    Ok(Ok(None) | Err(_)) => return None,
                    Err(_not_yet) => {}
                }
            }
        };
        tokio::select! {
            biased;
            // They are for the nano that took over.
            () = self.handed_over() => std::future::pending().await,
            name = listen => name,
        }
    }

    /// Waits until this process is to stand in for the nano that took over.
    pub(crate) async fn stands_in(&self) {
        let is_so = |successor: &Option<Successor>| successor.as_ref().is_some_and(|each| each.stand_in.is_some());
        let _ = self.successor.subscribe().wait_for(is_so).await;
    }

    /// Waits until another nano has taken over.
    pub(crate) async fn handed_over(&self) {
        let _ = self.successor.subscribe().wait_for(Option::is_some).await;
    }
}
