//! The generations of an app that are kept.

use crate::app_entry::AppEntry;
use crate::etcd::messages::RequestOp;
use crate::etcd::{Etcd, EtcdError, delete_op};
use crate::keys::Keys;

/// Generations that are kept of an app.
const KEPT: usize = 10;

/// What makes room for one more: versions that were given up go first, then the oldest; the present one stays.
pub(crate) async fn forget_ops(
    etcd: &Etcd,
    keys: &Keys,
    name: &str,
    present: u64,
) -> Result<Vec<RequestOp>, EtcdError> {
    let (kept, _) = etcd.list(&keys.history(name), false).await?;
    let too_many = (kept.len() + 1).saturating_sub(KEPT);
    if too_many == 0 {
        return Ok(Vec::new());
    }
    // In the order of generations.
    let mut order: Vec<(bool, String)> = Vec::new();
    for value in &kept {
        let Ok(key) = std::str::from_utf8(&value.key) else { continue };
        let entry = AppEntry::parse(&value.value).ok();
        if entry.as_ref().is_some_and(|entry| entry.generation == present) {
            continue;
        }
        order.push((!entry.is_some_and(|entry| entry.failed()), key.to_owned()));
    }
    order.sort();
    // One transaction has 128 operations at most.
    Ok(order.iter().take(too_many.min(100)).map(|(_, key)| delete_op(key, false)).collect())
}
