//! The JavaScript runtime of nano: V8 with the builtins of the web platform, its event loop and its limits.
//!
//! This is the only crate that links V8. `nano-worker`'s build script calls [`snapshot::create`] and embeds the result;
//! at run time an isolate starts from it, for a [`Program`] or for the app of a [`PreparedWorker`]. The folders, from top
//! to bottom; a file imports from its own and from those below it:
//!
//! | folder | what |
//! |---|---|
//! | `program/` | scripts and the REPL: their network, `CLI`, `gc()` |
//! | `app/` | an app that serves: a worker's life, from Boot to the end |
//! | `ops/` | the native operations that the builtins may call |
//! | `exchange/` | requests, fetches, the links of both |
//! | `engine/` | V8, modules, the event loop, limits |
//! | `js/` | the JavaScript files that are built in; `bootstrap.js` imports them all |
//!
//! Where to look:
//!
//! | question | file |
//! |---|---|
//! | which V8 flags are set, where V8 gets entropy and threads | `engine/platform.rs` |
//! | which JavaScript files are built in, in which order they are evaluated | `ops/sources.rs`, `engine/builtins.rs`, `js/bootstrap.js` |
//! | how an app's modules are found and loaded | `engine/modules.rs` |
//! | what a turn of the event loop does | `engine/event_loop.rs` |

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests"))]

mod app;
mod engine;
mod exchange;
mod ops;
mod program;
pub mod snapshot;

pub use app::serve::{Connection, PreparedWorker, ServeError};
pub use engine::exception::{Location, ScriptError};
pub use engine::fatal::exit_now;
pub use engine::heap_image::HeapImage;
pub use engine::log_sink::{LogLevel, LogSink};
pub use engine::modules::{FileModules, ModuleSource, SourceError};
pub use engine::platform;
pub use engine::runtime::{ProgramOptions, RuntimeError, RuntimeOptions};
pub use engine::stream_budget::StreamBudget;
pub use exchange::link::LinkError;
pub use ops::listed_modules;
pub use program::Program;
pub use program::broker::StartBroker;
pub use program::repl::{Completions, Interrupter, Interruption, Outcome, ReplSession};
