//! The body of a fetch's response as that of a response: handed on from one to the other natively, under the windows of
//! both. What requests and fetches have to do with each other stands here.

use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{BodyLength, HeaderBlock, ResetReason, ResponseHead, SendHalf};

use crate::exchange::fetch::{FetchRead, Fetches};
use crate::exchange::key::{FetchKey, RequestKey};
use crate::exchange::request::{BodySource, Outcome, Requests};

/// The reason that a response whose body failed is reset for.
pub(crate) const BODY_FAILED: ResetReason = ResetReason::BodyErrored;

/// What came of handing on.
pub(crate) enum HandedOn {
    /// More will come.
    Waiting,
    /// That was all: the response to this request is complete.
    Complete(RequestKey, Outcome),
    /// The response cannot be completed, and why.
    Failed(RequestKey, String),
}

impl Requests {
    /// Sends the head of a response whose body is that of a fetch's response. `Outcome::Nothing`: the body is to be sent
    /// now, and is not over.
    pub(crate) fn respond_with_fetch_body(
        &mut self,
        key: RequestKey,
        status: u16,
        headers: HeaderBlock,
        body: BodyLength,
        fetch: FetchKey,
    ) -> Outcome {
        match self.begin(
            key,
            ResponseHead { status, headers, body },
            BodySource::Fetch(fetch),
            SendHalf::of_response(body),
        ) {
            Outcome::HandOn(_) => Outcome::Nothing,
            outcome => outcome,
        }
    }

    /// Fetches that are not wanted any more.
    pub(crate) fn take_orphans(&mut self) -> Vec<FetchKey> {
        std::mem::take(&mut self.orphans)
    }
}

impl Fetches {
    /// Makes a fetch's response the response to a request; [`Fetches::hand_on`] sends its body. What is known of its
    /// length, or `None` if it cannot be had any more.
    pub(crate) fn hand_to(&mut self, key: FetchKey, request: RequestKey) -> Option<BodyLength> {
        let context = self.contexts.get_mut(key)?;
        context.response_to = Some(request);
        let length = context.response.length().unwrap_or(BodyLength::Unknown);
        Some(if length == BodyLength::Known(0) { BodyLength::None } else { length })
    }

    /// Hands on what there is and what the response's window allows.
    pub(crate) fn hand_on(&mut self, requests: &mut Requests, key: FetchKey) -> HandedOn {
        let Some(request) = self.contexts.get(key).and_then(|context| context.response_to) else {
            return HandedOn::Waiting;
        };
        loop {
            let room = requests.response_room(request);
            match self.read(requests, key, room.min(MAX_CHUNK)) {
                FetchRead::Chunk(data) => {
                    requests.send_chunk(request, data, false);
                }
                FetchRead::End => return HandedOn::Complete(request, requests.end_body(request)),
                FetchRead::Failed(message) => {
                    self.forget(key);
                    return HandedOn::Failed(request, message);
                }
                FetchRead::Pending => return HandedOn::Waiting,
            }
            if room == 0 {
                return HandedOn::Waiting;
            }
        }
    }

    /// Whether its response is handed on.
    pub(crate) fn is_handed_on(&self, key: FetchKey) -> bool {
        self.contexts.get(key).is_some_and(|context| context.response_to.is_some())
    }
}
