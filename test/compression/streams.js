// CompressionStream and DecompressionStream as streams and as interfaces.

import { compress, data, decompress, encode, FORMATS, noise, same } from "./data.js";
import { deepEqual, done, equal, ignore, ok, reasonOf, rejectsWith, stateOf, test, thrownBy, turn } from "./harness.js";

const KINDS = [CompressionStream, DecompressionStream];

test("the interfaces have the shape that Web IDL gives them", () => {
  for (const Kind of KINDS) {
    equal(Kind.length, 1);
    deepEqual(Object.keys(Kind.prototype), ["readable", "writable"]);
    equal(String(Kind.prototype), `[object ${Kind.name}]`);
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, Kind.name);
    deepEqual([enumerable, writable, configurable], [false, true, true]);
    const { get, set } = Object.getOwnPropertyDescriptor(Kind.prototype, "readable");
    equal(set, undefined);
    ok(thrownBy(() => get.call({})) instanceof TypeError, "brand check");
    const stream = new Kind("gzip");
    ok(stream.readable instanceof ReadableStream && stream.writable instanceof WritableStream, "both sides");
    equal(stream.readable, stream.readable);
    ok(!(stream instanceof TransformStream), "a transform stream it is not");
  }
});

test("formats: as they are named, and no others", () => {
  for (const Kind of KINDS) {
    for (const format of FORMATS) new Kind(format);
    new Kind({ toString: () => "gzip" });
    for (const bad of ["GZIP", "zip", "gzip ", "", undefined, null, 1]) {
      ok(thrownBy(() => new Kind(bad)) instanceof TypeError, String(bad));
    }
    ok(thrownBy(() => new Kind()) instanceof TypeError, "no argument");
    ok(thrownBy(() => Kind("gzip")) instanceof TypeError, "no new");
    const error = new Error("mine");
    equal(thrownBy(() => new Kind({ toString() { throw error; } })), error);
  }
});

test("a chunk that is no BufferSource errors the stream", async () => {
  for (const Kind of KINDS) {
    for (const bad of [undefined, null, 3.14, "text", {}, [65], { byteLength: 1, buffer: new ArrayBuffer(1) }]) {
      const stream = new Kind("gzip");
      const reader = stream.readable.getReader();
      const read = reader.read();
      const writer = stream.writable.getWriter();
      ignore(writer.closed);
      ignore(reader.closed);
      const error = await rejectsWith(writer.write(bad), TypeError);
      equal(await reasonOf(read), error);
      equal(await reasonOf(writer.write(data.one)), error);
    }
  }
});

test("chunks of every kind of view, parts of buffers, and detached ones", async () => {
  const bytes = noise(64);
  const at = (offset) => {
    const larger = new Uint8Array(bytes.length + offset + 8);
    larger.set(bytes, offset);
    return larger.buffer;
  };
  const gone = noise(10);
  gone.buffer.transfer();
  const goneBuffer = new ArrayBuffer(10);
  goneBuffer.transfer();
  const goneView = new DataView(new ArrayBuffer(10));
  goneView.buffer.transfer();
  const shrunk = new ArrayBuffer(16, { maxByteLength: 16 });
  const outside = new DataView(shrunk, 8, 8);
  shrunk.resize(4);
  for (const chunk of [
    at(0).slice(0, 64), new Uint8Array(at(3), 3, 64), new DataView(at(5), 5, 64), new Uint8ClampedArray(at(1), 1, 64),
    new Float64Array(at(8), 8, 8), new BigUint64Array(at(16), 16, 8), new Int16Array(at(2), 2, 32),
  ]) {
    same(await decompress("gzip", await compress("gzip", chunk)), bytes, Object.prototype.toString.call(chunk));
  }
  for (const chunk of [gone, goneBuffer, goneView, outside]) {
    same(await decompress("gzip", await compress("gzip", bytes, chunk)), bytes, "nothing of a chunk that has none");
  }
});

test("the output is Uint8Arrays of buffers of their own", async () => {
  const buffers = new Set();
  let count = 0;
  const packed = await compress("deflate", noise(300_000));
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  ignore(writer.write(packed));
  ignore(writer.close());
  for await (const chunk of stream.readable) {
    equal(chunk.constructor, Uint8Array);
    equal(chunk.byteOffset, 0);
    equal(chunk.buffer.byteLength, chunk.byteLength);
    ok(chunk.byteLength > 0 && chunk.byteLength <= 65536, "a piece");
    buffers.add(chunk.buffer);
    count++;
  }
  ok(count >= 5, `${count} pieces`);
  equal(buffers.size, count);
});

test("a chunk that is changed or detached while its output is taken is compressed as it was written", async () => {
  const original = noise(400_000);
  for (const change of [(chunk) => chunk.fill(0), (chunk) => chunk.buffer.transfer()]) {
    const chunk = original.slice();
    const stream = new CompressionStream("gzip");
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    ignore(writer.write(chunk));
    ignore(writer.close());
    const chunks = [(await reader.read()).value];
    change(chunk);
    for (let step; !(step = await reader.read()).done;) chunks.push(step.value);
    same(await decompress("gzip", ...chunks), original, "as it was");
  }
});

test("also when a getter of Object.prototype does it, between two pieces", async () => {
  const original = noise(400_000);
  const chunk = original.slice();
  const stream = new CompressionStream("gzip");
  const reader = stream.readable.getReader();
  const first = reader.read();
  let looked = 0;
  Object.defineProperty(Object.prototype, "then", {
    configurable: true,
    get() {
      looked++;
      delete Object.prototype.then;
      chunk.buffer.transfer();
      return undefined;
    },
  });
  const writer = stream.writable.getWriter();
  ignore(writer.write(chunk));
  ignore(writer.close());
  const chunks = [(await first).value];
  equal(looked, 1);
  for (let step; !(step = await reader.read()).done;) chunks.push(step.value);
  same(await decompress("gzip", ...chunks), original, "as it was");
});

test("a write waits while nobody reads; reading lets it end", async () => {
  const packed = await compress("gzip", new Uint8Array(500_000));
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const written = writer.write(packed);
  const closed = writer.close();
  let total = (await reader.read()).value.length;
  await turn();
  equal(await stateOf(written), "pending");
  for (let step; !(step = await reader.read()).done;) total += step.value.length;
  await written;
  await closed;
  equal(total, 500_000);
});

test("cancelled while a write waits: the write and what comes after it are rejected", async () => {
  const packed = await compress("gzip", new Uint8Array(500_000));
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  ignore(writer.closed);
  const written = writer.write(packed);
  ignore(written);
  await reader.read();
  await turn();
  const reason = new Error("enough");
  await reader.cancel(reason);
  await turn();
  equal(await reasonOf(writer.closed), reason);
  equal(await reasonOf(written), reason);
  equal(await reasonOf(writer.write(packed)), reason);
});

test("aborted while a write waits: the reader sees the reason", async () => {
  const packed = await compress("gzip", new Uint8Array(500_000));
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  ignore(writer.closed);
  ignore(reader.closed);
  const written = writer.write(packed);
  await reader.read();
  await turn();
  const reason = new Error("enough");
  const aborted = writer.abort(reason);
  equal(await reasonOf(reader.read()), reason);
  await aborted;
  await written;
  equal(await reasonOf(writer.closed), reason);
});

test("aborted and cancelled before anything was written", async () => {
  for (const Kind of KINDS) {
    const one = new Kind("gzip");
    await one.writable.abort(1);
    equal(await reasonOf(one.readable.getReader().read()), 1);
    const two = new Kind("gzip");
    await two.readable.cancel(2);
    equal(await reasonOf(two.writable.getWriter().write(data.one)), 2);
  }
});

test("piped through one another", async () => {
  for (const format of FORMATS) {
    const original = noise(200_000);
    const source = new ReadableStream({
      start(controller) {
        for (let i = 0; i < original.length; i += 10_000) controller.enqueue(original.slice(i, i + 10_000));
        controller.close();
      },
    });
    const out = source.pipeThrough(new CompressionStream(format)).pipeThrough(new DecompressionStream(format));
    same(new Uint8Array(await new Response(out).arrayBuffer()), original, format);
  }
});

test("many at once do not mix", async () => {
  const texts = Array.from({ length: 30 }, (_, i) => encode(`${i} `.repeat(20_000)));
  const backs = await Promise.all(texts.map(async (text, i) => {
    const format = FORMATS[i % 3];
    const packed = await compress(format, text.subarray(0, 30_000), text.subarray(30_000));
    return decompress(format, packed.subarray(0, 20), packed.subarray(20));
  }));
  backs.forEach((back, i) => same(back, texts[i], `${i}`));
});

await done();
