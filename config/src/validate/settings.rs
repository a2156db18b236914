//! The keys that apps and `defaults` share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::{AppSettings, AppStart, RequestAccessors};
use crate::cron::CronExpression;
use crate::egress::{self, EgressSetting};
use crate::env::{EnvValue, SecretSource, secret_source};
use crate::json::{Span, Value};
use crate::megabytes::Megabytes;
use crate::schema::{self, Key};
use crate::secret::SecretReader;
use crate::suggest;
use crate::validate::read::Object;
use crate::validate::report::{Report, describe_type};

/// The values of one object; missing ones are `None`.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    env: Option<BTreeMap<String, EnvValue>>,
    max_buffer: Option<Megabytes>,
    max_total_buffer: Option<Megabytes>,
    memory_mb: Option<u64>,
    timeout_ms: Option<u64>,
    cpu_ms: Option<u64>,
    workers: Option<u64>,
    max_concurrent: Option<u64>,
    max_body: Option<Megabytes>,
    start: Option<AppStart>,
    idle_ms: Option<u64>,
    egress: Option<EgressSetting>,
    request_accessors: Option<RequestAccessors>,
    compatibility_flags: Option<BTreeSet<&'static str>>,
    crons: Option<Vec<CronExpression>>,
}

impl Settings {
    pub(crate) fn read(report: &mut Report<'_>, object: &Object<'_>, secrets: &mut SecretReader<'_>) -> Self {
        Self {
            env: env(report, object, secrets),
            max_buffer: object.megabytes(report, &schema::MAX_BUFFER_SIZE_MB),
            max_total_buffer: object.megabytes(report, &schema::MAX_TOTAL_BUFFER_MB),
            memory_mb: object.whole(report, &schema::MEMORY_MB),
            timeout_ms: object.whole(report, &schema::TIMEOUT_MS),
            cpu_ms: object.whole(report, &schema::CPU_MS),
            workers: object.whole(report, &schema::WORKERS),
            max_concurrent: object.whole(report, &schema::MAX_CONCURRENT),
            max_body: object.megabytes(report, &schema::MAX_BODY_MB),
            start: object.choice(report, &schema::START).map(AppStart::from_word),
            idle_ms: object.whole(report, &schema::IDLE_MS),
            egress: egress(report, object),
            request_accessors: object.choice(report, &schema::REQUEST_ACCESSORS).map(RequestAccessors::from_word),
            compatibility_flags: compatibility_flags(report, object),
            crons: crons(report, object),
        }
    }

    /// The same for apps that start with their first request unless it is said otherwise.
    pub(crate) fn on_demand(self) -> Self {
        Self { start: self.start.or(Some(AppStart::OnDemand)), ..self }
    }

    /// The app's own, else those of `defaults`, else the built-in ones.
    pub(crate) fn resolve(self, defaults: &Self) -> AppSettings {
        let pick =
            |own: Option<u64>, default: Option<u64>, key: &Key| own.or(default).unwrap_or_else(|| key.default_whole());
        let size = |own: Option<Megabytes>, default: &Option<Megabytes>, key: &Key| {
            own.or_else(|| default.clone()).unwrap_or_else(|| Megabytes::from_mb(key.default_mb()))
        };
        let workers = pick(self.workers, defaults.workers, &schema::WORKERS);
        let max_concurrent = pick(self.max_concurrent, defaults.max_concurrent, &schema::MAX_CONCURRENT);
        let total = size(self.max_total_buffer, &defaults.max_total_buffer, &schema::MAX_TOTAL_BUFFER_MB);
        let idle = pick(self.idle_ms, defaults.idle_ms, &schema::IDLE_MS);
        AppSettings {
            env: self.env.or_else(|| defaults.env.clone()).unwrap_or_default(),
            max_buffer: size(self.max_buffer, &defaults.max_buffer, &schema::MAX_BUFFER_SIZE_MB),
            max_total_buffer: Some(total).filter(|total| total.bytes() > 0),
            memory_bytes: pick(self.memory_mb, defaults.memory_mb, &schema::MEMORY_MB) << 20,
            timeout: Duration::from_millis(pick(self.timeout_ms, defaults.timeout_ms, &schema::TIMEOUT_MS)),
            cpu: Duration::from_millis(pick(self.cpu_ms, defaults.cpu_ms, &schema::CPU_MS)),
            workers: u16::try_from(workers).unwrap_or(u16::MAX),
            max_concurrent: u32::try_from(max_concurrent).unwrap_or(u32::MAX),
            max_body_bytes: size(self.max_body, &defaults.max_body, &schema::MAX_BODY_MB).bytes(),
            start: self.start.or(defaults.start).unwrap_or_else(|| AppStart::from_word(schema::START.default_word())),
            idle: (idle > 0).then(|| Duration::from_millis(idle)),
            egress: self.egress.or_else(|| defaults.egress.clone()).unwrap_or(EgressSetting::Public),
            request_accessors: self
                .request_accessors
                .or(defaults.request_accessors)
                .unwrap_or_else(|| RequestAccessors::from_word(schema::REQUEST_ACCESSORS.default_word())),
            compatibility_flags: self
                .compatibility_flags
                .or_else(|| defaults.compatibility_flags.clone())
                .unwrap_or_default(),
            crons: self.crons.or_else(|| defaults.crons.clone()).unwrap_or_default(),
        }
    }
}

fn env(
    report: &mut Report<'_>,
    object: &Object<'_>,
    secrets: &mut SecretReader<'_>,
) -> Option<BTreeMap<String, EnvValue>> {
    let (node, path) = object.node(&schema::ENV)?;
    let Value::Object(members) = &node.value else {
        // Any value here may be a secret.
        let message = format!("expected {}, found {}", schema::ENV.expected(), describe_type(node));
        report.fault(node.span, &path, message, None);
        return None;
    };
    let mut env = BTreeMap::new();
    for member in members {
        let path = path.key(&member.key);
        if member.key.is_empty() {
            report.fault(member.key_span, &path, "a name in `env` must not be empty", None);
        }
        let secret = match secret_source(&member.value) {
            None => None,
            Some(SecretSource::File(written)) => Some(secrets.file(written)),
            Some(SecretSource::Variable(name)) => Some(secrets.variable(name)),
        };
        let value = match secret {
            None => EnvValue::of(&member.value),
            Some(Ok(text)) => EnvValue::Secret(text),
            Some(Err((message, suggestion))) => {
                report.fault(member.value.span, &path, format!("the secret cannot be had: {message}"), suggestion);
                continue;
            }
        };
        env.entry(member.key.clone()).or_insert(value);
    }
    let bytes: usize = env.iter().map(|(name, value)| name.len() + value.bytes()).sum();
    if bytes > schema::MAX_ENV_BYTES || env.len() > schema::MAX_ENV_ENTRIES {
        let message = format!(
            "it has {} entries with {bytes} bytes; an app may have {} and {} (put large data into a module)",
            env.len(),
            schema::MAX_ENV_ENTRIES,
            schema::MAX_ENV_BYTES,
        );
        report.fault(node.span, &path, message, None);
    }
    Some(env)
}

fn compatibility_flags(report: &mut Report<'_>, object: &Object<'_>) -> Option<BTreeSet<&'static str>> {
    let (node, path) = object.node(&schema::COMPATIBILITY_FLAGS)?;
    let Value::Array(items) = &node.value else {
        let one = matches!(node.value, Value::String(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::COMPATIBILITY_FLAGS, one);
        return None;
    };
    let mut flags = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Value::String(word) = &item.value else {
            report.wrong_type_of(item, &path, "a flag as a string", None);
            continue;
        };
        match schema::FLAGS.iter().find(|flag| *flag == word) {
            Some(flag) => {
                flags.insert(*flag);
            }
            None => {
                let words = schema::FLAGS.map(|flag| format!("\"{flag}\"")).join(", ");
                let nearest = suggest::nearest(word, schema::FLAGS.into_iter());
                let suggestion = nearest.map(|flag| format!("did you mean \"{flag}\"?"));
                report.fault(item.span, &path, format!("there are {words}"), suggestion);
            }
        }
    }
    Some(flags)
}

fn crons(report: &mut Report<'_>, object: &Object<'_>) -> Option<Vec<CronExpression>> {
    let (node, path) = object.node(&schema::CRONS)?;
    let Value::Array(items) = &node.value else {
        let one = matches!(node.value, Value::String(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::CRONS, one);
        return None;
    };
    if items.len() > schema::MAX_CRONS {
        let message = format!("an app has at most {} cron expressions, found {}", schema::MAX_CRONS, items.len());
        report.fault(node.span, &path, message, None);
        return None;
    }
    let mut crons: Vec<(CronExpression, Span)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Value::String(text) = &item.value else {
            report.wrong_type_of(item, &path, "a cron expression as a string", None);
            continue;
        };
        match CronExpression::parse(text) {
            Ok(cron) => match crons.iter().find(|(other, _)| cron.is_written_as(other)) {
                Some((_, first)) => {
                    let first = report.line_column(first.start);
                    report.fault(item.span, &path, format!("duplicate cron expression, first at {first}"), None);
                }
                None => crons.push((cron, item.span)),
            },
            Err((message, suggestion)) => report.fault(item.span, &path, message, suggestion),
        }
    }
    Some(crons.into_iter().map(|(cron, _)| cron).collect())
}

fn egress(report: &mut Report<'_>, object: &Object<'_>) -> Option<EgressSetting> {
    let (node, path) = object.node(&schema::EGRESS)?;
    let items = match &node.value {
        Value::String(text) if text == "public" => return Some(EgressSetting::Public),
        Value::String(text) if text == "off" => return Some(EgressSetting::Off),
        Value::Array(items) => items,
        value => {
            let suggestion = match value {
                Value::String(text) => match suggest::nearest(text, ["public", "off"].into_iter()) {
                    Some(word) => Some(format!("did you mean \"{word}\"?")),
                    None => egress::rule(text).is_ok().then(|| "put it into `[ ]`".to_owned()),
                },
                _ => None,
            };
            report.wrong_type(node, &path, &schema::EGRESS, suggestion);
            return None;
        }
    };
    let mut rules = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        match &item.value {
            Value::String(text) => match egress::rule(text) {
                Ok(rule) => rules.push(rule),
                Err((message, suggestion)) => report.fault(item.span, &path, message, suggestion),
            },
            _ => report.wrong_type_of(item, &path, "\"host[:port]\" or a CIDR range", None),
        }
    }
    Some(if items.is_empty() { EgressSetting::Off } else { EgressSetting::Allow(rules) })
}
