//! Why an order came to nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use instant_acme::Problem;
use serde::{Deserialize, Serialize};

use super::schedule;
use super::storage::StorageError;
use crate::downstream::tls::{ChallengeError, Unfit};

/// Most characters of what an authority says that are kept.
const MAX_SAID: usize = 500;

/// An order came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    /// No answer, or none that makes sense.
    #[error("no answer that can be used from the certificate authority: {0}")]
    Unreached(String),
    /// The authority said no.
    #[error("the certificate authority refuses: {0}")]
    Refused(String),
    /// It asked for patience for all that nano orders.
    #[error("the certificate authority asks for patience: {0}")]
    RateLimited(String),
    /// It does not know the account any more.
    #[error("the certificate authority does not know the account any more: {0}")]
    NoAccount(String),
    /// It looked for the answer to its challenge, and did not find it.
    #[error("the certificate authority did not find this nano by the name ({kind}): {why}")]
    Challenge {
        /// `http-01`, `tls-alpn-01`.
        kind: &'static str,
        /// What it says.
        why: String,
    },
    /// It offers no challenge that nano can answer here.
    #[error(
        "the certificate authority offers no challenge that this nano can answer: it wants {0}, and nano answers {1} on its listeners"
    )]
    NoChallenge(String, String),
    /// What it issued cannot serve.
    #[error("the certificate that was issued cannot be used: {0}")]
    Unfit(#[from] Unfit),
    /// The answer to a challenge cannot be made.
    #[error(transparent)]
    Answer(#[from] ChallengeError),
    /// What is kept cannot be kept.
    #[error("{0}")]
    Storage(#[from] StorageError),
    /// All of it took too long.
    #[error("the order took longer than {} s", .0.as_secs())]
    Late(Duration),
}

impl OrderError {
    /// Whether the authority has said nothing that would count against the name.
    fn is_unreached(&self) -> bool {
        matches!(self, Self::Unreached(_) | Self::Late(_) | Self::NoAccount(_) | Self::Storage(_))
    }
}

impl From<instant_acme::Error> for OrderError {
    fn from(error: instant_acme::Error) -> Self {
        match error {
            instant_acme::Error::Api(problem) => Self::from(&problem),
            other => Self::Unreached(said(&other.to_string())),
        }
    }
}

impl From<&Problem> for OrderError {
    fn from(problem: &Problem) -> Self {
        let what = said(&text(problem));
        match problem.r#type.as_deref().and_then(|kind| kind.strip_prefix("urn:ietf:params:acme:error:")) {
            Some("rateLimited") => Self::RateLimited(what),
            Some("accountDoesNotExist") => Self::NoAccount(what),
            Some("badNonce" | "serverInternal") => Self::Unreached(what),
            _ if problem.status.is_some_and(|status| status >= 500) => Self::Unreached(what),
            _ => Self::Refused(what),
        }
    }
}

/// What a problem document says.
pub(super) fn text(problem: &Problem) -> String {
    let mut parts: Vec<&str> = problem.detail.as_deref().into_iter().collect();
    parts.extend(problem.subproblems.iter().take(3).filter_map(|sub| sub.detail.as_deref()));
    match (parts.as_slice(), problem.r#type.as_deref()) {
        ([], kind) => kind.unwrap_or("without a reason").to_owned(),
        (_, Some(kind)) => format!("{} ({kind})", parts.join("; ")),
        (_, None) => parts.join("; "),
    }
}

/// What a stranger says, cut and on one line.
pub(super) fn said(text: &str) -> String {
    let plain = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    let mut cut: String = plain.take(MAX_SAID).collect();
    if text.chars().nth(MAX_SAID).is_some() {
        cut.push('…');
    }
    cut
}

/// Failures of a name in a row, as they are kept: what nano is started again for does not begin to ask anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    /// How many.
    pub(super) count: u32,
    /// Why the last one.
    pub(super) why: String,
    /// When that was, in seconds since 1970.
    at: u64,
    /// When the next order is due.
    next: u64,
    /// Sooner it is not, also if an operator asks.
    soonest: u64,
}

impl Failure {
    /// One more after `before`.
    pub(super) fn after(before: Option<&Self>, error: &OrderError, retry_after: Option<Duration>) -> Self {
        let now = SystemTime::now();
        let count = before.map_or(0, |before| before.count).saturating_add(1);
        let wait = schedule::wait(error.is_unreached(), count, retry_after, schedule::random_fraction());
        let soonest = schedule::soonest(wait, retry_after);
        let why = error.to_string();
        Self { count, why, at: seconds(now), next: seconds(now + wait), soonest: seconds(now + soonest) }
    }

    pub(super) fn next(&self) -> SystemTime {
        self.time(self.next)
    }

    pub(super) fn soonest(&self) -> SystemTime {
        self.time(self.soonest)
    }

    /// The clock was set back by so much.
    pub(super) fn set_back(&mut self, by: Duration) {
        for time in [&mut self.at, &mut self.next, &mut self.soonest] {
            *time = time.saturating_sub(by.as_secs());
        }
    }

    /// One of its times, no later than nano would have written it now: its clock may have been wrong.
    fn time(&self, seconds: u64) -> SystemTime {
        let now = SystemTime::now();
        let wait = Duration::from_secs(seconds.saturating_sub(self.at)).min(schedule::MAX_RETRY_AFTER);
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(now + wait).min(now + wait)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
