//! `nanoctl completions`: what the shells are given is theirs, and knows the commands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Command;

use nano_test::{Site, finish, tool};

fn completions(shell: &str) -> String {
    let answer = finish(&mut Site::new().command("nanoctl", &["completions", shell]), "");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer.stdout
}

#[test]
fn every_shell_gets_its_own() {
    for (shell, mark) in
        [("bash", "complete -F _nanoctl"), ("zsh", "#compdef nanoctl"), ("fish", "complete -c nanoctl")]
    {
        let text = completions(shell);
        for word in [mark, "log-level", "explain", "interval"] {
            assert!(text.contains(word), "{shell} lacks {word}");
        }
    }
    let refused = finish(&mut Site::new().command("nanoctl", &["completions", "tcsh"]), "");
    assert_eq!(refused.code, Some(2));
}

#[test]
fn bash_completes_commands_and_options() {
    let Some(bash) = tool("bash") else { return };
    let site = Site::new();
    site.file("completions", &completions("bash"));
    let complete = |words: &str, at: usize| {
        let script = format!(
            "source ./completions; COMP_WORDS=({words}); COMP_CWORD={at}; _nanoctl nanoctl \"${{COMP_WORDS[{at}]}}\" \"\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        finish(Command::new(&bash).args(["--norc", "-c", &script]).current_dir(site.folder()), "").stdout
    };
    assert_eq!(complete("nanoctl log", 1), "logs\nlog-level\n");
    assert!(complete("nanoctl logs --s", 2).contains("--since"));
}
