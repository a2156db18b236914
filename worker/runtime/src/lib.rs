//! The JavaScript runtime of nano: V8 with the builtins of the web platform, its event loop and its limits.
//!
//! This is the only crate that links V8. `nano-worker`'s build script calls [`snapshot::create`] and embeds the result;
//! at run time a [`Runtime`] starts from it. Where to look:
//!
//! | question | file |
//! |---|---|
//! | which V8 flags are set, where V8 gets entropy and threads | `platform.rs` |
//! | which JavaScript files are built in, in which order they are evaluated | `builtins.rs`, `js/bootstrap.js` |
//! | which native operations the builtins may call | `ops.rs`, `ops/` |
//! | how an app's modules are found and loaded | `modules.rs` |
//! | what a turn of the event loop does | `event_loop.rs` |

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests"))]

mod accessor_style;
mod app;
mod app_log;
mod broker;
mod builtins;
mod collector;
mod command_line;
mod counters;
mod ending;
mod event_loop;
mod exception;
mod fatal;
mod fetch;
mod inspection;
mod link;
mod memory;
mod modules;
mod ops;
mod outgoing;
pub mod platform;
mod rejections;
mod repl;
mod request;
mod runtime;
mod script;
mod serve;
pub mod snapshot;
mod state;
mod timers;
mod wasm;
mod watchdog;

pub use broker::StartBroker;
pub use exception::{Location, ScriptError};
pub use fatal::exit_now;
pub use link::LinkError;
pub use modules::{FileModules, ModuleSource, SourceError};
pub use repl::{Completions, Interrupter, Interruption, Outcome, ReplSession};
pub use runtime::{LogLevel, LogSink, Runtime, RuntimeError, RuntimeOptions, StreamBudget};
pub use serve::{Connection, ServeError, Spare};
