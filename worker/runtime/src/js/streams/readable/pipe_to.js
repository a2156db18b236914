// ReadableStreamPipeTo (https://streams.spec.whatwg.org/#readable-stream-pipe-to).

import { abortReason, addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../../dom/abort.js";
import { primordials } from "../../primordials.js";
import { LazyPromise } from "../lazy_promise.js";
import { kFulfilled } from "../promises.js";
import { WritableStreamCloseQueuedOrInFlight } from "../writable/controller_interface.js";
import { AcquireWritableStreamDefaultWriter, WritableStreamAbort } from "../writable/stream_operations.js";
import {
  WritableStreamDefaultWriterCloseWithErrorPropagation, WritableStreamDefaultWriterRelease,
  WritableStreamDefaultWriterWriteForPipe,
} from "../writable/writer_operations.js";
import { ReadableStreamCancel } from "./controller_interface.js";
import { ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease } from "./reader_operations.js";
import { AcquireReadableStreamDefaultReader } from "./stream_operations.js";
import { seal } from "../sealed_class.js";

const { PromisePrototypeThen, TypeError } = primordials;

/** `signal` may be undefined. Returns a LazyPromise. */
export function ReadableStreamPipeTo(source, dest, preventClose, preventAbort, preventCancel, signal) {
  const pipe = new Pipe(source, dest, preventClose, preventAbort, preventCancel, signal);
  pipe.start();
  return pipe.promise;
}

/** One pipe; also its own read request, and the write request of all its chunks. */
class Pipe {
  constructor(source, dest, preventClose, preventAbort, preventCancel, signal) {
    this.source = source;
    this.dest = dest;
    this.preventClose = preventClose;
    this.preventAbort = preventAbort;
    this.preventCancel = preventCancel;
    this.signal = signal;
    this.abortAlgorithm = undefined;
    this.reader = AcquireReadableStreamDefaultReader(source);
    this.writer = AcquireWritableStreamDefaultWriter(dest);
    this.promise = new LazyPromise();
    this.shuttingDown = false;
    /** A read request is out. */
    this.reading = false;
    /** The steps of loop() run: chunks that are there already come at once, and need no microtask. */
    this.looping = false;
    /** A chunk came while the source was enqueueing it; it is written a microtask later. */
    this.hasChunk = false;
    this.chunk = undefined;
    this.pendingWrites = 0;
    /** loop() ended for want of room. */
    this.waiting = false;
    this.onWritesDone = undefined;
    this.onReady = () => this.goOn();
    this.onChunk = () => {
      if (!this.hasChunk) return;
      this.writeChunk();
      this.loop();
    };
    source.disturbed = true;
    dest.pipe = this;
  }

  start() {
    const { signal } = this;
    if (signal !== undefined) {
      this.abortAlgorithm = () => this.abort();
      if (isAborted(signal)) {
        this.abort();
        return;
      }
      addAbortAlgorithm(signal, this.abortAlgorithm);
    }
    this.watch();
    this.waiting = true;
    if (!this.shuttingDown) PromisePrototypeThen(kFulfilled, this.onReady);
  }

  // The signal's abort algorithm.
  abort() {
    const { source, dest } = this;
    const error = abortReason(this.signal);
    this.shutdownWithAction(() => {
      const abort = !this.preventAbort && dest.state === "writable"
        ? WritableStreamAbort(dest, error)
        : LazyPromise.resolved();
      const cancel = !this.preventCancel && source.state === "readable"
        ? ReadableStreamCancel(source, error)
        : LazyPromise.resolved();
      return both(abort, cancel);
    }, true, error);
  }

  // "Error and close states must be propagated", in this order.
  watch() {
    const { source, dest, reader, writer } = this;
    const sourceErrored = (error) => {
      if (this.preventAbort) this.shutdown(true, error);
      else this.shutdownWithAction(() => WritableStreamAbort(dest, error), true, error);
    };
    const destErrored = (error) => {
      if (this.preventCancel) this.shutdown(true, error);
      else this.shutdownWithAction(() => ReadableStreamCancel(source, error), true, error);
    };
    const sourceClosed = () => {
      if (this.preventClose) this.shutdown(false, undefined);
      else this.shutdownWithAction(() => WritableStreamDefaultWriterCloseWithErrorPropagation(writer), false, undefined);
    };
    if (source.state === "errored") sourceErrored(source.storedError);
    if (dest.state === "errored") destErrored(dest.storedError);
    if (source.state === "closed") sourceClosed();
    reader.closedPromise.react(sourceClosed, sourceErrored);
    writer.closedPromise.react(undefined, destErrored);
    if (WritableStreamCloseQueuedOrInFlight(dest) || dest.state === "closed") {
      destErrored(new TypeError("The destination of the pipe closed before everything was written to it"));
    }
  }

  // Reads and writes until there is nothing to read yet, or no room.
  loop() {
    this.looping = true;
    while (!this.shuttingDown && !this.reading) {
      if (!this.hasRoom()) {
        this.waiting = true;
        // The end of the last write brings room, or else the strategy has none to give.
        if (this.pendingWrites === 0) this.writer.readyPromise.react(this.onReady, undefined);
        break;
      }
      this.reading = true;
      ReadableStreamDefaultReaderRead(this.reader, this);
      if (this.hasChunk) this.writeChunk();
    }
    this.looping = false;
  }

  // After each write, when the stream has done all it has to: there may be room again.
  goOn() {
    if (!this.waiting) return;
    this.waiting = false;
    this.loop();
  }

  // Whether the writer is ready, and the stream still takes chunks.
  hasRoom() {
    return this.dest.state === "writable" && this.writer.readyPromise.isFulfilled();
  }

  chunkSteps(chunk) {
    this.reading = false;
    this.hasChunk = true;
    this.chunk = chunk;
    // Not within the source's enqueue(): that must never run the sink.
    if (!this.looping) PromisePrototypeThen(kFulfilled, this.onChunk);
  }

  // The end, or the error, comes through the reader's closed promise: `reading` stays, so the loop is over.
  closeSteps() {}

  errorSteps() {}

  writeChunk() {
    const { chunk } = this;
    this.hasChunk = false;
    this.chunk = undefined;
    this.pendingWrites++;
    if (!WritableStreamDefaultWriterWriteForPipe(this.writer, chunk, this)) this.pendingWrites--;
  }

  // As the request of each write: it is over, well or not.
  resolve() {
    this.pendingWrites--;
    if (this.pendingWrites === 0 && this.onWritesDone !== undefined) this.writesDone();
  }

  reject() {
    this.resolve();
  }

  /** There is no promise of a write. */
  get() {
    return undefined;
  }

  writesDone() {
    const { onWritesDone } = this;
    this.onWritesDone = undefined;
    PromisePrototypeThen(kFulfilled, onWritesDone);
  }

  /** `action` returns a LazyPromise. */
  shutdownWithAction(action, originalIsError, originalError) {
    this.beginShutdown(() => {
      action().react(
        () => this.finalize(originalIsError, originalError),
        (newError) => this.finalize(true, newError),
      );
    });
  }

  shutdown(isError, error) {
    this.beginShutdown(() => this.finalize(isError, error));
  }

  beginShutdown(next) {
    if (this.shuttingDown) return;
    this.shuttingDown = true;
    const { dest } = this;
    if (dest.state !== "writable" || WritableStreamCloseQueuedOrInFlight(dest)) {
      next();
      return;
    }
    if (this.hasChunk) this.writeChunk();
    this.onWritesDone = next;
    if (this.pendingWrites === 0) this.writesDone();
  }

  finalize(isError, error) {
    this.dest.pipe = undefined;
    WritableStreamDefaultWriterRelease(this.writer);
    ReadableStreamDefaultReaderRelease(this.reader);
    if (this.signal !== undefined) removeAbortAlgorithm(this.signal, this.abortAlgorithm);
    if (isError) this.promise.reject(error);
    else this.promise.resolve();
  }
}
seal(Pipe);

/** "Getting a promise to wait for all" of two LazyPromises. */
function both(one, other) {
  const result = new LazyPromise();
  let waiting = 2;
  const onFulfilled = () => {
    waiting--;
    if (waiting === 0) result.resolve();
  };
  const onRejected = (reason) => result.reject(reason);
  one.react(onFulfilled, onRejected);
  other.react(onFulfilled, onRejected);
  return result;
}
