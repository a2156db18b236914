//! deploy/provision-v8: which source of the V8 library it chooses, and what it does with broken files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Finished, finish, repository, tool};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::TempDir;

const VERSION: &str = "7.7.7";

/// A gzip file of the text "library", made once by gzip.
const LIBRARY: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xc9, 0x4c, 0x2a, 0x4a, 0x2c, 0xaa, 0x04, 0x00,
    0xbc, 0x98, 0x80, 0xa1, 0x07, 0x00, 0x00, 0x00,
];

/// A checkout with nothing but what the script needs, a home without a cache, and a release page that does not answer.
struct Checkout {
    folder: TempDir,
    releases: String,
}

impl Checkout {
    fn new() -> Option<Self> {
        // These files stand in for the library by name only; nothing is linked.
        if host() != "x86_64-unknown-linux-gnu" || tool("python3").is_none() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("checkout/deploy")).unwrap();
        let script = "checkout/deploy/provision-v8";
        fs::copy(repository().join("deploy/provision-v8"), folder.path().join(script)).unwrap();
        let lock = format!("[[package]]\nname = \"v8\"\nversion = \"{VERSION}\"\nsource = \"x\"\n");
        fs::write(folder.path().join("checkout/Cargo.lock"), lock).unwrap();
        // A source build that is seen, and fails.
        let build = folder.path().join("checkout/deploy/build-v8");
        fs::write(&build, "#!/bin/sh\necho source build of $1 >&2\nexit 1\n").unwrap();
        finish(Command::new("chmod").arg("+x").arg(&build), "");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Some(Self { folder, releases: format!("http://{closed}") })
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn cache(&self) -> PathBuf {
        self.path(&format!("home/.cache/nano/v8/{VERSION}"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("checkout/deploy/provision-v8"));
        command.args(arguments).current_dir("/").env("HOME", self.path("home")).env("NANO_V8_RELEASES", &self.releases);
        // rustup finds its toolchain by the real home.
        let real = std::env::var("HOME").unwrap_or_default();
        for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
            command.env(name, std::env::var(name).unwrap_or(format!("{real}/{folder}")));
        }
        for name in
            ["XDG_CACHE_HOME", "RUSTY_V8_ARCHIVE", "RUSTY_V8_MIRROR", "V8_FROM_SOURCE", "http_proxy", "HTTP_PROXY"]
        {
            command.env_remove(name);
        }
        command
    }

    fn provision(&self) -> Finished {
        finish(&mut self.command(&[]), "")
    }

    fn planned(&self) -> String {
        finish(&mut self.command(&["--print"]), "").stdout.trim().to_owned()
    }

    /// Puts a library with right checksums into a folder.
    fn fill(&self, folder: &PathBuf) {
        fs::create_dir_all(folder).unwrap();
        for name in names() {
            fs::write(folder.join(&name), LIBRARY).unwrap();
        }
        let sums = finish(Command::new("sha256sum").args(names()).current_dir(folder), "");
        fs::write(folder.join("SHA256SUMS"), sums.stdout).unwrap();
    }

    fn packed(&self) -> PathBuf {
        self.path(&format!("checkout/deploy/v8/{VERSION}"))
    }

    /// Puts a library as the checkout keeps it into a folder.
    fn pack(&self, folder: &PathBuf) {
        fs::create_dir_all(folder).unwrap();
        let script = "import lzma, sys\nfor name in sys.argv[1:]: lzma.open(name, 'wb').write(b'packed')";
        let files = names().map(|name| format!("{}.xz", name.trim_end_matches(".gz")));
        let packed = finish(Command::new("python3").args(["-c", script]).args(&files).current_dir(folder), "");
        assert_eq!(packed.code, Some(0), "{packed:?}");
        let sums = finish(Command::new("sha256sum").args(&files).current_dir(folder), "");
        fs::write(folder.join("SHA256SUMS"), sums.stdout).unwrap();
    }

    /// The build would find what [`Self::pack`] packed.
    fn assert_unpacked(&self) {
        let library = self.path("checkout/.v8").join(&names()[0]);
        assert_eq!(finish(Command::new("gzip").arg("-dc").arg(&library), "").stdout, "packed");
        assert_eq!(fs::read_to_string(self.path("checkout/.v8").join(&names()[1])).unwrap(), "packed");
    }

    /// What the build would find: the library's bytes, by way of `.v8/`.
    fn provided(&self) -> Vec<Vec<u8>> {
        let found = names().into_iter().filter_map(|name| fs::read(self.path("checkout/.v8").join(name)).ok());
        found.collect()
    }
}

fn host() -> String {
    let version = finish(Command::new("rustc").arg("-vV"), "").stdout;
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn names() -> [String; 2] {
    ["librusty_v8_release_x86_64-unknown-linux-gnu.a.gz", "src_binding_release_x86_64-unknown-linux-gnu.rs"]
        .map(str::to_owned)
}

/// A release page: answers with `body`, or with less of it than it announces. Gives its address and what it was asked.
fn release_page(body: &'static [u8], sent: usize) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                request.push(byte[0]);
            }
            let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            drop(stream.write_all(head.as_bytes()));
            if line.starts_with("GET") {
                drop(stream.write_all(&body[..sent]));
            }
            record.lock().unwrap().push(line);
        }
    });
    (address, asked)
}

#[test]
fn what_the_environment_says_wins_and_nothing_is_touched() {
    let Some(checkout) = Checkout::new() else { return };
    checkout.fill(&checkout.path("shared/v8"));
    for name in ["RUSTY_V8_ARCHIVE", "RUSTY_V8_MIRROR", "V8_FROM_SOURCE"] {
        let answer = finish(checkout.command(&[]).env(name, "/somewhere"), "");
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert!(answer.stderr.contains(name));
        assert!(!checkout.path("checkout/.v8").exists());
    }
}

#[test]
fn the_checkout_s_own_library_comes_first_and_is_unpacked_once() {
    let Some(mut checkout) = Checkout::new() else { return };
    let (address, asked) = release_page(LIBRARY, LIBRARY.len());
    checkout.releases = address;
    checkout.fill(&checkout.path("shared/v8"));
    checkout.pack(&checkout.packed());
    assert_eq!(checkout.planned(), "checkout");
    let first = checkout.provision();
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stderr.contains("unpacking"), "{first:?}");
    checkout.assert_unpacked();
    let second = checkout.provision();
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""), "nothing left to do");
    // A damaged copy in the cache is made again.
    let copy = fs::canonicalize(checkout.path("checkout/.v8").join(&names()[0])).unwrap();
    fs::write(&copy, "damaged").unwrap();
    assert_eq!(checkout.provision().code, Some(0));
    checkout.assert_unpacked();
    assert_eq!(asked.lock().unwrap().len(), 0, "the network was not needed");
}

#[test]
fn a_library_in_the_checkout_that_is_damaged_or_of_another_version_is_passed_over() {
    let Some(checkout) = Checkout::new() else { return };
    checkout.fill(&checkout.path("shared/v8"));
    checkout.pack(&checkout.path("checkout/deploy/v8/1.2.3"));
    assert_eq!(checkout.planned(), "shared");
    checkout.pack(&checkout.packed());
    fs::write(checkout.packed().join("librusty_v8_release_x86_64-unknown-linux-gnu.a.xz"), "damaged").unwrap();
    let answer = checkout.provision();
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.stderr.contains("does not match its checksum"), "{answer:?}");
    assert_eq!(checkout.provided(), [LIBRARY, LIBRARY], "the shared folder's");
}

#[test]
fn the_shared_folder_comes_before_the_cache_and_the_cache_before_the_release_page() {
    let Some(mut checkout) = Checkout::new() else { return };
    let (address, asked) = release_page(LIBRARY, LIBRARY.len());
    checkout.releases = address;
    assert_eq!(checkout.planned(), "release");
    checkout.fill(&checkout.cache());
    assert_eq!(checkout.planned(), "cache");
    checkout.fill(&checkout.path("shared/v8"));
    assert_eq!(checkout.planned(), "shared");
    asked.lock().unwrap().clear();
    assert_eq!(checkout.provision().code, Some(0));
    assert_eq!(checkout.provided(), [LIBRARY, LIBRARY]);
    let link = fs::read_link(checkout.path("checkout/.v8").join(&names()[0])).unwrap();
    assert_eq!(link, checkout.path("shared/v8").canonicalize().unwrap().join(&names()[0]));
    assert_eq!(asked.lock().unwrap().len(), 0, "the network was not needed");
}

#[test]
fn what_the_shared_folder_gave_stays_in_the_cache() {
    let Some(checkout) = Checkout::new() else { return };
    checkout.fill(&checkout.path("shared/v8"));
    assert_eq!(checkout.provision().code, Some(0));
    fs::remove_dir_all(checkout.path("shared")).unwrap();
    assert_eq!(checkout.planned(), "cache");
    assert_eq!(checkout.provision().code, Some(0));
    assert_eq!(checkout.provided(), [LIBRARY, LIBRARY]);
}

#[test]
fn a_changed_or_half_written_file_is_never_used() {
    let Some(mut checkout) = Checkout::new() else { return };
    checkout.releases = release_page(LIBRARY, LIBRARY.len()).0;
    let shared = checkout.path("shared/v8");
    checkout.fill(&shared);
    fs::write(shared.join(&names()[0]), &LIBRARY[..10]).unwrap();
    checkout.fill(&checkout.cache());
    fs::write(checkout.cache().join(&names()[1]), "changed").unwrap();
    let answer = checkout.provision();
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.stderr.matches("does not match its checksum").count(), 2, "{answer:?}");
    assert_eq!(checkout.provided(), [LIBRARY, LIBRARY], "fetched anew");
    assert_eq!(fs::read(shared.join(&names()[0])).unwrap(), &LIBRARY[..10], "the shared folder is not ours to mend");
    // A file that SHA256SUMS does not list, and no SHA256SUMS at all.
    fs::remove_file(shared.join("SHA256SUMS")).unwrap();
    assert_eq!(checkout.planned(), "cache");
}

#[test]
fn a_shared_folder_of_another_version_is_passed_over() {
    let Some(checkout) = Checkout::new() else { return };
    let shared = checkout.path("shared/v8");
    checkout.fill(&shared);
    fs::write(shared.join("README.md"), "The crate v8 (1.2.3)").unwrap();
    assert_eq!(checkout.planned(), "source");
    fs::write(shared.join("README.md"), format!("The crate v8 ({VERSION})")).unwrap();
    assert_eq!(checkout.planned(), "shared");
}

#[test]
fn a_download_is_cached_and_a_broken_one_is_not() {
    let Some(mut checkout) = Checkout::new() else { return };
    // Broken off; whole by its length, but no gzip file; neither may be left behind.
    for (body, sent) in [(LIBRARY, 10), (&LIBRARY[..20], 20)] {
        checkout.releases = release_page(body, sent).0;
        let answer = checkout.provision();
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stderr.contains(&format!("source build of {VERSION}")), "the next way is tried: {answer:?}");
        assert!(answer.stderr.contains("80 minutes"), "{answer:?}");
        assert!(checkout.provided().is_empty());
        assert!(!checkout.cache().join(&names()[0]).exists());
    }
    let (address, asked) = release_page(LIBRARY, LIBRARY.len());
    checkout.releases = address;
    assert_eq!(checkout.provision().code, Some(0));
    assert_eq!(checkout.provided(), [LIBRARY, LIBRARY]);
    let expected: Vec<_> = names().iter().map(|name| format!("GET /v{VERSION}/{name} HTTP/1.1")).collect();
    assert_eq!(asked.lock().unwrap()[1..], expected);
    // A second checkout's turn: no request.
    asked.lock().unwrap().clear();
    fs::remove_dir_all(checkout.path("checkout/.v8")).unwrap();
    assert_eq!(checkout.provision().code, Some(0));
    assert_eq!(checkout.provided(), [LIBRARY, LIBRARY]);
    assert_eq!(asked.lock().unwrap().len(), 0);
}

#[test]
fn leftovers_of_an_older_version_go() {
    let Some(checkout) = Checkout::new() else { return };
    fs::create_dir_all(checkout.path("checkout/.v8/v1.2.3")).unwrap();
    fs::write(checkout.path("checkout/.v8/old.a.gz"), "old").unwrap();
    checkout.fill(&checkout.path("shared/v8"));
    assert_eq!(checkout.provision().code, Some(0));
    let mut left: Vec<_> =
        fs::read_dir(checkout.path("checkout/.v8")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["SHA256SUMS", &names()[0], &names()[1]]);
}

#[test]
fn wrong_usage_and_missing_parts_are_told() {
    let Some(checkout) = Checkout::new() else { return };
    assert_eq!(finish(&mut checkout.command(&["--nonsense"]), "").code, Some(2));
    assert_eq!(finish(&mut checkout.command(&["--help"]), "").code, Some(0));
    fs::write(checkout.path("checkout/Cargo.lock"), "").unwrap();
    let answer = checkout.provision();
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("names no package v8"), "{answer:?}");
}
