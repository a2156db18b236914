//! Full disks, full pipes, and bounds in bytes.

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
        text.lines().filter_map(|line| line.strip_prefix("dropped ")).map(|count| count.parse::<u64>().unwrap()).sum()
    };
    let written = |text: &str| text.lines().filter(|line| !line.starts_with("dropped")).count() as u64;
    let mut text = String::new();
    let deadline = std::time::Instant::now() + Duration::from_secs(90);
    // The number of dropped lines is reported after the first lines: others may still be queued.
    while told(&text) < dropped || written(&text) + dropped < 3 * QUEUE as u64 {
        assert!(std::time::Instant::now() < deadline, "{} of {dropped} dropped lines were told", told(&text));
        sink.flush(Duration::from_secs(10));
        text = String::from_utf8(slow.written.lock().unwrap().clone()).unwrap();
    }
    assert_eq!((told(&text), written(&text)), (dropped, 3 * QUEUE as u64 - dropped));
}
