// When the body of a response is asked for its first chunk: when all microtasks are done that its response came with, as in Workers.
// What the app has ready by then comes at once, so that a renderer has no need of placeholders for it.

import { createCallQueue } from "../call_queue.js";
import { ops } from "../ops.js";

const add = createCallQueue(ops.afterMicrotasks, (body) => body.pump());

/** Calls `body.pump()` then, in the context of now. */
export function pumpLater(body) {
  add(body, undefined);
}
