// node:events as Node.js has it.

import EventEmitter, { errorMonitor, on, once } from "node:events";
import plain from "events";
import { deepEqual, done, equal, ok, reasonOf, test } from "./harness.js";

const caught = (body) => {
  try {
    return reasonOf(Promise.resolve(body()));
  } catch (error) {
    return error;
  }
};

test("one module by both names, with its properties as exports", () => {
  equal(EventEmitter, plain);
  equal(EventEmitter.EventEmitter, EventEmitter);
  equal(EventEmitter.once, once);
});

test("listeners run in their order, once or always, and take themselves off", () => {
  const emitter = new EventEmitter();
  const seen = [];
  emitter.on("x", (...args) => seen.push(["on", ...args]));
  emitter.prependListener("x", (value) => seen.push(["first", value]));
  const wrapped = () => seen.push(["once"]);
  emitter.once("x", wrapped);
  deepEqual(emitter.listeners("x").includes(wrapped), true);
  equal(emitter.rawListeners("x").includes(wrapped), false);
  ok(emitter.emit("x", 1, 2), "nobody listens");
  ok(emitter.emit("x", 3), "nobody listens");
  deepEqual(seen, [["first", 1], ["on", 1, 2], ["once"], ["first", 3], ["on", 3]]);
  equal(emitter.emit("y"), false);
  equal(emitter.listenerCount("x"), 2);
  emitter.removeAllListeners();
  deepEqual(emitter.eventNames(), []);
});

test("newListener and removeListener say what is added and removed", () => {
  const emitter = new EventEmitter();
  const seen = [];
  emitter.on("newListener", (name, listener) => seen.push(["new", name, typeof listener]));
  emitter.on("removeListener", (name) => seen.push(["removed", name]));
  const listener = () => {};
  emitter.once("x", listener);
  emitter.off("x", listener);
  deepEqual(seen, [["new", "removeListener", "function"], ["new", "x", "function"], ["removed", "x"]]);
});

test("an error that nobody listens to is thrown", async () => {
  const emitter = new EventEmitter();
  const error = new TypeError("no");
  equal(await caught(() => emitter.emit("error", error)), error);
  const other = await caught(() => emitter.emit("error", { a: 1 }));
  deepEqual([other.code, other.message], ["ERR_UNHANDLED_ERROR", "Unhandled error. ({ a: 1 })"]);
  const seen = [];
  emitter.on(errorMonitor, (value) => seen.push(value));
  await caught(() => emitter.emit("error", error));
  equal(seen[0], error);
});

test("arguments of the wrong kind", async () => {
  const emitter = new EventEmitter();
  const wrong = await caught(() => emitter.on("x", 5));
  deepEqual([wrong.name, wrong.code, wrong.message], [
    "TypeError", "ERR_INVALID_ARG_TYPE", 'The "listener" argument must be of type function. Received type number (5)',
  ]);
  const range = await caught(() => emitter.setMaxListeners(-1));
  deepEqual([range.name, range.code, range.message], [
    "RangeError", "ERR_OUT_OF_RANGE", 'The value of "setMaxListeners" is out of range. It must be >= 0. Received -1',
  ]);
});

test("once() and on() as promises", async () => {
  const emitter = new EventEmitter();
  queueMicrotask(() => emitter.emit("x", 1, 2));
  deepEqual(await once(emitter, "x"), [1, 2]);
  queueMicrotask(() => emitter.emit("error", new Error("no")));
  equal((await caught(() => once(emitter, "x"))).message, "no");
  const target = new EventTarget();
  queueMicrotask(() => target.dispatchEvent(new Event("go")));
  equal((await once(target, "go"))[0].type, "go");
  const stop = new AbortController();
  queueMicrotask(() => stop.abort());
  equal((await caught(() => once(emitter, "x", { signal: stop.signal }))).code, "ABORT_ERR");
  const events = on(emitter, "y");
  emitter.emit("y", 1);
  emitter.emit("y", 2);
  deepEqual([(await events.next()).value, (await events.next()).value], [[1], [2]]);
  await events.return();
  equal(emitter.listenerCount("y"), 0);
});

test("rejections of listeners are errors for those who want that", async () => {
  const emitter = new EventEmitter({ captureRejections: true });
  emitter.on("x", async () => {
    throw new Error("late");
  });
  emitter.emit("x");
  equal((await new Promise((resolve) => emitter.on("error", resolve))).message, "late");
});

test("an emitter may keep the context that it was made in", async () => {
  const { AsyncLocalStorage } = await import("node:async_hooks");
  const store = new AsyncLocalStorage();
  const seen = [];
  const emitter = store.run("made", () => new EventEmitter.EventEmitterAsyncResource({ name: "Test" }));
  emitter.on("x", () => seen.push(store.getStore()));
  store.run("emitted", () => emitter.emit("x"));
  deepEqual(seen, ["made"]);
});

test("too many listeners are a warning", async () => {
  const warned = new Promise((resolve) => process.once("warning", resolve));
  const emitter = new EventEmitter();
  for (let count = 0; count < 11; count++) emitter.on("x", () => {});
  const warning = await warned;
  deepEqual([warning.name, warning.count, warning.type], ["MaxListenersExceededWarning", 11, "x"]);
});

test("classes of older code call it without new", () => {
  function Old() {
    EventEmitter.call(this);
  }
  Object.setPrototypeOf(Old.prototype, EventEmitter.prototype);
  const old = new Old();
  let count = 0;
  old.on("x", () => count++).emit("x");
  equal(count, 1);
});

await done();
