// Events as promises: `once()` and `on()` of node:events.

import { addAbortAlgorithm, isAborted, isAbortSignal, removeAbortAlgorithm } from "../../dom/abort.js";
import { primordials } from "../../primordials.js";
import { abortError, invalidArgType } from "./errors.js";
import { validateAbortSignal, validateNumber } from "./validators.js";

const {
  ArrayPrototypePush, ArrayPrototypeShift, AsyncIteratorPrototype, Error, ObjectSetPrototypeOf, Promise, PromiseReject, PromiseResolve,
  SymbolAsyncIterator,
} = primordials;

/** `EventEmitter.once(emitter, name)`: the next event's arguments. */
export function once(emitter, name, options = {}) {
  return new Promise((resolve, reject) => {
    const signal = options?.signal;
    validateAbortSignal(signal, "options.signal");
    if (signal && isAborted(signal)) throw abortError(undefined, { cause: signal.reason });
    let stop;
    const onError = (error) => {
      stop();
      reject(error);
    };
    const onEvent = (...args) => {
      stop();
      resolve(args);
    };
    const onAbort = () => {
      stop();
      reject(abortError(undefined, { cause: signal.reason }));
    };
    const isEmitter = typeof emitter?.on === "function";
    stop = () => {
      unlisten(emitter, name, onEvent);
      if (isEmitter && name !== "error") unlisten(emitter, "error", onError);
      if (signal && isAbortSignal(signal)) removeAbortAlgorithm(signal, onAbort);
    };
    listen(emitter, name, onEvent, { once: true });
    if (isEmitter && name !== "error" && typeof emitter.once === "function") emitter.once("error", onError);
    if (signal && isAbortSignal(signal)) addAbortAlgorithm(signal, onAbort);
  });
}

function listen(emitter, name, listener, flags) {
  if (typeof emitter?.on === "function") {
    if (flags?.once) emitter.once(name, listener);
    else emitter.on(name, listener);
  } else if (typeof emitter?.addEventListener === "function") {
    emitter.addEventListener(name, listener, flags);
  } else {
    throw invalidArgType("emitter", "EventEmitter", emitter);
  }
}

function unlisten(emitter, name, listener) {
  if (typeof emitter.removeListener === "function") emitter.removeListener(name, listener);
  else if (typeof emitter.removeEventListener === "function") emitter.removeEventListener(name, listener);
}

/** `EventEmitter.on(emitter, name)`: an async iterator of events' arguments. */
export function on(emitter, name, options = {}) {
  const signal = options?.signal;
  validateAbortSignal(signal, "options.signal");
  if (signal && isAborted(signal)) throw abortError(undefined, { cause: signal.reason });
  const high = options.highWaterMark ?? options.highWatermark ?? Infinity;
  const low = options.lowWaterMark ?? options.lowWatermark ?? 1;
  validateNumber(high, "options.highWaterMark", 1);
  validateNumber(low, "options.lowWaterMark", 1);
  const events = [];
  const waiting = [];
  let error;
  let isFinished = false;
  let isPaused = false;
  const done = { value: undefined, done: true };

  const onEvent = (...args) => {
    const reader = ArrayPrototypeShift(waiting);
    if (reader !== undefined) return void reader.resolve({ value: args, done: false });
    ArrayPrototypePush(events, args);
    if (!isPaused && events.length > high && typeof emitter.pause === "function") {
      isPaused = true;
      emitter.pause();
    }
  };
  const onError = (failure) => {
    const reader = ArrayPrototypeShift(waiting);
    if (reader !== undefined) reader.reject(failure);
    else error = { failure };
    finish();
  };
  const onAbort = () => onError(abortError(undefined, { cause: signal.reason }));
  const closes = options.close ?? [];
  const finish = () => {
    if (!isFinished) {
      isFinished = true;
      unlisten(emitter, name, onEvent);
      if (typeof emitter?.on === "function" && name !== "error") unlisten(emitter, "error", onError);
      for (let at = 0; at < closes.length; at++) unlisten(emitter, closes[at], finish);
      if (signal && isAbortSignal(signal)) removeAbortAlgorithm(signal, onAbort);
    }
    while (waiting.length > 0) ArrayPrototypeShift(waiting).resolve(done);
    return PromiseResolve(done);
  };
  listen(emitter, name, onEvent);
  if (typeof emitter?.on === "function" && name !== "error") emitter.on("error", onError);
  for (let at = 0; at < closes.length; at++) listen(emitter, closes[at], finish);
  if (signal && isAbortSignal(signal)) addAbortAlgorithm(signal, onAbort);

  return ObjectSetPrototypeOf({
    next() {
      if (events.length > 0) {
        const value = ArrayPrototypeShift(events);
        if (isPaused && events.length < low && typeof emitter.resume === "function") {
          isPaused = false;
          emitter.resume();
        }
        return PromiseResolve({ value, done: false });
      }
      if (error !== undefined) {
        const { failure } = error;
        error = undefined;
        return PromiseReject(failure);
      }
      if (isFinished) return finish();
      return new Promise((resolve, reject) => ArrayPrototypePush(waiting, { resolve, reject }));
    },
    return() {
      return finish();
    },
    throw(failure) {
      if (!failure || !(failure instanceof Error)) throw invalidArgType("EventEmitter.AsyncIterator", "Error", failure);
      onError(failure);
    },
    [SymbolAsyncIterator]() {
      return this;
    },
  }, AsyncIteratorPrototype);
}
