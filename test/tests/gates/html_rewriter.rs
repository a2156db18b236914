//! HTMLRewriter under attack: apps that begin documents without end and let each handler wait, that give them up in the middle,
//! put in what is large and what is tiny, fail in every place, and hand over markup that has no end; and clients that ask for all of
//! that and leave. A worker ends for what it used up, never by a crash; what is given up comes back; the bystander notices nothing.
//!
//! Sabotage control: the check of the growth, fed with what documents hold that are kept; that of the ends, with a crash.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Dice, Nano, Site, sized, until};
use serde_json::json;

const ATTACKER: &str = "
const encode = (text) => new TextEncoder().encode(text);
let seed = 1;
const roll = (n) => (seed = (seed * 48271) % 2147483647) % n;
const never = new Promise(() => {});
const markup = ['<p>', '</p>', '<b a=1>', '<!--', '-->', '<svg>', '<script>', '</script>', '<', '\"', '<p a=\"', '>', 'text', '<select>', '<!doctype', '\\u00fc', '<li>', '\\0', '<![CDATA[', '&'];
const soup = () => { let text = ''; for (let i = 0; i < 200; i++) text += markup[roll(markup.length)]; return encode(text); };
// In turns of its own: of a document that is all removed nothing comes out, however much goes in.
const endless = () => new ReadableStream({
  async pull(controller) { await new Promise((resolve) => setTimeout(resolve)); controller.enqueue(soup()); },
}, { highWaterMark: 0 });
const content = () => [() => 'c', () => 'x'.repeat(100_000), () => new Response('r'), () => endless(), () => new Response(endless()), () => new ReadableStream({ pull: () => never })][roll(6)]();
function act(token) {
  const acts = ['before', 'after', 'prepend', 'append', 'replace', 'setInnerContent', 'remove', 'removeAndKeepContent', 'setAttribute', 'onEndTag'];
  for (let n = roll(4); n > 0; n--) {
    const name = acts[roll(acts.length)];
    if (token[name] === undefined) continue;
    if (name === 'setAttribute') token.setAttribute('a' + roll(5), 'v'.repeat(roll(1000)));
    else if (name === 'onEndTag') { try { token.onEndTag(handle); } catch {} }
    else token[name](content(), { html: roll(2) === 0 });
  }
}
function handle(token) {
  switch (roll(40)) {
    case 0: throw new Error('thrown');
    case 1: return Promise.reject(new Error('rejected'));
    case 2: return never;
    case 3: return new Promise((resolve) => setTimeout(resolve, roll(3)));
    case 4: return { then() { throw new Error('a thenable'); } };
  }
  act(token);
}
const kept = [];
function document() {
  const rewriter = new HTMLRewriter().on('*', { element: handle, text: roll(2) ? (t) => { if (!t.lastInTextNode && roll(9) === 0) act(t); } : undefined });
  if (roll(2)) rewriter.on('p b, svg > *', { element: handle, comments: (c) => { if (roll(9) === 0) c.text = 'c'; } });
  return rewriter.transform(new Response(roll(3) ? endless() : soup()));
}
async function round() {
  const reader = document().body.getReader();
  try {
    for (let n = roll(20); n > 0; n--) {
      const next = await Promise.race([reader.read(), new Promise((resolve) => setTimeout(resolve, 2, 'silent'))]);
      if (next === 'silent' || next.done) break;
    }
  } catch {}
  // Some are dropped without a word, some kept for a while.
  if (roll(2)) reader.cancel('enough').catch(() => {});
  else if (roll(4) === 0) { kept.push(reader); if (kept.length > 20) kept.shift(); }
}
let rounds = 0;
export default {
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case '/rounds':
        for (let i = 0; i < 50; i++) { await round(); rounds++; }
        return Response.json(rounds);
      case '/document': return document();
      case '/flood': { const all = []; for (;;) { const reader = new HTMLRewriter().on('p', { element: () => never }).transform(new Response('a<p>')).body.getReader(); await reader.read(); all.push(reader); } }
      case '/deep': return new HTMLRewriter().on('* *', { element() {} }).transform(new Response(('<' + 'n'.repeat(60_000) + '>').repeat(1000)));
      default: return new Response('calm');
    }
  },
};";

/// What the rounds may leave behind: what is kept, stacks, and what allocators have not given back.
const GROWTH: u64 = 96 << 20;

fn grown(grown: u64) -> Result<(), String> {
    if grown <= GROWTH { Ok(()) } else { Err(format!("the worker grew by {grown} bytes")) }
}

/// How workers may end: for what they used up. `count`: how many have ended for a reason.
fn ends(count: impl Fn(&str) -> f64) -> Result<(), String> {
    match ["crash", "protocol", "wall"].into_iter().find(|reason| count(reason) > 0.0) {
        Some(reason) => Err(format!("a worker ended for {reason}")),
        None => Ok(()),
    }
}

fn attackers_ends(nano: &Nano) -> Result<(), String> {
    let metrics = nano.metrics();
    ends(|reason| metrics.sum("nano_worker_exits_total", &[("app", "attacker"), ("reason", reason)]))
}

fn site() -> Site {
    let site = Site::new();
    site.app("attacker", ATTACKER).app("bystander", APP);
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "attacker", "hostname": "attacker.local", "path": "attacker", "cpu_ms": 60_000, "timeout_ms": 120_000 },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ] }));
    site
}

#[test]
fn documents_of_all_kinds_end_no_worker_and_leave_nothing() {
    let nano = site().serve();
    let bystander = Bystander::of(&nano);
    let ask = || nano.get("attacker.local", "/rounds").json().as_u64().unwrap();
    // What the first hundred need for good.
    ask();
    ask();
    let (pid, before) = (nano.pid_of("attacker"), resident(nano.pid_of("attacker")));
    while ask() < sized(300, 5000) {
        grown(resident(pid).saturating_sub(before)).unwrap();
    }
    assert_eq!(nano.pid_of("attacker"), pid);
    // Clients that ask for documents, take a little of them, and leave.
    let mut dice = Dice::new(11);
    for _ in 0..sized(100, 1000) {
        let mut client = nano.connect();
        client.send_get("attacker.local", "/document").unwrap();
        if dice.below(2) == 0 {
            let _ = client.receive_head();
        }
    }
    until("the attacker's answer", || (nano.get("attacker.local", "/").status == 200).then_some(()));
    attackers_ends(&nano).unwrap();
    bystander.noticed_nothing();
}

#[test]
fn what_is_too_much_ends_the_worker_that_has_it() {
    let nano = site().serve();
    let bystander = Bystander::of(&nano);
    for path in ["/flood", "/deep"] {
        until("the attacker is back", || (nano.get("attacker.local", "/").status == 200).then_some(()));
        // A flood fills memory; names without end are refused, or do.
        let mut client = nano.connect();
        client.send_get("attacker.local", path).unwrap();
        if let Ok((200, _)) = client.receive_head() {
            while client.receive_chunk().is_ok_and(|chunk| !chunk.is_empty()) {}
        }
    }
    until("the attacker is back", || (nano.get("attacker.local", "/").status == 200).then_some(()));
    attackers_ends(&nano).unwrap();
    bystander.noticed_nothing();
}

#[test]
fn what_stays_behind_turns_it_red() {
    assert_eq!(grown(GROWTH), Ok(()));
    // A stack for each of the documents that were given up.
    assert!(grown(400 * 256 * 1024).is_err());
    assert_eq!(ends(|reason| if reason == "cpu" { 3.0 } else { 0.0 }), Ok(()));
    assert!(ends(|reason| if reason == "crash" { 1.0 } else { 0.0 }).is_err());
}
