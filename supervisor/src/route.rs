//! Maps hosts to apps, and says whose word about their clients counts. A table is made once per configuration, never changed, and replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use nano_config::{HostName, HostPattern, TrustedProxies};

use crate::app::App;

/// Which app answers which host.
#[derive(Debug, Default)]
pub struct RouteTable {
    apps: Vec<Arc<App>>,
    exact: HashMap<HostName, usize>,
    /// By the part after `*.`.
    wildcards: HashMap<String, usize>,
    any: Option<usize>,
    trusted_proxies: TrustedProxies,
}

impl RouteTable {
    /// The table of these apps. The configuration's check makes sure that no two apps claim one pattern; here the first
    /// would win.
    #[must_use]
    pub fn new(apps: &[(Vec<HostPattern>, Arc<App>)]) -> Self {
        let mut table = Self { apps: apps.iter().map(|(_, app)| Arc::clone(app)).collect(), ..Self::default() };
        for (index, (patterns, _)) in apps.iter().enumerate() {
            for pattern in patterns {
                match pattern {
                    HostPattern::Exact(host) => {
                        table.exact.entry(host.clone()).or_insert(index);
                    }
                    HostPattern::Wildcard(name) => {
                        table.wildcards.entry(name.suffix().to_owned()).or_insert(index);
                    }
                    HostPattern::Any => {
                        table.any.get_or_insert(index);
                    }
                }
            }
        }
        table
    }

    /// The same, for clients behind these proxies.
    #[must_use]
    pub fn behind(self, trusted_proxies: TrustedProxies) -> Self {
        Self { trusted_proxies, ..self }
    }

    /// Whose word about their clients counts.
    #[must_use]
    pub fn trusted_proxies(&self) -> &TrustedProxies {
        &self.trusted_proxies
    }

    /// The app for a host, as its index in [`Self::apps`]: an exact name beats the longest wildcard, which beats `*`.
    #[must_use]
    pub fn lookup(&self, host: &HostName) -> Option<usize> {
        let wildcard = || match self.wildcards.is_empty() {
            true => None,
            false => host.suffixes().find_map(|suffix| self.wildcards.get(suffix)),
        };
        self.exact.get(host).or_else(wildcard).copied().or(self.any)
    }

    /// All apps of the table.
    #[must_use]
    pub fn apps(&self) -> &[Arc<App>] {
        &self.apps
    }
}

#[cfg(test)]
mod tests;
