// node:diagnostics_channel (nodejs.org/api/diagnostics_channel.html).

import { primordials } from "../primordials.js";
import { invalidArgType } from "./internal/errors.js";
import { validateFunction } from "./internal/validators.js";
import { reportError } from "../html/error_reporting.js";

const {
  ArrayPrototypeIndexOf, ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSplice, Map, MapPrototypeDelete, MapPrototypeForEach,
  MapPrototypeGet, MapPrototypeGetSize, MapPrototypeHas, MapPrototypeSet, PromisePrototypeThen, PromiseReject, PromiseResolve,
  ReflectApply, Promise,
} = primordials;

const channels = new Map();

class Channel {
  #subscribers = [];
  #stores = new Map();

  constructor(name) {
    this.name = name;
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0 || MapPrototypeGetSize(this.#stores) > 0;
  }

  subscribe(subscription) {
    validateFunction(subscription, "subscription");
    ArrayPrototypePush(this.#subscribers, subscription);
  }

  unsubscribe(subscription) {
    const at = ArrayPrototypeIndexOf(this.#subscribers, subscription);
    if (at === -1) return false;
    ArrayPrototypeSplice(this.#subscribers, at, 1);
    return true;
  }

  bindStore(store, transform = undefined) {
    MapPrototypeSet(this.#stores, store, transform);
  }

  unbindStore(store) {
    return MapPrototypeDelete(this.#stores, store);
  }

  publish(data) {
    const subscribers = ArrayPrototypeSlice(this.#subscribers);
    for (let at = 0; at < subscribers.length; at++) {
      try {
        ReflectApply(subscribers[at], undefined, [data, this.name]);
      } catch (error) {
        // One subscriber's fault is not the publisher's.
        reportError(error);
      }
    }
  }

  runStores(data, callback, receiver = undefined, ...args) {
    let run = () => {
      this.publish(data);
      return ReflectApply(callback, receiver, args);
    };
    MapPrototypeForEach(this.#stores, (transform, store) => {
      const inner = run;
      run = () => {
        let value = data;
        if (transform !== undefined) {
          try {
            value = transform(data);
          } catch (error) {
            reportError(error);
            return inner();
          }
        }
        return store.run(value, inner);
      };
    });
    return run();
  }
}

function channel(name) {
  if (typeof name !== "string" && typeof name !== "symbol") throw invalidArgType("channel", ["string", "symbol"], name);
  let found = MapPrototypeGet(channels, name);
  if (found === undefined) {
    found = new Channel(name);
    MapPrototypeSet(channels, name, found);
  }
  return found;
}

function subscribe(name, subscription) {
  channel(name).subscribe(subscription);
}

function unsubscribe(name, subscription) {
  return channel(name).unsubscribe(subscription);
}

function hasSubscribers(name) {
  return MapPrototypeHas(channels, name) && channel(name).hasSubscribers;
}

const events = ["start", "end", "asyncStart", "asyncEnd", "error"];

class TracingChannel {
  /** @type {any} */
  start;
  /** @type {any} */
  end;
  /** @type {any} */
  asyncStart;
  /** @type {any} */
  asyncEnd;
  /** @type {any} */
  error;

  constructor(nameOrChannels) {
    for (let at = 0; at < events.length; at++) {
      this[events[at]] = typeof nameOrChannels === "string"
        ? channel(`tracing:${nameOrChannels}:${events[at]}`)
        : nameOrChannels[events[at]];
    }
  }

  get hasSubscribers() {
    for (let at = 0; at < events.length; at++) {
      if (this[events[at]]?.hasSubscribers) return true;
    }
    return false;
  }

  subscribe(handlers) {
    for (let at = 0; at < events.length; at++) {
      if (handlers[events[at]]) this[events[at]]?.subscribe(handlers[events[at]]);
    }
  }

  unsubscribe(handlers) {
    let isDone = true;
    for (let at = 0; at < events.length; at++) {
      if (handlers[events[at]] && !this[events[at]]?.unsubscribe(handlers[events[at]])) isDone = false;
    }
    return isDone;
  }

  traceSync(callback, context = {}, receiver = undefined, ...args) {
    return this.start.runStores(context, () => {
      try {
        context.result = ReflectApply(callback, receiver, args);
        return context.result;
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  tracePromise(callback, context = {}, receiver = undefined, ...args) {
    const settle = (key, value) => {
      context[key] = value;
      if (key === "error") this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
    };
    return this.start.runStores(context, () => {
      try {
        const result = ReflectApply(callback, receiver, args);
        const promise = result instanceof Promise ? result : PromiseResolve(result);
        return PromisePrototypeThen(promise, (value) => {
          settle("result", value);
          return value;
        }, (error) => {
          settle("error", error);
          return PromiseReject(error);
        });
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  traceCallback(callback, position = -1, context = {}, receiver = undefined, ...args) {
    const place = position < 0 ? args.length + position : position;
    const inner = args[place];
    validateFunction(inner, "callback");
    const trace = this;
    args[place] = function (error, result) {
      if (error) {
        context.error = error;
        trace.error.publish(context);
      } else {
        context.result = result;
      }
      const own = arguments;
      return trace.asyncStart.runStores(context, () => {
        try {
          return ReflectApply(inner, this, own);
        } finally {
          trace.asyncEnd.publish(context);
        }
      });
    };
    return this.start.runStores(context, () => {
      try {
        return ReflectApply(callback, receiver, args);
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
}

export const moduleExports = {
  channel,
  hasSubscribers,
  subscribe,
  TracingChannel,
  tracingChannel: (nameOrChannels) => new TracingChannel(nameOrChannels),
  unsubscribe,
  Channel,
};
