//! `nanoctl upgrade`: another nano, of the version that is installed now, takes this one's place. It gets the very sockets
//! that this one listens on, so no connection is lost between the two; this one goes on until the other serves, and then
//! finishes what it has. Until the other serves, nothing has happened that is not undone.

mod attempt;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::duration::millis;
use crate::handover::MAX_TEXT;
use crate::supervisor::{Stop, Supervisor};
use attempt::Attempt;

/// Why no other nano took over; this one goes on as if nothing had been.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeError {
    #[error("an upgrade is under way: wait for its end")]
    Busy,
    #[error("this nano serves a project for `nano dev`: end that one and start it again")]
    Dev,
    #[error("nano is stopping")]
    Stopping,
    #[error("{0}, so the nano that runs goes on")]
    Start(String),
    #[error("the nano that is installed cannot take over, so the one that runs goes on: {0}")]
    Refused(String),
    #[error("the nano that is installed ended before it was ready ({how}), so the one that runs goes on{said}")]
    Ended { how: String, said: String },
    #[error(
        "the nano that is installed was not ready within {within_s} s and was ended, so the one that runs goes on (--timeout gives it longer){said}"
    )]
    Late { within_s: u64, said: String },
}

impl UpgradeError {
    /// The error's code, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Busy => "upgrade_under_way",
            Self::Dev => "upgrade_of_dev",
            Self::Stopping => "stopping",
            Self::Start(_) | Self::Refused(_) | Self::Ended { .. } | Self::Late { .. } => "upgrade_failed",
        }
    }
}

/// Who took over from whom.
#[derive(Debug, Serialize)]
pub(crate) struct UpgradeReport {
    old_pid: u32,
    new_pid: u32,
    old_version: &'static str,
    new_version: String,
    /// Until the new one served.
    seconds: f64,
}

/// Resets the mark that an upgrade is under way.
struct UnderWay<'s>(&'s Cell<bool>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Supervisor {
    /// Has another nano take over. Returns when it serves; this one then finishes what it has.
    pub(crate) async fn upgrade(self: &Rc<Self>, within: Duration) -> Result<UpgradeReport, UpgradeError> {
        if self.lineage.is_dev {
            return Err(UpgradeError::Dev);
        }
        if self.lineage.under_way.replace(true) {
            return Err(UpgradeError::Busy);
        }
        let _under_way = UnderWay(&self.lineage.under_way);
        let begun = Instant::now();
        let outcome = self.replace_by_another(begun, within).await;
        if let Err(error) = &outcome {
            tracing::error!(code = error.code(), took_ms = millis(begun.elapsed()), %error, "upgrade failed");
        }
        outcome
    }

    async fn replace_by_another(
        self: &Rc<Self>,
        begun: Instant,
        within: Duration,
    ) -> Result<UpgradeReport, UpgradeError> {
        let mut stop = self.stop.subscribe();
        let late = tokio::time::sleep(within);
        tokio::pin!(late);
        let alone = async {
            // Two nanos at once are enough.
            let _ = self.lineage.predecessor_gone.subscribe().wait_for(|gone| *gone).await;
            // A reload that runs goes first; one that comes meanwhile waits.
            self.changing.lock().await
        };
        let _alone = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop != Stop::No) => return Err(UpgradeError::Stopping),
            alone = alone => alone,
            () = &mut late => return Err(UpgradeError::Late { within_s: within.as_secs(), said: String::new() }),
        };
        tracing::info!("upgrade: the installed nano is started");
        let mut attempt = Attempt::begin(self).await?;
        let outcome = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop != Stop::No) => Err(UpgradeError::Stopping),
            ready = attempt.until_ready() => ready,
            () = &mut late => Err(UpgradeError::Late { within_s: within.as_secs(), said: String::new() }),
        };
        let outcome = match outcome {
            Ok(ready) => attempt.hand_over(self, ready).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok((new_pid, new_version)) => {
                let took = begun.elapsed();
                tracing::info!(new_pid, new_version, took_ms = millis(took), "upgrade: another nano serves now");
                self.stop(Stop::Drain);
                Ok(UpgradeReport {
                    old_pid: std::process::id(),
                    new_pid,
                    old_version: env!("CARGO_PKG_VERSION"),
                    new_version,
                    seconds: took.as_secs_f64(),
                })
            }
            Err(error) => Err(attempt.fail(self, error).await),
        }
    }
}

/// What a process printed last, as the end of a sentence.
fn said(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("; it said: {text}") }
}

/// Keeps the last bytes of what a process printed.
fn keep_last(output: &mut Vec<u8>, more: &[u8]) {
    output.extend_from_slice(more);
    let over = output.len().saturating_sub(MAX_TEXT / 2);
    output.drain(..over);
}
