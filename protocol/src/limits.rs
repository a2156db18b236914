//! Every maximum of the wire, in one place. Bytes unless said otherwise.

/// The length and kind in front of every frame: `u32` length of what follows the length field, `u8` kind.
pub const FRAME_PREFIX: usize = 5;

/// Most bytes of body data in one `Data` frame.
pub const MAX_CHUNK: usize = 64 * 1024;

/// Body bytes a side may send per request and direction before it has to wait for `Credit`.
pub const INITIAL_WINDOW: u32 = 256 * 1024;

/// A receiver gives credit for so many bytes at once, never for fewer: it has taken half a window.
pub const MIN_CREDIT: u32 = INITIAL_WINDOW / 2;

/// The same for the body of a response to a client, which may take it slowly or not at all, and for thousands of requests at
/// once. Its receiver opens the window as far as that of any other body while there are not too many that have such a one.
pub const RESPONSE_WINDOW: u32 = 32 * 1024;

/// The same as [`MIN_CREDIT`] for it, until it is opened.
pub const RESPONSE_CREDIT: u32 = RESPONSE_WINDOW / 2;

/// The window of a client's WebSocket, for each direction. Ten thousand of them that send and are not read, or read nothing, hold
/// so much each.
pub const SOCKET_WINDOW: u32 = 16 * 1024;

/// The same as [`MIN_CREDIT`] for it.
pub const SOCKET_CREDIT: u32 = SOCKET_WINDOW / 2;

/// Largest total that credits may open a window to; more is a protocol error.
pub const MAX_WINDOW: u32 = 16 * 1024 * 1024;

/// Largest encoded header block of a request or a response.
pub const MAX_HEADER_BYTES: usize = 96 * 1024;

/// Most headers of a request or a response, in entries.
pub const MAX_HEADERS: usize = 256;

/// Longest request URL.
pub const MAX_URL: usize = 64 * 1024;

/// Longest name of a cache.
pub const MAX_CACHE_NAME: usize = 1024;

/// Most bytes of headers of a response that is put into a cache, with those of its request: both are in one frame.
pub const MAX_CACHED_HEADERS: usize = 128 * 1024;

/// Longest method name.
pub const MAX_METHOD: usize = 64;

/// Longest request id (`x-request-id`).
pub const MAX_REQUEST_ID: usize = 128;

/// Longest cron expression.
pub const MAX_CRON: usize = 256;

/// Longest text of one log line; the worker cuts what is longer.
pub const MAX_LOG_TEXT: usize = 64 * 1024;

/// Longest text of an error that a worker reports (a stack included).
pub const MAX_ERROR_TEXT: usize = 32 * 1024;

/// Most modules that a worker asks for before it has the first of them.
pub const MAX_MODULE_REQUESTS: usize = 64;

/// Longest path of a module, relative to its app's directory.
pub const MAX_MODULE_PATH: usize = 4096;

/// Largest module source.
pub const MAX_MODULE_SOURCE: usize = 32 * 1024 * 1024;

/// Largest app environment (names and values together).
pub const MAX_ENV_BYTES: usize = 1024 * 1024;

/// Most entries of an app's environment.
pub const MAX_ENV_ENTRIES: usize = 10_000;

/// Longest name of the binding of static files, which is in the environment beside those.
pub const MAX_BINDING_NAME: usize = 256;

/// Longest text about one layer of the sandbox.
pub const MAX_LAYER_DETAIL: usize = 512;

/// Most fetches that are open at once on one link, and in one worker.
pub const MAX_FETCHES: usize = 64;

/// Most WebSockets of clients that are open at once in one worker.
pub const MAX_SOCKETS: u32 = 16_384;

/// Most WebSockets that a worker has asked other servers for at once: the other half of its fetches is left for requests.
pub const MAX_CLIENT_SOCKETS: usize = MAX_FETCHES / 2;

/// Longest text about a failed fetch.
pub const MAX_FETCH_ERROR: usize = 1024;

/// Longest reason phrase of a response to a fetch.
pub const MAX_REASON: usize = 512;

/// Largest frame that a worker may send.
pub const MAX_FRAME_FROM_WORKER: usize = 256 * 1024;

/// Largest frame that the supervisor may send (a module source).
pub const MAX_FRAME_FROM_SUPERVISOR: usize = MAX_MODULE_SOURCE + 64 * 1024;

/// Most data links of one worker: the most shards a supervisor can have. Linux passes 253 descriptors in one message.
pub const MAX_LINKS: usize = 128;

const _: () = assert!(MAX_CHUNK + 64 < MAX_FRAME_FROM_WORKER);
const _: () = assert!(MAX_HEADER_BYTES + 64 < MAX_FRAME_FROM_WORKER);
const _: () = assert!(MAX_LOG_TEXT + MAX_REQUEST_ID + 64 < MAX_FRAME_FROM_WORKER);
const _: () = assert!(MAX_ERROR_TEXT + MAX_MODULE_PATH + 64 < MAX_FRAME_FROM_WORKER);
const _: () = assert!(MAX_HEADER_BYTES + MAX_URL + MAX_METHOD + MAX_REQUEST_ID + 64 < MAX_FRAME_FROM_SUPERVISOR);
const _: () = assert!(MAX_CACHED_HEADERS + MAX_URL + MAX_METHOD + MAX_CACHE_NAME + 64 < MAX_FRAME_FROM_WORKER);
const _: () = assert!(MAX_HEADER_BYTES <= MAX_CACHED_HEADERS);
const _: () =
    assert!(MAX_ENV_BYTES + MAX_BINDING_NAME + 9 * (MAX_ENV_ENTRIES + 1) + 64 * 1024 < MAX_FRAME_FROM_SUPERVISOR);
const _: () = assert!(MAX_CHUNK < INITIAL_WINDOW as usize && INITIAL_WINDOW < MAX_WINDOW);
const _: () = assert!(RESPONSE_WINDOW < INITIAL_WINDOW);
const _: () = assert!(MAX_FRAME_FROM_SUPERVISOR < u32::MAX as usize);
const _: () = assert!(MAX_LINKS <= 253);
