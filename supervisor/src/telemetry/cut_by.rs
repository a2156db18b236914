//! Who is to blame for responses that were cut.

/// Why a response that had begun was not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutBy {
    /// The client left, or was too slow.
    Client,
    /// The response's body failed.
    App,
    /// The worker ended.
    Worker,
}

impl CutBy {
    /// All of them.
    pub const ALL: [CutBy; 3] = [Self::Client, Self::App, Self::Worker];

    /// The metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::App => "app",
            Self::Worker => "worker",
        }
    }
}
