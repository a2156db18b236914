//! The bodies of outgoing requests on their way out: all at once or in the pieces that JavaScript makes, under the stream's
//! window and what may wait on the link.

use bytes::Bytes;
use nano_protocol::{StreamId, StreamViolation};

use super::{FetchOutcome, Fetches};
use crate::exchange::key::FetchKey;
use crate::exchange::request::Requests;

/// What a request is to be sent with.
pub(crate) enum UploadFrom {
    Nothing,
    Whole(Bytes),
    /// JavaScript will send it in pieces; so many bytes, if it knows that.
    Script(Option<u64>),
}

/// The request's body on its way out.
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
    pub(crate) fn upload_room(&mut self, requests: &Requests, key: FetchKey) -> usize {
        let Some(context) = self.contexts.get(key) else { return 0 };
        requests.room_on(context.link, &context.send, &mut self.held)
    }

    /// The requests whose bodies waited for a link to be written and may go on, as [`Requests::take_held`] has them for
    /// responses; each is to be given to [`Fetches::resume_upload`].
    pub(crate) fn take_held(&mut self, requests: &Requests) -> Vec<FetchKey> {
        if !requests.has_drained() || !std::mem::take(&mut self.held) {
            return Vec::new();
        }
        self.contexts.iter().filter(|(_, context)| context.upload.is_running()).map(|(key, _)| key).collect()
    }

    /// Goes on with a request's body.
    pub(crate) fn resume_upload(&mut self, key: FetchKey) -> FetchOutcome {
        let upload = self.contexts.get_mut(key).map(|context| &mut context.upload);
        let Some(Upload::Script { waiting, .. }) = upload else { return FetchOutcome::Nothing };
        if std::mem::take(waiting) { FetchOutcome::Writable } else { FetchOutcome::Nothing }
    }

    /// Sends a piece of a body that JavaScript makes: at most [`Fetches::upload_room`] bytes. `waits`: it has more, and no
    /// room; it will be told of some. Returns the room that is left.
    pub(crate) fn send_chunk(&mut self, requests: &mut Requests, key: FetchKey, data: Bytes, waits: bool) -> usize {
        let Some(context) = self.contexts.get_mut(key) else { return 0 };
        let Some(outbox) = requests.outbox(context.link).filter(|_| context.on_wire) else { return 0 };
        context.send.give(data);
        context.send.send(StreamId::fetch(context.wire_id), outbox);
        let room = requests.room_on(context.link, &context.send, &mut self.held);
        if let Upload::Script { waiting, .. } = &mut context.upload {
            *waiting = waits || room == 0;
        }
        room
    }

    /// The end of a body that JavaScript made. False if it is shorter than was announced: the request has to be given up.
    pub(crate) fn end_upload(&mut self, requests: &mut Requests, key: FetchKey) -> bool {
        let Some(context) = self.contexts.get_mut(key).filter(|context| context.on_wire) else { return true };
        let Some(outbox) = requests.outbox(context.link) else { return true };
        match context.send.end() {
            Ok(false) => {}
            Ok(true) => outbox.push_data(StreamId::fetch(context.wire_id), true, Bytes::new()),
            Err(_) => return false,
        }
        if let Upload::Script { is_over, .. } = &mut context.upload {
            *is_over = true;
        }
        true
    }

    /// Sends as much of a whole body as the window allows.
    pub(super) fn send_upload(&mut self, requests: &mut Requests, key: FetchKey) {
        let Some(context) = self.contexts.get_mut(key).filter(|context| context.on_wire) else { return };
        let Some(outbox) = requests.outbox(context.link) else { return };
        context.send.send(StreamId::fetch(context.wire_id), outbox);
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
        if matches!(context.upload, Upload::Script { .. }) {
            return Ok(self.resume_upload(key));
        }
        self.send_upload(requests, key);
        Ok(FetchOutcome::Nothing)
    }
}
