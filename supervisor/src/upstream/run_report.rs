//! What became of a run: of an app's `scheduled()` for one of its cron expressions.

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunReport {
    /// How it ended.
    pub end: RunEnd,
    /// The process of the worker that had it last, if any had.
    pub pid: Option<u32>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// The handler has settled, and all that `waitUntil` was given.
    Done,
    /// No worker took it; the text is an error's code.
    Refused(&'static str),
    /// The app or its worker failed; the text is an error's code.
    Failed(&'static str),
    /// It took too long and was given up.
    TimedOut,
    /// The generation does not serve any more: the one in its place is to be asked.
    Moved,
}
