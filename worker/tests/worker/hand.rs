//! The supervisor's side: a worker process, its control socket and its data links.

use std::io::{IoSlice, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use nano_protocol::{BodyLength, ModuleError, RequestId, ResetReason, Stats, StreamId};
use nano_protocol::{
    Boot, BootFailed, CompatibilityFlags, Decoder, EnvValue, Frame, HeaderBlock, LayerReport, LogLine, Outbox,
    PROTOCOL_VERSION, Ready, RequestAccessors, RequestHead, ResponseHead, RuntimeLimits, Side,
};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

/// Far more than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(90);

/// One socket.
pub(crate) struct Wire {
    socket: UnixStream,
    received: BytesMut,
}

impl Wire {
    fn pair() -> (Self, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Self { socket: ours, received: BytesMut::new() }, theirs)
    }

    pub(crate) fn send(&mut self, frame: &Frame) {
        self.send_all(std::slice::from_ref(frame));
    }

    pub(crate) fn send_all(&mut self, frames: &[Frame]) {
        let mut outbox = Outbox::default();
        for frame in frames {
            outbox.push(frame);
        }
        while !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); 8];
            let count = outbox.io_slices(&mut slices);
            match self.socket.write_vectored(&slices[..count]) {
                Ok(written) => outbox.advance(written),
                // It has just ended: what it said before is read as ever.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The next frame; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        self.next_within(PATIENCE).expect("the worker is silent")
    }

    /// As [`Wire::next`]; an error if nothing comes in time.
    pub(crate) fn next_within(&mut self, patience: Duration) -> Result<Option<Frame>, ()> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(frame) = Decoder::new(Side::Worker).decode(&mut self.received).unwrap() {
                return Ok(Some(frame));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(());
            }
            self.socket.set_read_timeout(Some(left)).unwrap();
            let mut buffer = [0; 65536];
            match self.socket.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Err(()),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// What came back for a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(ResponseHead, Vec<u8>),
    Reset(ResetReason),
    /// The worker ended; whether it named this request as the culprit.
    Died {
        blamed: bool,
    },
}

impl Outcome {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Response(head, body) => format!("{} {}", head.status, String::from_utf8_lossy(body)),
            other => format!("{other:?}"),
        }
    }
}

pub(crate) struct Worker {
    child: Child,
    pub(crate) control: Wire,
    pub(crate) links: Vec<Wire>,
    /// What the app logged, as far as it was read.
    pub(crate) logs: Vec<LogLine>,
    /// The last counters of any link.
    pub(crate) stats: Stats,
    /// What it said of its sandbox.
    pub(crate) layers: Vec<LayerReport>,
    next_id: RequestId,
}

pub(crate) fn limits() -> RuntimeLimits {
    RuntimeLimits {
        stream_buffer: 1 << 20,
        stream_buffer_text: "1".into(),
        total_buffer: 0,
        total_buffer_text: "0".into(),
        memory: 64 << 20,
        cpu_ms: 10_000,
        max_concurrent: 256,
        timeout_ms: 30_000,
    }
}

pub(crate) fn boot(entry: &str) -> Boot {
    Boot {
        app: "test".into(),
        entry: entry.into(),
        shown: "apps/test/".into(),
        env: vec![
            ("GREETING".into(), EnvValue::Text("hello".into())),
            ("__proto__".into(), EnvValue::Text("odd".into())),
            ("SETTINGS".into(), EnvValue::Json(r#"{"__proto__":{"depth":[1,null]},"on":true}"#.into())),
        ],
        request_accessors: RequestAccessors::Auto,
        compatibility_flags: CompatibilityFlags::default(),
        limits: limits(),
    }
}

/// Files of an app: path and text.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

impl Worker {
    /// Starts the process and gives it its links.
    pub(crate) fn start(links: usize) -> Self {
        let mut worker = Self::start_with(links, &[], Stdio::null());
        worker.read_sandbox();
        worker
    }

    /// Starts a spare that finds `told` on its standard output.
    pub(crate) fn spare(told: Stdio) -> Self {
        let mut worker = Self::start_with(1, &["nano-worker: (spare)", "serve", "--spare"], told);
        assert_eq!(worker.control.next(), Some(Frame::Prepared));
        worker
    }

    /// Reads what it says of its sandbox.
    pub(crate) fn read_sandbox(&mut self) {
        match self.control.next() {
            Some(Frame::Sandboxed(layers)) => self.layers = layers,
            other => panic!("{other:?} instead of a sandbox: {:?}", self.wait()),
        }
    }

    fn start_with(links: usize, arguments: &[&str], stdout: Stdio) -> Self {
        let (control, theirs) = Wire::pair();
        let mut command = Command::new(env!("CARGO_BIN_EXE_nano-worker"));
        if let [title, rest @ ..] = arguments {
            command.arg0(title).args(rest);
        }
        let child = command
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (links, theirs): (Vec<_>, Vec<_>) = (0..links).map(|_| Wire::pair()).unzip();
        let descriptors: Vec<_> = theirs.iter().map(|socket| socket.as_raw_fd()).collect();
        let rights = [ControlMessage::ScmRights(&descriptors)];
        let version = [PROTOCOL_VERSION];
        let sent =
            sendmsg::<()>(control.socket.as_raw_fd(), &[IoSlice::new(&version)], &rights, MsgFlags::empty(), None);
        assert_eq!(sent, Ok(1));
        Self { child, control, links, logs: Vec::new(), stats: Stats::default(), layers: Vec::new(), next_id: 1 }
    }

    /// Sends `Boot` and answers the worker's questions for modules until it is ready or failed.
    pub(crate) fn boot(&mut self, boot: Boot, files: Files) -> Result<Ready, BootFailed> {
        self.control.send(&Frame::Boot(Box::new(boot)));
        loop {
            let Some(frame) = self.control.next() else {
                panic!("the worker ended while it booted: {:?}", self.wait())
            };
            match frame {
                Frame::ModuleRequest { id, path } => {
                    let found = files.iter().find(|(known, _)| *known == path);
                    let source = found.map(|(_, text)| Bytes::copy_from_slice(text.as_bytes()));
                    self.control.send(&Frame::ModuleSource { id, source: source.ok_or(ModuleError::NotFound) });
                }
                Frame::Ready(ready) => return Ok(ready),
                Frame::BootFailed(failed) => return Err(failed),
                Frame::Log(line) => self.logs.push(line),
                Frame::Stats(stats) => self.stats = stats,
                other => panic!("{other:?}"),
            }
        }
    }

    /// A worker with one link that serves the app.
    pub(crate) fn serving(files: Files) -> Self {
        Self::serving_with(files, boot("index.js"))
    }

    pub(crate) fn serving_with(files: Files, boot: Boot) -> Self {
        let mut worker = Self::start(1);
        worker.boot(boot, files).unwrap_or_else(|failed| panic!("{failed:?}"));
        worker
    }

    /// Sends the head of a request on the first link; returns its number.
    pub(crate) fn open(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: BodyLength) -> RequestId {
        let frame = self.head(method, path, headers, body);
        self.links[0].send(&frame);
        self.next_id - 1
    }

    /// The head of a request with the next number.
    pub(crate) fn head(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: BodyLength) -> Frame {
        let id = self.next_id;
        self.next_id += 1;
        let mut list = HeaderBlock::builder();
        for (name, value) in headers {
            assert!(list.push(name.as_bytes(), value.as_bytes()));
        }
        let head = RequestHead {
            method: method.into(),
            url: format!("http://test.example{path}"),
            request_id: format!("request-{id}"),
            headers: list.finish(),
            body,
            websocket: false,
        };
        Frame::RequestHead(id, Box::new(head))
    }

    /// Reads the first link until `id` is answered; gives credit for its body.
    pub(crate) fn outcome(&mut self, id: RequestId) -> Outcome {
        let mut head = None;
        let mut body = Vec::new();
        loop {
            match self.links[0].next() {
                None => return Outcome::Died { blamed: false },
                Some(Frame::Exiting { culprit, .. }) => return Outcome::Died { blamed: culprit == Some(id) },
                Some(Frame::Stats(stats)) => self.stats = stats,
                Some(Frame::ResponseHead(for_id, response)) if for_id == id => {
                    if response.body == BodyLength::None {
                        return Outcome::Response(response, body);
                    }
                    head = Some(response);
                }
                Some(Frame::Data { stream: StreamId { number: for_id, .. }, end, data }) if for_id == id => {
                    body.extend_from_slice(&data);
                    if end {
                        return Outcome::Response(head.expect("a chunk before the head"), body);
                    }
                    let bytes = u32::try_from(data.len()).unwrap();
                    self.links[0].send(&Frame::Credit { stream: StreamId::request(id), bytes });
                }
                Some(Frame::Reset { stream: StreamId { number: for_id, .. }, reason, .. }) if for_id == id => {
                    return Outcome::Reset(reason);
                }
                Some(Frame::Credit { .. } | Frame::BodyWanted { .. } | Frame::ResetAck { .. }) => {}
                Some(other) => panic!("{other:?}"),
            }
        }
    }

    /// The next frame of the first link must be the answer to this request's reset.
    pub(crate) fn reset_ack(&mut self, id: RequestId) {
        loop {
            match self.links[0].next() {
                Some(Frame::Stats(_)) => {}
                Some(Frame::ResetAck { id: of }) => return assert_eq!(of, id),
                other => panic!("{other:?} instead of an answer to the reset of {id}"),
            }
        }
    }

    /// CPU time that the process has spent so far (proc(5), /proc/PID/stat, fields 14 and 15, in ticks of 10 ms).
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
    }

    pub(crate) fn get(&mut self, path: &str) -> Outcome {
        let id = self.open("GET", path, &[], BodyLength::None);
        self.outcome(id)
    }

    /// Sends a ping and takes in everything that was sent before the answer. Returns whether the worker calls itself idle.
    pub(crate) fn ping(&mut self) -> bool {
        self.control.send(&Frame::Ping(7));
        loop {
            match self.control.next() {
                Some(Frame::Pong { nonce: 7, idle }) => return idle,
                Some(Frame::Log(line)) => self.logs.push(line),
                Some(Frame::Stats(stats)) => self.stats = stats,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Pings until the messages so far are such.
    pub(crate) fn await_logs(&mut self, what: &str, are_such: impl Fn(&[LogLine]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !are_such(&self.logs) {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}: {} lines", self.logs.len());
            self.ping();
        }
    }

    /// Reads the control socket to its end, then waits for the process. Returns its exit status and what it wrote to
    /// stderr. A negative status is a signal's.
    pub(crate) fn end(&mut self) -> (i32, String) {
        while let Some(frame) = self.control.next() {
            match frame {
                Frame::Log(line) => self.logs.push(line),
                Frame::Stats(stats) => self.stats = stats,
                _ => {}
            }
        }
        self.wait()
    }

    /// Closes all sockets, as a supervisor that dies.
    pub(crate) fn hang_up(&mut self) {
        self.links.clear();
        self.control = Wire::pair().0;
    }

    /// Waits for the process; returns what [`Worker::end`] does.
    pub(crate) fn wait(&mut self) -> (i32, String) {
        let (told, end) = std::sync::mpsc::channel();
        let mut stderr = self.child.stderr.take().unwrap();
        std::thread::spawn(move || told.send(std::io::read_to_string(&mut stderr).unwrap()));
        let stderr = end.recv_timeout(PATIENCE).expect("waited in vain for the worker's end");
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)), stderr)
    }

    /// All messages so far, as `request id: message`.
    pub(crate) fn log_text(&self) -> String {
        self.logs.iter().map(|line| format!("{}: {}\n", line.request_id, line.message)).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
