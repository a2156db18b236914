//! A storm of first requests, idle ends, kills and reloads over many apps. Whatever process is ever seen belongs to one app at
//! most: by its title, its user, nano's own list, what it answers and what is in its memory.

use super::may_look;
use crate::bystander::is_back;
use nano_test::process::{Identity, descendants, find_in_memory, identity, status, worker_title};
use nano_test::{Connection, Dice, Nano, PATIENCE, Site, sized, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Says who it is, who it was born as, and which apps it has ever answered for.
const APP: &str = "const born = crypto.randomUUID();
globalThis.marks ??= [];
export default { fetch(request, env) {
  if (!globalThis.marks.includes(env.NAME)) globalThis.marks.push(env.NAME);
  return Response.json([env.NAME, env.TOKEN, born, globalThis.marks]);
} };
// VERSION";

/// Spares that the storm is about.
const SPARES: usize = 3;
/// Clients that ask at the same time.
const CLIENTS: usize = 4;

/// All names are equally long and longer than `(spare)`: a title that is read while it is written is nobody's name.
fn name(number: usize) -> String {
    format!("app-{number:04}")
}

/// Needles that begin alike, which is found fast.
fn token(number: usize) -> String {
    format!("token-of-the-storm-{number:04}-9b1d77")
}

fn configure(site: &Site, apps: usize, idle_ms: u32) {
    let app = |number| {
        json!({
            "name": name(number), "hostname": format!("{}.local", name(number)), "path": name(number),
            "env": { "NAME": name(number), "TOKEN": token(number) }, "start": "on-demand", "idle_ms": idle_ms,
        })
    };
    let apps: Vec<Value> = (0..apps).map(app).collect();
    site.config(json!({ "log": { "access": false }, "spares": SPARES, "apps": apps }));
}

fn write_version(site: &Site, number: usize, version: u64) {
    site.app(&name(number), &APP.replace("VERSION", &version.to_string()));
}

/// Whose a process was, by three that do not know of each other.
#[derive(Debug, Default)]
struct Owners {
    was_spare: bool,
    by_title: BTreeSet<String>,
    by_user: BTreeSet<u32>,
    by_list: BTreeSet<String>,
}

/// Every process that was ever seen, and every answer.
#[derive(Debug, Default)]
struct Ledger {
    processes: BTreeMap<Identity, Owners>,
    /// An evaluation of an app's modules, and the names that it was asked by.
    born: BTreeMap<String, BTreeSet<String>>,
    answers: usize,
    faults: Vec<String>,
}

impl Ledger {
    /// Looks at the processes once. `names` are the apps'.
    fn look(&mut self, pids: &[i32], names: &BTreeSet<String>, nobody: u32) {
        for pid in pids {
            let (before, title, user) = (identity(*pid), worker_title(*pid), status(*pid, "Uid"));
            let (Some(process), Some(title)) = (before, title) else { continue };
            // Another may have got its number meanwhile.
            if identity(*pid) != Some(process) {
                continue;
            }
            let owners = self.processes.entry(process).or_default();
            owners.was_spare |= title == "(spare)";
            if names.contains(&title) {
                owners.by_title.insert(title);
            }
            let user = user.and_then(|ids| ids.split_whitespace().next()?.parse().ok());
            owners.by_user.extend(user.filter(|user: &u32| *user != nobody));
        }
    }

    /// Takes down what nano says whose they are.
    fn list(&mut self, nano: &Nano) {
        for app in nano.ctl_json(&["apps"])["apps"].as_array().unwrap() {
            for worker in app["workers"].as_array().unwrap() {
                let Some(process) = worker["pid"].as_i64().and_then(|pid| identity(i32::try_from(pid).unwrap())) else {
                    continue;
                };
                let owners = self.processes.entry(process).or_default();
                owners.by_list.insert(app["name"].as_str().unwrap().to_owned());
            }
        }
    }

    /// Takes down what was answered to a request for this app.
    fn answer(&mut self, app: &str, token: &str, answer: &Value) {
        self.answers += 1;
        let born = answer[2].as_str().unwrap_or_default().to_owned();
        self.born.entry(born).or_default().insert(app.to_owned());
        if *answer != json!([app, token, answer[2], [app]]) {
            self.faults.push(format!("{app} was answered {answer}"));
        }
    }

    /// Workers of apps that were seen as spares before.
    fn adopted(&self) -> usize {
        self.processes.values().filter(|owners| owners.was_spare && !owners.by_title.is_empty()).count()
    }

    fn verdict(&self) -> Result<(), String> {
        let mut faults = self.faults.clone();
        for (process, owners) in &self.processes {
            let names: BTreeSet<_> = owners.by_title.union(&owners.by_list).collect();
            if names.len() > 1 || owners.by_user.len() > 1 {
                faults.push(format!("process {process:?} belonged to several: {owners:?}"));
            }
        }
        let several = self.born.values().filter(|names| names.len() > 1);
        faults.extend(several.map(|names| format!("one worker answered for {names:?}")));
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }
}

/// Asks apps by chance until told to stop. Answers that a storm excuses are left out.
fn ask(address: SocketAddr, apps: usize, mut dice: Dice, stop: &AtomicBool, ledger: &Mutex<Ledger>) {
    while !stop.load(Ordering::Relaxed) {
        let number = dice.below(apps);
        let host = format!("{}.local", name(number));
        let response = Connection::open(address).and_then(|mut open| open.get(&host, "/"));
        match response {
            Ok(response) if response.status == 200 => {
                ledger.lock().unwrap().answer(&name(number), &token(number), &response.json());
            }
            Ok(response) if matches!(response.status, 502 | 503) => {}
            other => ledger.lock().unwrap().faults.push(format!("{}: {other:?}", name(number))),
        }
    }
}

/// Kills spares and workers of apps, one after the other, but none that was not prepared yet.
fn kill_some(nano: &Nano, mut dice: Dice, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(200));
        let titled = |pid: &i32| worker_title(*pid).is_some_and(|title| title != "(check)");
        let known: BTreeSet<Identity> =
            descendants(nano.pid()).into_iter().filter(titled).filter_map(identity).collect();
        thread::sleep(Duration::from_millis(200));
        let Some(chosen) = known.iter().nth(dice.below(known.len().max(1))) else { continue };
        // It may have gone meanwhile.
        if identity(chosen.0) == Some(*chosen) {
            let _ = kill(Pid::from_raw(chosen.0), Signal::SIGKILL);
        }
    }
}

/// Reloads with another version of some app, or restarts one. Both may fail while their workers are killed.
fn change(nano: &Nano, site: &Site, apps: usize, mut dice: Dice, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let number = dice.below(apps);
        if dice.below(3) == 0 {
            nano.ctl(&["restart", &name(number)]);
        } else {
            write_version(site, number, dice.roll());
            nano.ctl(&["reload"]);
        }
    }
}

/// No worker has another app's token in its memory.
fn search_memories(nano: &Nano, apps: usize) {
    let tokens: Vec<String> = (0..apps).map(token).collect();
    let needles: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let mut own = 0;
    for pid in descendants(nano.pid()) {
        let Some(title) = worker_title(pid).filter(|title| title != "(check)") else { continue };
        // It may end for idleness while it is searched: what was read until then counts.
        let found = find_in_memory(pid, &needles).unwrap_or_default();
        let names: Vec<String> = found.into_iter().map(name).collect();
        // A title from before the search: it may have become an app's since.
        let titles = [Some(title), worker_title(pid)].map(Option::unwrap_or_default);
        assert!(names.len() <= 1 && names.iter().all(|name| titles.contains(name)), "{titles:?} knows of {names:?}");
        own += names.len();
    }
    assert!(own > 0, "the search is blind");
}

#[test]
fn whatever_happens_a_process_belongs_to_one_app() {
    let apps = sized(10, 64);
    let site = Site::new();
    configure(&site, apps, 300);
    (0..apps).for_each(|number| write_version(&site, number, 0));
    let nano = site.serve();
    super::ready_spares(&nano, SPARES);
    let names: BTreeSet<String> = (0..apps).map(name).collect();
    let (ledger, stop) = (Mutex::new(Ledger::default()), AtomicBool::new(false));
    let mut dice = Dice::new(17);
    let (span, least) = sized((Duration::from_secs(5), 8), (Duration::from_secs(60), 200));
    let nobody = geteuid().as_raw();
    thread::scope(|scope| {
        let (nano, site, ledger, stop) = (&nano, &site, &ledger, &stop);
        for _ in 0..CLIENTS {
            let dice = Dice::seeded(dice.roll());
            scope.spawn(move || ask(nano.address, apps, dice, stop, ledger));
        }
        let (killer, changer) = (Dice::seeded(dice.roll()), Dice::seeded(dice.roll()));
        scope.spawn(move || kill_some(nano, killer, stop));
        scope.spawn(move || change(nano, site, apps, changer, stop));
        // A failure ends the storm, too.
        let watched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let start = Instant::now();
            while start.elapsed() < span || ledger.lock().unwrap().adopted() < least {
                let adopted = ledger.lock().unwrap().adopted();
                assert!(start.elapsed() < span + PATIENCE, "only {adopted} spares were adopted");
                let pids = descendants(nano.pid());
                ledger.lock().unwrap().look(&pids, &names, nobody);
                ledger.lock().unwrap().list(nano);
            }
        }));
        stop.store(true, Ordering::Relaxed);
        watched.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    // From now on workers stay.
    configure(&site, apps, 600_000);
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    for number in 0..apps {
        is_back(&nano, &format!("{}.local", name(number)), "/");
    }
    if may_look() {
        search_memories(&nano, apps);
    }
    let ledger = ledger.into_inner().unwrap();
    ledger.verdict().unwrap();
    assert!(ledger.answers > apps, "only {} answers", ledger.answers);
    let (processes, adopted) = (ledger.processes.len(), ledger.adopted());
    eprintln!("{} answers by {} workers; {processes} processes, {adopted} adopted", ledger.answers, ledger.born.len());
}

#[test]
fn one_worker_that_answers_for_two_apps_turns_it_red() {
    let site = Site::new();
    write_version(&site, 0, 0);
    let env = json!({ "NAME": name(0), "TOKEN": token(0) });
    let hosts = [format!("{}.local", name(0)), format!("{}.local", name(1))];
    site.config(json!({ "spares": 1, "apps": [
        { "name": name(0), "hostname": hosts, "path": name(0), "env": env, "start": "on-demand" },
    ] }));
    let nano = site.serve();
    let mut ledger = Ledger::default();
    ledger.answer(&name(0), &token(0), &nano.get(&hosts[0], "/").json());
    assert_eq!(ledger.verdict(), Ok(()));
    ledger.answer(&name(1), &token(0), &nano.get(&hosts[1], "/").json());
    let faults = ledger.verdict().unwrap_err();
    assert!(faults.contains("one worker answered for") && faults.contains("app-0001 was answered"), "{faults}");
}

#[test]
fn a_process_that_becomes_another_apps_turns_it_red() {
    let names = BTreeSet::from([name(0), name(1)]);
    let other = format!("read go; exec -a 'nano-worker: {}' sleep 60", name(1));
    let mut command = Command::new("bash");
    command.arg0(format!("nano-worker: {}", name(0))).args(["-c", &other]).stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let mut ledger = Ledger::default();
    let becomes = |ledger: &mut Ledger, wanted: &str| {
        until(&format!("it is called {wanted}"), || (worker_title(pid)? == wanted).then_some(()));
        ledger.look(&[pid], &names, geteuid().as_raw());
    };
    becomes(&mut ledger, &name(0));
    assert_eq!(ledger.verdict(), Ok(()));
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"go\n").unwrap();
    becomes(&mut ledger, &name(1));
    child.kill().unwrap();
    child.wait().unwrap();
    let faults = ledger.verdict().unwrap_err();
    assert!(faults.contains("belonged to several"), "{faults}");
    // By its user, and by what nano says.
    let process = (pid, 1);
    for owners in [
        Owners { by_user: BTreeSet::from([1, 2]), ..Owners::default() },
        Owners { by_title: BTreeSet::from([name(0)]), by_list: BTreeSet::from([name(1)]), ..Owners::default() },
    ] {
        assert!(Ledger { processes: BTreeMap::from([(process, owners)]), ..Ledger::default() }.verdict().is_err());
    }
}
