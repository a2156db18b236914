//! A request's two bodies: what has come of the one, and where the other comes from.

use nano_protocol::{BodyLength, ReceiveHalf, SendHalf};

use super::Requests;
use crate::exchange::key::{BodyReader, FetchKey, RequestKey};

/// Why no more of a request's body comes before its end: the request was reset, or nothing keeps the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

/// The request's body on its way to JavaScript.
pub(super) struct IncomingBody {
    pub(super) body: ReceiveHalf<Cut>,
    /// It is not wanted: what comes is dropped.
    pub(super) unwanted: bool,
    /// The supervisor was told that it is read.
    pub(super) asked: bool,
    /// Something came that [`super::Requests::news`] is to be asked for.
    pub(super) news: bool,
    pub(super) reader: Option<BodyReader>,
}

/// The response's body on its way to the supervisor.
pub(super) struct OutgoingBody {
    pub(super) body: SendHalf,
    pub(super) source: BodySource,
}

/// Where a response's body comes from.
pub(in crate::exchange) enum BodySource {
    /// All of it was given.
    Whole,
    /// JavaScript hands over as much as the window allows. `waiting`: it gave all it could, and is to be told of credit.
    Script { waiting: bool },
    /// The request's body is handed on as it comes.
    Request,
    /// The body of a fetch's response is handed on as it comes.
    Fetch(FetchKey),
}

impl IncomingBody {
    /// `websocket`: it is what a client sends on one.
    pub(super) fn new(length: BodyLength, websocket: bool) -> Self {
        let body = if websocket { ReceiveHalf::of_socket() } else { ReceiveHalf::new(length) };
        Self { body, unwanted: false, asked: false, news: false, reader: None }
    }

    /// As it was announced.
    pub(super) fn length(&self) -> BodyLength {
        self.body.length().unwrap_or(BodyLength::Unknown)
    }
}

impl Requests {
    /// How long a request's body is, as it was announced.
    pub(crate) fn body_length(&self, key: RequestKey) -> BodyLength {
        self.contexts.get(key).map_or(BodyLength::Unknown, |context| context.incoming.length())
    }
}
