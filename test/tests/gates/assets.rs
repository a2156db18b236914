//! Static files under attack: paths in every spelling, links that lead out, hosts that are not the app's, rule files that a
//! tenant made to cost much, ranges by the thousand, clients that never read. What is not listed stays unread, whether a
//! client asks or the app's own worker; no redirect leads where its rule does not; the supervisor stays small and the
//! bystander notices nothing.
//!
//! Sabotage controls: the same look for secrets where one is among the files; the check of redirects, fed with what the
//! clients wrote; the check of the growth, fed with what the heads would have cost that the rules describe.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::resident;
use nano_test::{Connection, Dice, Nano, Site, sized, until};
use serde_json::json;
use std::fs::{self, File};
use std::os::unix::fs::symlink;

/// Stands in everything that is not for clients.
const SECRET: &str = "not-for-clients";

/// What one client may cost: hyper's buffers, a head of 96 KiB, a piece of a file.
const EACH: u64 = 320 * 1024;
/// What all of them may cost beyond that.
const BASE: u64 = 24 << 20;

/// What paths are put together from.
const PARTS: &[&str] = &[
    "/",
    "/",
    "/",
    "..",
    ".",
    "%2e%2e",
    "%2E.",
    "%2f",
    "%5c",
    "\\",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "%00",
    "//",
    "up",
    "up2",
    "link.txt",
    "absolute.txt",
    "secret.txt",
    "public",
    "one",
    "two",
    "a.txt",
    ".env",
    "%2eenv",
    ".git",
    "config",
    "_headers",
    "_worker.js",
    ".assetsignore",
    "hidden",
    "key.pem",
    "docs",
    "index.html",
    ";",
    "?",
    "proc",
    "self",
    "environ",
    "%e2%80%ae",
];

const WORKER: &str = "export default { fetch: (request, env) => env.ASSETS.fetch(request) };";

fn site() -> Site {
    let site = Site::new();
    site.file("secret.txt", SECRET).file("two/b.txt", SECRET).file("two/secret.txt", SECRET);
    site.file("one/a.txt", "a")
        .file("one/docs/index.html", "docs")
        .file("one/.env", SECRET)
        .file("one/.git/config", SECRET)
        .file("one/_worker.js", SECRET)
        .file("one/_headers", &format!("# {SECRET}\n/*\n  X-Frame-Options: DENY\n"))
        .file("one/hidden/key.pem", SECRET);
    fs::write(site.path("one/.assetsignore"), format!("# {SECRET}\nhidden/\n")).unwrap();
    symlink("../secret.txt", site.path("one/link.txt")).unwrap();
    symlink(site.path("secret.txt"), site.path("one/absolute.txt")).unwrap();
    symlink("..", site.path("one/up")).unwrap();
    symlink("../two", site.path("one/up2")).unwrap();
    site.app("w", WORKER).app("bystander", APP);
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "files", "hostname": "files.local", "assets": { "directory": "one" } },
        { "name": "bound", "hostname": "bound.local", "path": "w",
          "assets": { "directory": "one", "run_worker_first": true } },
        // Another tenant's, with the very files that are looked for.
        { "name": "two", "hostname": "two.local", "assets": { "directory": "two" } },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site
}

/// Asks these hosts for paths by chance, and for those that are known to be tried.
fn look(nano: &Nano, hosts: &[&str], count: usize, dice: &mut Dice) -> Result<(), String> {
    let known = ["/../secret.txt", "/..%2fsecret.txt", "/up2/b.txt", "/link.txt", "/.env", "/_headers", "/secret.txt"];
    let mut connection: Option<Connection> = None;
    for at in 0..count {
        let path = known.get(at).map_or_else(
            || format!("/{}", (0..=dice.below(9)).map(|_| PARTS[dice.below(PARTS.len())]).collect::<String>()),
            |path| (*path).to_owned(),
        );
        for host in hosts {
            let mut open = connection.take().unwrap_or_else(|| nano.connect());
            open.send_get(host, &path).unwrap();
            let answer = open.receive().map_err(|error| format!("{host}{path}: {error}"))?;
            let text = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
            if text.contains(SECRET) {
                return Err(format!("{host}{path}: {text}"));
            }
            if answer.status >= 500 {
                return Err(format!("{host}{path}: {}", answer.status));
            }
            connection = (!answer.closes()).then_some(open);
        }
    }
    Ok(())
}

#[test]
fn no_spelling_reaches_what_is_not_listed() {
    let site = site();
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    let mut dice = Dice::new(11);
    look(&nano, &["files.local", "bound.local"], sized(400, 20_000), &mut dice).unwrap();
    // A target with a host, and one of another tenant.
    for target in ["http://two.local/b.txt", "http://files.local/../two/b.txt"] {
        let raw = format!("GET {target} HTTP/1.1\r\nHost: files.local\r\nConnection: close\r\n\r\n");
        let answer = nano.raw(&raw);
        let is_own = target.contains("two.local/");
        assert_eq!(answer.text().contains(SECRET), is_own, "{target}: the target says which app is asked");
    }
    // What becomes a link after it was listed.
    fs::remove_file(site.path("one/a.txt")).unwrap();
    symlink("../secret.txt", site.path("one/a.txt")).unwrap();
    fs::rename(site.path("one/docs"), site.path("one/gone")).unwrap();
    symlink("../two", site.path("one/docs")).unwrap();
    look(&nano, &["files.local", "bound.local"], sized(200, 5000), &mut dice).unwrap();
    for path in ["/a.txt", "/docs/", "/docs/b.txt"] {
        assert!(!nano.get("bound.local", path).text().contains(SECRET), "{path}");
    }
    bystander.noticed_nothing();
}

#[test]
fn a_secret_among_the_files_turns_it_red() {
    let site = site();
    site.file("one/secret.txt", SECRET);
    let nano = site.serve();
    let found = look(&nano, &["files.local"], sized(400, 20_000), &mut Dice::new(11));
    assert!(found.is_err_and(|found| found.contains("secret.txt: ")));
}

/// What is wrong with where this leads, if anything.
fn leads_right(location: &str) -> Result<(), String> {
    let own = location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\");
    let named = ["https://out.example/", "http://files.local/"].iter().any(|named| location.starts_with(named));
    if own || named { Ok(()) } else { Err(location.to_owned()) }
}

#[test]
fn no_path_leads_to_a_host_that_no_rule_names() {
    let site = site();
    let rules = "/v1* /v2/:splat\n/old* /:splat\n/:a/in/* /:a/:splat\n/out/* https://out.example/:splat\n\
        /q/* https://out.example?:splat\n/own/* http://files.local/:splat\n/n/:x /:x 301\n";
    fs::write(site.path("one/_redirects"), rules).unwrap();
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    let mut dice = Dice::new(12);
    let starts = ["/v1", "/old", "/x/in/", "/out/", "/q/", "/own/", "/n/"];
    let parts =
        ["/", "//", "\\", "..", ".", "%2f", "%5c", "@", ":", "evil.test", "%2e%2e", "?", "//evil.test", "%09", ";"];
    let mut led = 0;
    let mut connection: Option<Connection> = None;
    for _ in 0..sized(500, 30_000) {
        let tail: String = (0..=dice.below(6)).map(|_| parts[dice.below(parts.len())]).collect();
        let path = format!("{}{tail}", starts[dice.below(starts.len())]);
        let mut open = connection.take().unwrap_or_else(|| nano.connect());
        open.send_get("files.local", &path).unwrap();
        let answer = open.receive().unwrap();
        if let Some(location) = answer.header("location") {
            led += 1;
            leads_right(location).unwrap_or_else(|location| panic!("{path} leads to {location}"));
        }
        connection = (!answer.closes()).then_some(open);
    }
    assert!(led > 100, "{led} of the paths led anywhere");
    bystander.noticed_nothing();
}

#[test]
fn a_path_as_it_was_written_turns_it_red() {
    for location in ["//evil.test", "/\\evil.test", "https://evil.test/", "https://out.example.evil.test/", "evil.test"]
    {
        assert!(leads_right(location).is_err(), "{location}");
    }
    assert!(leads_right("/evil.test").is_ok() && leads_right("https://out.example/@evil.test").is_ok());
}

/// What is wrong with this growth, if anything.
fn verdict(clients: usize, grown: u64) -> Result<(), String> {
    let allowed = BASE + EACH * u64::try_from(clients).unwrap();
    if grown <= allowed { Ok(()) } else { Err(format!("{clients} clients cost {grown} bytes, not {allowed}")) }
}

#[test]
fn rules_that_were_made_to_cost_much_cost_little() {
    let site = site();
    // As many paths as there may be, with as many names, none of which fits before the last byte.
    let names: String = (0..31).map(|at| format!(":n{at}-")).collect();
    let splats = ":splat".repeat(300);
    let dear: String = (0..99).map(|at| format!("/{names}*x{at}\n  X-{at}: {splats}\n")).collect();
    let headers = format!("{dear}/big/*\n  X-Big: {splats}\n");
    let shorter = ":splat".repeat(120);
    let redirects: String = (0..99).map(|at| format!("/{names}*y{at} /{shorter}\n")).collect();
    // The file as a whole has its bound too.
    let cut = |text: String| text.lines().take(90).map(|line| format!("{line}\n")).collect::<String>();
    fs::write(site.path("one/_headers"), format!("{}/big/*\n  X-Big: {splats}\n", cut(headers))).unwrap();
    fs::write(site.path("one/_redirects"), format!("/big/* /docs/ 200\n{}", cut(redirects))).unwrap();
    File::create(site.path("one/large.bin")).unwrap().set_len(16 << 20).unwrap();
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    let before = resident(nano.pid());
    // As long as so many rules let it be.
    let long = "-".repeat(1400);
    let many: String = (0..6000).map(|at| format!("{at}-{at},")).collect();
    let ranges = format!("Range: bytes={}-1\r\n", &many[..60_000.min(many.len() - 8)]);
    let count = sized(120, 1000);
    let mut clients = Vec::new();
    for number in 0..count {
        let mut client = nano.connect();
        let (path, headers) = match number % 4 {
            0 => (format!("/{long}"), ""),
            // A head as large as one may be.
            1 => (format!("/big/{}", &long[..300]), ""),
            2 => ("/large.bin".to_owned(), ""),
            _ => ("/large.bin".to_owned(), ranges.as_str()),
        };
        for _ in 0..5 {
            // They never read; some do not even let nano read all of it.
            let host = if number % 8 < 4 { "files.local" } else { "bound.local" };
            drop(client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").as_bytes()));
        }
        clients.push(client);
    }
    let served = bystander.served();
    until("that others are served meanwhile", || (bystander.served() >= served + sized(50, 300)).then_some(()));
    let grown = resident(nano.pid()).saturating_sub(before);
    verdict(count, grown).unwrap();
    let large = nano.get("files.local", &format!("/big/{}", &long[..300]));
    assert_eq!((large.status, large.header("x-big").map(str::len)), (200, Some(90_000)));
    assert_eq!(nano.get("files.local", &format!("/big/{long}")).status, 500);
    assert_eq!(nano.get("files.local", "/docs/").text(), "docs");
    drop(clients);
    bystander.noticed_nothing();
}

#[test]
fn heads_without_a_bound_turn_it_red() {
    assert_eq!(verdict(120, 120 * 300 * 1024), Ok(()));
    // A quarter of the clients, and the bytes that the rule makes of one path.
    assert!(verdict(120, 30 * 300 * 4000 * 90).is_err());
    assert!(verdict(15, 1 << 30).is_err());
}
