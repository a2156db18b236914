// Headers by the Fetch Standard.

import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

test("an init is a record, a sequence of pairs, Headers, or nothing", () => {
  equal(new Headers({ A: 1, b: null }).get("a"), "1");
  equal(new Headers({ A: 1, b: null }).get("B"), "null");
  equal(new Headers([["a", "1"], ["A", "2"]]).get("a"), "1, 2");
  equal(new Headers(new Headers({ a: "1" })).get("a"), "1");
  equal(new Headers(new Map([["a", "1"]])).get("a"), "1");
  deepEqual([...new Headers()], []);
  deepEqual([...new Headers(undefined)], []);
  for (const init of [null, 1, "a", Symbol.iterator, [["a"]], [["a", "b", "c"]], ["ab"], [1], { [Symbol("a")]: "1" }, { [Symbol.iterator]: 1 }]) {
    ok(thrownBy(() => new Headers(init)) instanceof TypeError, "a wrong init");
  }
});

test("a record is read as Web IDL says: own enumerable keys, one after the other", () => {
  const log = [];
  const record = new Proxy({ a: "1", b: "2" }, {
    ownKeys(target) {
      log.push("ownKeys");
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(target, key) {
      log.push(`descriptor ${key}`);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    get(target, key) {
      log.push(`get ${String(key)}`);
      return target[key];
    },
  });
  new Headers(record);
  deepEqual(log, ["get Symbol(Symbol.iterator)", "ownKeys", "descriptor a", "get a", "descriptor b", "get b"]);
  const hidden = Object.defineProperty(Object.create({ inherited: "1" }), "hidden", { value: "1", enumerable: false });
  deepEqual([...new Headers(hidden)], []);
});

test("all of an init is converted before any of it is checked", () => {
  let converted = false;
  const value = {
    toString() {
      converted = true;
      return "1";
    },
  };
  ok(thrownBy(() => new Headers({ "not a name": "1", b: value })) instanceof TypeError, "not a name");
  ok(converted, "the value after the wrong name is converted");
  converted = false;
  ok(thrownBy(() => new Headers([["a"], ["b", value]])) instanceof TypeError, "not a pair");
  ok(converted, "the pair after the wrong one is converted");
});

test("names are tokens, values have no line breaks, and both are byte strings", () => {
  const headers = new Headers();
  for (const name of ["", " ", "a b", "a:", "ä", "a\n", "Ā", "\u0130"]) {
    for (const method of ["append", "set"]) ok(thrownBy(() => headers[method](name, "x")) instanceof TypeError, `name ${name}`);
    for (const method of ["get", "has", "delete"]) ok(thrownBy(() => headers[method](name)) instanceof TypeError, `name ${name}`);
  }
  for (const value of ["a\nb", "a\rb", "a\0b", "Ā", "\ud800"]) {
    for (const method of ["append", "set"]) ok(thrownBy(() => headers[method]("a", value)) instanceof TypeError, `value ${escape(value)}`);
  }
  deepEqual([...headers], []);
  headers.set("!#$%&'*+-.^_`|~09azAZ", "\x01\x7f\x80\xff");
  equal(headers.get("!#$%&'*+-.^_`|~09azaz"), "\x01\x7f\x80\xff");
});

test("white space around a value goes", () => {
  const headers = new Headers({ a: " \t\r\n1 2\t \n", b: "", c: " \t" });
  equal(headers.get("a"), "1 2");
  equal(headers.get("b"), "");
  equal(headers.get("c"), "");
  headers.append("a", " 3 ");
  equal(headers.get("a"), "1 2, 3");
});

test("append, set, delete, has, get", () => {
  const headers = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]);
  equal(headers.get("A"), "1, 3");
  headers.set("A", "4");
  equal(headers.get("a"), "4");
  headers.append("c", "5");
  headers.delete("B");
  equal(headers.has("b"), false);
  equal(headers.get("b"), null);
  deepEqual([...headers], [["a", "4"], ["c", "5"]]);
});

test("cookies are never joined", () => {
  const headers = new Headers([["Set-Cookie", "a=1"], ["x", "1"], ["set-cookie", "b=2"], ["a", "0"]]);
  deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
  equal(headers.get("set-cookie"), "a=1, b=2");
  deepEqual([...headers], [["a", "0"], ["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x", "1"]]);
  deepEqual(new Headers(headers).getSetCookie(), ["a=1", "b=2"]);
  deepEqual(new Headers().getSetCookie(), []);
});

test("iteration is sorted, and sees changes on its way", () => {
  const headers = new Headers([["c", "3"], ["a", "1"], ["A", "2"]]);
  deepEqual([...headers.keys()], ["a", "c"]);
  deepEqual([...headers.values()], ["1, 2", "3"]);
  const seen = [];
  for (const [name] of headers) {
    seen.push(name);
    if (name === "a") headers.append("d", "4");
    if (name === "c") headers.delete("a");
  }
  deepEqual(seen, ["a", "c"]);
  const calls = [];
  const self = {};
  headers.forEach(function (value, name, object) {
    calls.push([value, name, object === headers, this === self]);
  }, self);
  deepEqual(calls, [["3", "c", true, true], ["4", "d", true, true]]);
  ok(thrownBy(() => headers.forEach()) instanceof TypeError, "a callback is required");
});

test("iterators have the shape of Web IDL", () => {
  const iterator = new Headers({ a: "1" })[Symbol.iterator]();
  equal(Headers.prototype[Symbol.iterator], Headers.prototype.entries);
  const prototype = Object.getPrototypeOf(iterator);
  equal(Object.getPrototypeOf(prototype), Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
  equal(prototype[Symbol.toStringTag], "Headers Iterator");
  deepEqual(Object.getOwnPropertyDescriptor(prototype, "next").enumerable, true);
  ok(thrownBy(() => prototype.next.call({})) instanceof TypeError, "an iterator of another kind");
  deepEqual(iterator.next(), { value: ["a", "1"], done: false });
  deepEqual(iterator.next(), { value: undefined, done: true });
});

test("methods check their receiver and count their arguments", () => {
  for (const [method, count] of [["append", 2], ["delete", 1], ["get", 1], ["has", 1], ["set", 2], ["getSetCookie", 0], ["entries", 0]]) {
    equal(Headers.prototype[method].length, count, `${method}.length`);
    for (const receiver of [undefined, null, 1, {}, Headers.prototype]) {
      ok(thrownBy(() => Headers.prototype[method].call(receiver, "a", "b")) instanceof TypeError, `${method} of ${receiver}`);
    }
    if (count > 0) ok(thrownBy(() => new Headers()[method]()) instanceof TypeError, `${method}()`);
  }
  equal(Object.prototype.toString.call(new Headers()), "[object Headers]");
  equal(Object.keys(Headers.prototype).includes("append"), true);
  ok(thrownBy(() => Headers()) instanceof TypeError, "a constructor");
});

await done();
