//! `nano repl`: fed by a pipe, and at a real terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Log, Site, finish, tool, until};
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What the REPL prints for these lines, read from a pipe.
fn piped(arguments: &[&str], input: &str) -> String {
    let answer = finish(&mut Site::new().command("nano", arguments), input);
    assert_eq!(answer.code, Some(0), "{answer:?}");
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
        assert!(piped(start, "typeof WritableStream\n").contains("function"), "{start:?}");
    }
    let printed = piped(&["repl"], SESSION);
    let closed = printed.find("Stream closed").unwrap_or_else(|| panic!("{printed}"));
    let chunks = printed.find("[ 'Hello', 'World' ]").unwrap_or_else(|| panic!("{printed}"));
    assert!(closed < chunks, "{printed}");
    let printed = piped(&["repl"], "const stream = new WritableStream()\nconsole.log(stream)\n");
    assert!(printed.contains("WritableStream { locked: false, state: 'writable', desiredSize: 1 }"), "{printed}");
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
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let all = format!("{}{}", answer.stdout, answer.stderr);
    for text in ["TypeError: mine", "ReferenceError: nowhere is not defined", "SyntaxError", "nobody", "still here"] {
        assert!(all.contains(text), "lacks {text:?}:\n{all}");
    }
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
    screen: Log,
}

impl Terminal {
    fn open(site: &Site) -> Option<Self> {
        let script = tool("script")?;
        let mut command = Command::new(script);
        let nano = nano_test::binary("nano");
        command.args(["-q", "-e", "-f", "-c"]).arg(format!("exec '{}' repl", nano.display())).arg("/dev/null");
        command.env("TERM", "xterm").env("HOME", site.folder()).current_dir(site.folder());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let screen = Log::collect(child.stdout.take().unwrap());
        let keys = child.stdin.take().unwrap();
        Some(Self { child, keys, screen })
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses keys and waits for a screen line that ends with `text`.
    fn expect(&mut self, keys: &str, text: &str) {
        let before = self.screen.lines().len();
        self.press(keys);
        until(&format!("{text:?} after {keys:?}"), || {
            let lines = self.screen.lines();
            let found = lines.iter().skip(before).any(|line| plain(line).trim_end().ends_with(text));
            found.then_some(())
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines: Vec<_> = self.screen.lines().iter().map(|line| plain(line)).collect();
            // The test's own report: what the terminal showed.
            std::io::stderr().write_all(format!("--- screen ---\n{}\n", lines.join("\n")).as_bytes()).unwrap();
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
    terminal.press("[1, 2,\r");
    terminal.press("\u{3}");
    terminal.expect("'after ' + 'cancel'\r", "'after cancel'");
    terminal.expect("[1, 2,\r3].length\r", "3");
    // Left arrow and insert in the middle.
    terminal.expect("'ac'\u{1b}[D\u{1b}[Db\u{1b}[D\r", "'bac'");
    // Ctrl-C in a line of code that awaits for ever, or loops.
    terminal.expect("console.log('beg' + 'un'); await new Promise(() => {})\r", "begun");
    terminal.press("\u{3}");
    terminal.expect("'alive' + 1\r", "'alive1'");
    terminal.expect("console.log('loop' + 's'); for (;;);\r", "loops");
    terminal.press("\u{3}");
    terminal.expect("'alive' + 2\r", "'alive2'");
    terminal.expect("const later = await Promise.resolve(7)\rlater * 6\r", "42");
    // Ctrl-D ends it well.
    terminal.press("\u{4}");
    let status = until("its end", || terminal.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));

    // History outlives the session.
    let mut second = Terminal::open(&site).unwrap();
    second.expect("1 + 1\r", "2");
    second.expect("\u{1b}[A\u{1b}[A\r", "42");
}
