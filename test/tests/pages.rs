//! Pages of `docs` that show a terminal are run: each command of their ```` ```console ```` blocks, one after the other, in one
//! shell and an empty folder. What it prints must be what the page shows, but for numbers.
//! `NANO_UPDATE_PAGES=1` writes what was printed into the page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use nano_test::{Site, binary, finish, repository};
use regex::Regex;
use std::process::Command;

/// A command and the output below it.
#[derive(Debug, Default)]
struct Step {
    /// As it is written: its further lines begin with `> `.
    command: Vec<String>,
    output: String,
}

/// The page's text in pieces: what stands between the blocks, and the steps of each.
fn parse(page: &str) -> (Vec<String>, Vec<Vec<Step>>) {
    let (mut between, mut blocks) = (vec![String::new()], Vec::new());
    let mut inside = false;
    for line in page.lines() {
        if inside && line == "```" {
            inside = false;
            between.push(String::new());
        } else if !inside && line == "```console" {
            inside = true;
            blocks.push(Vec::<Step>::new());
        } else if inside {
            let block = blocks.last_mut().unwrap();
            if let Some(command) = line.strip_prefix("$ ") {
                block.push(Step { command: vec![command.to_owned()], output: String::new() });
            } else if let (Some(step), Some(more)) = (block.last_mut(), line.strip_prefix("> ")) {
                step.command.push(more.to_owned());
            } else {
                let step = block.last_mut().expect("a command above the output");
                step.output.push_str(line);
                step.output.push('\n');
            }
        } else {
            let text = between.last_mut().unwrap();
            text.push_str(line);
            text.push('\n');
        }
    }
    assert!(!inside && !blocks.is_empty());
    (between, blocks)
}

fn written(between: &[String], blocks: &[Vec<Step>]) -> String {
    let mut page = String::new();
    for (at, text) in between.iter().enumerate() {
        page.push_str(text);
        let Some(block) = blocks.get(at) else { continue };
        page.push_str("```console\n");
        for step in block {
            page.push_str(&format!("$ {}\n{}", step.command.join("\n> "), step.output));
        }
        page.push_str("```\n");
    }
    page
}

/// What does not differ from run to run.
fn normal(text: &str) -> String {
    let rules = [
        (r"\x1b\[[0-9;]*m", ""),
        (r"[0-9a-f]{32}", "#"),
        (r"[0-9][0-9.:]*", "#"),
        (r"# (µs|ms|s|min|h)\b", "# time"),
        (r"# (B|KiB|MiB|GiB)\b", "# size"),
        (r"[ \t]+", " "),
    ];
    let mut text = text.to_owned();
    for (pattern, by) in rules {
        text = Regex::new(pattern).unwrap().replace_all(&text, by).into_owned();
    }
    text.trim_end().to_owned()
}

/// Runs all of them in one shell.
fn run(steps: &[&Step]) -> Vec<String> {
    let site = Site::new();
    let ports: Vec<String> = (0..2)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect::<Vec<_>>()
        .iter()
        .map(|free| free.local_addr().unwrap().port().to_string())
        .collect();
    fs::create_dir(site.path("out")).unwrap();
    fs::create_dir(site.path("work")).unwrap();
    // The metrics' address has a default that other tests may have.
    let replaced = |text: &str| {
        let text = text.replace(
            "\"port\": 8080,",
            &format!("\"port\": {},\n  \"metrics\": \"127.0.0.1:{}\",", ports[0], ports[1]),
        );
        text.replace(":8080", &format!(":{}", ports[0])).replace(":9464", &format!(":{}", ports[1]))
    };
    let mut script = "trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        // The status of a command is the next one's `$?`.
        let command = replaced(&step.command.join("\n"));
        script.push_str(&format!("exec > ../out/{number} 2>&1\n(exit $status)\n{command}\nstatus=$?\n"));
        // The end of a worker is known a moment after its client has the answer.
        if command.starts_with("nanoctl why") {
            let lines = step.output.lines().count();
            script.push_str(&format!(
                "for try in {{1..200}}; do [ $(wc -l < ../out/{number}) = {lines} ] && break; sleep 0.05; {command} > ../out/{number} 2>&1; done\n"
            ));
        }
    }
    fs::write(site.path("script"), script).unwrap();
    let programs = binary("nano").parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let shell = finish(
        Command::new("timeout")
            .args(["--kill-after=10", "100", "bash", "../script"])
            .current_dir(site.path("work"))
            .env("PATH", path)
            .env("status", "0")
            .env("XDG_RUNTIME_DIR", site.path("runtime"))
            .env("RUNTIME_DIRECTORY", site.path("runtime")),
        "",
    );
    assert_ne!(shell.code, Some(124), "the page did not come to its end:\n{}", shell.stderr);
    let outputs = (0..steps.len()).map(|number| {
        let text = fs::read_to_string(site.path(&format!("out/{number}"))).unwrap_or_default();
        let text = text.replace(&site.folder().join("work").display().to_string(), "/srv");
        let text = text.replace(&site.folder().join("runtime").display().to_string(), "/run/nano");
        let text = text.replace(&format!(":{}", ports[0]), ":8080").replace(&format!(":{}", ports[1]), ":9464");
        // A transcript has no progress bars and no colours.
        let lines =
            text.lines().filter(|line| !line.contains("% Total") && !line.contains("Dload") && !line.contains("--:--"));
        lines.map(|line| format!("{line}\n")).collect()
    });
    outputs.collect()
}

fn check(page: &Path) {
    let text = fs::read_to_string(page).unwrap();
    let (between, mut blocks) = parse(&text);
    assert_eq!(written(&between, &blocks), text, "the page is read as it is written");
    let outputs = run(&blocks.iter().flatten().collect::<Vec<_>>());
    if std::env::var_os("NANO_UPDATE_PAGES").is_some() {
        for (step, output) in blocks.iter_mut().flatten().zip(outputs) {
            step.output = output;
        }
        fs::write(page, written(&between, &blocks)).unwrap();
        return;
    }
    for (step, output) in blocks.iter().flatten().zip(outputs) {
        assert_eq!(normal(&output), normal(&step.output), "$ {}", step.command.join("\n"));
    }
}

#[test]
fn an_operators_day_is_what_the_page_says() {
    check(&repository().join("docs/day.md"));
}

#[test]
fn the_quick_start_is_what_the_page_says() {
    check(&repository().join("docs/quick-start.md"));
}

#[test]
fn another_output_turns_it_red() {
    assert_eq!(normal("ready  12 ms (3 apps)"), normal("ready 7 s (4 apps)"));
    assert_ne!(normal("1 app loads"), normal("1 app does not load"));
    let (_, blocks) = parse("```console\n$ echo a\nb\n```\n");
    let steps: Vec<&Step> = blocks.iter().flatten().collect();
    assert_eq!(run(&steps), ["a\n"]);
    assert_ne!(normal(&steps[0].output), normal("a"));
}

/// Relative links of a page that are not in a block of code: their files.
fn links(page: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^()\s#]+)(?:#[^()\s]*)?\)").unwrap();
    let mut code = false;
    let outside = page.lines().filter(|line| {
        code ^= line.starts_with("```");
        !code
    });
    let found = outside.flat_map(|line| link.captures_iter(line).map(|found| found[1].to_owned()).collect::<Vec<_>>());
    found.filter(|link| !link.contains(':')).collect()
}

#[test]
fn every_page_is_in_the_book_and_no_link_leads_out_of_it() {
    let book = tempfile::tempdir().unwrap();
    let stage =
        |folder: &Path| finish(Command::new(folder.join("deploy/build-book")).arg("--stage").arg(book.path()), "");
    let staged = stage(&repository());
    assert_eq!(staged.code, Some(0), "{staged:?}");
    let mut pages = vec![book.path().join("SUMMARY.md")];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(page) = pages.pop() {
        if !seen.insert(page.clone()) {
            continue;
        }
        for link in links(&fs::read_to_string(&page).unwrap()) {
            let there = page.parent().unwrap().join(&link);
            let there =
                there.canonicalize().unwrap_or_else(|_| panic!("{}: {link} is not in the book", page.display()));
            assert!(there.starts_with(book.path().canonicalize().unwrap()), "{}: {link}", page.display());
            if there.extension().is_some_and(|extension| extension == "md") {
                pages.push(there);
            }
        }
    }
    for page in fs::read_dir(repository().join("docs")).unwrap() {
        let name = page.unwrap().file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") && name != "SUMMARY.md" {
            let place = book.path().canonicalize().unwrap().join(&name);
            assert!(seen.contains(&place), "{} is not among the chapters", place.display());
        }
    }

    // The control: a link that leads nowhere is told.
    let other = tempfile::tempdir().unwrap();
    for folder in ["deploy", "docs"] {
        fs::create_dir(other.path().join(folder)).unwrap();
    }
    fs::copy(repository().join("deploy/build-book"), other.path().join("deploy/build-book")).unwrap();
    fs::copy(repository().join("docs/book.toml"), other.path().join("docs/book.toml")).unwrap();
    fs::write(other.path().join("docs/SUMMARY.md"), "- [a](a.md)\n").unwrap();
    fs::write(other.path().join("docs/a.md"), "[gone](../deploy/gone)\n").unwrap();
    let told = stage(other.path());
    assert!(told.code == Some(1) && told.stderr.contains("docs/a.md: ../deploy/gone"), "{told:?}");
}
