// What waits until the engine calls for it: behind the code that runs now, or behind the microtasks.

import { ops } from "./ops.js";

/**
 * A function that adds something to a queue. `ask(runAll)` has the engine call `runAll` once; then `run(subject, value)` is called for
 * each, in the asynchronous context that it was added in. `run` does not throw.
 */
export function createCallQueue(ask, run) {
  /** Those that wait: a list from the next one to the last one. */
  let first;
  let last;

  function runAll() {
    let waiting = first;
    // What is added from now on asks for a call of its own, also where one of these ends the program.
    first = undefined;
    const before = ops.getAsyncContext();
    for (; waiting !== undefined; waiting = waiting.next) {
      ops.setAsyncContext(waiting.context);
      run(waiting.subject, waiting.value);
    }
    ops.setAsyncContext(before);
  }

  return (subject, value) => {
    const waiting = { __proto__: null, subject, value, context: ops.getAsyncContext(), next: undefined };
    if (first === undefined) {
      first = waiting;
      ask(runAll);
    } else {
      last.next = waiting;
    }
    last = waiting;
  };
}
