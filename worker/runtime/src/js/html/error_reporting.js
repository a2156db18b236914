// "Report an exception" (https://html.spec.whatwg.org/multipage/webappapis.html#report-the-exception): the global scope's
// `error` event first; what no listener cancels is logged.

import { ErrorEvent } from "../dom/event.js";
import {
  dispatchTrusted, getEventHandler, globalEventTarget, hasListeners, setEventHandler, setExceptionReporter,
} from "../dom/event_target.js";
import { ops } from "../ops.js";
import { requireArguments } from "../webidl.js";

// An `error` listener that throws must not be told of its own error.
let isReporting = false;

/** True where a listener of the global scope's `error` event took care of `error`. */
function dispatchErrorEvent(error) {
  const target = globalEventTarget();
  if (isReporting || !hasListeners(target, "error")) return false;
  isReporting = true;
  try {
    let message = "";
    try {
      message = `Uncaught ${error}`;
    } catch {
      message = "Uncaught exception";
    }
    return !dispatchTrusted(target, new ErrorEvent("error", { __proto__: null, message, error, cancelable: true }));
  } finally {
    isReporting = false;
  }
}

function reportException(error) {
  if (!dispatchErrorEvent(error)) ops.reportError(error);
}

setExceptionReporter(reportException);

export function reportError(error) {
  requireArguments(arguments.length, 1, "Failed to execute 'reportError'");
  reportException(error);
}

// The global scope's own event handler attributes.
let handlers = null;

/** Getter and setter of the global `onerror` and its like. */
export function getGlobalHandler(type) {
  return getEventHandler(handlers, type);
}

export function setGlobalHandler(type, value) {
  handlers = setEventHandler(globalEventTarget(), handlers, type, value);
}
