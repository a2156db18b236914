// stream.Duplex.from() (nodejs.org/api/stream.html#streamduplexfromsrc): a stream of two sides for what has one, two, or none.

import { AbortController } from "../../dom/abort.js";
import { Blob } from "../../file/blob.js";
import { primordials } from "../../primordials.js";
import { abortError, invalidArgType } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { destroyer } from "./destroy.js";
import { Duplex } from "./duplex.js";
import { invalidReturnValue } from "./errors.js";
import { eos } from "./finished.js";
import { from } from "./from.js";
import {
  isDuplexNodeStream, isIterable, isNodeStream, isReadable, isReadableNodeStream, isReadableStream, isWritable, isWritableNodeStream,
  isWritableStream,
} from "./kinds.js";
import { Readable } from "./readable.js";
import { duplexFromWeb, readableFromWeb, writableFromWeb } from "./web_adapters.js";

const { PromiseWithResolvers, ReflectApply } = primordials;

const kBodies = [
  "Blob", "ReadableStream", "WritableStream", "Stream", "Iterable", "AsyncIterable", "Function", "{ readable, writable } pair", "Promise",
];

export function duplexFrom(body, name = "body") {
  if (isDuplexNodeStream(body)) return body;
  if (isReadableNodeStream(body)) return joined(body, undefined);
  if (isWritableNodeStream(body)) return joined(undefined, body);
  if (isNodeStream(body)) return joined(undefined, undefined);
  if (isReadableStream(body)) return joined(readableFromWeb(body), undefined);
  if (isWritableStream(body)) return joined(undefined, writableFromWeb(body));
  if (typeof body === "function") return ofFunction(body, name);
  if (body instanceof Blob) return ofPromise(body.arrayBuffer());
  if (isIterable(body)) return from(Duplex, body, { objectMode: true, writable: false });
  if (isReadableStream(body?.readable) && isWritableStream(body?.writable)) return duplexFromWeb(body);
  if (typeof body?.writable === "object" || typeof body?.readable === "object") {
    const { readable, writable } = body;
    return joined(
      readable && !isReadableNodeStream(readable) ? duplexFrom(readable) : readable || undefined,
      writable && !isWritableNodeStream(writable) ? duplexFrom(writable) : writable || undefined,
    );
  }
  if (typeof body?.then === "function") return ofPromise(body);
  throw invalidArgType(name, kBodies, body);
}

/** A stream of what a promise settles to. */
function ofPromise(promise) {
  const duplex = new Duplex({ objectMode: true, writable: false, read() {} });
  ReflectApply(promise.then, promise, [(value) => {
    if (value !== undefined && value !== null) duplex.push(value);
    duplex.push(null);
  }, (error) => destroyer(duplex, error)]);
  return duplex;
}

/** A stream around an asynchronous function or generator of what is written. */
function ofFunction(body, name) {
  const { value, write, final, destroy } = feed(body);
  if (isDuplexNodeStream(value)) return value;
  if (isIterable(value)) return from(Duplex, value, { objectMode: true, write, final, destroy });
  const then = value?.then;
  if (typeof then !== "function") throw invalidReturnValue("Iterable, AsyncIterable or AsyncFunction", name, value);
  let duplex;
  const promise = ReflectApply(then, value, [(result) => {
    if (result !== undefined && result !== null) throw invalidReturnValue("nully", "body", result);
  }, (error) => destroyer(duplex, error)]);
  duplex = new Duplex({
    objectMode: true,
    readable: false,
    write,
    final(callback) {
      final(async () => {
        try {
          await promise;
          nextTick(callback, null);
        } catch (error) {
          nextTick(callback, error);
        }
      });
    },
    destroy,
  });
  return duplex;
}

/** Calls a function with a generator of what is written. */
function feed(body) {
  let { promise, resolve } = PromiseWithResolvers();
  const abort = new AbortController();
  const { signal } = abort;
  const chunks = async function* () {
    for (;;) {
      const next = promise;
      promise = null;
      const { chunk, isLast, callback } = await next;
      nextTick(callback);
      if (isLast) return;
      if (signal.aborted) throw abortError(undefined, { cause: signal.reason });
      ({ promise, resolve } = PromiseWithResolvers());
      yield chunk;
    }
  };
  const give = (item) => {
    const settle = resolve;
    resolve = null;
    settle(item);
  };
  return {
    value: body(chunks(), { signal }),
    write: (chunk, encoding, callback) => give({ chunk, isLast: false, callback }),
    final: (callback) => give({ chunk: undefined, isLast: true, callback }),
    destroy: (error, callback) => {
      abort.abort();
      callback(error);
    },
  };
}

/** One stream of the readable side of one and the writable side of another. */
function joined(given, writable) {
  const readable = given && typeof given.read !== "function" ? Readable.wrap(given) : given;
  return new Joined(readable, writable).duplex;
}

class Joined {
  constructor(readable, writable) {
    this.canRead = !!isReadable(readable);
    this.canWrite = !!isWritable(writable);
    this.onClose = undefined;
    this.duplex = new Duplex({
      readableObjectMode: !!readable?.readableObjectMode,
      writableObjectMode: !!writable?.writableObjectMode,
      readable: this.canRead,
      writable: this.canWrite,
    });
    const waiting = { onDrain: null, onFinish: null, onReadable: null };
    this.waiting = waiting;
    if (this.canWrite) this.joinWritable(writable, readable);
    if (this.canRead) this.joinReadable(readable);
    this.duplex._destroy = (given, callback) => {
      const error = !given && this.onClose !== null ? abortError() : given;
      waiting.onDrain = waiting.onFinish = waiting.onReadable = null;
      if (this.onClose === null) return void callback(error);
      this.onClose = callback;
      destroyer(writable, error);
      destroyer(readable, error);
    };
  }

  finished(error) {
    const callback = this.onClose;
    this.onClose = null;
    if (callback) callback(error);
    else if (error) this.duplex.destroy(error);
  }

  /** Calls what waits under a name, once. */
  wake(name) {
    const callback = this.waiting[name];
    this.waiting[name] = null;
    if (callback) callback();
  }

  joinWritable(writable, readable) {
    const { duplex, waiting } = this;
    eos(writable, (error) => {
      if (error) destroyer(readable, error);
      this.finished(error);
    });
    duplex._write = (chunk, encoding, callback) => {
      if (writable.write(chunk, encoding)) callback();
      else waiting.onDrain = callback;
    };
    duplex._final = (callback) => {
      writable.end();
      waiting.onFinish = callback;
    };
    writable.on("drain", () => this.wake("onDrain"));
    writable.on("finish", () => this.wake("onFinish"));
  }

  joinReadable(readable) {
    const { duplex, waiting } = this;
    eos(readable, (error) => {
      if (error) destroyer(readable, error);
      this.finished(error);
    });
    readable.on("readable", () => this.wake("onReadable"));
    readable.on("end", () => duplex.push(null));
    duplex._read = () => {
      for (;;) {
        const chunk = readable.read();
        if (chunk === null) {
          waiting.onReadable = duplex._read;
          return;
        }
        if (!duplex.push(chunk)) return;
      }
    };
  }
}
