// ReadableStreamFromIterable (https://streams.spec.whatwg.org/#abstract-opdef-readablestreamfromiterable), and what Web
// IDL says of asynchronous sequences.

import { primordials } from "../../primordials.js";
import { conversionError, isObject } from "../../webidl.js";
import { CAUSE_SINK } from "../budget.js";
import { LazyPromise } from "../lazy_promise.js";
import { internalPromiseRejectedWith, uponPromise, uponValue } from "../promises.js";
import {
  ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue, ReadableStreamDefaultControllerError,
} from "./default_controller_operations.js";
import { CreateReadableStream } from "./stream_operations.js";
import { seal } from "../sealed_class.js";

const { ReflectApply, SymbolAsyncIterator, SymbolIterator, TypeError } = primordials;

/** `asyncIterable` is any value: what it must be is checked here. */
export function ReadableStreamFromIterable(asyncIterable, prefix) {
  const source = new IteratorSource(openAsyncSequence(asyncIterable, prefix));
  source.stream = CreateReadableStream(source, undefined, source.pull, source.cancel, 0);
  return source.stream;
}

/** Web IDL: converting to an asynchronous sequence, and opening it. */
function openAsyncSequence(value, prefix) {
  // NANO: strings are taken, as the Web Platform Tests and other runtimes have it; Web IDL has dropped them since.
  if (!isObject(value) && typeof value !== "string") throw conversionError(prefix, "Argument 1", "is not iterable");
  let method = value[SymbolAsyncIterator];
  let isSync = false;
  if (method === undefined || method === null) {
    isSync = true;
    method = value[SymbolIterator];
    if (method === undefined || method === null) throw conversionError(prefix, "Argument 1", "is not iterable");
  }
  if (typeof method !== "function") {
    throw conversionError(prefix, "Argument 1", "has an iterator method that is no function");
  }
  const iterator = ReflectApply(method, value, []);
  if (!isObject(iterator)) throw conversionError(prefix, "Argument 1", "has an iterator method that returns no object");
  return { iterator, next: iterator.next, isSync };
}

class IteratorSource {
  constructor({ iterator, next, isSync }) {
    this.iterator = iterator;
    this.next = next;
    this.isSync = isSync;
    this.stream = undefined;
  }

  pull() {
    const pulled = new LazyPromise();
    const onResult = (result) => {
      try {
        this.deliver(result);
      } catch (error) {
        ReadableStreamDefaultControllerError(this.stream.controller, error, CAUSE_SINK);
      }
      pulled.resolve();
    };
    const onError = (reason) => {
      ReadableStreamDefaultControllerError(this.stream.controller, reason, CAUSE_SINK);
      pulled.resolve();
    };
    try {
      const result = ReflectApply(this.next, this.iterator, []);
      if (this.isSync) this.awaitValue(result, onResult, onError);
      else uponValue(result, onResult, onError);
    } catch (error) {
      uponPromise(internalPromiseRejectedWith(error), undefined, onError);
    }
    return pulled;
  }

  // Of a sync iterator's result the value is awaited, as AsyncFromSyncIterator has it.
  awaitValue(result, onResult, onError) {
    if (!isObject(result)) throw notAnObject("next");
    const done = !!result.done;
    uponValue(result.value, (value) => onResult({ __proto__: null, value, done }), (reason) => {
      if (!done) this.closeQuietly();
      onError(reason);
    });
  }

  deliver(result) {
    if (!isObject(result)) throw notAnObject("next");
    const { controller } = this.stream;
    if (result.done) {
      ReadableStreamDefaultControllerClose(controller);
      return;
    }
    const { value } = result;
    try {
      ReadableStreamDefaultControllerEnqueue(controller, value);
    } catch (error) {
      // NANO: the stream is errored by its buffer limit; the iterator would not hear of it otherwise.
      this.closeQuietly();
      throw error;
    }
  }

  cancel(reason) {
    const returnMethod = this.iterator.return;
    if (returnMethod === undefined || returnMethod === null) return undefined;
    if (typeof returnMethod !== "function") throw new TypeError("The iterator's 'return' is not a function");
    const closed = new LazyPromise();
    uponValue(ReflectApply(returnMethod, this.iterator, [reason]), (result) => {
      if (isObject(result)) closed.resolve();
      else closed.reject(notAnObject("return"));
    }, (error) => closed.reject(error));
    return closed;
  }

  // IteratorClose after an error: what `return` does is of no account.
  closeQuietly() {
    try {
      const returnMethod = this.iterator.return;
      if (returnMethod !== undefined && returnMethod !== null) ReflectApply(returnMethod, this.iterator, []);
    } catch {
      // The first error is the one to tell.
    }
  }
}
seal(IteratorSource);

function notAnObject(method) {
  return new TypeError(`The iterator's '${method}' returned something that is not an object`);
}
