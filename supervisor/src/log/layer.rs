//! From a `tracing` event to a line.

use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::line::{self, Fields};
use super::text::{self, Printed};
use super::{ACCESS, FLIGHT, Logs, Record};

pub(super) struct LogLayer(pub(super) Logs);

impl<S: Subscriber> Layer<S> for LogLayer {
    // The level may change, so the answer must not be cached.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        if metadata.is_span() {
            tracing::subscriber::Interest::never()
        } else {
            tracing::subscriber::Interest::sometimes()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.0.enabled(metadata.target(), *metadata.level())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let nested = event.metadata().target() == FLIGHT;
        let mut collect = Collect { fields: Fields::default(), nested };
        event.record(&mut collect);
        let fields = collect.fields;
        let level = *event.metadata().level();
        let shared = &self.0.shared;
        let now = line::timestamp();
        // The access log would push everything else out of the memory.
        let remember = event.metadata().target() != ACCESS;
        if remember || shared.recent.watched() || !shared.pretty {
            let json = line::json(&now, level, &fields);
            if remember || shared.recent.watched() {
                let record = Record { app: fields.app().map(Arc::from), json: Arc::from(json.as_str()) };
                shared.recent.push(record, remember);
            }
            if !shared.pretty {
                return shared.sink.write(json);
            }
        }
        shared.sink.write(line::pretty(&now, level, &fields, shared.colour));
    }
}

struct Collect {
    fields: Fields,
    /// Lists and objects come as JSON.
    nested: bool,
}

impl Collect {
    fn print(&mut self, field: &Field, value: std::fmt::Arguments<'_>) {
        let most = if field.name() == "message" { text::MESSAGE } else { text::FIELD };
        self.fields.push(field.name(), Printed::of(value, most).into());
    }
}

impl Visit for Collect {
    fn record_str(&mut self, field: &Field, value: &str) {
        let list = self.nested && value.starts_with(['[', '{']);
        let list = list.then(|| serde_json::from_str(value).ok()).flatten().map(text::bounded);
        match list {
            Some(list) => self.fields.push(field.name(), list),
            None => self.print(field, format_args!("{value}")),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.push(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.print(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.print(field, format_args!("{value:?}"));
    }
}
