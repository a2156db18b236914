// stream.finished() (nodejs.org/api/stream.html#streamfinishedstream-options-callback).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { callInContext } from "../../worker/request_context.js";
import { moduleExports as EventEmitter } from "../events.js";
import { abortError, invalidArgType } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { validateAbortSignal, validateBoolean, validateFunction, validateObject } from "../internal/validators.js";
import { prematureClose } from "./errors.js";
import {
  isClosed, isNodeStream, isReadable, isReadableFinished, isReadableNodeStream, isReadableStream, isRequest, isWritable,
  isWritableFinished, isWritableNodeStream, isWritableStream, readableError, willEmitClose, writableError,
} from "./kinds.js";
import { whenWebStreamEnds } from "./web_state.js";

const { Promise, SymbolDispose } = primordials;

function nothing() {}

/** Calls `callback` once, on behalf of who waits, when a stream has ended, failed or was closed. Returns what gives it up. */
export function eos(stream, given, last = undefined) {
  const options = last === undefined && typeof given === "function" ? {} : given ?? {};
  const callback = last === undefined && typeof given === "function" ? given : last;
  validateObject(options, "options");
  validateFunction(callback, "callback");
  validateAbortSignal(options.signal, "options.signal");
  const context = ops.getAsyncContext();
  let isCalled = false;
  const once = (...args) => {
    if (isCalled) return;
    isCalled = true;
    callInContext(context, callback, stream, args);
  };
  if (isReadableStream(stream) || isWritableStream(stream)) return watchWeb(stream, options, once);
  if (!isNodeStream(stream)) throw invalidArgType("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  return new Watch(stream, options, once).start();
}

/** What waits for one stream of Node.js. */
class Watch {
  constructor(stream, options, callback) {
    this.stream = stream;
    this.options = options;
    this.callback = callback;
    this.wantsRead = options.readable ?? isReadableNodeStream(stream);
    this.wantsWrite = options.writable ?? isWritableNodeStream(stream);
    // 'close' is waited for where it comes, and where both sides are.
    this.waitsForClose = !!willEmitClose(stream) && isReadableNodeStream(stream) === this.wantsRead &&
      isWritableNodeStream(stream) === this.wantsWrite;
    this.isWritten = isWritableFinished(stream, false);
    this.isRead = isReadableFinished(stream, false);
  }

  start() {
    const { stream, options } = this;
    const onFinish = () => {
      this.isWritten = true;
      if (stream.destroyed) this.waitsForClose = false;
      if (this.waitsForClose && (!stream.readable || this.wantsRead)) return;
      if (!this.wantsRead || this.isRead) this.callback();
    };
    const onEnd = () => {
      this.isRead = true;
      if (stream.destroyed) this.waitsForClose = false;
      if (this.waitsForClose && (!stream.writable || this.wantsWrite)) return;
      if (!this.wantsWrite || this.isWritten) this.callback();
    };
    const onLegacyFinish = () => {
      if (!stream.writable) onFinish();
    };
    const onError = (error) => this.callback(error);
    const onClose = () => this.closed();
    const onRequest = () => stream.req.on("finish", onFinish);
    if (isRequest(stream)) {
      stream.on("complete", onFinish);
      if (!this.waitsForClose) stream.on("abort", onClose);
      if (stream.req) onRequest();
      else stream.on("request", onRequest);
    } else if (this.wantsWrite && !stream._writableState) {
      stream.on("end", onLegacyFinish);
      stream.on("close", onLegacyFinish);
    }
    if (!this.waitsForClose && typeof stream.aborted === "boolean") stream.on("aborted", onClose);
    stream.on("end", onEnd);
    stream.on("finish", onFinish);
    if (options.error !== false) stream.on("error", onError);
    stream.on("close", onClose);
    const isClosedNow = isClosed(stream);
    if (isClosedNow) nextTick(onClose);
    else if (this.isOver()) nextTick(() => this.over());

    const stop = () => {
      this.callback = nothing;
      stream.removeListener("aborted", onClose);
      stream.removeListener("complete", onFinish);
      stream.removeListener("abort", onClose);
      stream.removeListener("request", onRequest);
      if (stream.req) stream.req.removeListener("finish", onFinish);
      stream.removeListener("end", onLegacyFinish);
      stream.removeListener("close", onLegacyFinish);
      stream.removeListener("finish", onFinish);
      stream.removeListener("end", onEnd);
      stream.removeListener("error", onError);
      stream.removeListener("close", onClose);
    };
    if (options.signal && !isClosedNow) this.listenToSignal(options.signal, stop);
    return stop;
  }

  /** Whether there is nothing more to come, though nobody will say so. */
  isOver() {
    const { stream } = this;
    const writable = stream._writableState;
    const readable = stream._readableState;
    if (writable?.errorEmitted || readable?.errorEmitted) return !this.waitsForClose;
    if (
      !this.wantsRead && (!this.waitsForClose || isReadable(stream)) && (this.isWritten || isWritable(stream) === false) &&
      !writable?.pendingcb
    ) return true;
    if (!this.wantsWrite && (!this.waitsForClose || isWritable(stream)) && (this.isRead || isReadable(stream) === false)) return true;
    return !!(readable && stream.req && stream.aborted);
  }

  over() {
    const error = writableError(this.stream) || readableError(this.stream);
    if (error && typeof error !== "boolean") this.callback(error);
    else this.callback();
  }

  closed() {
    const { stream } = this;
    const error = writableError(stream) || readableError(stream);
    if (error && typeof error !== "boolean") return void this.callback(error);
    const isCut = (this.wantsRead && !this.isRead && isReadableNodeStream(stream, true) && !isReadableFinished(stream, false)) ||
      (this.wantsWrite && !this.isWritten && !isWritableFinished(stream, false));
    if (isCut) this.callback(prematureClose());
    else this.callback();
  }

  listenToSignal(signal, stop) {
    const abort = () => {
      const { callback } = this;
      stop();
      callback(abortError(undefined, { cause: signal.reason }));
    };
    if (signal.aborted) return void nextTick(abort);
    const listening = EventEmitter.addAbortListener(signal, abort);
    const { callback } = this;
    this.callback = (error = undefined) => {
      listening[SymbolDispose]();
      callback(error);
    };
  }
}

function watchWeb(stream, { signal }, given) {
  let callback = given;
  let isAborted = false;
  if (signal) {
    const abort = () => {
      isAborted = true;
      callback(abortError(undefined, { cause: signal.reason }));
    };
    if (signal.aborted) {
      nextTick(abort);
    } else {
      const listening = EventEmitter.addAbortListener(signal, abort);
      callback = (error) => {
        listening[SymbolDispose]();
        given(error);
      };
    }
  }
  whenWebStreamEnds(stream, (error) => {
    if (!isAborted) nextTick(() => callback(error));
  });
  return nothing;
}

/** The same as a promise. */
export function finished(stream, options = undefined) {
  if (options?.cleanup) validateBoolean(options.cleanup, "cleanup");
  return new Promise((resolve, reject) => {
    const stop = eos(stream, options ?? {}, (error) => {
      if (options?.cleanup) stop();
      if (error) reject(error);
      else resolve(undefined);
    });
  });
}
