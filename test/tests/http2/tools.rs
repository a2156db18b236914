//! Clients that people use: curl, nghttp2's h2load.

use crate::serve;
use nano_test::{finish, tool};
use std::process::Command;

#[test]
fn curl_speaks_it_with_prior_knowledge() {
    let (site, nano) = serve();
    let Some(curl) = tool("curl") else { return };
    let body: String = "x".repeat(1_000_000);
    site.file("body", &body);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&curl);
        command.args([
            "-sS",
            "--max-time",
            "60",
            "--http2-prior-knowledge",
            "--connect-to",
            &format!("::{}", nano.address),
        ]);
        finish(command.args(arguments), "")
    };
    let got = run(&["-w", " %{http_version} %{http_code}", "http://a.example/?x"]);
    assert!(
        got.code == Some(0) && got.stdout.contains("http://a.example/?x") && got.stdout.ends_with(" 2 200"),
        "{got:?}"
    );
    // curl waits for a `100 Continue` for a second at most, and none comes.
    let path = site.path("body");
    let got =
        run(&["-H", "expect: 100-continue", "--data-binary", &format!("@{}", path.display()), "http://a.example/echo"]);
    assert!(got.code == Some(0) && got.stdout == body, "{:?}", got.stdout.len());
    let got = run(&["-I", "-w", "%{http_code}", "http://a.example/pieces?n=3"]);
    assert!(got.stdout.ends_with("200"), "{got:?}");
    let got = run(&["http://a.example/pieces?n=9&cut"]);
    assert!(got.code == Some(92) && got.stdout.len() == 9 * 16384, "{:?} {}", got.code, got.stdout.len());
}

#[test]
fn h2load_with_a_hundred_streams_on_each_connection_loses_nothing() {
    let (_site, nano) = serve();
    let Some(h2load) = tool("h2load") else { return };
    let mut command = Command::new(h2load);
    command.args(["-n", "5000", "-c", "5", "-m", "100", "-H", ":authority: a.example"]);
    let got = finish(command.arg(format!("http://{}/", nano.address)), "");
    let text = &got.stdout;
    assert!(text.contains("5000 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
    assert!(text.contains("status codes: 5000 2xx"), "{text}");
}
