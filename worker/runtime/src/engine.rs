//! V8 and the event loop: what runs JavaScript within its limits, and knows neither requests nor which operations there are.

pub(crate) mod async_context;
pub(crate) mod builtins;
pub(crate) mod counters;
pub(crate) mod entry;
pub(crate) mod event_loop;
pub(crate) mod event_source;
pub(crate) mod exception;
pub(crate) mod extension;
pub(crate) mod fast_form;
pub(crate) mod fatal;
pub(crate) mod heap_image;
pub(crate) mod inspection;
pub(crate) mod isolate_state;
pub(crate) mod log_sink;
pub(crate) mod memory;
pub(crate) mod modules;
pub mod platform;
pub(crate) mod rejections;
pub(crate) mod runtime;
mod script;
pub(crate) mod stream_budget;
pub(crate) mod termination;
pub(crate) mod timers;
mod turn;
pub(crate) mod uncaught;
pub(crate) mod wasm;
pub(crate) mod watchdog;
