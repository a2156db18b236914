// node:timers (nodejs.org/api/timers.html), whose functions are the global ones of programs that have Node.js's modules.

import {
  cancelTimer, clearTimeout as clearNumber, queueTask, restartTimer, setInterval as startInterval, setTimeout as startTimeout,
} from "../html/timers.js";
import { primordials } from "../primordials.js";
import { validateFunction } from "./internal/validators.js";
import { moduleExports as promises } from "./timers/promises.js";

const { ReflectApply, SymbolDispose, SymbolToPrimitive } = primordials;

/** What setTimeout() and setInterval() return. As a number it is what the same functions return elsewhere. */
class Timeout {
  #id;
  #start;
  #isCleared = false;
  #isReferenced = true;

  constructor(start) {
    this.#start = start;
    this.#id = start();
  }

  static end(timer) {
    if (typeof timer !== "object" || timer === null || !(#id in timer)) return clearNumber(timer);
    timer.#isCleared = true;
    cancelTimer(timer.#id);
  }

  close() {
    Timeout.end(this);
    return this;
  }

  hasRef() {
    return this.#isReferenced;
  }

  ref() {
    this.#isReferenced = true;
    return this;
  }

  /** Begins anew, from now on; also a timer that has fired. */
  refresh() {
    if (!this.#isCleared && !restartTimer(this.#id)) this.#id = this.#start();
    return this;
  }

  unref() {
    this.#isReferenced = false;
    return this;
  }

  [SymbolToPrimitive]() {
    return this.#id;
  }

  [SymbolDispose]() {
    Timeout.end(this);
  }
}

function setTimeout(callback, delay, ...args) {
  validateFunction(callback, "callback");
  return new Timeout(() => startTimeout(() => ReflectApply(callback, undefined, args), delay));
}

function setInterval(callback, delay, ...args) {
  validateFunction(callback, "callback");
  return new Timeout(() => startInterval(() => ReflectApply(callback, undefined, args), delay));
}

function clearTimeout(timer = undefined) {
  Timeout.end(timer);
}

function clearInterval(timer = undefined) {
  Timeout.end(timer);
}

/** What setImmediate() returns. */
class Immediate {
  #id;

  constructor(id) {
    this.#id = id;
  }

  static cancel(immediate) {
    if (typeof immediate === "object" && immediate !== null && #id in immediate) cancelTimer(immediate.#id);
  }

  hasRef() {
    return true;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}

function setImmediate(callback, ...args) {
  validateFunction(callback, "callback");
  // No timer: one that is set in another, and so on, has to wait.
  return new Immediate(queueTask(() => ReflectApply(callback, undefined, args)));
}

function clearImmediate(immediate) {
  Immediate.cancel(immediate);
}

export const moduleExports = {
  clearImmediate,
  clearInterval,
  clearTimeout,
  promises,
  setImmediate,
  setInterval,
  setTimeout,
  Timeout,
  // Of Node.js's first versions.
  active() {},
  enroll() {},
  unenroll: clearTimeout,
};
