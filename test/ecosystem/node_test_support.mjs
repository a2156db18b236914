// What the tests of Node.js import of their own helpers, written for nano: `require("../common")` and `node:test`, and what ends a
// test that has come to its end (node_tests.py).

import assert from "node:assert";
import { createRequire } from "node:module";
import { inspect } from "node:util";

const expectations = [];
let running = 0;

function expect(fn, exact, minimum) {
  const state = { calls: 0, exact, minimum, stack: new Error("expected here").stack };
  expectations.push(state);
  const called = function (...args) {
    state.calls++;
    return fn.apply(this, args);
  };
  Object.defineProperties(called, { name: { value: fn.name, configurable: true }, length: { value: fn.length, configurable: true } });
  return called;
}

const nothing = () => {};
const split = (fn, count) => (typeof fn === "number" ? [nothing, fn] : [fn ?? nothing, count ?? 1]);

const common = {
  mustCall(fn, count) {
    const [own, exact] = split(fn, count);
    return expect(own, exact, undefined);
  },
  mustCallAtLeast(fn, count) {
    const [own, minimum] = split(fn, count);
    return expect(own, undefined, minimum);
  },
  mustSucceed(fn, exact) {
    return common.mustCall(function (error, ...args) {
      assert.ifError(error);
      return typeof fn === "function" ? fn.apply(this, args) : undefined;
    }, exact);
  },
  mustNotCall(message) {
    return function mustNotCall(...args) {
      assert.fail(`${message || "function should not have been called"} ${args.map((each) => inspect(each)).join()}`);
    };
  },
  mustNotMutateObjectDeep: (object) => object,
  expectsError(validator, exact) {
    return common.mustCall((...args) => {
      assert.throws(() => {
        throw args[0];
      }, validator);
      return true;
    }, exact);
  },
  expectWarning(nameOrMap, expected, code) {
    const lists = typeof nameOrMap === "string" ? { [nameOrMap]: expected } : nameOrMap;
    const wanted = Object.entries(lists).flatMap(([name, list]) => {
      const all = Array.isArray(list) && Array.isArray(list[0]) ? list : [Array.isArray(list) ? list : [list, code]];
      return all.map(([message]) => ({ name, message }));
    });
    process.on("warning", common.mustCall((warning) => {
      const { name, message } = wanted.shift() ?? {};
      assert.strictEqual(warning.name, name);
      if (message instanceof RegExp) assert.match(warning.message, message);
      else assert.strictEqual(warning.message, message);
    }, wanted.length));
  },
  invalidArgTypeHelper(input) {
    if (input === undefined || input === null) return ` Received ${input}`;
    if (typeof input === "function") return ` Received function ${input.name}`;
    if (typeof input === "object") {
      if (input.constructor?.name) return ` Received an instance of ${input.constructor.name}`;
      return ` Received ${inspect(input, { depth: -1 })}`;
    }
    let shown = inspect(input, { colors: false });
    if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
    return ` Received type ${typeof input} (${shown})`;
  },
  getArrayBufferViews(buffer) {
    const kinds = [
      Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array,
      BigUint64Array, DataView,
    ];
    const size = (kind) => kind.BYTES_PER_ELEMENT ?? 1;
    const fitting = kinds.filter((kind) => buffer.byteLength % size(kind) === 0);
    return fitting.map((kind) => new kind(buffer.buffer, buffer.byteOffset, buffer.byteLength / size(kind)));
  },
  getBufferSources: (buffer) => [...common.getArrayBufferViews(buffer), new Uint8Array(buffer).buffer],
  skip(reason) {
    console.log(`SKIPPED ${reason}`);
    CLI.exit(0);
  },
  skipIf: (condition, reason) => condition && common.skip(reason),
  printSkipMessage: nothing,
  skipIfInspectorDisabled: () => common.skip("no inspector"),
  skipIf32Bits: nothing,
  allowGlobals: nothing,
  platformTimeout: (time) => time,
  hasCrypto: true,
  hasIntl: true,
  hasFullICU: true,
  isMainThread: true,
  isLinux: true,
  isWindows: false,
  isAIX: false,
  isIBMi: false,
  isMacOS: false,
  isOSX: false,
  isSunOS: false,
  isFreeBSD: false,
  isDebug: false,
  isASan: false,
  isInsideDirWithUnusualChars: false,
  enoughTestMem: false,
  enoughTestCpu: false,
  localhostIPv4: "127.0.0.1",
};

/** node:test, one test behind the other. */
let queue = Promise.resolve();
function nodeTest(...args) {
  const body = args.findLast((each) => typeof each === "function");
  const options = args.find((each) => typeof each === "object" && each !== null);
  if (body === undefined || options?.skip || options?.todo) return Promise.resolve();
  running++;
  const context = { test: nodeTest, name: String(args[0]), diagnostic: nothing, mock, after: nothing, skip: nothing, plan: nothing, assert };
  const run = () => (body.length > 1 ? new Promise((resolve, reject) => body(context, (error) => error ? reject(error) : resolve())) : body(context));
  queue = queue.then(run).finally(() => running--);
  queue.catch((error) => {
    console.error(error);
    CLI.exit(1);
  });
  return queue;
}
const describe = (...args) => args.findLast((each) => typeof each === "function")?.();
const mock = {
  fn(own = nothing) {
    const called = function (...args) {
      const result = own.apply(this, args);
      called.mock.calls.push({ arguments: args, result, this: this });
      return result;
    };
    called.mock = { calls: [], callCount: () => called.mock.calls.length };
    return called;
  },
};
Object.assign(nodeTest, { test: nodeTest, it: nodeTest, describe, suite: describe, mock, before: nothing, after: nothing, beforeEach: nothing });
nodeTest.it.skip = nodeTest.test.skip = nodeTest.describe.skip = nothing;

const builtin = createRequire("/test/parallel/test.js");
const helpers = { "../common": common, "../common/index": common, "node:test": nodeTest, test: nodeTest };

export function require(id) {
  return Object.hasOwn(helpers, id) ? helpers[id] : builtin(id);
}
require.resolve = builtin.resolve;
require.cache = {};

function unmet() {
  return expectations.filter(({ calls, exact, minimum }) => (exact === undefined ? calls < minimum : calls !== exact));
}

/** Runs a test in a turn of its own, as a main program runs, and ends when what it expects has come. */
export function run(name, body) {
  setImmediate(() => {
    const module = { exports: {} };
    body(module.exports, require, module, `/test/parallel/${name}`, "/test/parallel");
    const deadline = Date.now() + 5000;
    let quiet = 0;
    const look = () => {
      const left = unmet().filter(({ calls, exact }) => exact === undefined || calls < exact);
      quiet = left.length === 0 && running === 0 ? quiet + 1 : 0;
      if (quiet < 6 && Date.now() < deadline) return void setTimeout(look, 25);
      process.emit("exit", 0);
      const missing = unmet();
      for (const { calls, exact, minimum, stack } of missing) console.error(`called ${calls} times, not ${exact ?? `${minimum} or more`}: ${stack}`);
      CLI.exit(missing.length === 0 && running === 0 ? 0 : 1);
    };
    setTimeout(look, 25);
  });
}
