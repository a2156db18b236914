// A tenant that patches the intrinsics changes nothing of how streams work, and cannot reach their limit. Run with
// --max-buffer-size-mb 1.

/** A list on which no patched prototype has any influence. */
function list() {
  return Object.setPrototypeOf([], null);
}

const calls = list();
const native = {
  then: Promise.prototype.then, defineProperty: Object.defineProperty, getOwnPropertyNames: Object.getOwnPropertyNames,
  log: console.log, join: joined, asyncIterator: Symbol.asyncIterator,
  abort: Function.prototype.call.bind(WritableStreamDefaultWriter.prototype.abort),
};
function joined(values) {
  let text = "";
  for (let i = 0; i < values.length; i++) text += `${String(values[i])} `;
  return text;
}

async function scenario() {
  const written = list();
  const stream = new WritableStream({ write(chunk) { written[written.length] = chunk; } });
  const writer = stream.getWriter();
  for (let i = 0; i < 20; i++) await writer.write(i);
  const queued = writer.write("a");
  writer.write("b");
  await writer.ready;
  await queued;
  await writer.close();
  await writer.closed;

  const slow = new WritableStream({ async write(chunk) { await undefined; written[written.length] = chunk; } });
  const slowWriter = slow.getWriter();
  slowWriter.write("c");
  await slowWriter.write("d");
  slowWriter.releaseLock();

  let sent = 0;
  const source = new ReadableStream({ pull(c) { if (sent === 3) c.close(); else c.enqueue(sent++); } });
  const transform = new TransformStream({ transform(chunk, c) { c.enqueue(chunk * 2); } });
  const piped = list();
  await source.pipeThrough(transform).pipeTo(new WritableStream({ write(chunk) { piped[piped.length] = chunk; } }));

  const branches = new ReadableStream({ start(c) { c.enqueue("t"); c.close(); } }).tee();
  const first = await branches[0].getReader().read();
  const second = await branches[1].getReader().read();

  const bytes = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.view[0] = 7; c.byobRequest.respond(1); } });
  const byob = await bytes.getReader({ mode: "byob" }).read(new Uint8Array(4));

  const iterated = list();
  for await (const chunk of new ReadableStream({ start(c) { c.enqueue("i"); c.enqueue("j"); c.close(); } })) {
    iterated[iterated.length] = chunk;
  }
  const early = new ReadableStream({ pull(c) { c.enqueue("k"); } });
  for await (const chunk of early.values({ preventCancel: true })) {
    iterated[iterated.length] = chunk;
    break;
  }

  const steps = new ReadableStream({ start(c) { c.enqueue("m"); c.enqueue("n"); c.close(); } }).values();
  const step1 = steps.next();
  const step2 = steps.next();
  const step3 = steps.return("r");
  const stepped = native.join([(await step1).value, (await step2).value, (await step3).value]);

  const aside = list();
  const listed = ReadableStream.from({
    [native.asyncIterator]: () => ({ i: 0, async next() { return { done: this.i === 2, value: this.i++ }; } }),
  }).getReader();
  aside[0] = (await listed.read()).value;
  aside[1] = (await listed.read()).value;
  aside[2] = (await listed.read()).done;

  const started = new TransformStream({ async start(c) { await undefined; c.enqueue("s"); }, async flush() {} });
  const startedReader = started.readable.getReader();
  aside[3] = (await startedReader.read()).value;

  const crowded = new WritableStream({ write() {} }).getWriter();
  for (let i = 0; i < 20; i++) await crowded.write(i);
  const firstOfTwo = crowded.write("a");
  const secondOfTwo = crowded.write("b");
  aside[4] = await firstOfTwo;
  aside[5] = await secondOfTwo;
  const aborted = crowded.write("c");
  await native.abort(crowded, "d");
  aside[6] = await aborted;

  const ready = new WritableStream({ write() {} }).getWriter();
  for (let i = 0; i < 20; i++) {
    await ready.ready;
    ready.write(i);
  }

  let refused = "";
  const over = new WritableStream({ write() {} }).getWriter();
  try {
    await over.write("x".repeat(2 ** 20));
  } catch (error) {
    refused = error.message;
  }
  let errored = "";
  const failing = new WritableStream({ write() { throw "no"; } }).getWriter();
  try {
    await failing.write(1);
  } catch (error) {
    errored = error;
  }
  return native.join([
    written.length, written[19], written[20], written[23], piped[0], piped[1], piped[2], first.value, second.value,
    byob.value[0], byob.value.length, iterated[0], iterated[1], iterated[2], refused, errored,
    stepped, aside[0], aside[1], aside[2], aside[3], aside[4], aside[5], aside[6],
  ]);
}

const evil = (name) => function () {
  calls[calls.length] = name;
  throw new Error(`patched ${name} was called`);
};

function patch(object, key, name) {
  const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
  native.defineProperty(object, key, { value: evil(name), configurable: true, writable: true });
  return () => (descriptor === undefined ? delete object[key] : native.defineProperty(object, key, descriptor));
}

function patchGetter(object, key, name) {
  const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
  native.defineProperty(object, key, { get: evil(name), set() {}, configurable: true });
  return () => (descriptor === undefined ? delete object[key] : native.defineProperty(object, key, descriptor));
}

const expected = await scenario();

const ArrayIterator = Object.getPrototypeOf([][Symbol.iterator]());
const AsyncGenerator = Object.getPrototypeOf((async function* () {}).prototype);
const TypedArray = Object.getPrototypeOf(Uint8Array);
const attacks = {
  "Promise.prototype.then": () => patch(Promise.prototype, "then", "then"),
  "Promise.prototype.catch": () => patch(Promise.prototype, "catch", "catch"),
  "Promise.resolve, reject": () => {
    const undo = [patch(Promise, "resolve", "resolve"), patch(Promise, "reject", "reject")];
    return () => { undo[0](); undo[1](); };
  },
  "Promise[Symbol.species]": () => patchGetter(Promise, Symbol.species, "species"),
  "Symbol.iterator of arrays": () => patch(Array.prototype, Symbol.iterator, "iterator"),
  "next of array iterators": () => patch(ArrayIterator, "next", "next"),
  "Symbol.asyncIterator": () => {
    const undo = [
      patch(Object.prototype, Symbol.asyncIterator, "asyncIterator of objects"),
      patch(AsyncGenerator, "next", "next of asynchronous generators"),
      patch(AsyncGenerator, "return", "return of asynchronous generators"),
      patch(globalThis, "Symbol", "Symbol"),
    ];
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "push, shift and their like": () => {
    const undo = list();
    for (const name of ["push", "pop", "shift", "unshift", "splice", "slice", "concat", "fill"]) {
      undo[undo.length] = patch(Array.prototype, name, name);
    }
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "setters for indices on Array.prototype and Object.prototype": () => {
    const undo = list();
    for (let i = 0; i < 4; i++) undo[undo.length] = patchSetter(Array.prototype, `${i}`);
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "names of internal slots on Object.prototype": () => {
    const undo = list();
    const names = [
      "promise", "reject", "isLazy", "bytes", "state", "storedError", "react", "deferred", "chunk", "twin", "pulled", "onTurn",
      "isOngoing", "quickCall", "slot", "holder", "isBusy", "reaction", "inFlightWritePromise", "simpleWrites", "account", "queue", "guarded",
    ];
    for (let i = 0; i < names.length; i++) undo[undo.length] = patchGetter(Object.prototype, names[i], names[i]);
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "lengths of views and buffers": () => {
    const undo = [
      patchGetter(TypedArray.prototype, "byteLength", "byteLength"), patchGetter(ArrayBuffer.prototype, "byteLength", "byteLength"),
      patchGetter(DataView.prototype, "byteLength", "byteLength"), patch(ArrayBuffer, "isView", "isView"),
      patchGetter(TypedArray.prototype, Symbol.toStringTag, "tag"),
    ];
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "charCodeAt, length of strings": () => patch(String.prototype, "charCodeAt", "charCodeAt"),
  "Reflect.apply, Function.prototype.call, apply, bind": () => {
    const undo = [
      patch(Reflect, "apply", "apply"), patch(Function.prototype, "call", "call"), patch(Function.prototype, "apply", "apply"),
      patch(Function.prototype, "bind", "bind"),
    ];
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "the streams' own methods": () => {
    const undo = list();
    const prototypes = [WritableStreamDefaultWriter.prototype, ReadableStreamDefaultReader.prototype];
    // Only what the scenario itself does not call.
    undo[0] = patch(prototypes[0], "abort", "abort");
    undo[1] = patch(prototypes[1], "cancel", "cancel");
    undo[2] = patch(prototypes[1], "releaseLock", "releaseLock");
    undo[3] = patchGetter(WritableStreamDefaultWriter.prototype, "desiredSize", "desiredSize");
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
  "FinalizationRegistry": () => patch(FinalizationRegistry.prototype, "register", "register"),
  "RangeError, TypeError, Promise, Uint8Array as globals": () => {
    const undo = list();
    for (const name of ["RangeError", "TypeError", "Uint8Array", "ArrayBuffer", "Promise"]) {
      if (name !== "Uint8Array") undo[undo.length] = patch(globalThis, name, name);
    }
    return () => { for (let i = 0; i < undo.length; i++) undo[i](); };
  },
};

function patchSetter(object, key) {
  native.defineProperty(object, key, { get() { return undefined; }, set() { calls[calls.length] = `setter ${key}`; }, configurable: true });
  return () => delete object[key];
}

let failed = 0;
let count = 0;
for (const name of Object.keys(attacks)) {
  count++;
  calls.length = 0;
  const undo = attacks[name]();
  let outcome;
  try {
    outcome = await scenario();
  } catch (error) {
    outcome = `threw ${error?.message}`;
  }
  const seen = native.join(calls);
  undo();
  if (outcome === expected && calls.length === 0) {
    native.log(`ok ${count} - ${name}`);
  } else {
    failed++;
    native.log(`not ok ${count} - ${name}\n  expected ${expected}\n  got ${outcome}\n  calls ${seen}`);
  }
}

// The limit is no property of anything that a program can reach.
const reachable = new Set();
function walk(object) {
  if ((typeof object !== "object" && typeof object !== "function") || object === null || reachable.has(object)) return;
  reachable.add(object);
  for (const key of Reflect.ownKeys(object)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
    if ("value" in descriptor) walk(descriptor.value);
  }
  walk(Object.getPrototypeOf(object));
}
const stuck = new WritableStream({ write: () => new Promise(() => {}) });
walk(stuck);
walk(stuck.getWriter());
walk(new ReadableStream().getReader());
walk(new TransformStream());
let found = "";
for (const object of reachable) {
  for (const key of Reflect.ownKeys(object)) {
    const value = Reflect.getOwnPropertyDescriptor(object, key).value;
    if (value === 2 ** 20 || (value instanceof Float64Array)) found = String(key);
    if (/account|budget|charge|counters/i.test(String(key)) && object !== native) found = String(key);
  }
}
count++;
native.log(found === "" ? `ok ${count} - the limit is out of reach` : `not ok ${count} - ${found} is reachable`);
native.log(`1..${count}`);
if (failed > 0 || found !== "") throw new Error("failed");
