//! A thread that computes what handshakes need: signatures and exchanges of keys, of which one may take milliseconds.
//! The kernel shares the processors between it and the shard, so that a flood of handshakes delays no request for long.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;

use tokio::sync::{mpsc, oneshot};

use crate::downstream::per_address_limit::network;
use crate::fair_semaphore::{FairSemaphore, Share};

/// Computations that are handed to the thread at once: the others wait for their turn, address by address.
const AT_ONCE: usize = 8;

/// The shares of addresses that have handshakes now, and how many those are. `None`: of Unix sockets.
type Shares = HashMap<Option<IpAddr>, (Rc<Share>, usize)>;

type Job = Box<dyn FnOnce() + Send>;

/// One shard's thread, started with the first handshake.
#[derive(Debug)]
pub(crate) struct Computing {
    jobs: RefCell<Option<mpsc::Sender<Job>>>,
    turns: Rc<FairSemaphore>,
    shares: RefCell<Shares>,
}

impl Default for Computing {
    fn default() -> Self {
        Self { jobs: RefCell::default(), turns: FairSemaphore::new(AT_ONCE), shares: RefCell::default() }
    }
}

/// The turns of one connection.
#[derive(Debug)]
pub(super) struct Turns<'c> {
    computing: &'c Computing,
    address: Option<IpAddr>,
    share: Rc<Share>,
}

impl Computing {
    /// The turns of a client at this address.
    pub(super) fn turns(&self, address: Option<IpAddr>) -> Turns<'_> {
        let address = address.map(network);
        let mut shares = self.shares.borrow_mut();
        let (share, count) = shares.entry(address).or_insert_with(|| (self.turns.share(AT_ONCE), 0));
        *count += 1;
        Turns { computing: self, address, share: Rc::clone(share) }
    }

    fn thread(&self) -> io::Result<mpsc::Sender<Job>> {
        if let Some(jobs) = self.jobs.borrow().as_ref().filter(|jobs| !jobs.is_closed()) {
            return Ok(jobs.clone());
        }
        let (jobs, mut inbox) = mpsc::channel::<Job>(AT_ONCE);
        std::thread::Builder::new().name("client-tls".to_owned()).spawn(move || {
            while let Some(job) = inbox.blocking_recv() {
                job();
            }
        })?;
        *self.jobs.borrow_mut() = Some(jobs.clone());
        Ok(jobs)
    }
}

impl Turns<'_> {
    /// Has the thread compute something, when it is this client's turn.
    pub(super) async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let _turn = self.share.take().await;
        let (done, outcome) = oneshot::channel();
        let job: Job = Box::new(move || {
            // The client may be gone.
            if !done.is_closed() {
                let _ = done.send(work());
            }
        });
        let gone = || io::Error::other("the thread for TLS has ended");
        self.computing.thread()?.send(job).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())
    }
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut share) = self.computing.shares.borrow_mut().entry(self.address) {
            let (_, count) = share.get_mut();
            *count -= 1;
            if *count == 0 {
                share.remove();
            }
        }
    }
}
