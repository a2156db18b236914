//! `_headers` and `_redirects` of an app.

use nano_config::{AssetsConfig, HtmlHandling};

use super::header_rules::HeaderRules;
use super::redirects::Redirects;
use super::rule_file::Faults;

/// The rules of both files.
#[derive(Debug, Default)]
pub(crate) struct AssetRules {
    pub(super) redirects: Redirects,
    pub(super) headers: HeaderRules,
}

impl AssetRules {
    /// The rules of these texts, with the faults of `_headers` and of `_redirects`.
    pub(crate) fn parse(headers: &str, redirects: &str, config: &AssetsConfig) -> (Self, [Faults; 2]) {
        let (headers, of_headers) = HeaderRules::parse(headers);
        let (redirects, of_redirects) = Redirects::parse(redirects, config.html_handling != HtmlHandling::None);
        (Self { redirects, headers }, [of_headers, of_redirects])
    }
}
