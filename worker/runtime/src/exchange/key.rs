//! How JavaScript knows requests and fetches, and how it waits for their bodies.

/// A request: unique in the isolate until 2^30 requests later; never 0. It is the number that travels with
/// promises.
pub(crate) type RequestKey = u32;

/// A fetch: the same, never 0.
pub(crate) type FetchKey = u32;

/// Who waits for the next piece of a body.
pub(crate) type BodyReader = v8::Global<v8::PromiseResolver>;
