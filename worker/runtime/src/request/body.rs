//! A request's two bodies: what has come of the one, and where the other comes from.

use bytes::Bytes;
use nano_protocol::{BodyLength, ChunkQueue, Outbox, ReceiveWindow, SendWindow};

use crate::fetch::FetchKey;

/// Unsent bytes of a link from which on no more of a response's body joins them, so that a supervisor that does not read
/// costs no more than that; the frames' heads count.
pub(super) const MAX_UNSENT: usize = 1 << 20;

/// Who waits for the next piece of a request's body.
pub(crate) type BodyReader = v8::Global<v8::PromiseResolver>;

/// The request's body on its way to JavaScript.
pub(super) struct IncomingBody {
    /// As it was announced.
    pub(super) length: BodyLength,
    pub(super) queue: ChunkQueue,
    pub(super) window: ReceiveWindow,
    /// No more chunks will come.
    pub(super) ended: bool,
    /// Nobody wants it: what comes is dropped.
    pub(super) unwanted: bool,
    /// The supervisor was told that it is read.
    pub(super) asked: bool,
    /// The request was reset: no more comes, and this is not its end.
    pub(super) cut: bool,
    /// Something came that [`super::Requests::news`] is to be asked for.
    pub(super) news: bool,
    pub(super) reader: Option<BodyReader>,
}

/// The response's body on its way out.
pub(super) struct OutgoingBody {
    pub(super) window: SendWindow,
    pub(super) source: BodySource,
}

/// Where a response's body comes from.
pub(super) enum BodySource {
    /// This is what is left of it.
    Whole(Bytes),
    /// JavaScript hands over as much as the window allows. `waiting`: it gave all it could, and is to be told of credit.
    Script { waiting: bool },
    /// The request's body is handed on as it comes.
    Request,
    /// The body of an outgoing request's response is handed on as it comes.
    Fetch(FetchKey),
}

/// How much of a response's body may be added to what is to be sent now; `held`: it is less than the window allows.
pub(super) fn room(window: &SendWindow, outbox: &Outbox, held: &mut bool) -> usize {
    let (available, left) = (window.available(), MAX_UNSENT.saturating_sub(outbox.len()));
    *held |= left < available;
    available.min(left)
}

impl IncomingBody {
    /// The credit to give now that so many bytes were taken. Nothing comes after the end, so it would have no use then.
    pub(super) fn taken(&mut self, bytes: usize) -> Option<u32> {
        self.window.consumed(bytes).filter(|_| !self.ended)
    }

    pub(super) fn is_drained(&self) -> bool {
        self.ended && self.queue.is_empty()
    }
}
