// WritableStream, its writer, its controller and the strategies as Web IDL interfaces; what construction reads and calls.

import { deepEqual, done, equal, ok, reasonOf, rejectsWith, test, thrownBy, turn } from "./harness.js";

function shape(interfaceObject) {
  const members = Object.getOwnPropertyDescriptors(interfaceObject.prototype);
  const result = {};
  for (const [name, descriptor] of Object.entries(members)) {
    if (name === "constructor") continue;
    const kind = descriptor.get ? "getter" : `method/${descriptor.value.length}`;
    result[name] = `${kind}${descriptor.enumerable ? "" : " hidden"}${descriptor.set ? " settable" : ""}`;
  }
  return result;
}

test("the interfaces have the members of the standard, enumerable", () => {
  deepEqual(shape(WritableStream), { locked: "getter", abort: "method/0", close: "method/0", getWriter: "method/0" });
  deepEqual(shape(WritableStreamDefaultWriter), {
    closed: "getter", desiredSize: "getter", ready: "getter", abort: "method/0", close: "method/0",
    releaseLock: "method/0", write: "method/0",
  });
  deepEqual(shape(WritableStreamDefaultController), { signal: "getter", error: "method/0" });
  deepEqual(shape(CountQueuingStrategy), { highWaterMark: "getter", size: "getter" });
  deepEqual(shape(ByteLengthQueuingStrategy), { highWaterMark: "getter", size: "getter" });
  equal(WritableStream.length, 0);
  equal(WritableStreamDefaultWriter.length, 1);
  equal(CountQueuingStrategy.length, 1);
});

test("they are on the global, not enumerable, with their toStringTag", () => {
  for (const name of ["WritableStream", "WritableStreamDefaultWriter", "WritableStreamDefaultController",
    "CountQueuingStrategy", "ByteLengthQueuingStrategy"]) {
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, name);
    deepEqual([enumerable, writable, configurable], [false, true, true], name);
    equal(globalThis[name].prototype[Symbol.toStringTag], name);
  }
  equal(String(new WritableStream()), "[object WritableStream]");
});

test("only `new` constructs, and controllers not even that", () => {
  ok(thrownBy(() => WritableStream()) instanceof TypeError);
  ok(thrownBy(() => new WritableStreamDefaultController()) instanceof TypeError);
  ok(thrownBy(() => new WritableStreamDefaultWriter({})) instanceof TypeError);
  ok(thrownBy(() => new WritableStreamDefaultWriter()) instanceof TypeError);
});

test("members refuse objects of other classes: getters and methods throw, what returns a promise rejects", async () => {
  const writer = new WritableStream().getWriter();
  const proto = Object.getPrototypeOf(writer);
  for (const impostor of [{}, Object.create(proto), new WritableStream(), null, undefined, 1]) {
    ok(thrownBy(() => proto.releaseLock.call(impostor)) instanceof TypeError);
    const { get: desiredSize } = Object.getOwnPropertyDescriptor(proto, "desiredSize");
    ok(thrownBy(() => desiredSize.call(impostor)) instanceof TypeError);
    for (const name of ["abort", "close", "write"]) ok((await reasonOf(proto[name].call(impostor))) instanceof TypeError);
    for (const name of ["closed", "ready"]) {
      const { get } = Object.getOwnPropertyDescriptor(proto, name);
      ok((await reasonOf(get.call(impostor))) instanceof TypeError);
    }
  }
  await rejectsWith(WritableStream.prototype.close.call({}), TypeError);
  await rejectsWith(WritableStream.prototype.abort.call(writer), TypeError);
  ok(thrownBy(() => WritableStream.prototype.getWriter.call(writer)) instanceof TypeError);
});

test("the sink is an object or left out", () => {
  for (const sink of [null, 1, "x", true, Symbol()]) ok(thrownBy(() => new WritableStream(sink)) instanceof TypeError);
  new WritableStream(undefined);
  new WritableStream(() => {});
});

test("strategy first, then the sink's members, each read once in alphabetical order", () => {
  const log = [];
  const spy = (name, object) => new Proxy(object, {
    get(target, key) {
      log.push(`${name}.${String(key)}`);
      return target[key];
    },
  });
  new WritableStream(spy("sink", {}), spy("strategy", {}));
  deepEqual(log, [
    "strategy.highWaterMark", "strategy.size", "sink.abort", "sink.close", "sink.start", "sink.type", "sink.write",
  ]);
});

test("members that are no functions, and any type, are refused", () => {
  for (const name of ["start", "write", "close", "abort"]) {
    ok(thrownBy(() => new WritableStream({ [name]: 1 })) instanceof TypeError, name);
    new WritableStream({ [name]: undefined });
  }
  for (const type of ["bytes", null, 0, ""]) ok(thrownBy(() => new WritableStream({ type })) instanceof RangeError);
});

test("the sink's methods get the controller and the sink as this", async () => {
  const log = [];
  const sink = {
    start(...args) { log.push(["start", this === sink, args.length, args[0] instanceof WritableStreamDefaultController]); },
    write(...args) { log.push(["write", this === sink, args.length, args[1] instanceof WritableStreamDefaultController]); },
    close(...args) { log.push(["close", this === sink, args.length]); },
  };
  const stream = new WritableStream(sink);
  const writer = stream.getWriter();
  await writer.write("a");
  await writer.close();
  deepEqual(log, [["start", true, 1, true], ["write", true, 2, true], ["close", true, 0]]);
});

test("what start throws, the constructor throws", () => {
  const error = new Error("no");
  equal(thrownBy(() => new WritableStream({ start() { throw error; } })), error);
});

test("a start that rejects errors the stream", async () => {
  const error = new Error("no");
  const writer = new WritableStream({ start: () => Promise.reject(error) }).getWriter();
  equal(await reasonOf(writer.closed), error);
  equal(await reasonOf(writer.ready), error);
  equal(await reasonOf(writer.write("a")), error);
});

test("high-water marks: NaN and negative ones are refused, others converted", async () => {
  for (const highWaterMark of [-1, NaN, "foo", {}, -Infinity]) {
    ok(thrownBy(() => new WritableStream({}, { highWaterMark })) instanceof RangeError);
  }
  ok(thrownBy(() => new WritableStream({}, { highWaterMark: 1n })) instanceof TypeError);
  ok(thrownBy(() => new WritableStream({}, { highWaterMark: Symbol() })) instanceof TypeError);
  for (const [highWaterMark, desiredSize] of [["5", 5], [true, 1], [null, 0], [Infinity, Infinity], [undefined, 1], [0.5, 0.5]]) {
    equal(new WritableStream({}, { highWaterMark }).getWriter().desiredSize, desiredSize);
  }
  ok(thrownBy(() => new WritableStream({}, 1)) instanceof TypeError);
  new WritableStream({}, null);
});

test("queuing strategies", () => {
  equal(new CountQueuingStrategy({ highWaterMark: "7" }).highWaterMark, 7);
  equal(new CountQueuingStrategy({ highWaterMark: 1 }).size("abc"), 1);
  equal(new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(new Uint8Array(5)), 5);
  equal(new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size({ byteLength: "x" }), "x");
  ok(Number.isNaN(new CountQueuingStrategy({ highWaterMark: {} }).highWaterMark));
  for (const Strategy of [CountQueuingStrategy, ByteLengthQueuingStrategy]) {
    for (const init of [undefined, null, 1, {}, { highWaterMark: undefined }]) {
      ok(thrownBy(() => new Strategy(init)) instanceof TypeError);
    }
    const { size } = new Strategy({ highWaterMark: 1 });
    equal(size, new Strategy({ highWaterMark: 2 }).size, "one function for all");
    equal(size.name, "size");
    ok(!("prototype" in size), "not a constructor");
  }
  equal(new CountQueuingStrategy({ highWaterMark: 1 }).size.length, 0);
  equal(new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size.length, 1);
  ok(thrownBy(() => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size()) instanceof TypeError);
});

test("a subclass works", async () => {
  class Sub extends WritableStream {
    more() { return 1; }
  }
  const stream = new Sub({ write() {} });
  equal(stream.more(), 1);
  await stream.getWriter().write("a");
});

test("console.log and String", async () => {
  const stream = new WritableStream();
  await turn();
  equal(Object.keys(stream).length, 0, "no own properties");
});

await done();
