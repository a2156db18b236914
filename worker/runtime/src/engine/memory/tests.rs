//! One limit for the heap and for array buffers.

use super::*;

#[test]
fn array_buffers_and_heap_share_the_limit() {
    let budget = Budget::new(1000);
    let first = budget.allocate(600, true);
    assert!(!first.is_null());
    assert!(budget.allocate(401, true).is_null());
    assert_eq!(budget.set_heap(300, 0), Pressure::High);
    assert!(budget.allocate(101, true).is_null());
    assert_eq!(budget.set_heap(651, 0), Pressure::Over, "heap and buffers together");
    assert_eq!(budget.set_heap(300, 951), Pressure::Over, "heap and resizable buffers together");
    budget.free(first, 600);
    assert_eq!(budget.array_buffers(), 0);
    assert_eq!(budget.set_heap(300, 0), Pressure::Low);
    assert!(!budget.set_external(700));
    assert!(budget.allocate(1, true).is_null(), "WebAssembly leaves nothing");
    assert!(budget.set_external(951));
    assert!(!budget.set_external(0));
    assert!(budget.allocate(usize::MAX, true).is_null());
    assert!(!budget.allocate(0, true).is_null());
}
