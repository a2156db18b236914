//! The log's output: a thread that writes lines, and a bounded queue before it. Code that logs never waits: when the
//! queue is full, because a pipe or a disk is, the line is dropped and counted.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Most queued lines, and most queued bytes.
const QUEUE: usize = 8192;
const QUEUE_BYTES: usize = 4 << 20;

/// Most bytes of one write.
const BATCH: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Sink {
    queue: SyncSender<Message>,
    /// Bytes in the queue.
    bytes: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

impl Sink {
    /// Starts the thread. `report` formats the line that reports how many lines were dropped.
    pub(super) fn start(out: impl Write + AsFd + Send + 'static, report: fn(u64) -> String) -> io::Result<Self> {
        let wait = |out: &_| wait_for_room(out);
        Self::start_waiting(out, wait, report)
    }

    /// `wait` returns when a write that would have blocked may be retried.
    fn start_waiting<W: Write + Send + 'static>(
        out: W,
        wait: impl Fn(&W) -> io::Result<()> + Send + 'static,
        report: fn(u64) -> String,
    ) -> io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let bytes = Arc::new(AtomicUsize::new(0));
        let queued = Arc::clone(&bytes);
        let writer = Writer { out, wait, queued, dropped: Arc::clone(&dropped), reported: 0, torn: false, report };
        std::thread::Builder::new().name("nano-log".to_owned()).spawn(move || writer.run(&lines))?;
        Ok(Self { queue, bytes, dropped })
    }

    pub(super) fn write(&self, line: String) {
        let size = line.capacity();
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > QUEUE_BYTES {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(Message::Line(line))
        {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn flush(&self, most: Duration) {
        let (done, wait) = sync_channel(1);
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(most);
        }
    }
}

struct Writer<W, F> {
    out: W,
    wait: F,
    queued: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    reported: u64,
    /// The last line was written only in part.
    torn: bool,
    report: fn(u64) -> String,
}

impl<W: Write, F: Fn(&W) -> io::Result<()>> Writer<W, F> {
    fn run(mut self, lines: &Receiver<Message>) {
        let mut batch = String::with_capacity(BATCH);
        let mut starts = Vec::new();
        while let Ok(first) = lines.recv() {
            let mut next = Some(first);
            let mut flush = None;
            while let Some(message) = next.take() {
                match message {
                    Message::Line(line) => {
                        self.queued.fetch_sub(line.capacity(), Ordering::Relaxed);
                        starts.push(batch.len());
                        batch.push_str(&line);
                    }
                    Message::Flush(done) => flush = Some(done),
                }
                if batch.len() < BATCH && flush.is_none() {
                    next = lines.try_recv().ok();
                }
            }
            self.write(&batch, &starts);
            batch.clear();
            starts.clear();
            if let Some(done) = flush {
                let _ = done.try_send(());
            }
        }
    }

    /// Writes what fits. Lost lines of a full disk or a closed pipe can only be reported later, as a count.
    fn write(&mut self, batch: &str, starts: &[usize]) {
        let written = self.put(batch.as_bytes());
        // A line that was written in part is lost too.
        let ends = starts.iter().skip(1).copied().chain([batch.len()]);
        let lost = starts.iter().zip(ends).filter(|(_, end)| *end > written);
        self.dropped.fetch_add(lost.count() as u64, Ordering::Relaxed);
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > self.reported {
            let report = (self.report)(dropped - self.reported);
            if self.put(report.as_bytes()) == report.len() {
                self.reported = dropped;
            }
        }
        let _ = self.out.flush();
    }

    /// Writes until all is written or it fails; returns how many bytes were written. After a partial line it begins a
    /// new one.
    fn put(&mut self, bytes: &[u8]) -> usize {
        if bytes.is_empty() || (self.torn && self.push(b"\n") == 0) {
            return 0;
        }
        let written = self.push(bytes);
        self.torn = written > 0 && bytes[written - 1] != b'\n';
        written
    }

    fn push(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            match self.out.write(&bytes[written..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Another process that shares the pipe or terminal has made it non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && (self.wait)(&self.out).is_ok() => {}
                Ok(0) | Err(_) => break,
                Ok(count) => written += count,
            }
        }
        written
    }
}

fn wait_for_room(out: &impl AsFd) -> io::Result<()> {
    match poll(&mut [PollFd::new(out.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
