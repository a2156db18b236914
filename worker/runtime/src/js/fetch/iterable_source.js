// Bodies made of asynchronous iterables, `new Response(generator())`: not in the standard, but Node, Deno and workerd take
// them. (Iterables that are not asynchronous are strings there, and here.)

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { CAUSE_SINK, countErrored } from "../streams/budget.js";
import { LazyPromise } from "../streams/lazy_promise.js";
import { Deferred, uponValue } from "../streams/promises.js";
import { seal } from "../streams/sealed_class.js";
import { conversionError, isArrayBuffer, isObject, isSharedArrayBuffer, viewBuffer } from "../webidl.js";
import { copyBytes } from "./body_source.js";

const {
  ArrayBufferIsView, ReflectApply, StringPrototypeToWellFormed, SymbolAsyncIterator, TypeError, TypedArrayPrototypeGetByteLength,
} = primordials;

/** A BodyInit that is an asynchronous iterable, whose method was read already. */
export class IterableInit {
  constructor(iterable, method) {
    this.iterable = iterable;
    this.method = method;
  }

  /** The source that reads it. */
  open() {
    const iterator = ReflectApply(this.method, this.iterable, []);
    if (!isObject(iterator)) throw new TypeError("A body's asynchronous iterator is not an object");
    return new IterableSource(iterator, iterator.next);
  }
}
seal(IterableInit);

/** An IterableInit of an object that is one; undefined of any other value. */
export function toIterableInit(value, prefix) {
  if (!isObject(value)) return undefined;
  const method = value[SymbolAsyncIterator];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw conversionError(prefix, "The body", "has an asynchronous iterator that is no function");
  return new IterableInit(value, method);
}

/** A source as body_source.js has them. */
class IterableSource {
  #iterator;
  #next;

  constructor(iterator, next) {
    this.#iterator = iterator;
    this.#next = next;
    this.isAliased = false;
  }

  pull() {
    const deferred = new Deferred();
    this.#advance(deferred);
    return deferred.promise;
  }

  #advance(deferred) {
    const fail = (error) => {
      countErrored(CAUSE_SINK);
      deferred.reject(error);
    };
    try {
      uponValue(ReflectApply(this.#next, this.#iterator, []), (result) => {
        try {
          this.#deliver(result, deferred);
        } catch (error) {
          fail(error);
        }
      }, fail);
    } catch (error) {
      fail(error);
    }
  }

  #deliver(result, deferred) {
    if (!isObject(result)) throw new TypeError("A body's asynchronous iterator gave a result that is not an object");
    if (result.done) {
      deferred.resolve(null);
      return;
    }
    const { value } = result;
    let bytes;
    try {
      bytes = toBytes(value);
    } catch (error) {
      this.cancel(error);
      throw error;
    }
    // An empty chunk is none to those who read.
    if (TypedArrayPrototypeGetByteLength(bytes) === 0) this.#advance(deferred);
    else deferred.resolve(bytes);
  }

  cancel(reason) {
    const closed = new LazyPromise();
    try {
      const returnMethod = this.#iterator.return;
      if (returnMethod === undefined || returnMethod === null) return undefined;
      uponValue(ReflectApply(returnMethod, this.#iterator, [reason]), () => closed.resolve(), (error) => closed.reject(error));
    } catch (error) {
      closed.reject(error);
    }
    return closed;
  }
}
seal(IterableSource);

function toBytes(value) {
  if (typeof value === "string") return ops.utf8Encode(StringPrototypeToWellFormed(value));
  const isView = ArrayBufferIsView(value);
  if ((isView && !isSharedArrayBuffer(viewBuffer(value))) || (!isView && isArrayBuffer(value))) return copyBytes(value);
  throw new TypeError("An asynchronous iterable that is a body must give strings, ArrayBuffers or views of them");
}
