//! Pebble, the test server of Let's Encrypt, with a DNS server that finds every name here, and doors by which it comes to
//! the nano under test.

use crate::door::Door;
use nano_test::{Finished, Log, Site, finish, tool, until};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How it is to behave.
#[derive(Default)]
pub(crate) struct Rules<'r> {
    /// How long certificates live, in seconds; 0: for years.
    pub(crate) life: u64,
    /// Names that it refuses.
    pub(crate) blocked: &'r [&'r str],
    /// Percents of good nonces that it refuses.
    pub(crate) bad_nonces: u32,
}

/// Ends with this value.
pub(crate) struct Pebble {
    folder: TempDir,
    children: Vec<Child>,
    port: u16,
    management: u16,
    log: Log,
    /// Its way to port 80, and to port 443.
    pub(crate) http: Door,
    pub(crate) tls: Door,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The certificates that those who trust the directory's server trust, at `folder/ca.pem`.
pub(crate) fn authority(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "nano's tests of ACME");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
    for (name, text) in [("ca.pem", ca.pem()), ("own.pem", own.pem()), ("own.key", key.serialize_pem())] {
        fs::write(folder.join(name), text).unwrap();
    }
}

impl Pebble {
    /// `None` after a note on stderr where it is not installed.
    pub(crate) fn start(rules: &Rules<'_>) -> Option<Self> {
        let (program, resolver) = (tool("pebble")?, tool("pebble-challtestsrv")?);
        let (http, tls) = (Door::new(), Door::new());
        loop {
            let folder = tempfile::Builder::new().prefix("nano-pebble-").tempdir().unwrap();
            authority(folder.path());
            let [port, management, dns, dns_management] = [0; 4].map(|_| free_port());
            let path = |name: &str| folder.path().join(name).display().to_string();
            let config = json!({ "pebble": {
                "listenAddress": format!("127.0.0.1:{port}"),
                "managementListenAddress": format!("127.0.0.1:{management}"),
                "certificate": path("own.pem"),
                "privateKey": path("own.key"),
                "httpPort": http.port(),
                "tlsPort": tls.port(),
                "ocspResponderURL": "",
                "externalAccountBindingRequired": false,
                "domainBlocklist": rules.blocked,
                "certificateValidityPeriod": if rules.life == 0 { 157_766_400 } else { rules.life },
            }});
            fs::write(folder.path().join("pebble.json"), config.to_string()).unwrap();
            let dns = format!("127.0.0.1:{dns}");
            let mut names = Command::new(&resolver);
            names.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", &dns, "-defaultIPv6", ""]);
            names.args(["-management", &format!("127.0.0.1:{dns_management}")]);
            let names = names.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let mut command = Command::new(&program);
            command.args(["-config", &path("pebble.json"), "-dnsserver", &dns]);
            command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_AUTHZREUSE", "0");
            command.env("PEBBLE_WFE_NONCEREJECT", rules.bad_nonces.to_string());
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let log = Log::collect(child.stdout.take().unwrap());
            let mut pebble = Self {
                folder,
                children: vec![child, names],
                port,
                management,
                log,
                http: http.clone(),
                tls: tls.clone(),
            };
            // Another test may have taken a port meanwhile.
            if pebble.answers() {
                return Some(pebble);
            }
        }
    }

    fn answers(&mut self) -> bool {
        until("pebble", || {
            if self.children.iter_mut().any(|child| child.try_wait().unwrap().is_some()) {
                return Some(false);
            }
            (self.curl(&self.directory()).code == Some(0)).then_some(true)
        })
    }

    fn curl(&self, url: &str) -> Finished {
        let program = tool("curl").expect("curl");
        finish(Command::new(program).args(["-sS", "--max-time", "20", "--cacert"]).arg(self.roots()).arg(url), "")
    }

    /// The URL of the directory.
    pub(crate) fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// What trusts its server.
    pub(crate) fn roots(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The root of the certificates that it issues.
    pub(crate) fn root(&self) -> CertificateDer<'static> {
        let answer = self.curl(&format!("https://127.0.0.1:{}/roots/0", self.management));
        CertificateDer::from_pem_slice(answer.stdout.as_bytes()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }

    /// How many orders were made.
    pub(crate) fn orders(&self) -> usize {
        self.log.count("POST /order-plz")
    }

    /// How many accounts were made.
    pub(crate) fn accounts(&self) -> usize {
        self.log.count("POST /sign-me-up")
    }

    /// `tls.acme` with it.
    pub(crate) fn acme(&self) -> Value {
        json!({ "directory": self.directory(), "email": "admin@a.example", "storage": "acme", "agree": true })
    }

    /// `nano serve` that trusts its server.
    pub(crate) fn command(&self, site: &Site) -> Command {
        let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
        command.env("SSL_CERT_FILE", self.roots());
        command
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of pebble ---\n{}\n--- end ---", self.log.lines().join("\n"));
        }
        for child in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
