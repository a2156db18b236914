// When the body of a response is asked for its first chunk: when all microtasks are done that its response came with, as in Workers.
// What the app has ready by then comes at once, so that a renderer has no need of placeholders for it.

import { ops } from "../ops.js";

/** Those that were not asked yet: a list from the first one to the last one. */
let first;
let last;

/** Calls `body.pump()` then, in the context of now. */
export function pumpLater(body) {
  const waiting = { __proto__: null, body, context: ops.getAsyncContext(), next: undefined };
  if (first === undefined) {
    first = waiting;
    ops.afterMicrotasks(pumpAll);
  } else {
    last.next = waiting;
  }
  last = waiting;
}

function pumpAll() {
  let waiting = first;
  // What comes from now on asks for a call of its own.
  first = undefined;
  const before = ops.getAsyncContext();
  for (; waiting !== undefined; waiting = waiting.next) {
    ops.setAsyncContext(waiting.context);
    waiting.body.pump();
  }
  ops.setAsyncContext(before);
}
