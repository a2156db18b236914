// node:events (nodejs.org/api/events.html).

import { addAbortAlgorithm, isAborted, isAbortSignal, removeAbortAlgorithm } from "../dom/abort.js";
import { EventTarget } from "../dom/event_target.js";
import { inspect } from "../console/inspect.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { callInContext } from "../worker/request_context.js";
import { invalidArgType, plainError } from "./internal/errors.js";
import { on, once } from "./internal/event_promises.js";
import { nextTick } from "./internal/next_tick.js";
import { validateAbortSignal, validateBoolean, validateFunction, validateNumber, validateString } from "./internal/validators.js";

const {
  ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSplice, Error, FunctionPrototypeCall, ObjectCreate, ObjectDefineProperties,
  ObjectDefineProperty, ObjectGetPrototypeOf, PromisePrototypeThen, PromiseResolve, ReflectApply, ReflectOwnKeys, String, Symbol, SymbolDispose,
  SymbolFor,
} = primordials;

const kCapture = Symbol("kCapture");
const kErrorMonitor = Symbol("events.errorMonitor");
const kRejection = SymbolFor("nodejs.rejection");

let defaultMaxListeners = 10;
let captureByDefault = false;

/** Node.js's EventEmitter: a function, since classes of older code call it without `new`. */
function EventEmitter(options) {
  FunctionPrototypeCall(initialize, this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;

ObjectDefineProperties(EventEmitter, {
  captureRejections: {
    __proto__: null,
    get: () => captureByDefault,
    set: (value) => {
      validateBoolean(value, "EventEmitter.captureRejections");
      captureByDefault = value;
    },
    enumerable: true,
  },
  captureRejectionSymbol: { __proto__: null, value: kRejection, enumerable: true },
  errorMonitor: { __proto__: null, value: kErrorMonitor, enumerable: true },
  defaultMaxListeners: {
    __proto__: null,
    enumerable: true,
    get: () => defaultMaxListeners,
    set: (value) => {
      validateNumber(value, "defaultMaxListeners", 0);
      defaultMaxListeners = value;
    },
  },
});

/** @this {any} */
function initialize(options) {
  if (this._events === undefined || this._events === ObjectGetPrototypeOf(this)._events) {
    this._events = ObjectCreate(null);
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, "options.captureRejections");
    this[kCapture] = true;
  } else {
    this[kCapture] = captureByDefault;
  }
}

/** Makes methods of a prototype as Node.js's are: assignable and enumerable. */
function assign(prototype, methods) {
  const keys = ReflectOwnKeys(methods);
  for (let at = 0; at < keys.length; at++) prototype[keys[at]] = methods[keys[at]];
}

function checkListener(listener) {
  validateFunction(listener, "listener");
}

function limitOf(emitter) {
  return emitter._maxListeners === undefined ? defaultMaxListeners : emitter._maxListeners;
}

/** `first`, with what is in `rest` behind it. */
function withFirst(first, rest) {
  for (let at = 0; at < rest.length; at++) ArrayPrototypePush(first, rest[at]);
  return first;
}

/** A promise that a listener returned: its rejection is an 'error', if the emitter wants that. */
function captureRejection(emitter, result, type, args) {
  let then;
  try {
    ({ then } = result);
  } catch (error) {
    return void emitter.emit("error", error);
  }
  if (typeof then !== "function") return;
  ReflectApply(then, result, [undefined, (error) => {
    // In a tick of its own, as an error of an 'error' listener is nobody's rejection.
    nextTick(rejected, emitter, error, type, args);
  }]);
}

function rejected(emitter, error, type, args) {
  if (typeof emitter[kRejection] === "function") return void ReflectApply(emitter[kRejection], emitter, withFirst([error, type], args));
  const before = emitter[kCapture];
  try {
    emitter[kCapture] = false;
    emitter.emit("error", error);
  } finally {
    emitter[kCapture] = before;
  }
}

function call(emitter, listener, type, args) {
  const result = ReflectApply(listener, emitter, args);
  if (result !== undefined && result !== null && emitter[kCapture]) captureRejection(emitter, result, type, args);
}

function add(emitter, type, listener, isFirst) {
  checkListener(listener);
  let events = emitter._events;
  let existing;
  if (events === undefined) {
    events = emitter._events = ObjectCreate(null);
    emitter._eventsCount = 0;
  } else {
    if (events.newListener !== undefined) {
      emitter.emit("newListener", type, listener.listener ?? listener);
      // A listener of that may have made it anew.
      events = emitter._events;
    }
    existing = events[type];
  }
  if (existing === undefined) {
    events[type] = listener;
    emitter._eventsCount++;
    return emitter;
  }
  if (typeof existing === "function") {
    existing = events[type] = isFirst ? [listener, existing] : [existing, listener];
  } else if (isFirst) {
    ArrayPrototypeSplice(existing, 0, 0, listener);
  } else {
    ArrayPrototypePush(existing, listener);
  }
  const limit = limitOf(emitter);
  if (limit > 0 && existing.length > limit && !existing.warned) {
    existing.warned = true;
    warnOfLeak(emitter, type, existing.length, limit);
  }
  return emitter;
}

function warnOfLeak(emitter, type, count, limit) {
  /** @type {any} */
  const warning = new Error(
    `Possible EventEmitter memory leak detected. ${count} ${String(type)} listeners added to ` +
      `${inspect(emitter, { depth: -1 })}. MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`,
  );
  warning.name = "MaxListenersExceededWarning";
  warning.emitter = emitter;
  warning.type = type;
  warning.count = count;
  // The one module needs the other: this is looked up when there is something to say.
  ops.builtinModule("node:process")?.emitWarning(warning);
}

/** A listener that takes itself off before it is called. */
function wrapOnce(target, type, listener) {
  const state = { fired: false };
  const wrapped = (...args) => {
    if (state.fired) return undefined;
    target.removeListener(type, wrapped);
    state.fired = true;
    return ReflectApply(listener, target, args);
  };
  wrapped.listener = listener;
  return wrapped;
}

function listenersOf(target, type, isUnwrapped) {
  const existing = target._events?.[type];
  if (existing === undefined) return [];
  if (typeof existing === "function") return isUnwrapped ? [existing.listener ?? existing] : [existing];
  const list = ArrayPrototypeSlice(existing);
  if (isUnwrapped) {
    for (let at = 0; at < list.length; at++) list[at] = list[at].listener ?? list[at];
  }
  return list;
}

assign(EventEmitter.prototype, {
  setMaxListeners(count) {
    validateNumber(count, "setMaxListeners", 0);
    this._maxListeners = count;
    return this;
  },
  getMaxListeners() {
    return limitOf(this);
  },
  emit(type, ...args) {
    const events = this._events;
    if (type === "error") {
      if (events?.[kErrorMonitor] !== undefined) ReflectApply(this.emit, this, withFirst([kErrorMonitor], args));
      if (events?.error === undefined) throw unhandledError(args[0]);
    }
    const handler = events?.[type];
    if (handler === undefined) return false;
    if (typeof handler === "function") {
      call(this, handler, type, args);
      return true;
    }
    const list = ArrayPrototypeSlice(handler);
    for (let at = 0; at < list.length; at++) call(this, list[at], type, args);
    return true;
  },
  addListener(type, listener) {
    return add(this, type, listener, false);
  },
  prependListener(type, listener) {
    return add(this, type, listener, true);
  },
  once(type, listener) {
    checkListener(listener);
    this.on(type, wrapOnce(this, type, listener));
    return this;
  },
  prependOnceListener(type, listener) {
    checkListener(listener);
    this.prependListener(type, wrapOnce(this, type, listener));
    return this;
  },
  removeListener(type, listener) {
    checkListener(listener);
    const events = this._events;
    const existing = events?.[type];
    if (existing === undefined) return this;
    if (existing === listener || existing.listener === listener) {
      this._eventsCount--;
      if (this._eventsCount === 0) {
        this._events = ObjectCreate(null);
      } else {
        delete events[type];
      }
      if (events.removeListener) this.emit("removeListener", type, existing.listener ?? listener);
      return this;
    }
    if (typeof existing === "function") return this;
    for (let at = existing.length - 1; at >= 0; at--) {
      if (existing[at] !== listener && existing[at].listener !== listener) continue;
      ArrayPrototypeSplice(existing, at, 1);
      if (existing.length === 1) events[type] = existing[0];
      if (events.removeListener !== undefined) this.emit("removeListener", type, listener);
      break;
    }
    return this;
  },
  removeAllListeners(type) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener === undefined) {
      if (arguments.length === 0) {
        this._events = ObjectCreate(null);
        this._eventsCount = 0;
      } else if (events[type] !== undefined) {
        if (--this._eventsCount === 0) this._events = ObjectCreate(null);
        else delete events[type];
      }
      return this;
    }
    if (arguments.length === 0) {
      const types = ReflectOwnKeys(events);
      for (let at = 0; at < types.length; at++) {
        if (types[at] !== "removeListener") this.removeAllListeners(types[at]);
      }
      this.removeAllListeners("removeListener");
      this._events = ObjectCreate(null);
      this._eventsCount = 0;
      return this;
    }
    const listeners = events[type];
    if (typeof listeners === "function") {
      this.removeListener(type, listeners);
    } else if (listeners !== undefined) {
      for (let at = listeners.length - 1; at >= 0; at--) this.removeListener(type, listeners[at]);
    }
    return this;
  },
  listeners(type) {
    return listenersOf(this, type, true);
  },
  rawListeners(type) {
    return listenersOf(this, type, false);
  },
  listenerCount(type, listener) {
    const existing = this._events?.[type];
    if (existing === undefined) return 0;
    const list = typeof existing === "function" ? [existing] : existing;
    if (listener === undefined || listener === null) return list.length;
    let count = 0;
    for (let at = 0; at < list.length; at++) {
      if (list[at] === listener || list[at].listener === listener) count++;
    }
    return count;
  },
  eventNames() {
    return this._eventsCount > 0 ? ReflectOwnKeys(this._events) : [];
  },
});
EventEmitter.prototype.on = EventEmitter.prototype.addListener;
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

function unhandledError(error) {
  if (error instanceof Error) return error;
  let shown;
  try {
    shown = inspect(error);
  } catch {
    shown = error;
  }
  return plainError("ERR_UNHANDLED_ERROR", `Unhandled error. (${shown})`, { context: error });
}

function getEventListeners(target, type) {
  if (typeof target?.listeners === "function") return target.listeners(type);
  if (target instanceof EventTarget) return [];
  throw invalidArgType("emitter", ["EventEmitter", "EventTarget"], target);
}

const targetLimit = Symbol("events.maxEventTargetListeners");

function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === "function") return limitOf(target);
  if (target instanceof EventTarget) return target[targetLimit] ?? (isAbortSignal(target) ? 0 : defaultMaxListeners);
  throw invalidArgType("emitter", ["EventEmitter", "EventTarget"], target);
}

function setMaxListeners(count = defaultMaxListeners, ...targets) {
  validateNumber(count, "setMaxListeners", 0);
  if (targets.length === 0) defaultMaxListeners = count;
  for (let at = 0; at < targets.length; at++) {
    const target = targets[at];
    if (target instanceof EventTarget) {
      ObjectDefineProperty(target, targetLimit, { __proto__: null, value: count, writable: true, configurable: true });
    } else if (typeof target?.setMaxListeners === "function") {
      target.setMaxListeners(count);
    } else {
      throw invalidArgType("eventTargets", ["EventEmitter", "EventTarget"], target);
    }
  }
}

function listenerCount(emitter, type, listener) {
  if (typeof emitter?.listenerCount === "function") return emitter.listenerCount(type, listener);
  if (emitter instanceof EventTarget) return 0;
  return ReflectApply(EventEmitter.prototype.listenerCount, emitter, [type, listener]);
}

function addAbortListener(signal, listener) {
  if (signal === undefined) throw invalidArgType("signal", "AbortSignal", signal);
  validateAbortSignal(signal, "signal");
  validateFunction(listener, "listener");
  let remove;
  if (isAborted(signal)) {
    PromisePrototypeThen(PromiseResolve(), () => listener());
  } else {
    const algorithm = () => listener({ type: "abort", target: signal });
    addAbortAlgorithm(signal, algorithm);
    remove = () => removeAbortAlgorithm(signal, algorithm);
  }
  return {
    __proto__: null,
    [SymbolDispose]() {
      remove?.();
    },
  };
}

/** @type {any} */
const Base = EventEmitter;

/** An emitter whose listeners run in the context that it was made in. */
class EventEmitterAsyncResource extends Base {
  #context = ops.getAsyncContext();

  constructor(options = undefined) {
    if (typeof options === "string") validateString(options, "options");
    super(typeof options === "object" ? options : undefined);
  }

  emit(event, ...args) {
    return callInContext(this.#context, EventEmitter.prototype.emit, this, withFirst([event], args));
  }

  emitDestroy() {}

  get asyncId() {
    return 0;
  }

  get triggerAsyncId() {
    return 0;
  }
}

EventEmitter.EventEmitter = EventEmitter;
EventEmitter.init = initialize;
EventEmitter.usingDomains = false;
EventEmitter.kMaxEventTargetListeners = Symbol("events.maxEventTargetListeners");
EventEmitter.kMaxEventTargetListenersWarned = Symbol("events.maxEventTargetListenersWarned");
EventEmitter.once = once;
EventEmitter.on = on;
EventEmitter.getEventListeners = getEventListeners;
EventEmitter.getMaxListeners = getMaxListeners;
EventEmitter.setMaxListeners = setMaxListeners;
EventEmitter.listenerCount = listenerCount;
EventEmitter.addAbortListener = addAbortListener;
EventEmitter.EventEmitterAsyncResource = EventEmitterAsyncResource;

export const moduleExports = EventEmitter;
