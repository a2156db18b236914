//! The thread of one shard.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::Options;
use super::command::Command;
use super::listener::Listener;
use crate::route::RouteTable;

pub(super) fn start(
    index: usize,
    listeners: Vec<Listener>,
    routes: Arc<RouteTable>,
    options: Options,
    mut inbox: mpsc::Receiver<Command>,
) -> io::Result<JoinHandle<()>> {
    let _ = (&listeners, &routes, &options);
    std::thread::Builder::new().name(format!("shard-{index}")).spawn(move || while inbox.blocking_recv().is_some() {})
}
