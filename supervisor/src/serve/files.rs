//! The files of nano's sockets, which go with it: but those that another nano has taken over, and not before they are its
//! own.

use std::path::PathBuf;

use nano_spawner::wire::SocketFile;

use crate::control::pointer::Pointer;
use crate::socket_file::BoundSocket;

/// Dropping it removes the files that are this nano's.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) sockets: Vec<BoundSocket>,
    /// The link from where `nanoctl` looks.
    pub(super) pointer: Option<Pointer>,
}

impl Files {
    /// Where they are.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let sockets = self.sockets.iter().map(BoundSocket::path);
        sockets.chain(self.pointer.as_ref().map(Pointer::path)).map(PathBuf::from).collect()
    }

    /// For the process that removes them where nano has no right to.
    pub(super) fn to_sweep(&self) -> Vec<SocketFile> {
        self.paths().iter().filter_map(|path| SocketFile::at(path).ok()).collect()
    }

    /// All of them are this nano's from now on.
    pub(super) fn own(&self) {
        self.sockets.iter().for_each(BoundSocket::own);
        self.pointer.iter().for_each(Pointer::own);
    }

    /// These are another nano's from now on.
    pub(super) fn leave(&self, paths: &[PathBuf]) {
        let is_there = |path| paths.iter().any(|each| each == path);
        self.sockets.iter().filter(|each| is_there(each.path())).for_each(BoundSocket::leave);
        self.pointer.iter().filter(|each| is_there(each.path())).for_each(Pointer::leave);
    }
}
