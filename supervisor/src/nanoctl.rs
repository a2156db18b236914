//! What `nanoctl` does: one request on the control socket, shown for people or as JSON.

mod check;
mod client;
pub mod command_line;
mod explain;
mod flight;
mod pass_on;
mod show;
mod socket_candidates;
mod top;

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use clap::CommandFactory;
use nano_protocol::ExitCode;
use serde_json::{Value, json};

use crate::printable;
use client::{CallError, Client, HttpResponse};
pub use command_line::Cli;
use command_line::{Action, LogArguments};
use pass_on::pass_on;
use socket_candidates::SocketCandidates;

/// Runs a command and returns the exit code.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    match execute(cli) {
        Ok(()) => ExitCode::Done,
        Err(CommandFailure { code, error }) => {
            let mut stderr = io::stderr().lock();
            let _ = if cli.json {
                writeln!(stderr, "{}", printable::json(&error.to_string()))
            } else {
                writeln!(stderr, "nanoctl: {}", printable::lines(&text_of(&error)))
            };
            code
        }
    }
}

/// Why a command failed, in the form of the control socket's errors.
struct CommandFailure {
    code: ExitCode,
    error: Value,
}

impl CommandFailure {
    fn new(code: ExitCode, error: &dyn Display) -> Self {
        Self { code, error: json!({ "error": error.to_string() }) }
    }
}

impl From<CallError> for CommandFailure {
    fn from(error: CallError) -> Self {
        let mut failure = Self::new(ExitCode::Failed, &error);
        if let CallError::Unanswered { .. } = &error {
            failure.error["code"] = "stopping".into();
        }
        if let CallError::NotFound(not_found) = &error {
            let place = |(path, why): (&Path, &str)| json!({ "path": path.display().to_string(), "why": why });
            failure.error["code"] = "no_supervisor".into();
            failure.error["places"] = not_found.places().map(place).collect();
            if not_found.is_certain() {
                failure.code = ExitCode::NoSupervisor;
            }
        }
        failure
    }
}

impl From<io::Error> for CommandFailure {
    fn from(error: io::Error) -> Self {
        Self::new(ExitCode::Failed, &error)
    }
}

fn text_of(error: &Value) -> String {
    error.get("error").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned)
}

fn execute(cli: &Cli) -> Result<(), CommandFailure> {
    match &cli.command {
        Action::Check { file } => return check::check(cli, file),
        Action::Version => return versions(cli),
        Action::Completions { shell } => return completions(shell),
        Action::Top { interval, once } => return top::run(cli, Duration::from_secs_f64(*interval), *once),
        Action::Deploy(passed) => return pass_on(cli, "deploy", passed),
        Action::History(passed) => return pass_on(cli, "history", passed),
        Action::Rollback(passed) => return pass_on(cli, "rollback", passed),
        Action::Rollout(passed) => return pass_on(cli, "rollout", passed),
        Action::Fleet(passed) => return pass_on(cli, "fleet", passed),
        Action::Explain { subject } => return print(cli, &explain::explained(cli, subject)?, explain::show),
        _ => {}
    }
    let client = client(cli)?;
    match &cli.command {
        Action::Reload { dry_run } => {
            // An older nano does not know the plan and must not reload instead.
            let answer = if *dry_run { client.get("/reload/plan") } else { client.post("/reload") };
            print(cli, &json_of(answer?)?, show::reload)
        }
        Action::Status => print(cli, &json_of(client.get("/status")?)?, show::status),
        Action::Apps => print(cli, &json_of(client.get("/apps")?)?, show::apps),
        Action::Restart { app } => print(cli, &change(&client, app, "restart")?, show::restart),
        Action::Stop { app } => print(cli, &change(&client, app, "stop")?, show::stop),
        Action::Start { app } => print(cli, &change(&client, app, "start")?, show::start),
        Action::Suspend { app } => print(cli, &change(&client, app, "suspend")?, show::suspend),
        Action::Drain { after } => {
            let path = if *after == 0 { "/drain".to_owned() } else { format!("/drain?after_s={after}") };
            print(cli, &json_of(client.post(&path)?)?, show::drain)
        }
        Action::Upgrade { timeout } => {
            print(cli, &json_of(client.post(&format!("/upgrade?timeout_s={timeout}"))?)?, show::upgrade)
        }
        Action::Why { subject } => print(cli, &why(&client, subject)?, flight::why),
        Action::Metrics => metrics(cli, client.get("/metrics")?),
        Action::Logs(wanted) => logs(cli, &client, wanted),
        Action::LogLevel { level: Some(level) } => {
            print(cli, &json_of(client.post(&format!("/log-level?level={level}"))?)?, show::log_level)
        }
        Action::LogLevel { level: None } => print(cli, &json_of(client.get("/status")?)?["log"], show::log_level),
        Action::Check { .. }
        | Action::Version
        | Action::Completions { .. }
        | Action::Deploy(_)
        | Action::History(_)
        | Action::Rollback(_)
        | Action::Rollout(_)
        | Action::Fleet(_)
        | Action::Top { .. }
        | Action::Explain { .. } => Ok(()),
    }
}

fn change(client: &Client, app: &str, what: &str) -> Result<Value, CommandFailure> {
    json_of(client.post(&format!("/apps/{}/{what}", segment(app)?))?)
}

fn client(cli: &Cli) -> Result<Client, CommandFailure> {
    let client = Client::new(SocketCandidates::new(cli.socket.as_deref(), cli.config.as_deref()));
    if let Some(file) = &cli.config {
        same_config(&client, file)?;
    }
    Ok(client)
}

/// No nano answers at the file's socket, and one answers elsewhere: the file may have changed since nano read it, or
/// that is another nano.
fn same_config(client: &Client, file: &Path) -> Result<(), CommandFailure> {
    let status = client.get("/status")?;
    if !client.is_guess() {
        return Ok(());
    }
    let path = status.path.clone();
    let status = json_of(status)?;
    if serves(&status, file) {
        return Ok(());
    }
    Err(CommandFailure::new(
        ExitCode::NoSupervisor,
        &format_args!(
            "no nano answers at the control_socket of {}; the one at {} serves {}",
            file.display(),
            path.display(),
            status["config_path"].as_str().unwrap_or_default()
        ),
    ))
}

/// Whether the nano whose status this is serves this very file.
fn serves(status: &Value, file: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let served = status["config_path"].as_str().and_then(|path| real(Path::new(path)));
    served.is_some() && served == real(file)
}

/// A name that needs no escapes in a path; the supervisor has no others.
fn segment(app: &str) -> Result<&str, CommandFailure> {
    let plain = !app.is_empty() && app.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain { Ok(app) } else { Err(CommandFailure::new(ExitCode::Failed, &format_args!("there is no app {app:?}"))) }
}

/// An app's name has precedence over a request's id, which clients choose.
fn why(client: &Client, subject: &str) -> Result<Value, CommandFailure> {
    let plain = segment(subject)?;
    let app = client.get(&format!("/why?app={plain}"))?;
    if app.status != 404 {
        return json_of(app);
    }
    let request = client.get(&format!("/why?request={plain}"))?;
    if request.status != 404 {
        return json_of(request);
    }
    json_of(request).map_err(|mut failure| {
        let told = text_of(&failure.error);
        if let Some(error) = failure.error.get_mut("error") {
            *error = Value::String(format!("there is no app {subject:?}, and {told}"));
        }
        failure
    })
}

/// The body of a success, or the error in the body.
fn json_of(answer: HttpResponse) -> Result<Value, CommandFailure> {
    let (status, path) = (answer.status, answer.path.clone());
    let text = answer.text()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    match (status, &body) {
        (200, Value::Object(_)) => Ok(body),
        (_, Value::Object(members)) if members.get("error").is_some_and(Value::is_string) => {
            Err(CommandFailure { code: ExitCode::Failed, error: body })
        }
        _ => {
            let what = format!("{status} without what a nano says with it");
            Err(CallError::HttpResponse { path, what }.into())
        }
    }
}

fn print(cli: &Cli, body: &Value, show: impl Fn(&Value) -> String) -> Result<(), CommandFailure> {
    let mut stdout = io::stdout().lock();
    if cli.json {
        writeln!(stdout, "{}", printable::json(&body.to_string()))?
    } else {
        stdout.write_all(printable::lines(&show(body)).as_bytes())?
    }
    Ok(())
}

fn metrics(cli: &Cli, answer: HttpResponse) -> Result<(), CommandFailure> {
    if answer.status != 200 {
        return json_of(answer).map(drop);
    }
    let text = answer.text()?;
    if cli.json {
        return print(cli, &json!({ "text": text }), |_| String::new());
    }
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

fn logs(cli: &Cli, client: &Client, wanted: &LogArguments) -> Result<(), CommandFailure> {
    let LogArguments { follow, lines, since, level, grep, app } = wanted;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("follow", if *follow { "1" } else { "0" });
    let app = app.as_deref().map(segment).transpose()?;
    let lines = lines.map(|lines| lines.to_string());
    for (key, value) in [
        ("app", app),
        ("n", lines.as_deref()),
        ("since", since.as_deref()),
        ("level", level.as_deref()),
        ("grep", grep.as_deref()),
    ] {
        query.extend_pairs(value.map(|value| (key, value)));
    }
    let path = format!("/logs?{}", query.finish());
    let answer = client.get(&path)?;
    if answer.status != 200 {
        return json_of(answer).map(drop);
    }
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for line in answer.lines() {
        let line = line?;
        let mut stdout = io::stdout().lock();
        let shown = if cli.json { format!("{}\n", printable::json(&line)) } else { show::log_line(&line, colour) };
        match stdout.write_all(shown.as_bytes()).and_then(|()| stdout.flush()) {
            // As in `nanoctl logs | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

/// Works without a supervisor too.
fn versions(cli: &Cli) -> Result<(), CommandFailure> {
    let client = Client::new(SocketCandidates::new(cli.socket.as_deref(), cli.config.as_deref()));
    let running = match client.get("/status") {
        Ok(answer) => Some(json_of(answer)?),
        Err(CallError::NotFound(not_found)) if not_found.is_certain() => None,
        Err(error) => return Err(error.into()),
    };
    let body = json!({
        "nanoctl": env!("CARGO_PKG_VERSION"),
        "nano": running.as_ref().map(|status| &status["version"]),
        "v8": running.as_ref().map(|status| &status["v8"]),
    });
    print(cli, &body, show::version)
}

/// Of `nanoctl` alone: on most machines `nano` is an editor, too, which completes otherwise.
fn completions(shell: &str) -> Result<(), CommandFailure> {
    let shell = match shell {
        "zsh" => clap_complete::Shell::Zsh,
        "fish" => clap_complete::Shell::Fish,
        _ => clap_complete::Shell::Bash,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nanoctl", &mut text);
    Ok(io::stdout().lock().write_all(&text)?)
}

/// Lines of a stream.
impl HttpResponse {
    fn lines(self) -> impl Iterator<Item = io::Result<String>> {
        self.body.lines()
    }
}
