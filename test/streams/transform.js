// TransformStream.

import { deepEqual, deferred, done, equal, ignore, ok, reasonOf, rejectsWith, stateOf, test, thrownBy, turn } from "./harness.js";

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test("transforms, flushes and closes", async () => {
  const stream = new TransformStream({
    transform(chunk, c) { c.enqueue(chunk.toUpperCase()); },
    flush(c) { c.enqueue("end"); },
  });
  const collected = collect(stream.readable);
  const writer = stream.writable.getWriter();
  await writer.write("a");
  await writer.write("b");
  await writer.close();
  deepEqual(await collected, ["A", "B", "end"]);
});

test("without a transformer, chunks pass unchanged", async () => {
  const chunk = {};
  const { readable, writable } = new TransformStream();
  const read = readable.getReader().read();
  await writable.getWriter().write(chunk);
  equal((await read).value, chunk);
});

test("the transformer's methods get the controller and the transformer as this", async () => {
  const log = [];
  const transformer = {
    start(...args) { log.push(["start", this === transformer, args.length]); },
    transform(...args) { log.push(["transform", this === transformer, args.length]); },
    flush(...args) { log.push(["flush", this === transformer, args.length]); },
  };
  const { readable, writable } = new TransformStream(transformer);
  ignore(readable.getReader().read());
  const writer = writable.getWriter();
  await writer.write("a");
  await writer.close();
  deepEqual(log, [["start", true, 1], ["transform", true, 2], ["flush", true, 1]]);
});

test("back-pressure: nothing is transformed before somebody reads", async () => {
  let transformed = 0;
  const { readable, writable } = new TransformStream({ transform(chunk, c) { transformed++; c.enqueue(chunk); } });
  const writer = writable.getWriter();
  const write = writer.write("a");
  await turn();
  equal(transformed, 0);
  equal(await stateOf(write), "pending");
  await readable.getReader().read();
  await write;
  equal(transformed, 1);
});

test("an error of transform reaches both sides", async () => {
  const error = new Error("e");
  for (const transform of [() => { throw error; }, () => Promise.reject(error), (_, c) => c.error(error)]) {
    const { readable, writable } = new TransformStream({ transform });
    const writer = writable.getWriter();
    const reader = readable.getReader();
    const read = reader.read();
    writer.write("a").catch(() => {});
    equal(await reasonOf(read), error);
    equal(await reasonOf(writer.closed), error);
  }
});

test("terminate closes one side and errors the other", async () => {
  const { readable, writable } = new TransformStream({ transform(_, c) { c.terminate(); } });
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const read = reader.read();
  ignore(writer.write("a"));
  deepEqual(await read, { value: undefined, done: true });
  await rejectsWith(writer.closed, TypeError);
});

test("cancel: of the readable side and of abort, with the reason", async () => {
  const log = [];
  const transformer = { cancel(reason) { log.push(reason); }, flush() { log.push("flush"); } };
  const one = new TransformStream(transformer);
  const writer = one.writable.getWriter();
  await one.readable.cancel("x");
  equal(await reasonOf(writer.closed), "x");
  const two = new TransformStream(transformer);
  const reader = two.readable.getReader();
  await two.writable.abort("y");
  equal(await reasonOf(reader.closed), "y");
  deepEqual(log, ["x", "y"]);
});

test("cancel that throws: both sides get that error", async () => {
  const error = new Error("cancel");
  const one = new TransformStream({ cancel() { throw error; } });
  const writer = one.writable.getWriter();
  equal(await reasonOf(one.readable.cancel("x")), error);
  equal(await reasonOf(writer.closed), error);
  const two = new TransformStream({ cancel() { throw error; } });
  const reader = two.readable.getReader();
  equal(await reasonOf(two.writable.abort("y")), error);
  equal(await reasonOf(reader.closed), error);
});

test("cancel and close at once: cancel runs, flush does not", async () => {
  const log = [];
  const gate = deferred();
  const { readable, writable } = new TransformStream({ cancel() { log.push("cancel"); return gate.promise; }, flush() { log.push("flush"); } });
  await turn();
  const cancel = readable.cancel("x");
  const close = writable.close();
  gate.resolve();
  await Promise.all([cancel, close]);
  deepEqual(log, ["cancel"]);
});

test("construction: order of reads, types refused, start that throws or rejects", async () => {
  const log = [];
  const spy = (name, object) => new Proxy(object, { get(target, key) { log.push(`${name}.${String(key)}`); return target[key]; } });
  new TransformStream(spy("t", {}), spy("w", {}), spy("r", {}));
  deepEqual(log, [
    "w.highWaterMark", "w.size", "r.highWaterMark", "r.size", "t.cancel", "t.flush", "t.readableType", "t.start",
    "t.transform", "t.writableType",
  ]);
  ok(thrownBy(() => new TransformStream({ readableType: "bytes" })) instanceof RangeError);
  ok(thrownBy(() => new TransformStream({ writableType: "x" })) instanceof RangeError);
  ok(thrownBy(() => new TransformStream(null)) instanceof TypeError);
  ok(thrownBy(() => new TransformStream({}, { highWaterMark: -1 })) instanceof RangeError);
  const error = new Error("start");
  equal(thrownBy(() => new TransformStream({ start() { throw error; } })), error);
  const { readable, writable } = new TransformStream({ start: () => Promise.reject(error) });
  equal(await reasonOf(readable.getReader().read()), error);
  equal(await reasonOf(writable.getWriter().write("a")), error);
  ok(thrownBy(() => new TransformStreamDefaultController()) instanceof TypeError);
});

test("pipeThrough returns the readable side, and the chain ends as a whole", async () => {
  const double = new TransformStream({ transform(chunk, c) { c.enqueue(chunk); c.enqueue(chunk); } });
  const out = [];
  const piped = ReadableStream.from([1, 2]).pipeThrough(double);
  equal(piped, double.readable);
  await piped.pipeTo(new WritableStream({ write(chunk) { out.push(chunk); } }));
  deepEqual(out, [1, 1, 2, 2]);
  for (const pair of [undefined, {}, { readable: 1, writable: 1 }, { readable: new ReadableStream() }]) {
    ok(thrownBy(() => new ReadableStream().pipeThrough(pair)) instanceof TypeError);
  }
});

await done();
