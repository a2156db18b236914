//! Programs that no supervisor runs: scripts (`nano run`) and the REPL.

pub(crate) mod broker;
mod collector;
mod command_line;
pub(crate) mod repl;
