// Writing, back-pressure, closing, erroring and aborting.

import {
  deepEqual, deferred, done, equal, ignore, ok, reasonOf, rejectsWith, stateOf, test, thrownBy, turn,
} from "./harness.js";

test("chunks arrive in order, one at a time", async () => {
  const log = [];
  let busy = false;
  const stream = new WritableStream({
    async write(chunk) {
      ok(!busy, "overlapping writes");
      busy = true;
      await turn();
      busy = false;
      log.push(chunk);
    },
    close() { log.push("close"); },
  });
  const writer = stream.getWriter();
  for (const chunk of ["a", "b", "c"]) ignore(writer.write(chunk));
  await writer.close();
  deepEqual(log, ["a", "b", "c", "close"]);
});

test("desiredSize falls with each write and recovers", async () => {
  const gate = deferred();
  const stream = new WritableStream({ write: () => gate.promise }, { highWaterMark: 2 });
  const writer = stream.getWriter();
  await turn();
  const sizes = [writer.desiredSize];
  const writes = ["a", "b", "c"].map((chunk) => {
    const promise = writer.write(chunk);
    sizes.push(writer.desiredSize);
    return promise;
  });
  deepEqual(sizes, [2, 1, 0, -1]);
  equal(await stateOf(writer.ready), "pending");
  gate.resolve();
  await Promise.all(writes);
  equal(writer.desiredSize, 2);
  equal(await stateOf(writer.ready), "fulfilled");
});

test("ready is the same promise until back-pressure begins", async () => {
  const stream = new WritableStream({ write: () => turn() });
  const writer = stream.getWriter();
  await turn();
  const before = writer.ready;
  equal(writer.ready, before);
  const write = writer.write("a");
  const during = writer.ready;
  ok(during !== before, "a new promise");
  equal(await stateOf(during), "pending");
  await write;
  equal(writer.ready, during);
  equal(await stateOf(during), "fulfilled");
});

test("size() decides what a chunk counts", async () => {
  const stream = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 10, size: (chunk) => chunk.n });
  const writer = stream.getWriter();
  ignore(writer.write({ n: 3 }));
  equal(writer.desiredSize, 7);
  ignore(writer.write({ n: "4" }));
  equal(writer.desiredSize, 3);
});

test("a size that is negative, NaN, infinite or thrown errors the stream", async () => {
  const error = new Error("size");
  for (const size of [() => -1, () => NaN, () => Infinity, () => { throw error; }, () => 1n]) {
    const writer = new WritableStream({}, { size }).getWriter();
    await turn();
    const reason = await reasonOf(writer.write("a"));
    equal(await reasonOf(writer.closed), reason);
    ok(reason === error || reason instanceof RangeError || reason instanceof TypeError);
  }
});

test("a locked stream says so", async () => {
  const stream = new WritableStream();
  const writer = stream.getWriter();
  equal(stream.locked, true);
  equal(thrownBy(() => stream.getWriter()).message, "WritableStream is locked");
  await rejectsWith(stream.close(), TypeError, "WritableStream is locked");
  await rejectsWith(stream.abort(), TypeError, "WritableStream is locked");
  writer.releaseLock();
  equal(stream.locked, false);
  await stream.close();
});

test("a released writer rejects everything", async () => {
  const stream = new WritableStream();
  const writer = stream.getWriter();
  const { closed } = writer;
  writer.releaseLock();
  writer.releaseLock();
  await rejectsWith(closed, TypeError);
  await rejectsWith(writer.ready, TypeError);
  await rejectsWith(writer.write("a"), TypeError);
  await rejectsWith(writer.close(), TypeError);
  await rejectsWith(writer.abort(), TypeError);
  ok(thrownBy(() => writer.desiredSize) instanceof TypeError);
});

test("write after close", async () => {
  const writer = new WritableStream().getWriter();
  const closing = writer.close();
  await rejectsWith(writer.write("a"), TypeError, "Cannot write to a closed stream");
  await rejectsWith(writer.close(), TypeError);
  await closing;
  await rejectsWith(writer.write("a"), TypeError, "Cannot write to a closed stream");
  equal(writer.desiredSize, 0);
  equal(await stateOf(writer.closed), "fulfilled");
});

test("close waits for the writes before it, and a close that fails errors the stream", async () => {
  const log = [];
  const error = new Error("close");
  const stream = new WritableStream({
    async write(chunk) {
      await turn();
      log.push(chunk);
    },
    close() { throw error; },
  });
  const writer = stream.getWriter();
  ignore(writer.write("a"));
  ignore(writer.write("b"));
  equal(await reasonOf(writer.close()), error);
  equal(await reasonOf(writer.closed), error);
  deepEqual(log, ["a", "b"]);
});

test("a sink that throws or rejects errors the stream; the writes behind are rejected alike", async () => {
  const error = new Error("sink");
  for (const write of [() => { throw error; }, () => Promise.reject(error), async () => { await turn(); throw error; }]) {
    const writer = new WritableStream({ write }).getWriter();
    const writes = [writer.write(1), writer.write(2), writer.write(3)];
    for (const promise of writes) equal(await reasonOf(promise), error);
    equal(await reasonOf(writer.closed), error);
    equal(await reasonOf(writer.ready), error);
    equal(writer.desiredSize, null);
    equal(await reasonOf(writer.write(4)), error);
  }
});

test("controller.error: the write in flight ends first, then all is rejected", async () => {
  const error = new Error("controller");
  const gate = deferred();
  let controller;
  const stream = new WritableStream({ start(c) { controller = c; }, write: () => gate.promise });
  const writer = stream.getWriter();
  await turn();
  const log = [];
  writer.write("a").then(() => log.push("a written"));
  writer.write("b").catch((reason) => log.push(reason === error ? "b rejected" : "?"));
  writer.closed.catch(() => log.push("closed rejected"));
  controller.error(error);
  controller.error(new Error("ignored"));
  equal(await reasonOf(writer.ready), error);
  deepEqual(log, []);
  gate.resolve();
  await turn();
  deepEqual(log, ["a written", "b rejected", "closed rejected"]);
});

test("abort calls the sink's abort once with the reason, and drops what is queued", async () => {
  const log = [];
  const gate = deferred();
  const stream = new WritableStream({
    write(chunk) { log.push(chunk); return gate.promise; },
    abort(reason) { log.push(["abort", reason]); },
    close() { log.push("close"); },
  });
  const writer = stream.getWriter();
  await turn();
  const first = writer.write("a");
  const second = writer.write("b");
  const closing = writer.close();
  const abort = writer.abort("why");
  equal(writer.abort("again"), abort, "the same promise");
  ignore(second);
  ignore(closing);
  deepEqual(log, ["a"], "not while the sink is busy");
  gate.resolve();
  await first;
  equal(await abort, undefined);
  equal(await reasonOf(second), "why");
  equal(await reasonOf(closing), "why");
  equal(await reasonOf(writer.closed), "why");
  deepEqual(log, ["a", ["abort", "why"]]);
  equal(stream.locked, true, "abort releases no lock");
  equal(await writer.abort(), undefined, "nothing to do any more");
});

test("an abort of the sink that fails rejects abort(), not closed", async () => {
  const error = new Error("abort");
  const writer = new WritableStream({ abort() { throw error; } }).getWriter();
  await turn();
  equal(await reasonOf(writer.abort("why")), error);
  equal(await reasonOf(writer.closed), "why");
});

test("abort during close waits for it, and does not undo it", async () => {
  const gate = deferred();
  const log = [];
  const stream = new WritableStream({ close: () => gate.promise, abort() { log.push("abort"); } });
  const writer = stream.getWriter();
  await turn();
  const closing = writer.close();
  const abort = writer.abort("why");
  gate.resolve();
  await closing;
  await abort;
  equal(await stateOf(writer.closed), "fulfilled");
  deepEqual(log, []);
});

test("the signal is aborted at once, with the reason", async () => {
  let controller;
  const log = [];
  const stream = new WritableStream({
    start(c) { controller = c; },
    write(chunk, c) {
      return new Promise((resolve) => c.signal.addEventListener("abort", () => {
        log.push(c.signal.reason);
        resolve();
      }));
    },
  });
  const writer = stream.getWriter();
  await turn();
  equal(controller.signal, controller.signal);
  ok(controller.signal instanceof AbortSignal);
  equal(controller.signal.aborted, false);
  const write = writer.write("a");
  const abort = writer.abort("why");
  deepEqual(log, ["why"]);
  await write;
  await abort;
});

test("a signal first looked at after the abort is aborted", async () => {
  let controller;
  const stream = new WritableStream({ start(c) { controller = c; } });
  await stream.abort();
  equal(controller.signal.aborted, true);
  equal(controller.signal.reason.name, "AbortError");
});

test("errors and closes of the stream leave the signal alone", async () => {
  let controller;
  const stream = new WritableStream({ start(c) { controller = c; } });
  controller.error(new Error("no"));
  await turn();
  equal(controller.signal.aborted, false);
  await stream.abort();
  equal(controller.signal.aborted, false);
});

test("writers of streams in each state", async () => {
  const closed = new WritableStream();
  await closed.close();
  const first = closed.getWriter();
  equal(await stateOf(first.ready), "fulfilled");
  equal(await stateOf(first.closed), "fulfilled");
  const errored = new WritableStream();
  ignore(errored.abort("why"));
  const second = errored.getWriter();
  equal(await reasonOf(second.ready), "why");
  await turn();
  equal(await reasonOf(second.closed), "why");
  equal(second.desiredSize, null);
});

test("writes wait for start", async () => {
  const gate = deferred();
  const log = [];
  const stream = new WritableStream({ start: () => gate.promise, write(chunk) { log.push(chunk); } });
  const writer = stream.getWriter();
  const write = writer.write("a");
  await turn();
  deepEqual(log, []);
  gate.resolve();
  await write;
  deepEqual(log, ["a"]);
});

test("a thenable is awaited", async () => {
  const log = [];
  const stream = new WritableStream({ write: () => ({ then(resolve) { log.push("then"); setTimeout(resolve, 1); } }) });
  await stream.getWriter().write("a");
  deepEqual(log, ["then"]);
});

test("re-entrance: write, close and abort from within write()", async () => {
  for (const act of ["write", "close", "abort"]) {
    const log = [];
    let writer;
    const stream = new WritableStream({
      write(chunk) {
        log.push(chunk);
        if (chunk === "a") ignore(writer[act]("b"));
        log.push("end");
      },
      close() { log.push("close"); },
      abort(reason) { log.push(`abort ${reason}`); },
    });
    writer = stream.getWriter();
    await turn();
    await writer.write("a");
    await turn();
    deepEqual(log, ["a", "end", ...{ write: ["b", "end"], close: ["close"], abort: ["abort b"] }[act]], act);
  }
});

test("re-entrance: size() that writes, releases, aborts or errors", async () => {
  let writer;
  let inner;
  const nested = new WritableStream({}, {
    highWaterMark: 9,
    size(chunk) {
      if (chunk === "outer") inner = writer.write("inner");
      return 1;
    },
  });
  writer = nested.getWriter();
  await turn();
  await writer.write("outer");
  await inner;

  const released = new WritableStream({}, { size() { writer.releaseLock(); return 1; } });
  writer = released.getWriter();
  await rejectsWith(writer.write("a"), TypeError);

  const aborted = new WritableStream({}, { size() { ignore(writer.abort("why")); return 1; } });
  writer = aborted.getWriter();
  await turn();
  equal(await reasonOf(writer.write("a")), "why");
});

test("unhandled: ready and closed never count as unhandled rejections", async () => {
  const seen = [];
  addEventListener("unhandledrejection", (event) => {
    seen.push(event.reason);
    event.preventDefault();
  });
  const writer = new WritableStream({ start: () => Promise.reject(new Error("no")) }).getWriter();
  writer.ready;
  writer.closed;
  await turn();
  const later = new WritableStream().getWriter();
  later.closed;
  later.releaseLock();
  await turn();
  deepEqual(seen, []);
});

test("microtasks after write() before it settles: 2 with a synchronous sink, always", async () => {
  const writer = new WritableStream({ write() {} }).getWriter();
  await turn();
  for (let round = 0; round < 20; round++) {
    let settled = -1;
    writer.write("a").then(() => { settled = 0; });
    await undefined;
    equal(settled, -1, `round ${round}`);
    await undefined;
    equal(settled, 0, `round ${round}`);
  }
});

await done();
