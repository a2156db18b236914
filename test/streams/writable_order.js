// In which order promises settle and the sink is called. What is expected here was recorded from the reference
// implementation of the standard.

import { deepEqual, deferred, done, ignore, test, turn } from "./harness.js";

/** Records what happens to promises, each by its name. */
function recorder() {
  const log = [];
  const watch = (name, promise) => {
    promise.then(() => log.push(name), (reason) => log.push(`${name} ! ${reason?.message ?? reason}`));
    return promise;
  };
  return { log, watch };
}

for (const warm of [0, 50]) {
  const after = warm === 0 ? "" : `, after ${warm} simple writes`;
  const warmUp = async (writer) => {
    for (let i = 0; i < warm; i++) await writer.write("warm");
  };

  test(`a write settles before ready${after}`, async () => {
    const { log, watch } = recorder();
    const writer = new WritableStream({ write() {} }).getWriter();
    await turn();
    await warmUp(writer);
    const write = writer.write("a");
    watch("ready", writer.ready);
    watch("write", write);
    await turn();
    deepEqual(log, ["write", "ready"]);
  });

  test(`the next write is sent before the first one's reactions run${after}`, async () => {
    const { log, watch } = recorder();
    const writer = new WritableStream({ write(chunk) { if (chunk !== "warm") log.push(`sink ${chunk}`); } }).getWriter();
    await turn();
    await warmUp(writer);
    watch("a", writer.write("a"));
    watch("b", writer.write("b"));
    watch("close", writer.close());
    watch("closed", writer.closed);
    await turn();
    deepEqual(log, ["sink a", "sink b", "a", "b", "close", "closed"]);
  });

  test(`a write in flight, those behind it, then close and closed${after}`, async () => {
    const { log, watch } = recorder();
    let controller;
    const stream = new WritableStream({ start(c) { controller = c; }, write() {} });
    const writer = stream.getWriter();
    await turn();
    await warmUp(writer);
    watch("a", writer.write("a"));
    watch("b", writer.write("b"));
    watch("close", writer.close());
    watch("closed", writer.closed);
    controller.error(new Error("x"));
    watch("ready", writer.ready);
    await turn();
    deepEqual(log, ["ready ! x", "a", "b ! x", "close ! x", "closed ! x"]);
  });

  test(`abort: the sink's abort comes after the write in flight${after}`, async () => {
    const { log, watch } = recorder();
    const stream = new WritableStream({ write() {}, abort() { log.push("sink abort"); } });
    const writer = stream.getWriter();
    await turn();
    await warmUp(writer);
    watch("a", writer.write("a"));
    watch("b", writer.write("b"));
    watch("abort", writer.abort("x"));
    watch("closed", writer.closed);
    await turn();
    deepEqual(log, ["sink abort", "a", "b ! x", "abort", "closed ! x"]);
  });
}

test("an asynchronous sink: write, ready, next write", async () => {
  const { log, watch } = recorder();
  const gates = [deferred(), deferred()];
  let next = 0;
  const writer = new WritableStream({ write(chunk) { log.push(`sink ${chunk}`); return gates[next++].promise; } }).getWriter();
  await turn();
  watch("a", writer.write("a"));
  watch("b", writer.write("b"));
  watch("ready", writer.ready);
  gates[0].resolve();
  await turn();
  deepEqual(log, ["sink a", "sink b", "a"]);
  gates[1].resolve();
  await turn();
  deepEqual(log, ["sink a", "sink b", "a", "b", "ready"]);
});

test("close resolves ready at once", async () => {
  const { log, watch } = recorder();
  const writer = new WritableStream({ write: () => new Promise(() => {}) }).getWriter();
  await turn();
  ignore(writer.write("a"));
  watch("ready", writer.ready);
  ignore(writer.close());
  await turn();
  deepEqual(log, ["ready"]);
});

await done();
