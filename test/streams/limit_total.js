// The limit of all streams together, and that what is dropped comes back. Run with --expose-gc --max-buffer-size-mb 1
// --max-total-buffer-mb 2.

import { deferred, done, equal, ignore, ok, rejectsWith, stateOf, test, turn } from "./harness.js";

const MB = 2 ** 20;
const OVERHEAD = 32;
const MESSAGE = "Total stream buffer size limit exceeded (max: 2MB)";

/** Whether `bytes` more can be held, in a stream of their own. */
async function room(bytes) {
  let refused = false;
  const gates = [];
  while (bytes > 0) {
    const part = Math.min(bytes, MB);
    const gate = deferred();
    gates.push(gate);
    const writer = new WritableStream({ write: () => gate.promise }).getWriter();
    await turn();
    const write = writer.write("x".repeat(part - OVERHEAD));
    write.catch(() => { refused = true; });
    await undefined;
    bytes -= part;
  }
  for (const gate of gates) gate.resolve();
  await turn();
  return !refused;
}

/** Collects until `bytes` can be held. */
async function collectedUntil(bytes) {
  for (let i = 0; i < 50; i++) {
    gc();
    await turn();
    if (await room(bytes)) return true;
  }
  return false;
}

test("all of it can be held when nothing else is", async () => {
  ok(await room(2 * MB), "2 MB");
  equal(await room(2 * MB + 64), false);
});

test("streams share the total; the one that asks too much is errored, the others are not", async () => {
  const gate = deferred();
  const writers = [];
  for (let i = 0; i < 4; i++) {
    const writer = new WritableStream({ write: () => gate.promise }).getWriter();
    await turn();
    writers.push(writer);
  }
  const writes = writers.slice(0, 2).map((writer) => writer.write("x".repeat(MB - OVERHEAD)));
  await rejectsWith(writers[2].write("x"), RangeError, MESSAGE);
  equal(await stateOf(writers[3].closed), "pending");
  gate.resolve();
  await Promise.all(writes);
  await writers[3].write("x".repeat(MB - OVERHEAD));
  ok(await room(2 * MB), "all is given back");
});

test("a stream's own limit is told first", async () => {
  const writer = new WritableStream().getWriter();
  await rejectsWith(writer.write("x".repeat(4 * MB)), RangeError, "Stream buffer size limit exceeded (max: 1MB)");
});

test("an overflow gives back what was queued, while the sink is still busy", async () => {
  const writer = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: Infinity }).getWriter();
  await turn();
  ignore(writer.write("x"));
  ignore(writer.write("x".repeat(MB / 2)));
  ignore(writer.write("x".repeat(MB)));
  await turn();
  ok(await room(2 * MB - 64), "all but what is in flight");
  globalThis.keep = writer;
});

test("abort, cancel and errors give back", async () => {
  delete globalThis.keep;
  ok(await collectedUntil(2 * MB), "before");
  const writer = new WritableStream({ start: () => new Promise(() => {}) }).getWriter();
  ignore(writer.write("x".repeat(MB / 2)));
  ignore(writer.abort());
  ignore(writer.closed);
  ok(await room(2 * MB), "abort");
  let controller;
  const readable = new ReadableStream({ start(c) { controller = c; } });
  controller.enqueue("x".repeat(MB / 2));
  await readable.cancel();
  ok(await room(2 * MB), "cancel");
  const bytes = new ReadableStream({ type: "bytes", start(c) { controller = c; } });
  controller.enqueue(new Uint8Array(MB / 2));
  controller.error(new Error("x"));
  ok(await room(2 * MB), "error");
  globalThis.keep = [writer, readable, bytes];
});

test("nothing is given back twice: errors from within write(), warm and cold, with more behind", async () => {
  for (const warm of [0, 20]) {
    for (const act of ["error", "throw", "abort", "promise", "write"]) {
      let writer;
      const stream = new WritableStream({
        write(chunk, controller) {
          if (chunk !== "last") return undefined;
          if (act === "error") controller.error(new Error("x"));
          if (act === "throw") throw new Error("x");
          if (act === "abort") ignore(writer.abort());
          if (act === "write") ignore(writer.write("behind"));
          return act === "promise" ? turn() : undefined;
        },
      });
      writer = stream.getWriter();
      await turn();
      for (let i = 0; i < warm; i++) await writer.write("x");
      ignore(writer.write("last"));
      ignore(writer.write("y".repeat(1000)));
      await turn();
      await turn();
      ok(await room(2 * MB), `${act}: all is back`);
      equal(await room(2 * MB + 64), false, `${act}: and no more than that`);
    }
  }
});

test("10,000 streams opened, half written and dropped, ten times over", async () => {
  delete globalThis.keep;
  const kinds = [
    () => ignore(new WritableStream({ write: () => new Promise(() => {}) }).getWriter().write("x".repeat(60))),
    () => {
      const writer = new WritableStream({ start: () => new Promise(() => {}) }).getWriter();
      ignore(writer.write("x".repeat(60)));
    },
    () => new ReadableStream({ start(c) { c.enqueue("x".repeat(60)); } }),
    () => new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array(60)); } }),
    () => ignore(new TransformStream().writable.getWriter().write("x".repeat(60))),
  ];
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 10000; i++) kinds[i % kinds.length]();
    ok(await collectedUntil(2 * MB), `round ${round}`);
  }
});

await done();
