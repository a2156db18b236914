//! The certificates on their way to the shards: with the configuration, when their files change while it stays as it is,
//! as renewals have it, and when one that was ordered is issued.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nano_config::{CertificateFiles, Config, ConfigError};

pub(crate) use crate::acme::prepare;
use crate::acme::{Acme, Means};
use crate::downstream::listener::Listener;
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
    /// Logs the warnings.
    fn announce(self) -> Arc<ServerTls> {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        self.tls
    }
}

/// What the shards serve: the certificates of files, those that were ordered, and who waits for one. The metrics show
/// them.
fn complete(files: Option<&ServerTls>, acme: &Acme, metrics: &Metrics) -> Option<Arc<ServerTls>> {
    let awaited = acme.awaited();
    let tls = files.map(|files| files.with_issued(acme.issued().into_iter(), awaited.iter().map(String::as_str)));
    let facts = tls.iter().flat_map(ServerTls::facts);
    metrics.tls.show_certificates(facts.filter_map(|facts| Some((facts.hostname.clone(), facts.expires?))));
    tls.map(Arc::new)
}

/// What nano begins with.
pub(crate) struct Begun {
    pub(crate) acme: Rc<Acme>,
    /// For the shards.
    pub(crate) tls: Option<Arc<ServerTls>>,
    /// Of it, what files have.
    pub(crate) file_tls: Option<Arc<ServerTls>>,
}

/// Loads what was ordered earlier, too.
///
/// # Errors
/// The storage of `tls.acme` cannot be used.
pub(crate) fn begin(
    config: &Config,
    loaded: Option<LoadedTls>,
    listeners: &[Vec<Listener>],
    metrics: &Arc<Metrics>,
) -> Result<Begun, ConfigError> {
    let acme = Acme::new(Means::at(listeners), Arc::clone(metrics));
    let storage = acme.open(config)?;
    acme.install(config, storage);
    let file_tls = loaded.map(LoadedTls::announce);
    let tls = complete(file_tls.as_deref(), &acme, metrics);
    Ok(Begun { acme, tls, file_tls })
}

impl Supervisor {
    /// Makes the next handshakes with these, and with those that are ordered.
    pub(crate) async fn use_tls(&self, loaded: Option<LoadedTls>) {
        *self.file_tls.borrow_mut() = loaded.map(LoadedTls::announce);
        self.publish().await;
    }

    async fn publish(&self) {
        let tls = complete(self.file_tls.borrow().as_deref(), &self.acme, &self.metrics);
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

/// Orders certificates, looks at the files every minute, and takes over what is issued at once. Runs until it is dropped.
pub(crate) async fn keep_fresh(supervisor: Rc<Supervisor>) {
    let orders = Rc::clone(&supervisor.acme).run(supervisor.shards().clone());
    tokio::join!(orders, publish_news(supervisor));
}

async fn publish_news(supervisor: Rc<Supervisor>) {
    let mut issued = supervisor.acme.changes();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.reset();
    loop {
        tokio::select! {
            _ = issued.changed() => {
                let _alone = supervisor.changing.lock().await;
                supervisor.publish().await;
                continue;
            }
            _ = looks.tick() => {}
        }
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
