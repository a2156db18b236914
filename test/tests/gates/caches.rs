//! Caches under attack: apps that put without end what is large and what is tiny, keep responses that they never read, begin to put
//! and never end, and ask for the keys of others. What another app keeps stays its own and stays there, the supervisor has no
//! more than the caches' bytes, and the bystander notices nothing.
//!
//! Sabotage controls: the check of what an app finds, fed with another app's; the check of the growth, fed with what was put.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Nano, Site, sized, until};
use serde_json::json;

/// Of one app, and of all.
const SHARE: u64 = 32 << 20;
/// What nano may need beyond that: links' buffers, and what its allocator has not given back.
const BASE: u64 = 40 << 20;

/// The key that all apps use.
const KEY: &str = "http://key.example/same";

fn attacker() -> String {
    format!(
        "
const kept = [], key = (at) => `http://key.example/${{at}}`;
const large = new Uint8Array(8 << 20), wide = {{ vary: Array.from({{ length: 32 }}, (_, at) => `x-${{at}}`).join() }};
let count = 0, bytes = 0;
async function put(name, size, headers) {{
  bytes += size;
  await caches.default.put(name, new Response(large.subarray(0, size), {{ headers }}));
}}
async function round() {{
  const at = count++;
  await put('{KEY}', 10, {{}});
  switch (at % 5) {{
    case 0: await put(key(at), 8 << 20, {{}}); break;
    case 1: for (let i = 0; i < 200; i++) await put(key(`${{at}}/${{i}}/${{'long'.repeat(200)}}`), 1, wide); break;
    case 2: {{
      await put(key('kept'), 4 << 20, {{}});
      const response = await caches.default.match(key('kept'));
      await caches.default.delete(key('kept'));
      if (kept.length < 40 && response !== undefined) kept.push(response);
      break;
    }}
    case 3: {{
      const stream = new ReadableStream({{ pull(controller) {{ controller.enqueue(new Uint8Array(1)); return new Promise((resolve) => setTimeout(resolve, 50)); }} }});
      if (at < 60) caches.default.put(key('slow'), new Response(stream)).catch(() => {{}});
      break;
    }}
    default:
      for (const name of [undefined, '', '../victim', 'victim', '/', '\\\\0']) {{
        const cache = name === undefined ? caches.default : await caches.open(name);
        const text = await (await cache.match('http://key.example/victim'))?.text();
        if (text !== undefined) throw new Error(`it found ${{text}}`);
      }}
  }}
}}
const run = async () => {{ for (;;) await round(); }};
let running = null, failed = null;
export default {{ fetch(request, env, ctx) {{
  running ??= [1, 2, 3, 4].map(() => run().catch((error) => {{ failed ??= String(error); }}));
  ctx.waitUntil(Promise.all(running));
  return Response.json({{ count, bytes, failed }});
}} }};"
    )
}

const VICTIM: &str = "
const key = 'http://key.example/victim';
export default { async fetch(request) {
  if (new URL(request.url).pathname === '/put') {
    await caches.default.put(key, new Response('mine'));
    await caches.default.put('http://key.example/same', new Response('mine too'));
  }
  const texts = [];
  for (const name of [key, 'http://key.example/same']) texts.push((await (await caches.default.match(name))?.text()) ?? null);
  return Response.json(texts);
} };";

fn site(attackers: usize) -> Site {
    let site = Site::new();
    site.app("attacker", &attacker()).app("victim", VICTIM).app("bystander", APP);
    let mut apps: Vec<_> = (0..attackers)
        .map(|at| {
            let host = format!("attacker{at}.local");
            json!({ "name": format!("attacker{at}"), "hostname": host, "path": "attacker", "memory_mb": 256, "max_buffer_size_mb": 64 })
        })
        .collect();
    apps.push(json!({ "name": "victim", "hostname": "victim.local", "path": "victim" }));
    apps.push(json!({ "name": "bystander", "hostname": HOST, "path": "bystander" }));
    site.apps(apps.into());
    site
}

fn verdict(attackers: u64, grown: u64) -> Result<(), String> {
    let allowed = BASE + attackers * SHARE;
    if grown <= allowed { Ok(()) } else { Err(format!("the caches cost {grown} bytes, not {allowed}")) }
}

fn finds_its_own(texts: &serde_json::Value) -> Result<(), String> {
    if *texts == json!(["mine", "mine too"]) { Ok(()) } else { Err(format!("it found {texts}")) }
}

fn attack(nano: &Nano, at: usize) -> serde_json::Value {
    nano.get(&format!("attacker{at}.local"), "/").json()
}

#[test]
fn what_an_app_keeps_is_its_own_and_stays() {
    let attackers = sized(2, 3);
    let site = site(attackers);
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    finds_its_own(&nano.get("victim.local", "/put").json()).unwrap();
    let before = resident(nano.pid());
    let rounds: u64 = sized(40, 400);
    until("that each attacker has put more than it may keep", || {
        let told: Vec<_> = (0..attackers).map(|at| attack(&nano, at)).collect();
        for attacker in &told {
            assert!(attacker["failed"].is_null(), "{attacker}");
        }
        finds_its_own(&nano.get("victim.local", "/").json()).unwrap();
        verdict(attackers as u64, resident(nano.pid()).saturating_sub(before)).unwrap();
        let enough = |told: &serde_json::Value| {
            told["count"].as_u64() > Some(rounds) && told["bytes"].as_u64() > Some(3 * SHARE)
        };
        told.iter().all(enough).then_some(())
    });
    finds_its_own(&nano.get("victim.local", "/").json()).unwrap();
    bystander.noticed_nothing();
}

#[test]
fn caches_that_are_shared_or_without_a_bound_turn_it_red() {
    assert_eq!(finds_its_own(&json!(["mine", "mine too"])), Ok(()));
    for texts in [json!([null, "mine too"]), json!(["mine", "0000000000"])] {
        assert!(finds_its_own(&texts).is_err());
    }
    assert_eq!(verdict(2, 2 * SHARE), Ok(()));
    assert!(verdict(2, 2 * 3 * SHARE).is_err());
}
