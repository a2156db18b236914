//! The man pages in `deploy/man` are what the definitions make: of the arguments of `nano` and `nanoctl`, and of the schema
//! of `nano.json`; so are the tables of docs/configuration.md.
//! `NANO_UPDATE_MAN=1 cargo nextest run -p nano-supervisor --test manual` writes them anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn deploy() -> PathBuf {
    repository().join("deploy/man")
}

/// It ends with what is in no definition: `deploy/man/NAME.more`.
fn page(name: &str, mut command: Command) -> String {
    let mut out = Vec::new();
    command.build();
    let man = Man::new(command.clone()).date("").source("nano").manual("User Commands");
    man.render_title(&mut out).unwrap();
    man.render_name_section(&mut out).unwrap();
    man.render_synopsis_section(&mut out).unwrap();
    let mut text = String::from_utf8(out).unwrap();
    text.push_str(".SH OPTIONS\n");
    options(&mut text, &command);
    text.push_str(".SH COMMANDS\n");
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let _ = writeln!(text, ".SS {}", escaped(&usage(name, sub)));
        let _ = writeln!(text, "{}", escaped(&sub.get_about().map(ToString::to_string).unwrap_or_default()));
        options(&mut text, sub);
    }
    text.push_str(&std::fs::read_to_string(deploy().join(format!("{name}.more"))).unwrap());
    text
}

fn usage(name: &str, command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace(" [OPTIONS]", "");
    usage.trim_start_matches(name).trim().to_owned()
}

fn options(text: &mut String, command: &Command) {
    for argument in command.get_arguments().filter(|each| !each.is_hide_set() && each.get_id() != "help") {
        if command.get_name() != "nanoctl" && argument.is_global_set() {
            continue;
        }
        let short = argument.get_short().map_or_else(String::new, |short| format!("-{short}, "));
        let _ = writeln!(text, ".TP\n.B {}", escaped(&format!("{short}{argument}")));
        let _ = writeln!(text, "{}", escaped(&argument.get_help().map(ToString::to_string).unwrap_or_default()));
    }
}

/// Text that roff takes as it is.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let safe = |line: &str| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() };
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

/// A key of nano.json.
struct Key {
    /// With those above it: `log.level`.
    name: String,
    says: String,
    /// As JSON.
    default: Option<String>,
}

/// The keys of an object of the schema, with those below them.
fn keys(found: &mut Vec<Key>, schema: &Value, at: &Value, prefix: &str, depth: usize) {
    // Another crate of the workspace may have it that objects keep the order of their text.
    let properties: BTreeMap<_, _> = at["properties"].as_object().into_iter().flatten().collect();
    for (name, key) in properties {
        let full = format!("{prefix}{name}");
        let target = resolved(schema, key);
        let says = target["description"].as_str().or(key["description"].as_str()).unwrap_or_default().to_owned();
        let default = key.get("default").or(target.get("default")).map(|default| match default {
            Value::Object(members) => {
                let members: BTreeMap<_, _> = members.iter().collect();
                serde_json::to_string(&members).unwrap()
            }
            default => default.to_string(),
        });
        found.push(Key { name: full.clone(), says, default });
        // Apps and defaults have sections of their own.
        if depth < 2 && full != "apps" && full != "defaults" {
            for within in [target, resolved(schema, &target["items"])] {
                keys(found, schema, within, &format!("{full}."), depth + 1);
            }
        }
    }
}

/// Those of the server, and those of an app.
fn all_keys() -> (Vec<Key>, Vec<Key>) {
    let path = repository().join("config/nano.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut server, mut app) = (Vec::new(), Vec::new());
    keys(&mut server, &schema, &schema, "", 0);
    let apps = resolved(&schema, &schema["properties"]["apps"]);
    keys(&mut app, &schema, resolved(&schema, &apps["items"]), "", 0);
    assert!(!app.is_empty(), "the schema has an app");
    (server, app)
}

fn resolved<'s>(schema: &'s Value, key: &'s Value) -> &'s Value {
    match key["$ref"].as_str().and_then(|path| schema.pointer(path.trim_start_matches('#'))) {
        Some(found) => found,
        None => key,
    }
}

fn config_page() -> String {
    let (server, app) = all_keys();
    let mut text = ".TH nano.json 5  \"nano\" \"File Formats\"\n.SH NAME\nnano.json \\- the configuration of \\fBnano\\fR(1)\n.SH DESCRIPTION\n".to_owned();
    text.push_str("JSON (RFC 8259) in UTF\\-8, without comments, trailing commas or byte\\-order mark. An unknown key is an error. Relative paths count from the directory of the file.\n");
    let entries = |text: &mut String, keys: &[Key]| {
        for Key { name, says, default } in keys {
            let default = default.as_ref().map_or_else(String::new, |default| format!(" Default: {default}."));
            let _ = writeln!(text, ".TP\n.B {}\n{}{}", escaped(name), escaped(says), escaped(&default));
        }
    };
    text.push_str(".SH KEYS OF THE SERVER\n");
    entries(&mut text, &server);
    text.push_str(".SH KEYS OF AN APP\nIn the entries of \\fBapps\\fR; all but \\fBhostname\\fR, \\fBname\\fR, \\fBpath\\fR and \\fBassets\\fR also in \\fBdefaults\\fR, for apps that lack them.\n");
    entries(&mut text, &app);
    text.push_str(".SH SEE ALSO\n.BR nano (1),\n.BR nanoctl (1)\n");
    text
}

/// The tables of docs/configuration.md, each between its two marks.
fn with_tables(page: &str) -> String {
    let (server, app) = all_keys();
    let mut page = page.to_owned();
    for (mark, keys) in [("server", server), ("app", app)] {
        let (begin, end) = (format!("<!-- keys of the {mark} -->\n"), format!("<!-- end of keys of the {mark} -->"));
        let mut table = "\n| key | what | default |\n|---|---|---|\n".to_owned();
        for Key { name, says, default } in keys {
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;");
            let default = default.map_or_else(String::new, |default| format!("`{}`", default.replace('|', "\\|")));
            let _ = writeln!(table, "| `{name}` | {} | {default} |", cell(&says));
        }
        table.push('\n');
        let from = page.find(&begin).map(|at| at + begin.len()).unwrap();
        let to = page.find(&end).unwrap();
        page.replace_range(from..to, &table);
    }
    page
}

#[test]
fn the_tables_of_the_configuration_are_what_the_schema_says() {
    let path = repository().join("docs/configuration.md");
    let there = std::fs::read_to_string(&path).unwrap();
    let right = with_tables(&there);
    if std::env::var_os("NANO_UPDATE_MAN").is_some() {
        std::fs::write(&path, &right).unwrap();
    }
    assert!(
        there == right,
        "docs/configuration.md is not what the schema says: NANO_UPDATE_MAN=1 writes its tables anew"
    );
    assert!(right.contains("| `timeout_ms` |") && right.contains("| `control_group` |"), "{right}");
}

#[test]
fn the_man_pages_are_what_the_definitions_make() {
    let pages = [
        ("nano.1", page("nano", nano_supervisor::nano_cli::Cli::command())),
        ("nanoctl.1", page("nanoctl", nano_supervisor::nanoctl::Cli::command())),
        ("nano.json.5", config_page()),
    ];
    for (name, text) in pages {
        let path = deploy().join(name);
        if std::env::var_os("NANO_UPDATE_MAN").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "deploy/man/{name} is not what its definitions make: NANO_UPDATE_MAN=1 writes it anew");
        for key in
            if name == "nano.json.5" { &["timeout_ms", "control_group"][..] } else { &["SEE ALSO", "EXIT STATUS"] }
        {
            assert!(text.contains(&escaped(key)) || text.contains(key), "{name} lacks {key}");
        }
    }
}
