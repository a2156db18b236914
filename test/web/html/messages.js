// MessageChannel, MessagePort, MessageEvent and BroadcastChannel: order, transfer, closing.

import { deepEqual, done, equal, test, thrownBy } from "./harness.js";

const throws = (body, type, what) => equal(thrownBy(body) instanceof type, true, what);

const next = (target, type = "message") => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

test("messages are copies, come in order, each in a turn of its own", async () => {
  const { port1, port2 } = new MessageChannel();
  const log = [];
  const all = new Promise((resolve) => {
    port2.onmessage = ({ data }) => {
      log.push(data);
      queueMicrotask(() => log.push("microtask"));
      if (data === 3) setTimeout(resolve);
    };
  });
  const object = { list: [1] };
  port1.postMessage(object);
  object.list.push(2);
  for (const number of [2, 3]) port1.postMessage(number);
  log.push("sent");
  await all;
  deepEqual(log, ["sent", { list: [1] }, "microtask", 2, "microtask", 3, "microtask"]);
});

test("a port holds what comes until it is started", async () => {
  const { port1, port2 } = new MessageChannel();
  let count = 0;
  port2.addEventListener("message", () => count++);
  port1.postMessage(1);
  port1.postMessage(2);
  await new Promise((resolve) => setTimeout(resolve, 2));
  equal(count, 0);
  port2.start();
  port2.start();
  await next(port2);
  await next(port2);
  equal(count, 2);
});

test("ports and buffers are transferred, and what waits at a port with it", async () => {
  const outer = new MessageChannel();
  const inner = new MessageChannel();
  inner.port1.postMessage("before");
  const buffer = new ArrayBuffer(8);
  outer.port2.start();
  outer.port1.postMessage({ port: inner.port2, buffer }, { transfer: [inner.port2, buffer] });
  equal(buffer.byteLength, 0);
  inner.port1.postMessage("after");
  inner.port2.postMessage("from one that stands for nothing now");
  const event = await next(outer.port2);
  const [port] = event.ports;
  deepEqual([event.data.port === port, event.data.buffer.byteLength, port === inner.port2], [true, 8, false]);
  equal(Object.isFrozen(event.ports), true);
  port.start();
  equal((await next(port)).data, "before");
  equal((await next(port)).data, "after");
  inner.port1.start();
  port.postMessage("back");
  equal((await next(inner.port1)).data, "back");
});

test("what cannot be sent is refused and nothing is taken", () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(8);
  for (
    const [message, transfer] of [
      [() => {}, []], [port2, []], [1, [port1]], [1, [port2, port2]], [1, [{}]], [() => {}, [buffer]], [new ReadableStream(), []],
    ]
  ) throws(() => port1.postMessage(message, transfer), DOMException);
  equal(buffer.byteLength, 8);
  throws(() => new MessagePort(), TypeError);
  throws(() => port1.postMessage(), TypeError);
  throws(() => MessagePort.prototype.start.call({}), TypeError);
});

test("a closed channel carries nothing, and the other side is told", async () => {
  const { port1, port2 } = new MessageChannel();
  port1.start();
  const closed = next(port1, "close");
  port2.close();
  port1.postMessage("nowhere");
  equal((await closed).type, "close");
});

test("structuredClone transfers ports", async () => {
  const { port1, port2 } = new MessageChannel();
  const { port } = structuredClone({ port: port2 }, { transfer: [port2] });
  port.start();
  port1.postMessage("x");
  equal((await next(port)).data, "x");
  throws(() => structuredClone(port1), DOMException);
  // A getter that clones while a clone is made has no part in its transfer.
  const pair = new MessageChannel();
  const value = { get inner() { try { return structuredClone(pair.port1); } catch (error) { return error.name; } }, port: pair.port1 };
  equal(structuredClone(value, { transfer: [pair.port1] }).inner, "DataCloneError");
});

test("a broadcast reaches the other channels of its name", async () => {
  const [a, b, c, other] = ["x", "x", "x", "y"].map((name) => new BroadcastChannel(name));
  const log = [];
  for (const [name, channel] of Object.entries({ a, b, other })) channel.onmessage = ({ data }) => log.push(name, data);
  const object = { list: [] };
  c.postMessage(object);
  a.close();
  await next(b);
  deepEqual(log, ["b", { list: [] }]);
  throws(() => a.postMessage(1), DOMException);
  throws(() => b.postMessage(() => {}), DOMException);
  throws(() => new BroadcastChannel(), TypeError);
});

test("whoever clears every timer clears none of what others have set", async () => {
  const { port1, port2 } = new MessageChannel();
  const channels = [new BroadcastChannel("timers"), new BroadcastChannel("timers")];
  const signal = AbortSignal.timeout(1);
  const events = [next(port2), next(channels[1]), next(signal, "abort"), scheduler.wait(1)];
  port2.start();
  port1.postMessage(1);
  channels[0].postMessage(2);
  let isCalled = false;
  const last = setTimeout(() => { isCalled = true; });
  for (let id = 0; id <= last + 10; id++) id % 2 ? clearTimeout(id) : clearInterval(id);
  const [one, two] = await Promise.all(events);
  deepEqual([one.data, two.data, signal.aborted, isCalled], [1, 2, true, false]);
});

test("MessageEvent by its constructor", () => {
  const ports = [new MessageChannel().port1];
  const event = new MessageEvent("message", { data: 1, origin: "o", lastEventId: "7", ports, cancelable: true });
  deepEqual([event.data, event.origin, event.lastEventId, event.source, event.cancelable], [1, "o", "7", null, true]);
  equal(event.ports[0], ports[0]);
  const plain = new MessageEvent("x");
  deepEqual([plain.data, plain.ports.length, plain.isTrusted], [null, 0, false]);
  throws(() => new MessageEvent("x", { ports: 1 }), TypeError);
});


test("the buffer of a WebAssembly.Memory is copied, and never transferred", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Uint8Array(memory.buffer)[7] = 5;
  const { port1 } = new MessageChannel();
  for (const body of [
    () => structuredClone(memory.buffer, { transfer: [memory.buffer] }),
    () => structuredClone(new Uint8Array(memory.buffer), { transfer: [memory.buffer] }),
    () => structuredClone(1, { transfer: [new ArrayBuffer(1), memory.buffer] }),
    () => port1.postMessage(memory.buffer, [memory.buffer]),
    () => port1.postMessage(null, { transfer: [memory.buffer] }),
    () => structuredClone(memory),
  ]) equal(thrownBy(body).name, "DataCloneError", `${body}`);
  const before = memory.buffer;
  const copy = structuredClone(before);
  new Uint8Array(before)[7] = 6;
  equal(new Uint8Array(copy)[7], 5);
  equal(memory.buffer, before);
  memory.grow(1);
  equal(before.byteLength, 0);
  equal(memory.buffer.byteLength, 2 * 65536);
  const whole = new ArrayBuffer(4);
  throws(() => structuredClone(whole, { transfer: [whole, memory.buffer] }), DOMException, "with another");
  equal(whole.byteLength, 4, "nothing is transferred where one cannot be");
  port1.close();
});

await done();
