//! What changes from one configuration to the next.

use std::path::Path;

use crate::app::{AppConfig, AppSettings};
use crate::config::{Config, KeyLocations, Log};
use crate::error::Location;
use crate::schema;

/// The changes from a running configuration to a new one. Apps are identified by name; lists are in the order of the
/// new file (`removed`: of the old one). Code is not compared: whether an app's modules changed is found by reading
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReloadPlan {
    /// Names of apps that are new.
    pub added: Vec<String>,
    /// Names of apps that are gone.
    pub removed: Vec<String>,
    /// Apps of which something differs.
    pub changed: Vec<AppChange>,
    /// Names of apps that are the same.
    pub unchanged: Vec<String>,
    /// The server's own values that differ.
    pub server: Vec<ServerChange>,
}

/// An app of which something differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppChange {
    /// Its name.
    pub name: String,
    /// The keys of `nano.json` whose values differ. `path` also when it leads elsewhere now, as through a moved link.
    pub keys: Vec<&'static str>,
}

impl AppChange {
    /// Whether it needs new workers. A change of hosts alone only needs new routes.
    #[must_use]
    pub fn needs_workers(&self) -> bool {
        self.keys.iter().any(|key| *key != schema::HOSTNAME.name)
    }
}

/// A value of the server that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerChange {
    /// The key as it is written, `port` or `listen`, `log.format`, …: in the new file, or in the old one if it is gone.
    pub key: &'static str,
    /// Its location in the new file; the file as a whole if it is gone.
    pub location: Location,
    /// Whether it takes effect at the next start only.
    pub needs_restart: bool,
}

impl ReloadPlan {
    /// Compares two configurations.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let mut plan = Self { server: server(old, new), ..Self::default() };
        for app in &new.apps {
            match old.app(&app.name) {
                None => plan.added.push(app.name.clone()),
                Some(before) if before == app => plan.unchanged.push(app.name.clone()),
                Some(before) => {
                    plan.changed.push(AppChange { name: app.name.clone(), keys: changed_keys(before, app) });
                }
            }
        }
        plan.removed = old.apps.iter().filter(|app| new.app(&app.name).is_none()).map(|app| app.name.clone()).collect();
        plan
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.server.is_empty()
    }

    /// The changed keys that wait for the next start.
    pub fn needs_restart(&self) -> impl Iterator<Item = &ServerChange> {
        self.server.iter().filter(|change| change.needs_restart)
    }
}

fn changed_keys(old: &AppConfig, new: &AppConfig) -> Vec<&'static str> {
    // Taken apart in full, so that a field added later cannot be forgotten here.
    let AppConfig { name: _, hostnames, path, root, entry, shown, location: _, assets, settings } = new;
    let AppSettings {
        env,
        max_buffer,
        max_total_buffer,
        memory_bytes,
        timeout,
        cpu,
        workers,
        max_concurrent,
        max_body_bytes,
        start,
        idle,
        egress,
        request_accessors,
        compatibility_flags,
        crons,
    } = settings;
    let before = &old.settings;
    let differs = [
        (schema::HOSTNAME, *hostnames != old.hostnames),
        (schema::PATH, *path != old.path || *root != old.root || *entry != old.entry || *shown != old.shown),
        (schema::ASSETS, *assets != old.assets),
        (schema::ENV, *env != before.env),
        (schema::MAX_BUFFER_SIZE_MB, *max_buffer != before.max_buffer),
        (schema::MAX_TOTAL_BUFFER_MB, *max_total_buffer != before.max_total_buffer),
        (schema::MEMORY_MB, *memory_bytes != before.memory_bytes),
        (schema::TIMEOUT_MS, *timeout != before.timeout),
        (schema::CPU_MS, *cpu != before.cpu),
        (schema::WORKERS, *workers != before.workers),
        (schema::MAX_CONCURRENT, *max_concurrent != before.max_concurrent),
        (schema::MAX_BODY_MB, *max_body_bytes != before.max_body_bytes),
        (schema::START, *start != before.start),
        (schema::IDLE_MS, *idle != before.idle),
        (schema::EGRESS, *egress != before.egress),
        (schema::REQUEST_ACCESSORS, *request_accessors != before.request_accessors),
        (schema::COMPATIBILITY_FLAGS, *compatibility_flags != before.compatibility_flags),
        (schema::CRONS, *crons != before.crons),
    ];
    differs.iter().filter(|(_, differs)| *differs).map(|(key, _)| key.name).collect()
}

fn server(old: &Config, new: &Config) -> Vec<ServerChange> {
    let Config {
        file,
        listen,
        trusted_proxies,
        metrics,
        control_socket,
        control_group,
        log,
        drain,
        sandbox,
        uid_base,
        spares,
        watch,
        tls,
        fleet,
        table: _,
        otlp,
        apps: _,
        // What was read from them is in the apps' `env`.
        secret_files: _,
        warnings: _,
        locations,
        text: _,
    } = new;
    let Log { format, level, access } = log;
    // `listen` is what either of two keys says.
    let written = |locations: &KeyLocations| ["listen", "port"].into_iter().find(|key| locations.get(key).is_some());
    let listen_key = written(locations).or_else(|| written(&old.locations)).unwrap_or("port");
    let differs = [
        (listen_key, *listen != old.listen),
        ("trusted_proxies", *trusted_proxies != old.trusted_proxies),
        ("metrics", *metrics != old.metrics),
        ("control_socket", *control_socket != old.control_socket),
        ("control_group", *control_group != old.control_group),
        ("log.format", *format != old.log.format),
        ("log.level", *level != old.log.level),
        ("log.access", *access != old.log.access),
        ("drain_ms", *drain != old.drain),
        ("sandbox", *sandbox != old.sandbox),
        ("uid_base", *uid_base != old.uid_base),
        ("spares", *spares != old.spares),
        ("watch", *watch != old.watch),
        ("tls", *tls != old.tls),
        ("fleet", *fleet != old.fleet),
        ("otlp", *otlp != old.otlp),
    ];
    let changed = differs.into_iter().filter(|(_, differs)| *differs);
    changed
        .map(|(key, _)| {
            let location = locations.get(key).cloned();
            let location = location.unwrap_or_else(|| Location::whole(file.as_deref().unwrap_or(Path::new(""))));
            ServerChange { key, location, needs_restart: schema::NEED_RESTART.contains(&key) }
        })
        .collect()
}
