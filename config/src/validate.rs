//! The checks. All of them run, so that one look at the errors is enough; only a syntax error ends it early.

mod acme;
mod apps;
mod assets;
mod exposed;
mod fleet;
mod listen;
mod module_path;
mod otlp;
mod read;
mod report;
mod settings;
mod tls;
mod trusted_proxies;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address;
use crate::app::AppConfig;
use crate::config::{
    AccessLog, Config, KeyLocations, Listen, Log, LogFormat, MetricsAddress, MinLogLevel, SandboxPolicy, SourceText,
};
use crate::env::{SecretSource, secret_source};
use crate::error::{ConfigError, Diagnostic};
use crate::fleet::{BUNDLES, FleetConfig, Table, state_directory};
use crate::json::{self, Node, Span, Value};
use crate::schema;
use crate::secret::{self, SecretFile, SecretReader};
use crate::tls::CertificateFiles;
pub(crate) use apps::ANY_NAME;
pub use assets::AssetsPlace;
pub use module_path::Module;
pub(crate) use module_path::single as single_module;
use read::{FlagOrWord, Object};
use report::{KeyPath, Report};
pub(crate) use settings::Settings;

/// How it is known what an app's `path` leads to.
pub(crate) enum Look<'m> {
    /// From the file system.
    OnDisk,
    /// From the file system, and it must be in this directory when links are followed.
    Beneath(PathBuf),
    /// From another process that read them.
    Known(&'m Found),
}

/// What a process that may read all files has found for a configuration.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// One for each app, in the order of the text.
    pub modules: Vec<Module>,
    /// The files of secrets, by what the text calls them.
    pub secrets: BTreeMap<String, SecretFile>,
    /// What the operator should know.
    pub warnings: Vec<Diagnostic>,
    /// One for each of `tls.certificates`, in the order of the text.
    pub certificates: Vec<CertificateFiles>,
}

/// Checks a document.
pub(crate) fn document(
    (text, table): (&str, Option<&Table>),
    file: &Path,
    cwd: &Path,
    look: &Look<'_>,
) -> Result<Config, ConfigError> {
    let mut report = Report::new(text, file);
    let config = match json::parse(text) {
        Ok(root) => {
            duplicate_keys(&mut report, &root, &KeyPath::root());
            server(&mut report, &root, table, (file, cwd), look)
                .map(|config| Config { text: SourceText::new(text), ..config })
        }
        Err(error) => {
            report.syntax(&error);
            None
        }
    };
    report.finish(config)
}

/// In every object, known or not.
fn duplicate_keys(report: &mut Report<'_>, node: &Node, path: &KeyPath) {
    match &node.value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                duplicate_keys(report, item, &path.item(index));
            }
        }
        Value::Object(members) => {
            let mut seen = HashMap::new();
            for member in members {
                let here = path.key(&member.key);
                match seen.entry(member.key.as_str()) {
                    Entry::Vacant(free) => {
                        free.insert(member.key_span);
                    }
                    Entry::Occupied(first) => {
                        let first = report.line_column(first.get().start);
                        let message = format!("this key is here twice, first at {first}");
                        report.fault(member.key_span, &here, message, None);
                    }
                }
                duplicate_keys(report, &member.value, &here);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn server(
    report: &mut Report<'_>,
    root: &Node,
    table: Option<&Table>,
    (file, cwd): (&Path, &Path),
    look: &Look<'_>,
) -> Option<Config> {
    let directory = directory_of(file, cwd);
    let top =
        Object::open(report, root, KeyPath::root(), &schema::SERVER_LEVEL, "the configuration must be an object")?;
    top.text(report, &schema::SCHEMA);
    let mut secrets = match look {
        Look::OnDisk | Look::Beneath(_) => SecretReader::on_disk(&directory, cwd),
        Look::Known(found) => SecretReader::Known(&found.secrets),
    };
    let defaults = top.node(&schema::DEFAULTS).and_then(|(node, path)| {
        let expected = "expected an object with keys of apps";
        let object = Object::open(report, node, path, &schema::DEFAULTS_LEVEL, expected)?;
        Some(settings::Settings::read(report, &object, &mut secrets))
    });
    let locations = locations(report, &top);
    let defaults = defaults.unwrap_or_default();
    let state_dir = fleet::state_dir(report, &top, &directory);
    let fleet = fleet::read(report, &top, &directory, state_dir.clone());
    let apps = if let Some((node, path)) = top.node(&schema::FLEET) {
        if top.node(&schema::APPS).is_some() {
            report.fault(node.span, &path, "with `fleet` the apps come from there: take `apps` out of the file", None);
        }
        match (&fleet, table) {
            (Some(fleet), Some(table)) => {
                let (apps, faults) = table_apps(table, fleet, defaults, look);
                report.also(faults);
                apps
            }
            _ => Vec::new(),
        }
    } else {
        apps::read(report, &top, apps::Given { defaults, limits: None }, (&directory, cwd), (look, &mut secrets))
    };
    let port = top.whole(report, &schema::PORT).and_then(|port| u16::try_from(port).ok());
    let warnings = match look {
        Look::OnDisk | Look::Beneath(_) => exposed::warning(report, root, file).into_iter().collect(),
        Look::Known(found) => found.warnings.clone(),
    };
    Some(Config {
        file: Some(file.to_path_buf()),
        listen: listen(report, &top)
            .unwrap_or_else(|| vec![Listen::all_addresses(port.unwrap_or(schema::DEFAULT_PORT))]),
        trusted_proxies: trusted_proxies::read(report, &top),
        metrics: metrics(report, &top),
        control_socket: control_socket(report, &top, &directory),
        control_group: listen::group(report, &top, &schema::CONTROL_GROUP),
        log: log(report, &top),
        drain: Duration::from_millis(top.whole_or_default(report, &schema::DRAIN_MS)),
        sandbox: top.choice(report, &schema::SANDBOX).map(|word| match word {
            "required" => SandboxPolicy::Required,
            _ => SandboxPolicy::BestEffort,
        }),
        uid_base: top.whole(report, &schema::UID_BASE).and_then(|uid| u32::try_from(uid).ok()),
        spares: usize::try_from(top.whole_or_default(report, &schema::SPARES)).unwrap_or(0),
        watch: top.flag(report, &schema::WATCH),
        tls: tls::read(report, &top, (&directory, cwd, state_dir.as_deref()), look),
        table: table.filter(|_| fleet.is_some()).cloned(),
        fleet,
        otlp: otlp::read(report, &top),
        apps,
        secret_files: secrets.into_files(),
        warnings,
        locations,
        text: SourceText::default(),
    })
}

/// The apps of a node's table, with the node's defaults and within its limits, and the faults.
fn table_apps(
    table: &Table,
    fleet: &FleetConfig,
    defaults: Settings,
    look: &Look<'_>,
) -> (Vec<AppConfig>, Vec<Diagnostic>) {
    let mut report = Report::new(&table.text, &table.file);
    let root = match json::parse(&table.text) {
        Ok(root) => root,
        Err(error) => {
            report.syntax(&error);
            return (Vec::new(), report.into_faults());
        }
    };
    duplicate_keys(&mut report, &root, &KeyPath::root());
    let beneath = Look::Beneath(fleet.state_dir.join(BUNDLES));
    let look = if matches!(look, Look::OnDisk) { &beneath } else { look };
    let top = Object::open(&mut report, &root, KeyPath::root(), &schema::TABLE_LEVEL, "a table must be an object");
    let apps = top.map(|top| {
        let given = apps::Given { defaults: defaults.on_demand(), limits: Some(&fleet.limits) };
        apps::read(&mut report, &top, given, (&fleet.state_dir, &fleet.state_dir), (look, &mut SecretReader::Refused))
    });
    (apps.unwrap_or_default(), report.into_faults())
}

/// What a document says of the fleet, whatever else is wrong with it.
pub(crate) fn fleet_alone(text: &str, file: &Path, cwd: &Path) -> Result<FleetConfig, ConfigError> {
    let mut report = Report::new(text, file);
    let fleet = match json::parse(text) {
        Ok(root) => match &root.value {
            Value::Object(members) => {
                let top = Object::of(members, root.span, KeyPath::root());
                let directory = directory_of(file, cwd);
                let state_dir = fleet::state_dir(&mut report, &top, &directory);
                fleet::read(&mut report, &top, &directory, state_dir)
            }
            _ => None,
        },
        Err(error) => {
            report.syntax(&error);
            None
        }
    };
    report.finish(fleet)
}

/// The faults of a table on a node with this document; those of the document are not looked for.
pub(crate) fn table_faults(text: &str, file: &Path, cwd: &Path, table: &Table) -> Result<Vec<Diagnostic>, ConfigError> {
    let fleet = fleet_alone(text, file, cwd)?;
    let mut report = Report::new(text, file);
    let root = json::parse(text).ok();
    let defaults = match root.as_ref().map(|root| &root.value) {
        Some(Value::Object(members)) => {
            let defaults = members.iter().find(|member| member.key == schema::DEFAULTS.name);
            defaults.and_then(|defaults| {
                let path = KeyPath::root().key(schema::DEFAULTS.name);
                let object = Object::open(&mut report, &defaults.value, path, &schema::DEFAULTS_LEVEL, "")?;
                Some(Settings::read(&mut report, &object, &mut SecretReader::on_disk(&directory_of(file, cwd), cwd)))
            })
        }
        _ => None,
    };
    Ok(table_apps(table, &fleet, defaults.unwrap_or_default(), &Look::OnDisk).1)
}

/// Where the node of a document keeps its table; `None`: it is of no fleet, or does not say.
pub(crate) fn state_place(root: &Node, file: &Path, cwd: &Path) -> Option<(PathBuf, Option<u32>)> {
    let Value::Object(members) = &root.value else { return None };
    let member = |key: &str| members.iter().find(|member| member.key == key).map(|member| &member.value.value);
    member(schema::FLEET.name)?;
    let directory = match member(schema::STATE_DIR.name) {
        Some(Value::String(text)) if !text.is_empty() => directory_of(file, cwd).join(text),
        Some(_) => return None,
        None => state_directory()?,
    };
    let uid_base = match member(schema::UID_BASE.name) {
        Some(Value::Number(text)) => text.parse().ok(),
        _ => None,
    };
    Some((directory, uid_base))
}

/// The locations of the server's own keys, those of `log` by their full names.
fn locations(report: &Report<'_>, top: &Object<'_>) -> KeyLocations {
    let own =
        top.keys().filter_map(|(name, span)| Some((schema::SERVER_LEVEL.names().find(|own| *own == name)?, span)));
    let within = match top.node(&schema::LOG) {
        Some((Node { value: Value::Object(members), .. }, _)) => members.as_slice(),
        _ => &[],
    };
    let of_log = within.iter().filter_map(|member| {
        let name = match member.key.as_str() {
            "format" => "log.format",
            "level" => "log.level",
            "access" => "log.access",
            _ => return None,
        };
        Some((name, member.key_span))
    });
    KeyLocations::new(own.chain(of_log).map(|(name, span)| (name, report.location(span.start))))
}

/// The paths where the apps, certificates and secrets of a document are looked for, whether it is valid or not: their files decide
/// whether it is valid.
pub(crate) fn places_of_files(root: &Node, file: &Path, cwd: &Path) -> Vec<PathBuf> {
    let member = |node: &Node, key: &str| match &node.value {
        Value::Object(members) => members.iter().find(|member| member.key == key).map(|member| member.value.clone()),
        _ => None,
    };
    let directory = directory_of(file, cwd);
    let apps = match member(root, schema::APPS.name).map(|node| node.value) {
        Some(Value::Array(apps)) => apps,
        _ => Vec::new(),
    };
    let mut places = Vec::new();
    let add_secrets = |object: &Node, places: &mut Vec<PathBuf>| {
        if let Some(Value::Object(env)) = member(object, schema::ENV.name).map(|node| node.value) {
            for entry in &env {
                if let Some(SecretSource::File(written)) = secret_source(&entry.value) {
                    places.extend(secret::places(written, &directory, cwd));
                }
            }
        }
    };
    if let Some(defaults) = member(root, schema::DEFAULTS.name) {
        add_secrets(&defaults, &mut places);
    }
    for app in &apps {
        if let Some(Value::String(text)) = member(app, schema::PATH.name).map(|node| node.value) {
            for directory in [directory.as_path(), cwd] {
                places.extend(module_path::looked_at(&directory.join(&text)));
            }
        }
        add_secrets(app, &mut places);
        let assets = member(app, schema::ASSETS.name).and_then(|node| member(&node, schema::ASSETS_DIRECTORY.name));
        if let Some(Value::String(text)) = assets.map(|node| node.value) {
            places.extend([directory.join(&text), cwd.join(&text)]);
        }
    }
    let certificates = member(root, schema::TLS.name).and_then(|tls| member(&tls, schema::TLS_CERTIFICATES.name));
    let certificates = match certificates.map(|node| node.value) {
        Some(Value::Array(certificates)) => certificates,
        _ => Vec::new(),
    };
    for certificate in &certificates {
        for key in [&schema::CERTIFICATE_CERT, &schema::CERTIFICATE_KEY] {
            if let Some(Value::String(text)) = member(certificate, key.name).map(|node| node.value) {
                places.extend(crate::tls::places(&text, &directory, cwd));
            }
        }
    }
    places.dedup();
    places
}

/// Absolute if `cwd` is.
pub(crate) fn directory_of(file: &Path, cwd: &Path) -> PathBuf {
    cwd.join(file.parent().unwrap_or(Path::new("")))
}

fn listen(report: &mut Report<'_>, top: &Object<'_>) -> Option<Vec<Listen>> {
    let (node, path) = top.node(&schema::LISTEN)?;
    let Value::Array(items) = &node.value else {
        let suggestion = matches!(node.value, Value::String(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::LISTEN, suggestion);
        return None;
    };
    if items.is_empty() {
        report.fault(node.span, &path, "the list must not be empty", None);
    }
    let mut listens: Vec<(Listen, Span)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let listen = match &item.value {
            Value::String(text) => match address::listen(text) {
                Ok(address) => Listen::from(address),
                Err((message, suggestion)) => {
                    report.fault(item.span, &path, message, suggestion);
                    continue;
                }
            },
            Value::Object(_) => match listen::read(report, item, &path, top.node(&schema::TLS).is_some()) {
                Some(listen) => listen,
                None => continue,
            },
            _ => {
                let expected = "\"addr:port\", \"unix:/path\" or an object with `address`";
                report.wrong_type_of(item, &path, expected, None);
                continue;
            }
        };
        match listens.iter().find(|(known, _)| known.is_same_place(&listen)) {
            Some((_, first)) => {
                let message = format!("duplicate address, first at {}", report.line_column(first.start));
                report.fault(item.span, &path, message, None);
            }
            None => listens.push((listen, item.span)),
        }
    }
    Some(listens.into_iter().map(|(listen, _)| listen).collect())
}

fn metrics(report: &mut Report<'_>, top: &Object<'_>) -> MetricsAddress {
    let Some((text, node, path)) = top.text(report, &schema::METRICS) else { return MetricsAddress::Default };
    if text == "off" {
        return MetricsAddress::Off;
    }
    match address::socket_addr(text) {
        Ok(address) => MetricsAddress::At(address),
        Err((message, suggestion)) => {
            report.fault(node.span, &path, format!("{message}, or \"off\""), suggestion);
            MetricsAddress::Default
        }
    }
}

fn control_socket(report: &mut Report<'_>, top: &Object<'_>, directory: &Path) -> Option<PathBuf> {
    let (text, node, path) = top.text(report, &schema::CONTROL_SOCKET)?;
    if text.is_empty() {
        report.fault(node.span, &path, "the path must not be empty", None);
        return None;
    }
    let socket = directory.join(text);
    if let Err((message, suggestion)) = address::socket_path(&socket) {
        report.fault(node.span, &path, message, suggestion);
    }
    Some(socket)
}

fn default_level() -> MinLogLevel {
    MinLogLevel::from_word(schema::LOG_LEVEL.default_word())
}

pub(crate) fn default_log() -> Log {
    Log { format: None, level: default_level(), access: AccessLog::InLog }
}

fn log(report: &mut Report<'_>, top: &Object<'_>) -> Log {
    let object = top.node(&schema::LOG).and_then(|(node, path)| {
        let expected = "expected an object such as {\"format\": \"json\"}";
        Object::open(report, node, path, &schema::LOG_LEVEL_KEYS, expected)
    });
    let Some(object) = object else { return default_log() };
    Log {
        format: object.choice(report, &schema::LOG_FORMAT).map(|word| match word {
            "json" => LogFormat::Json,
            _ => LogFormat::Pretty,
        }),
        level: object.choice(report, &schema::LOG_LEVEL).map_or_else(default_level, MinLogLevel::from_word),
        access: match object.flag_or_word(report, &schema::LOG_ACCESS) {
            FlagOrWord::Flag(true) => AccessLog::InLog,
            FlagOrWord::Flag(false) => AccessLog::Off,
            FlagOrWord::Word => AccessLog::Combined,
        },
    }
}
