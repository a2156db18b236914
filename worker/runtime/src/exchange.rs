//! Requests that come in, requests that go out, and the links that both use.

pub(crate) mod fetch;
pub(crate) mod link;
pub(crate) mod request;
