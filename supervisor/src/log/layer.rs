//! From a `tracing` event to a line.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::line::{self, Fields};
use super::text::{self, Printed};
use super::{COMBINED, FLIGHT, Logs, REQUEST, Record, is_access};

pub(super) struct LogLayer(pub(super) Logs);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    // The answers are cached until `Logs::apply` resets them: a disabled event costs a load and a branch.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Followers come and go.
        if metadata.target() == REQUEST && self.0.shared.combined.load(Ordering::Relaxed) {
            return Interest::sometimes();
        }
        if self.0.enabled(metadata.target(), *metadata.level()) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.most_verbose().into())
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.0.enabled(metadata.target(), *metadata.level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut collect = Collect { fields: Fields::default(), nested: false };
        attributes.record(&mut collect);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(collect.fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        let mut collect = Collect { fields: Fields::default(), nested: false };
        values.record(&mut collect);
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            fields.update(collect.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let nested = event.metadata().target() == FLIGHT;
        let mut collect = Collect { fields: Fields::default(), nested };
        event.record(&mut collect);
        let mut fields = collect.fields;
        let target = event.metadata().target();
        let shared = &self.0.shared;
        if target == COMBINED {
            if let Some(requests) = shared.requests.get() {
                requests.write(fields.into_line());
            }
            return;
        }
        // The fields of the request's span.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.inherit(of_span);
            }
        }
        let level = *event.metadata().level();
        let now = line::timestamp();
        // The access log would push everything else out of the buffer.
        let remember = !is_access(target);
        // It is on the standard output.
        let elsewhere = target == REQUEST && shared.combined.load(Ordering::Relaxed);
        if remember || shared.recent.watched() || !shared.pretty {
            let json = line::json(&now, level, &fields);
            if remember || shared.recent.watched() {
                let app = fields.app().map(Arc::from);
                let record = Record { app, level, at: SystemTime::now(), json: Arc::from(json.as_str()) };
                shared.recent.push(record, remember);
            }
            if !shared.pretty && !elsewhere {
                return shared.sink.write(json);
            }
        }
        if !elsewhere {
            shared.sink.write(line::pretty(&now, level, &fields, shared.colour));
        }
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
