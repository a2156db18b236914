//! etcd's election, as the recipe of its `concurrency` package has it: each candidate makes a key under a lease of its own,
//! and the one whose key is the oldest leads. What a leader writes depends on that key: once its lease has run out, and
//! another may lead, nothing that it still means to do is done.

use std::time::{Duration, Instant};

use super::messages::{Compare, Empty, LeaseRevokeRequest, PutRequest, RangeRequest, RangeResponse, RequestOp};
use super::{Etcd, EtcdError, end_of, made_at};

/// A leader that is gone is followed by another one after so many seconds.
const LEASE: i64 = 8;
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(2);

/// Who stands in an election, or has won it.
pub(crate) struct Candidate {
    key: String,
    made: i64,
    lease: i64,
    renewed: Instant,
}

impl Candidate {
    /// Makes the key; `name` is its value, for people.
    pub(crate) async fn stand(etcd: &Etcd, prefix: &str, name: &str) -> Result<Self, EtcdError> {
        let renewed = Instant::now();
        let lease = etcd.grant(LEASE).await?;
        let key = format!("{prefix}{lease:016x}");
        let put = PutRequest { key: key.clone().into_bytes(), value: name.as_bytes().to_vec(), lease };
        let put = RequestOp { put: Some(put), delete: None };
        match etcd.transact(vec![made_at(&key, 0)], vec![put]).await {
            Ok(Some(made)) => Ok(Self { key, made, lease, renewed }),
            Ok(None) => Err(EtcdError::Refused("another has this lease".to_owned())),
            Err(error) => {
                etcd.revoke(lease).await?;
                Err(error)
            }
        }
    }

    /// Whether it leads. Call it more often than the lease is long.
    pub(crate) async fn leads(&mut self, etcd: &Etcd, prefix: &str) -> Result<bool, EtcdError> {
        if self.renewed.elapsed() >= RENEW {
            let now = Instant::now();
            if !etcd.keep_alive(self.lease).await? {
                return Err(EtcdError::Lost("the lease of this candidate has run out".to_owned()));
            }
            self.renewed = now;
        }
        let request = RangeRequest {
            key: prefix.as_bytes().to_vec(),
            range_end: end_of(prefix),
            limit: 1,
            sort_order: 1,
            sort_target: 2,
            keys_only: true,
            ..RangeRequest::default()
        };
        let answer: RangeResponse = etcd.call("/etcdserverpb.KV/Range", request).await?;
        Ok(answer.kvs.first().is_some_and(|first| first.key == self.key.as_bytes()))
    }

    /// Holds for as long as its key is there.
    pub(crate) fn stands(&self) -> Compare {
        made_at(&self.key, self.made)
    }

    /// Gives it up, so that another leads at once.
    pub(crate) async fn resign(self, etcd: &Etcd) {
        // If that fails the lease runs out.
        let _ = etcd.revoke(self.lease).await;
    }
}

impl Etcd {
    async fn revoke(&self, id: i64) -> Result<(), EtcdError> {
        self.call::<_, Empty>("/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeRequest { id }).await.map(drop)
    }
}
