//! `nano repl`: fed by a pipe, and at a real terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Site, finish, tool, until, until_within};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the REPL prints for these lines, read from a pipe. Its exit code tells whether something went uncaught.
fn piped(arguments: &[&str], input: &str) -> String {
    let answer = finish(&mut Site::new().command("nano", arguments), input);
    assert_eq!(answer.code, Some(i32::from(!answer.stderr.is_empty())), "{answer:?}");
    answer.stdout
}

const SESSION: &str = "const chunks = [];
const stream = new WritableStream({ write(chunk) { chunks.push(chunk); }, close() { console.log('Stream closed'); } });
const writer = stream.getWriter();
await writer.write('Hello');
await writer.write('World');
await writer.close();
chunks
";

#[test]
fn a_pipe_is_evaluated_line_by_line() {
    for start in [&["repl"][..], &["--repl"]] {
        assert_eq!(piped(start, "typeof WritableStream\n"), "'function'\n", "{start:?}");
    }
    let printed = piped(&["repl"], SESSION);
    assert_eq!(printed, "Stream closed\n[ 'Hello', 'World' ]\n");
    let printed = piped(&["repl"], "const stream = new WritableStream()\nconsole.log(stream)\n");
    assert_eq!(printed, "WritableStream { locked: false, state: 'writable', desiredSize: 1 }\n");
}

#[test]
fn lines_build_on_each_other() {
    let cases = [
        ("let x = 1\nx += 41\nx\n", "42"),
        ("function f(a) {\n  return a * 2;\n}\nf(21)\n", "42"),
        ("const { a, b } = await Promise.resolve({ a: 40, b: 2 })\na + b\n", "42"),
        ("{ a: 42 }\n", "{ a: 42 }"),
        ("[1,\n2,\n39].reduce((a, b) => a + b)\n", "42"),
        ("`line one\nline two`.length\n", "17"),
        ("throw new Error('mine')\n42\n", "42"),
        ("x.y.z\n42\n", "42"),
        ("let again = 1\nlet again = 42\nagain\n", "42"),
        ("const again = 1\nconst again = 42\nagain\n", "42"),
        ("class A {}\nclass A { b = 42 }\nnew A().b\n", "42"),
        ("Math.max(\n1,\n42\n)\n", "42"),
        ("[1].map((x) => {\n  return [x + 41]\n})[0]\n", "[ 42 ]"),
        ("{ a: 1,\n  b: 42 }\n", "{ a: 1, b: 42 }"),
        ("/* one\ntwo */ 42\n", "42"),
        ("6 * 7\n_ + 1\n", "43"),
        ("const _ = 42\n1\n_\n", "42"),
        ("-0\n", "-0"),
        ("2n ** 64n\n", "18446744073709551616n"),
        ("'\\ud800'\n", "'\\ud800'"),
        ("'é😀'\n", "'é😀'"),
        ("Symbol('s')\n", "Symbol(s)"),
        ("setTimeout(() => console.log('later'), 5); 0\n", "0\nlater"),
        ("6 *\n7", "42"),
        (".help\n", ".exit"),
        ("1\n.exit\n42\n", "1"),
        ("await new Promise((resolve) => setTimeout(resolve, 5, 42))\n", "42"),
        ("for (let i = 0; i < 2; i++) await null; 42\n", "42"),
        ("class A { b = 42 }\nnew A().b\n", "42"),
    ];
    for (input, expected) in cases {
        let printed = piped(&["repl"], input);
        assert!(printed.contains(expected), "{input}\nprinted:\n{printed}");
    }
}

#[test]
fn errors_are_told_and_the_session_goes_on() {
    let answer = finish(
        &mut Site::new().command("nano", &["repl"]),
        "throw new TypeError('mine')\nnowhere\n)\nPromise.reject(new Error('nobody'))\n'still ' + 'here'\n",
    );
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.stdout.lines().last(), Some("'still here'"), "{answer:?}");
    let errors = [
        "Uncaught TypeError: mine\n",
        "Uncaught ReferenceError: nowhere is not defined\n",
        "Uncaught SyntaxError: Unexpected token ')'\n",
        "Uncaught (in promise) Error: nobody\n",
    ];
    for text in errors {
        assert!(answer.stderr.contains(text), "lacks {text:?}:\n{}", answer.stderr);
    }
}

#[test]
fn any_uncaught_error_fails_a_pipe() {
    let cases = [
        ("throw { code: 1 }\n", "Uncaught { code: 1 }\n"),
        ("setTimeout(() => { throw new Error('late') }, 1)\n", "Uncaught Error: late\n"),
        ("function f() {\n", "Uncaught SyntaxError: Unexpected end of input\n"),
        ("await new Promise(() => {})\n", "never ends"),
        ("f = () => { throw new Error('in f') }; f()\n", "Uncaught Error: in f\n    at f (REPL1:1:19)\n"),
        ("import a from './a.js'\n", "await import("),
        ("await import('./gone.js')\n", "gone.js"),
        (".nothing\n", ".nothing is no command"),
        (".load gone.js\n", "gone.js cannot be loaded"),
    ];
    for (input, expected) in cases {
        let answer = finish(&mut Site::new().command("nano", &["repl"]), input);
        assert_eq!(answer.code, Some(1), "{input}: {answer:?}");
        assert!(answer.stderr.contains(expected), "{input}: {answer:?}");
    }
    let answer = finish(&mut Site::new().command("nano", &["repl"]), "1\nCLI.exit(5)\n2\n");
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(5), "1\n"), "{answer:?}");
    // A rejection that is caught late, but before it is reported, is none.
    let answer = finish(&mut Site::new().command("nano", &["repl"]), "p = Promise.reject(1); p.catch(() => {}); 2\n");
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "2\n"), "{answer:?}");
}

#[test]
fn a_long_pipe_ends_at_its_end() {
    // After garbage V8 schedules upkeep for half a minute later; nothing waits for it.
    const LINES: usize = 2000;
    let lines = "garbage = Array.from({ length: 1e4 }, () => ({})); 0\n".repeat(LINES);
    let site = Site::new();
    let mut child = site.command("nano", &["repl"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(printed.by_ref().take(LINES).filter(|line| line.as_ref().unwrap() == "0").count(), LINES);
    // It has nothing left to do but end.
    until_within(Duration::from_secs(25), "the end of the program", || child.try_wait().unwrap());
    writer.join().unwrap();
}

#[test]
fn modules_come_from_the_working_directory() {
    let site = Site::new();
    site.file("lib/answer.js", "export const answer = 42;");
    site.file("session.js", "let loaded = 40;\nfunction add(x) { return loaded + x; }");
    let input = "(await import('./lib/answer.js')).answer\n.load session.js\nadd(3)\n";
    let answer = finish(&mut site.command("nano", &["repl"]), input);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "42\n43\n"), "{answer:?}");
}

#[test]
fn streams_have_a_limit_of_64_mb() {
    let printed = piped(
        &["repl"],
        "const writer = new WritableStream().getWriter(); writer.closed.catch(() => {})\nawait writer.write('x'.repeat(1 << 26)).catch((error) => error.message)\n",
    );
    assert!(printed.contains("'Stream buffer size limit exceeded (max: 64MB)'"), "{printed}");
}

/// The REPL at a terminal, which `script` makes.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts it and waits for the first prompt.
    fn open(site: &Site) -> Option<Self> {
        let script = tool("script")?;
        let mut command = Command::new(script);
        let nano = nano_test::binary("nano");
        command.args(["-q", "-e", "-f", "-c"]).arg(format!("exec '{}' repl", nano.display())).arg("/dev/null");
        command.env("TERM", "xterm").env("HOME", site.folder()).current_dir(site.folder());
        command.env_remove("XDG_STATE_HOME").env_remove("NO_COLOR");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let screen = Arc::<Mutex<Vec<u8>>>::default();
        let mut output = child.stdout.take().unwrap();
        let shared = Arc::clone(&screen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                shared.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        let keys = child.stdin.take().unwrap();
        let terminal = Self { child, keys, screen };
        terminal.prompted("> ");
        Some(terminal)
    }

    /// The exit code, once it has ended.
    fn code(&mut self) -> Option<i32> {
        until("its end", || self.child.try_wait().unwrap()).code()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// What was shown from the byte `from` on; the last line is the one that has no end yet.
    fn lines(&self, from: usize) -> Vec<String> {
        let shown = String::from_utf8_lossy(&self.screen.lock().unwrap()[from..]).into_owned();
        shown.split('\n').map(plain).collect()
    }

    /// Presses keys and waits for a whole line that ends with `text`.
    fn expect(&mut self, keys: &str, text: &str) {
        let from = self.screen.lock().unwrap().len();
        self.press(keys);
        until(&format!("{text:?} after {keys:?}"), || {
            let lines = self.lines(from);
            let whole = &lines[..lines.len() - 1];
            whole.iter().any(|line| line.trim_end().ends_with(text)).then_some(())
        });
    }

    /// Waits until a line can be edited. (Before that, Ctrl-C is a signal, which takes what was typed ahead with it.)
    fn prompted(&self, prompt: &str) {
        until("a prompt", || self.lines(0).last().is_some_and(|line| line == prompt).then_some(()));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if thread::panicking() {
            // The test's own report: what the terminal showed.
            let shown = self.lines(0).join("\n");
            std::io::stderr().write_all(format!("--- screen ---\n{shown}\n").as_bytes()).unwrap();
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A screen line without its escape sequences.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                if rest.next() == Some('[') {
                    rest.by_ref().find(|c| c.is_ascii_alphabetic() || *c == '~');
                }
            }
            '\r' => {}
            c => text.push(c),
        }
    }
    text
}

#[test]
fn at_a_terminal_it_edits_remembers_and_cancels() {
    let site = Site::new();
    let Some(mut terminal) = Terminal::open(&site) else { return };
    terminal.expect("40 + 2\r", "42");
    terminal.expect("typeof WritableStream\r", "'function'");
    // The line before the last, by two presses of the up arrow.
    terminal.expect("\u{1b}[A\u{1b}[A\r", "42");
    // A line that is not complete is continued; Ctrl-C drops it.
    terminal.expect("[1, 2,\r", "[1, 2,");
    terminal.prompted("... ");
    terminal.press("\u{3}");
    terminal.prompted("> ");
    terminal.expect("'after ' + 'cancel'\r", "'after cancel'");
    terminal.expect("[1, 2,\r3].length\r", "3");
    // Left arrow and insert in the middle.
    terminal.expect("'ac'\u{1b}[D\u{1b}[Db\u{1b}[D\r", "'abc'");
    // Ctrl-C in a line of code that awaits for ever, or loops.
    terminal.expect("console.log('beg' + 'un'); await new Promise(() => {})\r", "begun");
    terminal.expect("\u{3}", "(interrupted)");
    terminal.expect("'alive' + 1\r", "'alive1'");
    terminal.expect("console.log('loop' + 's'); for (;;);\r", "loops");
    terminal.expect("\u{3}", "(interrupted)");
    terminal.expect("'alive' + 2\r", "'alive2'");
    terminal.expect("const later = await Promise.resolve(7)\rlater * 6\r", "42");
    // An entry of several lines comes back whole.
    terminal.expect("[7,\r6].join()\r", "'7,6'");
    terminal.expect("later\r", "7");
    terminal.expect("\u{1b}[A\u{1b}[A + 'x'\r", "'7,6x'");
    terminal.expect("6 * 7\r", "42");
    // Ctrl-D ends it well.
    terminal.prompted("> ");
    terminal.press("\u{4}");
    assert_eq!(terminal.code(), Some(0));

    // History outlives the session, and is its owner's alone.
    let history = fs::metadata(site.path(".local/state/nano/history")).unwrap();
    assert_eq!(history.permissions().mode() & 0o777, 0o600);
    let mut second = Terminal::open(&site).unwrap();
    second.expect("1 + 1\r", "2");
    second.expect("\u{1b}[A\u{1b}[A\r", "42");
}

#[test]
fn at_a_terminal_the_program_goes_on_while_a_line_is_typed() {
    let site = Site::new();
    let Some(mut terminal) = Terminal::open(&site) else { return };
    terminal.expect("1 + 1\r", "2");
    // Printed above the line that is being typed, which stays what it was.
    terminal.expect("n = 0; timer = setInterval(() => console.log('tick ' + ++n), 20)\r", "tick 1");
    terminal.expect("'half ", "tick 10");
    terminal.expect("and half'\r", "'half and half'");
    terminal.expect("clearInterval(timer)\r", "undefined");
    // Code that loops in a timer is stopped from the prompt.
    terminal.expect("setTimeout(() => { console.log('loo' + 'ps'); for (;;); }, 10); 'w' + 'ait'\r", "loops");
    terminal.prompted("> ");
    terminal.expect("\u{3}", "(interrupted)");
    terminal.expect("'alive' + 3\r", "'alive3'");
}

#[test]
fn at_a_terminal_names_are_completed() {
    let site = Site::new();
    let Some(mut terminal) = Terminal::open(&site) else { return };
    terminal.expect("let underTheSea = { octopus: 8 }\r", "undefined");
    terminal.expect("underT\t.octo\t + 1\r", "9");
    terminal.expect("typeof WritableStreamDefaultW\t\r", "'function'");
    // Completion runs nothing.
    terminal.expect("let looked = 0; let box = { get trap() { looked++; return { a: 1 } } }\r", "undefined");
    terminal.expect("box.trap.\t\t\u{15}looked + 20\r", "20");
}

#[test]
fn at_a_terminal_two_ctrl_c_leave() {
    let site = Site::new();
    let Some(mut terminal) = Terminal::open(&site) else { return };
    // The first on a line that is not empty only empties it.
    terminal.expect("nonsense (\u{3}", "nonsense (");
    terminal.prompted("> ");
    terminal.expect("\u{3}", "type .exit)");
    terminal.press("\u{3}");
    assert_eq!(terminal.code(), Some(0));
}
