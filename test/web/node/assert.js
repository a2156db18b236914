// node:assert as Node.js has it: each expectation is what Node.js 22 says.

import assert, { AssertionError } from "node:assert";
import strict from "node:assert/strict";
import { deepEqual, done, equal, ok, reasonOf, test, thrownBy } from "./harness.js";

const messageOf = (body) => thrownBy(body)?.message ?? "nothing";

test("one module by its names", () => {
  equal(assert.strict, strict);
  equal(assert.ok, assert);
  equal(strict.strict, strict);
  equal(strict.equal, assert.strictEqual);
  ok(thrownBy(() => assert(0)) instanceof AssertionError, "AssertionError");
});

test("errors say what differs", () => {
  equal(messageOf(() => assert.strictEqual(1, 2)), "Expected values to be strictly equal:\n\n1 !== 2\n");
  equal(
    messageOf(() => assert.deepStrictEqual({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] })),
    "Expected values to be strictly deep-equal:\n+ actual - expected\n\n  {\n    a: 1,\n    b: [\n      1,\n+     2\n-     3\n    ]\n  }\n",
  );
  equal(
    messageOf(() => assert.strictEqual("a long string that is here", "a long string that was here")),
    "Expected values to be strictly equal:\n+ actual - expected\n\n+ 'a long string that is here'\n- 'a long string that was here'\n" +
      "                      ^\n",
  );
  equal(messageOf(() => assert.deepEqual([1], [2])), "Expected values to be loosely deep-equal:\n\n[\n  1\n]\n\nshould loosely deep-equal\n\n[\n  2\n]");
  equal(messageOf(() => assert.notStrictEqual(1, 1)), 'Expected "actual" to be strictly unequal to: 1');
  equal(messageOf(() => assert.equal(1, 2)), "1 == 2");
  equal(messageOf(() => assert.strictEqual([], [])), "Values identical but not reference-equal:\n\n[]\n");
  const error = thrownBy(() => assert.strictEqual(1, 2, "mine"));
  deepEqual([error.name, error.code, error.generatedMessage, error.actual, error.expected, error.operator], [
    "AssertionError", "ERR_ASSERTION", false, 1, 2, "strictEqual",
  ]);
  ok(error.stack.startsWith("AssertionError [ERR_ASSERTION]: mine"), error.stack);
  const own = new TypeError("own");
  equal(thrownBy(() => assert.ok(false, own)), own);
});

test("lists of many lines show those that differ", () => {
  const list = Array.from({ length: 100 }, (_, at) => at);
  const message = messageOf(() => assert.deepStrictEqual(list, list.map((item) => (item === 50 ? -1 : item))));
  equal(message.includes("... Skipped lines") && message.includes("+   50,\n-   -1,") && message.length < 400, true);
  // Far too many differences to be compared each with each: it ends all the same.
  const many = Array.from({ length: 20_000 }, (_, at) => `a${at}`);
  ok(messageOf(() => assert.deepStrictEqual(many, many.map((item) => `b${item}`))).length > 100, "many");
});

test("strict, loose and of a part", () => {
  const same = [[1, "1"], [[1], ["1"]], [new Set([1]), new Set(["1"])], [new Map([[1, 2]]), new Map([["1", "2"]])], [null, undefined]];
  for (const [one, other] of same) {
    assert.deepEqual(one, other);
    assert.notDeepStrictEqual(one, other);
  }
  assert.deepStrictEqual(new Error("a", { cause: 1 }), new Error("a", { cause: 1 }));
  assert.notDeepStrictEqual(new Error("a", { cause: 1 }), new Error("a", { cause: 2 }));
  assert.partialDeepStrictEqual({ a: 1, b: { c: [1, 2, 3], d: 4 } }, { b: { c: [1, 3] } });
  ok(thrownBy(() => assert.partialDeepStrictEqual({ a: 1 }, { a: 1, b: 2 })), "a part");
});

test("errors that are expected", async () => {
  const boom = () => {
    throw new TypeError("boom");
  };
  assert.throws(boom, TypeError);
  assert.throws(boom, /^TypeError: boom$/);
  assert.throws(boom, { name: "TypeError", message: /oo/ });
  assert.throws(boom, (error) => error instanceof TypeError);
  equal(messageOf(() => assert.throws(() => {}, TypeError, "wanted")), "Missing expected exception (TypeError): wanted");
  equal(
    messageOf(() => assert.throws(boom, RangeError)),
    'The error is expected to be an instance of "RangeError". Received "TypeError"\n\nError message:\n\nboom',
  );
  equal(thrownBy(() => assert.throws(boom, "boom")).code, "ERR_AMBIGUOUS_ARGUMENT");
  equal(messageOf(() => assert.doesNotThrow(boom)), 'Got unwanted exception.\nActual message: "boom"');
  await assert.rejects(async () => boom(), TypeError);
  equal((await reasonOf(assert.rejects(Promise.resolve()))).message, "Missing expected rejection.");
  await assert.doesNotReject(Promise.resolve());
  assert.match("abc", /b/);
  ok(messageOf(() => assert.match("abc", /x/)).startsWith("The input did not match the regular expression /x/. Input:"), "match");
  assert.ifError(null);
  equal(messageOf(() => assert.ifError(new Error("no"))), "ifError got unwanted exception: no");
});

await done();
