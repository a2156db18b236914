// What a Writable knows of itself: `_writableState`, which packages look into.

import { primordials } from "../../primordials.js";
import { highWaterMarkOf } from "./defaults.js";
import { checkedEncoding } from "./readable_state.js";

const { ArrayPrototypeSlice, ObjectDefineProperty } = primordials;

export class WritableState {
  /** `onwrite`: what the implementation calls when a chunk is written. */
  constructor(options, isDuplex, onwrite) {
    this.objectMode = !!(options?.objectMode || (isDuplex && options?.writableObjectMode));
    this.highWaterMark = highWaterMarkOf(this.objectMode, options, "writableHighWaterMark", isDuplex);
    this.finalCalled = false;
    this.needDrain = false;
    this.ending = false;
    this.ended = false;
    this.finished = false;
    this.destroyed = false;
    this.decodeStrings = options?.decodeStrings !== false;
    this.defaultEncoding = checkedEncoding(options?.defaultEncoding);
    /** Of what is being written, and what waits. */
    this.length = 0;
    this.writing = false;
    this.corked = 0;
    /** Whether the implementation's function runs now: what it calls is told in a tick of its own. */
    this.sync = true;
    this.bufferProcessing = false;
    this.onwrite = onwrite;
    this.writecb = null;
    this.writelen = 0;
    this.expectWriteCb = false;
    this.afterWritePending = false;
    /** The same callback for several chunks is told of all of them in one tick. */
    this.afterWriteTickInfo = null;
    this.buffered = [];
    this.bufferedIndex = 0;
    this.allBuffers = true;
    this.allNoop = true;
    /** Callbacks that were not called yet: the stream does not end before. */
    this.pendingcb = 0;
    this.constructed = true;
    this.prefinished = false;
    this.errorEmitted = false;
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.errored = null;
    this.closed = false;
    this.closeEmitted = false;
    /** Those of end(). */
    this.endCallbacks = null;
  }

  getBuffer() {
    return ArrayPrototypeSlice(this.buffered, this.bufferedIndex);
  }
}

ObjectDefineProperty(WritableState.prototype, "bufferedRequestCount", {
  __proto__: null,
  /** @this {any} */
  get() {
    return this.buffered.length - this.bufferedIndex;
  },
});

export function forgetBuffered(state) {
  state.buffered = [];
  state.bufferedIndex = 0;
  state.allBuffers = true;
  state.allNoop = true;
}
