//! Native code in a worker's place: behind the very same sandbox it tries what an engine bug would let it try, one
//! process for each attempt. What it gets stands in `table.md`. With one layer after the other taken away it gets more.
//!
//! `NANO_UPDATE_TABLE=1` writes the table anew. Without root, the columns that need it are left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_lossless,
    clippy::print_stdout,
    reason = "a test"
)]

mod attempts;

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use nano_protocol::SandboxLayer;
use nano_worker::sandbox::{self, Layers, SandboxArgs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use attempts::{ATTEMPTS, Target};

/// A user that no other process has.
const USER: u32 = 60_999;

/// The environment variable that makes the attacker a spare first, which is given to its app when its threads are there.
const ADOPTED: &str = "ADOPTED";

/// What a neighbour of the same user looks for in a worker's memory.
static SECRET: [u8; 16] = *b"a tenant's key 1";

/// A worker's sandbox with fewer and fewer layers.
#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    /// It has namespaces of its own, as the spawner makes them.
    namespaces: bool,
    /// It leaves all files behind.
    empty_root: bool,
    root: bool,
    /// It was started before it was known for which app.
    spare: bool,
    layers: Layers,
}

const NOTHING: Layers = Layers {
    capabilities: false,
    no_new_privs: false,
    undumpable: false,
    rlimits: false,
    landlock: false,
    seccomp: false,
};

const ALL: World =
    World { name: "all layers", namespaces: true, empty_root: true, root: false, spare: false, layers: Layers::ALL };
const NO_SECCOMP: World = World { name: "− seccomp", layers: Layers { seccomp: false, ..Layers::ALL }, ..ALL };
const NO_LANDLOCK: World =
    World { name: "− landlock", layers: Layers { landlock: false, ..NO_SECCOMP.layers }, ..NO_SECCOMP };
const NO_EMPTY_ROOT: World = World { name: "− root", empty_root: false, ..NO_LANDLOCK };
const NO_NAMESPACES: World = World { name: "− namespaces", namespaces: false, ..NO_EMPTY_ROOT };
const NO_RLIMITS: World =
    World { name: "− rlimits", layers: Layers { no_new_privs: true, undumpable: true, ..NOTHING }, ..NO_NAMESPACES };
const NO_UNDUMPABLE: World =
    World { name: "− undumpable", layers: Layers { no_new_privs: true, ..NOTHING }, ..NO_NAMESPACES };
const NO_NO_NEW_PRIVS: World = World { name: "− no_new_privs", layers: NOTHING, ..NO_NAMESPACES };
const NO_UID: World =
    World { name: "− uid", root: true, layers: Layers { capabilities: true, ..NOTHING }, ..NO_NAMESPACES };
const NO_CAPABILITIES: World = World { name: "− capabilities", layers: NOTHING, ..NO_UID };

/// Each has one layer less than the one before. Those that come later hide behind those that came before: without the
/// system call filter one sees what Landlock is for.
const WORLDS: &[World] = &[
    ALL,
    NO_SECCOMP,
    NO_LANDLOCK,
    NO_EMPTY_ROOT,
    NO_NAMESPACES,
    NO_RLIMITS,
    NO_UNDUMPABLE,
    NO_NO_NEW_PRIVS,
    NO_UID,
    NO_CAPABILITIES,
];

/// What a layer is for, at least: the attempt gets through once the layer is gone. As in [`WORLDS`].
const PURPOSES: &[(&str, &str)] = &[
    ("− seccomp", "TCP socket"),
    ("− landlock", "open a directory"),
    ("− root", "open /etc/passwd"),
    ("− namespaces", "kill another"),
    ("− rlimits", "300 descriptors"),
    ("− undumpable", NEIGHBOUR),
    ("− no_new_privs", "execve a program of root"),
    ("− uid", "open a file of root"),
    ("− capabilities", "chroot"),
];

/// An attempt from outside.
const NEIGHBOUR: &str = "be read by another process of its user";

/// One on another thread, which was there before the filter.
const OTHER_THREAD: &str = "open /etc/passwd on another thread";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &arguments[1..] {
        ["attack", world, name, rest @ ..] => attack(world, name, rest),
        ["victim"] => wait_for_death(),
        ["spy", process, address] => spy(process.parse().unwrap(), address.parse().unwrap()),
        // By a file of root's with the set-user-id bit.
        [] if env::args().next().is_some_and(|name| name.ends_with("/root-program")) => {
            return if geteuid().is_root() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        _ => {
            let trials = vec![
                Trial::test("native_attacker::a_sandboxed_attacker_gets_what_the_table_says", compare_with_the_table),
                Trial::test("native_attacker::one_that_was_a_spare_gets_the_same", be_adopted),
                Trial::test("native_attacker::each_layer_that_is_taken_away_lets_more_through", take_layers_away),
            ];
            return libtest_mimic::run(&Arguments::from_args(), trials).exit_code();
        }
    }
    ExitCode::SUCCESS
}

/// Does what a worker does before its app comes, then makes the attempt.
fn attack(world: &str, name: &str, rest: &[&str]) {
    let world = WORLDS.iter().find(|each| each.name == world).unwrap();
    let [victim, folder, port, abstract_name] = rest else { panic!("{rest:?}") };
    let root = geteuid().is_root();
    let adopted = env::var_os(ADOPTED).is_some();
    let sandbox_args = if env::var_os("NAMESPACES").is_some() {
        // In a new user namespace nobody has a name, whoever made it: the harness says.
        let outside = env::var("OUTSIDE").ok().map(|uid| uid.parse().unwrap());
        SandboxArgs {
            identity: outside.map(|uid| (uid, uid)),
            empty_root: world.empty_root,
            user: (root && outside.is_none() && !adopted).then_some(USER),
            spare: adopted,
        }
    } else {
        SandboxArgs::default()
    };
    let entered = sandbox::enter(world.layers, sandbox_args);
    let target = Target {
        victim: victim.parse().unwrap(),
        file: format!("{folder}/public/file\0"),
        directory: format!("{folder}/public/directory\0"),
        root_file: format!("{folder}/root-file\0"),
        root_program: format!("{folder}/root-program\0"),
        port: port.parse().unwrap(),
        abstract_name: (*abstract_name).to_owned(),
    };
    // A worker has other threads when the filter comes; it holds for them, too.
    let (send, orders) = mpsc::channel::<()>();
    let (answer, answers) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        orders.recv().unwrap();
        let opened = File::open("/etc/passwd").map(|_| ());
        answer.send(opened.map_err(|error| nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0)))).unwrap();
    });
    let mut closed = entered.close();
    if adopted {
        closed.adopt(root.then_some(USER)).unwrap();
    }
    let reports = closed.finish();
    let is_given_up = |layer| reports.iter().any(|report| report.layer == layer);
    assert!(!(adopted && root) || [SandboxLayer::Uid, SandboxLayer::Capabilities].into_iter().all(is_given_up));
    for report in reports {
        assert!(report.active, "{report:?}");
    }
    println!("attacking");
    let outcome = match name {
        NEIGHBOUR => {
            println!("{}", SECRET.as_ptr() as i64);
            wait_for_death();
            Ok(())
        }
        OTHER_THREAD => {
            send.send(()).unwrap();
            let outcome = answers.recv().unwrap();
            thread.join().unwrap();
            outcome
        }
        _ => ATTEMPTS.iter().find(|each| each.0 == name).unwrap().1(&target).map(|_| ()),
    };
    match outcome {
        Ok(()) => println!("ok"),
        Err(errno) => println!("{errno:?}"),
    }
}

fn wait_for_death() {
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

/// A process that is not sandboxed, of the same user.
fn spy(process: i64, address: i64) {
    match attempts::read_memory(process, address, SECRET.len()) {
        Ok(memory) => println!("{}", if memory == SECRET { "ok" } else { "something else" }),
        Err(errno) => println!("{errno:?}"),
    }
}

/// Files and processes to aim at.
struct Range {
    folder: tempfile::TempDir,
    program: PathBuf,
    listener: TcpListener,
    _abstract_listener: UnixListener,
    abstract_name: String,
}

impl Range {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let set = |path: &Path, mode: u32| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        set(folder.path(), 0o755);
        // Where cargo puts it, another user may not be allowed to look.
        let program = folder.path().join("attacker");
        fs::copy(env::current_exe().unwrap(), &program).unwrap();
        set(&program, 0o755);
        let root_program = folder.path().join("root-program");
        fs::copy(&program, &root_program).unwrap();
        set(&root_program, 0o4755);
        fs::write(folder.path().join("root-file"), "").unwrap();
        set(&folder.path().join("root-file"), 0o600);
        let abstract_name = format!("nano{}", folder.path().display());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let abstract_listener = UnixListener::bind_addr(&address).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { folder, program, listener, _abstract_listener: abstract_listener, abstract_name }
    }

    fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = if world.namespaces { unshare() } else { Command::new(&self.program) };
        if world.namespaces {
            command.arg(&self.program);
        } else {
            command.env_clear();
            if geteuid().is_root() && !world.root {
                command.uid(USER).gid(USER);
            }
        }
        if world.spare {
            command.env(ADOPTED, "yes");
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// What the attempt gets in a world: `ok`, an error, or the signal that ended it.
    fn outcome(&self, world: &World, attempt: &str) -> String {
        // Anew for each: attempts leave traces.
        let public = self.folder.path().join("public");
        let _ = fs::remove_dir_all(&public);
        fs::create_dir(&public).unwrap();
        fs::create_dir(public.join("directory")).unwrap();
        let file = public.join("file");
        fs::write(&file, [0; 8192]).unwrap();
        for (path, mode) in [(&public, 0o777), (&public.join("directory"), 0o777), (&file, 0o666)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            if geteuid().is_root() && !world.root {
                std::os::unix::fs::chown(path, Some(USER), Some(USER)).unwrap();
            }
        }
        let victim = Killed(self.command(&World { namespaces: false, ..*world }, &["victim"]).spawn().unwrap());
        let port = self.listener.local_addr().unwrap().port().to_string();
        let (victim_pid, folder) = (victim.0.id().to_string(), self.folder.path().to_str().unwrap());
        let target = [&victim_pid, folder, &port, &self.abstract_name];
        let mut command = self.command(world, &[&["attack", world.name, attempt][..], &target[..]].concat());
        command.stdin(OpenOptions::new().read(true).write(true).open(&file).unwrap());
        let mut attacker = Killed(command.spawn().unwrap());
        let mut said = BufReader::new(attacker.0.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            line.trim().to_owned()
        };
        assert_eq!(line(), "attacking", "{}: the sandbox could not be closed", world.name);
        if attempt == NEIGHBOUR {
            let pid = if world.namespaces { only_child(attacker.0.id()) } else { attacker.0.id() }.to_string();
            let mut spy = self.command(&World { namespaces: false, ..*world }, &[]);
            if world.namespaces && !geteuid().is_root() {
                // The owner of a user namespace may do anything to it from outside (user_namespaces(7)). Another worker is
                // not outside, but in one of its own.
                spy = unshare_with(&["--user", "--keep-caps"]);
                spy.arg(&self.program).stdout(Stdio::piped());
            }
            let output = spy.args(["spy", &pid, &line()]).output().unwrap();
            // It does not end with its parent: a change of the user undoes that.
            let _ = kill(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL);
            return String::from_utf8(output.stdout).unwrap().trim().to_owned();
        }
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        let status = attacker.0.wait().unwrap();
        match (status.signal(), rest.trim()) {
            (Some(signal), "") => Signal::try_from(signal).unwrap().to_string(),
            // It executed a program, which says by its status whether that is what it was after.
            (None, "") if status.success() => "ok".to_owned(),
            (None, "") => format!("exit {}", status.code().unwrap()),
            (_, said) => said.to_owned(),
        }
    }

    /// Every attempt in a world.
    fn outcomes(&self, world: &World) -> Vec<(&'static str, String)> {
        let names = ATTEMPTS.iter().map(|each| each.0).chain([OTHER_THREAD, NEIGHBOUR]);
        names.map(|name| (name, self.outcome(world, name))).collect()
    }
}

/// A program in new namespaces, which the spawner makes for a worker.
fn unshare() -> Command {
    let mut command =
        unshare_with(&["--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts", "--cgroup"]);
    command.env("NAMESPACES", "made");
    if !geteuid().is_root() {
        command.args(["--user", "--keep-caps"]).env("OUTSIDE", geteuid().to_string());
    }
    command
}

fn unshare_with(arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).args(arguments);
    command
}

/// Where this machine allows no new namespaces, a worker has none, and the first columns are without.
fn has_namespaces() -> bool {
    let made = unshare().arg("true").stdin(Stdio::null()).stderr(Stdio::null()).status();
    made.is_ok_and(|status| status.success())
}

/// The process that `unshare` waits for.
fn only_child(pid: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.trim().parse().unwrap()
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn table_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacker/table.md")
}

/// The first two columns of the table: attempt, and what it gets.
fn expected() -> Vec<(String, String)> {
    let text = fs::read_to_string(table_path()).unwrap_or_default();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].to_owned(), cells[2].replace("**", ""))
    })
    .collect()
}

fn compare_with_the_table() -> Result<(), Failed> {
    if env::var_os("NANO_UPDATE_TABLE").is_some() {
        return Ok(());
    }
    compare(&World { namespaces: has_namespaces(), ..ALL })
}

fn be_adopted() -> Result<(), Failed> {
    compare(&World { namespaces: has_namespaces(), spare: true, ..ALL })
}

fn compare(world: &World) -> Result<(), Failed> {
    let found: Vec<(String, String)> =
        Range::new().outcomes(world).into_iter().map(|(name, got)| (name.to_owned(), got)).collect();
    let expected = expected();
    let mut faults = String::new();
    for (name, got) in &found {
        let wanted = expected.iter().find(|each| each.0 == *name).map_or("nothing", |each| each.1.as_str());
        // Without i386 emulation in the kernel its entry does not exist.
        let no_entry = name.contains("i386") && got == "SIGSEGV";
        // The first process of a namespace gets an error where any other gets the signal.
        let no_first = !world.namespaces && wanted == "EFBIG" && got == "SIGXFSZ";
        if wanted != got && !no_entry && !no_first {
            let _ = writeln!(faults, "{name}: {got}, the table says {wanted}");
        }
    }
    if found.len() != expected.len() {
        let _ = writeln!(faults, "{} attempts, the table has {}", found.len(), expected.len());
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into()) }
}

fn take_layers_away() -> Result<(), Failed> {
    let range = Range::new();
    let root = geteuid().is_root();
    // What needs root's help: a user of one's own, and a program of root.
    let without_root = |world: &&World| root || !(world.root || world.name == "− no_new_privs");
    let mut worlds: Vec<World> = WORLDS.iter().filter(without_root).copied().collect();
    if !has_namespaces() {
        worlds.retain(|world| !["− root", "− namespaces"].contains(&world.name));
        worlds.iter_mut().for_each(|world| world.namespaces = false);
    }
    let outcomes: Vec<_> = worlds.iter().map(|world| range.outcomes(world)).collect();
    if env::var_os("NANO_UPDATE_TABLE").is_some() {
        write_table(&worlds, &outcomes);
    }
    let mut faults = String::new();
    for (pair, world) in outcomes.windows(2).zip(worlds.iter().skip(1)) {
        let fresh = pair[0].iter().zip(&pair[1]).filter(|(before, after)| before.1 != "ok" && after.1 == "ok");
        let fresh: Vec<&str> = fresh.map(|(_, after)| after.0).collect();
        let purpose = PURPOSES.iter().find(|(name, _)| *name == world.name).unwrap().1;
        if !fresh.contains(&purpose) {
            let _ = writeln!(faults, "{}: «{purpose}» does not get through, only {fresh:?}", world.name);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into()) }
}

fn write_table(worlds: &[World], outcomes: &[Vec<(&'static str, String)>]) {
    let mut text = String::from(
        "# What native code in a worker gets\n\nOne process for each attempt: first behind the sandbox of a worker, then with one layer less in each column. An error was \
         refused, a signal was the end of the process, **ok** got through. The first column is checked in every run of the \
         tests. The others depend on the kernel; of each is checked that attempts get through that did not before. Written by \
         `NANO_UPDATE_TABLE=1 cargo test -p nano-worker --test attacker` as root.\n\n",
    );
    let heading: Vec<&str> = worlds.iter().map(|world| world.name).collect();
    let _ = writeln!(text, "| attempt | {} |\n|---|{}", heading.join(" | "), "---|".repeat(heading.len()));
    for (row, (name, _)) in outcomes[0].iter().enumerate() {
        let cells: Vec<String> = outcomes.iter().map(|column| column[row].1.replace("ok", "**ok**")).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    fs::write(table_path(), text).unwrap();
}
