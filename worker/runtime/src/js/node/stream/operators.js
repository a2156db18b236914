// The methods of a Readable that act as those of arrays (nodejs.org/api/stream.html#readablemapfn-options): some give a stream, made of
// an asynchronous generator, and some a promise.

import { AbortController, addAbortAlgorithm, createDependentAbortSignal, isAborted } from "../../dom/abort.js";
import { primordials } from "../../primordials.js";
import { abortError, invalidArgValue, outOfRange } from "../internal/errors.js";
import { validateAbortSignal, validateFunction, validateInteger, validateObject } from "../internal/validators.js";
import { addCheckedAbortSignal } from "./abort_signal.js";
import { compose as composeStreams } from "./compose.js";
import { Cursor } from "./cursor.js";
import { missingArgument } from "./errors.js";
import { finished } from "./finished.js";
import { isNodeStream, isWritable } from "./kinds.js";
import { Mapping } from "./mapping.js";

const { ArrayPrototypePush, FunctionPrototypeCall, MathFloor, Number, NumberIsNaN, ReflectApply, Symbol } = primordials;

/** What a function of map() gives for a chunk that is left out. */
const kNone = Symbol("kNone");

function checkOptions(options) {
  if (options !== undefined && options !== null) validateObject(options, "options");
  if (options?.signal !== undefined && options.signal !== null) validateAbortSignal(options.signal, "options.signal");
}

/** `withCause`: some operators say what the signal was aborted with. */
function checkAborted(options, withCause = false) {
  if (!options?.signal?.aborted) return;
  throw abortError(undefined, withCause ? { cause: options.signal.reason } : undefined);
}

/** @this {any} */
function compose(stream, options = undefined) {
  checkOptions(options);
  if (isNodeStream(stream) && !isWritable(stream)) throw invalidArgValue("stream", stream, "must be writable");
  const composed = composeStreams(this, stream);
  return options?.signal ? addCheckedAbortSignal(options.signal, composed) : composed;
}

/** @this {any} */
function map(fn, options = undefined) {
  validateFunction(fn, "fn");
  checkOptions(options);
  let concurrency = 1;
  if (options?.concurrency !== undefined && options.concurrency !== null) concurrency = MathFloor(options.concurrency);
  let highWaterMark = concurrency - 1;
  if (options?.highWaterMark !== undefined && options.highWaterMark !== null) highWaterMark = MathFloor(options.highWaterMark);
  validateInteger(concurrency, "options.concurrency", 1);
  validateInteger(highWaterMark, "options.highWaterMark", 0);
  const signal = createDependentAbortSignal(options?.signal ? [options.signal] : []);
  return mapped(new Mapping(this, fn, kNone, concurrency, highWaterMark + concurrency, signal));
}

async function* mapped(mapping) {
  mapping.start();
  try {
    for (;;) {
      while (mapping.length > 0) {
        const value = await mapping.first;
        if (mapping.isEnd(value)) return;
        if (isAborted(mapping.signal)) throw abortError();
        if (value !== kNone) yield value;
        mapping.takeFirst();
      }
      await mapping.more();
    }
  } finally {
    mapping.stop();
  }
}

/** @this {any} */
function filter(fn, options = undefined) {
  validateFunction(fn, "fn");
  const choose = async (value, own) => ((await fn(value, own)) ? value : kNone);
  return FunctionPrototypeCall(map, this, choose, options);
}

/** @this {any} */
async function forEach(fn, options = undefined) {
  validateFunction(fn, "fn");
  const call = async (value, own) => {
    await fn(value, own);
    return kNone;
  };
  const cursor = new Cursor(FunctionPrototypeCall(map, this, call, options));
  while (!cursor.isDone(await cursor.step()));
}

/** The first chunk that a function is true of. */
async function firstOf(stream, fn, options) {
  const cursor = new Cursor(FunctionPrototypeCall(filter, stream, fn, options));
  const step = await cursor.step();
  const isNone = cursor.isDone(step);
  if (cursor.isInside) await cursor.close();
  return { isNone, value: isNone ? undefined : step.value };
}

/** @this {any} */
async function some(fn, options = undefined) {
  return !(await firstOf(this, fn, options)).isNone;
}

/** @this {any} */
async function every(fn, options = undefined) {
  validateFunction(fn, "fn");
  return !(await FunctionPrototypeCall(some, this, async (...args) => !(await ReflectApply(fn, undefined, args)), options));
}

/** @this {any} */
async function find(fn, options) {
  return (await firstOf(this, fn, options)).value;
}

/** @this {any} */
async function reduce(reducer, initial, options) {
  validateFunction(reducer, "reducer");
  checkOptions(options);
  let hasValue = arguments.length > 1;
  if (options?.signal?.aborted) {
    const error = abortError(undefined, { cause: options.signal.reason });
    this.once("error", () => {});
    await finished(this.destroy(error));
    throw error;
  }
  const abort = new AbortController();
  const { signal } = abort;
  if (options?.signal) addAbortAlgorithm(options.signal, () => abort.abort());
  let value = initial;
  const cursor = new Cursor(this);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) break;
      checkAborted(options);
      if (hasValue) value = await reducer(value, step.value, { signal });
      else ({ value } = step);
      hasValue = true;
    }
    if (!hasValue) throw missingArgument("reduce", "Reduce of an empty stream requires an initial value");
  } finally {
    abort.abort();
    if (cursor.isInside) await cursor.close();
  }
  return value;
}

/** @this {any} */
async function toArray(options = undefined) {
  checkOptions(options);
  const result = [];
  const cursor = new Cursor(this);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) return result;
      checkAborted(options, true);
      ArrayPrototypePush(result, step.value);
    }
  } finally {
    if (cursor.isInside) await cursor.close();
  }
}

/** @this {any} */
function flatMap(fn, options = undefined) {
  return flattened(FunctionPrototypeCall(map, this, fn, options));
}

async function* flattened(values) {
  const cursor = new Cursor(values);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) return;
      yield* step.value;
    }
  } finally {
    if (cursor.isInside) await cursor.close();
  }
}

function toCount(value) {
  const count = Number(value);
  if (NumberIsNaN(count)) return 0;
  if (count < 0) throw outOfRange("number", ">= 0", count);
  return count;
}

/** @this {any} */
function drop(number, options = undefined) {
  checkOptions(options);
  return dropped(this, toCount(number), options);
}

async function* dropped(stream, count, options) {
  checkAborted(options);
  let left = count;
  const cursor = new Cursor(stream);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) return;
      checkAborted(options);
      if (left-- <= 0) yield step.value;
    }
  } finally {
    if (cursor.isInside) await cursor.close();
  }
}

/** @this {any} */
function take(number, options = undefined) {
  checkOptions(options);
  return taken(this, toCount(number), options);
}

async function* taken(stream, count, options) {
  checkAborted(options);
  let left = count;
  const cursor = new Cursor(stream);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) return;
      checkAborted(options);
      if (left-- > 0) yield step.value;
      // Not one chunk more is asked for.
      if (left <= 0) return;
    }
  } finally {
    if (cursor.isInside) await cursor.close();
  }
}

/** Those that give a generator, of which a stream is made. */
export const streamOperators = { compose, drop, filter, flatMap, map, take };
export const promiseOperators = { every, find, forEach, reduce, some, toArray };
