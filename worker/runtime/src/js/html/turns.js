// What messages, WebSockets and their like do in turns of their own: each event is one call into the app's code, with the CPU time of
// one.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Ring } from "../streams/queue_with_sizes.js";
import { queueTask } from "./timers.js";

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

/** Calls `task.run()` in a turn of its own, in this context. Throws where the app has its maximum of timers. */
export function queueTurn(task, context) {
  if (waiting.length === 0) queueTask(runNext);
  waiting.push(new Turn(task, context));
}

/** The same, also where there are too many timers: what waits shares the turn that there is. */
export function queueTurnAnyway(task, context) {
  if (waiting.length === 0) arm();
  waiting.push(new Turn(task, context));
}

function arm() {
  try {
    queueTask(runNext);
  } catch {
    PromisePrototypeThen(PromiseResolve(undefined), runNext);
  }
}

function runNext() {
  const { task, context } = waiting.shift();
  if (waiting.length > 0) arm();
  ops.setAsyncContext(context);
  task.run();
}
