//! The configuration of one app without a file: what `nano serve --app` and `nano run` start with.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::app::AppConfig;
use crate::config::{Config, KeyLocations, Listen, MetricsAddress, SourceText};
use crate::error::{ConfigError, Diagnostic, Location};
use crate::hostname::HostPattern;
use crate::schema;
use crate::trusted_proxies::TrustedProxies;
use crate::validate::{self, Module, Settings};

impl Config {
    /// The configuration of `nano serve --app DIR [--port]`: one app with all defaults that answers any Host, named
    /// `default`. `dir` may be a `.js` or `.mjs` file too; a relative one counts from the working directory. Port 0
    /// lets the kernel pick.
    ///
    /// # Errors
    /// When `dir` is missing or holds no module.
    pub fn single_app(dir: &Path, port: u16) -> Result<Self, ConfigError> {
        let location = Location::whole(dir);
        let fault = |message: String| Diagnostic::at(&location, "", message);
        let path = std::path::absolute(dir).map_err(|error| fault(format!("not a usable path: {error}")))?;
        let module = validate::single_module(path)
            .map_err(|(message, suggestion)| fault(message).with_suggestion(suggestion))?;
        Ok(Self::single_module(dir, port, module))
    }

    /// The same for a module that another process found there.
    #[must_use]
    pub fn single_module(dir: &Path, port: u16, module: Module) -> Self {
        let location = Location::whole(dir);
        let shown = dir.to_str().and_then(|text| module.shown(text));
        let app = AppConfig {
            name: validate::ANY_NAME.to_owned(),
            hostnames: vec![HostPattern::Any],
            path: module.path,
            root: module.root,
            entry: module.entry,
            shown,
            location,
            assets: None,
            settings: Settings::default().resolve(&Settings::default()),
        };
        Self {
            file: None,
            listen: vec![Listen::all_addresses(port)],
            trusted_proxies: TrustedProxies::default(),
            metrics: MetricsAddress::Default,
            control_socket: None,
            control_group: None,
            log: validate::default_log(),
            drain: Duration::from_millis(schema::DRAIN_MS.default_whole()),
            sandbox: None,
            uid_base: None,
            spares: usize::try_from(schema::SPARES.default_whole()).unwrap_or(0),
            watch: schema::WATCH.default_flag(),
            tls: None,
            fleet: None,
            table: None,
            otlp: None,
            apps: vec![app],
            secret_files: BTreeMap::new(),
            warnings: Vec::new(),
            locations: KeyLocations::default(),
            text: SourceText::default(),
        }
    }
}
