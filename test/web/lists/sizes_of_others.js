// Long lists, as in sizes_of_lists.js: what is not a list of pairs, and Headers, which are sorted.

import { done, equal, test } from "./harness.js";

const N = 50_000;
const names = Array.from({ length: N }, (_, i) => `n${i}`);

function filled(list, count = N) {
  for (let i = 0; i < count; i++) list.append(names[i], "1");
  return list;
}

function count(iterable) {
  let n = 0;
  for (const _ of iterable) n++;
  return n;
}

test("Headers: set, get, has and delete of each name", () => {
  const headers = new Headers();
  for (const name of names) headers.set(name, "1");
  for (const name of names) if (headers.get(name) !== "1" || !headers.has(name)) throw new Error(name);
  for (const name of names) headers.delete(name);
  equal(count(headers), 0);
});

test("Headers: changed while they are iterated over", () => {
  const headers = filled(new Headers(), 16_000);
  for (const [name] of headers) headers.set(name, "2");
  for (const [name] of headers) headers.append(name, "3");
  equal(headers.get("n7"), "2, 3");
  let added = 0;
  for (const [name] of headers) if (added++ < 8_000) headers.append(`z${name}`, "4");
  for (const name of headers.keys()) headers.delete(name);
  equal(count(headers), 12_000);
});

test("EventTarget: listeners are added, added again, and removed", () => {
  const target = new EventTarget();
  const listeners = names.map(() => () => {});
  for (let round = 0; round < 2; round++) for (const listener of listeners) target.addEventListener("x", listener);
  target.dispatchEvent(new Event("x"));
  for (const listener of listeners) target.removeEventListener("x", listener);
  for (const listener of listeners) target.addEventListener("x", listener);
  for (const listener of listeners.reverse()) target.removeEventListener("x", listener);
});

test("EventTarget: listeners that go when they are called, or with a signal", () => {
  const target = new EventTarget();
  const controller = new AbortController();
  let calls = 0;
  for (const _ of names) target.addEventListener("x", () => calls++, { once: true });
  for (const _ of names) target.addEventListener("y", () => calls++, { signal: controller.signal });
  target.dispatchEvent(new Event("x"));
  target.dispatchEvent(new Event("x"));
  controller.abort();
  target.dispatchEvent(new Event("y"));
  equal(calls, N);
});

test("AbortSignal.any: of many signals, with many listeners", () => {
  const controllers = names.slice(0, 20_000).map(() => new AbortController());
  const signal = AbortSignal.any(controllers.map((controller) => controller.signal));
  let calls = 0;
  for (const _ of controllers) signal.addEventListener("abort", () => calls++);
  controllers[0].abort();
  equal(calls, controllers.length);
});

test("structuredClone: many buffers are transferred", () => {
  const buffers = Array.from({ length: N }, () => new ArrayBuffer(1));
  equal(structuredClone(buffers, { transfer: buffers }).length, buffers.length);
  equal(buffers[0].detached, true);
});

test("a Content-Type of many parameters, quoted pairs and types", async () => {
  const type = `text/plain;a="${"\\b".repeat(N)}"${";c=d".repeat(N)},${"text/html;e=\"f,g\",".repeat(N / 10)}`;
  equal((await new Response("", { headers: { "content-type": type } }).blob()).type, 'text/html;e="f,g"');
});

done();
