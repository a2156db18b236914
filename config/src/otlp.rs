//! `otlp`: where traces are sent.

/// `otlp`.
#[derive(Clone, Debug, PartialEq)]
pub struct OtlpConfig {
    /// `endpoint`: a URL with `http` or `https`, a host and no user info.
    pub endpoint: String,
    /// `sample`: the part of the traces that begin with nano which is kept, from 0 to 1.
    pub sample: f64,
}

impl OtlpConfig {
    /// The default of `sample`.
    pub const SAMPLE: f64 = 0.01;
}
