//! The faults, one function each.

use crate::clients::Question;
use crate::ledger::Outcome;
use crate::leftovers::Seen;
use crate::town::{self, Town};
use nano_test::{Connection, Dice};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What ran out of control, and all that was done so far.
pub(crate) struct Faults<'t> {
    town: &'t Town,
    targets: Vec<&'static str>,
    version: usize,
    done: BTreeMap<&'static str, u32>,
    wrong: Vec<String>,
    /// Processes that were there in between.
    pub(crate) seen: Seen,
    dawdlers: Vec<(&'static str, Connection)>,
    asked: Vec<JoinHandle<()>>,
}

type Fault = fn(&mut Faults<'_>, &mut Dice) -> String;

/// Some are worth more than one share.
const FAULTS: [(&str, Fault); 14] = [
    ("kill -9", |all, dice| all.kill(dice)),
    ("kill -9", |all, dice| all.kill(dice)),
    ("SIGSTOP", |all, dice| all.freeze(dice)),
    ("CPU bomb", |all, dice| all.cpu_bomb(dice)),
    ("memory bomb", |all, dice| all.memory_bomb(dice)),
    ("good reload", |all, dice| all.good_reload(dice)),
    ("good reload", |all, dice| all.good_reload(dice)),
    ("bad reload", |all, dice| all.bad_reload(dice)),
    ("bad reload", |all, dice| all.bad_reload(dice)),
    ("restart", |all, dice| all.restart(dice)),
    ("log flood", |all, dice| all.flood(dice)),
    ("slow clients", |all, dice| all.dawdle(dice)),
    ("full disk", |all, dice| all.fill_disk(dice)),
    ("garbage on a link", |all, dice| all.garbage(dice)),
];

/// Slow clients at a time, and of those the ones that leave with the next that come.
const DAWDLERS: usize = 60;

impl<'t> Faults<'t> {
    pub(crate) fn new(town: &'t Town, targets: &[&'static str]) -> Self {
        Self {
            town,
            targets: targets.to_vec(),
            version: 0,
            done: BTreeMap::new(),
            wrong: Vec::new(),
            seen: Seen::default(),
            dawdlers: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// One of them, and what it was.
    pub(crate) fn commit(&mut self, dice: &mut Dice) -> String {
        let (name, fault) = FAULTS[dice.below(FAULTS.len())];
        self.seen.look(&self.town.nano);
        let deed = fault(self, dice);
        *self.done.entry(name).or_default() += 1;
        self.asked.retain(|thread| !thread.is_finished());
        format!("{name}: {deed}")
    }

    /// Waits for all clients that wait for a response.
    pub(crate) fn calm_down(&mut self) {
        self.leave(self.dawdlers.len());
        for thread in self.asked.drain(..) {
            thread.join().unwrap();
        }
    }

    pub(crate) fn verdict(&self) -> Result<(), String> {
        if self.wrong.is_empty() { Ok(()) } else { Err(self.wrong.join("\n")) }
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::from("| fault | times |\n|---|---|\n");
        for (name, count) in &self.done {
            let _ = writeln!(text, "| {name} | {count} |");
        }
        text
    }

    fn target(&self, dice: &mut Dice) -> &'static str {
        self.targets[dice.below(self.targets.len())]
    }

    /// One of the app's workers, if it has any just now.
    fn worker(&self, dice: &mut Dice) -> (&'static str, Option<i32>) {
        let (app, which) = (self.target(dice), dice.below(16));
        let pids = self.town.nano.pids(app);
        (app, (!pids.is_empty()).then(|| pids[which % pids.len()]))
    }

    /// Asks in the background.
    fn ask(&mut self, question: Question) {
        let (address, ledger) = (self.town.nano.address, self.town.ledger.clone());
        self.asked.push(thread::spawn(move || drop(question.once(address, &ledger))));
    }

    fn signal(&self, signal: Signal, dice: &mut Dice) -> String {
        let (app, pid) = self.worker(dice);
        match pid {
            // It may be gone between the question and the signal.
            Some(pid) => format!("{app}, process {pid}, {:?}", kill(Pid::from_raw(pid), signal)),
            None => format!("{app} has no worker"),
        }
    }

    fn kill(&mut self, dice: &mut Dice) -> String {
        self.signal(Signal::SIGKILL, dice)
    }

    fn freeze(&mut self, dice: &mut Dice) -> String {
        self.signal(Signal::SIGSTOP, dice)
    }

    fn bomb(&mut self, dice: &mut Dice, bombs: &[&str]) -> String {
        let (app, bomb) = (self.target(dice), bombs[dice.below(bombs.len())]);
        self.ask(Question::post(app, &format!("/bomb/{bomb}"), b"", b""));
        format!("{app}, {bomb}")
    }

    fn cpu_bomb(&mut self, dice: &mut Dice) -> String {
        self.bomb(dice, &["loop", "lastIndexOf", "regex", "promises"])
    }

    fn memory_bomb(&mut self, dice: &mut Dice) -> String {
        self.bomb(dice, &["array", "map", "buffers", "resizable", "wasm"])
    }

    fn flood(&mut self, dice: &mut Dice) -> String {
        let app = self.target(dice);
        self.ask(Question::post(app, "/flood", b"", b"alive"));
        app.to_owned()
    }

    fn reload(&mut self, good: bool, what: &str) -> String {
        let reload = self.town.nano.ctl(&["reload"]);
        if reload.code != Some(i32::from(!good)) || (!good && reload.stderr.trim().is_empty()) {
            self.wrong.push(format!("{what}: {reload:?}"));
        }
        what.to_owned()
    }

    fn good_reload(&mut self, _: &mut Dice) -> String {
        self.version += 1;
        town::configure(&self.town.site, self.version);
        self.reload(true, &format!("version {}", self.version))
    }

    fn bad_reload(&mut self, dice: &mut Dice) -> String {
        let site = &self.town.site;
        let what = match dice.below(5) {
            0 => {
                site.file("nano.json", "{ \"apps\": [");
                "half a file"
            }
            1 => {
                site.apps(serde_json::json!([{ "hostname": "a.local", "path": "gone" }]));
                "no such folder"
            }
            2 => {
                site.app("changing", "export default { fetch( };");
                "no JavaScript"
            }
            3 => {
                site.app("changing", "for (;;);");
                "a loop at start"
            }
            _ => {
                site.app("changing", "throw new Error('not today');");
                "a module that throws"
            }
        };
        let deed = self.reload(false, what);
        // What is served is what was good last.
        town::configure(&self.town.site, self.version);
        deed
    }

    fn restart(&mut self, dice: &mut Dice) -> String {
        let app = self.target(dice);
        let answer = self.town.nano.ctl(&["restart", app]);
        if answer.code != Some(0) {
            self.wrong.push(format!("restart {app}: {answer:?}"));
        }
        app.to_owned()
    }

    /// Clients that take their answer to 1 MiB, or send their body, hardly or not at all; some of them leave.
    fn dawdle(&mut self, dice: &mut Dice) -> String {
        let (app, count) = (self.target(dice), 5 + dice.below(20));
        if self.dawdlers.len() + count > DAWDLERS {
            self.leave(DAWDLERS / 2);
        }
        let mut came = 0;
        for number in 0..count {
            let head = match number % 3 {
                0 => format!("GET /big HTTP/1.1\r\nHost: {app}.local\r\n\r\n"),
                1 => format!("POST /length HTTP/1.1\r\nHost: {app}.local\r\nContent-Length: 100000\r\n\r\nx"),
                // Nothing that a counter shows.
                _ => format!("GET / HTTP/1.1\r\nHost: {app}.local\r\nX-Slow: "),
            };
            // Never refused: it waits in the kernel, if it must.
            let Ok(mut client) = Connection::open(self.town.nano.address) else { continue };
            if client.send(head.as_bytes()).is_ok() {
                came += 1;
                self.dawdlers.push((if number % 3 == 2 { "" } else { app }, client));
            }
        }
        format!("{came} of {app}")
    }

    /// The oldest leave; what they have not read by then stays unread.
    fn leave(&mut self, count: usize) {
        for (app, client) in self.dawdlers.drain(..count.min(self.dawdlers.len())) {
            if app.is_empty() {
                continue;
            }
            client.set_patience(Duration::from_millis(1));
            let mut client = client;
            let outcome = match client.receive_head() {
                Ok((200, _)) => Outcome::LeftAt(200),
                Ok((status, headers)) => {
                    let mut response = nano_test::Response { status, headers, body: Vec::new() };
                    response.body = client.receive_body(&response).unwrap_or_default();
                    crate::clients::judge(&response, b"")
                }
                Err(_) => Outcome::Left,
            };
            self.town.ledger.enter(app, outcome);
        }
    }

    fn fill_disk(&mut self, _: &mut Dice) -> String {
        let Some(disk) = &self.town.disk else { return "not mine to fill".to_owned() };
        disk.fill();
        // Nothing has changed, so there is nothing to write: the answer is yes. What it must not do is hang or break.
        let answer = self.reload(true, "a reload with a full disk");
        self.town.disk.as_ref().unwrap().empty();
        answer
    }

    /// Bytes of anything on a worker's socket, between those of its own.
    fn garbage(&mut self, dice: &mut Dice) -> String {
        let (app, pid) = self.worker(dice);
        let (which, length) = (dice.below(2), 1 + dice.below(200));
        let bytes: Vec<u8> = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        let Some(pid) = pid else { return format!("{app} has no worker") };
        match link_of(pid, which) {
            Some(mut link) => {
                // It may be closed by now.
                let sent = link.write_all(&bytes).is_ok();
                format!("{app}, process {pid}, {length} bytes, sent: {sent}")
            }
            None => format!("{app}: its sockets are out of reach"),
        }
    }
}

/// One of the sockets between a worker and the supervisor. Only root may take it.
fn link_of(pid: i32, which: usize) -> Option<UnixStream> {
    let mut sockets: Vec<i32> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .flatten()
        .filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:")))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    sockets.sort_unstable();
    let number = *sockets.get(which % sockets.len().max(1))?;
    let process = pidfd_open(rustix::process::Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    let socket = UnixStream::from(pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok()?);
    // It shares the worker's flag that it does not block, which is as well.
    Some(socket)
}
