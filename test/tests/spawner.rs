//! The spawner, spoken to as by a supervisor that somebody took over: what it must not do for anybody, and that it is
//! still there afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_spawner::wire::{NoModule, Reply, Request, SocketFile, SpawnerRefusal, Status, WorkerPurpose};
use nano_spawner::{MAX_PACKET, SUBCOMMAND, Wait, pair, receive, receive_config, send};
use nano_test::{Nano, Site, binary, until};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{MsgFlags, send as send_bytes};
use nix::unistd::Pid;
use serde_json::json;
use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const APP: &str = "export default { fetch: () => new Response('hello') };";

fn site() -> Site {
    let site = Site::new();
    site.app("a", APP).app("b", APP).file("secret.js", "a secret");
    symlink("../secret.js", site.path("a/link.js")).unwrap();
    symlink("..", site.path("a/up")).unwrap();
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }, { "name": "b", "hostname": "b.local", "path": "b" }]));
    site
}

/// A spawner, and the supervisor's end of its socket in the wrong hands.
struct Taken {
    site: Site,
    process: Child,
    socket: OwnedFd,
    version: u64,
}

impl Taken {
    fn over(site: Site) -> Self {
        let (socket, spawners) = pair().unwrap();
        let process = Command::new(binary("nano"))
            .args([SUBCOMMAND.as_ref(), binary("nano-worker").as_os_str(), "file".as_ref(), "nano.json".as_ref()])
            .current_dir(site.folder())
            .env_clear()
            .stdin(Stdio::from(spawners))
            .spawn()
            .unwrap();
        let mut taken = Self { site, process, socket, version: 0 };
        taken.version = taken.load();
        taken
    }

    fn order(&self, request: &Request) {
        send(&self.socket, request, &[], Wait::Yes).unwrap();
    }

    fn bytes(&self, bytes: &[u8]) {
        send_bytes(self.socket.as_raw_fd(), bytes, MsgFlags::empty()).unwrap();
    }

    fn reply(&self) -> (Reply, Option<OwnedFd>) {
        let packet = receive(&self.socket, Wait::Yes).unwrap().expect("the spawner lives");
        (serde_json::from_slice(&packet.bytes).unwrap(), packet.descriptors.into_iter().next())
    }

    fn ask(&self, request: &Request) -> (Reply, Option<OwnedFd>) {
        self.order(request);
        self.reply()
    }

    fn load(&self) -> u64 {
        let (reply, file) = self.ask(&Request::Load { id: 1 });
        assert_eq!(reply, Reply::Loaded { id: 1 });
        let source = nano_spawner::ConfigSource::File(self.site.config_path());
        receive_config(file.unwrap()).unwrap().config(&source).unwrap().0
    }

    fn open(&self, app: &str) -> u64 {
        match self.ask(&Request::Open { id: 2, version: self.version, app: app.to_owned() }) {
            (Reply::Opened { id: 2, generation }, None) => generation,
            other => panic!("{other:?}"),
        }
    }

    /// What it answers must be a refusal, with nothing beside it.
    fn is_refused(&self, request: &Request) -> String {
        match self.ask(request) {
            (Reply::Refused { why: SpawnerRefusal::Request(why), .. }, None) => why,
            other => panic!("{request:?} got {other:?}"),
        }
    }

    fn module(&self, generation: u64, path: &str) -> Result<String, NoModule> {
        let [one, other] = [false, true].map(|fresh| {
            match self.ask(&Request::Module { id: 3, generation, path: path.to_owned(), fresh }) {
                (Reply::Module { id: 3, error: Some(error) }, None) => Err(error),
                (Reply::Module { id: 3, error: None }, Some(file)) => {
                    let mut text = String::new();
                    fs::File::from(file).read_to_string(&mut text).unwrap();
                    Ok(text)
                }
                other => panic!("{path:?} got {other:?}"),
            }
        });
        assert_eq!(one, other, "{path:?}");
        one
    }

    /// It still does what it is there for, for a supervisor that is what it should be.
    fn serves(&self) {
        let generation = self.open("b");
        assert_eq!(self.module(generation, "index.js").as_deref(), Ok(APP));
        self.order(&Request::Close { generation });
    }

    /// The same, whatever it was about to say.
    fn serves_at_last(&self) {
        let end = Request::Inspect { id: u64::MAX, worker: 0 };
        self.order(&end);
        while !matches!(self.reply().0, Reply::Refused { id: u64::MAX, .. }) {}
        self.serves();
    }

    /// Asks for a worker; the sockets are ours.
    fn order_worker(&self, purpose: WorkerPurpose) -> (UnixStream, std::io::PipeReader) {
        let (own, stdin) = UnixStream::pair().unwrap();
        let (words, stderr) = std::io::pipe().unwrap();
        send(&self.socket, &Request::Spawn { id: 4, purpose }, &[stdin.as_fd(), stderr.as_fd()], Wait::Yes).unwrap();
        (own, words)
    }

    /// Starts a worker.
    fn spawn(&self, purpose: WorkerPurpose) -> (u64, u32, UnixStream, std::io::PipeReader) {
        let (own, words) = self.order_worker(purpose);
        match self.reply() {
            (Reply::Spawned { id: 4, worker, pid, .. }, None) => (worker, pid, own, words),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_spare_is_given_away_once_and_only_a_spare_is() {
    let taken = Taken::over(site());
    let (a, b) = (taken.open("a"), taken.open("b"));
    let adopt = |worker: u64, generation: u64| Request::Adopt { id: 7, worker, generation };
    let (spare, _, _own, _words) = taken.spawn(WorkerPurpose::Spare);
    for (worker, generation) in [(spare, 0), (spare, u64::MAX), (0, a), (spare + 1, a), (a, a)] {
        taken.is_refused(&adopt(worker, generation));
    }
    assert!(matches!(taken.ask(&adopt(spare, a)), (Reply::Adopted { id: 7, .. }, None)));
    for generation in [a, b] {
        assert_eq!(taken.is_refused(&adopt(spare, generation)), "there is no such spare");
    }
    let (worker, _, _worker_own, _worker_words) = taken.spawn(WorkerPurpose::Serve(a));
    assert_eq!(taken.is_refused(&adopt(worker, b)), "there is no such spare");
    // One that is dead ends nobody else.
    let (dead, pid, dead_own, _dead_words) = taken.spawn(WorkerPurpose::Spare);
    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGSTOP).unwrap();
    drop(dead_own);
    taken.order(&Request::Kill { worker: dead });
    taken.order(&adopt(dead, b));
    // The report of its end comes before or behind the answer, and not among what follows.
    while !matches!(taken.reply().0, Reply::Exited { worker, .. } if worker == dead) {}
    taken.serves_at_last();
    // There is a bound.
    let mut kept = Vec::new();
    loop {
        let sockets = taken.order_worker(WorkerPurpose::Spare);
        match taken.reply() {
            (Reply::Spawned { .. }, None) => kept.push(sockets),
            (Reply::Refused { why, .. }, None) => {
                assert_eq!(why, SpawnerRefusal::Request("there are too many spares".to_owned()));
                break;
            }
            other => panic!("{other:?}"),
        }
        assert!(kept.len() <= 64);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn apps_and_versions_that_there_are_not_are_refused() {
    let taken = Taken::over(site());
    let (version, long) = (taken.version, "a".repeat(MAX_PACKET / 2));
    for app in ["", "c", "A", "a.local", "../b", "/etc", "a\0", long.as_str()] {
        assert_eq!(
            taken.is_refused(&Request::Open { id: 2, version, app: app.to_owned() }),
            "there is no such app",
            "{app:?}"
        );
    }
    for version in [0, version + 1, u64::MAX] {
        let app = "a".to_owned();
        assert_eq!(taken.is_refused(&Request::Open { id: 2, version, app }), "there is no such version");
    }
    // A version that was committed stays beside the one that was loaded last; one that was not goes.
    taken.order(&Request::Commit { version });
    taken.order(&Request::Commit { version: version + 1000 });
    let second = taken.load();
    let third = taken.load();
    taken.serves();
    let app = "a".to_owned();
    taken.is_refused(&Request::Open { id: 2, version: second, app: app.clone() });
    assert!(matches!(taken.ask(&Request::Open { id: 2, version: third, app }), (Reply::Opened { .. }, None)));
    taken.serves();
}

#[test]
fn numbers_that_it_did_not_give_out_are_refused() {
    let taken = Taken::over(site());
    let generation = taken.open("a");
    for wrong in [0, generation + 1, u64::MAX] {
        taken.is_refused(&Request::Spawn { id: 4, purpose: WorkerPurpose::Serve(wrong) });
        taken.is_refused(&Request::Inspect { id: 5, worker: wrong });
        taken.is_refused(&Request::Module { id: 3, generation: wrong, path: "index.js".to_owned(), fresh: false });
        // No reply to these; they must do nothing.
        taken.order(&Request::Kill { worker: wrong });
        taken.order(&Request::Close { generation: wrong });
    }
    // Without its sockets, and with more than those.
    assert_eq!(
        taken.is_refused(&Request::Spawn { id: 4, purpose: WorkerPurpose::Serve(generation) }),
        "a worker needs a socket and a pipe"
    );
    let null = fs::File::open("/dev/null").unwrap();
    send(
        &taken.socket,
        &Request::Spawn { id: 4, purpose: WorkerPurpose::Serve(generation) },
        &[null.as_fd(); 3],
        Wait::Yes,
    )
    .unwrap();
    assert!(matches!(taken.reply().0, Reply::Refused { .. }));
    taken.order(&Request::Close { generation });
    taken.is_refused(&Request::Spawn { id: 4, purpose: WorkerPurpose::Serve(generation) });
    taken.serves();
}

#[test]
fn modules_lie_beneath_their_app_only() {
    let taken = Taken::over(site());
    let generation = taken.open("a");
    let secret = taken.site.path("secret.js").display().to_string();
    for path in [
        "../secret.js",
        "../b/index.js",
        "up/secret.js",
        "link.js",
        "/etc/passwd",
        secret.as_str(),
        "..",
        "x/../../secret.js",
    ] {
        assert_eq!(taken.module(generation, path), Err(NoModule::Outside), "{path}");
    }
    for path in ["", ".", "./index.js", "index.js/", "index.js\0", "a//b", "none.js"] {
        assert_eq!(taken.module(generation, path), Err(NoModule::NotFound), "{path:?}");
    }
    assert_eq!(taken.module(generation, "index.js").as_deref(), Ok(APP));
    taken.serves();
}

#[test]
fn static_files_lie_beneath_their_directory_only() {
    let site = site();
    site.file("public/x.txt", "x").apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a" },
        { "name": "b", "hostname": "b.local", "path": "b" },
        { "name": "s", "hostname": "s.local", "assets": { "directory": "public" } },
    ]));
    symlink("../secret.js", site.path("public/link.txt")).unwrap();
    symlink("..", site.path("public/up")).unwrap();
    let taken = Taken::over(site);
    let (code, files) = (taken.open("a"), taken.open("s"));
    let asset = |path: &str| match taken.ask(&Request::Asset { id: 4, generation: files, path: path.to_owned() }) {
        (Reply::Asset { id: 4, error: Some(error) }, None) => Err(error),
        (Reply::Asset { id: 4, error: None }, Some(file)) => {
            let mut text = String::new();
            fs::File::from(file).read_to_string(&mut text).unwrap();
            Ok(text)
        }
        other => panic!("{path:?} got {other:?}"),
    };
    for path in ["../secret.js", "up/secret.js", "link.txt", "/etc/passwd", "..", "up/a/index.js"] {
        assert_eq!(asset(path), Err(NoModule::Outside), "{path}");
    }
    for path in ["", ".", "./x.txt", "x.txt/", "x.txt\0", "none"] {
        assert_eq!(asset(path), Err(NoModule::NotFound), "{path:?}");
    }
    assert_eq!(asset("x.txt").as_deref(), Ok("x"));
    let (_, list) = taken.ask(&Request::ListAssets { id: 5, generation: files, fresh: true });
    let list = nano_spawner::receive_assets(list.unwrap()).unwrap().unwrap();
    assert_eq!(list.files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["x.txt"]);
    // An app without static files has none, and so has a generation that there is not.
    for generation in [code, 99] {
        taken.is_refused(&Request::Asset { id: 4, generation, path: "index.js".to_owned() });
        taken.is_refused(&Request::ListAssets { id: 5, generation, fresh: false });
    }
    taken.serves();
}

#[test]
fn garbage_and_what_is_too_large_is_refused() {
    let taken = Taken::over(site());
    let deep = "[".repeat(MAX_PACKET - 1);
    let large = format!("{{\"Load\":{{\"id\":1}}}}{}", " ".repeat(MAX_PACKET));
    for bytes in [
        b"\0".as_slice(),
        b"{",
        b"null",
        b"\"Load\"",
        &[0xff; 100],
        deep.as_bytes(),
        large.as_bytes(),
        // What a supervisor may not say: more than it was asked for, and what is not its to choose.
        br#"{"Load":{"id":1,"path":"/etc/shadow"}}"#,
        br#"{"Spawn":{"id":1,"generation":1,"uid":0}}"#,
        br#"{"Open":{"id":1,"version":-1,"app":"a"}}"#,
        br#"{"Open":{"id":1,"version":1e99,"app":"a"}}"#,
        br#"{"Execute":{"program":"/bin/sh"}}"#,
    ] {
        taken.bytes(bytes);
        assert!(matches!(taken.reply(), (Reply::Refused { id: 0, .. }, None)), "{:?}", String::from_utf8_lossy(bytes));
    }
    // A supervisor that does not read its replies does not fill its memory: it stops reading requests, and continues later.
    let mut asked: usize = 0;
    let question = Request::Inspect { id: 9, worker: 0 };
    while send(&taken.socket, &question, &[], Wait::No).is_ok() {
        asked += 1;
        assert!(asked < 1_000_000, "it listens without end");
    }
    for _ in 0..asked {
        assert!(matches!(taken.reply().0, Reply::Refused { id: 9, .. }));
    }
    taken.serves();
}

#[test]
fn a_worker_is_started_looked_at_and_killed() {
    let taken = Taken::over(site());
    let generation = taken.open("a");
    let (worker, pid, control, _words) = taken.spawn(WorkerPurpose::Serve(generation));
    assert!(runs(pid));
    // Before it has closed its sandbox there is much to say against it.
    match taken.ask(&Request::Inspect { id: 5, worker }) {
        (Reply::Inspected { contradictions: Ok(seen), .. }, None) => {
            assert!(seen.iter().any(|(layer, _)| layer == "seccomp"), "{seen:?}");
        }
        other => panic!("{other:?}"),
    }
    taken.order(&Request::Kill { worker });
    taken.order(&Request::Kill { worker });
    let (reply, _) = taken.reply();
    let Reply::Exited { worker: ended, exit } = reply else { panic!("{reply:?}") };
    assert_eq!((ended, exit.status, exit.out_of_memory), (worker, Some(Status::Signal(9)), false));
    assert!(!runs(pid));
    drop(control);
    // A socket that is none of the supervisor's: the worker says what it is and goes.
    let null = fs::File::open("/dev/null").unwrap();
    let (mut words, stderr) = std::io::pipe().unwrap();
    send(
        &taken.socket,
        &Request::Spawn { id: 4, purpose: WorkerPurpose::Serve(generation) },
        &[null.as_fd(), stderr.as_fd()],
        Wait::Yes,
    )
    .unwrap();
    drop(stderr);
    assert!(matches!(taken.reply().0, Reply::Spawned { .. }));
    assert!(matches!(taken.reply().0, Reply::Exited { exit, .. } if exit.status == Some(Status::Code(2))));
    let mut said = String::new();
    words.read_to_string(&mut said).unwrap();
    assert!(said.contains("standard input is no control socket"), "{said}");
    taken.serves();
}

#[test]
fn it_takes_its_workers_along_when_its_socket_closes() {
    let mut taken = Taken::over(site());
    let generation = taken.open("a");
    let workers: Vec<_> = (0..3).map(|_| taken.spawn(WorkerPurpose::Serve(generation))).collect();
    let (socket, _) = pair().unwrap();
    drop(std::mem::replace(&mut taken.socket, socket));
    until("the spawner's end", || taken.process.try_wait().unwrap());
    assert!(workers.iter().all(|(_, pid, ..)| !runs(*pid)));
}

#[test]
fn what_is_to_be_removed_is_said_once() {
    let mut taken = Taken::over(site());
    let paths = ["first.sock", "second.sock"].map(|name| taken.site.path(name));
    let _listeners = paths.each_ref().map(|path| UnixListener::bind(path).unwrap());
    let sweep = |path| Request::Sweep { sockets: vec![SocketFile::at(path).unwrap()] };
    taken.order(&sweep(&paths[0]));
    assert_eq!(taken.is_refused(&sweep(&paths[1])), "it has been said already");
    let (socket, _) = pair().unwrap();
    drop(std::mem::replace(&mut taken.socket, socket));
    until("the spawner's end", || taken.process.try_wait().unwrap());
    assert_eq!(paths.map(|path| path.exists()), [false, true]);
}

#[test]
fn changes_are_told_as_long_as_they_are_wanted() {
    let taken = Taken::over(site());
    let touch = || {
        taken.site.file("a/index.js", APP);
    };
    let changed = |most: Duration| {
        let mut watched = [PollFd::new(taken.socket.as_fd(), PollFlags::POLLIN)];
        nix::poll::poll(&mut watched, PollTimeout::try_from(most).unwrap()).unwrap() > 0
            && taken.reply().0 == Reply::Changed
    };
    touch();
    for _ in 0..20 {
        taken.order(&Request::Watch { on: true });
    }
    until("a change", || {
        touch();
        changed(Duration::from_millis(20)).then_some(())
    });
    // However often it was asked, it is one process more.
    let watchers = || children(taken.process.id()).len();
    until("one that watches", || (watchers() == 1).then_some(()));
    taken.order(&Request::Watch { on: false });
    until("no watcher", || (watchers() == 0).then_some(()));
    taken.serves_at_last();
}

fn children(pid: u32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn what_nano_was_started_with_is_not_the_spawners() {
    let site = site();
    let script = format!("exec 9</dev/zero; exec {} serve --config nano.json", binary("nano").display());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]).current_dir(site.folder()).env_clear();
    let nano = site.serve_with(command);
    let folder = format!("/proc/{}/fd", spawner_of(&nano));
    let Ok(open) = fs::read_dir(folder) else { return };
    // It starts a spare meanwhile, and closes what it needed for that; what it inherited would stay open.
    let targets: Vec<_> = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).collect();
    assert!(!targets.is_empty() && targets.iter().all(|target| target != std::path::Path::new("/dev/zero")));
}

fn spawner_of(nano: &Nano) -> i32 {
    let children = children(u32::try_from(nano.pid()).unwrap());
    assert_eq!(children.len(), 1, "the supervisor has one child");
    children[0]
}

#[test]
fn a_supervisor_whose_spawner_dies_says_so_and_ends() {
    let mut nano = site().serve();
    let worker = u32::try_from(nano.pid_of("a")).unwrap();
    kill(Pid::from_raw(spawner_of(&nano)), Signal::SIGKILL).unwrap();
    assert_eq!(nano.wait().code(), Some(1));
    nano.log.wait_for_text("spawner, ended before nano did");
    until("its workers are gone", || (!runs(worker)).then_some(()));
}

#[test]
fn the_spawner_has_one_thread_no_environment_and_is_its_own_to_read() {
    let nano = site().serve();
    let pid = spawner_of(&nano);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.lines().any(|line| line == "Threads:\t1"), "{status}");
    assert_eq!(
        fs::read(format!("/proc/{pid}/cmdline")).unwrap().split(|byte| *byte == 0).next(),
        Some(&b"nano: spawner"[..])
    );
    if nix::unistd::geteuid().is_root() {
        assert_eq!(fs::read(format!("/proc/{pid}/environ")).unwrap(), b"");
    } else {
        assert!(fs::read(format!("/proc/{pid}/environ")).is_err(), "it is not dumpable");
    }
    // A terminal's signals and those of an operator who means the supervisor leave it alone.
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        kill(Pid::from_raw(pid), signal).unwrap();
    }
    assert_eq!(nano.get("a.local", "/").text(), "hello");
    assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0));
}
