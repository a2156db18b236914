//! The process's heap.

/// Gives the pages of the heap that nothing lies in back to the system. The allocator keeps them by itself: it only shrinks
/// the heap's end, and what was allocated last may live for ever. Takes some milliseconds for each 100 MB of such pages, and
/// other threads' allocations wait meanwhile.
pub fn trim() {
    #[expect(unsafe_code, reason = "nix has no such function")]
    // SAFETY: it may be called at any time, by any thread (malloc_trim(3)), and what is allocated stays where it is.
    let _ = unsafe { nix::libc::malloc_trim(0) };
}
