//! When chunks are joined, and when they are kept as they came.

use super::*;

#[test]
fn tiny_chunks_are_copied_together_and_keep_their_place() {
    let mut queue = ChunkQueue::default();
    for n in 0..10_000_u32 {
        queue.push(Bytes::copy_from_slice(&n.to_le_bytes()));
    }
    assert_eq!((queue.len(), queue.chunks.len()), (40_000, 0));
    queue.push(Bytes::from(vec![7; 5000]));
    queue.push(Bytes::new());
    let mut all = Vec::new();
    while let Some(piece) = queue.pop(1000) {
        assert!(piece.len() <= 1000);
        all.extend_from_slice(&piece);
    }
    let expected: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).chain(vec![7; 5000]).collect();
    assert!(all == expected);
    assert!(queue.is_empty() && queue.pop(1).is_none());
}

#[test]
fn large_chunks_are_not_copied() {
    let mut queue = ChunkQueue::default();
    let large = Bytes::from(vec![1; 10_000]);
    queue.push(large.clone());
    queue.push(large.clone());
    assert!(queue.pop(0).is_none());
    assert_eq!(queue.pop(usize::MAX).map(|piece| piece.as_ptr()), Some(large.as_ptr()));
    assert_eq!(queue.pop(4).map(|piece| piece.as_ptr()), Some(large.as_ptr()));
    assert_eq!(queue.len(), 9996);
}
