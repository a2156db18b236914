//! The certificates of the configuration on their way to the shards: with the configuration, and when their files change
//! while it stays as it is, as renewals have it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nano_config::{CertificateFiles, Config, ConfigError};

use crate::downstream::tls::ServerTls;
use crate::shard::command::ShardCommand;
use crate::supervisor::Supervisor;
use crate::telemetry::Metrics;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Certificates that can serve.
#[derive(Debug)]
pub(crate) struct LoadedTls {
    tls: Arc<ServerTls>,
    warnings: Vec<String>,
}

/// Those of a configuration; `None`: it has none.
///
/// # Errors
/// Every fault of a certificate or key, with its place in the file.
pub(crate) fn load(config: &Config) -> Result<Option<LoadedTls>, ConfigError> {
    let loaded = config.tls.as_ref().map(ServerTls::new).transpose()?;
    Ok(loaded.map(|(tls, warnings)| LoadedTls { tls: Arc::new(tls), warnings }))
}

impl LoadedTls {
    /// Logs the warnings, and shows the certificates in the metrics.
    pub(crate) fn announce(self, metrics: &Metrics) -> Arc<ServerTls> {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        let facts = self.tls.facts();
        metrics.tls.show_certificates(facts.filter_map(|facts| Some((facts.hostname.clone(), facts.expires?))));
        self.tls
    }
}

impl Supervisor {
    /// Makes the next handshakes with these.
    pub(crate) async fn use_tls(&self, loaded: Option<LoadedTls>) {
        let tls = loaded.map(|loaded| loaded.announce(&self.metrics));
        if tls.is_none() {
            self.metrics.tls.show_certificates(std::iter::empty());
        }
        self.shards().broadcast(|done| Some(ShardCommand::SwapTls { tls: tls.clone(), done })).await;
    }

    /// Takes over certificates whose files have changed, if there are any. The configuration stays, also where its file
    /// has changed. Says whether there was a change, or why it cannot be taken over.
    async fn renew(&self) -> Result<bool, String> {
        let _alone = self.changing.lock().await;
        let Some(files) = self.fleet.spawner().changed_certificates().await? else { return Ok(false) };
        let mut config = Config::clone(&self.config());
        replace(&mut config, files);
        let loaded = load(&config).map_err(|error| error.to_string())?;
        *self.config.borrow_mut() = Rc::new(config);
        self.use_tls(loaded).await;
        Ok(true)
    }
}

fn replace(config: &mut Config, files: Vec<CertificateFiles>) {
    let certificates = config.tls.iter_mut().flat_map(|tls| &mut tls.certificates);
    for (certificate, new) in certificates.zip(files) {
        certificate.files = new;
    }
}

/// Looks at the files every minute. Runs until it is dropped.
pub(crate) async fn keep_fresh(supervisor: Rc<Supervisor>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if supervisor.config().tls.is_none() {
            continue;
        }
        match supervisor.renew().await {
            Ok(false) => {}
            Ok(true) => tracing::info!("certificates renewed: their files changed"),
            // A client of ACME may be between the two files of one certificate.
            Err(error) => tracing::error!(%error, "certificates changed, and the old ones stay in use"),
        }
    }
}
