//! Stacks in the log lead to sources.

use nano_test::{Site, until};
use serde_json::json;

use crate::server::DevServer;

#[test]
fn stacks_of_a_project_name_its_files() {
    let site = Site::new();
    site.file(
        "p/index.ts",
        "import { thrower } from './lib/thrower';\ntype Unused = { a: string };\ninterface AlsoUnused { b: Unused }\n\nexport default {\n  \
         fetch(request: Request) {\n    const { pathname } = new URL(request.url);\n    if (pathname === '/stack') return new Response(new Error('seen').stack);\n    \
         if (pathname === '/log') console.error(new Error('logged'));\n    if (pathname === '/throw') thrower();\n    return new Response('fine');\n  },\n};\n",
    );
    site.file(
        "p/lib/thrower.ts",
        "type A = 1;\ntype B = 2;\n\nexport function thrower(): never {\n  throw new TypeError('thrown');\n}\n",
    );
    let dev = DevServer::start(&site, &["p"]);
    dev.await_text("fine");
    assert_eq!(dev.get("localhost", "/throw").status, 500);
    dev.await_line("TypeError: thrown");
    dev.await_line("at thrower (p/lib/thrower.ts:5:9)");
    dev.await_line("p/index.ts:10:");
    dev.get("localhost", "/log");
    dev.await_line("Error: logged");
    dev.await_line("p/index.ts:9:");
    // The app sees what it is: the bundle.
    let seen = dev.get("localhost", "/stack").text();
    assert!(seen.contains("index.js:") && !seen.contains("index.ts"), "{seen}");
}

/// What esbuild makes of `src/a.ts`, whose line 3, column 9 is line 1, column 50 here.
const CODE: &str = "export default { fetch() { console.error(new Error('mapped')); throw new Error('thrown'); } };\n";

#[test]
fn built_apps_have_their_maps_beside_or_within_them() {
    let site = Site::new();
    let column = CODE.find("new Error('mapped')").unwrap();
    // Its only segment: that column is line 3, column 9 of the source.
    let map =
        json!({ "version": 3, "sources": ["../src/a.ts"], "mappings": format!("{}AEQ", vlq(column)) }).to_string();
    site.file("linked/dist/index.js", &format!("{CODE}//# sourceMappingURL=index.js.map\n"));
    site.file("linked/dist/index.js.map", &map);
    let inline = format!("data:application/json;base64,{}", base64(map.as_bytes()));
    site.file("inline/index.js", &format!("{CODE}//# sourceMappingURL={inline}\n"));
    site.file("outside/index.js", &format!("{CODE}//# sourceMappingURL=../linked/dist/index.js.map\n"));
    site.file("broken/index.js", &format!("{CODE}//# sourceMappingURL=index.js.map\n"));
    site.file("broken/index.js.map", "{ \"version\": 3, \"sources\": [1");
    site.apps(json!([
        { "hostname": "linked.local", "path": "linked/dist" },
        { "hostname": "inline.local", "path": "inline" },
        { "hostname": "outside.local", "path": "outside" },
        { "hostname": "broken.local", "path": "broken" },
    ]));
    let nano = site.serve();
    for (host, place) in [
        ("linked.local", "linked/src/a.ts:3:9"),
        ("inline.local", "src/a.ts:3:9"),
        ("outside.local", "outside/index.js:1:"),
        ("broken.local", "broken/index.js:1:"),
    ] {
        assert_eq!(nano.get(host, "/").status, 500);
        let message = until("the line", || {
            let lines = nano.log.records();
            let own = |line: &&serde_json::Value| {
                line["app"] == host && line["message"].as_str().is_some_and(|text| text.contains("Error: mapped"))
            };
            lines.iter().find(own).map(|line| line["message"].as_str().unwrap().to_owned())
        });
        assert!(message.contains(place), "{host}: {message}");
    }
}

fn vlq(number: usize) -> String {
    let mut rest = number << 1;
    let mut text = String::new();
    loop {
        let digit = rest & 31 | if rest > 31 { 32 } else { 0 };
        text.push(char::from(DIGITS[digit]));
        rest >>= 5;
        if rest == 0 {
            return text;
        }
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    bytes
        .chunks(3)
        .map(|group| {
            let value =
                group.iter().fold(0usize, |value, byte| value << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
            (0..4)
                .map(|at| if at <= group.len() { char::from(DIGITS[value >> (18 - 6 * at) & 63]) } else { '=' })
                .collect::<String>()
        })
        .collect()
}
