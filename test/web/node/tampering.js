// A program that has replaced what it could before it imports a module of Node.js: the module is what it is, and nothing of
// its inside comes out.

import { deepEqual, done, equal, test } from "./harness.js";

const caught = [];
const steal = (what) => (...args) => {
  caught.push(what, ...args);
  return undefined;
};
const Generator = Object.getPrototypeOf(function* () {}).prototype;
const replaced = [
  [Generator, "next"], [Generator, "return"], [Function.prototype, "call"], [Function.prototype, "bind"], [Map.prototype, "get"],
  [Map.prototype, "set"], [Set.prototype, "has"], [Array.prototype, "push"], [Array.prototype, Symbol.iterator], [String.prototype, "split"],
  [Object, "defineProperty"], [Object, "create"], [Object, "keys"], [Reflect, "apply"], [Promise, "resolve"],
];

test("modules that are imported after that work, and nothing was called", async () => {
  const before = replaced.map(([object, key]) => Object.getOwnPropertyDescriptor(object, key));
  const { defineProperty } = Object;
  const names = ["exports", "link", "imports", "next", "moduleExports", "value", "get"];
  const kept = { modules: null };
  // Imports are begun while all of it is replaced; what `await` needs is back when they are waited for.
  for (const name of names.slice(0, 5)) {
    defineProperty(Object.prototype, name, { set: steal(`set ${name}`), get: () => undefined, configurable: true });
  }
  for (let at = 0; at < replaced.length; at++) {
    defineProperty(replaced[at][0], replaced[at][1], { value: steal(replaced[at][1]), writable: true, configurable: true });
  }
  const promises = [
    import("node:events"), import("node:buffer"), import("node:util"), import("node:async_hooks"), import("node:process"),
    import("node:path"), import("node:querystring"), import("node:string_decoder"), import("node:diagnostics_channel"),
    import("node:stream"), import("node:stream/promises"), import("node:stream/consumers"),
    import("node:crypto"),
    import("node:assert"), import("node:url"), import("node:zlib"), import("node:console"), import("node:module"), import("node:perf_hooks"),
  ];
  const stolen = caught.length;
  for (let at = 0; at < replaced.length; at++) defineProperty(replaced[at][0], replaced[at][1], before[at]);
  for (let at = 0; at < 5; at++) delete Object.prototype[names[at]];
  kept.modules = await Promise.all(promises);
  equal(stolen, 0, `${String(caught[0])} ${String(caught[1])}`);
  const { createHash, createHmac } = kept.modules[12];
  equal(createHash("md5").update("a").digest("hex") + createHmac("md5", "k").digest("hex").length, "0cc175b9c0f1b6a831c399e26977266132");
  const [events, buffer, util, { AsyncLocalStorage }] = kept.modules;
  const emitter = new events.EventEmitter();
  const seen = [];
  emitter.on("x", (value) => seen.push(value)).emit("x", 1);
  deepEqual([seen, buffer.Buffer.from("hi").toString("hex"), util.format("%s", "a"), new AsyncLocalStorage().run(2, () => 3)], [
    [1], "6869", "a", 3,
  ]);
});

await done();
