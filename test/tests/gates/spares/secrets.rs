//! What stands in an app's environment, code, file names and requests, where it is configured, and the way to nano's own
//! control socket: a spare has none of it in its memory, environment or arguments. What it has open is its own.

use super::{may_look, ready_spares};
use nano_test::process::{descendants, find_in_memory, find_in_start, opened, worker_title};
use nano_test::{Nano, Site, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

/// What an app has, and what is configured about it.
const PLACES: [&str; 9] = ["env", "code", "module", "name", "host", "egress", "header", "query", "body"];
const ENV: usize = 0;
const CODE: usize = 1;
const MODULE: usize = 2;
const NAME: usize = 3;
const HOST: usize = 4;
const EGRESS: usize = 5;
const HEADER: usize = 6;
const QUERY: usize = 7;
const BODY: usize = 8;

const APP: &str = "import './MODULE.js';
const kept = ['CODE'];
export default { async fetch(request, env) {
  kept.push(env.TOKEN, request.headers.get('authorization'), request.url, await request.text());
  return new Response(`kept ${kept.length}`);
} };";

/// The secrets of a whole configuration. All begin alike, or the search takes long.
struct Secrets {
    /// `[app][place]`.
    apps: Vec<Vec<String>>,
}

impl Secrets {
    /// `beginning` is the same for all that are searched for at once.
    fn new(beginning: &str, load: &str, apps: usize) -> Self {
        let of = |app: usize| PLACES.iter().map(|place| format!("{beginning}-{load}-{app}-{place}")).collect();
        Self { apps: (0..apps).map(of).collect() }
    }

    /// All of them.
    fn needles(&self) -> Vec<&str> {
        self.apps.iter().flatten().map(String::as_str).collect()
    }

    fn configure(&self, site: &Site) {
        let apps: Vec<Value> = self
            .apps
            .iter()
            .enumerate()
            .map(|(number, own)| {
                let source = APP.replace("CODE", &own[CODE]).replace("MODULE", &own[MODULE]);
                site.app(&format!("app{number}"), &source).file(&format!("app{number}/{}.js", own[MODULE]), "");
                json!({
                    "name": own[NAME], "hostname": format!("{}.local", own[HOST]), "path": format!("app{number}"),
                    "env": { "TOKEN": own[ENV] }, "egress": [format!("{}.example", own[EGRESS])], "start": "on-demand",
                })
            })
            .collect();
        site.config(json!({ "spares": 2, "apps": apps }));
    }

    /// Sends an app what comes with requests.
    fn send(&self, nano: &Nano, app: usize) {
        let own = &self.apps[app];
        let body = &own[BODY];
        let response = nano.raw(&format!(
            "POST /?{} HTTP/1.1\r\nHost: {}.local\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{body}",
            own[QUERY],
            own[HOST],
            own[HEADER],
            body.len()
        ));
        assert_eq!(response.status, 200, "{response:?}");
    }
}

/// What no process has by chance.
fn random() -> String {
    let mut random = [0_u8; 8];
    File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    format!("s{:016x}", u64::from_le_bytes(random))
}

/// What is found in a process, as sentences.
fn found(pid: i32, needles: &[&str]) -> Vec<String> {
    let start = find_in_start(pid, needles).unwrap().into_iter().map(|at| ("environment or arguments", at));
    let memory = find_in_memory(pid, needles).unwrap().into_iter().map(|at| ("memory", at));
    start.chain(memory).map(|(place, at)| format!("{} stands in the {place}", needles[at])).collect()
}

/// What is wrong with what these processes have open: a file, or a socket that another of `all` has, or a pipe that another
/// worker has. The ends of the pipes that nano and the spawner hold bear the same names as the worker's.
fn shared(pids: &[i32], all: &[i32]) -> Result<(), String> {
    let open: BTreeMap<i32, BTreeSet<String>> = all.iter().filter_map(|pid| Some((*pid, opened(*pid).ok()?))).collect();
    let mut faults = Vec::new();
    for pid in pids {
        let own = open.get(pid).ok_or_else(|| format!("process {pid} cannot be looked at"))?;
        if own.len() < 3 {
            faults.push(format!("process {pid} has next to nothing: {own:?}"));
        }
        for target in own {
            let (socket, pipe) = (target.starts_with("socket:"), target.starts_with("pipe:"));
            if !socket && !pipe && !target.starts_with("anon_inode:[event") {
                faults.push(format!("process {pid} has {target} open"));
            }
            for (other, theirs) in open.iter().filter(|(other, _)| *other != pid) {
                if theirs.contains(target) && (socket || (pipe && worker_title(*other).is_some())) {
                    faults.push(format!("processes {pid} and {other} share {target}"));
                }
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

#[test]
fn a_spare_holds_no_secret_and_shares_nothing() {
    if !may_look() {
        return;
    }
    let (site, beginning) = (Site::new(), random());
    let (old, secrets) = (Secrets::new(&beginning, "old", 2), Secrets::new(&beginning, "new", 3));
    old.configure(&site);
    let nano = site.serve();
    (0..2).for_each(|app| old.send(&nano, app));
    // Other secrets come; then spares are started by those who have seen them all.
    secrets.configure(&site);
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    secrets.send(&nano, 0);
    let early = ready_spares(&nano, 2);
    for pid in &early {
        kill(Pid::from_raw(*pid), Signal::SIGKILL).unwrap();
    }
    let spares =
        until("other spares", || Some(ready_spares(&nano, 2)).filter(|now| now.iter().all(|pid| !early.contains(pid))));
    let mut needles = secrets.needles();
    needles.extend(old.needles());
    // The way to the configuration and to the control socket. It begins otherwise: a search for all at once would be slow.
    let site_path = [site.folder().to_str().unwrap()];
    for pid in &spares {
        assert_eq!([found(*pid, &needles), found(*pid, &site_path)].concat(), Vec::<String>::new(), "spare {pid}");
        // The search sees: this is in every worker's memory.
        assert_eq!(find_in_memory(*pid, &["nano-worker: (spare)"]).unwrap(), [0]);
    }
    // Until what starts a process has closed its copies.
    let mut fault = String::new();
    until("what spares have open is theirs alone", || {
        let mut all = descendants(nano.pid());
        all.push(nano.pid());
        shared(&spares, &all)
            .map_err(|seen| {
                if seen != fault {
                    eprintln!("{seen}");
                    fault = seen;
                }
            })
            .ok()
    });

    // Sabotage control: the same spares are adopted. The same search finds what their apps have, of each its own.
    for app in [1, 2] {
        secrets.send(&nano, app);
        let own = &secrets.apps[app];
        let pid = nano.pid_of(&own[NAME]);
        assert!(spares.contains(&pid), "{pid} is none of {spares:?}");
        // It learns nothing of where else it may connect to: that is not its business.
        let places = [ENV, CODE, MODULE, NAME, HOST, HEADER, QUERY, BODY];
        let memory: BTreeSet<String> =
            find_in_memory(pid, &needles).unwrap().into_iter().map(|at| needles[at].to_owned()).collect();
        assert_eq!(memory, places.iter().map(|at| own[*at].clone()).collect(), "worker {pid}");
        assert!(found(pid, &needles).contains(&format!("{} stands in the environment or arguments", own[NAME])));
    }
}

#[test]
fn a_process_that_shares_a_socket_or_has_a_file_turns_it_red() {
    let start = |stdin: OwnedFd, stdout: Stdio| {
        let mut command = Command::new("sleep");
        command.arg("60").stdin(stdin).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (file, _folder) = {
        let folder = tempfile::tempdir().unwrap();
        (File::create(folder.path().join("file")).unwrap(), folder)
    };
    let twin = theirs.try_clone().unwrap();
    let mut children =
        [start(theirs.into(), Stdio::piped()), start(twin.into(), Stdio::piped()), start(ours.into(), file.into())];
    let pids = children.each_ref().map(|child| i32::try_from(child.id()).unwrap());
    let verdicts = [shared(&pids[..1], &pids), shared(&pids[2..], &pids), shared(&pids[..1], &[pids[0], pids[2]])];
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(verdicts[0].as_ref().unwrap_err().contains("share socket:"), "{verdicts:?}");
    assert!(verdicts[1].as_ref().unwrap_err().contains("/file open"), "{verdicts:?}");
    // A test's children have what its harness left open, and nothing that they share here.
    assert!(!format!("{:?}", verdicts[2]).contains("share"), "{verdicts:?}");
}
