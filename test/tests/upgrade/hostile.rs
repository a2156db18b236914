//! Hostile tenants while one nano takes another's place.

use crate::{end, install, pid, upgrade};
use nano_test::{Site, Target, Traffic, Way, binary, until};
use serde_json::json;

#[test]
fn hostile_tenants_neither_stop_an_upgrade_nor_are_noticed_by_others() {
    let site = Site::new();
    install(&site, &binary("nano"));
    site.app("good", "export default { fetch: () => new Response('hello') };");
    // Loops, takes memory, ends its worker, answers with streams that never end, and does not let go of its requests.
    site.app(
        "bad",
        "const kept = [];
        export default {
          async fetch(request) {
            const { pathname } = new URL(request.url);
            if (pathname === '/loop') for (;;) {}
            if (pathname === '/memory') for (;;) kept.push(new Array(1e5).fill(Math.random()));
            if (pathname === '/endless') {
              return new Response(new ReadableStream({
                async pull(controller) {
                  await new Promise((resolve) => setTimeout(resolve, 1));
                  controller.enqueue(new Uint8Array(1));
                },
              }));
            }
            request.signal.addEventListener('abort', () => { for (;;) {} });
            return new Promise(() => setTimeout(() => {}, 1e9));
          },
        };",
    );
    site.config(json!({
        "drain_ms": 1000,
        "log": { "access": false },
        "apps": [
            { "hostname": "good.local", "name": "good", "path": "good" },
            { "hostname": "bad.local", "name": "bad", "path": "bad", "workers": 2, "cpu_ms": 300, "memory_mb": 32 },
        ],
    }));
    let nano = site.serve_with(crate::command(&site));
    let target = Target { address: nano.address, tls: None, host: "good.local".to_owned(), answer: "hello".to_owned() };
    let good = [Way::KeepAlive, Way::Fresh, Way::Http2].map(|way| Traffic::start(&target, way, 1));
    let mut held = Vec::new();
    for _ in 0..3 {
        for path in ["/loop", "/memory", "/endless", "/endless", "/never", "/never"] {
            let mut client = nano.connect();
            client.send_get("bad.local", path).unwrap();
            held.push(client);
        }
        let report = upgrade(&nano);
        assert!(pid(&report["new_pid"]) > 0);
        let before: Vec<u64> = good.iter().map(Traffic::served).collect();
        until("requests of the good one", || {
            good.iter().zip(&before).all(|(each, before)| each.served() > before + 5).then_some(())
        });
    }
    for each in good {
        let tally = each.stop();
        assert_eq!(tally.failures, Vec::<String>::new(), "of {}", tally.served);
    }
    drop(held);
    end(nano);
}
