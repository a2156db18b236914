//! Key by key: what wrangler's configuration is in `nano.json`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Imported;

/// Keys that say how a bundle is made, deployed or developed, and nothing of how it runs.
const OF_TOOLS: &[&str] = &[
    "$schema",
    "account_id",
    "alias",
    "base_dir",
    "build",
    "compliance_region",
    "define",
    "dependencies_instrumentation",
    "dev",
    "find_additional_modules",
    "first_party_worker",
    "jsx_factory",
    "jsx_fragment",
    "keep_names",
    "keep_vars",
    "legacy_env",
    "minify",
    "no_bundle",
    "preserve_file_names",
    "preview_urls",
    "previews",
    "python_modules",
    "rules",
    "send_metrics",
    "tsconfig",
    "upload_source_maps",
    "userWorkerEvents",
    "workers_dev",
];

/// Bindings and services that are not here, and what they are.
const MISSING: &[(&str, &str)] = &[
    ("ai", "Workers AI"),
    ("analytics_engine_datasets", "Analytics Engine"),
    ("browser", "browser rendering"),
    ("cloudchamber", "containers"),
    ("containers", "containers"),
    ("d1_databases", "D1"),
    ("data_blobs", "data blobs; import a `.bin` file instead"),
    ("dispatch_namespaces", "dispatch namespaces"),
    ("durable_objects", "Durable Objects"),
    ("hyperdrive", "Hyperdrive"),
    ("images", "Images"),
    ("kv_namespaces", "KV"),
    ("logfwdr", "log forwarding"),
    ("media", "Media transformations"),
    ("migrations", "migrations of Durable Objects"),
    ("mtls_certificates", "client certificates"),
    ("pipelines", "Pipelines"),
    ("queues", "Queues"),
    ("r2_buckets", "R2"),
    ("ratelimits", "rate limits"),
    ("secrets_store_secrets", "Secrets Store; put the values into `env`"),
    ("send_email", "sending of mail"),
    ("services", "bindings to other Workers; use `fetch` of the other app's host"),
    ("site", "Workers Sites; use `assets`"),
    ("streaming_tail_consumers", "tail Workers"),
    ("tail_consumers", "tail Workers"),
    ("text_blobs", "text blobs; import a `.txt` file instead"),
    ("unsafe", "unsafe bindings"),
    ("vectorize", "Vectorize"),
    ("version_metadata", "version metadata"),
    ("vpc_services", "VPC services"),
    ("wasm_modules", "Wasm modules by name; import a `.wasm` file instead"),
    ("worker_loaders", "loading of Workers"),
    ("workflows", "Workflows"),
];

/// Flags of compatibility that are always so here, or make no difference.
const HARMLESS_FLAGS: &[&str] = &[
    "allow_custom_ports",
    "disallow_eval_during_startup",
    "enable_ctx_exports",
    "enable_nodejs_fs_module",
    "enable_nodejs_global_timers",
    "enable_nodejs_http_modules",
    "enable_nodejs_http_server_modules",
    "enable_nodejs_os_module",
    "enable_nodejs_process_v2",
    "export_commonjs_default",
    "fetch_refuses_unknown_protocols",
    "formdata_parser_supports_files",
    "global_fetch_strictly_public",
    "global_navigator",
    "http_headers_getsetcookie",
    "nodejs_compat_populate_process_env",
    "nodejs_populate_process_env",
    "streams_enable_constructors",
    "transformstream_enable_standard_constructor",
    "url_standard",
    "urlpattern_standard",
    "urlsearchparams_delete_has_value_arg",
    "web_socket_compression",
    "workers_api_getters_setters_on_prototype",
];

/// From this compatibility date on Workers let code be made of strings while an app starts.
const EVAL_SINCE: &str = "2025-06-01";

struct Entry {
    entry: Map<String, Value>,
    notes: Vec<String>,
}

pub(super) fn entry(config: &Map<String, Value>, directory: &Path) -> Imported {
    let mut made = Entry { entry: Map::new(), notes: Vec::new() };
    let name = config.get("name").and_then(Value::as_str).unwrap_or("app").to_owned();
    made.set("name", json!(name));
    made.hostnames(config, &name);
    made.main(config, directory);
    made.flags(config);
    for (key, value) in config {
        match key.as_str() {
            "name" | "main" | "route" | "routes" => {}
            "vars" => made.set("env", value.clone()),
            "compatibility_date" => {}
            "compatibility_flags" => {}
            "assets" => made.assets(value, directory),
            "triggers" => made.triggers(value),
            "limits" => made.limits(value),
            "observability" | "logpush" => made.note(key, "logs are nano's own: see docs/operating.md"),
            "placement" => made.note(key, "an app runs where nano runs"),
            "cache" => made.note(key, "there is no cache in front of the app"),
            tools if OF_TOOLS.contains(&tools) => {}
            other => match MISSING.iter().find(|(missing, _)| *missing == other) {
                Some(_) if is_empty(value) => {}
                Some((_, what)) => made.missing(other, what, value),
                None => made.note(other, "it is not known"),
            },
        }
    }
    Imported { entry: Value::Object(made.entry), notes: made.notes }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.values().all(is_empty),
        _ => false,
    }
}

/// The names of the bindings in a value, wherever they are.
fn bindings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| bindings(value, found)),
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(name) if key == "binding" || key == "name" => found.push(format!("`env.{name}`")),
                    value => bindings(value, found),
                }
            }
        }
        _ => {}
    }
}

/// What a path is from the directory that `nano.json` is in: as it is, from that of wrangler's file.
fn beside(directory: &Path, path: &str) -> Value {
    let path = Path::new(path);
    let joined = directory.join(path.strip_prefix("./").unwrap_or(path));
    Value::String(joined.display().to_string())
}

impl Entry {
    fn set(&mut self, key: &str, value: Value) {
        self.entry.insert(key.to_owned(), value);
    }

    fn note(&mut self, key: &str, text: &str) {
        self.notes.push(format!("{key}: {text}"));
    }

    fn missing(&mut self, key: &str, what: &str, value: &Value) {
        let mut names = Vec::new();
        bindings(value, &mut names);
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        self.note(key, &format!("nano has no {what}{names}"));
    }

    /// From routes; their paths are nothing that nano tells apps by.
    fn hostnames(&mut self, config: &Map<String, Value>, name: &str) {
        let one = config.get("route").into_iter();
        let many = config.get("routes").and_then(Value::as_array).into_iter().flatten();
        let mut hosts: Vec<String> = Vec::new();
        for route in one.chain(many) {
            let pattern = route.as_str().or_else(|| route.get("pattern").and_then(Value::as_str)).unwrap_or_default();
            let rest = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            if !matches!(path, "" | "*") {
                self.note("routes", &format!("{pattern}: an app gets all paths of its hosts"));
            }
            // `*example.com` is the host and what is beneath it.
            let own = match host.strip_prefix('*') {
                Some(domain) if !domain.starts_with('.') && !domain.is_empty() => {
                    vec![domain.to_owned(), format!("*.{domain}")]
                }
                _ => vec![host.to_owned()],
            };
            for host in own {
                if !host.is_empty() && !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
        }
        if hosts.is_empty() {
            self.note("hostname", "there are no routes: say under which hosts the app answers");
            hosts.push(format!("{name}.localhost"));
        }
        let hosts = match <[String; 1]>::try_from(hosts) {
            Ok([host]) => Value::String(host),
            Err(hosts) => json!(hosts),
        };
        self.set("hostname", hosts);
    }

    fn main(&mut self, config: &Map<String, Value>, directory: &Path) {
        let Some(main) = config.get("main").and_then(Value::as_str) else { return };
        let path = Path::new(main);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let is_bundle = config.get("no_bundle").and_then(Value::as_bool) == Some(true);
        if matches!(extension, "js" | "mjs") && (is_bundle || !has_packages(&directory.join(path))) {
            self.set("path", beside(directory, main));
            return;
        }
        let out = directory.join("dist");
        let out = out.display();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("index");
        let text =
            format!("{main} has to be built: `npx wrangler deploy --dry-run --outdir {out}`, and again after a change");
        self.note("main", &text);
        self.set("path", beside(directory, &format!("dist/{stem}.js")));
    }

    fn flags(&mut self, config: &Map<String, Value>) {
        let given = config.get("compatibility_flags").and_then(Value::as_array);
        let given: Vec<&str> = given.into_iter().flatten().filter_map(Value::as_str).collect();
        let date = config.get("compatibility_date").and_then(Value::as_str).unwrap_or_default();
        let mut flags: Vec<&str> = Vec::new();
        if date >= EVAL_SINCE && !given.contains(&"disallow_eval_during_startup") {
            flags.push("eval_at_start");
        }
        for &flag in &given {
            let own = match flag {
                "nodejs_compat" | "nodejs_compat_v2" => "nodejs_compat",
                "nodejs_als" => "nodejs_als",
                "allow_eval_during_startup" => "eval_at_start",
                harmless if HARMLESS_FLAGS.contains(&harmless) => continue,
                other => {
                    self.note("compatibility_flags", &format!("{other}: nano has no such flag"));
                    continue;
                }
            };
            if !flags.contains(&own) {
                flags.push(own);
            }
        }
        if !flags.is_empty() {
            self.set("compatibility_flags", json!(flags));
        }
    }

    fn assets(&mut self, value: &Value, directory: &Path) {
        let mut assets = Map::new();
        for (key, value) in value.as_object().into_iter().flatten() {
            match (key.as_str(), value) {
                ("directory", Value::String(path)) => {
                    assets.insert(key.clone(), beside(directory, path));
                }
                ("binding" | "html_handling" | "run_worker_first", value) => {
                    assets.insert(key.clone(), value.clone());
                }
                ("not_found_handling", value) => {
                    assets.insert("not_found".to_owned(), value.clone());
                }
                _ => self.note(&format!("assets.{key}"), "it is not known"),
            }
        }
        if assets.contains_key("directory") {
            self.set("assets", Value::Object(assets));
        } else {
            self.note("assets.directory", "it is not said: the build of a framework says it");
        }
    }

    fn triggers(&mut self, value: &Value) {
        if let Some(crons) = value.get("crons").filter(|crons| !is_empty(crons)) {
            self.set("crons", crons.clone());
        }
    }

    fn limits(&mut self, value: &Value) {
        for (key, value) in value.as_object().into_iter().flatten() {
            match key.as_str() {
                "cpu_ms" => self.set("cpu_ms", value.clone()),
                other => self.note(&format!("limits.{other}"), "nano bounds fetches of its own: see docs/egress.md"),
            }
        }
    }
}

/// Whether a module imports what only a bundler finds. One that cannot be read is taken for a bundle that is still to be made.
fn has_packages(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let mut specifiers = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let begins = line.starts_with("import ") || line.starts_with("export ") || line.starts_with("} from ");
        begins.then(|| line.rsplit(['"', '\'']).nth(1)).flatten()
    });
    specifiers.any(|name| !name.starts_with(['.', '/']) && !name.contains(':'))
}
