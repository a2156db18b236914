//! How much streams may hold, and how their JavaScript is given that: `configureBudget` of js/streams/budget.js.

use crate::engine::counters::Counters;
use crate::engine::entry::Entry;

/// How much streams may hold.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamBudget {
    /// Bytes that one stream may hold.
    pub max_stream_bytes: u64,
    /// The same in megabytes as the operator wrote it, for the error message.
    pub max_stream_text: String,
    /// Bytes that all streams together may hold; 0: no such limit.
    pub max_total_bytes: u64,
    /// The same in megabytes as the operator wrote it.
    pub max_total_text: String,
}

impl Default for StreamBudget {
    /// 64 MB for one stream, no limit for all: what `run` and `repl` have.
    fn default() -> Self {
        Self {
            max_stream_bytes: 64 << 20,
            max_stream_text: "64".into(),
            max_total_bytes: 0,
            max_total_text: "0".into(),
        }
    }
}

/// Gives the streams their limits, before any code of the program runs. Returns where they count.
pub(crate) fn configure(scope: &mut v8::PinScope, configure_budget: &Entry, budget: &StreamBudget) -> Option<Counters> {
    let (counters, array) = Counters::new(scope)?;
    let options = v8::Object::new(scope);
    #[allow(clippy::cast_precision_loss, reason = "limits are far below 2^52 bytes")]
    let fields: [(&str, v8::Local<v8::Value>); 5] = [
        ("maxStreamBytes", v8::Number::new(scope, budget.max_stream_bytes as f64).into()),
        ("maxStreamText", v8::String::new(scope, &budget.max_stream_text)?.into()),
        ("maxTotalBytes", v8::Number::new(scope, budget.max_total_bytes as f64).into()),
        ("maxTotalText", v8::String::new(scope, &budget.max_total_text)?.into()),
        ("counters", array.into()),
    ];
    for (name, value) in fields {
        let name = v8::String::new(scope, name)?;
        options.create_data_property(scope, name.into(), value)?;
    }
    let function = v8::Local::new(scope, configure_budget);
    let undefined = v8::undefined(scope).into();
    function.call(scope, undefined, &[options.into()])?;
    Some(counters)
}
