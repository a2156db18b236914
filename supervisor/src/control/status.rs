//! The answers to `GET /status` and `GET /apps`.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Instant, UNIX_EPOCH};

use nano_protocol::{ExitReason, LayerReport, SandboxLayer};
use nano_spawner::wire::POLL_EVERY;
use serde_json::{Value, json};

use crate::agent;
use crate::app::Outage;
use crate::duration::millis;
use crate::fleet::Generation;
use crate::fleet::SlotStatus;
use crate::log;
use crate::supervisor::Supervisor;
use crate::telemetry::{self, AppMetrics};
use crate::worker::WorkerState;

pub(super) fn server(supervisor: &Rc<Supervisor>) -> Value {
    let generations = supervisor.generations.borrow();
    let workers = WorkerState::ALL.iter().map(|state| {
        let count: u64 = generations.values().map(|each| each.app().metrics.workers(*state)).sum();
        (state.as_str().to_owned(), json!(count))
    });
    let last_reload = supervisor.last_reload.borrow().as_ref().map(|last| {
        let at = last.at.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
        json!({ "at_unix": at, "successful": last.error.is_none(), "error": last.error })
    });
    let sandbox = SandboxLayer::ALL.into_iter().filter_map(|layer| {
        let mut states = generations.values().flat_map(|each| each.app().metrics.sandbox());
        let all = states.by_ref().filter(|(known, _)| *known == layer).map(|(_, active)| active);
        // True if every app's worker has it.
        Some((layer.as_str().to_owned(), json!(all.reduce(|all, active| all && active)?)))
    });
    let spares = supervisor.fleet.spares();
    let config = supervisor.config().file.as_ref().and_then(|file| std::path::absolute(file).ok());
    let config = config.map(|file| file.display().to_string());
    json!({
        "phase": supervisor.readiness.get().as_str(),
        "version": env!("CARGO_PKG_VERSION"),
        "v8": supervisor.metrics.v8(),
        "pid": std::process::id(),
        "uptime_ms": millis(supervisor.started.elapsed()),
        "config": config,
        "config_path": config,
        "listen": supervisor.addresses.http,
        "metrics": supervisor.addresses.metrics,
        "control_socket": supervisor.addresses.control.as_ref().map(|path| path.display().to_string()),
        "control_group": supervisor.config().control_group,
        "shards": supervisor.shards().len(),
        "apps": generations.len(),
        "workers": workers.collect::<serde_json::Map<_, _>>(),
        "stopped": supervisor.stopped(),
        "spares": { "ready": spares.0, "wanted": spares.1 },
        "generations_draining": supervisor.retiring.borrow().len(),
        "sandbox": {
            "policy": supervisor.fleet.sandbox_enforcement().policy_name(),
            "layers": sandbox.collect::<serde_json::Map<_, _>>(),
        },
        "watch": watch(supervisor),
        "fleet": fleet(supervisor),
        "acme": supervisor.acme.status(),
        "last_reload": last_reload,
        "log": {
            "level": log::level_name(supervisor.logs.level()),
            "configured": log::level_name(supervisor.logs.configured_level()),
        },
        "log_lines_dropped": supervisor.logs.dropped(),
    })
}

/// Which fleet this is a node of, and how it stands with it; null without `fleet`.
fn fleet(supervisor: &Rc<Supervisor>) -> Value {
    let config = supervisor.config();
    let Some(fleet) = &config.fleet else { return Value::Null };
    let mut described = agent::describe(fleet);
    described["status"] = json!(*supervisor.fleet_status.borrow());
    described
}

/// The certificates that are ordered for these hostnames.
pub(super) fn certificates(supervisor: &Rc<Supervisor>, hostnames: &Value) -> Value {
    let names = hostnames.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| supervisor.acme.status_of(name)).filter(|status| !status.is_null()).collect()
}

/// What is watched, and what is not; null without `watch`.
fn watch(supervisor: &Rc<Supervisor>) -> Value {
    if !supervisor.config().watch {
        return Value::Null;
    }
    let Some(coverage) = supervisor.fleet.spawner().coverage() else { return json!({ "paths": null }) };
    json!({
        "paths": coverage.paths,
        "polled": coverage.polled,
        "polled_every_ms": millis(POLL_EVERY),
        "polled_first": coverage.named,
        "why": coverage.why,
    })
}

/// How an app runs, in short; null if it does not.
pub(super) fn of_app(supervisor: &Rc<Supervisor>, name: &str) -> Value {
    let generations = supervisor.generations.borrow();
    let Some(generation) = generations.get(name) else { return Value::Null };
    let layers = generation.app().metrics.sandbox().map(|(layer, active)| (layer.as_str().to_owned(), json!(active)));
    json!({
        "state": state(generation),
        "generation": generation.app().generation.0,
        "sandbox": {
            "policy": supervisor.fleet.sandbox_enforcement().policy_name(),
            "layers": layers.collect::<serde_json::Map<_, _>>(),
        },
    })
}

pub(super) fn apps(supervisor: &Rc<Supervisor>) -> Value {
    let config = supervisor.config();
    let generations = supervisor.generations.borrow();
    let apps = config.apps.iter().filter_map(|app| {
        let generation = generations.get(&app.name)?;
        let own = generation.app();
        let metrics = &own.metrics;
        let stats = metrics.stream_stats();
        Some(json!({
            "name": app.name,
            "hostnames": app.hostnames.iter().map(|host| host.as_str()).collect::<Vec<_>>(),
            "path": app.path.display().to_string(),
            "generation": own.generation.0,
            "state": state(generation),
            "requests": metrics.requests_started(),
            "in_flight": metrics.requests_in_flight(),
            "worker_starts": metrics.worker_starts(),
            "worker_exits": exits(metrics),
            "log_lines_dropped": metrics.log_dropped().load(Ordering::Relaxed),
            "max_buffer_size_mb": app.settings.max_buffer.text().parse::<serde_json::Number>().ok(),
            "buffer_overflows": stats.overflows,
            "buffered_bytes": stats.buffered,
            "crons": supervisor.crons.status(&app.name, &app.settings.crons),
            "sandbox": metrics.sandbox().map(|(layer, active)| (layer.as_str().to_owned(), json!(active))).collect::<serde_json::Map<_, _>>(),
            "workers": generation.slots.iter().map(|slot| worker(slot)).collect::<Vec<_>>(),
        }))
    });
    json!({ "apps": apps.collect::<Vec<_>>() })
}

/// How many workers of an app ended, by reason; without the reasons for which none did.
fn exits(metrics: &AppMetrics) -> Value {
    let counts = ExitReason::ALL.map(|reason| (reason.as_str().to_owned(), metrics.worker_exits(reason)));
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(reason, count)| (reason, json!(count))).collect()
}

/// The app's state as one word.
pub(super) fn state(generation: &Generation) -> &'static str {
    let in_state = |state| generation.slots.iter().any(|slot| slot.state() == Some(state));
    let availability = &generation.app().availability;
    if generation.is_stopped() {
        "stopped"
    } else if !generation.has_workers() {
        "files"
    } else if availability.is_on_probation() {
        "probation"
    } else if in_state(WorkerState::Ready) {
        "ready"
    } else if let Some(refusal) = availability.refused() {
        match refusal.outage {
            Outage::Crashes => "crash loop",
            Outage::StartFails => "start fails",
        }
    } else if in_state(WorkerState::Starting) {
        "starting"
    } else if in_state(WorkerState::Draining) {
        "draining"
    } else if generation.slots.iter().all(|slot| slot.waits_for_demand()) {
        "idle"
    } else {
        "restarting"
    }
}

fn layer(report: &LayerReport) -> Value {
    json!({ "layer": report.layer.as_str(), "active": report.active, "detail": report.detail })
}

fn worker(slot: &SlotStatus) -> Value {
    let worker = slot.worker.borrow();
    let usage = worker.as_ref().and_then(|worker| telemetry::usage(worker.pid));
    let stats = worker.as_ref().map(|worker| worker.stats());
    json!({
        "state": slot.state().map(WorkerState::as_str),
        "pid": worker.as_ref().map(|worker| worker.pid),
        "in_flight": worker.as_ref().map(|worker| worker.in_flight.load(Ordering::Relaxed)),
        "since_ms": millis(Instant::now().saturating_duration_since(slot.since.get())),
        "restarts": slot.restarts.get(),
        "waits_for_request": slot.waits_for_demand(),
        "failures_in_a_row": slot.failures.get(),
        "resident_bytes": usage.and_then(|usage| usage.resident),
        "cpu_ms": usage.map(|usage| millis(usage.cpu)),
        "heap_bytes": stats.map(|stats| stats.heap),
        "buffered_bytes": stats.map(|stats| stats.buffered),
        "sandbox": worker.as_ref().map(|worker| worker.sandbox().iter().map(layer).collect::<Vec<_>>()),
        "last_exit": slot.last_exit.borrow().as_ref().map(|(reason, how)| json!({ "reason": reason.as_str(), "how": how })),
    })
}
