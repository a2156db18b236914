//! The clients' side of a shard: listeners, connections, and their timeouts. Nothing here knows apps or workers:
//! requests are answered by a [`Service`].

mod acceptor;
mod beginning;
mod client;
mod connection;
mod connection_table;
mod drain;
mod ending;
mod framing;
mod http2;
mod limits;
pub mod listener;
mod min_rate;
mod peers;
mod per_address_limit;
mod proxied;
mod proxy_header;
mod request_body;
mod requester;
mod server;
mod service;
mod shared_clock;
mod socket;
pub mod tls;
mod upgraded;

pub(crate) use client::{Client, Scheme};
pub(crate) use connection::Connection;
pub(crate) use drain::Drain;
pub use limits::ClientLimits;
pub(crate) use proxied::ProxyRefusal;
pub(crate) use request_body::{RequestBody, RequestBodyError};
pub(crate) use requester::Requester;
pub(crate) use server::{Accepting, Server};
pub(crate) use service::{ConnectionError, Handshake, Service};
#[cfg(fuzzing)]
pub(crate) use {
    acceptor::reader,
    framing::Framing,
    proxy_header::{Announced, ProxyHeader},
};
