//! V8's foreground tasks: work that V8's own threads want done on the JavaScript thread (finished WebAssembly
//! compilations, garbage collection steps), kept until the event loop takes it.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

/// Tasks of one isolate. Shared between its event loop and V8's threads.
pub(crate) struct TaskQueue {
    tasks: Mutex<Vec<(Instant, v8::Task)>>,
    /// Set while the event loop sleeps in poll(2); only then a new task costs a system call.
    sleeping: AtomicBool,
    wake: EventFd,
}

/// Isolate's address → its queue. V8 posts tasks before `Isolate::new` returns, so queues appear on first use.
static QUEUES: LazyLock<Mutex<HashMap<usize, Arc<TaskQueue>>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks; if it did, the data would still be whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn queue(isolate: usize) -> Option<Arc<TaskQueue>> {
    let mut queues = lock(&QUEUES);
    if let Some(queue) = queues.get(&isolate) {
        return Some(Arc::clone(queue));
    }
    let wake = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).ok()?;
    let queue = Arc::new(TaskQueue { tasks: Mutex::default(), sleeping: AtomicBool::new(false), wake });
    queues.insert(isolate, Arc::clone(&queue));
    Some(queue)
}

/// The address by which V8 names an isolate when it posts tasks.
#[expect(unsafe_code, reason = "V8's pointer type is opaque")]
pub(crate) fn address(isolate: &v8::Isolate) -> *const c_void {
    // SAFETY: only the address is used; the pointer is never followed.
    let pointer = unsafe { isolate.as_raw_isolate_ptr() };
    // SAFETY: `UnsafeRawIsolatePtr` is `repr(transparent)` over a pointer.
    unsafe { std::mem::transmute::<v8::UnsafeRawIsolatePtr, *const c_void>(pointer) }
}

/// The queue of an isolate; `None` when the process has no file descriptor left for it.
pub(crate) fn queue_of(isolate: *const c_void) -> Option<Arc<TaskQueue>> {
    queue(isolate.addr())
}

/// Drops an isolate's tasks. Before the isolate is disposed of, and after, as its end may post some.
pub(crate) fn forget(isolate: *const c_void) {
    let forgotten = lock(&QUEUES).remove(&isolate.addr());
    drop(forgotten); // Not under the lock: a task's destructor may post.
}

impl TaskQueue {
    fn push(&self, due: Instant, task: v8::Task) {
        lock(&self.tasks).push((due, task));
        self.wake();
    }

    /// Ends [`TaskQueue::sleep`].
    pub(crate) fn wake(&self) {
        if self.sleeping.swap(false, Ordering::SeqCst) {
            // It can only fail when the counter is full, and then the sleeper wakes anyway.
            let _ = self.wake.write(1);
        }
    }

    /// Takes a task that is due.
    pub(crate) fn pop_due(&self) -> Option<v8::Task> {
        let mut tasks = lock(&self.tasks);
        if tasks.is_empty() {
            return None;
        }
        let now = Instant::now();
        let index = tasks.iter().position(|(due, _)| *due <= now)?;
        Some(tasks.remove(index).1)
    }

    /// When the next task is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        lock(&self.tasks).iter().map(|(due, _)| *due).min()
    }

    /// What becomes readable when a task arrives during [`TaskQueue::sleep`].
    pub(crate) fn wake_fd(&self) -> &EventFd {
        &self.wake
    }

    /// Runs `wait`, which is to take no longer than its argument, until `deadline` or a task of V8 is due; a new task makes
    /// [`TaskQueue::wake_fd`] readable. `wait` is called in any case: V8 may have a task due each time, and what is ready
    /// has to be seen nevertheless.
    pub(crate) fn sleep(&self, deadline: Option<Instant>, wait: impl FnOnce(Option<TimeSpec>)) {
        self.sleeping.store(true, Ordering::SeqCst);
        let until = deadline.into_iter().chain(self.next_deadline()).min();
        wait(until.map(|at| TimeSpec::from_duration(at.saturating_duration_since(Instant::now()))));
        if !self.sleeping.swap(false, Ordering::SeqCst) {
            let _ = self.wake.read();
        }
    }
}

/// Hands V8's tasks to the queues.
pub(super) struct TaskPlatform;

impl TaskPlatform {
    fn post(isolate: *mut c_void, task: v8::Task, delay_in_seconds: f64) {
        let delay = Duration::try_from_secs_f64(delay_in_seconds).unwrap_or_default();
        if let Some(queue) = queue(isolate.addr()) {
            queue.push(Instant::now() + delay, task);
        }
    }
}

impl v8::PlatformImpl for TaskPlatform {
    fn post_task(&self, isolate: *mut c_void, task: v8::Task) {
        Self::post(isolate, task, 0.0);
    }

    fn post_non_nestable_task(&self, isolate: *mut c_void, task: v8::Task) {
        // The event loop never runs tasks within tasks.
        Self::post(isolate, task, 0.0);
    }

    fn post_delayed_task(&self, isolate: *mut c_void, task: v8::Task, delay_in_seconds: f64) {
        Self::post(isolate, task, delay_in_seconds);
    }

    fn post_non_nestable_delayed_task(&self, isolate: *mut c_void, task: v8::Task, delay_in_seconds: f64) {
        Self::post(isolate, task, delay_in_seconds);
    }

    fn post_idle_task(&self, _: *mut c_void, task: v8::IdleTask) {
        // Not asked for: the platform is made without idle tasks.
        drop(task);
    }
}
