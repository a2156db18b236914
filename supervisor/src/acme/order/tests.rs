//! Which challenge is tried.

use super::*;

fn kinds(listeners: &[(bool, Option<u16>)], turn: usize) -> Vec<Kind> {
    Means::of(listeners.iter().copied()).in_turn(turn).collect()
}

#[test]
fn the_kind_whose_usual_port_is_there_is_first_and_the_other_next() {
    use Kind::{Alpn, Http};
    let (plain, tls) = ((false, Some(80)), (true, Some(443)));
    assert_eq!(kinds(&[plain, tls], 0), [Http, Alpn]);
    assert_eq!(kinds(&[plain, tls], 1), [Alpn, Http]);
    assert_eq!(kinds(&[plain, tls], 2), [Http, Alpn]);
    assert_eq!(kinds(&[(false, Some(8080)), tls], 0), [Alpn, Http]);
    assert_eq!(kinds(&[(false, Some(8080)), (true, Some(8443))], 0), [Http, Alpn]);
    assert_eq!(kinds(&[tls], 3), [Alpn]);
    assert_eq!(kinds(&[(false, None), (true, None)], 0), [Http, Alpn]);
    assert!(kinds(&[], 5).is_empty());
    assert!(!Means::of([plain].into_iter()).has_tls);
}
