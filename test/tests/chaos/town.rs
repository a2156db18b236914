//! The apps and their supervisor: two that are left alone, and the others.

use crate::clients::{Clients, Question};
use crate::ledger::{Ledger, Outcome};
use nano_test::{Disk, Nano, PATIENCE, Site, until};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const UNTOUCHED: [&str; 2] = ["calm", "calm-post"];
pub(crate) const TOUCHED: [&str; 6] = ["alder", "birch", "cedar", "changing", "elm", "fir"];

/// Longest any answer of an untouched app may take. A stall, on any machine; how fast answers are is measured elsewhere.
const SLOWEST: Duration = Duration::from_secs(30);

const CALM: &str = "export default { fetch: () => new Response('still here') };";
/// What comes in goes out.
const ECHO: &str = "export default { fetch: async (request) => new Response(await request.text()) };";
const BOMBS: &str = r#"
const bombs = {
  loop: () => { for (;;); },
  lastIndexOf: () => "a".repeat(5e6).lastIndexOf("a".repeat(2e6) + "b"),
  regex: () => /^(a+)+$/.test("a".repeat(60) + "b"),
  promises: () => { const again = () => Promise.resolve().then(again); again(); return new Promise(() => {}); },
  array: () => { const a = []; for (;;) a.push(new Array(1000).fill(a.length)); },
  map: () => { const m = new Map(); for (let i = 0; ; i++) m.set(i, { i }); },
  buffers: () => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)); },
  resizable: () => {
    const a = [];
    for (;;) {
      const b = new ArrayBuffer(0, { maxByteLength: 1 << 24 });
      b.resize(1 << 24);
      new Uint8Array(b).fill(1);
      a.push(b);
    }
  },
  wasm: () => {
    const m = new WebAssembly.Memory({ initial: 1 });
    for (;;) { m.grow(16); new Uint8Array(m.buffer).fill(1); }
  },
};
const big = "x".repeat(1 << 20);
const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
export default {
  async fetch(request) {
    const [, what, which] = new URL(request.url).pathname.split("/");
    switch (what) {
      case "bomb": try { await bombs[which](); } catch { return new Response("refused"); } return new Response("over");
      case "flood": for (let i = 0; i < 3000; i++) console.log(`line ${i} ${"of a flood ".repeat(20)}`); break;
      case "big": return new Response(big);
      case "length": return new Response(String((await request.text()).length));
      default: await sleep(10);
    }
    return new Response("alive");
  },
};
"#;

pub(crate) struct Town {
    pub(crate) nano: Nano,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) disk: Option<Disk>,
    pub(crate) site: Site,
}

impl Town {
    pub(crate) fn found() -> Self {
        let site = Site::new();
        let disk = Disk::under(&site, 1000);
        site.app("calm", CALM).app("calm-post", ECHO);
        site.app("touched", BOMBS);
        configure(&site, 0);
        Self { nano: site.serve(), ledger: Arc::default(), disk, site }
    }

    /// Clients of every app.
    pub(crate) fn load(&self) -> Clients {
        let body: Vec<u8> = (0..40_000_u32).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
        let mut lists = vec![
            vec![Question::get("calm", "/", "still here")],
            vec![Question::get("calm", "/", "still here")],
            vec![Question::post("calm-post", "/", &body, &body)],
            vec![Question::post("calm-post", "/", b"a few bytes", b"a few bytes")],
        ];
        for app in TOUCHED {
            lists.push(vec![Question::get(app, "/", "alive"), Question::post(app, "/", b"x", b"alive")]);
            lists.push(vec![Question::post(app, "/length", &body, b"40000"), Question::get(app, "/", "alive")]);
        }
        Clients::start(self.nano.address, &self.ledger, lists)
    }

    /// Waits until every app serves.
    pub(crate) fn is_back(&self) {
        for app in UNTOUCHED.into_iter().chain(TOUCHED) {
            let question =
                if app == "calm" { Question::get(app, "/", "still here") } else { Question::post(app, "/", b"", b"") };
            until(&format!("{app} serves again"), || {
                (question.once(self.nano.address, &self.ledger) == Outcome::Served).then_some(())
            });
        }
    }

    /// Stops the clients. Fails when an answer of an untouched app took too long.
    pub(crate) fn stop(&self, clients: Clients) -> String {
        let mut text = String::from("| app | p50 | p99 | slowest |\n|---|---|---|---|\n");
        let mut slowest = Duration::ZERO;
        for (app, mut waits) in clients.stop() {
            if !UNTOUCHED.contains(&app) || waits.is_empty() {
                continue;
            }
            waits.sort_unstable();
            let at = |part: usize| waits[(waits.len() - 1) * part / 100];
            slowest = slowest.max(at(100));
            let _ = writeln!(text, "| {app} | {:.1?} | {:.1?} | {:.1?} |", at(50), at(99), at(100));
        }
        assert!(slowest < SLOWEST, "an answer took {slowest:?}:\n{text}");
        text
    }

    /// Why workers ended, as the metrics have it.
    pub(crate) fn exits(&self) -> String {
        let metrics = self.nano.metrics();
        let mut text = String::from("| exits of workers | times |\n|---|---|\n");
        for reason in ["heap", "memory", "cpu", "wall", "startup", "protocol", "crash", "idle", "reload", "restart"] {
            let count = metrics.sum("nano_worker_exits_total", &[("reason", reason)]);
            if count > 0.0 {
                let _ = writeln!(text, "| {reason} | {count} |");
            }
        }
        text
    }

    /// The books, once nothing is in flight and they agree with the metrics.
    pub(crate) fn balanced(&self) -> &Ledger {
        let mut differ = String::new();
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            let metrics = self.nano.metrics();
            match self.ledger.compare(&metrics) {
                Ok(()) if metrics.sum("nano_http_requests_in_flight", &[]) == 0.0 => return &self.ledger,
                Ok(()) => differ = "requests are in flight".to_owned(),
                Err(fault) => differ = fault,
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the books and the metrics differ:\n{differ}\n{}", self.ledger.table());
    }
}

/// Writes everything in its version.
pub(crate) fn configure(site: &Site, version: usize) {
    // Of two workers each, and of one.
    let touched = TOUCHED.iter().enumerate().map(|(at, app)| {
        let mut entry = json!({
            "name": app, "hostname": format!("{app}.local"), "path": "touched", "workers": 1 + at % 2,
            "cpu_ms": 300, "memory_mb": 48, "timeout_ms": 5000, "max_concurrent": 64,
        });
        if *app == "changing" {
            entry["path"] = json!("changing");
            entry["env"] = json!({ "VERSION": version.to_string() });
        }
        entry
    });
    let untouched = UNTOUCHED.iter().map(|app| json!({ "name": app, "hostname": format!("{app}.local"), "path": app }));
    site.app("changing", &format!("// Version {version}\n{BOMBS}"));
    let apps: Vec<_> = untouched.chain(touched).collect();
    site.config(json!({ "log": { "access": false }, "drain_ms": 10_000, "apps": apps }));
}
