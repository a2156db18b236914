//! A real Prometheus that scrapes a nano every 200 ms with the files that ship.

use crate::http::exchange;
use crate::programs::{repository, tool};
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

/// It ends with this value.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one; `None` where it is not installed.
    #[must_use]
    pub fn scraping(target: SocketAddr) -> Option<Self> {
        let program = tool("prometheus")?;
        let folder = tempfile::tempdir().unwrap();
        // The project's own scrape file and rules, with the address and pace of this test.
        let deploy = repository().join("deploy/prometheus");
        let config = std::fs::read_to_string(deploy.join("nano.yml")).unwrap();
        assert!(config.contains("127.0.0.1:9464") && config.contains("15s"));
        let config = config.replace("127.0.0.1:9464", &target.to_string()).replace("15s", "200ms");
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        std::fs::copy(deploy.join("nano.rules.yml"), folder.path().join("nano.rules.yml")).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(program)
            .current_dir(folder.path())
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, address, _folder: folder })
    }

    /// The samples of an instant query; none while it is still starting.
    #[must_use]
    pub fn query(&self, query: &str) -> Vec<Value> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let request =
            format!("GET /api/v1/query?query={escaped} HTTP/1.1\r\nHost: prometheus\r\nConnection: close\r\n\r\n");
        match exchange(self.address, request.as_bytes()) {
            Ok(response) if response.status == 200 => {
                response.json()["data"]["result"].as_array().cloned().unwrap_or_default()
            }
            Ok(response) if response.status == 400 => panic!("{query}: {}", response.text()),
            _ => Vec::new(),
        }
    }

    /// Value by app of an instant query.
    #[must_use]
    pub fn by_app(&self, query: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let samples = self.query(query);
        let mut found: Vec<_> =
            samples.iter().map(|sample| (text(&sample["metric"]["app"]), text(&sample["value"][1]))).collect();
        found.sort();
        found
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
