//! Keys that a reload cannot take over are named as they are written.

use nano_test::Site;
use serde_json::json;

#[test]
fn a_changed_port_is_called_so() {
    let site = Site::new();
    site.app("a", super::APP);
    let config = |port: u16, metrics: &str| json!({ "port": port, "metrics": metrics, "apps": [super::app("a")] });
    let port = std::net::TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    site.config(config(port, "127.0.0.1:0"));
    let nano = site.serve();
    let refusal = |config| {
        site.config(config);
        let answer = nano.ctl(&["reload"]);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        answer.stderr
    };
    let line = |key: &str| {
        let text = std::fs::read_to_string(site.config_path()).unwrap();
        text.lines().position(|line| line.contains(key)).unwrap() + 1
    };
    let said = refusal(config(port - 1, "127.0.0.1:0"));
    assert!(
        said.contains(&format!("nano.json:{}:3: port changed: that takes effect at a restart", line("port"))),
        "{said}"
    );
    let said = refusal(config(port - 1, "off"));
    assert!(
        said.contains(&format!("nano.json:{}:3: port, nano.json:{}:3: metrics changed", line("port"), line("metrics"))),
        "{said}"
    );
    let said = refusal(json!({ "listen": ["127.0.0.1:0"], "apps": [super::app("a")] }));
    assert!(said.contains(&format!("nano.json:{}:3: listen changed", line("listen"))), "{said}");
    assert_eq!(nano.get("a.local", "/").text(), "hello");
}
