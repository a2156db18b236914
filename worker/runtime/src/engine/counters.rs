//! What the streams' JavaScript counts, in memory that both sides see: the values of [`Stats`] whose source is the script, each at
//! its place.

use std::cell::Cell;

use nano_protocol::{ExitReason, Stat, StatKind, StatSource, Stats};

use crate::engine::isolate_state::IsolateState;

/// How many values there are.
const PLACES: usize = {
    let (mut count, mut at) = (0, 0);
    while at < Stats::ALL.len() {
        // They come first, so that a place is the same in the array and in the report.
        assert!(!is_counted(&Stats::ALL[at]) || count == at);
        count += is_counted(&Stats::ALL[at]) as usize;
        at += 1;
    }
    count
};

const fn is_counted(stat: &Stat) -> bool {
    matches!(stat.source, StatSource::Script)
}

/// The counters of one isolate: a `Float64Array` of JavaScript's, read here without a call.
pub(crate) struct Counters {
    memory: v8::SharedRef<v8::BackingStore>,
    /// What was reported last.
    reported: Cell<[u64; PLACES]>,
}

/// The names of the values and their places in the array, for JavaScript.
pub(crate) fn places() -> impl Iterator<Item = (&'static str, u32)> {
    Stats::ALL.into_iter().filter(is_counted).map(|stat| stat.name).zip(0..)
}

impl Counters {
    /// New counters, all 0, and the array for JavaScript. `None`: there is no memory for it, and the isolate ends.
    pub(crate) fn new<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<(Self, v8::Local<'s, v8::Float64Array>)> {
        let bytes = PLACES * size_of::<f64>();
        let state = IsolateState::get(scope)?;
        if state.budget.room(0) < bytes {
            // V8 ends the process when a buffer that native code makes is refused.
            state.termination.begin(&scope.thread_safe_handle(), ExitReason::Heap);
            return None;
        }
        let buffer = v8::ArrayBuffer::new(scope, bytes);
        let array = v8::Float64Array::new(scope, buffer, 0, PLACES)?;
        Some((Self { memory: buffer.get_backing_store(), reported: Cell::default() }, array))
    }

    fn place(&self, index: usize) -> u64 {
        let mut bytes = [0; size_of::<f64>()];
        let start = index * size_of::<f64>();
        for (byte, cell) in bytes.iter_mut().zip(self.memory.iter().skip(start)) {
            *byte = cell.get();
        }
        let value = f64::from_ne_bytes(bytes);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; NaN becomes 0")]
        let value = value as u64;
        value
    }

    /// Whether a value for which `is_meant` differs from what [`Counters::stats`] reported.
    fn differs(&self, is_meant: impl Fn(StatKind) -> bool) -> bool {
        let reported = self.reported.get();
        let mut values = reported.iter().zip(Stats::ALL).enumerate();
        values.any(|(at, (reported, stat))| is_meant(stat.kind) && self.place(at) != *reported)
    }

    /// Whether something was counted that [`Counters::stats`] has not reported yet.
    pub(crate) fn changed(&self) -> bool {
        self.differs(|kind| kind == StatKind::Total)
    }

    /// Whether the bytes in streams are others than [`Counters::stats`] has reported.
    pub(crate) fn gauges_changed(&self) -> bool {
        self.differs(|kind| kind != StatKind::Total)
    }

    /// Everything, for a `Stats` frame that goes out on all links.
    pub(crate) fn stats(&self) -> Stats {
        let counted: [u64; PLACES] = std::array::from_fn(|at| self.place(at));
        self.reported.set(counted);
        let mut values = [0; Stats::ALL.len()];
        values.iter_mut().zip(counted).for_each(|(value, counted)| *value = counted);
        Stats::from_values(values)
    }
}
