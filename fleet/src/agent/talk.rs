//! The agent's two pipes to nano.

use std::cell::RefCell;
use std::io::{Write, stdout};
use std::os::fd::AsFd;
use std::rc::Rc;

use nano_fleet_link::{MAX_LINE, Status, ToAgent, ToNano, line};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

/// What is said to nano.
#[derive(Clone)]
pub(crate) struct Nano {
    /// Said already: the same is not said again at once.
    last: Rc<RefCell<(Option<Status>, std::time::Instant)>>,
}

impl Nano {
    /// And what nano says; it ends when nano does.
    pub(crate) fn begin() -> (Self, mpsc::Receiver<ToAgent>) {
        let (said, heard) = mpsc::channel(16);
        tokio::task::spawn_local(async move {
            let Ok(mut input) = input() else { return };
            while let Some(message) = next(&mut input).await {
                if said.send(message).await.is_err() {
                    return;
                }
            }
        });
        (Self { last: Rc::new(RefCell::new((None, std::time::Instant::now()))) }, heard)
    }

    fn send(&self, message: &ToNano) {
        if let Ok(text) = line(message) {
            let mut out = stdout().lock();
            // If nano is gone, the standard input ends, too.
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    }

    pub(crate) fn log(&self, level: &str, message: &str, app: &str) {
        let message = message.chars().take(4000).collect();
        self.send(&ToNano::Log { level: level.to_owned(), message, app: app.to_owned() });
    }

    pub(crate) fn status(&self, status: Status) {
        let mut last = self.last.borrow_mut();
        let often = std::time::Duration::from_millis(nano_fleet_link::STATUS_EVERY_MS / 2);
        if last.0.as_ref() == Some(&status) && last.1.elapsed() < often {
            return;
        }
        self.send(&ToNano::Status(status.clone()));
        *last = (Some(status), std::time::Instant::now());
    }

    /// Says once more how it stood.
    pub(crate) fn again(&self) {
        if let Some(status) = &self.last.borrow().0 {
            self.send(&ToNano::Status(status.clone()));
        }
    }

    pub(crate) fn watch(&self, apps: Vec<String>) {
        self.send(&ToNano::Watch { apps });
    }

    pub(crate) fn cron(&self, id: u64, granted: Option<bool>) {
        self.send(&ToNano::Cron { id, granted });
    }

    pub(crate) fn reload(&self, id: u64) {
        self.send(&ToNano::Reload { id });
    }
}

/// What nano says first.
pub(crate) async fn first() -> Option<ToAgent> {
    next(&mut input().ok()?).await
}

/// The pipe that is the standard input.
fn input() -> std::io::Result<BufReader<pipe::Receiver>> {
    let own = std::io::stdin().as_fd().try_clone_to_owned()?;
    Ok(BufReader::new(pipe::Receiver::from_owned_fd(own)?))
}

/// The next message; `None`: nano is gone, or says what is not understood.
async fn next(input: &mut BufReader<pipe::Receiver>) -> Option<ToAgent> {
    let mut text = Vec::new();
    let bound = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    (&mut *input).take(bound).read_until(b'\n', &mut text).await.ok()?;
    serde_json::from_slice(&text).ok()
}
