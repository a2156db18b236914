//! Certificates by ACME (RFC 8555): which names have one, which are ordered, and when each is ordered again.
//!
//! All of it runs on the control plane, beside the shards: they get finished certificates, and the answers to challenges,
//! by commands. A name has one certificate of its own, so that what goes wrong with one name concerns no other.

mod account;
mod board;
mod clock;
mod failure;
mod http;
mod names;
mod order;
mod report;
mod run;
mod schedule;
mod storage;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nano_config::{AcmeConfig, Config, ConfigError, Diagnostic};
use tokio::sync::{Notify, watch};

use crate::downstream::tls::Certificate;
use crate::telemetry::{AcmeStanding, Metrics};
use failure::Failure;
pub(crate) use order::Means;
use storage::Storage;
pub(crate) use storage::prepare;

/// The certificates that are ordered. Lives on the main thread.
#[derive(Debug)]
pub(crate) struct Acme {
    means: Means,
    metrics: Arc<Metrics>,
    /// `None`: the configuration has no `tls.acme`.
    orders: RefCell<Option<Orders>>,
    /// Names whose orders are on their way, also of names that are gone: each has one order at a time.
    ordering: RefCell<BTreeSet<String>>,
    /// The plan changed.
    woken: Notify,
    /// Told when there is another certificate.
    issued: watch::Sender<()>,
}

/// What is ordered, and where.
#[derive(Debug)]
struct Orders {
    config: AcmeConfig,
    storage: Rc<Storage>,
    names: BTreeMap<String, NameState>,
    /// No order begins before: the authority asked for patience.
    held_until: SystemTime,
    /// Another nano that has the storage orders.
    is_elsewhere: bool,
}

/// One name.
#[derive(Debug)]
struct NameState {
    certificate: Option<Arc<Certificate>>,
    /// When it is ordered next.
    next: SystemTime,
    /// Orders in a row that failed; the last one.
    failure: Option<Failure>,
    /// Challenges that failed in a row: another kind is next.
    turn: usize,
}

impl Orders {
    /// The clock was set back by so much: what was to be done after a while is to be done as much earlier by it. (A certificate
    /// that is not due by its dates is left as it is when its time comes.)
    fn set_back(&mut self, by: Duration) {
        let earlier = |time: SystemTime| time.checked_sub(by).unwrap_or(SystemTime::UNIX_EPOCH);
        self.held_until = earlier(self.held_until);
        for state in self.names.values_mut() {
            state.next = earlier(state.next);
            if let Some(failure) = &mut state.failure {
                failure.set_back(by);
            }
        }
    }
}

impl NameState {
    /// What the storage has of a name.
    fn stored(storage: &Storage, name: &str) -> Self {
        let certificate = storage.certificate(name);
        let failure = storage.failure(name);
        let planned = certificate.as_ref().map_or(SystemTime::UNIX_EPOCH, |known| schedule::renewal(&known.facts));
        let next = failure.as_ref().map_or(planned, |failure| failure.next().max(planned));
        Self { certificate, next, failure, turn: 0 }
    }
}

impl Acme {
    /// `means`: how a certificate authority can reach this nano.
    pub(crate) fn new(means: Means, metrics: Arc<Metrics>) -> Rc<Self> {
        let (woken, issued) = (Notify::new(), watch::channel(()).0);
        Rc::new(Self { means, metrics, orders: RefCell::default(), ordering: RefCell::default(), woken, issued })
    }

    /// The storage of a configuration, unless it is the present one: what [`Self::install`] takes.
    ///
    /// # Errors
    /// It cannot be used, with its place in the file.
    pub(crate) fn open(&self, config: &Config) -> Result<Option<Rc<Storage>>, ConfigError> {
        let Some(acme) = config.tls.as_ref().and_then(|tls| tls.acme.as_ref()) else { return Ok(None) };
        if let Some(orders) = &*self.orders.borrow()
            && orders.config.storage == acme.storage
            && orders.config.directory == acme.directory
        {
            return Ok(Some(Rc::clone(&orders.storage)));
        }
        let storage = Storage::open(&acme.storage, &acme.directory);
        let fault = |why: storage::StorageError| Diagnostic::at(&acme.location, "tls.acme.storage", why.to_string());
        Ok(Some(Rc::new(storage.map_err(fault)?)))
    }

    /// Orders certificates for the names of this configuration from now on. What the storage has of new names serves at
    /// once; what was known of names that are gone is forgotten, and stays in the storage.
    pub(crate) fn install(&self, config: &Config, storage: Option<Rc<Storage>>) {
        let acme = config.tls.as_ref().and_then(|tls| tls.acme.clone());
        let mut orders = self.orders.borrow_mut();
        let before = orders.take();
        if let (Some(acme), Some(storage)) = (acme, storage) {
            let (wanted, left_out) = names::wanted(config);
            if left_out > 0 {
                tracing::warn!(left_out, "there are more hostnames than certificates can be ordered for");
            }
            if !self.means.has_tls {
                tracing::warn!("`tls.acme` orders nothing: no entry of `listen` has `tls`");
            }
            let is_same = before.as_ref().is_some_and(|before| Rc::ptr_eq(&before.storage, &storage));
            let held_until = before.as_ref().filter(|_| is_same).map_or(SystemTime::UNIX_EPOCH, |same| same.held_until);
            let mut known = before.map_or_else(BTreeMap::new, |before| before.names);
            let names = wanted.into_iter().map(|name| {
                let state = match known.remove(&name) {
                    Some(state) if is_same => state,
                    // The certificate of another authority serves until there is one of this.
                    Some(other) => {
                        let stored = NameState::stored(&storage, &name);
                        NameState { certificate: stored.certificate.or(other.certificate), ..stored }
                    }
                    None => NameState::stored(&storage, &name),
                };
                (name, state)
            });
            let names = names.collect();
            *orders = Some(Orders { config: acme, storage, names, held_until, is_elsewhere: false });
        }
        drop(orders);
        self.show();
        self.woken.notify_one();
    }

    /// The certificates that there are.
    pub(crate) fn issued(&self) -> Vec<Arc<Certificate>> {
        let orders = self.orders.borrow();
        let names = orders.iter().flat_map(|orders| orders.names.values());
        names.filter_map(|state| state.certificate.clone()).collect()
    }

    /// The names that wait for their first one.
    pub(crate) fn awaited(&self) -> Vec<String> {
        let orders = self.orders.borrow();
        let names = orders.iter().flat_map(|orders| &orders.names);
        names.filter(|(_, state)| state.certificate.is_none()).map(|(name, _)| name.clone()).collect()
    }

    /// Told when there is another certificate.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.issued.subscribe()
    }

    /// An operator has asked for a reload, likely since what was wrong is mended: names whose orders failed are tried
    /// again soon, unless the authority said when.
    pub(crate) fn retry_soon(&self) {
        for state in self.orders.borrow_mut().iter_mut().flat_map(|orders| orders.names.values_mut()) {
            if let Some(failure) = &state.failure {
                state.next = state.next.min(failure.soonest());
            }
        }
        self.woken.notify_one();
    }

    /// Shows in the metrics how many names are in which state.
    fn show(&self) {
        let orders = self.orders.borrow();
        let standing = orders.as_ref().map(|orders| {
            let mut standing = AcmeStanding::default();
            for state in orders.names.values() {
                match (&state.certificate, &state.failure) {
                    (_, Some(_)) => standing.failing += 1,
                    (Some(_), None) => standing.valid += 1,
                    (None, None) => standing.waiting += 1,
                }
            }
            standing
        });
        self.metrics.tls.acme.show(standing);
    }
}
