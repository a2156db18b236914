//! `nanoctl` and the control socket.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::nano::{Nano, Site, eventually, is_alive, text};

fn serve() -> Nano {
    let site = Site::new();
    site.app("a", "respond x\nlog from a").app("b", "respond y\nlog from b");
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\", \"workers\": 2", "\"hostname\": \"b\", \"path\": \"b\""]);
    site.serve()
}

#[test]
fn nobody_at_the_socket_ends_with_3() {
    let site = Site::new();
    for arguments in [&["status"][..], &["reload"], &["logs", "-f"], &["--json", "apps"]] {
        let output = site.run("nanoctl", arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(text(&output.stderr).contains("no nano answers at"), "{}", text(&output.stderr));
    }
    let output = site.run("nanoctl", &["version"]);
    assert!(output.status.success() && text(&output.stdout).contains("nano is not running"));
}

#[test]
fn tables_and_json() {
    let nano = serve();
    let mode = fs::metadata(nano.site.path("run/control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let status = nano.ask(&["status"]);
    assert_eq!((&status["phase"], status["apps"].as_u64(), &status["v8"]), (&"ready".into(), Some(2), &"0.0.0".into()));
    assert_eq!(status["workers"]["ready"], 3);
    let table = text(&nano.nanoctl(&["apps"]).stdout);
    assert!(table.starts_with("APP ") && table.lines().count() == 4, "{table}");
    for pid in [nano.pids("a"), nano.pids("b")].concat() {
        assert!(is_alive(pid) && table.contains(&pid.to_string()), "{pid} in\n{table}");
    }
    assert!(text(&nano.nanoctl(&["status"]).stdout).contains("3 ready"));
    assert!(text(&nano.nanoctl(&["metrics"]).stdout).contains("nano_workers{app=\"a\",state=\"ready\"} 2"));
    assert!(text(&nano.nanoctl(&["version"]).stdout).contains("(V8 0.0.0)"));
    let socket = nano.site.path("run/control.sock");
    let output =
        nano.site.command("nanoctl").env_remove("NANO_CONTROL_SOCKET").arg("--socket").arg(socket).arg("apps").output();
    assert!(output.unwrap().status.success());
}

#[test]
fn restart_replaces_the_workers_of_one_app() {
    let nano = serve();
    let (a, b) = (nano.pids("a"), nano.pids("b"));
    assert!(nano.nanoctl(&["restart", "a"]).status.success());
    assert!(nano.pids("a").iter().all(|pid| !a.contains(pid)) && nano.pids("b") == b);
    eventually("the old ones go", || a.iter().all(|pid| !is_alive(*pid)));
    nano.await_metric("nano_worker_exits_total{app=\"a\",reason=\"restart\"}", 2.0);
    assert_eq!(nano.metric("nano_config_reloads_total{result=\"success\"}"), Some(0.0));
    for name in ["c", "../a", ""] {
        let output = nano.nanoctl(&["restart", name]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("there is no app"), "{}", text(&output.stderr));
    }
}

#[test]
fn drain_ends_it() {
    let mut nano = serve();
    let output = nano.nanoctl(&["drain"]);
    assert!(output.status.success() && text(&output.stdout).starts_with("drained in"), "{}", text(&output.stderr));
    assert_eq!(nano.wait().code(), Some(0));
}

#[test]
fn logs_of_one_app_and_those_to_come() {
    let nano = serve();
    let all = text(&nano.nanoctl(&["logs"]).stdout);
    assert!(all.contains("from a") && all.contains("from b") && all.contains("listening"), "{all}");
    let own = text(&nano.nanoctl(&["--json", "logs", "a"]).stdout);
    assert!(own.contains("from a") && !own.contains("from b"), "{own}");
    assert!(own.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["app"] == "a"));
    assert_eq!(nano.nanoctl(&["logs", "c"]).status.code(), Some(1));

    let mut follower = nano.site.command("nanoctl").args(["logs", "-f", "b"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("from b")));
    nano.ask(&["restart", "b"]);
    assert!(lines.any(|line| line.unwrap().contains("from b")));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn plain_http_works_too() {
    let nano = serve();
    let ask = |head: &str| {
        let mut stream = UnixStream::connect(nano.site.path("run/control.sock")).unwrap();
        write!(stream, "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(
        ask("GET /apps").starts_with("HTTP/1.1 200 ")
            && ask("GET /apps").contains("\r\ncontent-type: application/json\r\n")
    );
    assert!(ask("GET /nothing").starts_with("HTTP/1.1 404 "));
    assert!(ask("GET /reload").starts_with("HTTP/1.1 405 "));
    assert!(ask("POST /reload?dry_run=1").starts_with("HTTP/1.1 400 "));
    assert!(ask("POST /reload").starts_with("HTTP/1.1 200 "));
    assert!(ask("GET /reload/plan").contains("\"dry_run\":true"));
    assert!(ask("POST /apps/c/restart").starts_with("HTTP/1.1 404 "));
    assert!(ask("GET /logs?app=a&fallow=1").starts_with("HTTP/1.1 400 "));
}
