//! Where bytes are cut does not matter, and floods leave nothing behind.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn receiver() -> Receiver {
    Receiver::new(true, true, 1 << 20)
}

/// Everything that comes of some bytes.
fn drain(receiver: &mut Receiver, bytes: &[u8]) -> Result<Vec<Event>, Fault> {
    receiver.feed(bytes.to_vec());
    let (mut coders, mut take, mut events) = (Coders::default(), |_| true, Vec::new());
    while let Some(event) = receiver.next(&mut coders, &mut Memory(&mut take))? {
        events.push(event);
    }
    Ok(events)
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [9, 8, 7, 6];
    let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
    bytes.extend(key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

#[test]
fn where_bytes_are_cut_does_not_matter() {
    let bytes = [
        masked(0x81, "gr\u{fc}\u{df}e".as_bytes()),
        masked(0x02, b"one"),
        masked(0x89, b"ping"),
        masked(0x00, b""),
        masked(0x80, b"two"),
        masked(0x8a, b""),
        masked(0x88, b"\x03\xe8bye"),
    ]
    .concat();
    let whole = drain(&mut receiver(), &bytes).unwrap();
    assert_eq!(whole.len(), 5);
    assert_eq!(whole[2], Event::Binary(b"onetwo".to_vec()));
    for cut in 0..bytes.len() {
        let mut receiver = receiver();
        let mut events = drain(&mut receiver, &bytes[..cut]).unwrap();
        events.extend(drain(&mut receiver, &bytes[cut..]).unwrap());
        assert_eq!(events, whole, "{cut}");
    }
    let mut receiver = receiver();
    let single: Vec<Event> = bytes.iter().flat_map(|byte| drain(&mut receiver, &[*byte]).unwrap()).collect();
    assert_eq!(single, whole);
}

#[test]
fn floods_leave_nothing_behind() {
    let mut receiver = receiver();
    assert_eq!(drain(&mut receiver, &masked(0x01, b"begin")), Ok(vec![]));
    let fragments = masked(0x00, b"").repeat(10_000);
    for _ in 0..10 {
        assert_eq!(drain(&mut receiver, &fragments), Ok(vec![]));
        assert!(receiver.held() < 64, "{}", receiver.held());
    }
    let pings = masked(0x89, &[7; 125]).repeat(1000);
    assert_eq!(drain(&mut receiver, &pings).unwrap().len(), 1000);
    assert!(receiver.held() < 64);
    assert_eq!(drain(&mut receiver, &masked(0x80, b"end")), Ok(vec![Event::Text("beginend".into())]));
    assert_eq!(receiver.held(), 0);
}

#[test]
fn memory_is_asked_for_as_a_message_comes_and_not_as_it_is_announced() {
    let mut receiver = receiver();
    // A megabyte, of which nothing comes.
    receiver.feed(vec![0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4, 5]);
    let (mut coders, mut taken) = (Coders::default(), 0);
    let mut take = |bytes| {
        taken += bytes;
        true
    };
    assert_eq!(receiver.next(&mut coders, &mut Memory(&mut take)), Ok(None));
    assert_eq!(taken, 1);
    receiver.feed(vec![0; 1000]);
    assert_eq!(receiver.next(&mut coders, &mut Memory(&mut |_| false)), Err(Fault::NoMemory));
}

#[test]
fn a_client_masks_and_a_server_does_not() {
    assert!(matches!(drain(&mut receiver(), &[0x81, 1, b'x']), Err(Fault::Protocol(_))));
    let mut of_server = Receiver::new(false, false, 100);
    assert_eq!(drain(&mut of_server, &[0x81, 1, b'x']), Ok(vec![Event::Text("x".into())]));
    assert!(matches!(drain(&mut of_server, &masked(0x81, b"x")), Err(Fault::Protocol(_))));
    assert!(matches!(drain(&mut Receiver::new(false, false, 100), &[0xc1, 1, b'x']), Err(Fault::Protocol(_))));
    assert_eq!(drain(&mut Receiver::new(false, false, 100), &[0x82, 101]), Err(Fault::TooLarge));
}

#[test]
fn a_message_that_stands_still_is_told_from_one_that_goes_on() {
    let mut receiver = receiver();
    assert_eq!(receiver.unfinished(), None);
    drain(&mut receiver, &masked(0x01, b"begun")).unwrap();
    let before = receiver.unfinished().unwrap();
    drain(&mut receiver, &masked(0x00, b"and on")).unwrap();
    // Control frames are none of its progress.
    drain(&mut receiver, &masked(0x89, b"a ping of some length")).unwrap();
    let now = receiver.unfinished().unwrap();
    assert!(!now.is_slow(before, 6) && now.is_slow(before, 7));
    // It ended, and another one was begun.
    drain(&mut receiver, &[masked(0x80, b""), masked(0x01, b"x")].concat()).unwrap();
    assert!(!receiver.unfinished().unwrap().is_slow(now, 1000));
}
