//! Where a fetch goes.

use crate::header_block::HeaderBlock;

/// Who answers a fetch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FetchDestination {
    /// The server of the URL.
    #[default]
    Network,
    /// The same, which is asked for a WebSocket. The fetch's body, which has no length, is what is sent on that after the
    /// server's 101.
    WebSocket,
    /// The app's static files, whatever the URL's host is.
    Assets,
    /// One of the app's caches, whatever the URL's host is. The answer to a call that stores is 204, or 413 where the
    /// response is not to be stored or there is no room; to one that deletes 200 or 404; to one that matches what is kept, or 504.
    Cache {
        /// Which one; at most [`crate::limits::MAX_CACHE_NAME`] bytes.
        name: String,
        /// What it is to do.
        call: CacheCall,
    },
}

/// What a cache is asked for. The head's URL and headers are those of the request that is stored or looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheCall {
    /// The response to such a request.
    Match,
    /// To drop the responses to requests for the URL.
    Delete,
    /// To keep a response, whose body is the fetch's body.
    Put {
        /// Its status, 200 to 599.
        status: u16,
        /// Its headers. Names in lower case.
        headers: HeaderBlock,
    },
}
