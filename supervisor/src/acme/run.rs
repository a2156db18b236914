//! Carries out orders when they are due, a few at once, for each name one.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use nano_config::AcmeConfig;
use tokio::sync::Mutex;
use tokio::task::{Id, JoinError, JoinSet};
use zeroize::Zeroizing;

use super::account::{account, forget};
use super::board::Board;
use super::clock::Clock;
use super::failure::{Failure, OrderError};
use super::http::{Client, Patience};
use super::order::{Means, order};
use super::storage::Storage;
use super::{Acme, schedule};
use crate::downstream::tls::Certificate;
use crate::egress::tls_config;
use crate::shard::Shards;

/// Orders at once.
const AT_ONCE: usize = 4;

/// How long an order may take in all.
const ORDER: Duration = Duration::from_secs(5 * 60);

/// How often the plan is looked at, whatever it says: the clock may be set.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often, while another nano has the storage: most likely it finishes after an upgrade.
const LOOK_ELSEWHERE: Duration = Duration::from_secs(2);

/// How long no order begins after an authority has asked for patience.
const HOLD: Duration = Duration::from_secs(60);

/// An order that is to be carried out.
struct Job {
    name: String,
    acme: AcmeConfig,
    storage: Rc<Storage>,
    means: Means,
    turn: usize,
    failure: Option<Failure>,
}

/// What came of one.
struct Finished {
    name: String,
    storage: Rc<Storage>,
    outcome: Result<Arc<Certificate>, OrderError>,
    /// The failures with this one, if it is one.
    failure: Option<Failure>,
}

/// What all orders share.
struct Workshop {
    board: Board,
    /// Held while the account is looked for: there is to be one.
    account: Mutex<()>,
}

impl Acme {
    /// Carries out orders until it is dropped. Must run in a `LocalSet`.
    pub(crate) async fn run(self: Rc<Self>, shards: Shards) {
        let workshop = Rc::new(Workshop { board: Board::new(shards), account: Mutex::new(()) });
        let mut orders: JoinSet<Finished> = JoinSet::new();
        let mut names: HashMap<Id, String> = HashMap::new();
        let mut clock = Clock::new(SystemTime::now(), Instant::now());
        loop {
            if let Some(by) = clock.set_back(SystemTime::now(), Instant::now())
                && let Some(orders) = &mut *self.orders.borrow_mut()
            {
                orders.set_back(by);
            }
            while orders.len() < AT_ONCE
                && let Some(job) = self.next_job()
            {
                let name = job.name.clone();
                names.insert(orders.spawn_local(carry_out(job, Rc::clone(&workshop))).id(), name);
            }
            let is_full = orders.len() >= AT_ONCE;
            tokio::select! {
                Some(done) = orders.join_next_with_id(), if !orders.is_empty() => self.over(done, &mut names),
                () = tokio::time::sleep(self.until_next(is_full)) => {}
                () = self.woken.notified() => {}
            }
        }
    }

    fn over(&self, done: Result<(Id, Finished), JoinError>, names: &mut HashMap<Id, String>) {
        match done {
            Ok((id, finished)) => {
                names.remove(&id);
                self.ordering.borrow_mut().remove(&finished.name);
                self.finish(finished);
            }
            Err(error) => {
                let Some(name) = names.remove(&error.id()) else { return };
                self.ordering.borrow_mut().remove(&name);
                let mut orders = self.orders.borrow_mut();
                if let Some(state) = orders.as_mut().and_then(|orders| orders.names.get_mut(&name)) {
                    let error = OrderError::Unreached(error.to_string());
                    let failure = Failure::after(state.failure.as_ref(), &error, None);
                    tracing::error!(name, %error, "an order broke down");
                    (state.next, state.failure) = (failure.next(), Some(failure));
                }
            }
        }
    }

    /// How long until there is something to do.
    fn until_next(&self, is_full: bool) -> Duration {
        let orders = self.orders.borrow();
        let Some(orders) = orders.as_ref().filter(|_| !is_full && self.means.has_tls) else { return LOOK_EVERY };
        let ordering = self.ordering.borrow();
        let due = orders.names.iter().filter(|(name, _)| !ordering.contains(*name)).map(|(_, state)| state.next).min();
        let due = due.map(|due| due.max(orders.held_until));
        let wait = due.map(|due| due.duration_since(SystemTime::now()).unwrap_or_default());
        wait.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)
    }

    /// The order that is due now and has waited longest.
    fn next_job(&self) -> Option<Job> {
        let now = SystemTime::now();
        let mut all = self.orders.borrow_mut();
        let orders = all.as_mut().filter(|orders| self.means.has_tls && orders.held_until <= now)?;
        loop {
            let due = orders.names.iter_mut();
            let due = due.filter(|(name, state)| state.next <= now && !self.ordering.borrow().contains(*name));
            let (name, state) = due.min_by_key(|(_, state)| state.next)?;
            orders.is_elsewhere = !orders.storage.lock();
            // Another nano may have ordered it, or this one before the name was taken out and put back.
            let stored = orders.storage.certificate(name).filter(|stored| schedule::renewal(&stored.facts) > now);
            if let Some(stored) = stored {
                state.next = schedule::renewal(&stored.facts);
                (state.certificate, state.failure) = (Some(stored), None);
                self.issued.send_replace(());
            } else if orders.is_elsewhere {
                state.next = now + LOOK_ELSEWHERE;
            } else {
                self.ordering.borrow_mut().insert(name.clone());
                return Some(Job {
                    name: name.clone(),
                    acme: orders.config.clone(),
                    storage: Rc::clone(&orders.storage),
                    means: self.means.clone(),
                    turn: state.turn,
                    failure: state.failure.clone(),
                });
            }
        }
    }

    fn finish(&self, finished: Finished) {
        let Finished { name, storage, outcome, failure } = finished;
        self.metrics.tls.acme.ordered(outcome.is_ok());
        let mut all = self.orders.borrow_mut();
        let now = SystemTime::now();
        if let (Err(OrderError::RateLimited(_)), Some(orders)) = (&outcome, &mut *all) {
            orders.held_until = now + HOLD;
        }
        // The name may be gone, and the authority may be another.
        let orders = all.as_mut();
        let is_same = orders.as_ref().is_some_and(|orders| Rc::ptr_eq(&orders.storage, &storage));
        if let Some(state) = orders.and_then(|orders| orders.names.get_mut(&name)) {
            match (&outcome, failure) {
                (Ok(certificate), _) if is_same => {
                    state.next = schedule::first_renewal(&certificate.facts, now);
                    state.certificate = Some(Arc::clone(certificate));
                    (state.failure, state.turn) = (None, 0);
                }
                (Err(error), Some(failure)) if is_same => {
                    state.turn = state.turn.wrapping_add(usize::from(matches!(error, OrderError::Challenge { .. })));
                    state.next = failure.next();
                    state.failure = Some(failure);
                }
                _ => {}
            }
            tell(&name, &outcome, state);
        }
        drop(all);
        self.show();
        if outcome.is_ok() {
            self.issued.send_replace(());
        }
    }
}

/// A line of the log about an order that is over.
fn tell(name: &str, outcome: &Result<Arc<Certificate>, OrderError>, state: &super::NameState) {
    let again_s = state.next.duration_since(SystemTime::now()).unwrap_or_default().as_secs();
    match outcome {
        Ok(certificate) => {
            let expires = certificate.facts.expires.map(httpdate::fmt_http_date).unwrap_or_default();
            tracing::info!(name, expires, renewed_in_s = again_s, "certificate issued");
        }
        Err(error) => {
            let failures = state.failure.as_ref().map_or(0, |failure| failure.count);
            let then = match &state.certificate {
                Some(_) => "the certificate that there is serves on",
                None => "there is none, so TLS handshakes for this name fail until then",
            };
            tracing::error!(name, %error, failures, again_s, "no certificate was issued; {then}");
        }
    }
}

async fn carry_out(job: Job, workshop: Rc<Workshop>) -> Finished {
    let patience = Patience::default();
    let outcome = match tokio::time::timeout(ORDER, issue(&job, &workshop, &patience)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            workshop.board.hide(&job.name).await;
            Err(OrderError::Late(ORDER))
        }
    };
    let failure = match &outcome {
        Ok(_) => None,
        Err(error) => {
            if matches!(error, OrderError::NoAccount(_)) {
                forget(&job.storage);
            }
            Some(Failure::after(job.failure.as_ref(), error, patience.asked_for()))
        }
    };
    if (failure.is_some() || job.failure.is_some())
        && let Err(error) = job.storage.set_failure(&job.name, failure.as_ref()).await
    {
        tracing::warn!(name = job.name, %error, "what came of an order cannot be kept");
    }
    Finished { name: job.name, storage: job.storage, outcome, failure }
}

async fn issue(job: &Job, workshop: &Workshop, patience: &Patience) -> Result<Arc<Certificate>, OrderError> {
    let Job { name, acme, storage, means, turn, .. } = job;
    tracing::info!(name, directory = acme.directory, "ordering a certificate");
    // Reads the certificates that the system trusts, with the first one.
    let tls = tokio::task::spawn_blocking(tls_config).await;
    let tls = tls.map_err(|error| error.to_string()).and_then(|tls| tls.map_err(|error| error.to_string()));
    let client = Client::new(tls.map_err(OrderError::Unreached)?, patience.clone());
    let account = {
        let _alone = workshop.account.lock().await;
        account(acme, storage, client).await?
    };
    let pem: Zeroizing<Vec<u8>> = order(&account, name, (means, *turn), &workshop.board).await?;
    let certificate = Arc::new(Certificate::ordered(name, &pem)?);
    storage.certificate_entry(name).write(pem).await?;
    Ok(certificate)
}
