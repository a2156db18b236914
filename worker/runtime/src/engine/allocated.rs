//! How many bytes Rust code has allocated on a thread and not freed: what a library holds for an app is the difference of
//! two looks. It is counted, not estimated: libraries do not say what they hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Wraps around: what was allocated elsewhere may be freed here.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// Allocates as the system does, and counts.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that this thread has allocated more than it has freed, modulo 2^64. Only differences mean something.
pub(crate) fn allocated() -> usize {
    ALLOCATED.get()
}

fn count(bytes: usize) {
    ALLOCATED.set(ALLOCATED.get().wrapping_add(bytes));
}

fn discount(bytes: usize) {
    ALLOCATED.set(ALLOCATED.get().wrapping_sub(bytes));
}

// SAFETY: everything is handed on to the system's allocator as it comes; counting neither allocates nor unwinds.
#[expect(unsafe_code, reason = "an allocator is unsafe to implement")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        discount(layout.size());
        // SAFETY: as above; the memory is the system's.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        discount(layout.size());
        count(size);
        // SAFETY: as above; the memory is the system's.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[cfg(test)]
mod tests;
