// The buffer limit of one stream. Run with --max-buffer-size-mb 1.

import { deferred, done, equal, ignore, ok, reasonOf, rejectsWith, stateOf, test, thrownBy, turn } from "./harness.js";

const MB = 2 ** 20;
const OVERHEAD = 32;
const MESSAGE = "Stream buffer size limit exceeded (max: 1MB)";

/** A writer whose sink never ends its first write. */
async function busyWriter(options) {
  const stream = new WritableStream({ write: () => new Promise(() => {}) }, options);
  await turn();
  return stream.getWriter();
}

async function fits(chunk) {
  const written = [];
  const writer = new WritableStream({ write(c) { written.push(c); } }).getWriter();
  await turn();
  await writer.write(chunk);
  ok(written.length === 1, "the sink got it");
}

async function overflows(chunk) {
  const written = [];
  const writer = new WritableStream({ write(c) { written.push(c); } }).getWriter();
  await turn();
  await rejectsWith(writer.write(chunk), RangeError, MESSAGE);
  equal(written.length, 0, "the sink never saw it");
}

test("a single chunk: exactly the limit fits, one byte more does not", async () => {
  await fits("x".repeat(MB - OVERHEAD));
  await overflows("x".repeat(MB - OVERHEAD + 1));
  await overflows("x".repeat(MB));
  await fits(new Uint8Array(MB - OVERHEAD));
  await overflows(new Uint8Array(MB - OVERHEAD + 1));
  await fits(new ArrayBuffer(MB - OVERHEAD));
  await overflows(new ArrayBuffer(MB - OVERHEAD + 1));
  await overflows(new DataView(new ArrayBuffer(MB)));
  await fits(new DataView(new ArrayBuffer(MB), MB - 1));
  await overflows(new Float64Array(MB / 8));
  await fits(new Blob(["x".repeat(MB - OVERHEAD)]));
  await overflows(new Blob(["x".repeat(MB)]));
});

test("strings cost their length in UTF-8", async () => {
  await fits("é".repeat(MB / 2 - OVERHEAD / 2));
  await overflows("é".repeat(MB / 2 - OVERHEAD / 2 + 1));
  await fits("\u20ac".repeat(Math.floor((MB - OVERHEAD) / 3)));
  await overflows("\u20ac".repeat(Math.floor(MB / 3)));
  await fits("\u{1f600}".repeat((MB - OVERHEAD) / 4));
  await overflows("\u{1f600}".repeat(MB / 4));
  await overflows("\ud800".repeat(Math.ceil(MB / 3)));
  const rope = "a".repeat(MB / 2) + "b".repeat(MB / 2);
  await overflows(rope);
});

test("short strings count too, of every width", async () => {
  for (const [text, bytes] of [["a", 1], ["é", 2], ["€", 3], ["😀", 4], ["\ud800", 3], ["aé€😀", 10], ["", 0]]) {
    const writer = await busyWriter({ highWaterMark: Infinity });
    const room = MB - OVERHEAD - (bytes + OVERHEAD);
    const first = writer.write(text);
    const exact = writer.write("x".repeat(room));
    equal(await stateOf(exact), "pending", text);
    await rejectsWith(writer.write(""), RangeError, MESSAGE);
    ignore(first);
    ignore(exact);
  }
});

test("anything else costs 1024", async () => {
  for (const chunk of [1, undefined, null, true, {}, [], Symbol(), 10n, () => {}, new Map(), new Proxy({}, {})]) {
    const writer = await busyWriter({ highWaterMark: Infinity });
    const room = Math.floor(MB / (1024 + OVERHEAD));
    for (let i = 0; i < room; i++) ignore(writer.write(chunk));
    await turn();
    await rejectsWith(writer.write(chunk), RangeError, MESSAGE);
  }
});

test("costs are exact in code that V8 has optimized, too", async () => {
  const kinds = [
    [(i) => "x".repeat(500) + i, 505],
    [(i) => "я".repeat(300) + i, 605],
    [(i) => "\ud800" + i + "é".repeat(100), 208],
    [() => new ArrayBuffer(64), 64],
    [() => ({}), 1024],
  ];
  for (const [make, bytes] of kinds) {
    let controller;
    const stream = new ReadableStream({ start(c) { controller = c; } }, { highWaterMark: Infinity });
    const reader = stream.getReader();
    const rest = new Uint8Array(MB - OVERHEAD - bytes - OVERHEAD);
    for (let i = 10000; i < 30000; i++) {
      controller.enqueue(make(i));
      controller.enqueue(rest);
      await reader.read();
      await reader.read();
    }
    controller.enqueue(make(10000));
    controller.enqueue(rest);
    equal(thrownBy(() => controller.enqueue("")).message, MESSAGE, String(make));
  }
});

test("two awaited writes of 1 MiB: the first fails already", async () => {
  const writer = new WritableStream({ write() {} }).getWriter();
  await rejectsWith(writer.write("x".repeat(MB)), RangeError, MESSAGE);
  await rejectsWith(writer.write("x".repeat(MB)), RangeError, MESSAGE);
});

test("endless empty chunks overflow", async () => {
  for (const chunk of ["", new Uint8Array(0), new ArrayBuffer(0)]) {
    const writer = await busyWriter({ highWaterMark: Infinity });
    let accepted = 0;
    let refused;
    while (refused === undefined && accepted <= MB) {
      const promise = writer.write(chunk);
      promise.catch((error) => { refused ??= error; });
      accepted++;
      if (accepted % 1000 === 0) await undefined;
    }
    ok(accepted >= MB / 1024 && accepted <= MB / 8 + 1000, `after ${accepted}`);
    equal(refused.message, MESSAGE);
  }
});

test("while the sink is busy, the refused write rejects at once, and what waits is let go", async () => {
  const gate = deferred();
  const stream = new WritableStream({ write: () => gate.promise }, { highWaterMark: Infinity });
  const writer = stream.getWriter();
  await turn();
  const inFlight = writer.write("a");
  const queued = writer.write("b");
  const refused = writer.write("x".repeat(MB));
  const error = await rejectsWith(refused, RangeError, MESSAGE);
  equal(await stateOf(inFlight), "pending", "in flight");
  equal(await stateOf(queued), "pending", "queued");
  equal(writer.desiredSize, null);
  equal(await reasonOf(writer.ready), error);
  equal(await reasonOf(writer.write("c")), error);
  gate.resolve();
  await inFlight;
  equal(await reasonOf(queued), error);
  equal(await reasonOf(writer.closed), error);
});

test("before start has ended, too", async () => {
  const gate = deferred();
  const writer = new WritableStream({ start: () => gate.promise }).getWriter();
  const error = await rejectsWith(writer.write("x".repeat(MB)), RangeError, MESSAGE);
  equal(await stateOf(writer.closed), "pending");
  gate.resolve();
  equal(await reasonOf(writer.closed), error);
});

test("the sink's abort is not called: nobody aborted", async () => {
  let aborted = false;
  const writer = new WritableStream({ abort() { aborted = true; } }).getWriter();
  await turn();
  await reasonOf(writer.write("x".repeat(MB)));
  await turn();
  equal(aborted, false);
});

test("a producer that awaits ready never overflows", async () => {
  let total = 0;
  const stream = new WritableStream({ async write(chunk) { await undefined; total += chunk.length; } });
  const writer = stream.getWriter();
  for (let i = 0; i < 64; i++) {
    await writer.ready;
    ignore(writer.write("x".repeat(MB / 4)));
  }
  await writer.close();
  equal(total, 16 * MB);
});

test("what was written, cleared or refused is given back", async () => {
  const stream = new WritableStream({ write() {} }, { highWaterMark: Infinity });
  const writer = stream.getWriter();
  const half = "x".repeat(MB / 2);
  for (let i = 0; i < 20; i++) await writer.write(half);
  for (let i = 0; i < 20; i++) {
    const promise = writer.write(half);
    ignore(writer.write("y"));
    await promise;
  }
  await writer.close();
});

test("the size function and the high-water mark do not raise the limit", async () => {
  const options = { highWaterMark: Infinity, size: () => 0 };
  const writer = await busyWriter(options);
  ignore(writer.write("x".repeat(MB / 2)));
  ignore(writer.write("x".repeat(MB / 4)));
  await rejectsWith(writer.write("x".repeat(MB / 4)), RangeError, MESSAGE);
});

test("a chunk that lies about its size counts what it is", async () => {
  const bytes = new Uint8Array(MB);
  Object.defineProperty(bytes, "byteLength", { value: 0 });
  Object.defineProperty(bytes, "length", { value: 0 });
  Object.setPrototypeOf(bytes, null);
  await overflows(bytes);
  const buffer = new ArrayBuffer(MB);
  Object.setPrototypeOf(buffer, Object.prototype);
  Object.defineProperty(buffer, "byteLength", { value: 0 });
  await overflows(buffer);
  const view = new DataView(new ArrayBuffer(MB));
  Object.setPrototypeOf(view, null);
  await overflows(view);
  class Small extends Uint8Array {
    get byteLength() { return 0; }
  }
  await overflows(new Small(MB));
});

test("detached and shrunk views count what they still are", async () => {
  const buffer = new ArrayBuffer(MB);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  buffer.transfer();
  await fits(bytes);
  await fits(view);
  const resizable = new ArrayBuffer(MB, { maxByteLength: 2 * MB });
  const tracking = new DataView(resizable, MB / 2);
  resizable.resize(0);
  await fits(tracking);
});

test("ReadableStream: enqueue throws and the stream is errored", async () => {
  let controller;
  const stream = new ReadableStream({ start(c) { controller = c; } });
  controller.enqueue("x".repeat(MB / 2));
  const error = thrownBy(() => controller.enqueue("x".repeat(MB / 2)));
  ok(error instanceof RangeError);
  equal(error.message, MESSAGE);
  const reader = stream.getReader();
  equal(await reasonOf(reader.read()), error);
  equal(await reasonOf(reader.closed), error);
});

test("ReadableStream: a chunk that a reader waits for is not queued, and may be larger", async () => {
  let controller;
  const stream = new ReadableStream({ start(c) { controller = c; } });
  const read = stream.getReader().read();
  controller.enqueue("x".repeat(2 * MB));
  equal((await read).value.length, 2 * MB);
});

test("ReadableStream: reading gives back", async () => {
  let sent = 0;
  const stream = new ReadableStream({ pull(c) { if (++sent > 32) c.close(); else c.enqueue("x".repeat(MB / 2)); } });
  let total = 0;
  for await (const chunk of stream) total += chunk.length;
  equal(total, 16 * MB);
});

test("byte streams: the queue is bounded, and partial reads give back what they took", async () => {
  let controller;
  const stream = new ReadableStream({ type: "bytes", start(c) { controller = c; } });
  controller.enqueue(new Uint8Array(MB - OVERHEAD));
  const reader = stream.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(MB / 2));
  equal(value.byteLength, MB / 2);
  controller.enqueue(new Uint8Array(MB / 2 - OVERHEAD));
  const error = thrownBy(() => controller.enqueue(new Uint8Array(1)));
  equal(error.message, MESSAGE);
  equal(await reasonOf(reader.read(new Uint8Array(1))), error);
});

test("tee: a branch that is not read overflows, the other goes on to the end", async () => {
  for (const type of [undefined, "bytes"]) {
    let sent = 0;
    const source = new ReadableStream({
      type,
      pull(c) {
        if (++sent > 8) c.close();
        else c.enqueue(new Uint8Array(MB / 4));
      },
    });
    const [one, two] = source.tee();
    let total = 0;
    for await (const chunk of one) total += chunk.byteLength;
    equal(total, 2 * MB);
    const error = await reasonOf(two.getReader().read());
    equal(error.message, MESSAGE, String(type));
  }
});

test("tee: when both branches overflowed, the source is cancelled with both errors", async () => {
  for (const type of [undefined, "bytes"]) {
    let controller;
    const cancelled = deferred();
    const source = new ReadableStream({ type, start(c) { controller = c; }, cancel: cancelled.resolve });
    const [one, two] = source.tee();
    // What makes the tee ask its source; when the chunk comes, nobody waits for it any more.
    const reader = one.getReader();
    ignore(reader.read());
    await turn();
    reader.releaseLock();
    controller.enqueue(new Uint8Array(2 * MB));
    const reasons = await cancelled.promise;
    equal(reasons.length, 2, String(type));
    for (const [i, branch] of [one, two].entries()) {
      equal(reasons[i].message, MESSAGE, String(type));
      equal(await reasonOf(branch.getReader().read()), reasons[i], String(type));
    }
  }
});

test("text streams: whose readable side is stuck; both sides are told", async () => {
  for (const [stream, chunk] of [
    [new TextEncoderStream(), "x".repeat(MB / 2)], [new TextDecoderStream(), new Uint8Array(MB / 2).fill(120)],
  ]) {
    const writer = stream.writable.getWriter();
    const first = writer.write(chunk);
    const error = await rejectsWith(writer.write(chunk), RangeError, MESSAGE);
    equal(await reasonOf(first), error);
    equal(await reasonOf(stream.readable.getReader().read()), error);
    equal(await reasonOf(writer.closed), error);
  }
});

test("a body that is read whole, in each way", async () => {
  const body = () => {
    let sent = 0;
    return new ReadableStream({ pull(c) { if (sent++ === 3) c.close(); else c.enqueue(new Uint8Array(MB / 2).fill(48)); } });
  };
  const message = `${MESSAGE}: a body that is read whole must fit max_buffer_size_mb; read it in chunks, or raise that`;
  for (const method of ["text", "json", "arrayBuffer", "bytes", "blob", "formData"]) {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = new Response(body(), { headers });
    await rejectsWith(response[method](), RangeError, message);
    const request = new Request("http://a/", { method: "POST", body: body(), headers, duplex: "half" });
    await rejectsWith(request[method](), RangeError, message);
  }
  let total = 0;
  for await (const chunk of new Response(body()).body) total += chunk.length;
  equal(total, 1.5 * MB, "in chunks");
});

test("TransformStream: whose readable side is stuck; the writer is told", async () => {
  const transform = new TransformStream({ transform(chunk, c) { for (let i = 0; i < 3; i++) c.enqueue(chunk); } });
  const writer = transform.writable.getWriter();
  const reader = transform.readable.getReader();
  const read = reader.read();
  const error = await rejectsWith(writer.write("x".repeat(MB / 2)), RangeError, MESSAGE);
  equal((await read).value.length, MB / 2, "the first was waited for");
  equal(await reasonOf(reader.read()), error);
  equal(await reasonOf(writer.closed), error);
});

test("TransformStream: an overflow of the writable side reaches the reader", async () => {
  const transform = new TransformStream();
  const writer = transform.writable.getWriter();
  const reader = transform.readable.getReader();
  const read = reader.read();
  await turn();
  const error = await rejectsWith(writer.write("x".repeat(2 * MB)), RangeError, MESSAGE);
  equal(await reasonOf(read), error);
});

test("pipeTo: an overflow of the destination cancels the source and rejects the pipe", async () => {
  let reason;
  const source = new ReadableStream({ pull(c) { c.enqueue("x".repeat(MB - OVERHEAD)); c.enqueue(""); }, cancel(r) { reason = r; } },
    { highWaterMark: 0 });
  const sink = new WritableStream({ write: () => new Promise((resolve) => setTimeout(resolve, 5)) }, { highWaterMark: Infinity });
  const error = await rejectsWith(source.pipeTo(sink), RangeError, MESSAGE);
  equal(reason, error);
});

await done();
