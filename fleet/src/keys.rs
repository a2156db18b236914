//! The names of keys below the fleet's prefix.

/// What a fleet's keys begin with.
#[derive(Clone, Debug)]
pub(crate) struct Keys(pub(crate) String);

impl Keys {
    pub(crate) fn apps(&self) -> String {
        format!("{}/apps/", self.0)
    }

    pub(crate) fn app(&self, name: &str) -> String {
        format!("{}/apps/{name}", self.0)
    }

    pub(crate) fn rollouts(&self) -> String {
        format!("{}/rollouts/", self.0)
    }

    pub(crate) fn rollout(&self, app: &str) -> String {
        format!("{}/rollouts/{app}", self.0)
    }

    /// The public key that secrets are encrypted for.
    pub(crate) fn secrets_key(&self) -> String {
        format!("{}/secrets/key", self.0)
    }

    /// Those who stand for moving the rollouts.
    pub(crate) fn leaders(&self) -> String {
        format!("{}/leader/", self.0)
    }

    /// Which time of a cron was given to which node.
    pub(crate) fn cron(&self, app: &str, hash: &str) -> String {
        format!("{}/crons/{app}/{hash}", self.0)
    }

    pub(crate) fn nodes(&self) -> String {
        format!("{}/nodes/", self.0)
    }

    pub(crate) fn node(&self, name: &str) -> String {
        format!("{}/nodes/{name}", self.0)
    }

    /// All generations of an app.
    pub(crate) fn history(&self, app: &str) -> String {
        format!("{}/history/{app}/", self.0)
    }

    pub(crate) fn histories(&self) -> String {
        format!("{}/history/", self.0)
    }

    /// In the order of the numbers.
    pub(crate) fn generation(&self, app: &str, number: u64) -> String {
        format!("{}/history/{app}/{number:010}", self.0)
    }

    pub(crate) fn bundles(&self) -> String {
        format!("{}/bundles/", self.0)
    }

    /// Everything of one bundle.
    pub(crate) fn bundle(&self, hash: &str) -> String {
        format!("{}/bundles/{hash}/", self.0)
    }

    pub(crate) fn manifest(&self, hash: &str) -> String {
        format!("{}/bundles/{hash}/manifest", self.0)
    }

    /// When a bundle was uploaded or named last, in seconds since 1970.
    pub(crate) fn uploaded(&self, hash: &str) -> String {
        format!("{}/bundles/{hash}/uploaded", self.0)
    }

    pub(crate) fn chunk(&self, hash: &str, number: usize) -> String {
        format!("{}/bundles/{hash}/{number:04}", self.0)
    }
}

/// Whether this may be an app's name: what `name` in nano.json may be.
pub(crate) fn is_app_name(name: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    (1..=253).contains(&name.len()) && name.bytes().all(plain) && name != "." && name != ".."
}
