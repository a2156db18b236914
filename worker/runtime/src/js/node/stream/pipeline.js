// stream.pipeline() (nodejs.org/api/stream.html#streampipelinesource-transforms-destination-callback): streams, iterables and functions
// one behind the other; if one fails, all of them are destroyed.

import { AbortController } from "../../dom/abort.js";
import { primordials } from "../../primordials.js";
import { moduleExports as EventEmitter } from "../events.js";
import { abortError, invalidArgType } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { validateAbortSignal, validateFunction } from "../internal/validators.js";
import { destroyer } from "./destroy.js";
import { duplexFrom } from "./duplexify.js";
import { invalidReturnValue, missingArgument, prematureClose, streamDestroyed } from "./errors.js";
import { eos } from "./finished.js";
import {
  isIterable, isNodeStream, isReadable, isReadableFinished, isReadableNodeStream, isReadableStream, isTransformStream, isWebStream,
} from "./kinds.js";
import { pumpToNode, pumpToWeb } from "./pumps.js";
import { Readable } from "./readable.js";
import { PassThrough } from "./transform.js";

const { ArrayIsArray, ArrayPrototypePop, ArrayPrototypePush, FunctionPrototypeCall, ReflectApply, SymbolAsyncIterator, SymbolDispose } = primordials;

const kSources = ["Readable", "Iterable", "AsyncIterable", "ReadableStream", "TransformStream"];

function chunksOf(value) {
  if (isIterable(value)) return value;
  if (isReadableNodeStream(value)) return chunksOfLegacy(value);
  throw invalidArgType("val", ["Readable", "Iterable", "AsyncIterable"], value);
}

async function* chunksOfLegacy(stream) {
  yield* FunctionPrototypeCall(Readable.prototype[SymbolAsyncIterator], stream);
}

export function pipeline(...streams) {
  const callback = streams[streams.length - 1];
  validateFunction(callback, "streams[stream.length - 1]");
  ArrayPrototypePop(streams);
  let isCalled = false;
  return runPipeline(streams, (error, value) => {
    if (isCalled) return;
    isCalled = true;
    callback(error, value);
  });
}

/** `options`: `signal`, and `end`, false if the last one is not to end with the others. */
export function runPipeline(given, callback, options = undefined) {
  const streams = given.length === 1 && ArrayIsArray(given[0]) ? given[0] : given;
  if (streams.length < 2) throw missingArgument("streams");
  validateAbortSignal(options?.signal, "options.signal");
  return new Pipeline(streams, callback, options).build();
}

class Pipeline {
  constructor(streams, callback, options) {
    this.streams = streams;
    this.callback = callback;
    this.outer = options?.signal;
    this.endsLast = options?.end !== false;
    this.abort = new AbortController();
    this.destroys = [];
    /** What takes the listeners off the last stream, which goes on to be used. */
    this.cleanups = [];
    this.pending = 0;
    this.error = undefined;
    this.value = undefined;
    this.finish = (error = undefined) => this.settle(error, --this.pending === 0);
    this.fail = (error) => this.settle(error, false);
  }

  build() {
    const { streams, outer } = this;
    if (outer) {
      this.listening = EventEmitter.addAbortListener(outer, () => this.aborted());
    }
    let current;
    for (let at = 0; at < streams.length; at++) {
      const isLast = at === streams.length - 1;
      if (isNodeStream(streams[at])) this.guard(streams[at], at, isLast);
      if (at === 0) current = this.first(streams[0]);
      else current = this.link(current, streams[at], at, isLast);
    }
    if (outer?.aborted) nextTick(() => this.aborted());
    return current;
  }

  aborted() {
    this.settle(abortError(undefined, { cause: this.outer?.reason }), undefined);
  }

  settle(error, isFinal) {
    if (error && (!this.error || this.error.code === "ERR_STREAM_PREMATURE_CLOSE")) this.error = error;
    if (!this.error && !isFinal) return;
    const { destroys } = this;
    this.destroys = [];
    for (let at = 0; at < destroys.length; at++) destroys[at](this.error);
    this.listening?.[SymbolDispose]();
    this.abort.abort();
    if (!isFinal) return;
    if (!this.error) {
      for (let at = 0; at < this.cleanups.length; at++) this.cleanups[at]();
    }
    nextTick(this.callback, this.error, this.value);
  }

  /** Has a stream destroyed with the others. */
  guard(stream, at, isLast) {
    if (!isLast || this.endsLast) {
      const stop = this.destroyed(stream, !isLast, at > 0);
      if (isLast && isReadable(stream)) ArrayPrototypePush(this.cleanups, stop);
    }
    const onError = (error) => {
      if (error && error.name !== "AbortError" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") this.fail(error);
    };
    stream.on("error", onError);
    if (isLast && isReadable(stream)) ArrayPrototypePush(this.cleanups, () => stream.removeListener("error", onError));
  }

  destroyed(stream, readable, writable) {
    let isFinished = false;
    stream.on("close", () => {
      isFinished = true;
    });
    const stop = eos(stream, { readable, writable }, (error) => {
      isFinished = !error;
    });
    ArrayPrototypePush(this.destroys, (error) => {
      if (isFinished) return;
      isFinished = true;
      destroyer(stream, error || streamDestroyed("pipe"));
    });
    return stop;
  }

  first(source) {
    if (typeof source === "function") {
      const result = source({ signal: this.abort.signal });
      if (!isIterable(result)) throw invalidReturnValue("Iterable, AsyncIterable or Stream", "source", result);
      return result;
    }
    return isIterable(source) || isReadableNodeStream(source) || isTransformStream(source) ? source : duplexFrom(source);
  }

  /** What comes out behind `stream`. */
  link(current, stream, at, isLast) {
    if (typeof stream === "function") return this.call(current, stream, at, isLast);
    const isEnd = !isLast || this.endsLast;
    if (isNodeStream(stream)) {
      if (isReadableNodeStream(current)) {
        this.pending += 2;
        const stop = this.pipe(current, stream, isEnd);
        if (isLast && isReadable(stream)) ArrayPrototypePush(this.cleanups, stop);
      } else {
        this.pump(pumpToNode, current, stream, isEnd);
      }
      return stream;
    }
    if (isWebStream(stream)) {
      if (isReadableNodeStream(current)) this.pump(pumpToWeb, chunksOf(current), stream, isEnd);
      else this.pump(pumpToWeb, current, stream, isEnd);
      return stream;
    }
    return duplexFrom(stream);
  }

  pump(pump, current, stream, isEnd) {
    let source = current;
    if (isTransformStream(current)) source = current.readable;
    else if (!isReadableStream(current) && !isIterable(current)) throw invalidArgType("val", kSources, current);
    this.pending++;
    pump(source, stream, this.finish, isEnd);
  }

  call(current, callback, at, isLast) {
    const input = chunksOf(isTransformStream(current) ? current.readable : current);
    const result = callback(input, { signal: this.abort.signal });
    if (!isLast) {
      if (!isIterable(result, true)) throw invalidReturnValue("AsyncIterable", `transform[${at - 1}]`, result);
      return result;
    }
    // What comes out of the last function, though nobody may look at it.
    const output = new PassThrough({ objectMode: true });
    if (typeof result?.then === "function") {
      this.pending++;
      this.settleWith(result, output);
    } else if (isIterable(result, true)) {
      this.pump(pumpToNode, result, output, this.endsLast);
    } else if (isReadableStream(result) || isTransformStream(result)) {
      this.pump(pumpToNode, result, output, this.endsLast);
    } else {
      throw invalidReturnValue("AsyncIterable or Promise", "destination", result);
    }
    ArrayPrototypePush(this.cleanups, this.destroyed(output, false, true));
    return output;
  }

  settleWith(promise, output) {
    ReflectApply(promise.then, promise, [(value) => {
      this.value = value;
      if (value !== undefined && value !== null) output.write(value);
      if (this.endsLast) output.end();
      nextTick(this.finish);
    }, (error) => {
      output.destroy(error);
      nextTick(this.finish, error);
    }]);
  }

  pipe(source, target, isEnd) {
    let isOver = false;
    target.on("close", () => {
      if (!isOver) this.fail(prematureClose());
    });
    source.pipe(target, { end: false });
    if (isEnd) {
      const end = () => {
        isOver = true;
        target.end();
      };
      if (isReadableFinished(source)) nextTick(end);
      else source.once("end", end);
    } else {
      this.finish();
    }
    eos(source, { readable: true, writable: false }, (error) => {
      const state = source._readableState;
      if (error?.code === "ERR_STREAM_PREMATURE_CLOSE" && state?.ended && !state.errored && !state.errorEmitted) {
        // It was destroyed with all of its chunks there, which may be read still.
        source.once("end", this.finish).once("error", this.finish);
      } else {
        this.finish(error);
      }
    });
    return eos(target, { readable: false, writable: true }, this.finish);
  }
}
