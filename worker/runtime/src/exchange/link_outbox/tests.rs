//! Bodies of responses and of fetches on links that have no room for all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nano_protocol::limits::{INITIAL_WINDOW, RESPONSE_WINDOW};
use nano_protocol::{BodyLength, FetchDestination, FetchHead, HeaderBlock, RequestHead, ResetReason};

use super::*;
use crate::exchange::fetch::{FetchOutcome, Fetches, UploadFrom};
use crate::exchange::key::{FetchKey, RequestKey};
use crate::exchange::request::{Outcome, Requests};

const WINDOW: usize = INITIAL_WINDOW as usize;

/// What makes a response's window as wide.
const WIDER: u32 = INITIAL_WINDOW - RESPONSE_WINDOW;

/// Links, and bodies that scripts make without end.
struct Scripts {
    requests: Requests,
    fetches: Fetches,
}

impl Scripts {
    fn new(links: usize) -> Self {
        let (mut requests, mut fetches) = (Requests::default(), Fetches::default());
        requests.set_links(links);
        fetches.set_links(links);
        Self { requests, fetches }
    }

    fn request(&mut self, link: usize, id: u32) -> RequestKey {
        let head = RequestHead {
            method: "GET".into(),
            url: "http://a/".into(),
            request_id: "id".into(),
            headers: HeaderBlock::default(),
            body: BodyLength::None,
            websocket: false,
        };
        self.requests.open(link, id, head)
    }

    fn response(&mut self, link: usize, id: u32) -> RequestKey {
        let key = self.request(link, id);
        self.requests.respond_in_chunks(key, 200, HeaderBlock::default());
        self.requests.credit(link, id, WIDER).unwrap();
        key
    }

    fn fetch(&mut self, upload: UploadFrom) -> FetchKey {
        let head = FetchHead {
            method: "POST".into(),
            url: "http://a/".into(),
            headers: HeaderBlock::default(),
            body: BodyLength::Unknown,
            to: FetchDestination::Network,
            request: None,
        };
        self.fetches.start(&mut self.requests, None, head, upload).ok().unwrap()
    }

    /// The script of a response sends pieces as long as it may; returns how many bytes that were.
    fn pour(&mut self, key: RequestKey, piece: usize) -> usize {
        let mut sent = 0;
        loop {
            let bytes = self.requests.response_room(key).min(piece);
            let room = self.requests.send_chunk(key, vec![1; bytes].into(), bytes < piece);
            sent += bytes;
            if room == 0 || bytes < piece {
                return sent;
            }
        }
    }

    fn pour_upload(&mut self, key: FetchKey, piece: usize) -> usize {
        let mut sent = 0;
        loop {
            let bytes = self.fetches.upload_room(&mut self.requests, key).min(piece);
            let room = self.fetches.send_chunk(&mut self.requests, key, vec![1; bytes].into(), bytes < piece);
            sent += bytes;
            if room == 0 || bytes < piece {
                return sent;
            }
        }
    }

    /// Gives the next turn to a response's script; returns its number and how much it sent.
    fn turn(&mut self, link: usize, piece: usize) -> Option<(u32, usize)> {
        let stream = self.requests.next_turn(link)?;
        let key = self.requests.key_of(link, stream.number).unwrap();
        assert!(matches!(self.requests.resume(key), Outcome::Writable));
        Some((stream.number, self.pour(key, piece)))
    }

    fn unsent(&mut self, link: usize) -> usize {
        self.requests.outbox(link).unwrap().len()
    }

    /// The supervisor reads all that is to be sent.
    fn write(&mut self, link: usize) {
        *self.requests.outbox(link).unwrap() = Outbox::default();
    }

    /// As many responses as fill the link, and three that find it full.
    fn full(&mut self, link: usize) -> Vec<RequestKey> {
        let count = u32::try_from(MAX_UNSENT / WINDOW).unwrap() + 3;
        let keys: Vec<_> = (0..count).map(|id| self.response(link, id)).collect();
        keys.iter().for_each(|key| _ = self.pour(*key, 64 << 10));
        assert!(self.unsent(link) >= MAX_UNSENT);
        keys
    }

    /// An upload that finds the link's bodies held up.
    fn fetch_when_full(&mut self) -> FetchKey {
        // A fetch is not begun on a full link.
        self.write(0);
        let key = self.fetch(UploadFrom::Script(None));
        assert_eq!(self.pour_upload(key, 1000), 0, "others wait");
        key
    }

    /// Bodies wait, though the link is empty.
    fn full_again(&mut self) {
        let keys: Vec<_> = (200..210).map(|id| self.response(0, id)).collect();
        keys.iter().for_each(|key| _ = self.pour(*key, 64 << 10));
        self.write(0);
    }
}

#[test]
fn bodies_in_single_bytes_do_not_fill_what_is_to_be_sent_and_none_is_left_out() {
    let mut scripts = Scripts::new(1);
    let mut responses: Vec<_> = (0..20).map(|id| scripts.response(0, id)).collect();
    let uploads: Vec<_> = (0..20).map(|_| scripts.fetch(UploadFrom::Script(None))).collect();
    // Nothing is read; no chunk stands next to another of its body.
    let mut written = 0;
    while scripts.unsent(0) < MAX_UNSENT {
        while scripts.requests.next_turn(0).is_some() {}
        for key in &responses {
            if scripts.requests.response_room(*key) > 0 {
                scripts.requests.send_chunk(*key, Bytes::from_static(b"x"), true);
                written += 1;
            }
        }
        for key in &uploads {
            if scripts.fetches.upload_room(&mut scripts.requests, *key) > 0 {
                scripts.fetches.send_chunk(&mut scripts.requests, *key, Bytes::from_static(b"x"), true);
                written += 1;
            }
        }
    }
    let waiting = scripts.unsent(0);
    assert!(waiting <= MAX_UNSENT + 64, "{waiting} bytes wait for {written}");
    assert!(written < 40 * WINDOW, "it is the link that holds them up");
    for key in &responses {
        assert_eq!(scripts.requests.response_room(*key), 0);
    }
    for key in &uploads {
        assert_eq!(scripts.fetches.upload_room(&mut scripts.requests, *key), 0);
    }
    assert!(!scripts.requests.is_turn_due() && scripts.requests.next_turn(0).is_none(), "nothing was written");

    // It is read: each goes on, once.
    scripts.write(0);
    let (mut resumed, mut resumed_uploads) = (Vec::new(), Vec::new());
    while let Some(stream) = scripts.requests.next_turn(0) {
        if let Some(key) =
            scripts.requests.key_of(0, stream.number).filter(|_| stream == StreamId::request(stream.number))
        {
            assert!(matches!(scripts.requests.resume(key), Outcome::Writable));
            resumed.push(key);
        } else {
            let key = scripts.fetches.key_of(0, stream.number).unwrap();
            assert!(matches!(scripts.fetches.resume_upload(&mut scripts.requests, key), FetchOutcome::Writable));
            resumed_uploads.push(key);
        }
    }
    resumed.sort_unstable();
    resumed_uploads.sort_unstable();
    responses.sort_unstable();
    assert_eq!((resumed, resumed_uploads), (responses, uploads));
}

#[test]
fn bodies_go_on_in_the_order_in_which_they_found_no_room_and_credit_does_not_overtake() {
    let mut scripts = Scripts::new(1);
    let keys = scripts.full(0);
    scripts.write(0);
    // The first has sent all that it might, and is the first to get credit; it comes behind those that wait.
    assert!(matches!(scripts.requests.credit(0, 0, INITIAL_WINDOW).unwrap(), Outcome::Nothing));
    // The script of the second makes more, though nobody told it to; that waits, too.
    assert!(matches!(scripts.requests.credit(0, 1, INITIAL_WINDOW).unwrap(), Outcome::Nothing));
    assert_eq!(scripts.pour(keys[1], 1000), 0);
    // The fourth had nearly all of its window when the link was full; the others a turn each.
    let turns: Vec<_> = std::iter::from_fn(|| scripts.turn(0, 1000)).take(6).collect();
    assert_eq!(turns.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [3, 4, 5, 6, 0, 1]);
    assert!(turns[1..5].iter().all(|(_, sent)| *sent == Turns::BYTES), "{turns:?}");
}

#[test]
fn a_link_that_is_full_holds_up_no_other() {
    let mut scripts = Scripts::new(2);
    scripts.full(0);
    scripts.full(1);
    scripts.write(1);
    assert!(scripts.requests.next_turn(0).is_none());
    let (_, sent) = scripts.turn(1, 1000).unwrap();
    assert!(sent > 0);
    // And room on one resumes nothing of the other.
    let key = scripts.response(0, 100);
    assert_eq!(scripts.pour(key, 1000), 0);
    while scripts.turn(1, 64 << 10).is_some() {
        scripts.write(1);
    }
    scripts.write(0);
    assert!(std::iter::from_fn(|| scripts.turn(0, 64 << 10)).take(20).any(|(id, _)| id == 100));
}

#[test]
fn who_is_over_is_not_called_and_who_is_not_read_does_not_wait() {
    let mut scripts = Scripts::new(1);
    let keys = scripts.full(0);
    // The others wait; the first ones have no credit.
    scripts.requests.reset(0, 4).unwrap();
    scripts.requests.fail(keys[5], ResetReason::BodyErrored);
    let upload = scripts.fetch_when_full();
    scripts.fetches.abort(&mut scripts.requests, upload);
    scripts.write(0);
    let order: Vec<_> = std::iter::from_fn(|| scripts.requests.next_turn(0)).collect();
    assert_eq!(order, [3, 6].map(StreamId::request));
}

#[test]
fn a_small_whole_body_goes_with_its_head_and_a_large_one_takes_turns() {
    let mut scripts = Scripts::new(1);
    scripts.full(0);
    let (small, large) = (scripts.request(0, 100), scripts.request(0, 101));
    let respond = |scripts: &mut Scripts, key, length: usize| {
        let before = scripts.unsent(0);
        let outcome = scripts.requests.respond(key, 200, HeaderBlock::default(), vec![1; length].into());
        (matches!(outcome, Outcome::Complete(None)), scripts.unsent(0) - before)
    };
    let (complete, sent) = respond(&mut scripts, small, 1000);
    assert!(complete && sent > 1000);
    let (complete, sent) = respond(&mut scripts, large, WINDOW);
    assert!(!complete && sent < Turns::BYTES + 1000, "{sent}");
    scripts.requests.credit(0, 101, WIDER).unwrap();
    scripts.write(0);
    let before_it = std::iter::from_fn(|| scripts.requests.next_turn(0)).take_while(|stream| stream.number != 101);
    assert_eq!(before_it.count(), 4);
    assert!(matches!(scripts.requests.resume(large), Outcome::Complete(None)), "nobody waits for the rest of the link");

    // The same of a request's body.
    scripts.full_again();
    let upload = {
        let upload = scripts.fetch(UploadFrom::Whole(vec![1; WINDOW].into()));
        let sent = scripts.unsent(0);
        assert!((Turns::BYTES..Turns::BYTES + 1000).contains(&sent), "{sent}");
        upload
    };
    while let Some(stream) = scripts.requests.next_turn(0) {
        if stream == StreamId::fetch(0) {
            break;
        }
    }
    scripts.fetches.resume_upload(&mut scripts.requests, upload);
    assert!(scripts.unsent(0) >= WINDOW);
}

#[test]
fn a_script_that_makes_single_bytes_gives_way_to_others() {
    let mut scripts = Scripts::new(1);
    let bytes = scripts.response(0, 0);
    let upload = scripts.fetch(UploadFrom::Script(None));
    let pieces = usize::try_from(MAX_PIECES).unwrap();
    assert_eq!(scripts.pour(bytes, 1), pieces);
    assert_eq!(scripts.pour_upload(upload, 1), 0);
    assert!(scripts.requests.is_turn_due(), "there is room for it, after others");
    // It gets its whole window, in turns.
    let mut sent = pieces;
    let mut turns = 0;
    while let Some(stream) = scripts.requests.next_turn(0) {
        let before = sent;
        if stream == StreamId::request(0) {
            assert!(matches!(scripts.requests.resume(bytes), Outcome::Writable));
            sent += scripts.pour(bytes, 1);
        } else {
            assert!(matches!(scripts.fetches.resume_upload(&mut scripts.requests, upload), FetchOutcome::Writable));
            scripts.pour_upload(upload, 1);
        }
        assert!(sent - before <= pieces);
        turns += 1;
    }
    assert_eq!((sent, turns), (WINDOW, 2 * WINDOW / pieces - 1));
}
