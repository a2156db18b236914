// Event targets (https://dom.spec.whatwg.org/#interface-eventtarget) and event handler attributes. There is no tree: a
// target's path is itself.

import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";
import { DOMException } from "./dom_exception.js";
import { Event, errorEventAttributes, eventSlots } from "./event.js";
import { Listener, ListenerList } from "./listener_list.js";

const { Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ReflectApply, TypeError, globalThis } = primordials;

const eventInternals = eventSlots();

// What becomes of an exception that a listener throws; html/error_reporting.js sets it.
/** @type {(error: any) => void} */
let reportException = () => {};
// What became of the event that was dispatched last.
let lastThrew = false;

/** Sets where exceptions of listeners go: `report(error)`. */
export function setExceptionReporter(report) {
  reportException = report;
}

// The target behind the global scope's own addEventListener and so on, which are called without a `this`.
let globalTarget = null;

// Set by abort.js, which builds on this file: { isAbortSignal, isAborted, addAlgorithm, removeAlgorithm }.
let abortSignals;

/** Tells event targets how to watch the `signal` option. */
export function setAbortSignalInternals(internals) {
  abortSignals = internals;
}

let targetInternals;

export class EventTarget {
  // Map of type to ListenerList; null until the first one, since most targets never get any.
  #listeners = null;
  // Called with (target, type) when the listeners of a type changed.
  #onChange = null;

  constructor() {}

  addEventListener(type, callback, options = undefined) {
    const target = EventTarget.#unwrap(this);
    const prefix = "Failed to execute 'addEventListener' on 'EventTarget'";
    requireArguments(arguments.length, 2, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    if (callback !== null && callback !== undefined && !isObject(callback)) {
      throw conversionError(prefix, "Argument 2", "is not an object");
    }
    let capture = false;
    let once = false;
    let passive = false;
    let signal = null;
    if (isObject(options)) {
      capture = !!options.capture;
      once = !!options.once;
      passive = !!options.passive;
      signal = options.signal;
      if (signal === undefined) {
        signal = null;
      } else if (!abortSignals.isAbortSignal(signal)) {
        throw conversionError(prefix, "'signal' of 'AddEventListenerOptions'", "is not of type AbortSignal");
      }
    } else {
      capture = !!options;
    }
    if (signal !== null && abortSignals.isAborted(signal)) return;
    if (callback === null || callback === undefined) return;
    if (EventTarget.#find(target, type, callback, capture) !== null) return;
    const listener = new Listener(callback, capture, once, passive);
    target.#append(type, listener);
    if (signal !== null) {
      listener.signal = signal;
      listener.onAbort = () => target.#remove(type, listener);
      abortSignals.addAlgorithm(signal, listener.onAbort);
    }
  }

  removeEventListener(type, callback, options = undefined) {
    const target = EventTarget.#unwrap(this);
    const prefix = "Failed to execute 'removeEventListener' on 'EventTarget'";
    requireArguments(arguments.length, 2, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    if (callback !== null && callback !== undefined && !isObject(callback)) {
      throw conversionError(prefix, "Argument 2", "is not an object");
    }
    const capture = isObject(options) ? !!options.capture : !!options;
    const listener = EventTarget.#find(target, type, callback, capture);
    if (listener !== null) target.#remove(type, listener);
  }

  dispatchEvent(event) {
    const target = EventTarget.#unwrap(this);
    const prefix = "Failed to execute 'dispatchEvent' on 'EventTarget'";
    requireArguments(arguments.length, 1, prefix);
    if (!eventInternals.is(event)) throw conversionError(prefix, "Argument 1", "is not of type Event");
    if (!eventInternals.isDispatchable(event)) {
      throw new DOMException("The event is already being dispatched", "InvalidStateError");
    }
    return EventTarget.#dispatch(target, event);
  }

  static #unwrap(self) {
    if (self === undefined || self === null || self === globalThis) {
      if (globalTarget !== null) return globalTarget;
    } else if (isObject(self) && #listeners in self) {
      return self;
    }
    throw illegalInvocation("EventTarget");
  }

  static #find(target, type, callback, capture) {
    if (target.#listeners === null) return null;
    const list = MapPrototypeGet(target.#listeners, type);
    return list === undefined ? null : list.find(callback, capture);
  }

  #append(type, listener) {
    if (this.#listeners === null) this.#listeners = new Map();
    let list = MapPrototypeGet(this.#listeners, type);
    if (list === undefined) {
      list = new ListenerList();
      MapPrototypeSet(this.#listeners, type, list);
    }
    list.append(listener);
    if (this.#onChange !== null) this.#onChange(this, type);
  }

  #remove(type, listener) {
    if (listener.removed) return;
    if (listener.signal !== null) {
      abortSignals.removeAlgorithm(listener.signal, listener.onAbort);
      listener.signal = null;
    }
    const list = MapPrototypeGet(this.#listeners, type);
    list.remove(listener);
    if (list.size === 0) MapPrototypeDelete(this.#listeners, type);
    if (this.#onChange !== null) this.#onChange(this, type);
  }

  // §2.9 "dispatch" where the path is the target alone.
  static #dispatch(target, event) {
    let threw = false;
    eventInternals.begin(event, target === globalTarget ? globalThis : target);
    if (target.#listeners !== null && !eventInternals.isStopped(event)) {
      const list = MapPrototypeGet(target.#listeners, eventInternals.type(event));
      if (list !== undefined) {
        // "Inner invoke" works on a copy: listeners added meanwhile do not run, removed ones are flagged. The
        // capturing ones come first at a target, too.
        const copy = list.copy();
        threw = EventTarget.#invoke(target, event, copy, true);
        if (!eventInternals.isStopped(event) && EventTarget.#invoke(target, event, copy, false)) threw = true;
      }
    }
    eventInternals.end(event);
    lastThrew = threw;
    return !eventInternals.canceled(event);
  }

  // Returns whether a listener threw.
  static #invoke(target, event, list, capture) {
    let threw = false;
    const thisArgument = target === globalTarget ? globalThis : target;
    for (let i = 0; i < list.length; i++) {
      const listener = list[i];
      if (listener.removed || listener.capture !== capture) continue;
      if (listener.once) target.#remove(eventInternals.type(event), listener);
      if (listener.passive) eventInternals.setPassive(event, true);
      try {
        const { callback } = listener;
        if (typeof callback === "function") {
          ReflectApply(callback, thisArgument, [event]);
        } else {
          const { handleEvent } = callback;
          if (typeof handleEvent !== "function") throw new TypeError("The listener's 'handleEvent' is not a function");
          ReflectApply(handleEvent, callback, [event]);
        }
      } catch (error) {
        threw = true;
        reportException(error);
      }
      if (listener.passive) eventInternals.setPassive(event, false);
      if (eventInternals.isStoppedAtOnce(event)) return threw;
    }
    return threw;
  }

  static {
    targetInternals = {
      __proto__: null,
      dispatch: (target, event) => EventTarget.#dispatch(target, event),
      append: (target, type, listener) => target.#append(type, listener),
      remove: (target, type, listener) => target.#remove(type, listener),
      hasListeners: (target, type) =>
        target.#listeners !== null && MapPrototypeGet(target.#listeners, type) !== undefined,
      onChange(target, callback) {
        target.#onChange = callback;
      },
    };
  }
}

configureInterface(EventTarget);

/** Fires a trusted event of `type` at `target`; false when a listener cancelled it. */
export function fireEvent(target, type, init = undefined) {
  // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
  const event = new Event(type, init, kInternal);
  return dispatchTrusted(target, event);
}

/** Dispatches an event that the host made. */
export function dispatchTrusted(target, event) {
  eventInternals.trust(event);
  return targetInternals.dispatch(target, event);
}

/** Whether a listener of the event that was dispatched last threw: the standard's "legacyOutputDidListenersThrowFlag". */
export function listenerThrew() {
  return lastThrew;
}

/** True when a listener or an event handler for `type` is there: without one, no event need be made. */
export function hasListeners(target, type) {
  return targetInternals.hasListeners(target, type);
}

/** `callback(target, type)` runs whenever the listeners of a type come or go. One per target. */
export function onListenersChanged(target, callback) {
  targetInternals.onChange(target, callback);
}

/** The target that stands for the global scope. Created once. */
export function globalEventTarget() {
  if (globalTarget === null) globalTarget = new EventTarget();
  return globalTarget;
}

// ---- event handler attributes (https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes) ----

/** The state of one `onsomething` attribute. */
class EventHandler {
  value = null;
  listener = null;
}

/** The value of an event handler attribute; `handlers` is the object's own record of them, or null. */
export function getEventHandler(handlers, type) {
  return handlers === null ? null : handlers[type]?.value ?? null;
}

/**
 * Sets an event handler attribute and returns the record of handlers to keep. A handler keeps its place among the
 * listeners while it is replaced, and gives it up when it is set to null.
 */
export function setEventHandler(target, handlers, type, value) {
  if (!isObject(value)) value = null;
  if (handlers === null) {
    if (value === null) return null;
    handlers = { __proto__: null };
  }
  const handler = handlers[type] ??= new EventHandler();
  handler.value = value;
  if (value === null) {
    if (handler.listener !== null) targetInternals.remove(target, type, handler.listener);
    handler.listener = null;
  } else if (handler.listener === null) {
    handler.listener = new Listener((event) => callEventHandler(target, handler, type, event), false, false, false);
    handler.listener.handler = true;
    targetInternals.append(target, type, handler.listener);
  }
  return handlers;
}

function callEventHandler(target, handler, type, event) {
  const { value } = handler;
  if (typeof value !== "function") return;
  const isGlobal = target === globalTarget;
  // OnErrorEventHandler: the global scope's `onerror` takes five arguments and cancels with true, not with false.
  const init = isGlobal && type === "error" ? errorEventAttributes(event) : null;
  if (init !== null) {
    const argumentList = [init.message, init.filename, init.lineno, init.colno, init.error];
    if (ReflectApply(value, globalThis, argumentList) === true) eventInternals.cancel(event);
    return;
  }
  if (ReflectApply(value, isGlobal ? globalThis : target, [event]) === false) eventInternals.cancel(event);
}
