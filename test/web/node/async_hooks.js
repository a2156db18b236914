// node:async_hooks: what a store is, wherever code goes on. Each expectation is what Node.js 20 and later have.

import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { channel } from "node:diagnostics_channel";
import { setImmediate } from "node:timers";
import { setTimeout as wait } from "node:timers/promises";
import { deepEqual, done, equal, test } from "./harness.js";

const one = new AsyncLocalStorage();
const other = new AsyncLocalStorage();

test("a store follows awaits, timers and microtasks, and runs at the same time do not meet", async () => {
  const each = await Promise.all([1, 2, 3].map((number) => one.run(number, async () => {
    const seen = [one.getStore()];
    await null;
    seen.push(one.getStore());
    await wait(3);
    seen.push(one.getStore());
    await new Promise((resolve) => queueMicrotask(() => resolve(seen.push(one.getStore()))));
    await new Promise((resolve) => setImmediate(() => resolve(seen.push(one.getStore()))));
    await new Promise((resolve) => setTimeout(() => resolve(seen.push(one.getStore())), 1));
    await new Promise((resolve) => process.nextTick(() => resolve(seen.push(one.getStore()))));
    return seen;
  })));
  deepEqual(each, [1, 2, 3].map((number) => Array(7).fill(number)));
  equal(one.getStore(), undefined);
});

test("stores are independent, and exit() leaves one", () => {
  one.run("a", () => other.run("b", () => {
    deepEqual([one.getStore(), other.getStore()], ["a", "b"]);
    one.exit(() => deepEqual([one.getStore(), other.getStore()], [undefined, "b"]));
    deepEqual([one.getStore(), other.getStore()], ["a", "b"]);
  }));
});

test("what is bound runs where it was bound", () => {
  const bound = one.run("x", () => AsyncLocalStorage.bind(function (suffix) {
    return `${this.prefix}${one.getStore()}${suffix}`;
  }));
  equal(bound.call({ prefix: "(" }, ")"), "(x)");
  const snapshot = one.run("y", () => AsyncLocalStorage.snapshot());
  equal(snapshot((prefix) => prefix + one.getStore(), ">"), ">y");
  const resource = one.run("r", () => new AsyncResource("Test"));
  equal(resource.runInAsyncScope((prefix) => prefix + one.getStore(), null, "-"), "-r");
  equal(resource.bind(() => one.getStore())(), "r");
});

test("enterWith() holds for the rest of the code, and for nothing before it", async () => {
  await (async () => {
    one.enterWith("e");
    await null;
    equal(one.getStore(), "e");
  })();
  one.disable();
  equal(one.getStore(), undefined);
});

test("listeners run in the context of whoever emits; reactions in that of whoever registers them", async () => {
  const seen = [];
  const emitter = new EventEmitter();
  one.run("listen", () => emitter.on("x", () => seen.push(one.getStore())));
  one.run("emit", () => emitter.emit("x"));
  const target = new EventTarget();
  one.run("listen", () => target.addEventListener("x", () => seen.push(one.getStore())));
  one.run("dispatch", () => target.dispatchEvent(new Event("x")));
  const stop = new AbortController();
  one.run("listen", () => stop.signal.addEventListener("abort", () => seen.push(one.getStore())));
  one.run("abort", () => stop.abort());
  deepEqual(seen, ["emit", "dispatch", "abort"]);
  const settled = one.run("settle", () => Promise.resolve());
  equal(await one.run("react", () => settled.then(() => one.getStore())), "react");
  const stream = new ReadableStream({ pull: (controller) => controller.enqueue("chunk") });
  equal(await one.run("read", () => stream.getReader().read().then(({ value }) => `${value} ${one.getStore()}`)), "chunk read");
});

test("a channel's stores", () => {
  const tracing = channel("test");
  tracing.bindStore(one, (message) => message.id);
  equal(tracing.runStores({ id: 9 }, () => one.getStore()), 9);
  tracing.unbindStore(one);
  equal(tracing.runStores({ id: 9 }, () => one.getStore()), undefined);
});

test("a program that has replaced what it could keeps its stores", async () => {
  const { get, set, has } = Map.prototype;
  const { apply } = Function.prototype;
  try {
    Map.prototype.get = Map.prototype.set = Map.prototype.has = () => "stolen";
    Function.prototype.apply = () => "stolen";
    equal(await one.run("kept", async () => {
      await null;
      return one.getStore();
    }), "kept");
  } finally {
    Object.assign(Map.prototype, { get, set, has });
    Function.prototype.apply = apply;
  }
});

await done();
