//! Commands of the control plane to a shard. Every command is answered when it has taken effect, so that a reload knows
//! when the old generation can get no more requests.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use nano_protocol::Scheduled;
use tokio::sync::oneshot;

use crate::app::App;
use crate::downstream::listener::Listener;
use crate::downstream::tls::{Challenges, ServerTls};
use crate::route::RouteTable;
use crate::upstream::RunReport;
use crate::worker::{Worker, WorkerId};

/// The answer to a command.
pub type Done = oneshot::Sender<()>;

/// A command to a shard.
#[derive(Debug)]
pub enum ShardCommand {
    /// A worker of `app` is ready; `socket` (non-blocking) is this shard's link to it.
    AddLink {
        /// The generation that the worker runs.
        app: Arc<App>,
        /// The worker.
        worker: Arc<Worker>,
        /// This shard's end of the data link.
        socket: UnixStream,
        /// Answered once requests can be sent to it.
        done: Done,
    },
    /// From now on connections are accepted from these, too.
    Listen {
        /// Listeners of this shard.
        listeners: Vec<Listener>,
        /// Answered when it is so.
        done: oneshot::Sender<io::Result<()>>,
    },
    /// From now on requests are routed by this table.
    SwapRoutes {
        /// The new table.
        routes: Arc<RouteTable>,
        /// Answered once no request can be routed by the old one.
        done: Done,
    },
    /// From now on handshakes are made with these certificates.
    SwapTls {
        /// The new ones.
        tls: Option<Arc<ServerTls>>,
        /// Answered once no handshake can begin with the old ones.
        done: Done,
    },
    /// From now on certificate authorities are answered so.
    SwapChallenges {
        /// The answers; `None`: there are none.
        challenges: Option<Arc<Challenges>>,
        /// Answered once they are given.
        done: Done,
    },
    /// One of the cron expressions of `app` is due.
    RunScheduled {
        /// The generation that is to handle it.
        app: Arc<App>,
        /// What the app is called with.
        event: Scheduled,
        /// How long that may take.
        limit: Duration,
        /// Answered when it is over.
        done: oneshot::Sender<RunReport>,
    },
    /// No new requests to this worker. When the requests in flight are answered, the link is closed.
    RetireWorker {
        /// The worker.
        worker: WorkerId,
        /// Answered when this shard's link to the worker is closed.
        done: Done,
    },
    /// Stop accepting; finish what is in flight; close idle connections.
    Drain {
        /// Another nano serves: there is time.
        unhurried: bool,
        /// Answered when no connection is left.
        done: Done,
    },
}
