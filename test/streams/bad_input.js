// What programs pass that makes no sense, to each kind of stream: an error as the standard has it, never the end of the
// process. (Of WritableStream and byte streams, more is in the scripts that are named for them.)

import { deepEqual, deferred, done, equal, ignore, ok, reasonOf, rejectsWith, test, thrownBy, turn } from "./harness.js";

/** All that take a strategy, with the place of it. */
const constructors = {
  WritableStream: (strategy) => new WritableStream({}, strategy),
  ReadableStream: (strategy) => new ReadableStream({}, strategy),
  "byte stream": (strategy) => new ReadableStream({ type: "bytes" }, strategy),
  "writable side": (strategy) => new TransformStream({}, strategy),
  "readable side": (strategy) => new TransformStream({}, undefined, strategy),
};

test("high-water marks that are negative, NaN or no numbers", () => {
  for (const name of Object.keys(constructors)) {
    const construct = constructors[name];
    for (const highWaterMark of [-1, -Infinity, NaN, "many", {}]) {
      ok(thrownBy(() => construct({ highWaterMark })) instanceof RangeError, `${name}, ${String(highWaterMark)}`);
    }
    for (const highWaterMark of [1n, Symbol()]) {
      ok(thrownBy(() => construct({ highWaterMark })) instanceof TypeError, `${name}, ${String(highWaterMark)}`);
    }
    const mine = new Error("mine");
    equal(thrownBy(() => construct({ get highWaterMark() { throw mine; } })), mine, name);
    equal(thrownBy(() => construct({ highWaterMark: { valueOf() { throw mine; } } })), mine, name);
    for (const strategy of [1, "strategy", true]) ok(thrownBy(() => construct(strategy)) instanceof TypeError, name);
    construct({ highWaterMark: Infinity });
    construct(null);
  }
});

test("size that is no function", () => {
  for (const name of Object.keys(constructors)) {
    for (const size of [1, "size", {}, null]) {
      ok(thrownBy(() => constructors[name]({ size })) instanceof TypeError, `${name}, ${String(size)}`);
    }
  }
});

test("size() that throws, or returns what is no size: the stream is errored, with that", async () => {
  const mine = new Error("mine");
  const sizes = [
    [() => { throw mine; }, (error) => error === mine],
    ...[-1, NaN, Infinity, -Infinity, "many", undefined].map((size) => [() => size, (error) => error instanceof RangeError]),
    ...[1n, Symbol()].map((size) => [() => size, (error) => error instanceof TypeError]),
  ];
  for (const [size, isIt] of sizes) {
    let controller;
    const readable = new ReadableStream({ start(c) { controller = c; } }, { size });
    const thrown = thrownBy(() => controller.enqueue("a"));
    ok(isIt(thrown), `enqueue: ${thrown}`);
    equal(await reasonOf(readable.getReader().read()), thrown);

    const writer = new WritableStream({}, { size }).getWriter();
    ok(isIt(await reasonOf(writer.write("a"))), "write");
    ok(isIt(await reasonOf(writer.closed)), "closed");

    const written = new TransformStream({}, { size }).writable.getWriter();
    ok(isIt(await reasonOf(written.write("a"))), "write to a transform");

    const transform = new TransformStream({}, undefined, { size, highWaterMark: 5 });
    ok(isIt(await reasonOf(transform.writable.getWriter().write("a"))), "the readable side");
    ok(isIt(await reasonOf(transform.readable.getReader().read())), "the reader");
  }
});

test("sources, sinks and transformers that are none", () => {
  for (const value of [1, "text", true, Symbol(), null]) {
    ok(thrownBy(() => new WritableStream(value)) instanceof TypeError, `sink ${String(value)}`);
    ok(thrownBy(() => new ReadableStream(value)) instanceof TypeError, `source ${String(value)}`);
    if (value !== null) ok(thrownBy(() => new TransformStream(value)) instanceof TypeError, `transformer ${String(value)}`);
  }
  for (const member of ["start", "pull", "cancel"]) {
    ok(thrownBy(() => new ReadableStream({ [member]: 1 })) instanceof TypeError, member);
    ok(thrownBy(() => new ReadableStream({ type: "bytes", [member]: {} })) instanceof TypeError, member);
  }
  for (const member of ["start", "transform", "flush", "cancel"]) {
    ok(thrownBy(() => new TransformStream({ [member]: "x" })) instanceof TypeError, member);
  }
  for (const autoAllocateChunkSize of [0, -1, NaN, 2 ** 64, Infinity]) {
    ok(thrownBy(() => new ReadableStream({ type: "bytes", autoAllocateChunkSize })) instanceof TypeError, String(autoAllocateChunkSize));
  }
});

test("chunks of the wrong kind for streams that transform text and bytes", async () => {
  for (const chunk of [undefined, null, 1, "text", {}, [1, 2]]) {
    for (const make of [() => new TextDecoderStream(), () => new CompressionStream("gzip"), () => new DecompressionStream("gzip")]) {
      const stream = make();
      const writer = stream.writable.getWriter();
      const read = reasonOf(stream.readable.getReader().read());
      const error = await rejectsWith(writer.write(chunk), TypeError);
      equal(await read, error, "both sides");
    }
  }
  const stream = new TextEncoderStream();
  ignore(stream.readable.getReader().read());
  await rejectsWith(stream.writable.getWriter().write(Symbol()), TypeError);
});

test("detached buffers: written, enqueued, read into, and detached between", async () => {
  const detached = () => {
    const bytes = new Uint8Array(8);
    bytes.buffer.transfer();
    return bytes;
  };
  const written = [];
  const writer = new WritableStream({ write(chunk) { written.push(chunk.length); } }).getWriter();
  await writer.write(detached());
  await writer.write(new DataView(new ArrayBuffer(8)));
  deepEqual(written, [0, undefined]);

  let controller;
  const stream = new ReadableStream({ type: "bytes", start(c) { controller = c; } });
  ok(thrownBy(() => controller.enqueue(detached())) instanceof TypeError, "enqueue");
  const reader = stream.getReader({ mode: "byob" });
  await rejectsWith(reader.read(detached()), TypeError);
  const read = reader.read(new Uint8Array(8));
  await turn();
  const { view } = controller.byobRequest;
  view.buffer.transfer();
  ok(thrownBy(() => controller.byobRequest.respond(1)) instanceof TypeError, "respond");
  ok(thrownBy(() => controller.byobRequest.respondWithNewView(detached())) instanceof TypeError, "respondWithNewView");
  ok(thrownBy(() => controller.enqueue(new Uint8Array(1))) instanceof TypeError, "enqueue");
  controller.error("over");
  equal(await reasonOf(read), "over");
  // A buffer that was enqueued is the stream's.
  const taken = new Uint8Array(4);
  new ReadableStream({ type: "bytes", start(c) { c.enqueue(taken); } });
  equal(taken.length, 0);
});

test("BYOB requests answered wrongly", async () => {
  let controller;
  const stream = new ReadableStream({ type: "bytes", start(c) { controller = c; } });
  equal(controller.byobRequest, null);
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint16Array(4));
  await turn();
  const request = controller.byobRequest;
  for (const bytes of [-1, NaN, Infinity, 2 ** 60, undefined, {}]) {
    ok(thrownBy(() => request.respond(bytes)) instanceof TypeError, `respond(${String(bytes)})`);
  }
  ok(thrownBy(() => request.respond(9)) instanceof RangeError, "too much");
  ok(thrownBy(() => request.respond(0)) instanceof TypeError, "nothing");
  ok(thrownBy(() => request.respondWithNewView(new Uint8Array(9))) instanceof RangeError, "of a larger buffer");
  ok(thrownBy(() => request.respondWithNewView(new Uint8Array(request.view.buffer, 1))) instanceof RangeError, "elsewhere");
  ok(thrownBy(() => request.respondWithNewView({})) instanceof TypeError, "no view");
  request.respond(2);
  equal((await read).value.length, 1);
  ok(thrownBy(() => request.respond(1)) instanceof TypeError, "twice");
  equal(request.view, null);
});

test("re-entrant calls: from start, pull, size, transform, cancel and iteration", async () => {
  // pull cancels, errors and closes under the read that caused it.
  for (const act of ["error", "close", "release", "read"]) {
    let reader;
    let pulls = 0;
    const stream = new ReadableStream({
      pull(c) {
        if (++pulls > 5) return;
        if (act === "error") c.error("x");
        else if (act === "close") c.close();
        else if (act === "release") reader.releaseLock();
        else { ignore(reader.read()); c.enqueue("a"); }
      },
    }, { highWaterMark: 0 });
    reader = stream.getReader();
    const read = reader.read();
    if (act === "error") equal(await reasonOf(read), "x");
    else if (act === "close") equal((await read).done, true);
    else if (act === "release") await rejectsWith(read, TypeError);
    else equal((await read).value, "a");
  }
  // The source of an iteration goes on, ends and fails under next().
  for (const act of ["enqueue", "close", "error", "next", "return"]) {
    let iterator;
    let pulls = 0;
    const stream = new ReadableStream({
      pull(c) {
        if (++pulls === 1 || act === "enqueue") c.enqueue(pulls);
        else if (act === "close") c.close();
        else if (act === "error") c.error("x");
        else if (pulls === 2) ignore(iterator[act]());
        if (act === "enqueue" && pulls === 3) c.close();
      },
    });
    await turn();
    iterator = stream.values();
    const first = await iterator.next();
    deepEqual(first, { value: 1, done: false }, act);
    if (act === "error") equal(await reasonOf(iterator.next()), "x");
    else if (act === "enqueue") deepEqual([(await iterator.next()).value, (await iterator.next()).value], [2, 3]);
    else if (act === "close") equal((await iterator.next()).done, true);
  }
  // A transformer ends its own stream.
  for (const act of ["error", "terminate"]) {
    const stream = new TransformStream({ transform(_, c) { c[act]("x"); } });
    ignore(stream.readable.getReader().read());
    const writer = stream.writable.getWriter();
    ignore(writer.write("a"));
    const error = await reasonOf(writer.closed);
    ok(act === "error" ? error === "x" : error instanceof TypeError, act);
  }
  // cancel() and abort() call themselves.
  const readable = new ReadableStream({ cancel: () => { again = readable.cancel("again"); } });
  let again;
  await readable.cancel("first");
  equal(await again, undefined);
  const gate = deferred();
  const writable = new WritableStream({ abort() { ignore(writable.abort("again")); gate.resolve(); } });
  await writable.abort("first");
  await gate.promise;
});

test("arguments that are not streams", async () => {
  const readable = () => new ReadableStream();
  for (const value of [undefined, null, {}, new ReadableStream(), Object.create(WritableStream.prototype)]) {
    await rejectsWith(readable().pipeTo(value), TypeError);
  }
  for (const value of [undefined, null, {}, { readable: {}, writable: new WritableStream() }, { readable: new ReadableStream(), writable: {} }]) {
    ok(thrownBy(() => readable().pipeThrough(value)) instanceof TypeError);
  }
  await rejectsWith(readable().pipeTo(new WritableStream(), { signal: {} }), TypeError);
  for (const value of [undefined, null, 1, {}, { [Symbol.asyncIterator]: 1 }]) {
    ok(thrownBy(() => ReadableStream.from(value)) instanceof TypeError, String(value));
  }
  await rejectsWith(ReadableStream.from({ [Symbol.iterator]: () => ({ next: 1 }) }).getReader().read(), TypeError);
  await rejectsWith(ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next: () => 1 }) }).getReader().read(), TypeError);
});

await done();
