// "Unhandled promise rejections" (https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections).
// Native code keeps the lists; these functions tell the global scope's listeners.

import { PromiseRejectionEvent } from "../dom/event.js";
import { dispatchTrusted, globalEventTarget, hasListeners } from "../dom/event_target.js";

/** A promise stayed without a handler. True where a listener took care of it, so that it is not logged. */
export function unhandledRejection(promise, reason) {
  const target = globalEventTarget();
  if (!hasListeners(target, "unhandledrejection")) return false;
  const init = { __proto__: null, promise, reason, cancelable: true };
  return !dispatchTrusted(target, new PromiseRejectionEvent("unhandledrejection", init));
}

/** A promise that was reported as unhandled has a handler after all. */
export function rejectionHandled(promise, reason) {
  const target = globalEventTarget();
  if (!hasListeners(target, "rejectionhandled")) return;
  dispatchTrusted(target, new PromiseRejectionEvent("rejectionhandled", { __proto__: null, promise, reason }));
}
