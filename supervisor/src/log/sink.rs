//! Where lines go: a thread that writes them, and a bounded queue before it. Who logs never waits: when the queue is
//! full, because a pipe or a disk is, the line is dropped and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Lines that may wait.
const QUEUE: usize = 8192;

/// Bytes that are written at once.
const BATCH: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Sink {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

impl Sink {
    /// `report` makes the line that tells how many lines were dropped.
    pub(super) fn start(out: impl Write + Send + 'static, report: fn(u64) -> String) -> io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer { out, dropped: Arc::clone(&dropped), reported: 0, report };
        std::thread::Builder::new().name("nano-log".to_owned()).spawn(move || writer.run(&lines))?;
        Ok(Self { queue, dropped })
    }

    pub(super) fn write(&self, line: String) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.queue.try_send(Message::Line(line)) {
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

struct Writer<W> {
    out: W,
    dropped: Arc<AtomicU64>,
    reported: u64,
    report: fn(u64) -> String,
}

impl<W: Write> Writer<W> {
    fn run(mut self, lines: &Receiver<Message>) {
        let mut batch = String::with_capacity(BATCH);
        while let Ok(first) = lines.recv() {
            let mut next = Some(first);
            let mut flush = None;
            let mut count = 0;
            while let Some(message) = next.take() {
                match message {
                    Message::Line(line) => {
                        batch.push_str(&line);
                        count += 1;
                    }
                    Message::Flush(done) => flush = Some(done),
                }
                if batch.len() < BATCH && flush.is_none() {
                    next = lines.try_recv().ok();
                }
            }
            self.report_dropped(&mut batch);
            if self.out.write_all(batch.as_bytes()).and_then(|()| self.out.flush()).is_err() {
                // A full disk or a closed pipe: nowhere to say so but the count.
                self.dropped.fetch_add(count, Ordering::Relaxed);
            }
            batch.clear();
            if let Some(done) = flush {
                let _ = done.try_send(());
            }
        }
    }

    fn report_dropped(&mut self, batch: &mut String) {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let new = dropped - self.reported;
        if new > 0 {
            self.reported = dropped;
            batch.push_str(&(self.report)(new));
        }
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

    #[test]
    fn a_stuck_reader_blocks_nobody() {
        let slow = Slow::default();
        let shut = slow.gate.lock().unwrap();
        let sink = Sink::start(slow.clone(), |count| format!("dropped {count}\n")).unwrap();
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
        let mut text = String::new();
        while told(&text) < dropped {
            sink.flush(Duration::from_secs(10));
            text = String::from_utf8(slow.written.lock().unwrap().clone()).unwrap();
        }
        assert_eq!(told(&text), dropped);
        let lines = text.lines().filter(|line| !line.starts_with("dropped")).count();
        assert_eq!(lines as u64 + dropped, 3 * QUEUE as u64);
    }
}
