// How streams begin, fail and end: `_construct()`, destroy() and the events 'error' and 'close'
// (nodejs.org/api/stream.html#implementing-a-readable-stream).

import { primordials } from "../../primordials.js";
import { abortError } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { bothErrors, multipleCallback } from "./errors.js";
import { isDestroyed, isFinished, isRequest, isServerRequest, kIsDestroyed } from "./kinds.js";

const { Symbol } = primordials;

const kDestroy = Symbol("kDestroy");
const kConstruct = Symbol("kConstruct");

/** The first error stays. */
function keepError(error, writable, readable) {
  if (!error) return;
  if (writable && !writable.errored) writable.errored = error;
  if (readable && !readable.errored) readable.errored = error;
}

/** @this {any} */
export function destroy(error = undefined, callback = undefined) {
  const readable = this._readableState;
  const writable = this._writableState;
  if (writable?.destroyed || readable?.destroyed) {
    if (typeof callback === "function") callback();
    return this;
  }
  keepError(error, writable, readable);
  if (writable) writable.destroyed = true;
  if (readable) readable.destroyed = true;
  if ((writable || readable).constructed) {
    runDestroy(this, error, callback);
  } else {
    this.once(kDestroy, (constructError) => runDestroy(this, bothErrors(constructError, error), callback));
  }
  return this;
}

function runDestroy(stream, error, callback) {
  let isCalled = false;
  const done = (failure) => {
    if (isCalled) return;
    isCalled = true;
    const readable = stream._readableState;
    const writable = stream._writableState;
    keepError(failure, writable, readable);
    if (writable) writable.closed = true;
    if (readable) readable.closed = true;
    if (typeof callback === "function") callback(failure);
    nextTick(failure ? emitErrorAndClose : emitClose, stream, failure);
  };
  try {
    stream._destroy(error || null, done);
  } catch (failure) {
    done(failure);
  }
}

function emitErrorAndClose(stream, error) {
  emitError(stream, error);
  emitClose(stream);
}

function emitClose(stream) {
  const readable = stream._readableState;
  const writable = stream._writableState;
  if (writable) writable.closeEmitted = true;
  if (readable) readable.closeEmitted = true;
  if (writable?.emitClose || readable?.emitClose) stream.emit("close");
}

function emitError(stream, error) {
  const readable = stream._readableState;
  const writable = stream._writableState;
  if (writable?.errorEmitted || readable?.errorEmitted) return;
  if (writable) writable.errorEmitted = true;
  if (readable) readable.errorEmitted = true;
  stream.emit("error", error);
}

/** Makes a stream as it was before it was destroyed. @this {any} */
export function undestroy() {
  const readable = this._readableState;
  const writable = this._writableState;
  if (readable) {
    const isOver = readable.readable === false;
    readable.constructed = true;
    readable.closed = readable.closeEmitted = readable.destroyed = readable.errorEmitted = readable.reading = false;
    readable.errored = null;
    readable.ended = readable.endEmitted = isOver;
  }
  if (writable) {
    const isOver = writable.writable === false;
    writable.constructed = true;
    writable.destroyed = writable.closed = writable.closeEmitted = writable.errorEmitted = false;
    writable.finalCalled = writable.prefinished = false;
    writable.errored = null;
    writable.ended = writable.ending = writable.finished = isOver;
  }
}

/** Destroys a stream with an error, or says 'error' where it does not destroy itself. `isSync`: in a tick of its own. */
export function errorOrDestroy(stream, error, isSync = false) {
  const readable = stream._readableState;
  const writable = stream._writableState;
  if (writable?.destroyed || readable?.destroyed) return;
  if (readable?.autoDestroy || writable?.autoDestroy) {
    stream.destroy(error);
  } else if (error) {
    keepError(error, writable, readable);
    if (isSync) nextTick(emitError, stream, error);
    else emitError(stream, error);
  }
}

/** Calls `_construct()`, and `callback` when it is done; a stream of two sides has one of each side's. */
export function construct(stream, callback) {
  const readable = stream._readableState;
  const writable = stream._writableState;
  if (readable) readable.constructed = false;
  if (writable) writable.constructed = false;
  stream.once(kConstruct, callback);
  if (stream.listenerCount(kConstruct) <= 1) nextTick(runConstruct, stream);
}

function runConstruct(stream) {
  let isCalled = false;
  const done = (error) => {
    if (isCalled) return void errorOrDestroy(stream, error ?? multipleCallback());
    isCalled = true;
    const readable = stream._readableState;
    const writable = stream._writableState;
    if (readable) readable.constructed = true;
    if (writable) writable.constructed = true;
    if ((writable || readable).destroyed) stream.emit(kDestroy, error);
    else if (error) errorOrDestroy(stream, error, true);
    else stream.emit(kConstruct);
  };
  try {
    stream._construct((error) => nextTick(done, error));
  } catch (error) {
    nextTick(done, error);
  }
}

function emitLegacyClose(stream) {
  stream.emit("close");
}

function emitLegacyError(stream, error) {
  stream.emit("error", error);
  nextTick(emitLegacyClose, stream);
}

/** Destroys what may be a stream of any kind; without an error, one that had not come to its end is aborted. */
export function destroyer(stream, given = undefined) {
  if (!stream || isDestroyed(stream)) return;
  const error = !given && !isFinished(stream) ? abortError() : given;
  if (isServerRequest(stream)) {
    stream.socket = null;
    stream.destroy(error);
  } else if (isRequest(stream)) {
    stream.abort();
  } else if (isRequest(stream.req)) {
    stream.req.abort();
  } else if (typeof stream.destroy === "function") {
    stream.destroy(error);
  } else if (typeof stream.close === "function") {
    stream.close();
  } else if (error) {
    nextTick(emitLegacyError, stream, error);
  } else {
    nextTick(emitLegacyClose, stream);
  }
  if (!stream.destroyed) stream[kIsDestroyed] = true;
}
