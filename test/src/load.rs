//! Load: keep-alive connections that ask again and again until told to stop, and a count of what went wrong.

use crate::http::{Connection, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// What a load run saw.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that were answered as they should be.
    pub served: u64,
    /// The others, each with what happened instead.
    pub failures: Vec<String>,
}

/// Clients that run, each on a thread of its own; `stop` ends them.
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Tally>>,
}

impl Clients {
    /// So many. Each asks until it is told to stop, and counts what it got as it gets it.
    pub(crate) fn start(
        count: usize,
        client: impl Fn(&AtomicBool, &AtomicU64) -> Tally + Clone + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let served = Arc::new(AtomicU64::new(0));
        let threads = (0..count)
            .map(|_| {
                let (stop, served, client) = (Arc::clone(&stop), Arc::clone(&served), client.clone());
                thread::spawn(move || client(&stop, &served))
            })
            .collect();
        Self { stop, served, threads }
    }

    /// Requests answered so far.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Lets every client finish the request that it has in flight, and adds up.
    pub(crate) fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut total = Tally::default();
        for thread in self.threads {
            let tally = thread.join().expect("a client panicked");
            total.served += tally.served;
            total.failures.extend(tally.failures);
        }
        total
    }
}

/// A running load; `stop` ends it.
pub struct Load(Clients);

impl Load {
    /// `connections` clients that GET `path` of `host`. `check` says what is wrong with an answer, if anything.
    pub fn start(
        address: SocketAddr,
        host: &str,
        path: &str,
        connections: usize,
        check: impl Fn(&Response) -> Result<(), String> + Clone + Send + 'static,
    ) -> Self {
        let (host, path) = (host.to_owned(), path.to_owned());
        Self(Clients::start(connections, move |stop, served| client(address, &host, &path, stop, served, &check)))
    }

    /// Requests answered so far.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.0.served()
    }

    /// Lets every client finish the request it has in flight, and adds up.
    #[must_use]
    pub fn stop(self) -> Tally {
        self.0.stop()
    }
}

fn client(
    address: SocketAddr,
    host: &str,
    path: &str,
    stop: &AtomicBool,
    served: &AtomicU64,
    check: &impl Fn(&Response) -> Result<(), String>,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    while !stop.load(Ordering::Relaxed) {
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(address),
        };
        // A connection that the server closed between two requests without saying so is a lost request.
        let answer = open.and_then(|mut open| open.get(host, path).map(|response| (open, response)));
        match answer {
            Ok((open, response)) => {
                if !response.closes() {
                    connection = Some(open);
                }
                match check(&response) {
                    Ok(()) => {
                        tally.served += 1;
                        served.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(wrong) => tally.failures.push(wrong),
                }
            }
            Err(error) => tally.failures.push(error.to_string()),
        }
        if tally.failures.len() > 1000 {
            break;
        }
    }
    tally
}
