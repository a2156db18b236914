//! The orders of `nano dev` to the `nano` that serves its project: lines of JSON on a socket that is the standard input.
//! Each is answered with one line. When the socket is closed, the server ends.

use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::ingress::BuildPage;
use crate::reload::{ReloadError, Trigger};
use crate::supervisor::{Stop, Supervisor};

/// The argument of `nano serve` that makes its standard input such a socket. Not for users.
pub(crate) const DEV_FLAG: &str = "--dev-link";

/// Longest line in bytes.
pub(crate) const MAX_LINE: usize = 4 << 20;

/// What `nano dev` wants.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum DevOrder {
    /// The configuration is to be read anew.
    Reload,
    /// Browsers are to be shown this page; or none.
    Show { page: Option<String> },
}

/// What it is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum DevReport {
    /// Requests are answered.
    Ready { addresses: Vec<String> },
    /// Why the configuration was not taken over; none: it was.
    Reloaded { faults: Vec<String> },
    /// It was done.
    Shown,
}

/// The server's end.
#[derive(Debug)]
pub(super) struct DevLink {
    orders: BufReader<OwnedReadHalf>,
    reports: OwnedWriteHalf,
    page: Arc<BuildPage>,
}

impl DevLink {
    /// The socket that is the standard input. Call it within the runtime.
    pub(super) fn of_stdin(page: Arc<BuildPage>) -> io::Result<Self> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        let socket = std::os::unix::net::UnixStream::from(socket);
        socket.set_nonblocking(true)?;
        let (orders, reports) = UnixStream::from_std(socket)?.into_split();
        Ok(Self { orders: BufReader::new(orders), reports, page })
    }

    /// Carries orders out, until there are no more: then nano is to end.
    pub(super) async fn run(mut self, supervisor: Rc<Supervisor>) {
        // Whatever it was that ended the orders, nobody is there to give more.
        let _ = self.obey(&supervisor).await;
        supervisor.stop(Stop::Drain);
    }

    async fn obey(&mut self, supervisor: &Rc<Supervisor>) -> io::Result<()> {
        self.report(&DevReport::Ready { addresses: supervisor.addresses.http.clone() }).await?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
            if (&mut self.orders).take(most).read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            let report = match serde_json::from_slice(&line)? {
                DevOrder::Reload => {
                    let reloaded = supervisor.reload(Trigger::Dev).await;
                    DevReport::Reloaded { faults: reloaded.err().map(|error| faults(&error)).unwrap_or_default() }
                }
                DevOrder::Show { page } => {
                    self.page.show(page.map(Into::into));
                    DevReport::Shown
                }
            };
            self.report(&report).await?;
        }
    }

    async fn report(&mut self, report: &DevReport) -> io::Result<()> {
        let mut line = serde_json::to_vec(report)?;
        line.push(b'\n');
        self.reports.write_all(&line).await
    }
}

/// Without places in the configuration: the developer did not write it.
fn faults(error: &ReloadError) -> Vec<String> {
    match error {
        ReloadError::Apps(faults) => faults.diagnostics().iter().map(|fault| fault.message.clone()).collect(),
        ReloadError::Config(faults) => {
            let fault = |fault: &nano_config::Diagnostic| {
                let key = fault.key.strip_prefix("apps[0].").unwrap_or(&fault.key);
                let hint = fault.suggestion.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
                format!("{key}: {}{hint}", fault.message)
            };
            faults.diagnostics().iter().map(fault).collect()
        }
        other => vec![other.to_string()],
    }
}
