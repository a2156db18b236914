// ReadableStream: default and byte streams, tee, pipes, from, iteration.

import {
  deepEqual, deferred, done, equal, ignore, ok, reasonOf, rejectsWith, stateOf, test, thrownBy, turn,
} from "./harness.js";

/** A stream of the values, which then closes. */
function streamOf(...values) {
  return new ReadableStream({ pull(c) { if (values.length === 0) c.close(); else c.enqueue(values.shift()); } });
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test("the interfaces have the members of the standard, enumerable", () => {
  const members = (name) => Object.entries(Object.getOwnPropertyDescriptors(globalThis[name].prototype))
    .filter(([key]) => key !== "constructor")
    .map(([key, { get, value, enumerable }]) => `${key}${get ? "" : `/${value.length}`}${enumerable ? "" : " hidden"}`).sort();
  deepEqual(members("ReadableStream"),
    ["cancel/0", "getReader/0", "locked", "pipeThrough/1", "pipeTo/1", "tee/0", "values/0"]);
  deepEqual(members("ReadableStreamDefaultReader"), ["cancel/0", "closed", "read/0", "releaseLock/0"]);
  // Workers have one more.
  deepEqual(members("ReadableStreamBYOBReader"), ["cancel/0", "closed", "read/1", "readAtLeast/2", "releaseLock/0"]);
  deepEqual(members("ReadableStreamDefaultController"), ["close/0", "desiredSize", "enqueue/0", "error/0"]);
  deepEqual(members("ReadableByteStreamController"), ["byobRequest", "close/0", "desiredSize", "enqueue/1", "error/0"]);
  deepEqual(members("ReadableStreamBYOBRequest"), ["respond/1", "respondWithNewView/1", "view"]);
  equal(ReadableStream.prototype[Symbol.asyncIterator], ReadableStream.prototype.values);
  ok(Object.getOwnPropertyDescriptor(ReadableStream, "from").enumerable);
});

test("a BYOB reader fills every kind of view", async () => {
  const kinds = [
    BigInt64Array, BigUint64Array, Float16Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Uint8Array,
    Uint8ClampedArray, Uint16Array, Uint32Array, DataView,
  ];
  for (const kind of kinds) {
    const stream = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.respond(8); } });
    const { value } = await stream.getReader({ mode: "byob" }).read(new kind(new ArrayBuffer(8)));
    equal(value.constructor, kind);
    equal(value.byteLength, 8);
  }
});

test("reading, to the end", async () => {
  const reader = streamOf("a", "b").getReader();
  deepEqual(await reader.read(), { value: "a", done: false });
  deepEqual(await reader.read(), { value: "b", done: false });
  deepEqual(await reader.read(), { value: undefined, done: true });
  equal(await stateOf(reader.closed), "fulfilled");
});

test("pull is called once for what the high-water mark asks, and never before start", async () => {
  const gate = deferred();
  let pulls = 0;
  const stream = new ReadableStream({ start: () => gate.promise, pull() { pulls++; } }, { highWaterMark: 2 });
  await turn();
  equal(pulls, 0);
  gate.resolve();
  await turn();
  equal(pulls, 1);
  ignore(stream.getReader().read());
  await turn();
  equal(pulls, 2);
});

test("errors: of start, pull and the controller; the same reason everywhere", async () => {
  const error = new Error("source");
  for (const source of [
    { start: () => Promise.reject(error) }, { pull() { throw error; } }, { pull: () => Promise.reject(error) },
    { start(c) { c.error(error); } },
  ]) {
    const reader = new ReadableStream(source).getReader();
    equal(await reasonOf(reader.read()), error);
    equal(await reasonOf(reader.closed), error);
    equal(await reasonOf(reader.cancel()), error);
  }
});

test("cancel tells the source, and drops what is queued", async () => {
  const log = [];
  const stream = new ReadableStream({ start(c) { c.enqueue("a"); }, cancel(reason) { log.push(reason); } });
  equal(await stream.cancel("why"), undefined);
  deepEqual(log, ["why"]);
  deepEqual(await stream.getReader().read(), { value: undefined, done: true });
  await stream.cancel.call(new ReadableStream({ cancel: () => "ignored" }));
});

test("a locked stream says so", async () => {
  const stream = new ReadableStream();
  const reader = stream.getReader();
  equal(thrownBy(() => stream.getReader()).message, "ReadableStream is locked");
  equal(thrownBy(() => stream.tee()).message, "ReadableStream is locked");
  await rejectsWith(stream.cancel(), TypeError, "ReadableStream is locked");
  await rejectsWith(stream.pipeTo(new WritableStream()), TypeError, "ReadableStream is locked");
  const other = new WritableStream();
  other.getWriter();
  await rejectsWith(new ReadableStream().pipeTo(other), TypeError, "WritableStream is locked");
  const pending = reader.read();
  reader.releaseLock();
  await rejectsWith(pending, TypeError);
  await rejectsWith(reader.read(), TypeError);
  equal(stream.locked, false);
});

test("close and enqueue after close", () => {
  let controller;
  new ReadableStream({ start(c) { controller = c; } });
  controller.close();
  ok(thrownBy(() => controller.close()) instanceof TypeError);
  ok(thrownBy(() => controller.enqueue("a")) instanceof TypeError);
  equal(controller.desiredSize, 0);
});

test("re-entrance: size() that closes, errors or enqueues", async () => {
  let controller;
  const closing = new ReadableStream({ start(c) { controller = c; } }, { size() { controller.close(); return 1; } });
  controller.enqueue("a");
  await closing.getReader().closed;
  const erring = new ReadableStream({ start(c) { controller = c; } }, { size() { controller.error("x"); return 1; } });
  controller.enqueue("a");
  equal(await reasonOf(erring.getReader().read()), "x");
  let nested = 0;
  const stream = new ReadableStream({ start(c) { controller = c; } }, {
    size() {
      if (nested++ === 0) controller.enqueue("inner");
      return 1;
    },
  });
  controller.enqueue("outer");
  controller.close();
  deepEqual(await collect(stream), ["inner", "outer"]);
});

test("iteration: break cancels, preventCancel does not", async () => {
  let cancelled = 0;
  const source = () => new ReadableStream({ pull(c) { c.enqueue("a"); }, cancel() { cancelled++; } });
  for await (const _ of source()) break;
  equal(cancelled, 1);
  const stream = source();
  for await (const _ of stream.values({ preventCancel: true })) break;
  equal(cancelled, 1);
  equal(stream.locked, false);
  for (const Thrown of [Error]) {
    await reasonOf((async () => { for await (const _ of stream) throw new Thrown(); })());
    equal(cancelled, 2);
  }
});

test("iteration: concurrent next() and return()", async () => {
  const iterator = streamOf("a", "b").values();
  const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
  deepEqual(results, [{ value: "a", done: false }, { value: "b", done: false }, { value: undefined, done: true }, { value: undefined, done: true }]);
  deepEqual(await iterator.return("x"), { value: "x", done: true });
  const prototype = Object.getPrototypeOf(iterator);
  equal(Object.getPrototypeOf(prototype), Object.getPrototypeOf(Object.getPrototypeOf((async function* () {}).prototype)));
  await rejectsWith(prototype.next.call({}), TypeError);
});

test("from: arrays, sets, strings, generators, promises as values", async () => {
  deepEqual(await collect(ReadableStream.from(["a", Promise.resolve("b")])), ["a", "b"]);
  deepEqual(await collect(ReadableStream.from(new Set([1, 2]))), [1, 2]);
  deepEqual(await collect(ReadableStream.from("xy")), ["x", "y"]);
  deepEqual(await collect(ReadableStream.from((async function* () { yield 1; yield 2; })())), [1, 2]);
  deepEqual(await collect(ReadableStream.from(streamOf(1, 2))), [1, 2]);
  for (const bad of [undefined, null, 1, {}, { [Symbol.iterator]: 1 }, { [Symbol.iterator]: () => 1 }]) {
    ok(thrownBy(() => ReadableStream.from(bad)) instanceof TypeError);
  }
});

test("from: cancel closes the iterator with the reason", async () => {
  const log = [];
  const iterable = { [Symbol.asyncIterator]: () => ({
    next: () => ({ value: 1, done: false }),
    return(reason) { log.push(reason); return {}; },
  }) };
  const reader = ReadableStream.from(iterable).getReader();
  await reader.read();
  await reader.cancel("why");
  deepEqual(log, ["why"]);
});

test("tee: both get everything; both must cancel", async () => {
  const [one, two] = streamOf("a", "b").tee();
  deepEqual(await Promise.all([collect(one), collect(two)]), [["a", "b"], ["a", "b"]]);
  let reason;
  const [three, four] = new ReadableStream({ cancel(r) { reason = r; } }).tee();
  const cancel = three.cancel("x");
  await turn();
  equal(reason, undefined);
  await Promise.all([cancel, four.cancel("y")]);
  deepEqual(reason, ["x", "y"]);
  const error = new Error("e");
  const [five, six] = new ReadableStream({ pull() { throw error; } }).tee();
  equal(await reasonOf(five.getReader().read()), error);
  equal(await reasonOf(six.getReader().read()), error);
});

test("pipeTo: everything, then close; the options", async () => {
  const chunks = [];
  let closed = 0;
  const sink = () => new WritableStream({ write(c) { chunks.push(c); }, close() { closed++; } });
  await streamOf(1, 2, 3).pipeTo(sink());
  deepEqual(chunks, [1, 2, 3]);
  equal(closed, 1);
  const open = sink();
  await streamOf(4).pipeTo(open, { preventClose: true });
  equal(closed, 1);
  equal(open.locked, false);
  await open.getWriter().write(5);
  deepEqual(chunks, [1, 2, 3, 4, 5]);
});

test("pipeTo: errors go forward and backward", async () => {
  const error = new Error("e");
  let aborted;
  const failing = () => new ReadableStream({ pull() { throw error; } });
  equal(await reasonOf(failing().pipeTo(new WritableStream({ abort(r) { aborted = r; } }))), error);
  equal(aborted, error);
  const kept = new WritableStream();
  equal(await reasonOf(failing().pipeTo(kept, { preventAbort: true })), error);
  await kept.getWriter().write("still works");
  let cancelled;
  const source = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { cancelled = r; } });
  equal(await reasonOf(source.pipeTo(new WritableStream({ write() { throw error; } }))), error);
  equal(cancelled, error);
  const closed = new WritableStream();
  await closed.close();
  await rejectsWith(new ReadableStream().pipeTo(closed), TypeError);
});

test("pipeTo: a signal stops it after the writes under way", async () => {
  const gate = deferred();
  const abort = new AbortController();
  const log = [];
  const source = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { log.push(["cancel", r]); } });
  const sink = new WritableStream({ write: () => gate.promise, abort(r) { log.push(["abort", r]); } });
  const pipe = source.pipeTo(sink, { signal: abort.signal });
  await turn();
  abort.abort("why");
  await turn();
  equal(await stateOf(pipe), "pending");
  gate.resolve();
  equal(await reasonOf(pipe), "why");
  deepEqual(log, [["abort", "why"], ["cancel", "why"]]);
  await rejectsWith(source.pipeTo(sink, { signal: {} }), TypeError);
});

test("pipeTo: as fast as the sink takes it", async () => {
  let produced = 0;
  const gate = deferred();
  const source = new ReadableStream({ pull(c) { c.enqueue(++produced); } }, { highWaterMark: 0 });
  ignore(source.pipeTo(new WritableStream({ write: () => gate.promise }, { highWaterMark: 3 })));
  for (let i = 0; i < 5; i++) await turn();
  equal(produced, 3);
});

test("byte streams: BYOB reads, views and their buffers", async () => {
  const stream = new ReadableStream({ type: "bytes", pull(c) {
    const { view } = c.byobRequest;
    for (let i = 0; i < 3; i++) view[i] = i + 1;
    c.byobRequest.respond(3);
  } });
  const reader = stream.getReader({ mode: "byob" });
  const given = new Uint8Array(8);
  const { value, done: end } = await reader.read(given);
  deepEqual([...value], [1, 2, 3]);
  equal(end, false);
  equal(given.byteLength, 0, "transferred");
  equal(value.buffer.byteLength, 8);
  const { value: two } = await reader.read(new Uint16Array(4), { min: 2 });
  equal(two.constructor, Uint16Array);
  ok(two.length >= 2, "at least min");
});

test("byte streams: bad input", async () => {
  const stream = new ReadableStream({ type: "bytes" });
  const reader = stream.getReader({ mode: "byob" });
  const detached = new Uint8Array(4);
  detached.buffer.transfer();
  for (const [view, options, constructor] of [
    [detached, {}, TypeError], [new Uint8Array(0), {}, TypeError], [{}, {}, TypeError], [undefined, {}, TypeError],
    [new Uint8Array(4), { min: 0 }, TypeError], [new Uint8Array(4), { min: 5 }, RangeError],
    [new Uint8Array(4), { min: -1 }, TypeError], [new Uint16Array(4), { min: 5 }, RangeError],
  ]) await rejectsWith(reader.read(view, options), constructor);
  let controller;
  new ReadableStream({ type: "bytes", start(c) { controller = c; } });
  for (const chunk of ["text", {}, new ArrayBuffer(4), new Uint8Array(0), undefined]) {
    ok(thrownBy(() => controller.enqueue(chunk)) instanceof TypeError);
  }
  const memory = new WebAssembly.Memory({ initial: 1 });
  ok(thrownBy(() => controller.enqueue(new Uint8Array(memory.buffer))) instanceof TypeError);
  ok(thrownBy(() => new ReadableStream({ type: "text" })) instanceof TypeError);
  ok(thrownBy(() => new ReadableStream({ type: "bytes" }, { size: () => 1 })) instanceof RangeError);
  ok(thrownBy(() => new ReadableStream({ type: "bytes", autoAllocateChunkSize: 0 })) instanceof TypeError);
  ok(thrownBy(() => new ReadableStream().getReader({ mode: "byob" })) instanceof TypeError);
  ok(thrownBy(() => new ReadableStream().getReader({ mode: "other" })) instanceof TypeError);
});

test("byte streams: autoAllocateChunkSize, default readers, close with a view", async () => {
  let sent = 0;
  const stream = new ReadableStream({ type: "bytes", autoAllocateChunkSize: 16, pull(c) {
    if (sent++ === 2) {
      c.close();
      c.byobRequest.respond(0);
      return;
    }
    equal(c.byobRequest.view.byteLength, 16);
    c.byobRequest.respond(5);
  } });
  deepEqual((await collect(stream)).map((chunk) => chunk.byteLength), [5, 5]);
  let controller;
  const closing = new ReadableStream({ type: "bytes", start(c) { controller = c; } });
  const reader = closing.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(4));
  await turn();
  controller.close();
  controller.byobRequest.respond(0);
  const { value, done: end } = await read;
  deepEqual([value.byteLength, end], [0, true]);
});

test("byte streams: tee clones", async () => {
  let sent = 0;
  const stream = new ReadableStream({ type: "bytes", pull(c) { if (sent++ === 2) c.close(); else c.enqueue(new Uint8Array([sent])); } });
  const [one, two] = stream.tee();
  const [first, second] = await Promise.all([collect(one), collect(two)]);
  deepEqual(first.map((chunk) => chunk[0]), [1, 2]);
  deepEqual(second.map((chunk) => chunk[0]), [1, 2]);
  ok(first[0].buffer !== second[0].buffer);
});

test("Object.prototype.then of the tenant sees the results of reads, as the standard has it", async () => {
  const seen = [];
  Object.prototype.then = function (resolve) {
    seen.push(this.value);
    delete Object.prototype.then;
    resolve("intercepted");
  };
  equal(await streamOf("a").getReader().read(), "intercepted");
  deepEqual(seen, ["a"]);
});

await done();
