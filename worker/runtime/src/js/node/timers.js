// node:timers (nodejs.org/api/timers.html): the timers that are global, whose ids are numbers, and those that fire at once.

import { cancelTimer, clearInterval, clearTimeout, queueTask, setInterval, setTimeout } from "../html/timers.js";
import { primordials } from "../primordials.js";
import { validateFunction } from "./internal/validators.js";
import { moduleExports as promises } from "./timers/promises.js";

const { ReflectApply } = primordials;

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
};
