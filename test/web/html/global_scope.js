// The global object and what hangs on it.

import { deepEqual, done, equal, rejectsWith, test, thrownBy } from "./harness.js";

const throws = (body, type, what) => equal(thrownBy(body) instanceof type, true, what);

test("the global object is an event target", () => {
  deepEqual([EventTarget, WorkerGlobalScope, ServiceWorkerGlobalScope].map((type) => globalThis instanceof type), [true, true, true]);
  throws(() => new WorkerGlobalScope(), TypeError);
  throws(() => new ServiceWorkerGlobalScope(), TypeError);
  let seen = null;
  addEventListener("x", (event) => { seen = event.target; }, { once: true });
  globalThis.dispatchEvent(new Event("x"));
  equal(seen, globalThis);
});

test("what is made when it is looked at is a member like others then", () => {
  for (const name of ["URLPattern", "MessageChannel", "FixedLengthStream", "PerformanceMark"]) {
    equal(typeof globalThis[name], "function", name);
    const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, name);
    deepEqual([name, writable, enumerable, configurable], [name, true, false, true]);
    equal(globalThis[name], globalThis[name]);
  }
  globalThis.IdentityTransformStream = 1;
  equal(IdentityTransformStream, 1);
  equal(delete globalThis.BroadcastChannel, true);
  equal(typeof BroadcastChannel, "undefined");
});

test("navigator", () => {
  deepEqual([navigator.language, navigator.languages, navigator.hardwareConcurrency], ["en", ["en"], 1]);
});

test("scheduler.wait", async () => {
  const before = performance.now();
  equal(await scheduler.wait(5), undefined);
  equal(performance.now() - before >= 4, true);
  const reason = new Error("no more");
  await rejectsWith(scheduler.wait(60_000, { signal: AbortSignal.abort(reason) }), Error);
  const controller = new AbortController();
  const waiting = scheduler.wait(60_000, { signal: controller.signal });
  controller.abort(reason);
  equal(await waiting.catch((error) => error), reason);
  await scheduler.wait(1, { signal: new AbortController().signal });
  throws(() => scheduler.wait(), TypeError);
  throws(() => scheduler.wait(1, { signal: {} }), TypeError);
});

const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const response = (type, init = {}) => new Response(wasm, { ...init, headers: type === null ? {} : { "content-type": type } });

test("WebAssembly is compiled from a response", async () => {
  const module = await WebAssembly.compileStreaming(response("application/wasm"));
  equal(module instanceof WebAssembly.Module, true);
  const made = await WebAssembly.instantiateStreaming(Promise.resolve(response(" Application/WASM ")), {});
  equal(made.instance instanceof WebAssembly.Instance, true);
  await rejectsWith(WebAssembly.compileStreaming(response(null)), TypeError);
  await rejectsWith(WebAssembly.compileStreaming(response("application/wasm; a=b")), TypeError);
  await rejectsWith(WebAssembly.compileStreaming(response("application/wasm", { status: 404 })), TypeError);
  await rejectsWith(WebAssembly.compileStreaming(wasm), TypeError);
  await rejectsWith(WebAssembly.instantiateStreaming(Promise.reject(new RangeError("no"))), RangeError);
});

await done();
