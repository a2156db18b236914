//! `tls.acme`: where certificates are ordered, as whom, and where they are kept (RFC 8555).

use std::path::PathBuf;

use crate::error::Location;

/// `tls.acme`, whose terms of service the operator has agreed to.
#[derive(Clone, Debug)]
pub struct AcmeConfig {
    /// `directory`: the URL of the certificate authority's directory, with `https`.
    pub directory: String,
    /// `email`: where the authority may write to.
    pub email: Option<String>,
    /// `storage`: where the account and the certificates are kept; absolute if the working directory is.
    pub storage: PathBuf,
    /// `state_dir`, if `storage` is in it.
    pub state_dir: Option<PathBuf>,
    /// Where `storage` is in the configuration; `acme` where it is not written.
    pub location: Location,
}

/// What a configuration says does not depend on where it says it.
impl PartialEq for AcmeConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { directory, email, storage, state_dir, location: _ } = self;
        *directory == other.directory
            && *email == other.email
            && *storage == other.storage
            && *state_dir == other.state_dir
    }
}

impl Eq for AcmeConfig {}
