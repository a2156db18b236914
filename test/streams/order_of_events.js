// In which order things happen where two of them race: the smallest scenarios that once went otherwise than the standard
// has it. Many more are compared with its reference implementation by order/run.

import { deepEqual, done, ignore, reasonOf, test, turn } from "./harness.js";

/** Records what happens to promises, each by its name. */
function recorder() {
  const log = [];
  const watch = (name, promise) => {
    promise.then((value) => log.push(value === undefined ? name : `${name} = ${value.done ? "done" : value.value}`), (reason) => {
      log.push(`${name} ! ${reason?.name ?? reason}`);
    });
    return promise;
  };
  return { log, watch };
}

/** To be awaited: goes on in the microtask with that number, counted from now. */
async function microtasks(number) {
  for (let i = 1; i < number; i++) await undefined;
}

/** A writer after so many writes that each was awaited, for which there are shortcuts. */
async function warmWriter(sink) {
  const writer = new WritableStream(sink).getWriter();
  await turn();
  for (let i = 0; i < 20; i++) await writer.write("warm");
  return writer;
}

const unlessWarm = (steps) => (chunk) => (chunk === "warm" ? undefined : steps(chunk));

// ---- TransformStream: it starts three microtasks after it was made

test("abort, then cancel: both are fulfilled", async () => {
  const { log, watch } = recorder();
  const { readable, writable } = new TransformStream();
  watch("abort", writable.getWriter().abort("e"));
  watch("cancel", readable.cancel("x"));
  await turn();
  deepEqual(log, ["cancel", "abort"]);
});

test("close, then cancel: close is rejected", async () => {
  const { log, watch } = recorder();
  const { readable, writable } = new TransformStream();
  watch("close", writable.close());
  watch("cancel", readable.cancel("x"));
  await turn();
  deepEqual(log, ["cancel", "close ! x"]);
});

test("a write that waits for a reader, then abort: both settle", async () => {
  const { log, watch } = recorder();
  const writer = new TransformStream().writable.getWriter();
  watch("write", writer.write("a"));
  await microtasks(1);
  watch("abort", writer.abort("e"));
  await turn();
  deepEqual(log, ["write ! e", "abort"]);
});

test("two microtasks after close(), the transformer has not been flushed", async () => {
  let controller;
  const { readable, writable } = new TransformStream({ start(c) { controller = c; } });
  ignore(writable.close());
  await microtasks(2);
  controller.enqueue("a");
  deepEqual(await readable.getReader().read(), { value: "a", done: false });
});

test("a thenable from start() is asked for its then at once, and called before others go on", async () => {
  const { log, watch } = recorder();
  const { writable } = new TransformStream({
    start() {
      return {
        get then() {
          log.push("get");
          return (resolve) => {
            log.push("then");
            resolve();
          };
        },
      };
    },
  });
  log.push("made");
  watch("ready", writable.getWriter().ready);
  await turn();
  deepEqual(log, ["get", "made", "then", "ready"]);
});

// ---- what start() returned

for (
  const [name, make] of [
    ["WritableStream", (start, log) => new WritableStream({ start, write() { log.push("started"); } }).getWriter().write("a")],
    ["ReadableStream", (start, log) => new ReadableStream({ start, pull() { log.push("started"); } })],
    ["a byte stream", (start, log) => new ReadableStream({ type: "bytes", start, pull() { log.push("started"); } }, { highWaterMark: 1 })],
  ]
) {
  test(`${name} whose start() returned a promise starts in the third microtask, else in the first`, async () => {
    for (const [result, count] of [[undefined, 1], [Promise.resolve(), 3]]) {
      const { log } = recorder();
      make(() => result, log);
      for (let i = 1; i <= 4; i++) {
        log.push(i);
        await undefined;
      }
      deepEqual(log.indexOf("started"), count);
    }
  });
}

// ---- writes, when the last ones were simple

test("a write, abort, another write: the sink's abort comes before the other is rejected", async () => {
  const { log, watch } = recorder();
  const writer = await warmWriter({ abort() { log.push("sink abort"); } });
  watch("x", writer.write("x"));
  watch("abort", writer.abort("a"));
  watch("y", writer.write("y"));
  await turn();
  deepEqual(log, ["sink abort", "y ! a", "x", "abort"]);
});

test("a write, abort by an asynchronous sink, releaseLock in the third microtask: closed is rejected with the reason", async () => {
  const writer = await warmWriter({ async abort() { await undefined; } });
  const { closed } = writer;
  ignore(writer.write("x"));
  ignore(writer.abort("a"));
  await microtasks(3);
  writer.releaseLock();
  deepEqual(await reasonOf(closed), "a");
});

test("ready resolves in the microtask of the write, before a later one gets to the sink", async () => {
  const { log, watch } = recorder();
  const writer = await warmWriter({});
  watch("a", writer.write("a"));
  watch("ready", writer.ready);
  await microtasks(1);
  watch("b", writer.write("b"));
  await turn();
  deepEqual(log, ["a", "ready", "b"]);
});

test("a second write gets to the sink before an error one microtask later", async () => {
  const { log, watch } = recorder();
  let controller;
  const writer = await warmWriter({ start(c) { controller = c; }, write: unlessWarm((chunk) => { log.push(`sink ${chunk}`); }) });
  watch("a", writer.write("a"));
  watch("b", writer.write("b"));
  await microtasks(1);
  controller.error("e");
  await turn();
  deepEqual(log, ["sink a", "sink b", "a", "b"]);
});

test("writes to an asynchronous sink, each before the last is over", async () => {
  const { log, watch } = recorder();
  const write = unlessWarm(async (chunk) => {
    log.push(`sink ${chunk}`);
    await undefined;
  });
  const writer = await warmWriter({ write });
  watch("a", writer.write("a"));
  await microtasks(1);
  watch("b", writer.write("b"));
  await microtasks(4);
  watch("c", writer.write("c"));
  await turn();
  deepEqual(log, ["sink a", "sink b", "a", "b", "sink c", "c"]);
});

test("an asynchronous sink that fails while another write waits: the first is rejected, then the other", async () => {
  const { log, watch } = recorder();
  const writer = await warmWriter({ write: unlessWarm(async () => { throw "e"; }) });
  watch("a", writer.write("a"));
  watch("b", writer.write("b"));
  watch("closed", writer.closed);
  watch("ready", writer.ready);
  await turn();
  deepEqual(log, ["a ! e", "ready ! e", "b ! e", "closed ! e"]);
});

test("a write's promise that was settled early stays as it is", async () => {
  const writer = await warmWriter({});
  const first = writer.write("a");
  const second = writer.write("b");
  await turn();
  deepEqual([await first, await second], [undefined, undefined]);
});

// ---- asynchronous iteration

test("two calls of next() on a source that is asked for each chunk: the second reads after the first", async () => {
  const { log, watch } = recorder();
  const stream = new ReadableStream({ pull(c) { log.push("pull"); c.enqueue("a"); } }, { highWaterMark: 0 });
  await turn();
  const iterator = stream.values();
  watch("1", iterator.next());
  watch("2", iterator.next());
  await turn();
  deepEqual(log, ["pull", "1 = a", "pull", "2 = a"]);
});

test("reactions to the first next() that came before the second call run before that reads", async () => {
  const { log, watch } = recorder();
  const stream = new ReadableStream({ pull(c) { log.push("pull"); c.enqueue("a"); } }, { highWaterMark: 0 });
  await turn();
  const iterator = stream.values();
  const first = watch("1", iterator.next());
  watch("2", iterator.next());
  watch("1, again", first);
  await turn();
  deepEqual(log, ["pull", "1 = a", "pull", "1, again = a", "2 = a"]);
});

test("a chunk that pull() gives to a waiting next() arrives after what pull() started", async () => {
  const { log, watch } = recorder();
  const stream = new ReadableStream({
    pull(c) {
      c.enqueue("a");
      watch("pull's", Promise.resolve());
      watch("pull's next", microtasks(1));
    },
  }, { highWaterMark: 0 });
  await turn();
  watch("next", stream.values().next());
  await turn();
  deepEqual(log, ["pull's", "pull's next", "next = a"]);
});

test("a chunk that is a thenable is awaited", async () => {
  for (const early of [true, false]) {
    let controller;
    const stream = new ReadableStream({ start(c) { controller = c; } });
    const iterator = stream.values();
    const next = early ? iterator.next() : undefined;
    controller.enqueue(Promise.resolve("a"));
    controller.enqueue({ then(_, reject) { reject("e"); } });
    deepEqual(await (next ?? iterator.next()), { value: "a", done: false });
    deepEqual(await reasonOf(iterator.next()), "e");
    deepEqual(await iterator.next(), { value: undefined, done: true });
  }
});

test("calls of next() by what reacts to them", async () => {
  let sent = 0;
  const iterator = new ReadableStream({ pull(c) { c.enqueue(sent++); } }, { highWaterMark: 3 }).values();
  await turn();
  const values = [];
  const go = () => iterator.next().then(({ value }) => values.push(value));
  await Promise.all([go().then(go), go().then(go), go()]);
  deepEqual(values.toSorted(), [0, 1, 2, 3, 4]);
});

test("return() while a next() still reads: both settle", async () => {
  const { log, watch } = recorder();
  const iterator = new ReadableStream({ start(c) { c.enqueue("a"); }, cancel() { log.push("cancel"); } }).values();
  const first = watch("1", iterator.next());
  watch("2", iterator.next());
  await first;
  await microtasks(1);
  watch("return", iterator.return("r"));
  await turn();
  deepEqual(log.toSorted(), ["1 = a", "2 = done", "cancel", "return = done"]);
});

// ---- ReadableStream.from()

for (
  const [name, iterable, count] of [
    ["iterable", () => ["a"], 4],
    ["asynchronous iterable", async function* () { yield "a"; }, 4],
  ]
) {
  test(`from() an ${name}: the chunk comes in microtask ${count}`, async () => {
    const { log, watch } = recorder();
    watch("read", ReadableStream.from(iterable()).getReader().read());
    for (let i = 1; i <= 8; i++) {
      await undefined;
      log.push(i);
    }
    deepEqual(log.indexOf("read = a"), count);
  });
}

test("from() an iterable: a lock that is released in the third microtask takes its read along", async () => {
  const reader = ReadableStream.from(["a"]).getReader();
  const read = reader.read();
  ignore(read);
  await microtasks(3);
  reader.releaseLock();
  deepEqual((await reasonOf(read)).name, "TypeError");
});

test("from(): what next() throws errors the stream, what return() throws rejects cancel()", async () => {
  for (const key of [Symbol.iterator, Symbol.asyncIterator]) {
    const failing = { [key]: () => ({ next() { throw "n"; }, return() { throw "r"; } }) };
    deepEqual(await reasonOf(ReadableStream.from(failing).getReader().read()), "n");
    deepEqual(await reasonOf(ReadableStream.from(failing).cancel()), "r");
  }
});

await done();
