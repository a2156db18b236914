//! Whether a client on this machine still has its socket.
//!
//! A TCP client that closes its socket and one that only closes its sending half look alike until something is written
//! to them. If the client is on this machine, mostly a proxy, the kernel knows more of its socket (sock_diag(7)).

use std::cell::RefCell;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// The size of `nlmsghdr`, and of that with `inet_diag_req_v2`.
const HEAD: usize = 16;
const REQUEST: usize = HEAD + 56;
/// The bytes of `idiag_inode` in the answer.
const INODE: std::ops::Range<usize> = HEAD + 68..HEAD + 72;

/// The netlink socket. Each shard has one.
#[derive(Debug, Default)]
pub(super) struct Peers(RefCell<Option<Socket>>);

impl Peers {
    /// Whether the socket at the other end of a connection is known to be closed.
    pub(super) fn is_closed(&self, own: SocketAddr, peer: SocketAddr) -> bool {
        let (own, peer) = (canonical(own), canonical(peer));
        let is_here = peer.ip().is_loopback() || peer.ip() == own.ip();
        // Inode 0: no process has the socket any more. A socket that is not found tells nothing: it may be behind an
        // address translation.
        is_here && self.inode(peer, own).is_ok_and(|inode| inode == Some(0))
    }

    /// The inode of the socket that is at `at` and connected to `to`.
    fn inode(&self, at: SocketAddr, to: SocketAddr) -> io::Result<Option<u32>> {
        let mut kept = self.0.borrow_mut();
        let socket = match &mut *kept {
            Some(socket) => socket,
            None => {
                let kind = Type::DGRAM.cloexec().nonblocking();
                kept.insert(Socket::new(Domain::from(AF_NETLINK), kind, Some(Protocol::from(NETLINK_SOCK_DIAG)))?)
            }
        };
        socket.send(&request(at, to))?;
        // The kernel answers before this call returns.
        let mut answer = [0; 512];
        let length = socket.read(&mut answer)?;
        Ok(answer_inode(answer.get(..length).unwrap_or_default()))
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn request(at: SocketAddr, to: SocketAddr) -> [u8; REQUEST] {
    let mut out = [0; REQUEST];
    let mut fields = out.as_mut_slice();
    let mut put = |bytes: &[u8]| {
        if let Some((field, rest)) = std::mem::take(&mut fields).split_at_mut_checked(bytes.len()) {
            field.copy_from_slice(bytes);
            fields = rest;
        }
    };
    put(&u32::try_from(REQUEST).unwrap_or_default().to_ne_bytes());
    put(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    put(&NLM_F_REQUEST.to_ne_bytes());
    // Sequence, sender.
    put(&[0; 8]);
    put(&[if at.is_ipv4() { AF_INET } else { AF_INET6 }, IPPROTO_TCP, 0, 0]);
    // All states.
    put(&u32::MAX.to_ne_bytes());
    put(&at.port().to_be_bytes());
    put(&to.port().to_be_bytes());
    for address in [at, to] {
        let mut bytes = [0; 16];
        match address.ip() {
            IpAddr::V4(v4) => bytes[..4].copy_from_slice(&v4.octets()),
            IpAddr::V6(v6) => bytes = v6.octets(),
        }
        put(&bytes);
    }
    // Any interface, no cookie.
    put(&[0; 4]);
    put(&[0xff; 8]);
    out
}

/// `None` if the kernel reports no such socket or anything else.
fn answer_inode(answer: &[u8]) -> Option<u32> {
    let kind = answer.get(4..6)?.try_into().map(u16::from_ne_bytes).ok()?;
    let inode = answer.get(INODE)?.try_into().map(u32::from_ne_bytes).ok()?;
    (kind == SOCK_DIAG_BY_FAMILY).then_some(inode)
}

#[cfg(test)]
mod tests;
