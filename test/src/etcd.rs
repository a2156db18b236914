//! A real etcd of one member or of three, on ports of its own.

use crate::programs::{Finished, binary, finish, tool};
use crate::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Ends with this value.
pub struct Etcd {
    program: PathBuf,
    data: TempDir,
    client: u16,
    peer: u16,
    name: String,
    /// Names and peers' addresses of all members.
    cluster: String,
    /// Whether clients need a certificate; those of [`Self::certificates`] have one.
    tls: bool,
    child: Option<Child>,
}

/// Two ports that nothing listens on now.
fn free_ports() -> (u16, u16) {
    let [one, other] = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

impl Etcd {
    /// Starts one. `None` after a note on stderr where it is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_alone(false)
    }

    /// Starts one that is asked over TLS, by clients that have certificates. `None` after a note on stderr where it is not
    /// installed.
    #[must_use]
    pub fn start_with_tls() -> Option<Self> {
        Self::start_alone(true)
    }

    fn start_alone(tls: bool) -> Option<Self> {
        let program = tool("etcd")?;
        loop {
            let (client, peer) = free_ports();
            let data = tempfile::Builder::new().prefix("nano-etcd-").tempdir().unwrap();
            let (name, cluster) = ("default".to_owned(), format!("default=http://127.0.0.1:{peer}"));
            if tls {
                certify(data.path());
            }
            let mut etcd = Self { program: program.clone(), data, client, peer, name, cluster, tls, child: None };
            // Another test may have taken a port meanwhile.
            if etcd.resume() {
                return Some(etcd);
            }
        }
    }

    /// Starts three members of one etcd. `None` after a note on stderr where it is not installed.
    #[must_use]
    pub fn start_three() -> Option<Vec<Self>> {
        let program = tool("etcd")?;
        loop {
            let ports = [free_ports(), free_ports(), free_ports()];
            let peers = ports.iter().enumerate().map(|(at, (_, peer))| format!("m{at}=http://127.0.0.1:{peer}"));
            let cluster = peers.collect::<Vec<_>>().join(",");
            let member = |(at, (client, peer)): (usize, (u16, u16))| {
                let data = tempfile::Builder::new().prefix("nano-etcd-").tempdir().unwrap();
                let (program, cluster) = (program.clone(), cluster.clone());
                Self { program, data, client, peer, name: format!("m{at}"), cluster, tls: false, child: None }
            };
            let mut members: Vec<Self> = ports.into_iter().enumerate().map(member).collect();
            members.iter_mut().for_each(Self::spawn);
            // Another test may have taken a port meanwhile.
            if members.iter_mut().all(Self::answers) {
                return Some(members);
            }
        }
    }

    /// Starts it again with its data; false if it ended.
    pub fn resume(&mut self) -> bool {
        self.spawn();
        self.answers()
    }

    fn spawn(&mut self) {
        let (client, peer) = (self.endpoint(), format!("http://127.0.0.1:{}", self.peer));
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(self.data.path().join("data")).args(["--listen-client-urls", &client]);
        if self.tls {
            let file = |name: &str| self.data.path().join(name);
            command.arg("--cert-file").arg(file("server.pem")).arg("--key-file").arg(file("server.key"));
            command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(file("ca.pem"));
        }
        command.args(["--advertise-client-urls", &client, "--listen-peer-urls", &peer]);
        command.args([
            "--initial-advertise-peer-urls",
            &peer,
            "--initial-cluster",
            &self.cluster,
            "--name",
            &self.name,
        ]);
        command.args(["--heartbeat-interval", "200", "--election-timeout", "2000"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
    }

    /// Whether it answers by and by; false if it ended.
    fn answers(&mut self) -> bool {
        until("etcd", || {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                return Some(false);
            }
            let listens = TcpStream::connect(("127.0.0.1", self.client)).is_ok();
            (listens && self.ctl(&["get", "nothing"], "").code == Some(0)).then_some(true)
        })
    }

    /// Where it answers.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http{}://127.0.0.1:{}", if self.tls { "s" } else { "" }, self.client)
    }

    /// Where `ca.pem`, and `client.pem` and `client.key`, are; `stranger.pem` is of another authority.
    #[must_use]
    pub fn certificates(&self) -> &Path {
        self.data.path()
    }

    /// What a client says to be let in, in etcdctl's and nanoctl's spelling.
    fn credentials(&self, ca: &str) -> Vec<String> {
        let file = |name: &str| self.data.path().join(name).display().to_string();
        if !self.tls {
            return Vec::new();
        }
        vec![
            ca.to_owned(),
            file("ca.pem"),
            "--cert".to_owned(),
            file("client.pem"),
            "--key".to_owned(),
            file("client.key"),
        ]
    }

    /// Whether it was started and not killed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Whether it leads the members.
    #[must_use]
    pub fn leads(&self) -> bool {
        let status = self.ctl(&["endpoint", "status", "-w", "json"], "").stdout;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_default();
        let own = &status[0]["Status"];
        own["leader"].is_u64() && own["leader"] == own["header"]["member_id"]
    }

    /// Kills it; its data stay.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.as_ref().unwrap().id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// `etcdctl`, with what it reads.
    pub fn ctl(&self, arguments: &[&str], input: &str) -> Finished {
        let program = tool("etcdctl").expect("etcdctl comes with etcd");
        let mut command = Command::new(program);
        command.env("ETCDCTL_API", "3").args(["--endpoints", &self.endpoint()]);
        command.args(self.credentials("--cacert")).args(arguments);
        finish(&mut command, input)
    }

    /// Sets a key.
    pub fn put(&self, key: &str, value: &str) {
        // The value comes by standard input: it may be large.
        let done = self.ctl(&["put", key], value);
        assert_eq!(done.code, Some(0), "{done:?}");
    }

    /// `nanoctl` against it, without a nano.
    pub fn nanoctl(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(binary("nanoctl"));
        command.args(arguments).args(["--endpoints", &self.endpoint()]).args(self.credentials("--ca"));
        finish(&mut command, "")
    }

    /// Deploys a directory.
    pub fn deploy(&self, directory: &Path, app: &str, more: &[&str]) -> Finished {
        self.nanoctl(&[&["deploy", directory.to_str().unwrap(), "--app", app], more].concat())
    }
}

/// Writes an authority, and what it has signed for a server on this machine and for a client.
fn certify(folder: &Path) {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let own = authority("the fleet's");
    let stranger = authority("another");
    fs::write(folder.join("ca.pem"), own.pem()).unwrap();
    for (name, address, authority) in
        [("server", "127.0.0.1", &own), ("client", "client.local", &own), ("stranger", "client.local", &stranger)]
    {
        let mut params = CertificateParams::new(vec![address.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        fs::write(folder.join(format!("{name}.pem")), params.signed_by(&key, authority).unwrap().pem()).unwrap();
        fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
