// The queue of process.nextTick() (nodejs.org/api/process.html#processnexttickcallback-args): callbacks that run when the code
// that runs now has returned, before the microtasks, or behind all of them where it is one itself. The engine calls the queue.

import { reportError } from "../../html/error_reporting.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { validateFunction } from "./validators.js";

const { ReflectApply } = primordials;

/** Those that wait: a list from the next one to run to the last one. */
let first;
let last;

export function nextTick(callback, ...args) {
  validateFunction(callback, "callback");
  const tick = { __proto__: null, callback, args, context: ops.getAsyncContext(), next: undefined };
  if (first === undefined) {
    first = tick;
    ops.setTicks(runTicks);
  } else {
    last.next = tick;
  }
  last = tick;
}

function runTicks() {
  let tick = first;
  // What is added from now on asks for a run of its own, also where one of these ends the program.
  first = undefined;
  const before = ops.getAsyncContext();
  for (; tick !== undefined; tick = tick.next) {
    ops.setAsyncContext(tick.context);
    try {
      ReflectApply(tick.callback, undefined, tick.args);
    } catch (error) {
      reportError(error);
    }
  }
  ops.setAsyncContext(before);
}
