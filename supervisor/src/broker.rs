//! `nano broker`: makes the fetches of one program that `nano run` or the REPL runs. Its standard input is
//! the link to the program. The program is the user's own, so it may connect to any address.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};

use crate::egress::{Commons, Egress, Policy, Timeouts};
use crate::upstream::{Link, ResponseWindows, run_link};
use crate::worker::{Worker, WorkerId};

/// Connections of the program that are open at once. The program has a lower limit of requests itself.
const CONNECTIONS: usize = 256;

/// How long the program may not read: in effect without limit.
const PROGRAM_TURN: Duration = Duration::from_secs(30 * 24 * 3600);

/// Serves until the program ends.
///
/// # Errors
/// Standard input is no socket, or there is no runtime.
pub fn serve() -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let egress = Rc::new(Egress::new(&Commons::new(CONNECTIONS), Policy::everywhere(), Timeouts::default(), None));
        let (worker, windows) = (Arc::new(Worker::new(WorkerId(0), 0)), &ResponseWindows::new());
        let link = Link::new(worker, socket, (egress, None), PROGRAM_TURN, Duration::ZERO, windows)?;
        run_link(link, |_, _| {}, || {}, || {}).await;
        Ok(())
    })
}
