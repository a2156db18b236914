//! The neighbour who must not notice anything: two clients ask an app again and again, and every answer counts.

use nano_test::{Nano, Response, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What the bystander's app is.
pub(crate) const APP: &str = "export default { fetch: () => new Response('still here') };";
/// Where it is asked for.
pub(crate) const HOST: &str = "bystander.local";

/// Pauses between two requests of one client, so that the bystander does not take the machine from what it watches.
const PAUSE: Duration = Duration::from_millis(5);
/// Longest any answer may take. A stall, on any machine; how fast answers are is measured elsewhere (test/bench).
pub(crate) const SLOWEST: Duration = Duration::from_secs(30);

/// What the clients saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Answers as they should be.
    pub(crate) served: u64,
    /// The others, and what was wrong.
    pub(crate) failures: Vec<String>,
    /// The longest wait for an answer.
    pub(crate) slowest: Duration,
}

impl Seen {
    /// What is wrong with it, if anything.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        if !self.failures.is_empty() {
            let first = self.failures.iter().take(5).collect::<Vec<_>>();
            return Err(format!("{} of {} requests failed: {first:?}", self.failures.len(), self.served));
        }
        if self.served == 0 {
            return Err("nothing was asked".to_owned());
        }
        if self.slowest > SLOWEST {
            return Err(format!("an answer took {:?}", self.slowest));
        }
        Ok(())
    }
}

/// The running clients.
pub(crate) struct Bystander {
    stop: Arc<AtomicBool>,
    noticed: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Seen>>,
}

impl Bystander {
    /// Asks `HOST` of this supervisor from now on.
    pub(crate) fn of(nano: &Nano) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let noticed = Arc::new(AtomicBool::new(false));
        let served = Arc::new(AtomicU64::new(0));
        let clients = (0..2)
            .map(|_| {
                let (stop, noticed, total) = (Arc::clone(&stop), Arc::clone(&noticed), Arc::clone(&served));
                let address = nano.address;
                thread::spawn(move || {
                    let mut seen = Seen::default();
                    let mut connection = None;
                    while !stop.load(Ordering::Relaxed) && seen.failures.len() < 1000 {
                        let start = Instant::now();
                        let open = connection.take().map_or_else(|| nano_test::Connection::open(address), Ok);
                        let answer = open.and_then(|mut open| Ok((open.get(HOST, "/")?, open)));
                        seen.slowest = seen.slowest.max(start.elapsed());
                        match answer {
                            Ok((response, open)) => {
                                connection = (!response.closes()).then_some(open);
                                match right(&response) {
                                    Ok(()) => {
                                        seen.served += 1;
                                        total.fetch_add(1, Ordering::Relaxed);
                                    }
                                    Err(wrong) => seen.failures.push(wrong),
                                }
                            }
                            Err(error) => seen.failures.push(error.to_string()),
                        }
                        noticed.fetch_or(!seen.failures.is_empty(), Ordering::Relaxed);
                        thread::sleep(PAUSE);
                    }
                    seen
                })
            })
            .collect();
        Self { stop, noticed, served, clients }
    }

    /// Whether a request has failed so far.
    pub(crate) fn has_noticed(&self) -> bool {
        self.noticed.load(Ordering::Relaxed)
    }

    /// How many requests were answered so far.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for client in self.clients {
            let seen = client.join().unwrap();
            all.served += seen.served;
            all.failures.extend(seen.failures);
            all.slowest = all.slowest.max(seen.slowest);
        }
        all
    }

    /// Ends it, and fails the test if the bystander noticed anything.
    pub(crate) fn noticed_nothing(self) {
        let seen = self.stop();
        seen.verdict().unwrap();
    }
}

fn right(response: &Response) -> Result<(), String> {
    if response.status == 200 && response.body == b"still here" { Ok(()) } else { Err(format!("{response:?}")) }
}

/// Waits until an app answers 200 again.
pub(crate) fn is_back(nano: &Nano, host: &str, path: &str) {
    // The longest pause of a crash loop is half a minute.
    until(&format!("{host} answers again"), || (nano.get(host, path).status == 200).then_some(()));
}

#[test]
fn a_bystander_that_lost_a_request_or_waited_for_long_turns_red() {
    let good = Seen { served: 10, failures: Vec::new(), slowest: Duration::from_millis(50) };
    assert_eq!(good.verdict(), Ok(()));
    assert!(Seen { failures: vec!["502".to_owned()], ..Seen { served: 10, ..Seen::default() } }.verdict().is_err());
    assert!(Seen { served: 10, failures: Vec::new(), slowest: SLOWEST + Duration::from_secs(1) }.verdict().is_err());
    assert!(Seen::default().verdict().is_err());
}
