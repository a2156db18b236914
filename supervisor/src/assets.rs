//! Static files of an app, served without its worker.
//!
//! What there is was listed when the generation was loaded ([`Manifest`]); a request can reach nothing else, whatever its
//! path says. [`resolve`] decides which file a path means, as wrangler's static assets do. Small files are kept in
//! memory, others are opened by the spawner beneath the directory and read piece by piece ([`files`]).

mod content_type;
mod decide;
mod encodings;
mod files;
mod head_room;
mod header_rules;
mod ignored;
mod keep;
mod manifest;
mod open_files;
mod path;
mod path_rule;
mod pattern;
mod reader;
mod redirect_target;
mod redirects;
mod resolve;
mod respond;
mod rule_file;
mod rules;
mod version;

use nano_config::AssetsConfig;
use nano_spawner::AssetList;

pub(crate) use decide::{Asked, AskedBy};
pub(crate) use files::{AssetError, OpenRequest, Opener};
pub(crate) use manifest::Manifest;
pub(crate) use open_files::OpenFiles;
pub(crate) use reader::{AssetReader, MAX_READS};
pub(crate) use respond::{AssetAnswer, AssetBody, Found};
pub(crate) use rule_file::MAX_RULE_FILE;
pub(crate) use rules::AssetRules;

/// The static files of one generation of an app.
#[derive(Debug)]
pub struct Assets {
    config: AssetsConfig,
    manifest: Manifest,
    rules: AssetRules,
    opener: Opener,
    /// Whether there is a worker behind the files.
    has_worker: bool,
}

impl Assets {
    pub(crate) fn new(
        config: AssetsConfig,
        (manifest, rules): (Manifest, AssetRules),
        opener: Opener,
        has_worker: bool,
    ) -> Self {
        Self { config, manifest, rules, opener, has_worker }
    }

    /// Whether this list is of the same files in the same state.
    pub(crate) fn is_of(&self, list: &AssetList) -> bool {
        self.manifest.is_of(list)
    }
}
