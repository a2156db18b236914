//! Where each effective setting of an app comes from: its own entry, `defaults`, or nano itself.
//!
//! It reads the text once more. A value is what the text has, as JSON; where it has none, what nano uses. Of objects only
//! the names of their members are told, for any value in them may be a secret.

use std::path::Path;

use crate::config::Config;
use crate::env::write_json;
use crate::error::Location;
use crate::hostname::{HostName, HostPattern};
use crate::json::lines::LineIndex;
use crate::json::{self, Member, Node, Value};
use crate::schema::{self, Key, ValueKind};

/// What a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The app's own entry, or the top level.
    Own(Location),
    /// `defaults`.
    Defaults(Location),
    /// The file does not say it.
    BuiltIn,
}

/// One effective setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `timeout_ms`, `assets.not_found`, `log.level`.
    pub key: String,
    /// JSON. Of an object the list of its members' names; `null` where there is nothing by default.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The settings that an app runs with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The app's.
    pub app: Vec<Setting>,
    /// The server's, which count for every app.
    pub server: Vec<Setting>,
}

impl Config {
    /// The app that answers for a host, as its index in [`Config::apps`], and by which of its hostnames.
    #[must_use]
    pub fn app_of_host(&self, host: &HostName) -> Option<(usize, &HostPattern)> {
        let find = |wanted: &dyn Fn(&HostPattern) -> bool| {
            self.apps.iter().enumerate().find_map(|(at, app)| Some((at, app.hostnames.iter().find(|own| wanted(own))?)))
        };
        find(&|own| matches!(own, HostPattern::Exact(name) if name == host))
            .or_else(|| {
                host.suffixes().find_map(|suffix| {
                    find(&|own| matches!(own, HostPattern::Wildcard(name) if name.suffix() == suffix))
                })
            })
            .or_else(|| find(&|own| matches!(own, HostPattern::Any)))
    }

    /// The settings of the app with this index in [`Config::apps`].
    #[must_use]
    pub fn explain(&self, app: usize) -> Explanation {
        let file = self.file.as_deref().unwrap_or(Path::new(""));
        let text = self.text.as_str();
        // One app without a file: everything is built in.
        let root = json::parse(text).unwrap_or(Node { span: json::Span { start: 0, end: 0 }, value: Value::Null });
        // Of a node of a fleet the apps are in another document.
        let table = self.table.as_ref().and_then(|table| Some((json::parse(&table.text).ok()?, table)));
        let of_apps = table.as_ref().map_or(&root, |(table, _)| table);
        let entry = match member(of_apps, schema::APPS.name).map(|found| &found.value.value) {
            Some(Value::Array(items)) => items.get(app),
            _ => None,
        };
        let own = table.as_ref().map(|(_, table)| (LineIndex::new(&table.text), table.file.as_path()));
        let reader = Reader { lines: LineIndex::new(text), file, own };
        let defaults = member(&root, schema::DEFAULTS.name).map(|found| &found.value);
        let mut explained = Explanation::default();
        for key in schema::APP_LEVEL.keys.iter().copied().flatten() {
            reader.push(&mut explained.app, "", key, entry, defaults);
        }
        if table.is_some() {
            let start = explained.app.iter_mut().filter(|setting| setting.key == schema::START.name);
            for setting in start.filter(|setting| setting.origin == Origin::BuiltIn) {
                setting.value = "\"on-demand\"".to_owned();
            }
        }
        let reader = Reader { own: None, ..reader };
        for key in schema::SERVER_LEVEL.keys.iter().copied().flatten() {
            if ![schema::SCHEMA.name, schema::DEFAULTS.name, schema::APPS.name].contains(&key.name) {
                reader.push(&mut explained.server, "", key, Some(&root), None);
            }
        }
        explained
    }
}

struct Reader<'t> {
    lines: LineIndex<'t>,
    file: &'t Path,
    /// Of the document that has the app's entry, if it is another one.
    own: Option<(LineIndex<'t>, &'t Path)>,
}

impl Reader<'_> {
    fn push(&self, to: &mut Vec<Setting>, within: &str, key: &Key, own: Option<&Node>, defaults: Option<&Node>) {
        let own = own.and_then(|node| member(node, key.name));
        let default = defaults.and_then(|node| member(node, key.name));
        // These have settings of their own.
        let parts = [
            (schema::ASSETS.name, &schema::ASSETS_LEVEL),
            (schema::LOG.name, &schema::LOG_LEVEL_KEYS),
            (schema::OTLP.name, &schema::OTLP_LEVEL),
        ];
        if let Some((name, level)) = parts.into_iter().find(|(name, _)| within.is_empty() && *name == key.name)
            && (own.is_some() || name == schema::LOG.name)
        {
            for part in level.keys.iter().copied().flatten() {
                self.push(to, &format!("{name}."), part, own.map(|own| &own.value), None);
            }
            return;
        }
        let (value, origin) = match (own, default) {
            (Some(own), _) => (shown(&own.value), Origin::Own(self.own_location(own))),
            (None, Some(default)) => (shown(&default.value), Origin::Defaults(self.location(default))),
            (None, None) => (built_in(key), Origin::BuiltIn),
        };
        to.push(Setting { key: format!("{within}{}", key.name), value, origin });
    }

    fn own_location(&self, member: &Member) -> Location {
        let Some((lines, file)) = &self.own else { return self.location(member) };
        let (line, column) = lines.locate(member.key_span.start);
        Location { file: file.to_path_buf(), line, column }
    }

    fn location(&self, member: &Member) -> Location {
        let (line, column) = self.lines.locate(member.key_span.start);
        Location { file: self.file.to_path_buf(), line, column }
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Member> {
    match &node.value {
        Value::Object(members) => members.iter().find(|member| member.key == key),
        _ => None,
    }
}

fn shown(node: &Node) -> String {
    let mut text = String::new();
    match &node.value {
        Value::Object(members) => {
            let name = |member: &Member| Node { span: member.key_span, value: Value::String(member.key.clone()) };
            let names = members.iter().map(name).collect();
            write_json(&mut text, &Node { span: node.span, value: Value::Array(names) });
        }
        _ => write_json(&mut text, node),
    }
    text
}

fn built_in(key: &Key) -> String {
    match key.kind {
        ValueKind::Whole { default, .. } => default.map_or_else(|| "null".to_owned(), |number| number.to_string()),
        ValueKind::Megabytes { default, .. } => default.to_string(),
        ValueKind::Flag { default } | ValueKind::FlagOrWord { default, .. } => default.to_string(),
        ValueKind::Choice { default, .. } => default.map_or_else(|| "null".to_owned(), |word| format!("\"{word}\"")),
        ValueKind::Own { .. } if key.name == schema::EGRESS.name => "\"public\"".to_owned(),
        ValueKind::Own { .. } if key.name == schema::ASSETS_RUN_WORKER_FIRST.name => "false".to_owned(),
        ValueKind::Own { .. } if key.name == schema::ASSETS_BINDING.name => format!("\"{}\"", crate::assets::BINDING),
        ValueKind::Own { .. } if key.name == schema::OTLP_SAMPLE.name => crate::otlp::OtlpConfig::SAMPLE.to_string(),
        ValueKind::Own { .. } if key.name == schema::COMPATIBILITY_FLAGS.name => "[]".to_owned(),
        ValueKind::Own { .. } if key.name == schema::METRICS.name => {
            format!("\"{}\"", crate::config::MetricsAddress::DEFAULT)
        }
        ValueKind::Own { .. } => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests;
