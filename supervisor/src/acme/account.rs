//! The account at an authority: made with the first order, and kept.

use instant_acme::{Account, AccountCredentials, NewAccount};
use nano_config::AcmeConfig;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::failure::OrderError;
use super::http::Client;
use super::storage::Storage;

/// What is kept of it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The address that the authority has.
    email: Option<String>,
    /// With the key.
    credentials: AccountCredentials,
}

/// The account that is kept, or a new one. One call at a time.
pub(super) async fn account(acme: &AcmeConfig, storage: &Storage, client: Client) -> Result<Account, OrderError> {
    let entry = storage.account();
    let kept = entry.read()?.and_then(|bytes| match serde_json::from_slice::<Kept>(&bytes) {
        Ok(kept) => Some(kept),
        Err(_) => {
            tracing::warn!("the account that was kept cannot be read: another one is made");
            None
        }
    });
    let contact = acme.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.as_deref().into_iter().collect();
    let builder = Account::builder_with_http(Box::new(client));
    let (account, kept) = match kept {
        Some(Kept { email, credentials }) => {
            // The type has no copy.
            let text = Zeroizing::new(serde_json::to_vec(&credentials).map_err(instant_acme::Error::from)?);
            let account = builder.from_credentials(credentials).await?;
            if email == acme.email {
                return Ok(account);
            }
            account.update_contacts(&contact).await?;
            let credentials = serde_json::from_slice(&text).map_err(instant_acme::Error::from)?;
            (account, Kept { email: acme.email.clone(), credentials })
        }
        None => {
            let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
            let (account, credentials) = builder.create(&new, acme.directory.clone(), None).await?;
            tracing::info!(directory = acme.directory, "an account for certificates was made");
            (account, Kept { email: acme.email.clone(), credentials })
        }
    };
    entry.write(Zeroizing::new(serde_json::to_vec(&kept).map_err(instant_acme::Error::from)?)).await?;
    Ok(account)
}

/// Forgets an account that the authority does not know any more: the next order makes another.
pub(super) fn forget(storage: &Storage) {
    if let Err(error) = storage.account().remove() {
        tracing::warn!(%error, "the account cannot be forgotten");
    }
}
