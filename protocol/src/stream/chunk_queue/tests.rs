//! When chunks are joined, and when they are kept as they came.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let large = Bytes::from(vec![1; 20_000]);
    queue.push(large.clone());
    queue.push(large.clone());
    assert!(queue.pop(0).is_none());
    assert_eq!(queue.pop(usize::MAX).map(|piece| piece.as_ptr()), Some(large.as_ptr()));
    assert_eq!(queue.pop(4).map(|piece| piece.as_ptr()), Some(large.as_ptr()));
    assert_eq!(queue.len(), 19_996);
}

/// A buffer that many streams' chunks were read into, as long as one of them is kept.
struct Buffer(Vec<u8>, Arc<AtomicUsize>);

impl Buffer {
    const SIZE: usize = 64 * 1024;

    /// A chunk of so many bytes in a new buffer.
    fn chunk(bytes: usize, kept: &Arc<AtomicUsize>) -> Bytes {
        kept.fetch_add(1, Ordering::Relaxed);
        Bytes::from_owner(Self(vec![1; Self::SIZE], Arc::clone(kept))).slice(100..100 + bytes)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn what_waits_keeps_no_more_of_others_than_a_few_times_its_bytes() {
    for size in [1, 1000, 4095, 4096, 10_000, 16_383, 16_384, 65_000] {
        let mut queue = ChunkQueue::default();
        let kept = Arc::default();
        queue.push(Buffer::chunk(size, &kept));
        let alone = kept.load(Ordering::Relaxed);
        assert_eq!(alone, usize::from(size >= 4096), "{size} bytes alone");
        while queue.len() + size <= 256 * 1024 && queue.len() < 10_000 * size {
            queue.push(Buffer::chunk(size, &kept));
        }
        let buffers = kept.load(Ordering::Relaxed) * Buffer::SIZE;
        assert!(buffers <= 4 * queue.len(), "{buffers} bytes for {} in chunks of {size}", queue.len());
        let whole: usize = std::iter::from_fn(|| queue.pop(usize::MAX)).map(|data| data.len()).sum();
        assert!(whole > 0 && whole.is_multiple_of(size) && kept.load(Ordering::Relaxed) == 0);
    }
}
