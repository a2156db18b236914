//! Shows answers of the control socket for people.

mod certificates;

use std::fmt::Write;

use nano_protocol::SandboxLayer;
use serde_json::Value;

use crate::printable;

pub(super) use certificates::of_host;

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "-".to_owned(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Columns as wide as their widest cell; the first row is the heading.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let one_line = |row: &Vec<String>| row.iter().map(|cell| printable::line(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(one_line).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(out, "{}", line.join("  ").trim_end());
    }
    out
}

pub(super) fn duration(ms: &Value) -> String {
    let Some(ms) = ms.as_u64() else { return "-".to_owned() };
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

pub(super) fn bytes(count: &Value) -> String {
    let Some(count) = count.as_u64() else { return "-".to_owned() };
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{:.1} KiB", count as f64 / 1024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

/// The policy, the layers that every app's workers have, and the others.
pub(super) fn sandbox(body: &Value) -> String {
    let layers = |wanted: bool| {
        let names = SandboxLayer::ALL.into_iter().map(SandboxLayer::as_str);
        let names = names.filter(|name| body["layers"][*name].as_bool() == Some(wanted));
        names.collect::<Vec<_>>().join(", ")
    };
    let (active, lacking) = (layers(true), layers(false));
    let lacking = if lacking.is_empty() { String::new() } else { format!("; lacking: {lacking}") };
    let active = if active.is_empty() { "-".to_owned() } else { active };
    format!("{}: {active}{lacking}", text(&body["policy"]))
}

/// What is watched, and what is not.
fn watch(body: &Value) -> String {
    let Some(paths) = body.as_object().map(|_| &body["paths"]) else { return "off".to_owned() };
    let Some(paths) = paths.as_u64() else { return "about to begin".to_owned() };
    match (body["polled"].as_u64().unwrap_or(0), &body["why"]) {
        (_, Value::Null) => format!("{paths} paths"),
        (polled, why) => format!(
            "{paths} paths; not told of {polled}, which are looked at every {}: {} ({})",
            duration(&body["polled_every_ms"]),
            text(&body["polled_first"]),
            text(why),
        ),
    }
}

pub(super) fn status(body: &Value) -> String {
    let workers = body["workers"].as_object().map(|states| {
        let counts = states.iter().filter(|(_, count)| count.as_u64() != Some(0));
        counts.map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
    });
    let last_reload = match &body["last_reload"] {
        Value::Null => "none".to_owned(),
        last if last["successful"] == Value::Bool(true) => "successful".to_owned(),
        last => format!("failed: {}", text(&last["error"])),
    };
    // Further lines of an error follow below the table.
    let (last_reload, below) = last_reload.split_once('\n').unwrap_or((&last_reload, ""));
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let table = table(&[
        row("state", text(&body["phase"])),
        row("version", format!("{} (V8 {})", text(&body["version"]), text(&body["v8"]))),
        row("pid", text(&body["pid"])),
        row("uptime", duration(&body["uptime_ms"])),
        row("config", text(&body["config"])),
        row("listen", text(&body["listen"])),
        row("metrics", text(&body["metrics"])),
        row("control socket", text(&body["control_socket"])),
        row("shards", text(&body["shards"])),
        row("apps", text(&body["apps"])),
        row("stopped apps", text(&body["stopped"])),
        row("workers", workers.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned())),
        row("spares", format!("{} of {}", text(&body["spares"]["ready"]), text(&body["spares"]["wanted"]))),
        row("sandbox", sandbox(&body["sandbox"])),
        row("watch", watch(&body["watch"])),
        row("certificates", certificates::line(&body["acme"])),
        row("log level", log_level(&body["log"]).trim_end().to_owned()),
        row("log lines dropped", text(&body["log_lines_dropped"])),
        row("last reload", last_reload.to_owned()),
    ]);
    let below = if below.is_empty() { String::new() } else { format!("    {}\n", printable::text(below)) };
    format!("{table}{below}{}", certificates::table(&body["acme"]))
}

pub(super) fn apps(body: &Value) -> String {
    let heading = [
        "APP",
        "STATE",
        "HOSTS",
        "PID",
        "WORKER",
        "SINCE",
        "RESTARTS",
        "IN FLIGHT",
        "MEMORY",
        "CPU",
        "REQUESTS",
        "OVERFLOWS",
        "LAST EXIT",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for app in list(&body["apps"]) {
        // An app of files alone has none.
        let none = list(&app["workers"]).next().is_none().then_some(&Value::Null);
        for (index, worker) in list(&app["workers"]).chain(none).enumerate() {
            let own = |cell: String| if index == 0 { cell } else { String::new() };
            let last_exit = match &worker["last_exit"] {
                Value::Null => "-".to_owned(),
                exit => format!("{} ({})", text(&exit["reason"]), text(&exit["how"])),
            };
            rows.push(vec![
                own(text(&app["name"])),
                own(text(&app["state"])),
                own(text(&app["hostnames"])),
                text(&worker["pid"]),
                text(&worker["state"]),
                duration(&worker["since_ms"]),
                text(&worker["restarts"]),
                text(&worker["in_flight"]),
                bytes(&worker["resident_bytes"]),
                duration(&worker["cpu_ms"]),
                own(text(&app["requests"])),
                own(text(&app["buffer_overflows"])),
                last_exit,
            ]);
        }
    }
    format!("{}{}", table(&rows), crons(body))
}

/// The crons of all apps; nothing if there are none.
fn crons(body: &Value) -> String {
    let heading = ["APP", "CRON", "NEXT IN", "RUNNING", "LAST RUN", "TOOK", "SKIPPED"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for app in list(&body["apps"]) {
        for (index, cron) in list(&app["crons"]).enumerate() {
            let last = match (&cron["last"], &cron["last"]["error"]) {
                (Value::Null, _) => "-".to_owned(),
                (last, Value::Null) => text(&last["result"]),
                (last, error) => format!("{} ({})", text(&last["result"]), text(error)),
            };
            rows.push(vec![
                if index == 0 { text(&app["name"]) } else { String::new() },
                text(&cron["cron"]),
                duration(&cron["next_in_ms"]),
                duration(&cron["running_ms"]),
                last,
                duration(&cron["last"]["took_ms"]),
                text(&cron["skipped"]),
            ]);
        }
    }
    if rows.len() == 1 { String::new() } else { format!("\n{}", table(&rows)) }
}

pub(super) fn reload(body: &Value) -> String {
    let mut out = String::new();
    for name in list(&body["added"]) {
        let _ = writeln!(out, "added      {}", text(name));
    }
    for name in list(&body["removed"]) {
        let _ = writeln!(out, "removed    {}", text(name));
    }
    for app in list(&body["changed"]) {
        let _ = writeln!(out, "changed    {} ({})", text(&app["name"]), text(&app["what"]));
    }
    for name in list(&body["unchanged"]) {
        let _ = writeln!(out, "unchanged  {}", text(name));
    }
    for name in list(&body["stopped"]) {
        let _ = writeln!(out, "stopped    {} (and stays so: nanoctl start)", text(name));
    }
    for key in list(&body["server"]) {
        let _ = writeln!(out, "set        {}", text(key));
    }
    let _ = match body["dry_run"].as_bool() {
        Some(true) => {
            writeln!(out, "nothing was applied: this is what a reload would do, if every app loads (nanoctl check)")
        }
        _ => writeln!(out, "reloaded in {}", duration(&body["took_ms"])),
    };
    out
}

pub(super) fn restart(body: &Value) -> String {
    format!("restarted {}\n", text(&body["restarted"]))
}

pub(super) fn stop(body: &Value) -> String {
    let already = if body["was_stopped"] == Value::Bool(true) { "was stopped already" } else { "stopped" };
    format!("{} {already}; `nanoctl start` starts it\n", text(&body["stopped"]))
}

pub(super) fn start(body: &Value) -> String {
    let running = if body["was_stopped"] == Value::Bool(true) { "started" } else { "was not stopped" };
    format!("{} {running}\n", text(&body["started"]))
}

pub(super) fn suspend(body: &Value) -> String {
    let was = if body["was_running"] == Value::Bool(true) { "suspended" } else { "had no worker" };
    format!("{} {was}; its next request starts it\n", text(&body["suspended"]))
}

pub(super) fn log_level(body: &Value) -> String {
    let was = body["was"].as_str().map_or_else(String::new, |was| format!(", was {was}"));
    let level = text(&body["level"]);
    let own = match body["configured"].as_str() {
        Some(configured) if configured != level => {
            format!(" (the configuration has {configured}, which is back at the next start)")
        }
        _ => String::new(),
    };
    format!("{level}{was}{own}\n")
}

pub(super) fn drain(body: &Value) -> String {
    format!("drained in {}; nano ends\n", duration(&body["took_ms"]))
}

pub(super) fn upgrade(body: &Value) -> String {
    format!(
        "nano {} (pid {}) serves after {:.2} s; nano {} (pid {}) finishes what it has and ends\n",
        text(&body["new_version"]),
        body["new_pid"],
        body["seconds"].as_f64().unwrap_or_default(),
        text(&body["old_version"]),
        body["old_pid"],
    )
}

pub(super) fn check(body: &Value) -> String {
    let mut out = match &body["apps"] {
        Value::Null => format!("{}: ok, the project loads\n", text(&body["file"])),
        apps => format!("{}: ok, every app loads: {}\n", text(&body["file"]), text(apps)),
    };
    let needs_restart = list(&body["needs_restart"]).map(text).collect::<Vec<_>>();
    if !needs_restart.is_empty() {
        let keys = needs_restart.join(", ");
        let _ = writeln!(out, "the nano that serves it has to be restarted for this, and refuses a reload: {keys}");
    }
    out
}

pub(super) fn version(body: &Value) -> String {
    let running = match &body["nano"] {
        Value::Null => "nano is not running\n".to_owned(),
        version => format!("nano {} (V8 {})\n", text(version), text(&body["v8"])),
    };
    format!("nanoctl {}\n{running}", text(&body["nanoctl"]))
}

/// A line of the log in the format for people; text that is no JSON stays as it is.
pub(super) fn log_line(line: &str, colour: bool) -> String {
    crate::log::pretty_from_json(line, colour).unwrap_or_else(|| format!("{}\n", printable::line(line)))
}

#[cfg(test)]
mod tests;
