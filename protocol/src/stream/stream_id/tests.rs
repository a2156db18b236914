//! Identifiers of both sides on the wire.

use super::*;
use crate::stream::MAX_STREAM_NUMBER;

#[test]
fn every_number_of_both_sides_survives_the_wire() {
    for number in [0, 1, 77, MAX_STREAM_NUMBER] {
        for stream in [StreamId::request(number), StreamId::fetch(number)] {
            assert_eq!(StreamId::from_wire(stream.to_wire()), stream);
        }
    }
    assert_eq!((StreamId::request(7).to_wire(), StreamId::fetch(7).to_wire()), (14, 15));
}
