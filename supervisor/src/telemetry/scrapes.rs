//! Renders the metrics, or the status, for whoever asks. With thousands of apps that takes a tenth of a second and megabytes, so it is done
//! once at a time, beside the control plane's thread, and for at most a quarter of a processor's time. A text is shared by all
//! who asked before it was begun.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Mutex;

use super::Metrics;

/// So many times as long as a text took, no other is begun.
const PAUSE: u32 = 3;

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    #[error("the metrics cannot be written as text: {0}")]
    Encoder(#[from] prometheus::Error),
    #[error("the status cannot be written as JSON: {0}")]
    Status(#[from] serde_json::Error),
    #[error("the metrics were not written to their end: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// A text that is shared.
#[derive(Debug)]
struct ScrapeText(Arc<String>);

impl AsRef<[u8]> for ScrapeText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The texts of one process.
#[derive(Debug)]
pub(crate) struct Scrapes {
    metrics: Arc<Metrics>,
    render: fn(&Metrics) -> Result<String, RenderError>,
    last: Arc<Mutex<Last>>,
}

/// The last text.
#[derive(Debug)]
struct Last {
    begun: Instant,
    next: Instant,
    /// As long as it is being sent.
    text: Weak<String>,
}

impl Scrapes {
    /// `/metrics`.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Self::of(metrics, |metrics| Ok(metrics.render()?))
    }

    /// `/status.json` of the same nano.
    pub(super) fn status(&self) -> Arc<Self> {
        Self::of(Arc::clone(&self.metrics), |metrics| Ok(metrics.status()?))
    }

    fn of(metrics: Arc<Metrics>, render: fn(&Metrics) -> Result<String, RenderError>) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            metrics,
            render,
            last: Arc::new(Mutex::new(Last { begun: now, next: now, text: Weak::new() })),
        })
    }

    /// The metrics as text, with all that was counted before the call.
    pub(crate) async fn text(&self) -> Result<Bytes, RenderError> {
        let asked = Instant::now();
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if last.begun > asked
            && let Some(text) = last.text.upgrade()
        {
            return Ok(Bytes::from_owner(ScrapeText(text)));
        }
        tokio::time::sleep_until(last.next.into()).await;
        let (metrics, render) = (Arc::clone(&self.metrics), self.render);
        // The turn lasts until the text is there, whether or not it is still waited for.
        let rendered = tokio::task::spawn_blocking(move || {
            last.begun = Instant::now();
            let text = render(&metrics).map(Arc::new);
            let end = Instant::now();
            last.next = end + ((end - last.begun) * PAUSE).min(LONGEST_PAUSE);
            last.text = text.as_ref().map(Arc::downgrade).unwrap_or_default();
            text
        });
        Ok(Bytes::from_owner(ScrapeText(rendered.await??)))
    }
}

#[cfg(test)]
mod tests;
