//! The memory limit: V8's heap and the bytes of array buffers together.
//!
//! Near its limit V8 asks [`near_heap_limit`], which stops the code and grants a quarter more, once, so that the stop
//! can happen. Array buffers come from [`Budget`], which refuses what would pass the limit (JavaScript sees a
//! `RangeError`, after V8 collected garbage and tried again). Resizable buffers and WebAssembly memories bypass it; V8 counts
//! them as external memory, which is looked at after each call into JavaScript. What the builtins keep natively for
//! JavaScript's objects is taken from the same number (`ops/native_memory.rs`).

use std::alloc::{self, Layout};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nano_protocol::ExitReason;
use nano_protocol::memory::isolate_limit;

use crate::engine::termination::Termination;

/// Array buffers, and native parts of objects, refused in a row after which the isolate ends: each one costs several full
/// collections.
const MAX_REFUSALS: usize = 16;

/// V8 writes vectors into buffers.
const ALIGNMENT: usize = 16;

/// One isolate's account of array buffers' bytes. V8 uses it from several threads.
pub(crate) struct Budget {
    /// Heap and array buffers together.
    limit: usize,
    array_buffers: AtomicUsize,
    /// The heap's size after the last garbage collection.
    heap: AtomicUsize,
    /// What V8 counts outside of the heap and does not take from here: resizable buffers, WebAssembly memories.
    others: AtomicUsize,
    /// What was refused since there was room again.
    refusals: AtomicUsize,
}

/// How near to its limit an isolate is.
#[derive(Debug, PartialEq, Eq)]
enum Pressure {
    Low,
    High,
    /// Over what it is ended for.
    Over,
}

impl Budget {
    /// `limit`: bytes of the heap and of array buffers together.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            array_buffers: AtomicUsize::new(0),
            heap: AtomicUsize::new(0),
            others: AtomicUsize::new(0),
            refusals: AtomicUsize::new(0),
        }
    }

    /// Bytes of array buffers.
    pub(crate) fn array_buffers(&self) -> usize {
        self.array_buffers.load(Ordering::Relaxed)
    }

    /// Takes note of the heap's size after a collection. `buffers`: bytes of array buffers of all kinds.
    fn set_heap(&self, heap: usize, buffers: usize) -> Pressure {
        self.heap.store(heap, Ordering::Relaxed);
        match heap.saturating_add(buffers.max(self.array_buffers())) {
            used if used > self.hard_limit() => Pressure::Over,
            used if used > self.limit / 4 * 3 => Pressure::High,
            _ => {
                self.refusals.store(0, Ordering::Relaxed);
                Pressure::Low
            }
        }
    }

    /// Takes note of what V8 counts outside of its heap, garbage included: array buffers, WebAssembly memories, native
    /// parts of objects. Returns whether that and the heap are over what the isolate is ended for.
    fn set_external(&self, external: usize) -> bool {
        self.others.store(external.saturating_sub(self.array_buffers()), Ordering::Relaxed);
        self.heap.load(Ordering::Relaxed).saturating_add(external) > self.hard_limit()
    }

    /// Bytes of the heap and of array buffers together.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// What ends the isolate.
    pub(crate) fn hard_limit(&self) -> usize {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        usize::try_from(isolate_limit(limit)).unwrap_or(usize::MAX)
    }

    /// Takes bytes; false when there are too few. Native memory that JavaScript objects hold is counted here, too.
    pub(crate) fn reserve(&self, bytes: usize) -> bool {
        let taken = self.heap.load(Ordering::Relaxed).saturating_add(self.others.load(Ordering::Relaxed));
        let available = self.limit.saturating_sub(taken);
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= available);
        self.array_buffers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Counts something that was refused though garbage was collected. Whether that makes too many since there was room again:
    /// then what the app keeps leaves it no room to work in, and only a new worker helps.
    pub(crate) fn refuse(&self) -> bool {
        self.refusals.fetch_add(1, Ordering::Relaxed) >= MAX_REFUSALS
    }

    /// What could be reserved. `heap`: bytes of the heap where its size now is known, else 0.
    pub(crate) fn room(&self, heap: usize) -> usize {
        let heap = heap.max(self.heap.load(Ordering::Relaxed));
        let taken = heap.saturating_add(self.others.load(Ordering::Relaxed)).saturating_add(self.array_buffers());
        self.limit.saturating_sub(taken)
    }

    /// Gives back what `reserve` took.
    pub(crate) fn release(&self, bytes: usize) {
        self.array_buffers.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn allocate(&self, length: usize, zeroed: bool) -> *mut c_void {
        if length == 0 {
            // V8 wants an address that is not null; it is never followed, nor freed with a length.
            return ptr::without_provenance_mut(ALIGNMENT);
        }
        let Ok(layout) = Layout::from_size_align(length, ALIGNMENT) else { return ptr::null_mut() };
        if !self.reserve(length) {
            return ptr::null_mut();
        }
        // SAFETY: the layout's size is not 0.
        #[expect(unsafe_code, reason = "raw memory for V8")]
        let memory = unsafe { if zeroed { alloc::alloc_zeroed(layout) } else { alloc::alloc(layout) } };
        if memory.is_null() {
            self.release(length);
        }
        memory.cast()
    }

    fn free(&self, memory: *mut c_void, length: usize) {
        let Ok(layout) = Layout::from_size_align(length, ALIGNMENT) else { return };
        if length == 0 || memory.is_null() {
            return;
        }
        // SAFETY: V8 frees what `allocate` gave, once, with the same length.
        #[expect(unsafe_code, reason = "raw memory of V8")]
        unsafe {
            alloc::dealloc(memory.cast(), layout);
        }
        self.release(length);
    }
}

extern "C" fn allocate(budget: &Budget, length: usize) -> *mut c_void {
    budget.allocate(length, true)
}

extern "C" fn allocate_uninitialized(budget: &Budget, length: usize) -> *mut c_void {
    budget.allocate(length, false)
}

extern "C" fn free(budget: &Budget, memory: *mut c_void, length: usize) {
    budget.free(memory, length);
}

extern "C" fn drop_budget(budget: *const Budget) {
    // SAFETY: V8 gives back, once, the reference that `allocator` handed over.
    #[expect(unsafe_code, reason = "V8 holds the budget as a bare pointer")]
    unsafe {
        drop(Arc::from_raw(budget));
    }
}

static VTABLE: v8::RustAllocatorVtable<Budget> =
    v8::RustAllocatorVtable { allocate, allocate_uninitialized, free, drop: drop_budget };

/// The allocator for an isolate's array buffers.
pub(crate) fn allocator(budget: &Arc<Budget>) -> v8::UniqueRef<v8::Allocator> {
    // SAFETY: the handle is an `Arc`'s, as `drop_budget` expects, and the vtable is made for its type.
    #[expect(unsafe_code, reason = "V8 takes the budget as a bare pointer")]
    unsafe {
        v8::new_rust_allocator(Arc::into_raw(Arc::clone(budget)), &VTABLE)
    }
}

/// What V8's callbacks about memory need. Lives as long as the process: isolates with limits end with it.
pub(crate) struct Guard {
    pub(crate) budget: Arc<Budget>,
    pub(crate) termination: Arc<Termination>,
    pub(crate) isolate: v8::IsolateHandle,
    address: v8::UnsafeRawIsolatePtr,
    granted: AtomicBool,
}

/// Lets V8 call back when the heap is near its limit.
pub(crate) fn guard(isolate: &mut v8::Isolate, budget: Arc<Budget>, termination: Arc<Termination>) -> &'static Guard {
    let handle = isolate.thread_safe_handle();
    // SAFETY: the pointer is only used in V8's callbacks, during which the isolate lives.
    #[expect(unsafe_code, reason = "one of V8's callbacks does not pass the isolate")]
    let address = unsafe { isolate.as_raw_isolate_ptr() };
    #[expect(clippy::disallowed_methods, reason = "one for each isolate, which a process has one of")]
    let guard: &'static Guard =
        Box::leak(Box::new(Guard { budget, termination, isolate: handle, address, granted: AtomicBool::new(false) }));
    let data = ptr::from_ref(guard).cast_mut().cast();
    isolate.add_near_heap_limit_callback(near_heap_limit, data);
    guard
}

/// Lets V8 call back after each full collection: the heap counts against the limit from then on. Not before the context is there:
/// V8 ends the process when one of the snapshot's own buffers is refused. A heap that is over the limit by then ends the
/// isolate.
pub(crate) fn count_heap(isolate: &mut v8::Isolate, guard: &'static Guard) {
    let data = ptr::from_ref(guard).cast_mut().cast();
    isolate.add_gc_epilogue_callback(after_collection, data, v8::GCType::kGCTypeMarkSweepCompact);
    if isolate.get_heap_statistics().used_heap_size() > guard.budget.limit() {
        isolate.low_memory_notification();
    }
}

/// The guard that V8 passes back.
fn guard_of(data: *mut c_void) -> &'static Guard {
    // SAFETY: `data` is the leaked guard of `guard`.
    #[expect(unsafe_code, reason = "V8 passes the guard as a bare pointer")]
    unsafe {
        &*data.cast_const().cast()
    }
}

/// V8 calls this when garbage collection no longer keeps the heap below its limit, and before a last-resort collection,
/// whatever the heap's size: a failed array buffer ends up here too. Returns the new limit; the old one means that V8
/// gives up if the heap is over it.
extern "C" fn near_heap_limit(data: *mut c_void, current: usize, initial: usize) -> usize {
    let guard = guard_of(data);
    // SAFETY: V8 calls this on the thread that has the isolate entered.
    #[expect(unsafe_code, reason = "V8 does not pass the isolate")]
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(guard.address) };
    let small_heap = isolate.get_heap_statistics().total_heap_size() < current / 2;
    if small_heap && !guard.budget.refuse() {
        return current;
    }
    guard.termination.begin(&guard.isolate, ExitReason::Heap);
    if guard.granted.swap(true, Ordering::SeqCst) { current } else { current.saturating_add(initial / 4) }
}

/// Looks at what V8 counts outside of its heap, between two calls into JavaScript. If that passes the limit, and still does
/// without garbage, the isolate ends. (In V8's callback after a collection it is not known: what is dead is freed
/// later.)
pub(crate) fn check(isolate: &mut v8::Isolate, budget: &Budget, termination: &Arc<Termination>) {
    if budget.set_external(external(isolate)) {
        isolate.low_memory_notification();
        if budget.set_external(external(isolate)) {
            termination.begin(&isolate.thread_safe_handle(), ExitReason::Heap);
        }
    }
}

/// Has garbage collected at V8's next look for interrupts. From any thread.
pub(crate) fn collect_soon(isolate: &v8::IsolateHandle) {
    isolate.request_interrupt(collect, ptr::null_mut());
}

extern "C" fn collect(isolate: v8::UnsafeRawIsolatePtr, _: *mut c_void) {
    // SAFETY: V8 passes the isolate that it interrupts, on its thread.
    #[expect(unsafe_code, reason = "V8 passes the isolate as a bare pointer")]
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    isolate.low_memory_notification();
}

/// Bytes that V8 counts outside of its heap. (Its statistics know of array buffers only.)
fn external(isolate: &mut v8::Isolate) -> usize {
    usize::try_from(isolate.adjust_amount_of_external_allocated_memory(0)).unwrap_or(0)
}

/// V8 calls this after each full garbage collection.
extern "C" fn after_collection(
    isolate: v8::UnsafeRawIsolatePtr,
    _: v8::GCType,
    _: v8::GCCallbackFlags,
    data: *mut c_void,
) {
    let guard = guard_of(data);
    // SAFETY: V8 passes the isolate that collected, on its thread.
    #[expect(unsafe_code, reason = "V8 passes the isolate as a bare pointer")]
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    // Its verdict is for `check`: what is dead may not be freed yet.
    guard.budget.set_external(external(&mut isolate));
    let statistics = isolate.get_heap_statistics();
    if guard.budget.set_heap(statistics.used_heap_size(), statistics.external_memory()) == Pressure::Over {
        guard.termination.begin(&guard.isolate, ExitReason::Heap);
    }
}

#[cfg(test)]
mod tests;
