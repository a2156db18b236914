//! The `nano` that serves the project: a child that takes orders on its standard input, as lines of JSON
//! ([`crate::serve`] reads them), and ends when that is closed.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;

use crate::serve::dev_link::{DEV_FLAG, DevOrder, DevReport, MAX_LINE};

/// How long it may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// Why nothing is served any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServerError {
    /// The server ended, and has said why.
    #[error("the server ended")]
    Ended,
    /// A signal asked for the end while something was waited for.
    #[error("a signal asked for the end")]
    Interrupted,
    /// The system refused something.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    orders: Option<UnixStream>,
    reports: BufReader<UnixStream>,
    addresses: Vec<String>,
    signals: Rc<SignalFd>,
}

impl Server {
    pub(super) fn start(config: &Path, signals: Rc<SignalFd>) -> io::Result<Self> {
        let (own, servers) = UnixStream::pair()?;
        let child = Command::new(nano_spawner::own_program()?)
            .args(["serve", "--config"])
            .arg(config)
            .arg(DEV_FLAG)
            .stdin(Stdio::from(OwnedFd::from(servers)))
            // A terminal's signals are handled here, and order the end.
            .process_group(0)
            .spawn()?;
        let reports = BufReader::new(own.try_clone()?);
        Ok(Self { child, orders: Some(own), reports, addresses: Vec::new(), signals })
    }

    /// Where it listens.
    pub(super) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    pub(super) fn wait_until_ready(&mut self) -> Result<(), ServerError> {
        match self.report()? {
            DevReport::Ready { addresses } => {
                self.addresses = addresses;
                Ok(())
            }
            _ => Err(ServerError::Ended),
        }
    }

    /// Has it read its configuration anew. The faults for which it has not; none: it serves it.
    pub(super) fn reload(&mut self) -> Result<Vec<String>, ServerError> {
        self.order(&DevOrder::Reload)?;
        match self.report()? {
            DevReport::Reloaded { faults } => Ok(faults),
            _ => Err(ServerError::Ended),
        }
    }

    /// Has it show this page to browsers, or none.
    pub(super) fn show(&mut self, page: Option<String>) -> Result<(), ServerError> {
        self.order(&DevOrder::Show { page })?;
        match self.report()? {
            DevReport::Shown => Ok(()),
            _ => Err(ServerError::Ended),
        }
    }

    /// It sends nothing unasked: it has ended.
    pub(super) fn read(&mut self) -> Result<(), ServerError> {
        self.report().map(drop)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.reports.get_ref().as_fd()
    }

    /// Ends it, with what it has in flight.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        drop(self.orders.take());
        self.reports.get_ref().shutdown(std::net::Shutdown::Both)?;
        let until = Instant::now() + STOP_TIMEOUT;
        while self.child.try_wait()?.is_none() && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        Ok(())
    }

    fn order(&mut self, order: &DevOrder) -> Result<(), ServerError> {
        let mut line = serde_json::to_vec(order).map_err(io::Error::from)?;
        line.push(b'\n');
        let orders = self.orders.as_mut().ok_or(ServerError::Ended)?;
        orders.write_all(&line).map_err(|_| ServerError::Ended)
    }

    /// Waits for a report, or a signal. The server writes whole lines.
    fn wait(&self) -> Result<(), ServerError> {
        while self.reports.buffer().is_empty() {
            let mut both = [self.signals.as_fd(), self.as_fd()].map(|each| PollFd::new(each, PollFlags::POLLIN));
            match poll(&mut both, PollTimeout::NONE) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(io::Error::from(error).into()),
            }
            match both.map(|each| each.any().unwrap_or(false)) {
                [true, _] => return Err(ServerError::Interrupted),
                [false, true] => return Ok(()),
                [false, false] => {}
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<DevReport, ServerError> {
        self.wait()?;
        let mut line = String::new();
        let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let read = io::Read::take(&mut self.reports, most).read_line(&mut line);
        match read {
            Ok(count) if count > 0 => serde_json::from_str(&line).map_err(|error| ServerError::Io(error.into())),
            _ => Err(ServerError::Ended),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // By then it has ended, unless something went wrong.
        let _ = self.stop();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
