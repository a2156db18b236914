//! Every key of `nano.json`: name, type, range, default. `nano.schema.json` says the same; a test compares them.

/// A key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: ValueKind,
}

/// What a key's value may be.
#[derive(Clone, Copy)]
pub(crate) enum ValueKind {
    /// A whole number in `min..=max`; `1.0` and `1e0` are whole.
    Whole { min: u64, max: u64, default: Option<u64> },
    /// MB, perhaps fractional, above 0 (or 0 too) and up to [`MAX_MB`].
    Megabytes { zero: bool, default: u32 },
    /// `true` or `false`.
    Flag { default: bool },
    /// `true`, `false` or this word.
    FlagOrWord { word: &'static str, default: bool },
    /// One of these words.
    Choice { words: &'static [&'static str], default: Option<&'static str> },
    /// Has a reader of its own.
    Own { expected: &'static str },
}

/// The keys that one kind of object may have.
pub(crate) struct Level {
    pub(crate) keys: &'static [&'static [Key]],
    /// Completes "`x` belongs …".
    pub(crate) belongs: &'static str,
}

impl Level {
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().copied().flatten().map(|key| key.name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// Used where neither the file nor the command line says otherwise.
pub const DEFAULT_PORT: u16 = 8080;

/// 1 TiB: more than any machine gives one app, and far from overflow in bytes.
pub(crate) const MAX_MB: u32 = 1 << 20;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const fn whole(name: &'static str, min: u64, max: u64, default: u64) -> Key {
    Key { name, kind: ValueKind::Whole { min, max, default: Some(default) } }
}

const fn bound(name: &'static str, min: u64, max: u64) -> Key {
    Key { name, kind: ValueKind::Whole { min, max, default: None } }
}

const fn megabytes(name: &'static str, zero: bool, default: u32) -> Key {
    Key { name, kind: ValueKind::Megabytes { zero, default } }
}

const fn own(name: &'static str, expected: &'static str) -> Key {
    Key { name, kind: ValueKind::Own { expected } }
}

pub(crate) const SCHEMA: Key = own("$schema", "a string");
pub(crate) const PORT: Key = whole("port", 1, 65535, DEFAULT_PORT as u64);
pub(crate) const LISTEN: Key = own("listen", "a list of \"addr:port\" or \"unix:/path\"");
pub(crate) const LISTEN_ADDRESS: Key = own("address", "\"addr:port\" or \"unix:/path\"");
pub(crate) const LISTEN_MODE: Key = own("mode", "permission bits as a string, as in \"0660\"");
pub(crate) const LISTEN_GROUP: Key = own("group", "the name of a group");
pub(crate) const LISTEN_TLS: Key = Key { name: "tls", kind: ValueKind::Flag { default: false } };
pub(crate) const LISTEN_PROXY_PROTOCOL: Key = Key { name: "proxy_protocol", kind: ValueKind::Flag { default: false } };
pub(crate) const TRUSTED_PROXIES: Key = own("trusted_proxies", "a list of CIDR ranges and \"unix\"");
pub(crate) const METRICS: Key = own("metrics", "\"addr:port\" or \"off\"");
pub(crate) const CONTROL_SOCKET: Key = own("control_socket", "a path as a string");
pub(crate) const CONTROL_GROUP: Key = own("control_group", "the name of a group");
pub(crate) const LOG: Key = own("log", "an object");
pub(crate) const DRAIN_MS: Key = whole("drain_ms", 0, DAY_MS, 30_000);
pub(crate) const SANDBOX: Key =
    Key { name: "sandbox", kind: ValueKind::Choice { words: &["required", "best-effort"], default: None } };
/// Below 1000 are the machine's own users; above the last 65536 there would be no room for the apps' offsets.
pub(crate) const UID_BASE: Key =
    Key { name: "uid_base", kind: ValueKind::Whole { min: 1000, max: 0xFFFF_0000 - 1, default: None } };
pub(crate) const SPARES: Key = whole("spares", 0, 16, 1);
pub(crate) const WATCH: Key = Key { name: "watch", kind: ValueKind::Flag { default: false } };
pub(crate) const TLS: Key = own("tls", "an object with `certificates` or `acme`");
pub(crate) const TLS_CERTIFICATES: Key = own("certificates", "a list of objects");
pub(crate) const TLS_REDIRECT_HTTP: Key = Key { name: "redirect_http", kind: ValueKind::Flag { default: true } };
/// Ten years at most.
pub(crate) const TLS_HSTS_S: Key = whole("hsts_s", 0, 315_360_000, 0);
pub(crate) const OTLP: Key = own("otlp", "an object with `endpoint`");
pub(crate) const OTLP_ENDPOINT: Key = own("endpoint", "a URL as a string");
pub(crate) const OTLP_SAMPLE: Key = own("sample", "a number from 0 to 1");
pub(crate) const CERTIFICATE_HOSTNAMES: Key = own("hostnames", "a list of names");
pub(crate) const CERTIFICATE_CERT: Key = own("cert", "a path as a string");
pub(crate) const CERTIFICATE_KEY: Key = own("key", "a path as a string");
pub(crate) const STATE_DIR: Key = own("state_dir", "a path as a string");
pub(crate) const FLEET: Key = own("fleet", "an object");
pub(crate) const FLEET_ENDPOINTS: Key = own("endpoints", "a list of 1 to 16 URLs of etcd");
pub(crate) const FLEET_PREFIX: Key = own("prefix", "a prefix of keys such as \"/nano/prod\"");
pub(crate) const FLEET_NODE: Key = own("node", "a name");
pub(crate) const FLEET_LABELS: Key = own("labels", "an object of strings");
pub(crate) const FLEET_TLS: Key = own("tls", "an object");
pub(crate) const FLEET_CA: Key = own("ca", "a path as a string");
pub(crate) const FLEET_CERT: Key = own("cert", "a path as a string");
pub(crate) const FLEET_KEY: Key = own("key", "a path as a string");
pub(crate) const FLEET_USER: Key = own("user", "an object");
pub(crate) const FLEET_USER_NAME: Key = own("name", "a string");
pub(crate) const FLEET_USER_PASSWORD: Key = own("password_file", "a path as a string");
pub(crate) const FLEET_SECRET_KEYS: Key = own("secret_keys", "a list of paths as strings");
pub(crate) const FLEET_LIMITS: Key = own("limits", "an object");
pub(crate) const LIMIT_MEMORY_MB: Key = bound("memory_mb", 8, MAX_MB as u64);
pub(crate) const LIMIT_WORKERS: Key = bound("workers", 1, 256);
pub(crate) const LIMIT_CPU_MS: Key = bound("cpu_ms", 1, DAY_MS);
pub(crate) const LIMIT_TIMEOUT_MS: Key = bound("timeout_ms", 1, DAY_MS);
pub(crate) const LIMIT_MAX_CONCURRENT: Key = bound("max_concurrent", 1, 65536);
pub(crate) const LIMIT_MAX_BODY_MB: Key = bound("max_body_mb", 1, MAX_MB as u64);
pub(crate) const LIMIT_MAX_BUFFER_SIZE_MB: Key = bound("max_buffer_size_mb", 1, MAX_MB as u64);
/// `prefix` where the file gives none.
pub(crate) const DEFAULT_PREFIX: &str = "/nano";
/// What the agent writes into a table beside `apps`, for itself.
pub(crate) const TABLE_FLEET: Key = own("fleet", "an object");
pub(crate) const TLS_ACME: Key = own("acme", "an object with `directory` and `agree`");
pub(crate) const ACME_DIRECTORY: Key = own("directory", "a URL with https as a string");
pub(crate) const ACME_EMAIL: Key = own("email", "an address of e-mail as a string");
pub(crate) const ACME_STORAGE: Key = own("storage", "a path as a string");
pub(crate) const ACME_AGREE: Key = own("agree", "true");
pub(crate) const DEFAULTS: Key = own("defaults", "an object");
pub(crate) const APPS: Key = own("apps", "a list of apps");

pub(crate) const LOG_FORMAT: Key =
    Key { name: "format", kind: ValueKind::Choice { words: &["json", "pretty"], default: None } };
pub(crate) const LOG_LEVEL: Key = Key {
    name: "level",
    kind: ValueKind::Choice { words: &["error", "warn", "info", "debug", "trace"], default: Some("info") },
};
pub(crate) const LOG_ACCESS: Key =
    Key { name: "access", kind: ValueKind::FlagOrWord { word: "combined", default: true } };

pub(crate) const NAME: Key = own("name", "a string");
pub(crate) const HOSTNAME: Key = own("hostname", "a string or a list of strings");
pub(crate) const PATH: Key = own("path", "a string");

pub(crate) const ASSETS: Key = own("assets", "an object with `directory`");
pub(crate) const ASSETS_DIRECTORY: Key = own("directory", "a path as a string");
pub(crate) const ASSETS_NOT_FOUND: Key = Key {
    name: "not_found",
    kind: ValueKind::Choice { words: &["none", "404-page", "single-page-application"], default: Some("none") },
};
pub(crate) const ASSETS_RUN_WORKER_FIRST: Key = own("run_worker_first", "true, false or a list of patterns");
pub(crate) const ASSETS_HTML_HANDLING: Key = Key {
    name: "html_handling",
    kind: ValueKind::Choice {
        words: &["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"],
        default: Some("auto-trailing-slash"),
    },
};
pub(crate) const ASSETS_BINDING: Key = own("binding", "the name of a key of the worker's environment");

pub(crate) const ENV: Key = own("env", "an object");
pub(crate) const MAX_BUFFER_SIZE_MB: Key = megabytes("max_buffer_size_mb", false, 64);
pub(crate) const MAX_TOTAL_BUFFER_MB: Key = megabytes("max_total_buffer_mb", true, 0);
pub(crate) const MEMORY_MB: Key = whole("memory_mb", 8, MAX_MB as u64, 128);
pub(crate) const TIMEOUT_MS: Key = whole("timeout_ms", 1, DAY_MS, 30_000);
pub(crate) const CPU_MS: Key = whole("cpu_ms", 1, DAY_MS, 5000);
pub(crate) const WORKERS: Key = whole("workers", 1, 256, 1);
pub(crate) const MAX_CONCURRENT: Key = whole("max_concurrent", 1, 65536, 256);
pub(crate) const MAX_BODY_MB: Key = megabytes("max_body_mb", false, 100);
pub(crate) const START: Key =
    Key { name: "start", kind: ValueKind::Choice { words: &["eager", "on-demand"], default: Some("eager") } };
pub(crate) const IDLE_MS: Key = whole("idle_ms", 0, 30 * DAY_MS, 0);
pub(crate) const EGRESS: Key = own("egress", "\"public\", \"off\" or a list of \"host[:port]\" and CIDR ranges");
pub(crate) const REQUEST_ACCESSORS: Key = Key {
    name: "request_accessors",
    kind: ValueKind::Choice { words: &["property", "method", "auto"], default: Some("auto") },
};

pub(crate) const COMPATIBILITY_FLAGS: Key = own("compatibility_flags", "a list of flags");
/// What may be in that list.
pub(crate) const FLAGS: [&str; 3] = ["nodejs_compat", "nodejs_als", "eval_at_start"];

pub(crate) const CRONS: Key = own("crons", "a list of cron expressions");
/// Most expressions of one app.
pub(crate) const MAX_CRONS: usize = 32;

/// The server's own keys that take effect when nano is started again, and not by a reload. Every other key, those of apps
/// included, takes effect by a reload.
pub(crate) const NEED_RESTART: &[&str] = &[
    "port",
    "listen",
    "metrics",
    "control_socket",
    "control_group",
    "log.format",
    "sandbox",
    "uid_base",
    "fleet",
    "otlp",
];

const SERVER_KEYS: &[Key] = &[
    SCHEMA,
    PORT,
    LISTEN,
    TRUSTED_PROXIES,
    METRICS,
    CONTROL_SOCKET,
    CONTROL_GROUP,
    LOG,
    DRAIN_MS,
    SANDBOX,
    UID_BASE,
    SPARES,
    WATCH,
    TLS,
    STATE_DIR,
    FLEET,
    OTLP,
    DEFAULTS,
    APPS,
];
const IDENTITY_KEYS: &[Key] = &[HOSTNAME, NAME, PATH, ASSETS];
const SETTING_KEYS: &[Key] = &[
    ENV,
    MAX_BUFFER_SIZE_MB,
    MAX_TOTAL_BUFFER_MB,
    MEMORY_MB,
    TIMEOUT_MS,
    CPU_MS,
    WORKERS,
    MAX_CONCURRENT,
    MAX_BODY_MB,
    START,
    IDLE_MS,
    EGRESS,
    REQUEST_ACCESSORS,
    COMPATIBILITY_FLAGS,
    CRONS,
];

/// The document itself.
pub(crate) const SERVER_LEVEL: Level = Level { keys: &[SERVER_KEYS], belongs: "at the top level" };
/// `log`.
pub(crate) const LOG_LEVEL_KEYS: Level = Level { keys: &[&[LOG_FORMAT, LOG_LEVEL, LOG_ACCESS]], belongs: "in `log`" };
/// An object in `listen`.
pub(crate) const LISTEN_LEVEL: Level = Level {
    keys: &[&[LISTEN_ADDRESS, LISTEN_MODE, LISTEN_GROUP, LISTEN_TLS, LISTEN_PROXY_PROTOCOL]],
    belongs: "in an entry of `listen`",
};
/// `tls`.
pub(crate) const TLS_LEVEL: Level =
    Level { keys: &[&[TLS_CERTIFICATES, TLS_ACME, TLS_REDIRECT_HTTP, TLS_HSTS_S]], belongs: "in `tls`" };
/// `tls.acme`.
pub(crate) const ACME_LEVEL: Level =
    Level { keys: &[&[ACME_DIRECTORY, ACME_EMAIL, ACME_STORAGE, ACME_AGREE]], belongs: "in `tls.acme`" };
/// `otlp`.
pub(crate) const OTLP_LEVEL: Level = Level { keys: &[&[OTLP_ENDPOINT, OTLP_SAMPLE]], belongs: "in `otlp`" };
/// An entry of `tls.certificates`.
pub(crate) const CERTIFICATE_LEVEL: Level = Level {
    keys: &[&[CERTIFICATE_HOSTNAMES, CERTIFICATE_CERT, CERTIFICATE_KEY]],
    belongs: "in an entry of `tls.certificates`",
};
/// `defaults`.
pub(crate) const DEFAULTS_LEVEL: Level = Level { keys: &[SETTING_KEYS], belongs: "in an app or in `defaults`" };
/// An entry of `apps`.
pub(crate) const APP_LEVEL: Level = Level { keys: &[IDENTITY_KEYS, SETTING_KEYS], belongs: "in an entry of `apps`" };

/// `assets` of an app.
pub(crate) const ASSETS_LEVEL: Level = Level {
    keys: &[&[ASSETS_DIRECTORY, ASSETS_NOT_FOUND, ASSETS_RUN_WORKER_FIRST, ASSETS_HTML_HANDLING, ASSETS_BINDING]],
    belongs: "in `assets`",
};

/// `fleet`.
pub(crate) const FLEET_LEVEL: Level = Level {
    keys: &[&[
        FLEET_ENDPOINTS,
        FLEET_PREFIX,
        FLEET_NODE,
        FLEET_LABELS,
        FLEET_TLS,
        FLEET_USER,
        FLEET_SECRET_KEYS,
        FLEET_LIMITS,
    ]],
    belongs: "in `fleet`",
};
/// `fleet.tls`.
pub(crate) const FLEET_TLS_LEVEL: Level =
    Level { keys: &[&[FLEET_CA, FLEET_CERT, FLEET_KEY]], belongs: "in `fleet.tls`" };
/// `fleet.user`.
pub(crate) const FLEET_USER_LEVEL: Level =
    Level { keys: &[&[FLEET_USER_NAME, FLEET_USER_PASSWORD]], belongs: "in `fleet.user`" };
/// `fleet.limits`.
pub(crate) const FLEET_LIMITS_LEVEL: Level = Level {
    keys: &[&[
        LIMIT_MEMORY_MB,
        LIMIT_WORKERS,
        LIMIT_CPU_MS,
        LIMIT_TIMEOUT_MS,
        LIMIT_MAX_CONCURRENT,
        LIMIT_MAX_BODY_MB,
        LIMIT_MAX_BUFFER_SIZE_MB,
    ]],
    belongs: "in `fleet.limits`",
};
/// The document of a table.
pub(crate) const TABLE_LEVEL: Level = Level { keys: &[&[APPS, TABLE_FLEET]], belongs: "in a table of apps" };

/// In the order in which a misplaced key is looked for: what `defaults` takes is named before what only apps take.
pub(crate) const LEVELS: &[&Level] = &[
    &SERVER_LEVEL,
    &LOG_LEVEL_KEYS,
    &DEFAULTS_LEVEL,
    &APP_LEVEL,
    &LISTEN_LEVEL,
    &ASSETS_LEVEL,
    &TLS_LEVEL,
    &OTLP_LEVEL,
    &CERTIFICATE_LEVEL,
    &ACME_LEVEL,
    &FLEET_LEVEL,
];

impl Key {
    /// The default of a whole number, 0 where there is none.
    pub(crate) fn default_whole(&self) -> u64 {
        match self.kind {
            ValueKind::Whole { default, .. } => default.unwrap_or(0),
            _ => 0,
        }
    }

    /// The default of a size in MB.
    pub(crate) fn default_mb(&self) -> u32 {
        match self.kind {
            ValueKind::Megabytes { default, .. } => default,
            _ => 0,
        }
    }

    /// The default of a flag.
    pub(crate) fn default_flag(&self) -> bool {
        matches!(self.kind, ValueKind::Flag { default: true } | ValueKind::FlagOrWord { default: true, .. })
    }

    /// The default of a choice, empty where there is none.
    pub(crate) fn default_word(&self) -> &'static str {
        match self.kind {
            ValueKind::Choice { default: Some(word), .. } => word,
            _ => "",
        }
    }

    /// "expected …" in messages.
    pub(crate) fn expected(&self) -> String {
        match self.kind {
            ValueKind::Whole { min, max, .. } => format!("a whole number from {min} to {max}"),
            ValueKind::Megabytes { zero: true, .. } => format!("a number of MB from 0 to {MAX_MB}"),
            ValueKind::Megabytes { zero: false, .. } => format!("a number of MB above 0 and up to {MAX_MB}"),
            ValueKind::Flag { .. } => "true or false".to_owned(),
            ValueKind::FlagOrWord { word, .. } => format!("true, false or \"{word}\""),
            ValueKind::Choice { words, .. } => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join(" or ")
            }
            ValueKind::Own { expected } => expected.to_owned(),
        }
    }
}

/// Most bytes of names and values, as JSON without spaces, in one `env`: what travels to a worker in one piece.
pub(crate) const MAX_ENV_BYTES: usize = 1 << 20;

/// Most entries of one `env`.
pub(crate) const MAX_ENV_ENTRIES: usize = 10_000;

#[cfg(test)]
mod tests;
