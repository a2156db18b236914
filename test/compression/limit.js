// What small data that stands for much can cost, with a limit of 1 MB.

import { FORMATS, noise } from "./data.js";
import { done, equal, ignore, ok, rejectsWith, test, turn } from "./harness.js";

const MB = 2 ** 20;
const MESSAGE = "Stream buffer size limit exceeded (max: 1MB)";

/** `length` zeros, compressed. */
async function bomb(format, length) {
  const zeros = new Uint8Array(MB / 2);
  const stream = new CompressionStream(format);
  const writer = stream.writable.getWriter();
  ignore((async () => {
    for (let left = length; left > 0; left -= zeros.length) await writer.write(zeros);
    await writer.close();
  })());
  const chunks = [];
  for await (const chunk of stream.readable) chunks.push(...chunk);
  return Uint8Array.from(chunks);
}

function decompressing(format, packed) {
  const stream = new DecompressionStream(format);
  const writer = stream.writable.getWriter();
  ignore(writer.closed);
  ignore(writer.write(packed));
  ignore(writer.close());
  return stream.readable;
}

for (const format of FORMATS) {
  test(`read as it comes, a bomb never overflows: ${format}`, async () => {
    const packed = await bomb(format, 2 * MB);
    ok(packed.length < MB / 100, `${packed.length}`);
    let total = 0;
    for await (const chunk of decompressing(format, packed)) total += chunk.length;
    equal(total, 2 * MB);
  });
}

test("not read, it waits and takes nothing", async () => {
  const packed = await bomb("gzip", 2 * MB);
  const streams = Array.from({ length: 20 }, () => decompressing("gzip", packed).getReader());
  // One piece each: had it all been put out, each would have overflowed now.
  for (const reader of streams) equal((await reader.read()).value.length, 65536);
  await turn();
  for (const reader of streams) equal((await reader.read()).value.length, 65536);
});

test("where it is kept, the limit ends it", async () => {
  const packed = await bomb("gzip", 2 * MB);
  const [read, kept] = decompressing("gzip", packed).tee();
  let total = 0;
  for await (const chunk of read) total += chunk.length;
  equal(total, 2 * MB);
  await rejectsWith(kept.getReader().read(), RangeError, MESSAGE);
  const queue = new TransformStream(undefined, undefined, { highWaterMark: Infinity });
  await rejectsWith(decompressing("gzip", packed).pipeTo(queue.writable), RangeError, MESSAGE);
});

test("a chunk over the limit is refused as anywhere", async () => {
  for (const stream of [new CompressionStream("gzip"), new DecompressionStream("gzip")]) {
    const writer = stream.writable.getWriter();
    ignore(writer.closed);
    const read = stream.readable.getReader().read();
    ignore(read);
    await rejectsWith(writer.write(noise(MB)), RangeError, MESSAGE);
    await rejectsWith(read, RangeError, MESSAGE);
  }
});

await done();
