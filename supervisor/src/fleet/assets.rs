//! The static files of a generation: listed before it serves, opened while it does.

use std::io::Read;
use std::rc::Rc;

use nano_config::AssetsConfig;
use nano_spawner::{ASSET_RULES, AssetList};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::context::FleetContext;
use super::shared::GenerationState;
use super::start_error::StartError;
use crate::assets::{AssetRules, Assets, MAX_RULE_FILE, Manifest, OpenRequest, Opener};

/// Directories that are listed at once.
const LISTS_AT_ONCE: usize = 4;

/// Files of one generation that are being opened at once.
const OPENS_AT_ONCE: usize = 8;

/// Whose turn it is to have its directory listed.
#[derive(Debug)]
pub(super) struct ListTurns(Semaphore);

impl Default for ListTurns {
    fn default() -> Self {
        Self(Semaphore::new(LISTS_AT_ONCE))
    }
}

/// Lists the files and gives them to the app. Returns what is to be opened from then on.
pub(super) async fn load(
    context: &FleetContext,
    shared: &GenerationState,
    config: &AssetsConfig,
) -> Result<mpsc::Receiver<OpenRequest>, StartError> {
    let generation = shared.modules(context).await?.generation;
    let list = list(context, generation, false).await.map_err(StartError::Assets)?;
    let [headers, redirects, ignored] = ASSET_RULES;
    let place = |file: &str, line: usize| format!("{}:{line}", config.path.join(file).display());
    let of_headers = text(context, generation, &list, headers).await?;
    let of_redirects = text(context, generation, &list, redirects).await?;
    let (rules, [header_faults, redirect_faults]) = AssetRules::parse(&of_headers, &of_redirects, config);
    let mut wrong = Vec::new();
    for (file, faults) in [(headers, header_faults), (redirects, redirect_faults)] {
        wrong.extend(faults.wrong.into_iter().map(|(line, why)| format!("{}: {why}", place(file, line))));
        for (line, why) in faults.warned {
            tracing::warn!(app = %shared.app.name, place = place(file, line), why, "a rule for static files");
        }
    }
    if !wrong.is_empty() {
        return Err(StartError::Assets(wrong.join("; ")));
    }
    let left_out = list.left_out;
    let ignored = text(context, generation, &list, ignored).await?;
    let made = tokio::task::spawn_blocking(move || Manifest::new(list, &ignored)).await;
    let manifest = match made {
        Ok(Ok(manifest)) => manifest,
        Ok(Err((line, why))) => return Err(StartError::Assets(format!("{}: {why}", place(".assetsignore", line)))),
        Err(error) => return Err(StartError::Assets(error.to_string())),
    };
    tracing::debug!(app = %shared.app.name, files = manifest.len(), left_out, "assets listed");
    let (opener, opens) = Opener::new(&context.open_files);
    let assets = Assets::new(config.clone(), (manifest, rules), opener, shared.config.has_module());
    if let Some(slot) = &shared.app.assets {
        let _ = slot.set(assets);
    }
    Ok(opens)
}

async fn list(context: &FleetContext, generation: u64, fresh: bool) -> Result<AssetList, String> {
    let _turn = context.list_turns.0.acquire().await.map_err(|error| error.to_string())?;
    let failed = |why: String| format!("the files of its assets cannot be listed: {why}");
    context.spawner.list_assets(generation, fresh).await.map_err(failed)
}

/// The text of a file that says how the others are served; empty where there is none.
async fn text(context: &FleetContext, generation: u64, list: &AssetList, name: &str) -> Result<String, StartError> {
    if !list.rules.iter().any(|(path, _)| path == name) {
        return Ok(String::new());
    }
    let failed = |why: String| StartError::Assets(format!("{name} cannot be read: {why}"));
    let file = context.spawner.asset(generation, name).await.map_err(|error| failed(error.to_string()))?;
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        file.take(MAX_RULE_FILE as u64 + 1).read_to_string(&mut text).map(|_| text)
    });
    let text = read.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    if text.len() > MAX_RULE_FILE {
        return Err(failed(format!("it is larger than {} KiB", MAX_RULE_FILE >> 10)));
    }
    Ok(text)
}

/// Opens files as long as the generation lives.
pub(super) async fn serve(context: Rc<FleetContext>, generation: u64, mut opens: mpsc::Receiver<OpenRequest>) {
    let mut opening = JoinSet::new();
    while let Some(OpenRequest { path, reply }) = opens.recv().await {
        while opening.try_join_next().is_some() {}
        if opening.len() >= OPENS_AT_ONCE {
            opening.join_next().await;
        }
        let context = Rc::clone(&context);
        opening.spawn_local(async move {
            let _ = reply.send(context.spawner.asset(generation, &path).await);
        });
    }
}

/// Whether the files are others now, or cannot be listed.
pub(super) async fn changed(context: &FleetContext, shared: &GenerationState) -> bool {
    let Some(slot) = &shared.app.assets else { return false };
    let (Some(assets), Some(modules)) = (slot.get(), shared.modules.get()) else { return true };
    list(context, modules.generation, true).await.map_or(true, |list| !assets.is_of(&list))
}
