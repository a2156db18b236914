//! Window and credit against each other, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_sender_that_keeps_to_its_window_is_never_refused_and_never_stalls() {
    never_stalls(SendWindow::default(), ReceiveWindow::default());
    never_stalls(SendWindow::of_socket(), ReceiveWindow::of_socket());
    never_stalls(SendWindow::of_response(), ReceiveWindow::of_response());
    let (mut sender, mut receiver) = (SendWindow::of_response(), ReceiveWindow::of_response());
    sender.credit(receiver.widen()).unwrap();
    assert_eq!(sender.available(), INITIAL_WINDOW as usize);
    never_stalls(sender, receiver);
}

fn never_stalls(mut sender: SendWindow, mut receiver: ReceiveWindow) {
    let mut total = 0_u64;
    while total < 64 * u64::from(INITIAL_WINDOW) {
        let bytes = sender.available().min(50_001);
        assert!(bytes > 0, "stalled after {total} bytes");
        sender.sent(bytes);
        receiver.received(bytes).unwrap();
        if let Some(credit) = receiver.consumed(bytes) {
            sender.credit(credit).unwrap();
        }
        total += bytes as u64;
    }
}

#[test]
fn more_than_the_window_is_refused() {
    let mut receiver = ReceiveWindow::default();
    receiver.received(INITIAL_WINDOW as usize).unwrap();
    assert_eq!(receiver.received(1), Err(StreamViolation::Window));
    let mut receiver = ReceiveWindow::of_socket();
    receiver.received(SOCKET_WINDOW as usize).unwrap();
    assert_eq!(receiver.received(1), Err(StreamViolation::Window));
}

#[test]
fn endless_credit_is_refused() {
    let mut sender = SendWindow::default();
    assert_eq!(sender.credit(u32::MAX), Err(StreamViolation::Window));
    assert_eq!(sender.credit(MAX_WINDOW), Err(StreamViolation::Window));
    assert_eq!(sender.available(), INITIAL_WINDOW as usize);
}
