// node:util: each expectation is what Node.js has.

import util, { callbackify, deprecate, format, inherits, inspect, isDeepStrictEqual, promisify, types } from "node:util";
import typesModule from "node:util/types";
import { deepEqual, done, equal, ok, reasonOf, test, thrownBy } from "./harness.js";

test("format and inspect", () => {
  equal(format("%s %d %j %%", "a", "1", { b: [1] }, "c"), 'a 1 {"b":[1]} % c');
  equal(util.formatWithOptions({ depth: 0 }, { a: { b: 1 } }, "%s"), "{ a: [Object] } %s");
  equal(inspect({ a: { b: { c: { d: 1 } } } }, false, null), "{\n  a: { b: { c: { d: 1 } } }\n}");
  equal(inspect({ [inspect.custom]: (depth, options, own) => `${depth} ${own === inspect}` }), "2 true");
  equal(util.stripVTControlCharacters(inspect("x", { colors: true })), "'x'");
});

test("inherits, deprecate, debuglog", async () => {
  function Parent() {}
  function Child() {}
  inherits(Child, Parent);
  ok(new Child() instanceof Parent && Child.super_ === Parent, "inherits");
  equal(thrownBy(() => inherits(Child, null)).code, "ERR_INVALID_ARG_TYPE");
  let warnings = 0;
  process.on("warning", (warning) => (warnings += warning.code === "DEP_TEST" ? 1 : 0));
  const old = deprecate(function (value) {
    return this.base + value;
  }, "it is old", "DEP_TEST");
  deepEqual([old.call({ base: 1 }, 2), old.call({ base: 2 }, 2)], [3, 4]);
  await new Promise((resolve) => setTimeout(resolve));
  equal(warnings, 1);
  equal(util.debuglog("test").enabled, false);
});

test("promisify and callbackify", async () => {
  const add = promisify((a, b, done) => done(null, a + b));
  equal(await add(1, 2), 3);
  equal((await reasonOf(promisify((done) => done(new Error("no")))())).message, "no");
  const custom = () => {};
  custom[promisify.custom] = () => "custom";
  equal(promisify(custom)(), "custom");
  const called = (callback, ...args) => new Promise((resolve) => callback(...args, (...results) => resolve(results)));
  deepEqual(await called(callbackify(async (a) => a * 2), 4), [null, 8]);
  const [error] = await called(callbackify(() => Promise.reject(null)));
  deepEqual([error.code, error.reason], ["ERR_FALSY_VALUE_REJECTION", null]);
});

test("types say what a value is inside, whatever it says of itself", () => {
  equal(types, typesModule);
  const liar = { [Symbol.toStringTag]: "Map" };
  deepEqual([types.isMap(liar), types.isMap(new Map()), types.isProxy(new Proxy({}, {})), types.isDate(Object.create(Date.prototype))], [
    false, true, true, false,
  ]);
  deepEqual([types.isAsyncFunction(async () => {}), types.isGeneratorObject((function* () {})()), types.isBoxedPrimitive(Object(1n))], [
    true, true, true,
  ]);
  deepEqual([types.isUint8Array(Buffer.alloc(1)), types.isTypedArray([]), types.isNativeError(new TypeError())], [true, false, true]);
});

test("deep equality", () => {
  const circle = { x: 1 };
  circle.self = circle;
  const other = { x: 1 };
  other.self = other;
  const same = [
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }], [new Map([[{ a: 1 }, 2]]), new Map([[{ a: 1 }, 2]])],
    [new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])], [new Date(1), new Date(1)], [NaN, NaN], [/a/g, /a/g], [circle, other],
    [new Uint8Array([1]), new Uint8Array([1])], [Object("a"), Object("a")], [new Error("a"), new Error("a")],
  ];
  for (const [a, b] of same) ok(isDeepStrictEqual(a, b), inspect(a));
  const different = [
    [0, -0], [{}, Object.create(null)], [[], {}], [new Error("a"), new Error("b")], [/a/g, /a/i], [{ a: undefined }, { b: undefined }],
    [new Set([1]), new Set([2])], [new Map([[1, 1]]), new Map([[1, 2]])], [Object(1), Object(2)], ["a", Object("a")],
    [new Uint8Array([1]), new Int8Array([1])], [{ a: 1 }, { a: 1, b: 2 }],
  ];
  for (const [a, b] of different) ok(!isDeepStrictEqual(a, b), inspect(a));
});

await done();
