// HTML "Microtask queuing" (https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { reportError } from "./error_reporting.js";

const { TypeError } = primordials;

export function queueMicrotask(callback) {
  if (arguments.length < 1) {
    throw new TypeError("Failed to execute 'queueMicrotask': 1 argument required, but only 0 present");
  }
  if (typeof callback !== "function") {
    throw new TypeError("Failed to execute 'queueMicrotask': the callback is not a function");
  }
  ops.queueMicrotask(() => {
    try {
      callback();
    } catch (error) {
      reportError(error);
    }
  });
}
