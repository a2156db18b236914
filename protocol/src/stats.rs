//! What a worker counts and measures. The list at the end of this file is the one declaration: the wire, the shared memory of
//! the streams' JavaScript, the totals of an app, the metrics and the check of their documentation follow from it.

/// How reports of one worker follow each other, and how those of an app's workers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatKind {
    /// A count since the worker's start, which only grows. Together: the sum, workers that have ended included.
    Total,
    /// The highest value so far. Together: the highest, workers that have ended included.
    Peak,
    /// The present value. Together: the sum over the workers that are alive.
    Gauge,
}

/// Who keeps a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatSource {
    /// The streams' JavaScript, in an array that native code reads.
    Script,
    /// Native code.
    Native,
}

/// The metric that shows a value; every metric has the label `app`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatMetric {
    /// Its name in Prometheus. Values with the same name differ in the label.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// A label beside `app`, and its value.
    pub label: Option<(&'static str, &'static str)>,
}

/// One value of [`Stats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The field's name.
    pub name: &'static str,
    /// How it is added up.
    pub kind: StatKind,
    /// Who keeps it.
    pub source: StatSource,
    /// Where it is shown; `None`: in flight records only.
    pub metric: Option<StatMetric>,
}

const fn metric(name: &'static str, help: &'static str) -> Option<StatMetric> {
    Some(StatMetric { name, help, label: None })
}

const fn errored(cause: &'static str) -> Option<StatMetric> {
    Some(StatMetric {
        name: "nano_streams_errored_total",
        help: "Streams that became errored, by cause.",
        label: Some(("cause", cause)),
    })
}

macro_rules! stats {
    ($($(#[doc = $doc:literal])+ $field:ident: $kind:ident of $source:ident, $metric:expr;)*) => {
        /// One report of a worker: counters since its start, and gauges of the moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Stats {
            $($(#[doc = $doc])+ pub $field: u64,)*
        }

        impl Stats {
            /// What each value is, in the order of the fields and of the wire.
            pub const ALL: [Stat; [$(stringify!($field)),*].len()] = [$(Stat {
                name: stringify!($field),
                kind: StatKind::$kind,
                source: StatSource::$source,
                metric: $metric,
            }),*];

            /// The values, in the order of [`Stats::ALL`].
            #[must_use]
            pub const fn values(&self) -> [u64; Self::ALL.len()] {
                [$(self.$field),*]
            }

            /// From values in the order of [`Stats::ALL`].
            #[must_use]
            pub const fn from_values(values: [u64; Self::ALL.len()]) -> Self {
                let [$($field),*] = values;
                Self { $($field),* }
            }
        }
    };
}

impl Stats {
    /// Adds the report of one worker to those of others. `alive`: it has not ended. Saturates: a worker may report anything.
    pub fn add(&mut self, worker: &Self, alive: bool) {
        let mut sum = self.values();
        for ((sum, value), stat) in sum.iter_mut().zip(worker.values()).zip(Self::ALL) {
            match stat.kind {
                StatKind::Total => *sum = sum.saturating_add(value),
                StatKind::Peak => *sum = value.max(*sum),
                StatKind::Gauge if alive => *sum = sum.saturating_add(value),
                StatKind::Gauge => {}
            }
        }
        *self = Self::from_values(sum);
    }
}

// A new value is one entry here, and where it is counted.
stats! {
    /// Chunks refused because a stream's buffer was full.
    overflows: Total of Script, metric("nano_stream_buffer_overflows_total", "Chunks refused because the stream's buffer was full.");
    /// Streams errored by an overflow.
    errored_by_overflow: Total of Script, errored("overflow");
    /// Streams errored by their sink, source or transformer.
    errored_by_sink: Total of Script, errored("sink");
    /// Streams errored by `abort()` or `cancel()`.
    errored_by_abort: Total of Script, errored("abort");
    /// Streams errored by `controller.error()`.
    errored_by_controller: Total of Script, errored("controller");
    /// Bytes in all streams' buffers.
    buffered: Gauge of Script, metric("nano_stream_buffered_bytes", "Bytes that the app's streams hold now.");
    /// Most bytes there ever were in all streams' buffers.
    buffered_peak: Peak of Script, metric("nano_stream_buffered_bytes_peak", "Most bytes that the streams of one worker of the app ever held.");
    /// Bytes of V8's heap in use.
    heap: Gauge of Native, metric("nano_worker_heap_bytes", "V8 heap in use in the app's workers, as last reported.");
    /// Bytes of array buffers.
    array_buffers: Gauge of Native, None;
}

#[cfg(test)]
mod tests;
