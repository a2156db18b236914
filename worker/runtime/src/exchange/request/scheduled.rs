//! Scheduled events: requests without HTTP, which have no bodies.

use nano_protocol::{BodyLength, Frame, RequestId, Scheduled};

use super::body::IncomingBody;
use super::unbegun::{Call, Unbegun};
use super::{RequestContext, Requests};
use crate::exchange::key::RequestKey;

impl Requests {
    /// Takes in a scheduled event, as [`Requests::open`] a request.
    pub(crate) fn open_scheduled(&mut self, link: usize, wire_id: RequestId, event: Scheduled) -> RequestKey {
        let Scheduled { cron, time, request_id } = event;
        let bytes = cron.len() + request_id.len();
        let unbegun = Unbegun::of(Call::Scheduled { cron, time }, bytes);
        let incoming = IncomingBody::new(BodyLength::None, false);
        let context = RequestContext::new((link, wire_id), request_id, unbegun, incoming);
        self.take_in(context)
    }

    /// A scheduled event was handled.
    pub(crate) fn scheduled_done(&mut self, key: RequestKey) {
        let Some(context) = self.contexts.get(key).filter(|context| !context.answered) else { return };
        let id = context.wire_id;
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.frames.push(&Frame::ScheduledDone { id });
        }
        self.complete(key);
    }
}
