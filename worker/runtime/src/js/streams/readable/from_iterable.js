// ReadableStreamFromIterable (https://streams.spec.whatwg.org/#abstract-opdef-readablestreamfromiterable), and what Web
// IDL says of asynchronous sequences.

import { primordials } from "../../primordials.js";
import { conversionError, isObject } from "../../webidl.js";
import { LazyPromise } from "../lazy_promise.js";
import { kFulfilled, uponValue } from "../promises.js";
import {
  ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue,
} from "./default_controller_operations.js";
import { CreateReadableStream } from "./stream_operations.js";
import { seal } from "../sealed_class.js";

const { PromisePrototypeThen, ReflectApply, SymbolAsyncIterator, SymbolIterator, TypeError } = primordials;

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

  // NANO: the promises in between are left out; the steps run in the microtasks in which they would: a result is looked at, and
  // a microtask later delivered.
  pull() {
    const pulled = new LazyPromise();
    const deliver = (result) => {
      let done, value;
      try {
        if (!isObject(result)) throw notAnObject("next");
        done = !!result.done;
        value = result.value;
      } catch (error) {
        pulled.rejectSoon(error);
        return;
      }
      PromisePrototypeThen(kFulfilled, () => this.deliver(done, value, pulled));
    };
    let result;
    try {
      result = ReflectApply(this.next, this.iterator, []);
      if (this.isSync && !isObject(result)) throw notAnObject("next");
    } catch (error) {
      fail(pulled, error, this.isSync);
      return pulled;
    }
    const onError = (reason) => pulled.rejectSoon(reason);
    if (this.isSync) this.awaitValue(result, deliver, onError);
    else uponValue(result, deliver, onError);
    return pulled;
  }

  // Of a sync iterator's result the value is awaited, as AsyncFromSyncIterator has it.
  awaitValue(result, deliver, onError) {
    let done, promise;
    try {
      done = !!result.done;
      promise = result.value;
    } catch (error) {
      PromisePrototypeThen(kFulfilled, () => onError(error));
      return;
    }
    uponValue(promise, (value) => {
      PromisePrototypeThen(kFulfilled, () => deliver({ __proto__: null, value, done }));
    }, (reason) => {
      if (!done) this.closeQuietly();
      PromisePrototypeThen(kFulfilled, () => onError(reason));
    });
  }

  deliver(done, value, pulled) {
    const { controller } = this.stream;
    try {
      if (done) ReadableStreamDefaultControllerClose(controller);
      else ReadableStreamDefaultControllerEnqueue(controller, value);
      pulled.resolve();
    } catch (error) {
      // NANO: the stream is errored by its buffer limit; the iterator would not hear of it otherwise.
      this.closeQuietly();
      pulled.reject(error);
    }
  }

  cancel(reason) {
    const closed = new LazyPromise();
    const { isSync } = this;
    const close = () => {
      PromisePrototypeThen(kFulfilled, () => closed.resolve());
    };
    let result;
    try {
      const returnMethod = this.iterator.return;
      if (returnMethod === undefined || returnMethod === null) {
        if (isSync) PromisePrototypeThen(kFulfilled, close);
        else close();
        return closed;
      }
      if (typeof returnMethod !== "function") throw new TypeError("The iterator's 'return' is not a function");
      result = ReflectApply(returnMethod, this.iterator, [reason]);
      if (isSync && !isObject(result)) throw notAnObject("return");
    } catch (error) {
      fail(closed, error, isSync);
      return closed;
    }
    const onError = (error) => closed.rejectSoon(error);
    if (isSync) {
      this.awaitValue(result, close, onError);
    } else {
      uponValue(result, (returned) => {
        if (isObject(returned)) close();
        else onError(notAnObject("return"));
      }, onError);
    }
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

// What a sync iterator throws is a rejection of AsyncFromSyncIterator's, which is awaited.
function fail(promise, error, isSync) {
  if (isSync) PromisePrototypeThen(kFulfilled, () => promise.rejectSoon(error));
  else promise.rejectSoon(error);
}

function notAnObject(method) {
  return new TypeError(`The iterator's '${method}' returned something that is not an object`);
}
