//! The list of apps: names, hosts and paths, and that no two apps share one.

use std::collections::HashMap;
use std::path::Path;

use crate::address::Fault;
use crate::app::AppConfig;
use crate::assets::AssetsConfig;
use crate::error::{Location, quote, quote_path};
use crate::fleet::FleetLimits;
use crate::hostname::HostPattern;
use crate::json::{Node, Span, Value};
use crate::schema;
use crate::secret::SecretReader;
use crate::validate::read::Object;
use crate::validate::report::{KeyPath, Report};
use crate::validate::settings::Settings;
use crate::validate::{Look, assets, module_path};

/// The name of an app that answers `*` and has none of its own.
pub(crate) const ANY_NAME: &str = "default";
/// As long as a host name, so that every hostname makes a name.
const MAX_NAME: usize = 253;

/// The app that claimed a name or host first.
struct Claim {
    app: KeyPath,
    at: Span,
    /// The hostname, and for names the one it comes from.
    host: Option<HostPattern>,
}

#[derive(Default)]
struct Claims {
    names: HashMap<String, Claim>,
    hosts: HashMap<HostPattern, Claim>,
}

/// What the apps of a list are given: values for keys that they lack, and, in a fleet, bounds.
pub(crate) struct Given<'g> {
    pub(crate) defaults: Settings,
    pub(crate) limits: Option<&'g FleetLimits>,
}

pub(crate) fn read(
    report: &mut Report<'_>,
    top: &Object<'_>,
    Given { defaults, limits }: Given<'_>,
    places: (&Path, &Path),
    (look, secrets): (&Look<'_>, &mut SecretReader<'_>),
) -> Vec<AppConfig> {
    let Some((node, path)) = top.node(&schema::APPS) else {
        report.fault(top.span, &KeyPath::root(), "`apps` is missing: a list of at least one app", None);
        return Vec::new();
    };
    let Value::Array(items) = &node.value else {
        let suggestion = matches!(node.value, Value::Object(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::APPS, suggestion);
        return Vec::new();
    };
    if items.is_empty() && limits.is_none() {
        report.fault(node.span, &path, "there must be at least one app", None);
    }
    let mut claims = Claims::default();
    let mut apps = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(object) =
            Object::open(report, item, path.item(index), &schema::APP_LEVEL, "expected an object, an app")
        else {
            continue;
        };
        let mut settings = Settings::read(report, &object, secrets).resolve(&defaults);
        for (key, value, bound) in limits.map_or_else(Vec::new, |limits| limits.exceeded(&settings)) {
            let message =
                format!("{value} is more than this node allows an app of the fleet, {bound} (`fleet.limits`)");
            report.fault(object.span, &object.path.key(key), message, None);
        }
        let identity = identity(report, &object, &mut claims);
        let place = (places, (look, index));
        let files = assets(report, &object, place, |name| settings.env.contains_key(name));
        let module = match &files {
            Some(files) if object.node(&schema::PATH).is_none() => {
                if let Some((crons, path)) = object.node(&schema::CRONS) {
                    let message = "an app without `path` has no code that could be called";
                    report.fault(crons.span, &path, message, None);
                }
                settings.crons.clear();
                Some(files_alone(files))
            }
            _ => module(report, &object, place),
        };
        if let (Some((name, hostnames)), Some((module, location, shown))) = (identity, module) {
            let module_path::Module { path, root, entry, assets: _ } = module;
            apps.push(AppConfig { name, hostnames, path, root, entry, shown, location, assets: files, settings });
        }
    }
    apps
}

/// Where paths are looked for: the directories, or what is known of the app with this index.
type Places<'p> = ((&'p Path, &'p Path), (&'p Look<'p>, usize));

fn assets(
    report: &mut Report<'_>,
    app: &Object<'_>,
    ((directory, cwd), (look, index)): Places<'_>,
    is_taken: impl Fn(&str) -> bool,
) -> Option<AssetsConfig> {
    let has_module = app.node(&schema::PATH).is_some();
    assets::read(report, app, (has_module, is_taken), |text| match look {
        Look::OnDisk => assets::resolve(text, directory, cwd),
        Look::Beneath(top) => {
            assets::resolve(text, directory, cwd).and_then(|found| within(top, &found.root).map(|()| found))
        }
        Look::Known(found) => {
            let known = found.modules.get(index).and_then(|module| module.assets.clone());
            known.ok_or_else(|| ("it was not looked up".to_owned(), None))
        }
    })
}

/// Whether an app of the fleet stays among the fleet's files.
fn within(top: &Path, root: &Path) -> Result<(), Fault> {
    if top.canonicalize().is_ok_and(|top| root != top && root.starts_with(top)) {
        return Ok(());
    }
    Err((format!("{} is not in {}", quote_path(root), quote_path(top)), None))
}

/// What stands for the module of an app that has none.
fn files_alone(assets: &AssetsConfig) -> (module_path::Module, Location, Option<String>) {
    let AssetsConfig { path, root, location, .. } = assets;
    let module = module_path::Module { path: path.clone(), root: root.clone(), entry: String::new(), assets: None };
    (module, location.clone(), None)
}

fn module(
    report: &mut Report<'_>,
    app: &Object<'_>,
    ((directory, cwd), (look, index)): Places<'_>,
) -> Option<(module_path::Module, Location, Option<String>)> {
    if app.node(&schema::PATH).is_none() {
        // With faulty `assets` it may be meant to have none.
        if app.node(&schema::ASSETS).is_none() {
            report.fault(app.span, &app.path, "`path` is missing: the app's directory or module", None);
        }
        return None;
    }
    let (text, node, path) = app.text(report, &schema::PATH)?;
    let location = report.location(app.key_span(&schema::PATH).unwrap_or(node.span).start);
    let found = match look {
        Look::OnDisk => module_path::resolve(text, directory, cwd),
        Look::Beneath(top) => {
            module_path::resolve(text, directory, cwd).and_then(|found| within(top, &found.root).map(|()| found))
        }
        Look::Known(found) => {
            found.modules.get(index).cloned().ok_or_else(|| ("it was not looked up".to_owned(), None))
        }
    };
    match found {
        Ok(module) => {
            let shown = module.shown(text);
            Some((module, location, shown))
        }
        Err((message, suggestion)) => {
            report.fault(node.span, &path, message, suggestion);
            None
        }
    }
}

/// The name and the hostnames. Either may be missing if the other is there.
fn identity(report: &mut Report<'_>, app: &Object<'_>, claims: &mut Claims) -> Option<(String, Vec<HostPattern>)> {
    let name = explicit_name(report, app);
    let hosts = match app.node(&schema::HOSTNAME) {
        Some((node, path)) => hostnames(report, node, &path),
        None => match app.node(&schema::NAME) {
            None => {
                report.fault(app.span, &app.path, "`hostname` is missing: the host that the app answers for", None);
                return None;
            }
            Some((node, path)) => vec![(hostname_from_name(report, name.as_deref()?, node, &path)?, node.span, path)],
        },
    };
    let mut unique = Vec::new();
    for (host, at, path) in &hosts {
        if claim_host(report, claims, host, *at, path, &app.path) {
            unique.push(host.clone());
        }
    }
    let name = match (name, app.node(&schema::NAME)) {
        (Some(name), Some((node, path))) => {
            claim_name(report, claims, &name, node.span, &path, app, None);
            name
        }
        // It is there and wrong, which was reported.
        (None, Some(_)) => return None,
        (_, None) => {
            let (host, at, path) = hosts.first()?;
            let name = derived_name(host);
            if name.len() > MAX_NAME {
                let message = format!("too long to serve as the app's name too (at most {MAX_NAME} characters)");
                report.fault(*at, path, message, Some("set `name`".to_owned()));
                return None;
            }
            claim_name(report, claims, &name, *at, path, app, Some(host));
            name
        }
    };
    Some((name, unique))
}

fn explicit_name(report: &mut Report<'_>, app: &Object<'_>) -> Option<String> {
    let (text, node, path) = app.text(report, &schema::NAME)?;
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if text.is_empty() {
        report.fault(node.span, &path, "the name must not be empty", None);
    } else if !text.bytes().all(allowed) {
        let likely: String = text.to_lowercase().replace(' ', "-");
        let suggestion = likely.bytes().all(allowed).then(|| format!("did you mean \"{}\"?", quote(&likely)));
        let message = format!("a name has only a-z, 0-9, `.`, `_` and `-`, found \"{}\"", quote(text));
        report.fault(node.span, &path, message, suggestion);
    } else if text.len() > MAX_NAME {
        report.fault(node.span, &path, format!("a name has at most {MAX_NAME} characters"), None);
    } else if text == "." || text == ".." {
        report.fault(node.span, &path, "`.` and `..` cannot be names", None);
    } else {
        return Some(text.to_owned());
    }
    None
}

fn hostnames(report: &mut Report<'_>, node: &Node, path: &KeyPath) -> Vec<(HostPattern, Span, KeyPath)> {
    let items: Vec<(&Node, KeyPath)> = match &node.value {
        Value::String(_) => vec![(node, path.clone())],
        Value::Array(items) if items.is_empty() => {
            report.fault(node.span, path, "the list must not be empty", Some("\"*\" answers any host".to_owned()));
            Vec::new()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (item, path.item(index))).collect(),
        _ => {
            report.wrong_type(node, path, &schema::HOSTNAME, None);
            Vec::new()
        }
    };
    let mut hosts = Vec::new();
    for (item, path) in items {
        let Value::String(text) = &item.value else {
            report.wrong_type_of(item, &path, "a string", None);
            continue;
        };
        match HostPattern::parse(text) {
            Ok(host) => hosts.push((host, item.span, path)),
            Err(error) => report.fault(item.span, &path, format!("{error}, found \"{}\"", quote(text)), None),
        }
    }
    hosts
}

fn hostname_from_name(report: &mut Report<'_>, name: &str, node: &Node, path: &KeyPath) -> Option<HostPattern> {
    HostPattern::parse(name)
        .inspect_err(|error| {
            let message = format!("without `hostname` the name serves as one, and \"{}\" cannot: {error}", quote(name));
            report.fault(node.span, path, message, Some("set `hostname`".to_owned()));
        })
        .ok()
}

fn claim_host(
    report: &mut Report<'_>,
    claims: &mut Claims,
    host: &HostPattern,
    at: Span,
    path: &KeyPath,
    app: &KeyPath,
) -> bool {
    let Some(first) = claims.hosts.get(host) else {
        claims.hosts.insert(host.clone(), Claim { app: app.clone(), at, host: Some(host.clone()) });
        return true;
    };
    let message = if first.app.as_str() == app.as_str() {
        format!("duplicate hostname \"{host}\", first at {}", report.line_column(first.at.start))
    } else {
        let location = report.line_column(first.at.start);
        format!("duplicate hostname \"{host}\": {} has it already, at {location}", first.app.as_str())
    };
    report.fault(at, path, message, None);
    false
}

fn claim_name(
    report: &mut Report<'_>,
    claims: &mut Claims,
    name: &str,
    at: Span,
    path: &KeyPath,
    app: &Object<'_>,
    host: Option<&HostPattern>,
) {
    let Some(first) = claims.names.get(name) else {
        claims.names.insert(name.to_owned(), Claim { app: app.path.clone(), at, host: host.cloned() });
        return;
    };
    // For two apps with the same first hostname this is reported already.
    if host.is_some() && first.host.as_ref() == host {
        return;
    }
    let origin = if host.is_some() { " (from the hostname)" } else { "" };
    let location = report.line_column(first.at.start);
    let message = format!("duplicate name \"{name}\"{origin}: {} has it already, at {location}", first.app.as_str());
    let suggestion = (host.is_some() || first.host.is_some()).then(|| "set `name`".to_owned());
    report.fault(at, path, message, suggestion);
}

/// The name that an app without one gets; see [`AppConfig::name`].
fn derived_name(host: &HostPattern) -> String {
    match host {
        HostPattern::Any => ANY_NAME.to_owned(),
        HostPattern::Wildcard(wildcard) => format!("wildcard.{}", wildcard.suffix()),
        HostPattern::Exact(host) => match host.as_str().strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(address) => format!("ip6-{}", address.replace(':', "-")),
            None => host.as_str().to_owned(),
        },
    }
}
