//! No stream is lost, none stands in it twice, and gaps do not pile up.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[test]
fn streams_come_out_in_the_order_in_which_they_came_in() {
    let mut queue = StreamQueue::default();
    let (request, fetch) = (StreamId::request(7), StreamId::fetch(7));
    for stream in [request, fetch, request, StreamId::request(3), fetch] {
        queue.push(stream);
    }
    queue.remove(StreamId::request(9));
    assert_eq!(
        [queue.pop(), queue.pop(), queue.pop(), queue.pop()],
        [Some(request), Some(fetch), Some(StreamId::request(3)), None]
    );
    assert!(queue.is_empty());
}

#[test]
fn a_flood_of_streams_that_leave_keeps_no_place() {
    let mut queue = StreamQueue::default();
    let first = StreamId::request(0);
    queue.push(first);
    for number in 1..100_000 {
        queue.push(StreamId::request(number));
        queue.remove(StreamId::request(number));
        assert!(queue.order.len() <= 2 + FEW);
    }
    // All are there before the first of them leaves, in either direction.
    (1..50_000).for_each(|number| queue.push(StreamId::fetch(number)));
    (1..25_000).for_each(|number| queue.remove(StreamId::fetch(number)));
    (25_000..50_000).rev().for_each(|number| queue.remove(StreamId::fetch(number)));
    assert!(queue.order.len() <= 2 + FEW);
    assert_eq!([queue.pop(), queue.pop()], [Some(first), None]);
}

#[derive(Debug, Clone)]
enum Step {
    Push(u32),
    PushFirst(u32),
    Pop,
    Remove(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u32..40).prop_map(Step::Push),
        1 => (0_u32..40).prop_map(Step::PushFirst),
        1 => Just(Step::Pop),
        3 => (0_u32..40).prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn it_is_a_queue_in_which_each_stands_once(steps in prop::collection::vec(step(), 0..400)) {
        let mut queue = StreamQueue::default();
        let mut model = VecDeque::new();
        for step in steps {
            match step {
                Step::Push(bits) => {
                    queue.push(StreamId::from_wire(bits));
                    if !model.contains(&bits) {
                        model.push_back(bits);
                    }
                }
                Step::PushFirst(bits) => {
                    queue.push_first(StreamId::from_wire(bits));
                    if !model.contains(&bits) {
                        model.push_front(bits);
                    }
                }
                Step::Pop => prop_assert_eq!(queue.pop(), model.pop_front().map(StreamId::from_wire)),
                Step::Remove(bits) => {
                    queue.remove(StreamId::from_wire(bits));
                    model.retain(|other| *other != bits);
                }
            }
            prop_assert_eq!(queue.is_empty(), model.is_empty());
            prop_assert_eq!(queue.places.len(), model.len());
            prop_assert!((0..40).all(|bits| queue.contains(StreamId::from_wire(bits)) == model.contains(&bits)));
        }
        let left: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        prop_assert_eq!(left, model.into_iter().map(StreamId::from_wire).collect::<Vec<_>>());
    }
}
