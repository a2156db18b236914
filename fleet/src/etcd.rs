//! A client of etcd's v3 API: a few calls over gRPC. Not the crate `etcd-client`, because that needs `protoc` to be built,
//! and nano is built from a crate registry alone.

pub(crate) mod election;
pub(crate) mod messages;

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tokio_stream::StreamExt;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use messages::*;

/// Largest answer, in bytes: a page of keys, or the events of one revision.
const MAX_ANSWER: usize = 64 << 20;
/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(3);
/// A connection that does not answer a ping within this is dead; pings go out as often.
const PING: Duration = Duration::from_secs(3);
/// Keys in one answer of a listing: values of 1.5 MiB each fit in [`MAX_ANSWER`].
const PAGE: i64 = 40;
/// The same for answers without values.
const PAGE_OF_KEYS: i64 = 2000;
/// Largest file of a certificate, key or password.
const MAX_FILE: u64 = 1 << 20;

/// Where etcd is, and as whom it is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct EtcdOptions {
    pub(crate) endpoints: Vec<String>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) own: Option<(PathBuf, PathBuf)>,
    /// The name, and the file with the password.
    pub(crate) user: Option<(String, PathBuf)>,
}

/// Why etcd did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EtcdError {
    #[error("{} cannot be read: {source}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("no etcd answers at {endpoint}: {why}")]
    Connect { endpoint: String, why: String },
    #[error("etcd refused: {0}")]
    Refused(String),
    #[error("etcd did not answer in {} s", CALL.as_secs())]
    Late,
    #[error("the connection to etcd was lost: {0}")]
    Lost(String),
    #[error("etcd has forgotten the changes since revision {0} (compaction)")]
    Compacted(i64),
}

impl From<Status> for EtcdError {
    fn from(status: Status) -> Self {
        match status.code() {
            // A token that is too old is had anew with the next connection.
            Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal | Code::Unauthenticated => {
                Self::Lost(chain(&status))
            }
            _ => Self::Refused(status.message().to_owned()),
        }
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

/// A connection to one member of etcd. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Etcd {
    channel: Channel,
    token: Option<MetadataValue<Ascii>>,
}

impl Etcd {
    /// Connects to the first member that answers, beginning with the one of this number.
    pub(crate) async fn connect(options: &EtcdOptions, first: usize) -> Result<Self, EtcdError> {
        let mut last = EtcdError::Lost("no endpoint is known".to_owned());
        for offset in 0..options.endpoints.len() {
            let at = first.wrapping_add(offset) % options.endpoints.len();
            let Some(endpoint) = options.endpoints.get(at) else { continue };
            match Self::connect_to(endpoint, options).await {
                Ok(etcd) => return Ok(etcd),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_to(endpoint: &str, options: &EtcdOptions) -> Result<Self, EtcdError> {
        let failed =
            |error: &dyn std::error::Error| EtcdError::Connect { endpoint: endpoint.to_owned(), why: chain(error) };
        let mut target = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|error| failed(&error))?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .keep_alive_while_idle(true);
        if endpoint.starts_with("https://") {
            let mut tls = ClientTlsConfig::new();
            tls = match &options.ca {
                Some(ca) => tls.ca_certificate(Certificate::from_pem(read(ca)?)),
                None => tls.with_native_roots(),
            };
            if let Some((cert, key)) = &options.own {
                tls = tls.identity(Identity::from_pem(read(cert)?, read(key)?));
            }
            target = target.tls_config(tls).map_err(|error| failed(&error))?;
        }
        let channel = target.connect().await.map_err(|error| failed(&error))?;
        let mut etcd = Self { channel, token: None };
        if let Some((name, file)) = &options.user {
            let password = String::from_utf8_lossy(&read(file)?).trim_end_matches(['\r', '\n']).to_owned();
            let request = AuthenticateRequest { name: name.clone(), password };
            let answer: AuthenticateResponse = etcd.call("/etcdserverpb.Auth/Authenticate", request).await?;
            let token = answer.token.parse().map_err(|_| EtcdError::Refused("a malformed token".to_owned()))?;
            etcd.token = Some(token);
        } else {
            // A member that listens and has no quorum is of no use. One that does not trust a client's certificate says so
            // by closing the connection, and only when it is asked.
            etcd.get(b"\0".to_vec()).await.map_err(|error| match error {
                EtcdError::Lost(why) if endpoint.starts_with("https://") => {
                    let why = format!("{why} (does it trust the certificate in `tls`?)");
                    EtcdError::Connect { endpoint: endpoint.to_owned(), why }
                }
                other => other,
            })?;
        }
        Ok(etcd)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("token", token.clone());
        }
        request
    }

    fn grpc(&self) -> Grpc<Channel> {
        Grpc::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    async fn call<Q, R>(&self, path: &'static str, message: Q) -> Result<R, EtcdError>
    where
        Q: Message + Send + Sync + 'static,
        R: Message + Default + Send + Sync + 'static,
    {
        let answer = async {
            let mut grpc = self.grpc();
            grpc.ready().await.map_err(|error| EtcdError::Lost(chain(&error)))?;
            let codec = ProstCodec::<Q, R>::default();
            Ok(grpc.unary(self.request(message), PathAndQuery::from_static(path), codec).await?.into_inner())
        };
        tokio::time::timeout(CALL, answer).await.map_err(|_| EtcdError::Late)?
    }

    /// The value of one key, and etcd's revision.
    pub(crate) async fn get(&self, key: Vec<u8>) -> Result<(Option<KeyValue>, i64), EtcdError> {
        let request = RangeRequest { key, ..RangeRequest::default() };
        let answer: RangeResponse = self.call("/etcdserverpb.KV/Range", request).await?;
        let revision = answer.header.map_or(0, |header| header.revision);
        Ok((answer.kvs.into_iter().next(), revision))
    }

    /// Every key that begins so, all as of one revision, and that revision.
    pub(crate) async fn list(&self, prefix: &str, keys_only: bool) -> Result<(Vec<KeyValue>, i64), EtcdError> {
        self.list_at(prefix, keys_only, 0, usize::MAX).await
    }

    /// The same as of a revision (0: the present one); about `most` of them, and not those behind.
    pub(crate) async fn list_at(
        &self,
        prefix: &str,
        keys_only: bool,
        revision: i64,
        most: usize,
    ) -> Result<(Vec<KeyValue>, i64), EtcdError> {
        let end = end_of(prefix);
        let (mut key, mut revision, mut all) = (prefix.as_bytes().to_vec(), revision, Vec::new());
        loop {
            let limit = if keys_only { PAGE_OF_KEYS } else { PAGE };
            let request =
                RangeRequest { key, range_end: end.clone(), limit, revision, keys_only, ..RangeRequest::default() };
            let answer: RangeResponse = self.call("/etcdserverpb.KV/Range", request).await?;
            if revision == 0 {
                revision = answer.header.map_or(0, |header| header.revision);
            }
            all.extend(answer.kvs);
            match all.last() {
                Some(last) if answer.more && all.len() < most => key = [last.key.as_slice(), b"\0"].concat(),
                _ => return Ok((all, revision)),
            }
        }
    }

    pub(crate) async fn put(&self, key: &str, value: Vec<u8>, lease: i64) -> Result<(), EtcdError> {
        let request = PutRequest { key: key.as_bytes().to_vec(), value, lease };
        self.call::<_, Empty>("/etcdserverpb.KV/Put", request).await.map(drop)
    }

    /// Carries all out if all comparisons hold; the revision, or `None` if one did not.
    pub(crate) async fn transact(
        &self,
        compare: Vec<Compare>,
        success: Vec<RequestOp>,
    ) -> Result<Option<i64>, EtcdError> {
        let answer: TxnResponse = self.call("/etcdserverpb.KV/Txn", TxnRequest { compare, success }).await?;
        Ok(answer.succeeded.then(|| answer.header.map_or(0, |header| header.revision)))
    }

    /// The changes of every key that begins so, from this revision on.
    pub(crate) async fn watch(&self, prefix: &str, from: i64) -> Result<Watch, EtcdError> {
        let create = WatchCreateRequest {
            key: prefix.as_bytes().to_vec(),
            range_end: end_of(prefix),
            start_revision: from,
            progress_notify: true,
        };
        let first = WatchRequest { create: Some(create) };
        // The stream of requests has to stay open.
        let requests = tokio_stream::once(first).chain(tokio_stream::pending());
        let mut grpc = self.grpc();
        grpc.ready().await.map_err(|error| EtcdError::Lost(chain(&error)))?;
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
        let answer = grpc.streaming(self.request(requests), path, codec);
        let answer = tokio::time::timeout(CALL, answer).await.map_err(|_| EtcdError::Late)??;
        Ok(Watch { answers: answer.into_inner(), from })
    }

    pub(crate) async fn grant(&self, seconds: i64) -> Result<i64, EtcdError> {
        let request = LeaseGrantRequest { ttl: seconds };
        Ok(self.call::<_, LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", request).await?.id)
    }

    /// Whether the lease is there still.
    pub(crate) async fn keep_alive(&self, id: i64) -> Result<bool, EtcdError> {
        let answer = async {
            let mut grpc = self.grpc();
            grpc.ready().await.map_err(|error| EtcdError::Lost(chain(&error)))?;
            let requests = self.request(tokio_stream::once(LeaseKeepAliveRequest { id }));
            let path = PathAndQuery::from_static("/etcdserverpb.Lease/LeaseKeepAlive");
            let codec = ProstCodec::<LeaseKeepAliveRequest, LeaseKeepAliveResponse>::default();
            let mut answers = grpc.streaming(requests, path, codec).await?.into_inner();
            Ok(answers.message().await?.is_some_and(|answer| answer.ttl > 0))
        };
        tokio::time::timeout(CALL, answer).await.map_err(|_| EtcdError::Late)?
    }
}

/// An open watch.
pub(crate) struct Watch {
    answers: Streaming<WatchResponse>,
    from: i64,
}

impl Watch {
    /// The next changes, perhaps none, and the revision that they lead to. Cancelling it loses nothing.
    pub(crate) async fn next(&mut self) -> Result<(Vec<Event>, i64), EtcdError> {
        let answer = self.answers.message().await?;
        let answer = answer.ok_or_else(|| EtcdError::Lost("the watch ended".to_owned()))?;
        if answer.compact_revision > 0 {
            return Err(EtcdError::Compacted(self.from));
        }
        if answer.canceled {
            return Err(EtcdError::Refused(answer.cancel_reason));
        }
        let now = if answer.created { 0 } else { answer.header.map_or(0, |header| header.revision) };
        // A watch that catches up is told the present revision with each part of what it has missed.
        let last = answer.events.iter().filter_map(|event| Some(event.kv.as_ref()?.mod_revision)).max();
        let revision = last.unwrap_or(now);
        self.from = self.from.max(revision + 1);
        Ok((answer.events, revision))
    }
}

/// The first key behind all that begin so.
pub(crate) fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    end
}

/// Holds if the key was changed last at this revision; 0: if it is not there.
pub(crate) fn is_at(key: &str, revision: i64) -> Compare {
    Compare { target: 2, key: key.as_bytes().to_vec(), mod_revision: Some(revision), ..Compare::default() }
}

/// Holds if the key is there.
pub(crate) fn exists(key: &str) -> Compare {
    Compare { result: 1, target: 1, key: key.as_bytes().to_vec(), create_revision: Some(0), ..Compare::default() }
}

/// Holds if the key is the one that was made at this revision; 0: if it is not there.
pub(crate) fn made_at(key: &str, revision: i64) -> Compare {
    Compare { target: 1, key: key.as_bytes().to_vec(), create_revision: Some(revision), ..Compare::default() }
}

pub(crate) fn put_op(key: &str, value: Vec<u8>) -> RequestOp {
    RequestOp { put: Some(PutRequest { key: key.as_bytes().to_vec(), value, lease: 0 }), delete: None }
}

/// Removes a key, or with `all` every key that begins so.
pub(crate) fn delete_op(key: &str, all: bool) -> RequestOp {
    let range_end = if all { end_of(key) } else { Vec::new() };
    RequestOp { put: None, delete: Some(DeleteRangeRequest { key: key.as_bytes().to_vec(), range_end }) }
}

fn read(path: &Path) -> Result<Vec<u8>, EtcdError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
        .map_err(|source| EtcdError::File { path: path.to_owned(), source })?;
    Ok(bytes)
}
