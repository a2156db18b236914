// Events (https://dom.spec.whatwg.org/#events). There is no tree: an event's path is its target.

import { now } from "../performance/clock.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, defineConstants, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";

const { ObjectDefineProperty } = primordials;

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
    // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
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
    // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
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
    // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
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

/** What dispatch reads and sets of an event that passed `isEvent`. */
export function eventSlots() {
  return eventInternals;
}

/** The attributes of an ErrorEvent; null of any other event. */
export function errorEventAttributes(event) {
  return errorEventInit(event);
}
