// Events and event targets (https://dom.spec.whatwg.org/#events). There is no tree: a target's path is itself.

import { now } from "../performance/clock.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, createDictionaryConverter, defineConstants, illegalInvocation, isObject,
  kInternal, requireArguments,
} from "../webidl.js";
import { DOMException } from "./dom_exception.js";

const {
  ArrayPrototypePush, ArrayPrototypeSplice, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ObjectDefineProperty,
  ReflectApply, TypeError, globalThis,
} = primordials;

// ---- Event (§2.2) ----

const toEventInit = createDictionaryConverter("EventInit", [
  { key: "bubbles", converter: converters.boolean },
  { key: "cancelable", converter: converters.boolean },
  { key: "composed", converter: converters.boolean },
]);

let getIsTrusted;
let eventInternals;

export class Event {
  #type;
  #bubbles = false;
  #cancelable = false;
  #composed = false;
  #target = null;
  #currentTarget = null;
  #phase = 0;
  #stopPropagation = false;
  #stopImmediate = false;
  #canceled = false;
  #inPassiveListener = false;
  #dispatching = false;
  #initialized = true;
  #trusted = false;
  #timeStamp = now();

  // `eventInitDict` of subclasses is a superset and converted by them: they pass the result with kInternal.
  constructor(type, eventInitDict = undefined) {
    const prefix = "Failed to construct 'Event'";
    requireArguments(arguments.length, 1, prefix);
    this.#type = converters.DOMString(type, prefix, "Argument 1");
    if (eventInitDict !== undefined && eventInitDict !== null) {
      const init = arguments[2] === kInternal ? eventInitDict : toEventInit(eventInitDict, prefix, "Argument 2");
      this.#bubbles = init.bubbles === true;
      this.#cancelable = init.cancelable === true;
      this.#composed = init.composed === true;
    }
    // [LegacyUnforgeable]: an own accessor of every event.
    ObjectDefineProperty(this, "isTrusted", { __proto__: null, get: getIsTrusted, enumerable: true, configurable: false });
  }

  get type() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#type;
  }

  get target() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#target;
  }

  get srcElement() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#target;
  }

  get currentTarget() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#currentTarget;
  }

  composedPath() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#currentTarget === null ? [] : [this.#currentTarget];
  }

  get eventPhase() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#phase;
  }

  stopPropagation() {
    if (!(#type in this)) throw illegalInvocation("Event");
    this.#stopPropagation = true;
  }

  get cancelBubble() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#stopPropagation;
  }

  set cancelBubble(value) {
    if (!(#type in this)) throw illegalInvocation("Event");
    if (value) this.#stopPropagation = true;
  }

  stopImmediatePropagation() {
    if (!(#type in this)) throw illegalInvocation("Event");
    this.#stopPropagation = true;
    this.#stopImmediate = true;
  }

  get bubbles() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#bubbles;
  }

  get cancelable() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#cancelable;
  }

  get returnValue() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return !this.#canceled;
  }

  set returnValue(value) {
    if (!(#type in this)) throw illegalInvocation("Event");
    if (!value) this.#cancel();
  }

  preventDefault() {
    if (!(#type in this)) throw illegalInvocation("Event");
    this.#cancel();
  }

  get defaultPrevented() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#canceled;
  }

  get composed() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#composed;
  }

  get timeStamp() {
    if (!(#type in this)) throw illegalInvocation("Event");
    return this.#timeStamp;
  }

  initEvent(type, bubbles = false, cancelable = false) {
    if (!(#type in this)) throw illegalInvocation("Event");
    const prefix = "Failed to execute 'initEvent' on 'Event'";
    requireArguments(arguments.length, 1, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    if (this.#dispatching) return;
    this.#initialize(type, !!bubbles, !!cancelable);
  }

  #cancel() {
    if (this.#cancelable && !this.#inPassiveListener) this.#canceled = true;
  }

  #initialize(type, bubbles, cancelable) {
    this.#initialized = true;
    this.#stopPropagation = false;
    this.#stopImmediate = false;
    this.#canceled = false;
    this.#trusted = false;
    this.#target = null;
    this.#type = type;
    this.#bubbles = bubbles;
    this.#cancelable = cancelable;
  }

  static {
    getIsTrusted = ObjectGetter(function isTrusted() {
      if (!(#type in this)) throw illegalInvocation("Event");
      return this.#trusted;
    });
    eventInternals = {
      __proto__: null,
      is: (value) => isObject(value) && #type in value,
      type: (event) => event.#type,
      canceled: (event) => event.#canceled,
      isDispatchable: (event) => event.#initialized && !event.#dispatching,
      isDispatching: (event) => event.#dispatching,
      isStopped: (event) => event.#stopPropagation,
      isStoppedAtOnce: (event) => event.#stopImmediate,
      initialize: (event, type, bubbles, cancelable) => event.#initialize(type, bubbles, cancelable),
      describe: (event) => ({
        __proto__: null,
        type: event.#type,
        defaultPrevented: event.#canceled,
        cancelable: event.#cancelable,
        timeStamp: event.#timeStamp,
      }),
      trust(event) {
        event.#trusted = true;
      },
      setPassive(event, passive) {
        event.#inPassiveListener = passive;
      },
      cancel: (event) => event.#cancel(),
      begin(event, target) {
        event.#dispatching = true;
        event.#target = target;
        event.#currentTarget = target;
        event.#phase = 2;
      },
      end(event) {
        event.#phase = 0;
        event.#currentTarget = null;
        event.#dispatching = false;
        event.#stopPropagation = false;
        event.#stopImmediate = false;
      },
    };
  }
}

/** A plain getter function named as an accessor's getter is. */
function ObjectGetter(fn) {
  return ObjectDefineProperty(fn, "name", { __proto__: null, value: `get ${fn.name}`, configurable: true });
}

configureInterface(Event);
defineConstants(Event, { __proto__: null, NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });

/** The brand check. */
export function isEvent(value) {
  return eventInternals.is(value);
}

/** What the console shows of an event; undefined for any other value. */
export function describeEvent(value) {
  return eventInternals.is(value) ? eventInternals.describe(value) : undefined;
}

const eventInitMembers = () => [
  { key: "bubbles", converter: converters.boolean },
  { key: "cancelable", converter: converters.boolean },
  { key: "composed", converter: converters.boolean },
];

// ---- CustomEvent (§2.4) ----

const toCustomEventInit = createDictionaryConverter("CustomEventInit", eventInitMembers(), [
  { key: "detail", converter: converters.any, defaultValue: () => null },
]);

export class CustomEvent extends Event {
  #detail;

  constructor(type, eventInitDict = undefined) {
    const prefix = "Failed to construct 'CustomEvent'";
    requireArguments(arguments.length, 1, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    const init = toCustomEventInit(eventInitDict, prefix, "Argument 2");
    super(type, init, kInternal);
    this.#detail = init.detail;
  }

  get detail() {
    if (!(#detail in this)) throw illegalInvocation("CustomEvent");
    return this.#detail;
  }

  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    if (!(#detail in this)) throw illegalInvocation("CustomEvent");
    const prefix = "Failed to execute 'initCustomEvent' on 'CustomEvent'";
    requireArguments(arguments.length, 1, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    if (eventInternals.isDispatching(this)) return;
    eventInternals.initialize(this, type, !!bubbles, !!cancelable);
    this.#detail = detail;
  }
}

configureInterface(CustomEvent);

// ---- ErrorEvent, PromiseRejectionEvent (https://html.spec.whatwg.org/multipage/webappapis.html) ----

const toErrorEventInit = createDictionaryConverter("ErrorEventInit", eventInitMembers(), [
  { key: "message", converter: converters.DOMString, defaultValue: () => "" },
  { key: "filename", converter: converters.USVString, defaultValue: () => "" },
  { key: "lineno", converter: converters["unsigned long"], defaultValue: () => 0 },
  { key: "colno", converter: converters["unsigned long"], defaultValue: () => 0 },
  { key: "error", converter: converters.any },
]);

let errorEventInit;

export class ErrorEvent extends Event {
  #init;

  constructor(type, eventInitDict = undefined) {
    const prefix = "Failed to construct 'ErrorEvent'";
    requireArguments(arguments.length, 1, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    const init = toErrorEventInit(eventInitDict, prefix, "Argument 2");
    super(type, init, kInternal);
    this.#init = init;
  }

  get message() {
    if (!(#init in this)) throw illegalInvocation("ErrorEvent");
    return this.#init.message;
  }

  get filename() {
    if (!(#init in this)) throw illegalInvocation("ErrorEvent");
    return this.#init.filename;
  }

  get lineno() {
    if (!(#init in this)) throw illegalInvocation("ErrorEvent");
    return this.#init.lineno;
  }

  get colno() {
    if (!(#init in this)) throw illegalInvocation("ErrorEvent");
    return this.#init.colno;
  }

  get error() {
    if (!(#init in this)) throw illegalInvocation("ErrorEvent");
    return this.#init.error;
  }

  static {
    errorEventInit = (event) => (#init in event ? event.#init : null);
  }
}

configureInterface(ErrorEvent);

const toPromiseRejectionEventInit = createDictionaryConverter("PromiseRejectionEventInit", eventInitMembers(), [
  { key: "promise", converter: converters.object, required: true },
  { key: "reason", converter: converters.any },
]);

export class PromiseRejectionEvent extends Event {
  #promise;
  #reason;

  constructor(type, eventInitDict) {
    const prefix = "Failed to construct 'PromiseRejectionEvent'";
    requireArguments(arguments.length, 2, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    const init = toPromiseRejectionEventInit(eventInitDict, prefix, "Argument 2");
    super(type, init, kInternal);
    this.#promise = init.promise;
    this.#reason = init.reason;
  }

  get promise() {
    if (!(#promise in this)) throw illegalInvocation("PromiseRejectionEvent");
    return this.#promise;
  }

  get reason() {
    if (!(#promise in this)) throw illegalInvocation("PromiseRejectionEvent");
    return this.#reason;
  }
}

configureInterface(PromiseRejectionEvent);

// ---- EventTarget (§2.7) ----

// What becomes of an exception that a listener throws; html/error_reporting.js sets it.
let reportException = () => {};

/** Sets where exceptions of listeners go: `report(error)`. */
export function setExceptionReporter(report) {
  reportException = report;
}

// The target behind the global scope's own addEventListener and so on, which are called without a `this`.
let globalTarget = null;

/** A listener (§2.7): `handler` marks the one that stands for an event handler attribute. */
class Listener {
  callback;
  capture;
  once;
  passive;
  removed = false;
  handler = false;
  signal = null;
  onAbort = null;

  constructor(callback, capture, once, passive) {
    this.callback = callback;
    this.capture = capture;
    this.once = once;
    this.passive = passive;
  }
}

// Set by abort.js, which builds on this file: { isAbortSignal, isAborted, addAlgorithm, removeAlgorithm }.
let abortSignals;

/** Tells event targets how to watch the `signal` option. */
export function setAbortSignalInternals(internals) {
  abortSignals = internals;
}

let targetInternals;

export class EventTarget {
  // Map of type to array of listeners; null until the first one, since most targets never get any.
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
    if (list === undefined) return null;
    for (let i = 0; i < list.length; i++) {
      const listener = list[i];
      if (listener.callback === callback && listener.capture === capture && !listener.handler) return listener;
    }
    return null;
  }

  #append(type, listener) {
    if (this.#listeners === null) this.#listeners = new Map();
    const list = MapPrototypeGet(this.#listeners, type);
    if (list === undefined) {
      MapPrototypeSet(this.#listeners, type, [listener]);
    } else {
      ArrayPrototypePush(list, listener);
    }
    if (this.#onChange !== null) this.#onChange(this, type);
  }

  #remove(type, listener) {
    if (listener.removed) return;
    listener.removed = true;
    if (listener.signal !== null) {
      abortSignals.removeAlgorithm(listener.signal, listener.onAbort);
      listener.signal = null;
    }
    const list = MapPrototypeGet(this.#listeners, type);
    for (let i = 0; i < list.length; i++) {
      if (list[i] !== listener) continue;
      if (list.length === 1) {
        MapPrototypeDelete(this.#listeners, type);
      } else {
        ArrayPrototypeSplice(list, i, 1);
      }
      break;
    }
    if (this.#onChange !== null) this.#onChange(this, type);
  }

  // §2.9 "dispatch" where the path is the target alone.
  static #dispatch(target, event) {
    eventInternals.begin(event, target === globalTarget ? globalThis : target);
    if (target.#listeners !== null && !eventInternals.isStopped(event)) {
      const list = MapPrototypeGet(target.#listeners, eventInternals.type(event));
      if (list !== undefined) {
        // "Inner invoke" works on a copy: listeners added meanwhile do not run, removed ones are flagged. The
        // capturing ones come first at a target, too.
        const copy = [];
        for (let i = 0; i < list.length; i++) copy[i] = list[i];
        EventTarget.#invoke(target, event, copy, true);
        if (!eventInternals.isStopped(event)) EventTarget.#invoke(target, event, copy, false);
      }
    }
    eventInternals.end(event);
    return !eventInternals.canceled(event);
  }

  static #invoke(target, event, list, capture) {
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
        reportException(error);
      }
      if (listener.passive) eventInternals.setPassive(event, false);
      if (eventInternals.isStoppedAtOnce(event)) return;
    }
  }

  static {
    targetInternals = {
      __proto__: null,
      is: (value) => isObject(value) && #listeners in value,
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

/** The brand check. */
export function isEventTarget(value) {
  return targetInternals.is(value);
}

/** Fires a trusted event of `type` at `target`; false when a listener cancelled it. */
export function fireEvent(target, type, init = undefined) {
  const event = new Event(type, init, kInternal);
  return dispatchTrusted(target, event);
}

/** Dispatches an event that the host made. */
export function dispatchTrusted(target, event) {
  eventInternals.trust(event);
  return targetInternals.dispatch(target, event);
}

/** True when a listener or an event handler for `type` is there: whoever fires need not make an event for nobody. */
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
  const init = isGlobal && type === "error" ? errorEventInit(event) : null;
  if (init !== null) {
    const argumentList = [init.message, init.filename, init.lineno, init.colno, init.error];
    if (ReflectApply(value, globalThis, argumentList) === true) eventInternals.cancel(event);
    return;
  }
  if (ReflectApply(value, isGlobal ? globalThis : target, [event]) === false) eventInternals.cancel(event);
}
