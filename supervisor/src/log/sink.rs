//! Where lines go: a thread that writes them, and a bounded queue before it. Who logs never waits: when the queue is
//! full, because a pipe or a disk is, the line is dropped and counted.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Lines that may wait, and how many bytes of them.
const QUEUE: usize = 8192;
const QUEUE_BYTES: usize = 4 << 20;

/// Bytes that are written at once.
const BATCH: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Sink {
    queue: SyncSender<Message>,
    /// Bytes that wait.
    bytes: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

impl Sink {
    /// `report` makes the line that tells how many lines were dropped.
    pub(super) fn start(out: impl Write + AsFd + Send + 'static, report: fn(u64) -> String) -> io::Result<Self> {
        let wait = |out: &_| wait_for_room(out);
        Self::start_waiting(out, wait, report)
    }

    /// `wait` returns when something that would block may be tried again.
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
    /// The last line was written in part.
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

    /// Writes what fits: a full disk or a closed pipe can be told of only later, by the count.
    fn write(&mut self, batch: &str, starts: &[usize]) {
        let written = self.put(batch.as_bytes());
        // A line that was begun is lost, too.
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

    /// Writes until it is done or fails; how many bytes were taken. What follows half a line begins on a line of its own.
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
                // Another process with the same pipe or terminal has set it so.
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Slow {
        written: Arc<Mutex<Vec<u8>>>,
        gate: Arc<Mutex<()>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.gate.lock().unwrap();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes so many bytes and no more.
    #[derive(Clone, Default)]
    struct Full {
        written: Arc<Mutex<Vec<u8>>>,
        room: Arc<AtomicU64>,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(usize::try_from(self.room.load(Ordering::SeqCst)).unwrap());
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room.fetch_sub(count as u64, Ordering::SeqCst);
            self.written.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_full_disk_did_not_take_is_told_later_and_no_line_is_mixed_with_another() {
        let full = Full::default();
        let sink = Sink::start_waiting(full.clone(), |_| Ok(()), |count| format!("dropped {count}\n")).unwrap();
        let say = |line: &str| {
            sink.write(format!("{line}\n"));
            sink.flush(Duration::from_secs(10));
        };
        full.room.store(14, Ordering::SeqCst);
        say("one");
        say("two");
        say("three is torn");
        say("four");
        assert_eq!(sink.dropped(), 2);
        full.room.store(1000, Ordering::SeqCst);
        say("five");
        let text = String::from_utf8(full.written.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "one\ntwo\nthree \nfive\ndropped 2\n");
    }

    #[test]
    fn what_would_block_is_waited_for() {
        let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        let sink = Sink::start(writer, |count| format!("dropped {count}\n")).unwrap();
        let line = format!("{}\n", "x".repeat(1000));
        for _ in 0..QUEUE / 2 {
            sink.write(line.clone());
        }
        let mut taken = 0;
        let mut bytes = vec![0; 1 << 20];
        while taken < QUEUE / 2 * line.len() {
            taken += io::Read::read(&mut reader, &mut bytes).unwrap();
        }
        assert_eq!(sink.dropped(), 0);
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_too() {
        let slow = Slow::default();
        let shut = slow.gate.lock().unwrap();
        let sink = Sink::start_waiting(slow.clone(), |_| Ok(()), |count| format!("dropped {count}\n")).unwrap();
        let line = format!("{}\n", "x".repeat(100_000));
        for _ in 0..1000 {
            sink.write(line.clone());
        }
        // What waits, and what the writer took before the gate held it.
        let most = (QUEUE_BYTES + BATCH) / line.len() + 2;
        let kept = 1000 - usize::try_from(sink.dropped()).unwrap();
        assert!((QUEUE_BYTES / line.len()..=most).contains(&kept), "{kept} lines");
        drop(shut);
        sink.flush(Duration::from_secs(10));
        sink.write(line.clone());
        sink.flush(Duration::from_secs(10));
        assert_eq!(usize::try_from(sink.dropped()).unwrap(), 1000 - kept, "there is room again");
        assert!(slow.written.lock().unwrap().len() > kept * line.len());
    }

    #[test]
    fn a_stuck_reader_blocks_nobody() {
        let slow = Slow::default();
        let shut = slow.gate.lock().unwrap();
        let sink = Sink::start_waiting(slow.clone(), |_| Ok(()), |count| format!("dropped {count}\n")).unwrap();
        for number in 0..3 * QUEUE {
            sink.write(format!("{number}\n"));
        }
        let dropped = sink.dropped();
        assert!(dropped > 0);
        drop(shut);
        // The writer may have taken some lines, and said what was dropped, before the gate held it. The flush itself needs
        // a place in the queue.
        let told = |text: &str| -> u64 {
            text.lines()
                .filter_map(|line| line.strip_prefix("dropped "))
                .map(|count| count.parse::<u64>().unwrap())
                .sum()
        };
        let written = |text: &str| text.lines().filter(|line| !line.starts_with("dropped")).count() as u64;
        let mut text = String::new();
        let deadline = std::time::Instant::now() + Duration::from_secs(90);
        // What was dropped is told after the first lines: others may wait still.
        while told(&text) < dropped || written(&text) + dropped < 3 * QUEUE as u64 {
            assert!(std::time::Instant::now() < deadline, "{} of {dropped} dropped lines were told", told(&text));
            sink.flush(Duration::from_secs(10));
            text = String::from_utf8(slow.written.lock().unwrap().clone()).unwrap();
        }
        assert_eq!((told(&text), written(&text)), (dropped, 3 * QUEUE as u64 - dropped));
    }
}
