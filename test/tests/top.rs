//! `nanoctl top`: at a terminal, and one interval for scripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use nano_test::{Nano, Site, app_path, binary, tool, until};
use serde_json::json;

fn serve() -> (Site, Nano) {
    let site = Site::new();
    let app = |name: &str| json!({ "name": name, "hostname": format!("{name}.local"), "path": app_path("faults") });
    site.apps(json!([app("busy"), app("quiet")]));
    let nano = site.serve();
    (site, nano)
}

#[test]
fn one_interval_for_scripts() {
    let (_site, nano) = serve();
    let load = nano.load("busy.local", "/hello");
    until("load", || (load.served() > 50).then_some(()));
    let top = nano.ctl_json(&["top", "--interval", "0.5"]);
    let apps = top["apps"].as_array().unwrap();
    let of = |name: &str| apps.iter().find(|app| app["name"] == name).unwrap();
    assert!(of("busy")["requests_per_second"].as_f64().unwrap() > 0.0, "{top}");
    assert!(of("busy")["p50_ms"].as_f64().unwrap() <= of("busy")["p99_ms"].as_f64().unwrap(), "{top}");
    assert!(of("busy")["memory_bytes"].as_u64().unwrap() > 1 << 20, "{top}");
    assert_eq!((&of("quiet")["requests_per_second"], &of("quiet")["p50_ms"]), (&json!(0.0), &json!(null)));
    assert!(top["interval_ms"].as_u64().unwrap() >= 500, "{top}");
    assert_eq!(load.stop().failures, Vec::<String>::new());
    // The output of a test is no terminal.
    let table = nano.ctl(&["top", "--interval", "0.1"]);
    assert!(table.code == Some(0) && table.stdout.starts_with("APP") && table.stdout.contains("quiet"), "{table:?}");
    assert_eq!(nano.ctl(&["top", "--interval", "0"]).code, Some(2));
}

#[test]
fn at_a_terminal_it_lives_until_q_and_leaves_the_terminal_as_it_was() {
    let (site, _nano) = serve();
    let Some(script) = tool("script") else { return };
    let line = format!(
        "stty cols 80 rows 24; {} --socket control.sock top --interval 0.2; echo \"code $?\"; stty -a",
        binary("nanoctl").display()
    );
    let mut command = Command::new(script);
    command.args(["-q", "-e", "-c", &line, "/dev/null"]).current_dir(site.folder()).env("TERM", "xterm-256color");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keys, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let screen = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&screen);
    let reader = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = output.read(&mut bytes) {
            shown.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    });
    let sees =
        |text: &str| until(&format!("{text:?} on the screen"), || screen.lock().unwrap().contains(text).then_some(()));
    sees("\u{1b}[?1049h");
    sees("quiet");
    // Only cells that change are drawn: this replaces the whole line.
    keys.write_all(b"/").unwrap();
    sees("Esc: all");
    // Within the word it is a letter; Enter ends the word.
    keys.write_all(b"q\r").unwrap();
    keys.write_all(b"q").unwrap();
    sees("code 0");
    sees("\u{1b}[?1049l");
    until("its end", || child.try_wait().unwrap());
    drop(keys);
    reader.join().unwrap();
    let settings = screen.lock().unwrap().split("code 0").last().unwrap().to_owned();
    assert!(settings.contains(" icanon") && settings.contains(" echo "), "{settings}");
}
