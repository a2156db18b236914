//! The start of a node of a fleet: an app that cannot be started is left out, and the others serve.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_config::{AppConfig, Config, ConfigError};
use nano_fleet_link::Fault;
use nano_protocol::ExitReason;

use crate::fleet::Generation;
use crate::reload;
use crate::shard::command::ShardCommand;
use crate::supervisor::Supervisor;

/// What serves, and why other apps of a fleet do not.
type Serving = (Config, BTreeMap<String, Rc<Generation>>, Vec<Fault>);

/// Waits until the apps are ready. Without a fleet all must be.
pub(super) async fn wait_until_ready(
    supervisor: &Rc<Supervisor>,
    started: Vec<(usize, &AppConfig, Rc<Generation>)>,
    config: Config,
    generations: BTreeMap<String, Rc<Generation>>,
) -> Result<Serving, ConfigError> {
    if config.fleet.is_some() {
        return Ok(settle(supervisor, started, config, generations).await);
    }
    match ConfigError::from_diagnostics(reload::wait_until_ready(&started).await) {
        Some(error) => Err(error),
        None => Ok((config, generations, Vec::new())),
    }
}

/// Waits until the apps are ready; the configuration and the generations of those that are, and why the others are not.
async fn settle(
    supervisor: &Rc<Supervisor>,
    started: Vec<(usize, &AppConfig, Rc<Generation>)>,
    mut config: Config,
    mut generations: BTreeMap<String, Rc<Generation>>,
) -> Serving {
    let mut refused = Vec::new();
    for (index, app, generation) in &started {
        if let Err(error) = generation.ready().await {
            let message = reload::fault(*index, app, &error).message;
            tracing::error!(app = app.name, error = message, "an app of the fleet cannot be started and is left out");
            refused.push(Fault { app: None, name: app.name.clone(), message });
        }
    }
    drop(started);
    if refused.is_empty() {
        return (config, generations, refused);
    }
    config.apps.retain(|app| !refused.iter().any(|fault| fault.name == app.name));
    let left_out: Vec<_> = refused.iter().filter_map(|fault| generations.remove(&fault.name)).collect();
    let routes = Supervisor::routes(&config, &generations);
    supervisor.shards().broadcast(|done| Some(ShardCommand::SwapRoutes { routes: Arc::clone(&routes), done })).await;
    for generation in left_out {
        generation.retire(ExitReason::Reload, Instant::now());
        generation.ended().await;
    }
    (config, generations, refused)
}
