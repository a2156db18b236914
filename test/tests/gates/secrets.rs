//! The secrets of one app. Each stands where apps have secrets: in its environment, in a file that this names, in its code, in a header, a
//! query and a body that it was sent, in a stream's buffer. None is found in the memory of any other app's worker, in the
//! environment or the arguments of any process, in the log, or in what the supervisor tells of itself.
//!
//! The supervisor's own memory is not looked at: it reads requests, and keeps env and code for workers to come.
//!
//! Sabotage control: the same secrets given to the neighbour, too, in each of these ways; and a process that has one in its
//! environment. The same scan must find every one of them. It must also find them where they belong, or the search is blind.

use nano_test::process::{descendants, find_in_memory, find_in_start, runs};
use nano_test::{Nano, Site, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

/// Where a secret stands.
const PLACES: [&str; 7] = ["env", "code", "header", "query", "body", "stream", "file"];
const ENV: usize = 0;
const CODE: usize = 1;
const HEADER: usize = 2;
const QUERY: usize = 3;
const BODY: usize = 4;
const STREAM: usize = 5;
const FILE: usize = 6;

/// Keeps whatever it was ever sent.
const APP: &str = r#"
const code = "CODE";
const kept = [code];
const stuck = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 100 }).getWriter();
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/wait") await new Promise(() => {});
    const body = await request.text();
    kept.push(env.TOKEN, env.FROM_FILE, request.headers.get("authorization"), url.search, body);
    for (const word of body.split(" ").slice(1)) stuck.write(word);
    return new Response(`kept ${kept.length}`);
  },
};
"#;

/// New secrets. They begin alike, which is found fast.
fn secrets() -> Vec<String> {
    let beginning = random(6);
    PLACES.iter().map(|_| format!("{beginning}{}", random(18))).collect()
}

/// So many bytes in hexadecimal.
fn random(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    random.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// An app with these secrets in its configuration and its code.
fn write_app(site: &Site, name: &str, secrets: &[String]) -> serde_json::Value {
    site.app(name, &APP.replace("CODE", &secrets[CODE]));
    // Outside of the app's directory.
    let file = format!("{name}.secret");
    site.file(&file, &format!("{}\n", secrets[FILE]));
    let env = json!({ "TOKEN": secrets[ENV], "FROM_FILE": { "file": file } });
    json!({ "name": name, "hostname": format!("{name}.local"), "path": name, "env": env })
}

fn serve(site: &Site, apps: &[serde_json::Value]) -> Nano {
    site.config(json!({ "log": { "access": true, "level": "debug" }, "apps": apps }));
    site.serve()
}

/// Sends the secrets that come with requests.
fn send(nano: &Nano, name: &str, secrets: &[String]) {
    let body = format!("{} {}", secrets[BODY], secrets[STREAM]);
    let mut connection = nano.connect();
    let head = format!(
        "POST /?token={} HTTP/1.1\r\nHost: {name}.local\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
        secrets[QUERY],
        secrets[HEADER],
        body.len()
    );
    connection.send(head.as_bytes()).unwrap();
    let answer = connection.receive().unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Everything that was found where it does not belong, as sentences.
fn leaks(nano: &Nano, secrets: &[String], owner: &str) -> Vec<String> {
    let needles: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let mut leaks = Vec::new();
    let mut found = |place: &str, which: Vec<usize>| {
        leaks.extend(which.into_iter().map(|at| format!("the secret of its {} stands in {place}", PLACES[at])));
    };
    let owners: Vec<i32> = nano.workers(owner).into_iter().map(|worker| worker.pid).collect();
    // One that only waits to be reaped has no memory any more.
    let processes: Vec<i32> = descendants(nano.pid()).into_iter().filter(|pid| runs(*pid)).collect();
    assert!(owners.iter().all(|pid| processes.contains(pid)), "{owners:?} not among {processes:?}");
    for pid in processes.iter().chain([&nano.pid()]) {
        found("environment or arguments", find_in_start(*pid, &needles).unwrap());
    }
    for pid in processes.iter().filter(|pid| !owners.contains(pid)) {
        found(&format!("the memory of process {pid}"), find_in_memory(*pid, &needles).unwrap());
    }
    let told = [
        nano.log.lines().join("\n"),
        nano.metrics().text,
        nano.ctl(&["--json", "status"]).stdout,
        nano.ctl(&["--json", "apps"]).stdout,
        nano.ctl(&["why", owner]).stdout,
        nano.ctl(&["reload", "--dry-run"]).stdout,
        nano.ctl(&["--json", "reload"]).stdout,
        nano.ctl(&["logs"]).stdout,
    ];
    let what = [
        "the log",
        "metrics",
        "nanoctl status",
        "nanoctl apps",
        "nanoctl why",
        "a dry run",
        "a reload",
        "nanoctl logs",
    ];
    for (what, text) in what.iter().zip(told) {
        assert!(!text.is_empty(), "{what} says nothing");
        found(what, (0..needles.len()).filter(|at| text.contains(needles[*at])).collect());
    }
    leaks
}

/// Only root can read another process's memory.
fn may_look() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root may read the workers' memory");
    }
    root
}

#[test]
fn no_secret_of_an_app_is_found_anywhere_else() {
    if !may_look() {
        return;
    }
    let (site, own, other) = (Site::new(), secrets(), secrets());
    let apps = [write_app(&site, "owner", &own), write_app(&site, "neighbour", &other)];
    let nano = serve(&site, &apps);
    // One worker that ends with secrets, in the middle of a request; then one that stays.
    for _ in 0..2 {
        send(&nano, "owner", &own);
        send(&nano, "neighbour", &other);
    }
    let first = nano.pid_of("owner");
    let mut waiting = nano.connect();
    let head = format!(
        "POST /wait?token={} HTTP/1.1\r\nHost: owner.local\r\nAuthorization: {}\r\nContent-Length: 0\r\n\r\n",
        own[QUERY], own[HEADER]
    );
    waiting.send(head.as_bytes()).unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "owner")], 1.0);
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    assert_eq!(waiting.receive().unwrap().status, 502);
    until("another worker", || nano.pids("owner").into_iter().find(|pid| *pid != first));
    send(&nano, "owner", &own);
    // And a neighbour that is started when the supervisor has seen them all.
    let before = nano.pid_of("neighbour");
    assert_eq!(nano.ctl(&["restart", "neighbour"]).code, Some(0));
    until("the neighbour's new worker", || nano.pids("neighbour").into_iter().find(|pid| *pid != before));
    send(&nano, "neighbour", &other);
    until("its old one has gone", || (!runs(before)).then_some(()));

    assert_eq!(leaks(&nano, &own, "owner"), Vec::<String>::new());
    assert_eq!(leaks(&nano, &other, "neighbour"), Vec::<String>::new());
    // The search sees: where the secrets belong, they are found.
    let needles: Vec<&str> = own.iter().map(String::as_str).collect();
    assert_eq!(find_in_memory(nano.pid_of("owner"), &needles).unwrap(), [ENV, CODE, HEADER, QUERY, BODY, STREAM, FILE]);
}

#[test]
fn secrets_that_the_neighbour_has_too_turn_it_red() {
    if !may_look() {
        return;
    }
    // A neighbour for each place: it has that one of the owner's secrets, all others are its own.
    let (site, own) = (Site::new(), secrets());
    let mut apps = vec![write_app(&site, "owner", &own)];
    let theirs: Vec<Vec<String>> = PLACES
        .iter()
        .enumerate()
        .map(|(at, place)| {
            let mut theirs = secrets();
            theirs[at].clone_from(&own[at]);
            apps.push(write_app(&site, place, &theirs));
            theirs
        })
        .collect();
    let nano = serve(&site, &apps);
    send(&nano, "owner", &own);
    let mut expected = Vec::new();
    for (place, theirs) in PLACES.iter().zip(&theirs) {
        send(&nano, place, theirs);
        expected.push(format!("the secret of its {place} stands in the memory of process {}", nano.pid_of(place)));
    }
    let mut leaks = leaks(&nano, &own, "owner");
    leaks.sort_unstable();
    expected.sort_unstable();
    assert_eq!(leaks, expected);
}

#[test]
fn a_secret_in_the_log_turns_it_red() {
    if !may_look() {
        return;
    }
    let (site, own) = (Site::new(), secrets());
    let app = write_app(&site, "owner", &own);
    site.app("owner", &APP.replace("const kept", "console.log(code);\nconst kept").replace("CODE", &own[CODE]));
    let nano = serve(&site, &[app]);
    nano.log.wait_for_text(&own[CODE]);
    let leaks = leaks(&nano, &own, "owner");
    assert!(leaks.contains(&"the secret of its code stands in the log".to_owned()), "{leaks:?}");
}

#[test]
fn a_secret_in_an_environment_or_in_arguments_turns_it_red() {
    let own = secrets();
    let needles: Vec<&str> = own.iter().map(String::as_str).collect();
    let mut shell = Command::new("sh");
    // It waits for its input, and becomes no other program.
    shell.args(["-c", "read word", &own[CODE]]).env("TOKEN", &own[ENV]).stdin(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    // Its environment and its arguments do not appear at once.
    until("the shell runs", || (find_in_start(pid, &needles).ok()? == [ENV, CODE]).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
}
