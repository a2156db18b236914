//! Requests that ask for a WebSocket.

use nano_protocol::{BodyLength, HeaderBlock, ResponseHead, SendHalf};

use super::{BodySource, Outcome, Requests};
use crate::exchange::key::RequestKey;

impl Requests {
    /// Whether a request asks for a WebSocket.
    pub(crate) fn asks_for_websocket(&self, key: RequestKey) -> bool {
        self.contexts.get(key).is_some_and(|context| context.websocket)
    }

    /// Makes the connection of a request that asks for that a WebSocket; as [`Requests::respond_in_chunks`].
    pub(crate) fn switch(&mut self, key: RequestKey, headers: HeaderBlock) -> Outcome {
        let head = ResponseHead { status: 101, headers, body: BodyLength::Unknown };
        self.begin(key, head, BodySource::Script { waiting: false }, SendHalf::of_socket())
    }
}
