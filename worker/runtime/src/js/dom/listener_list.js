// The listeners for one type of event at one target (https://dom.spec.whatwg.org/#concept-event-listener), in the order in
// which they came. Adding looks for the same listener, removing takes one out of the middle, and events with `once` remove
// one after the other: none of that may look at all of a long list each time.

import { primordials } from "../primordials.js";
import { seal } from "../streams/sealed_class.js";

const { ArrayPrototypePush, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet } = primordials;

/** From so many listeners on, they are found by their callback. */
const indexFrom = 16;

/** A listener: `handler` marks the one that stands for an event handler attribute. */
export class Listener {
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
seal(Listener);

export class ListenerList {
  // Removed ones stay until they are more than the others.
  #listeners = [];
  #size = 0;
  // Callback → listener, of those that capture and of the others; null until it is needed.
  #capturing = null;
  #others = null;

  get size() {
    return this.#size;
  }

  /** The listener that addEventListener would add a second time, or null. */
  find(callback, capture) {
    if (this.#size >= indexFrom) {
      if (this.#others === null) this.#index();
      return MapPrototypeGet(capture ? this.#capturing : this.#others, callback) ?? null;
    }
    const listeners = this.#listeners;
    for (let i = 0; i < listeners.length; i++) {
      const listener = listeners[i];
      if (listener.callback === callback && listener.capture === capture && !listener.handler && !listener.removed) return listener;
    }
    return null;
  }

  append(listener) {
    ArrayPrototypePush(this.#listeners, listener);
    this.#size++;
    if (this.#others !== null) this.#enter(listener);
  }

  /** `listener` is one of them. */
  remove(listener) {
    listener.removed = true;
    this.#size--;
    if (this.#others !== null && !listener.handler) MapPrototypeDelete(this.#mapOf(listener), listener.callback);
    if (this.#size * 2 < this.#listeners.length) this.#listeners = this.copy();
  }

  copy() {
    const listeners = this.#listeners;
    const copy = [];
    for (let i = 0; i < listeners.length; i++) if (!listeners[i].removed) ArrayPrototypePush(copy, listeners[i]);
    return copy;
  }

  #index() {
    this.#capturing = new Map();
    this.#others = new Map();
    const listeners = this.#listeners;
    for (let i = 0; i < listeners.length; i++) if (!listeners[i].removed) this.#enter(listeners[i]);
  }

  #enter(listener) {
    if (!listener.handler) MapPrototypeSet(this.#mapOf(listener), listener.callback, listener);
  }

  #mapOf(listener) {
    return listener.capture ? this.#capturing : this.#others;
  }
}
