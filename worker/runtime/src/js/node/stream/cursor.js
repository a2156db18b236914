// What `for await` does, in steps: the language would look up what an app may have replaced.

import { primordials } from "../../primordials.js";
import { isObject } from "../../webidl.js";

const { PromisePrototypeThen, PromiseResolve, ReflectApply, SymbolAsyncIterator, SymbolIterator, TypeError } = primordials;

/** Goes through what an asynchronous iterable or another one gives. */
export class Cursor {
  #iterator;
  #next;
  #isSync = false;
  #isInside = false;

  constructor(iterable) {
    const method = iterable[SymbolAsyncIterator];
    this.#isSync = method === undefined || method === null;
    this.#iterator = ReflectApply(this.#isSync ? iterable[SymbolIterator] : method, iterable, []);
    this.#next = this.#iterator.next;
  }

  /** A promise of the next step, or what the iterator gave in place of one. */
  step() {
    this.#isInside = false;
    const result = ReflectApply(this.#next, this.#iterator, []);
    if (!this.#isSync) return result;
    const { done, value } = checked(result);
    return PromisePrototypeThen(PromiseResolve(value), (settled) => ({ __proto__: null, done: !!done, value: settled }));
  }

  /** Whether a step that was waited for is the last one. */
  isDone(step) {
    const isDone = !!checked(step).done;
    this.#isInside = !isDone;
    return isDone;
  }

  /** Whether who leaves now has to close it: it has given something and is not at its end. */
  get isInside() {
    return this.#isInside;
  }

  /** Closes the iterator. What it returns is to be waited for. */
  close() {
    this.#isInside = false;
    const close = this.#iterator.return;
    return close === undefined || close === null ? undefined : ReflectApply(close, this.#iterator, []);
  }
}

function checked(result) {
  if (!isObject(result)) throw new TypeError("The result of an iterator is not an object");
  return result;
}
