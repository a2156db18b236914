// The queue of process.nextTick() (nodejs.org/api/process.html#processnexttickcallback-args): callbacks that run when the code
// that runs now has returned, before the microtasks, or behind all of them where it is one itself. The engine calls the queue.

import { createCallQueue } from "../../call_queue.js";
import { reportError } from "../../html/error_reporting.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { validateFunction } from "./validators.js";

const { ReflectApply } = primordials;

const add = createCallQueue(ops.setTicks, (callback, args) => {
  try {
    ReflectApply(callback, undefined, args);
  } catch (error) {
    reportError(error);
  }
});

export function nextTick(callback, ...args) {
  validateFunction(callback, "callback");
  add(callback, args);
}
