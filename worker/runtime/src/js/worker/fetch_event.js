// `addEventListener("fetch", ...)`: the older form of Workers, by the Service Workers standard
// (https://w3c.github.io/ServiceWorker/#fetchevent-interface).

import { DOMException } from "../dom/dom_exception.js";
import { Event } from "../dom/event.js";
import { dispatchTrusted, globalEventTarget, hasListeners } from "../dom/event_target.js";
import { primordials } from "../primordials.js";
import { configureInterface, illegalConstructor, illegalInvocation, kInternal, requireArguments } from "../webidl.js";
import { holdRequest } from "./execution_context.js";

const { FunctionPrototypeCall, PromiseResolve, TypeError } = primordials;
const { stopImmediatePropagation } = Event.prototype;

let settle;

export class ExtendableEvent extends Event {
  #id;
  #request;

  constructor(key, type, id, request) {
    if (key !== kInternal) throw illegalConstructor();
    super(type);
    this.#id = id;
    this.#request = request;
  }

  waitUntil(promise) {
    if (!(#id in this)) throw illegalInvocation("ExtendableEvent");
    requireArguments(arguments.length, 1, "Failed to execute 'waitUntil' on 'ExtendableEvent'");
    holdRequest(this.#id, this.#request, promise);
  }
}

export class FetchEvent extends ExtendableEvent {
  #request;
  // The promise of the response, once a listener has given one.
  #response = null;
  // Whether listeners run still.
  #open = true;

  constructor(key, id, request) {
    super(key, "fetch", id, request);
    this.#request = request;
  }

  get request() {
    if (!(#request in this)) throw illegalInvocation("FetchEvent");
    return this.#request;
  }

  respondWith(response) {
    if (!(#request in this)) throw illegalInvocation("FetchEvent");
    requireArguments(arguments.length, 1, "Failed to execute 'respondWith' on 'FetchEvent'");
    if (!this.#open) {
      throw new DOMException("It is too late for respondWith(): a listener calls it before it returns", "InvalidStateError");
    }
    if (this.#response !== null) throw new DOMException("respondWith() was called already", "InvalidStateError");
    FunctionPrototypeCall(stopImmediatePropagation, this);
    this.#response = PromiseResolve(response);
  }

  // NANO: there is no other server that the request could be passed to.
  passThroughOnException() {
    if (!(#request in this)) throw illegalInvocation("FetchEvent");
  }

  static {
    settle = (event) => {
      event.#open = false;
      return event.#response;
    };
  }
}

configureInterface(ExtendableEvent);
configureInterface(FetchEvent);

/** Whether the global scope has a listener for what an app is called for: "fetch" | "scheduled". */
export function hasAppListener(type) {
  return hasListeners(globalEventTarget(), type);
}

/** Fires the event for `request`, which is number `id`. Returns the promise of the response. */
export function fireFetchEvent(id, request) {
  const event = new FetchEvent(kInternal, id, request);
  dispatchTrusted(globalEventTarget(), event);
  const response = settle(event);
  if (response === null) throw new TypeError("No listener of the fetch event has called respondWith()");
  return response;
}
