//! Raw HTTP. Every case of the corpus is answered as its table says, over plain TCP, and no request reaches a
//! tenant that it did not name: each app tells what it saw, and that is compared, too.
//!
//! Sabotage control: the same corpus at a naive server ([`naive`]), which reads heads as many a hand-written
//! server does. Dozens of cases must turn red there.

mod corpus;
mod naive;

use corpus::{Case, corpus};
use naive::Naive;
use nano_test::{Connection, Nano, PATIENCE, Site};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

/// Tells what it is, where it was asked and for what; and on `/seen`, what it saw since the last time.
const APP: &str = r#"
const seen = [];
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/seen") return new Response(JSON.stringify(seen.splice(0)));
    const what = `${request.method} ${url.pathname}${url.search}`;
    seen.push(what);
    const body = request.body === null || request.method === "GET" ? "" : await request.text();
    return new Response(`${env.APP} ${what}${body === "" ? "" : " " + body}`);
  },
};
"#;

const HOSTS: [(&str, &str); 3] = [("a", "a.local"), ("b", "b.local"), ("wild", "x.wild.local")];

/// What apps saw, by name.
type Seen = BTreeMap<String, Vec<String>>;

fn serve() -> Nano {
    let site = Site::new();
    let mut apps = Vec::new();
    for (name, host) in [("a", "a.local"), ("b", "b.local"), ("wild", "*.wild.local")] {
        site.app(name, APP);
        apps.push(json!({ "name": name, "hostname": host, "path": name, "env": { "APP": name }, "max_body_mb": 1 }));
    }
    site.config(json!({ "apps": apps, "log": { "access": false } }));
    site.serve()
}

fn seen(connections: &mut BTreeMap<&'static str, Connection>, address: SocketAddr) -> Seen {
    let mut all = Seen::new();
    for (name, host) in HOSTS {
        let connection = connections.entry(name).or_insert_with(|| Connection::open(address).unwrap());
        let Value::Array(list) = connection.get(host, "/seen").unwrap().json() else { panic!("no list") };
        all.insert(name.to_owned(), list.iter().map(|what| what.as_str().unwrap().to_owned()).collect());
    }
    all
}

/// One case, judged. `seen` tells what the apps saw since it was last asked.
fn judge(address: SocketAddr, case: &Case, patience: Duration, seen: &mut impl FnMut() -> Seen) -> Result<(), String> {
    let mut connection = Connection::open(address).map_err(|error| error.to_string())?;
    connection.set_patience(patience);
    // A server may answer and close before it has read everything.
    let sent = connection.send(&case.bytes);
    let mut got = Vec::new();
    let mut must_see = Seen::new();
    let mut may_see = Seen::new();
    for (name, _) in HOSTS {
        must_see.insert(name.to_owned(), Vec::new());
        may_see.insert(name.to_owned(), Vec::new());
    }
    for expected in &case.answers {
        // `400 code @a GET /`: refused in the middle, when app a may have seen the request already.
        let (expected, reached) = expected.split_once(" @").unwrap_or((expected, ""));
        if let Some((app, what)) = reached.split_once(' ') {
            may_see.get_mut(app).unwrap().push(what.to_owned());
        }
        let answer = match expected {
            "half" => {
                connection.finish_sending();
                "half".to_owned()
            }
            "cut" => {
                connection.finish_sending();
                if connection.is_closed_by_server() { "cut".to_owned() } else { "more bytes".to_owned() }
            }
            "close" => if connection.is_closed_by_server() { "close" } else { "more bytes, or left open" }.to_owned(),
            _ => match connection.receive() {
                Ok(response) if response.status == 200 => response.text(),
                Ok(response) => {
                    let code = serde_json::from_slice::<Value>(&response.body)
                        .ok()
                        .and_then(|body| Some(body["code"].as_str()?.to_owned()));
                    format!("{} {}", response.status, code.unwrap_or_default())
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => "no answer".to_owned(),
                Err(error) => format!("no answer: {error}"),
            },
        };
        if expected.starts_with(|first: char| first.is_ascii_alphabetic())
            && !["cut", "half", "close"].contains(&expected)
        {
            let (app, what) = expected.split_once(' ').unwrap();
            let head = what.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
            must_see.get_mut(app).unwrap().push(head);
        }
        let right = answer == expected;
        got.push(answer);
        if !right {
            let tail = if sent.is_err() { " (not all could be sent)" } else { "" };
            // Whatever was seen must not count for the next case.
            return Err(format!("expected {:?}, got {got:?}{tail}; seen: {:?}", case.answers, seen()));
        }
    }
    let all = seen();
    for (app, what) in &all {
        let (must, may) = (&must_see[app], &may_see[app]);
        let extra: Vec<_> = what.iter().filter(|each| !must.contains(each) && !may.contains(each)).collect();
        if !extra.is_empty() || what.len() < must.len() || what.len() > must.len() + may.len() {
            return Err(format!("{app} saw {what:?}, not {must:?} (or also {may:?})"));
        }
    }
    Ok(())
}

/// All cases; the faults, by case.
fn run(address: SocketAddr, patience: Duration, mut seen: impl FnMut() -> Seen) -> Vec<(&'static str, String)> {
    let faults = corpus()
        .into_iter()
        .filter_map(|case| judge(address, &case, patience, &mut seen).err().map(|fault| (case.name, fault)));
    faults.collect()
}

#[test]
fn every_case_is_answered_as_tabled_and_reaches_nobody_else() {
    let cases = corpus();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let names: std::collections::BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases of one name");

    let nano = serve();
    let mut connections = BTreeMap::new();
    let faults = run(nano.address, PATIENCE, || seen(&mut connections, nano.address));
    let text: Vec<_> = faults.iter().map(|(name, fault)| format!("{name}: {fault}")).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), text.join("\n"));
    assert!(!nano.log.lines().iter().any(|line| line.contains("panicked")));
}

#[test]
fn a_naive_server_turns_it_red() {
    let naive = Naive::start();
    let faults = run(naive.address, Duration::from_millis(100), || naive.seen());
    assert!(faults.len() > 60, "only {} cases noticed: {faults:?}", faults.len());
    // A request that was hidden in another's body, and ran.
    let smuggled = |name: &str| faults.iter().any(|(case, _)| *case == name);
    assert!(smuggled("length, then chunked"), "{faults:?}");
    assert!(smuggled("two hosts"), "{faults:?}");
}
