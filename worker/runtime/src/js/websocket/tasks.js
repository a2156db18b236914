// What WebSockets do in turns of their own: each event is one call into the app's code, with the CPU time of one.

import { queueTask } from "../html/timers.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Ring } from "../streams/queue_with_sizes.js";

const { PromisePrototypeThen, PromiseResolve } = primordials;

/** What is to be done, and on whose behalf. */
class Turn {
  task;
  context;

  constructor(task, context) {
    this.task = task;
    this.context = context;
  }
}

/** In order; one timer is for all. */
const waiting = new Ring();

/** Calls `task.run()` in a turn of its own, in this context. */
export function queueTurn(task, context) {
  waiting.push(new Turn(task, context));
  if (waiting.length === 1) arm();
}

function arm() {
  try {
    queueTask(runNext);
  } catch {
    // The app has its maximum of timers: the tasks share the turn that there is.
    PromisePrototypeThen(PromiseResolve(undefined), runNext);
  }
}

function runNext() {
  const { task, context } = waiting.shift();
  if (waiting.length > 0) arm();
  ops.setAsyncContext(context);
  task.run();
}
