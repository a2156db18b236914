// What streams of Node.js do for code that means them harm: many tiny chunks cost no more each than few, and what an app replaces
// does not come between.

import { PassThrough, Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { deepEqual, done, equal, test } from "./harness.js";

const MANY = 1_000_000;

test("a million chunks in a buffer are read one by one", async () => {
  const readable = new Readable({ read() {}, highWaterMark: 1 });
  const byte = Buffer.from("x");
  for (let count = 0; count < MANY; count++) readable.push(byte);
  readable.push(null);
  let bytes = 0;
  for (let chunk; (chunk = readable.read(1)) !== null;) bytes += chunk.length;
  equal(bytes, MANY);
});

test("a million chunks are put back one by one", () => {
  const readable = new Readable({ objectMode: true, read() {} });
  for (let count = 0; count < MANY; count++) readable.unshift(count);
  deepEqual([readable.read(), readable.read(), readable.readableLength], [MANY - 1, MANY - 2, MANY - 2]);
});

test("a million chunks wait to be written", async () => {
  let seen = 0;
  const writable = new Writable({
    objectMode: true,
    write(chunk, encoding, callback) {
      seen++;
      if (seen % 1000 === 0) setImmediate(callback);
      else callback();
    },
  });
  writable.cork();
  for (let count = 0; count < MANY; count++) writable.write(count);
  writable.uncork();
  writable.end();
  await finished(writable);
  equal(seen, MANY);
});

test("a hundred thousand results of map() wait to be taken", async () => {
  const many = MANY / 10;
  let sum = 0;
  const numbers = Readable.from(Array.from({ length: many }, () => 1)).map((value) => value, { concurrency: many, highWaterMark: many });
  for await (const value of numbers) sum += value;
  equal(sum, many);
});

test("a chain of ticks ends with its turn, and errors in it stop no other", async () => {
  const seen = [];
  const caught = [];
  addEventListener("error", (event) => {
    event.preventDefault();
    caught.push(event.error.message);
  });
  process.nextTick(() => {
    seen.push(1);
    throw new Error("tick");
  });
  process.nextTick(() => seen.push(2));
  await new Promise((resolve) => setImmediate(resolve));
  deepEqual([seen, caught], [[1, 2], ["tick"]]);
});

test("what an app replaced is not called", async () => {
  const called = [];
  const replaced = [
    [Array.prototype, "push"], [Array.prototype, "shift"], [Array.prototype, "slice"], [Array.prototype, Symbol.iterator], [Map.prototype, "get"],
    [Set.prototype, "add"], [Function.prototype, "call"], [Function.prototype, "apply"], [Promise.prototype, "then"], [Reflect, "apply"],
  ];
  const before = replaced.map(([object, key]) => Object.getOwnPropertyDescriptor(object, key));
  const { defineProperty } = Object;
  const steal = (key) => () => {
    called[called.length] = String(key);
  };
  const seen = [];
  const through = new PassThrough({ objectMode: true });
  for (let at = 0; at < replaced.length; at++) {
    defineProperty(replaced[at][0], replaced[at][1], { value: steal(replaced[at][1]), writable: true, configurable: true });
  }
  const readable = new Readable({ objectMode: true, read() {} });
  readable.on("data", (chunk) => {
    seen[seen.length] = chunk;
  });
  readable.pipe(through);
  readable.push(1);
  readable.push(2);
  readable.push(null);
  for (let at = 0; at < replaced.length; at++) defineProperty(replaced[at][0], replaced[at][1], before[at]);
  deepEqual(called, []);
  await finished(readable);
  deepEqual([seen, through.readableLength], [[1, 2], 2]);
});

test("a pipeline that nobody reads holds what it may and no more", async () => {
  let produced = 0;
  const endless = async function* () {
    for (;;) {
      produced++;
      yield "x".repeat(1024);
    }
  };
  const stop = new AbortController();
  const sink = new Writable({ write() {}, highWaterMark: 4096 });
  const over = pipeline(endless, new PassThrough({ highWaterMark: 4096 }), sink, { signal: stop.signal }).catch((error) => error.name);
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
  const held = produced;
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
  equal(produced, held);
  stop.abort();
  equal(await over, "AbortError");
});

await done();
