//! What bodies cost while they flow: the right bytes, and flat memory.

use super::*;

/// A body that can be checked as it goes by: each 8 bytes are their index, mixed.
struct Pattern(u64, Vec<u8>);

impl Pattern {
    fn new() -> Self {
        Self(0, Vec::new())
    }

    fn next(&mut self, length: usize) -> Vec<u8> {
        while self.1.len() < length {
            let mixed = (self.0 ^ (self.0 >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.1.extend_from_slice(&mixed.to_le_bytes());
            self.0 += 1;
        }
        self.1.drain(..length).collect()
    }
}

/// KiB of memory that a process has resident.
fn resident(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Sends a body of so many bytes on a thread of its own; counts what went out.
pub(super) fn upload(stream: &TcpStream, path: &str, total: u64, sent: Arc<AtomicU64>) -> JoinHandle<()> {
    let mut stream = stream.try_clone().unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: a.local\r\nContent-Length: {total}\r\n\r\n");
    thread::spawn(move || {
        stream.write_all(head.as_bytes()).unwrap();
        let mut pattern = Pattern::new();
        while sent.load(Ordering::Relaxed) < total {
            let piece = pattern.next(64 * 1024);
            // An early answer closes the connection: the reader of the answer checks that.
            if stream.write_all(&piece).is_err() {
                return;
            }
            sent.fetch_add(64 * 1024, Ordering::Relaxed);
        }
    })
}

/// What an echo showed.
struct Echo {
    seconds: f64,
    /// Every so often: MiB echoed, KiB resident of the worker and of the supervisor.
    samples: Vec<(u64, u64, u64)>,
}

/// Echoes `total` bytes through `path`, checks each, and looks at the memory of both processes meanwhile. A slow client
/// rests after each MiB.
fn echo(nano: &Nano, path: &str, total: u64, rest: Duration) -> Echo {
    let (worker, supervisor) = (nano.pid_of("a.local"), nano.pid());
    let mut client = Client::open(nano);
    let started = Instant::now();
    let sender = upload(client.0.get_ref(), path, total, Arc::default());
    let (status, chunked) = client.head();
    assert_eq!(status, 200);
    let mut pattern = Pattern::new();
    let mut received = 0;
    let mut samples = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while received < total {
        let piece = if chunked {
            client.chunk().expect("more of the body")
        } else {
            let length = client.0.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "the end after {received} bytes");
            buffer[..length].to_vec()
        };
        assert!(piece == pattern.next(piece.len()), "other bytes within {} of {received}", piece.len());
        let before = received >> 20;
        received += u64::try_from(piece.len()).unwrap();
        if received >> 20 != before {
            thread::sleep(rest);
            if (received >> 20) % (total >> 24).max(1) == 0 {
                samples.push((received >> 20, resident(worker), resident(supervisor)));
            }
        }
    }
    if chunked {
        assert_eq!(client.chunk(), None);
    }
    sender.join().unwrap();
    Echo { seconds: started.elapsed().as_secs_f64(), samples }
}

fn assert_flat(nano: &Nano, path: &str, echo: &Echo, worker_kib: u64, supervisor_kib: u64) {
    let (_, worker, supervisor) = echo.samples[0];
    for (mib, worker_now, supervisor_now) in &echo.samples {
        assert!(*worker_now < worker + worker_kib, "{path}: worker {worker} -> {worker_now} KiB after {mib} MiB");
        assert!(
            *supervisor_now < supervisor + supervisor_kib,
            "{path}: supervisor {supervisor} -> {supervisor_now} KiB after {mib} MiB"
        );
    }
    assert_eq!(nano.metrics().get("nano_stream_buffer_overflows_total", &[APP_LABEL]), Some(0.0), "{path}");
    await_empty(nano);
}

/// Each holds what is on its way to it, and all of them no more than is bounded for all.
#[test]
fn responses_that_nobody_takes_cost_little() {
    const CLIENTS: u64 = 400;
    let site = Site::new();
    let nano = serve(&site, &json!({ "max_concurrent": 1000 }));
    drop(Client::get(&nano, "/state").rest());
    let before = resident(nano.pid());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let stream = TcpStream::connect(nano.address).unwrap();
            // What the kernel takes is not nano's, and comes first.
            setsockopt(&stream, RcvBuf, &4096).unwrap();
            let mut client = Client(BufReader::with_capacity(1, stream));
            client.send("GET /endless HTTP/1.1\r\nHost: a.local\r\n\r\n");
            client
        })
        .collect();
    // Nothing is pulled any more: all windows are full.
    assert!(settled(&nano, "pulls") >= CLIENTS);
    let grown = resident(nano.pid()).saturating_sub(before);
    // The first window, and a piece of it in the socket's writer with the buffer that it lies in; and wide windows for some.
    assert!(grown < 60 << 10, "{grown} KiB more for {CLIENTS} clients");
    drop(clients);
    assert_eq!(nano.get("a.local", "/state").status, 200);
    // What the allocator keeps of it goes back to the system, but for what is not worth it.
    until("the memory of the peak to be given back", || (resident(nano.pid()) < before + (16 << 10)).then_some(()));
}

#[test]
fn connections_that_had_a_large_request_and_are_idle_cost_little() {
    const CLIENTS: usize = 400;
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    drop(Client::get(&nano, "/state").rest());
    let before = resident(nano.pid());
    let fields: String = (0..84).map(|at| format!("x-{at}: {}\r\n", "y".repeat(700))).collect();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut client = Client(BufReader::new(TcpStream::connect(nano.address).unwrap()));
            client.send(&format!("GET /state HTTP/1.1\r\nHost: a.local\r\n{fields}\r\n"));
            assert_eq!(client.head().0, 200);
            client
        })
        .collect();
    until("their buffers to be given back", || (resident(nano.pid()) < before + (24 << 10)).then_some(()));
    drop(clients);
    assert_eq!(nano.get("a.local", "/state").status, 200);
}

#[test]
fn an_echo_costs_no_memory() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for path in ["/echo", "/pass"] {
        let echo = echo(&nano, path, 64 << 20, Duration::from_millis(5));
        // After the first MiBs V8 still lets its young generation grow, and buffers wait for the collector: 25 MiB at times.
        // What kept the body would have 60.
        assert_flat(&nano, path, &echo, 40 << 10, 6 << 10);
    }
}

/// The long form: `cargo nextest run -p nano-test --test streaming --run-ignored only --no-capture`. Prints the table that
/// docs/streams.md shows.
fn echo_a_gibibyte(path: &str) {
    let site = Site::new();
    let nano = serve(&site, &json!({ "max_body_mb": 1024 }));
    let echo = echo(&nano, path, 1 << 30, Duration::from_millis(50));
    eprintln!("{path}: 1 GiB in {:.0} s\nMiB echoed, worker KiB, supervisor KiB", echo.seconds);
    for (mib, worker, supervisor) in &echo.samples {
        eprintln!("{mib:5} {worker:7} {supervisor:7}");
    }
    assert_flat(&nano, path, &echo, 24 << 10, 6 << 10);
}

#[test]
#[ignore = "a GiB at a slow client's pace takes minutes"]
fn a_gibibyte_through_a_stream() {
    echo_a_gibibyte("/echo");
}

#[test]
#[ignore = "a GiB at a slow client's pace takes minutes"]
fn a_gibibyte_handed_on() {
    echo_a_gibibyte("/pass");
}

#[test]
fn an_upload_that_nobody_reads_is_held_back_and_then_504() {
    let site = Site::new();
    let nano = serve(&site, &json!({ "timeout_ms": 2000, "max_body_mb": 256 }));
    for path in ["/never", "/never-but-looked"] {
        let supervisor = resident(nano.pid());
        let worker = resident(nano.pid_of("a.local"));
        let mut client = Client::open(&nano);
        let sent = Arc::new(AtomicU64::new(0));
        let total = 256 << 20;
        let sender = upload(client.0.get_ref(), path, total, Arc::clone(&sent));
        let answered = Arc::new(AtomicBool::new(false));
        let watched = {
            let (answered, pid, worker_pid) = (Arc::clone(&answered), nano.pid(), nano.pid_of("a.local"));
            thread::spawn(move || {
                let mut peak = (0, 0);
                while !answered.load(Ordering::Relaxed) {
                    peak = (peak.0.max(resident(pid)), peak.1.max(resident(worker_pid)));
                    thread::sleep(Duration::from_millis(20));
                }
                peak
            })
        };
        assert_eq!(client.head().0, 504, "{path}");
        let held = sent.load(Ordering::Relaxed);
        answered.store(true, Ordering::Relaxed);
        let (supervisor_peak, worker_peak) = watched.join().unwrap();
        // The window and what the sockets of both ends take, by the kernel's mood.
        assert!(held < 16 << 20, "{path}: {held} bytes were taken that are not read");
        assert!(supervisor_peak < supervisor + (3 << 10), "{path}: supervisor {supervisor} -> {supervisor_peak} KiB");
        assert!(worker_peak < worker + (6 << 10), "{path}: worker {worker} -> {worker_peak} KiB");
        let _ = client.0.get_ref().shutdown(Shutdown::Both);
        sender.join().unwrap();
    }
    await_empty(&nano);
}

/// The bytes in streams, once they have been the same for a while.
fn settled_bytes(nano: &Nano) -> f64 {
    let mut last = (f64::NAN, Instant::now());
    until("the bytes in streams to stay", || {
        let now = nano.metrics().get("nano_stream_buffered_bytes", &[APP_LABEL]).unwrap();
        if now.to_bits() != last.0.to_bits() {
            last = (now, Instant::now());
        }
        (last.1.elapsed() > Duration::from_millis(300)).then_some(now)
    })
}

/// Whether the last rounds took no more than those before them. The heap finds its size in a step or a few, sooner or later;
/// what leaks grows with every round.
fn is_flat(residents: &[u64]) -> bool {
    const ROUNDS: usize = 6;
    const NOISE: u64 = 4 << 10;
    let Some(at) = residents.len().checked_sub(ROUNDS).filter(|at| *at >= 3) else { return false };
    let (before, last) = residents.split_at(at);
    last.iter().max() <= before.iter().max().map(|most| most + NOISE).as_ref()
}

#[test]
fn streams_that_are_forgotten_cost_nothing_in_the_end() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let worker = nano.pid_of("a.local");
    let mut residents = Vec::new();
    while !is_flat(&residents) {
        assert!(residents.len() < 40, "KiB resident, by round: {residents:?}");
        assert_eq!(nano.get("a.local", "/abandon").text(), "abandoned");
        until("what they held to be told", || {
            let peak = nano.metrics().get("nano_stream_buffered_bytes_peak", &[APP_LABEL]);
            (peak > Some(100_000.0)).then_some(())
        });
        until("the collector to find the streams", || {
            assert_eq!(nano.get("a.local", "/litter").status, 200);
            // What it frees now is reported 100 ms later.
            (settled_bytes(&nano) == 0.0).then_some(())
        });
        residents.push(resident(worker));
    }
    assert_eq!(nano.pid_of("a.local"), worker, "it was replaced");
}
