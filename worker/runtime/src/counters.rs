//! What the streams' JavaScript counts, in memory that both sides see.

use std::cell::Cell;

use nano_protocol::Stats;

/// Places in the array, as `streams/budget.js` fills it.
const PLACES: usize = 7;

/// The counters of one isolate: a `Float64Array` of JavaScript's, read here without a call.
pub(crate) struct Counters {
    memory: v8::SharedRef<v8::BackingStore>,
    /// What the supervisor was told of the first five places, which only grow.
    reported: Cell<[u64; 5]>,
    /// What it was told of the other two, which are gauges.
    reported_gauges: Cell<[u64; 2]>,
}

impl Counters {
    /// New counters, all 0, and the array for JavaScript.
    pub(crate) fn new<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<(Self, v8::Local<'s, v8::Float64Array>)> {
        let buffer = v8::ArrayBuffer::new(scope, PLACES * size_of::<f64>());
        let array = v8::Float64Array::new(scope, buffer, 0, PLACES)?;
        Some((
            Self { memory: buffer.get_backing_store(), reported: Cell::default(), reported_gauges: Cell::default() },
            array,
        ))
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

    fn growing(&self) -> [u64; 5] {
        std::array::from_fn(|index| self.place(index))
    }

    /// Whether something was counted that [`Counters::stats`] has not told yet.
    pub(crate) fn changed(&self) -> bool {
        self.growing() != self.reported.get()
    }

    fn gauges(&self) -> [u64; 2] {
        [self.place(5), self.place(6)]
    }

    /// Whether the bytes in streams are others than [`Counters::stats`] has told.
    pub(crate) fn gauges_changed(&self) -> bool {
        self.gauges() != self.reported_gauges.get()
    }

    /// Everything, for a `Stats` frame that goes out on all links.
    pub(crate) fn stats(&self) -> Stats {
        let growing = self.growing();
        self.reported.set(growing);
        let [buffered, buffered_peak] = self.gauges();
        self.reported_gauges.set([buffered, buffered_peak]);
        let [overflows, errored_by_overflow, errored_by_sink, errored_by_abort, errored_by_controller] = growing;
        Stats {
            overflows,
            errored_by_overflow,
            errored_by_sink,
            errored_by_abort,
            errored_by_controller,
            buffered,
            buffered_peak,
            ..Stats::default()
        }
    }
}
