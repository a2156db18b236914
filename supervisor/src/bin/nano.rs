//! `nano`: serves apps, checks configurations, runs scripts.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{CommandFactory, Parser, error::ErrorKind};
use nano_config::DEFAULT_PORT;
use nano_protocol::ExitCode;
use nano_supervisor::check::{CheckError, check, check_project};
use nano_supervisor::clone3;
use nano_supervisor::dev::{DevEnded, DevOptions, dev};
use nano_supervisor::fleet::{find_worker, spawner_if_asked};
use nano_supervisor::nano_cli::{Action, Cli};
use nano_supervisor::printable;
use nano_supervisor::project::ProjectPath;
use nano_supervisor::serve::{Ended, ServeOptions, serve};
use nano_supervisor::stand_in::stand_in_if_asked;
use nano_supervisor::supervisor::ConfigSource;
use nano_supervisor::wrangler::import;
use nano_supervisor::{limits, signals};
use serde_json::json;

/// Commands of nanoctl, for users who give them to nano.
const NANOCTLS: &[&str] = &[
    "reload",
    "status",
    "apps",
    "restart",
    "stop",
    "start",
    "suspend",
    "drain",
    "logs",
    "log-level",
    "why",
    "explain",
    "top",
    "metrics",
    "upgrade",
];

fn main() -> ExitCode {
    // Signals that arrive before the command is known stay pending.
    signals::hold();
    // Parsing the command line can take more stack than the limit allows.
    if let Err(error) = limits::raise()
        && error.is_about_stack()
    {
        return failed(&error);
    }
    if let Some(ended) = spawner_if_asked().or_else(stand_in_if_asked) {
        return ended;
    }
    let cli = Cli::parse();
    clone3::mend();
    let serves = match &cli.action {
        Some(Action::Serve { .. } | Action::Dev { .. }) => true,
        None => cli.words.first().is_some_and(|file| is_config(file)) && !cli.version,
        _ => false,
    };
    if serves {
        signals::begin();
    } else {
        signals::begin_program();
    }
    match cli.action {
        _ if cli.version => version(),
        Some(Action::Serve { what, config, app, port, shards, dev_link, take_over }) => {
            match source(what, config, app, port) {
                Ok(source) => run_server(ServeOptions { source, shards, dev: dev_link, take_over }),
                Err(message) => wrong_usage(Some("serve"), &message),
            }
        }
        Some(Action::Dev { project, port, ip, env, set }) => {
            let project = ProjectPath { path: project, environment: env, settings: set };
            run_dev(DevOptions { project, port, ip })
        }
        Some(Action::Run { script, arguments }) => {
            if is_config(Path::new(&script)) {
                let script = Path::new(&script).display();
                return wrong_usage(
                    Some("run"),
                    &format!("{script} is no script; `nano serve {script}` serves a config file"),
                );
            }
            exec_worker([OsString::from("run"), script].into_iter().chain(arguments))
        }
        Some(Action::Broker) => match nano_supervisor::broker::serve() {
            Ok(()) => ExitCode::Done,
            Err(error) => failed(&error),
        },
        Some(Action::Repl) => exec_worker([OsString::from("repl")]),
        Some(Action::Check { file, env, json }) if is_project(&file) || env.is_some() => {
            run_check_project(&ProjectPath { path: file, environment: env, settings: Vec::new() }, json)
        }
        Some(Action::Check { file, json, .. }) => run_check(&file, json),
        Some(Action::Import { project, env }) => run_import(&project, env.as_deref()),
        Some(Action::Version) => version(),
        None if cli.repl => exec_worker([OsString::from("repl")]),
        None => match cli.words.as_slice() {
            [file] if is_config(file) => {
                let source = ConfigSource::File(file.clone());
                run_server(ServeOptions { source, shards: None, dev: false, take_over: false })
            }
            [file, further, ..] if is_config(file) => {
                wrong_usage(None, &format!("one config file is served, and {} is one too many", further.display()))
            }
            [other, ..] => wrong_usage(None, &neither(other)),
            [] => wrong_usage(None, &format!("say what to do: serve, dev, run, repl or check{}", what_is_here())),
        },
    }
}

/// Prints the entry for a project of wrangler.
fn run_import(project: &Path, environment: Option<&str>) -> ExitCode {
    let imported = match import(project, environment) {
        Ok(imported) => imported,
        Err(error) => return failed(&error),
    };
    for note in &imported.notes {
        let _ = writeln!(io::stderr(), "{}", printable::line(note));
    }
    match writeln!(io::stdout(), "{:#}", imported.entry) {
        Ok(()) => ExitCode::Done,
        Err(error) => failed(&error),
    }
}

/// The configuration source that the arguments name, or what is wrong with them.
fn source(
    what: Option<PathBuf>,
    config: Option<PathBuf>,
    app: Option<PathBuf>,
    port: Option<u16>,
) -> Result<ConfigSource, String> {
    let app = match (what, config, app) {
        (_, Some(file), _) => return Ok(ConfigSource::File(file)),
        (Some(file), ..) if is_config(&file) && !file.is_dir() => {
            return match port {
                None => Ok(ConfigSource::File(file)),
                Some(_) => Err("`--port` is for one app; a config file says its own by `port` or `listen`".to_owned()),
            };
        }
        (_, _, Some(app)) => app,
        (Some(app), ..) if app.is_dir() || is_module(&app) => app,
        (Some(other), ..) => {
            let shown = other.display();
            let near = did_you_mean(&other);
            return Err(format!(
                "{shown} is neither a config file that ends in .json nor an app's directory or module{near}"
            ));
        }
        (None, None, None) => {
            return Err(format!("serve what? FILE.json serves its apps, DIR serves one app{}", what_is_here()));
        }
    };
    Ok(ConfigSource::App { path: app, port: port.unwrap_or(DEFAULT_PORT) })
}

/// The message for an argument that is neither a command nor a config file.
fn neither(word: &Path) -> String {
    let shown = word.display();
    if word.is_dir() {
        let within = word.join("nano.json");
        let config = if within.is_file() {
            format!(", `nano {}` the apps of its config", within.display())
        } else {
            String::new()
        };
        return format!("{shown} is a directory; `nano serve {shown}` serves it as an app{config}");
    }
    if is_module(word) && word.exists() {
        return format!("{shown} is a script; `nano run {shown}` runs it, `nano serve {shown}` serves it as an app");
    }
    let text = word.to_string_lossy();
    if NANOCTLS.contains(&&*text) {
        return format!("`{shown}` is a command of nanoctl: `nanoctl {shown}`");
    }
    let command = Cli::command();
    let commands = command.get_subcommands().filter(|each| !each.is_hide_set()).map(clap::Command::get_name);
    let commands: Vec<_> = commands.collect();
    let near = match nano_config::nearest(&text, commands.iter().copied()) {
        Some(near) => format!("; did you mean `nano {near}`?"),
        None if did_you_mean(word).is_empty() => format!(" (commands are {})", commands.join(", ")),
        None => did_you_mean(word),
    };
    format!("{shown} is neither a command nor a config file that ends in .json{near}")
}

fn did_you_mean(path: &Path) -> String {
    nano_config::near_file(path).map_or_else(String::new, |near| format!("; did you mean {}?", near.display()))
}

/// A hint for a call without arguments.
fn what_is_here() -> &'static str {
    let here = |name: &str| Path::new(name).is_file();
    match (here("nano.json"), here("index.js")) {
        (true, _) => "; there is a nano.json here: `nano serve nano.json`",
        (false, true) => "; there is an index.js here: `nano serve .`",
        (false, false) => "",
    }
}

fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "js" || extension == "mjs")
}

fn is_config(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// Prints the message and the usage of the command.
fn wrong_usage(command: Option<&str>, message: &str) -> ExitCode {
    let mut cli = Cli::command();
    cli.build();
    let message = printable::line(message);
    let error = match command.and_then(|name| cli.find_subcommand_mut(name)) {
        Some(command) => command.error(ErrorKind::MissingRequiredArgument, message),
        None => cli.error(ErrorKind::MissingSubcommand, message),
    };
    let _ = error.print();
    ExitCode::Usage
}

fn run_dev(options: DevOptions) -> ExitCode {
    match dev(options) {
        Ok(DevEnded::Stopped) => ExitCode::Done,
        Ok(DevEnded::ServerEnded) => ExitCode::Failed,
        Err(error) => failed(&error),
    }
}

fn run_server(options: ServeOptions) -> ExitCode {
    match serve(&options) {
        Ok(Ended::Drained) => ExitCode::Done,
        Ok(Ended::Cut) => ExitCode::Failed,
        Ok(Ended::HandedOver(None)) => ExitCode::Done,
        Ok(Ended::HandedOver(Some(stand_in))) => stand_in.stand_in(),
        Err(error) => failed(&error),
    }
}

fn run_check(file: &Path, json: bool) -> ExitCode {
    let checked = check(file).map(|config| {
        let names = config.apps.iter().map(|app| app.name.clone()).collect::<Vec<_>>();
        let count = names.len();
        let apps = if count == 1 { "app loads" } else { "apps load" };
        Checked {
            said: format!("{count} {apps}"),
            apps: Some(names),
            warnings: config.warnings.iter().map(|warning| format!("warning: {warning}")).collect(),
        }
    });
    tell_checked(file, json, checked)
}

/// Whether it is a developer's project, and no configuration of nano.
fn is_project(path: &Path) -> bool {
    let is_wranglers = path.file_stem().is_some_and(|stem| stem == "wrangler");
    let has = |name: &str| path.join(name).is_file();
    let is_of_nano =
        has("nano.json") && !["wrangler.jsonc", "wrangler.json", "wrangler.toml", "package.json"].into_iter().any(has);
    path.is_dir() && !is_of_nano || is_wranglers || path.is_file() && !is_config(path)
}

fn run_check_project(project: &ProjectPath, json: bool) -> ExitCode {
    let checked = check_project(project).map(|notes| Checked {
        said: "the project loads".to_owned(),
        apps: None,
        warnings: notes,
    });
    tell_checked(&project.path, json, checked)
}

/// What a check found of something that can be served.
struct Checked {
    said: String,
    /// The names of a configuration's apps.
    apps: Option<Vec<String>>,
    warnings: Vec<String>,
}

fn tell_checked(path: &Path, json: bool, checked: Result<Checked, CheckError>) -> ExitCode {
    match checked {
        Ok(Checked { apps, warnings, .. }) if json => {
            let warnings = warnings.iter().map(|text| text.trim_start_matches("warning: "));
            let mut body =
                json!({ "ok": true, "file": path.display().to_string(), "warnings": warnings.collect::<Vec<_>>() });
            if let Some(apps) = apps {
                body["apps"] = apps.into();
            }
            let _ = writeln!(io::stdout(), "{}", printable::json(&body.to_string()));
            ExitCode::Done
        }
        Ok(Checked { said, warnings, .. }) => {
            for warning in &warnings {
                let _ = writeln!(io::stderr(), "{}", printable::lines(warning));
            }
            let _ = writeln!(io::stdout(), "{}: ok, {said}", printable::line(&path.to_string_lossy()));
            ExitCode::Done
        }
        Err(error) if json => {
            let _ = writeln!(io::stderr(), "{}", printable::json(&error.json().to_string()));
            ExitCode::Failed
        }
        Err(error) => failed(&error),
    }
}

/// Executes the worker program; returns only if that fails.
fn exec_worker(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    if let Err(error) = limits::raise() {
        return failed(&error);
    }
    let program = match find_worker() {
        Ok(program) => program,
        Err(error) => return failed(&error),
    };
    let error = Command::new(&program).args(arguments).exec();
    failed(&format_args!("cannot run {}: {error}", program.display()))
}

fn version() -> ExitCode {
    let mut text = format!("nano {}", env!("CARGO_PKG_VERSION"));
    if let Ok(program) = find_worker()
        && let Ok(output) = Command::new(program).arg("--version").output()
        && output.status.success()
        && let Some(v8) = String::from_utf8_lossy(&output.stdout).split("V8 ").nth(1)
    {
        let v8: String = v8.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        text.push_str(&format!(" (V8 {v8})"));
    }
    let _ = writeln!(io::stdout().lock(), "{text}");
    ExitCode::Done
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "nano: {}", printable::lines(&error.to_string()));
    ExitCode::Failed
}
