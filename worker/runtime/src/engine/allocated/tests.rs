//! What is counted, and on which thread.

use super::allocated;

#[test]
fn what_is_allocated_and_freed_is_counted() {
    let before = allocated();
    let mut bytes = Vec::<u8>::with_capacity(1000);
    assert_eq!(allocated().wrapping_sub(before), 1000);
    bytes.reserve_exact(3000);
    assert_eq!(allocated().wrapping_sub(before), 3000);
    let zeroed = vec![0_u64; 100];
    assert_eq!(allocated().wrapping_sub(before), 3800);
    drop((bytes, zeroed));
    assert_eq!(allocated(), before);
}

#[test]
fn another_threads_is_its_own() {
    let bytes = std::thread::spawn(|| {
        let before = allocated();
        let bytes = Vec::<u8>::with_capacity(5000);
        (allocated().wrapping_sub(before), bytes)
    });
    let (counted, bytes) = bytes.join().unwrap_or_default();
    assert_eq!(counted, 5000);
    let here = allocated();
    drop(bytes);
    assert_eq!(here.wrapping_sub(allocated()), 5000);
}
