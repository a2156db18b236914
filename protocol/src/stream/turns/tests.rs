//! Who gets how much of a link that has no room for all.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const LIMIT: usize = 8 * Turns::BYTES;

/// A link that is written as the test says, and bodies with their windows.
struct Link {
    turns: Turns,
    unsent: usize,
    windows: BTreeMap<u32, usize>,
    sent: BTreeMap<u32, usize>,
}

impl Link {
    fn new() -> Self {
        Self { turns: Turns::new(LIMIT), unsent: 0, windows: BTreeMap::new(), sent: BTreeMap::new() }
    }

    /// A body sends in pieces of this size as long as it may.
    fn pour(&mut self, number: u32, piece: usize) -> usize {
        let mut sent = 0;
        loop {
            let window = self.windows[&number];
            let room = self.turns.room(StreamId::request(number), window, self.unsent);
            assert!(room <= window && self.unsent + room <= LIMIT);
            if room == 0 {
                *self.sent.entry(number).or_default() += sent;
                return sent;
            }
            let bytes = room.min(piece);
            self.turns.sent(StreamId::request(number), bytes);
            self.unsent += bytes;
            self.windows.insert(number, window - bytes);
            sent += bytes;
        }
    }

    fn next(&mut self) -> Option<u32> {
        let due = self.turns.is_due(self.unsent);
        let next = self.turns.next(self.unsent).map(|stream| stream.number);
        assert_eq!(due, next.is_some());
        next
    }
}

#[test]
fn one_alone_has_all_of_the_link() {
    let mut link = Link::new();
    link.windows.insert(1, LIMIT * 3);
    assert_eq!(link.pour(1, 1000), LIMIT);
    assert_eq!(link.next(), None, "nothing was written");
    link.unsent = LIMIT / 2;
    assert_eq!(link.next(), None, "it is not worth while yet");
    link.unsent = LIMIT / 2 - 1;
    assert_eq!(link.next(), Some(1));
    assert_eq!(link.pour(1, 1000), LIMIT / 2 + 1, "nobody else waits: it is not held to one turn");
    link.unsent = 0;
    assert_eq!((link.next(), link.next()), (Some(1), None));
    assert_eq!(link.pour(1, LIMIT), LIMIT);
}

#[test]
fn equal_bodies_get_equal_turns_whatever_the_size_of_their_pieces() {
    let mut link = Link::new();
    for number in 0..24 {
        link.windows.insert(number, usize::MAX / 2);
    }
    (0..24).for_each(|number| _ = link.pour(number, 1000));
    link.sent.clear();
    for _ in 0..100 {
        link.unsent = 0;
        while let Some(number) = link.next() {
            link.pour(number, if number % 2 == 0 { 100 } else { 1 << 20 });
        }
    }
    let shares: BTreeSet<_> = link.sent.values().map(|bytes| bytes / Turns::BYTES).collect();
    assert_eq!(link.sent.len(), 24);
    assert!(shares.last().unwrap_or(&0) - shares.first().unwrap_or(&0) <= 1, "{:?}", link.sent);
}

#[test]
fn credit_does_not_overtake() {
    let mut link = Link::new();
    for number in 0..3 {
        link.windows.insert(number, LIMIT);
        link.pour(number, 1000);
    }
    // The first had all of the room, and has no window; the others wait. It gets credit when there is room for all.
    link.unsent = 0;
    link.windows.insert(0, LIMIT);
    assert_eq!(link.pour(0, 1000), 0);
    assert_eq!((link.next(), link.next(), link.next(), link.next()), (Some(1), Some(2), Some(0), None));
    assert_eq!(link.pour(0, 1000), LIMIT, "nobody waits");
}

#[test]
fn who_does_not_use_its_turn_holds_nobody_up() {
    let mut link = Link::new();
    for number in 0..100 {
        link.windows.insert(number, LIMIT);
        link.pour(number, 1000);
    }
    // None of the first 98 has a byte for its turn; a later one passes by all of them.
    link.unsent = 0;
    for number in 1..99 {
        assert_eq!(link.next(), Some(number));
    }
    assert_eq!(link.next(), Some(99));
    assert_eq!(link.pour(99, 1000), LIMIT);
    // When they have some, together, they take no more than there is room for; who got none of its turn is the next.
    link.unsent = LIMIT - 2 * Turns::BYTES;
    (1..99).for_each(|number| _ = link.pour(number, 1000));
    assert_eq!(link.unsent, LIMIT);
    link.unsent = 0;
    assert!(link.next().is_some_and(|number| number > 2));
}

#[test]
fn a_turn_that_others_cut_short_is_continued_and_is_no_longer_for_it() {
    let mut link = Link::new();
    for number in 0..3 {
        link.windows.insert(number, 2 * LIMIT);
        link.pour(number, 1000);
    }
    link.unsent = 0;
    assert_eq!(link.next(), Some(0));
    link.unsent = LIMIT - 1000;
    assert_eq!(link.pour(0, 1000), 1000);
    link.unsent = 0;
    assert_eq!(link.next(), Some(0));
    assert_eq!(link.pour(0, 1000), Turns::BYTES - 1000);
    assert_eq!((link.next(), link.next(), link.next(), link.next()), (Some(1), Some(2), Some(0), None));
}

#[test]
fn who_gives_way_comes_last_and_gets_a_whole_turn_then() {
    let mut link = Link::new();
    for number in 0..3 {
        link.windows.insert(number, 2 * LIMIT);
        link.pour(number, 1000);
    }
    link.unsent = 0;
    assert_eq!(link.next(), Some(0));
    link.turns.give_way(StreamId::request(0));
    assert_eq!(link.pour(0, 1000), 0);
    assert_eq!((link.next(), link.next(), link.next(), link.next()), (Some(1), Some(2), Some(0), None));
    assert_eq!(link.turns.left(StreamId::request(0)), Turns::BYTES);
}

#[test]
fn who_has_no_window_does_not_wait_and_who_leaves_is_not_called() {
    let mut link = Link::new();
    for number in 0..4 {
        link.windows.insert(number, if number == 1 { 0 } else { 2 * LIMIT });
        link.pour(number, 1000);
    }
    link.turns.leave(StreamId::request(2));
    link.turns.leave(StreamId::request(77));
    link.unsent = 0;
    assert_eq!((link.next(), link.next(), link.next()), (Some(0), Some(3), None));
    link.turns.leave(StreamId::request(0));
    link.turns.leave(StreamId::request(3));
    assert!(link.turns.given.is_empty() && !link.turns.any_waits());
}

#[derive(Debug, Clone)]
enum Step {
    Pour(u32, usize),
    Credit(u32, usize),
    Leave(u32),
    Write(usize),
    Next,
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0_u32..12;
    prop_oneof![
        6 => (number.clone(), prop_oneof![Just(10_000_usize), Just(1 << 20)]).prop_map(|(n, piece)| Step::Pour(n, piece)),
        4 => (number.clone(), 0..4 * Turns::BYTES).prop_map(|(n, bytes)| Step::Credit(n, bytes)),
        1 => number.prop_map(Step::Leave),
        2 => (0..LIMIT).prop_map(Step::Write),
        4 => Just(Step::Next),
    ]
}

proptest! {
    #[test]
    fn each_that_was_refused_gets_one_turn_in_its_order(steps in prop::collection::vec(step(), 0..300)) {
        let mut link = Link::new();
        (0..12).for_each(|number| _ = link.windows.insert(number, 2 * Turns::BYTES));
        let mut refused: Vec<u32> = Vec::new();
        for step in steps {
            match step {
                Step::Pour(number, piece) => {
                    let had_turn = link.turns.left(StreamId::request(number)) > 0;
                    let sent = link.pour(number, piece);
                    prop_assert!(sent == 0 || had_turn || refused.is_empty(), "it overtook {:?}", refused);
                    let has_rest = link.turns.given.contains_key(&StreamId::request(number).to_wire());
                    if link.windows[&number] > 0 && !refused.contains(&number) {
                        refused.insert(if has_rest { 0 } else { refused.len() }, number);
                    }
                }
                Step::Credit(number, bytes) => *link.windows.get_mut(&number).unwrap_or(&mut 0) += bytes,
                Step::Leave(number) => {
                    link.turns.leave(StreamId::request(number));
                    refused.retain(|other| *other != number);
                }
                Step::Write(bytes) => link.unsent = link.unsent.saturating_sub(bytes),
                Step::Next => {
                    if let Some(number) = link.next() {
                        prop_assert_eq!(number, refused.remove(0));
                    }
                }
            }
        }
        // Everything is written: all that wait get their turn.
        link.unsent = 0;
        prop_assert_eq!(std::iter::from_fn(|| link.next()).collect::<Vec<_>>(), refused);
    }
}
