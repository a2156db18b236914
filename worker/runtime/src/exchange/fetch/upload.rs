//! The bodies of fetches: sent all at once or in the pieces that JavaScript makes, under the stream's window and what
//! may wait on the link.

use bytes::Bytes;
use nano_protocol::{StreamId, StreamViolation};

use super::{FetchContext, FetchOutcome, Fetches};
use crate::exchange::key::FetchKey;
use crate::exchange::request::Requests;

/// What a fetch is to be sent with.
pub(crate) enum UploadFrom {
    Nothing,
    Whole(Bytes),
    /// JavaScript will send it in pieces; so many bytes, if it knows that.
    Script(Option<u64>),
}

/// What there will be of a fetch's body.
pub(super) enum Upload {
    /// All of it was given.
    Whole,
    /// JavaScript hands over as much as the window allows. `waiting`: credit resumes it. `is_over`: it has no more.
    Script { waiting: bool, is_over: bool },
}

impl Upload {
    /// Whether JavaScript has more of it.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Upload::Script { is_over: false, .. })
    }
}

impl Fetches {
    /// Whether the supervisor takes more of the request's body.
    pub(crate) fn takes_body(&self, key: FetchKey) -> bool {
        self.contexts.get(key).is_some_and(|context| context.on_wire && context.upload.is_running())
    }

    /// Those of whose request nothing more can be sent. Each once.
    pub(crate) fn take_cut(&mut self) -> Vec<FetchKey> {
        std::mem::take(&mut self.cut)
    }

    /// How much [`Fetches::send_chunk`] takes now.
    pub(crate) fn upload_room(&mut self, requests: &mut Requests, key: FetchKey) -> usize {
        let Some(context) = self.contexts.get(key) else { return 0 };
        let outbox = requests.link_outbox(context.link).filter(|_| context.on_wire);
        outbox.map_or(0, |outbox| outbox.room(StreamId::fetch(context.wire_id), &context.send))
    }

    /// Goes on with a request's body: it has credit, or it is its turn.
    pub(crate) fn resume_upload(&mut self, requests: &mut Requests, key: FetchKey) -> FetchOutcome {
        let on_wire = |context: &&mut FetchContext| context.on_wire;
        let Some(context) = self.contexts.get_mut(key).filter(on_wire) else { return FetchOutcome::Nothing };
        let Some(outbox) = requests.link_outbox(context.link) else { return FetchOutcome::Nothing };
        let (stream, body) = (StreamId::fetch(context.wire_id), &mut context.send);
        match &mut context.upload {
            Upload::Script { waiting, .. } => {
                // Credit does not overtake those that wait for room on the link.
                let goes_on = *waiting && outbox.room(stream, body) > 0;
                *waiting &= !goes_on;
                if goes_on { FetchOutcome::Writable } else { FetchOutcome::Nothing }
            }
            Upload::Whole => {
                outbox.send_rest(stream, body);
                FetchOutcome::Nothing
            }
        }
    }

    /// Sends a piece of a body that JavaScript makes: at most [`Fetches::upload_room`] bytes. `waits`: it has more, and no
    /// room; `resumeFetch` is called when there is some. Returns the room that is left.
    pub(crate) fn send_chunk(&mut self, requests: &mut Requests, key: FetchKey, data: Bytes, waits: bool) -> usize {
        let Some(context) = self.contexts.get_mut(key) else { return 0 };
        let Some(outbox) = requests.link_outbox(context.link).filter(|_| context.on_wire) else { return 0 };
        let stream = StreamId::fetch(context.wire_id);
        context.send.give(data);
        outbox.send(stream, &mut context.send, usize::MAX);
        let room = outbox.room(stream, &context.send);
        if let Upload::Script { waiting, .. } = &mut context.upload {
            *waiting = waits || room == 0;
        }
        room
    }

    /// The end of a body that JavaScript made. False if it is shorter than was announced: the request has to be given up.
    pub(crate) fn end_upload(&mut self, requests: &mut Requests, key: FetchKey) -> bool {
        let Some(context) = self.contexts.get_mut(key).filter(|context| context.on_wire) else { return true };
        let Some(outbox) = requests.link_outbox(context.link) else { return true };
        let stream = StreamId::fetch(context.wire_id);
        match context.send.end() {
            Ok(false) => {}
            Ok(true) => outbox.frames.push_data(stream, true, Bytes::new()),
            Err(_) => return false,
        }
        outbox.leave(stream);
        if let Upload::Script { is_over, .. } = &mut context.upload {
            *is_over = true;
        }
        true
    }

    /// The supervisor takes more of a request's body.
    pub(crate) fn credit(
        &mut self,
        requests: &mut Requests,
        key: FetchKey,
        bytes: u32,
    ) -> Result<FetchOutcome, StreamViolation> {
        let Some(context) = self.contexts.get_mut(key) else { return Ok(FetchOutcome::Nothing) };
        context.send.credit(bytes)?;
        Ok(self.resume_upload(requests, key))
    }
}
