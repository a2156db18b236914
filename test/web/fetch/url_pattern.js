// URLPattern: what it is made of, what it matches, what it finds.

import { deepEqual, done, equal, test, thrownBy } from "./harness.js";

const throws = (body, type, what) => equal(thrownBy(body) instanceof type, true, what);

const names = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];
const texts = (pattern) => names.map((name) => pattern[name]);

test("a pattern of strings, members and bases", () => {
  deepEqual(texts(new URLPattern()), ["*", "*", "*", "*", "*", "*", "*", "*"]);
  deepEqual(texts(new URLPattern("https://*.example.com:8080/a/:id\\?q=*#h")), ["https", "*", "*", "*.example.com", "8080", "/a/:id", "q=*", "h"]);
  deepEqual(texts(new URLPattern({ pathname: "/b/*", baseURL: "https://example.com/a/" })).slice(3, 6), ["example.com", "", "/b/*"]);
  deepEqual(texts(new URLPattern("../c/:d", "https://example.com/a/b/")).slice(3, 6), ["example.com", "", "/a/c/:d"]);
  equal(new URLPattern({ pathname: "/(\\d+)" }).hasRegExpGroups, true);
  equal(new URLPattern({ pathname: "/:a" }).hasRegExpGroups, false);
});

test("matches and what they find", () => {
  const pattern = new URLPattern({ hostname: "{:sub.}?example.com", pathname: "/books/:id(\\d+)/*" });
  equal(pattern.test("https://example.com/books/12/x"), true);
  equal(pattern.test("https://example.com/books/a/x"), false);
  equal(pattern.test({ hostname: "a.example.com", pathname: "/books/1/" }), true);
  equal(pattern.test("no URL"), false);
  const found = pattern.exec("https://a.example.com/books/12/x/y?z");
  deepEqual(found.hostname, { input: "a.example.com", groups: { sub: "a" } });
  deepEqual(found.pathname, { input: "/books/12/x/y", groups: { 0: "x/y", id: "12" } });
  deepEqual(found.search, { input: "z", groups: { 0: "z" } });
  deepEqual(found.inputs, ["https://a.example.com/books/12/x/y?z"]);
  equal(pattern.exec("https://example.com/books/1/").hostname.groups.sub, undefined);
  equal(pattern.exec("https://b.example/"), null);
  const base = new URLPattern({ pathname: "/a/b" });
  deepEqual(base.exec("b", "https://x.example/a/").inputs, ["b", "https://x.example/a/"]);
  deepEqual(new URLPattern({ pathname: "/:__proto__" }).exec({ pathname: "/x" }).pathname.groups.__proto__, "x");
});

test("regardless of case", () => {
  const pattern = new URLPattern("https://example.com/Foo", { ignoreCase: true });
  equal(pattern.test("https://example.com/fOO"), true);
  equal(new URLPattern("https://example.com/Foo").test("https://example.com/foo"), false);
  equal(new URLPattern("/Foo", "https://example.com", { ignoreCase: true }).test("https://example.com/foo"), true);
});

test("what is no pattern", () => {
  for (
    const args of [["/a"], ["/a", "no URL"], [{ pathname: "/a" }, "https://example.com"], [{ pathname: "/(a" }], [{ pathname: "/:a/:a" }],
      [{ protocol: "a b" }], [{ pathname: "/([z-a])" }], [{ pathname: "/{a" }], [{ port: "x" }]]
  ) throws(() => new URLPattern(...args), TypeError, JSON.stringify(args));
  const pattern = new URLPattern();
  throws(() => pattern.test({}, "https://example.com"), TypeError);
  throws(() => URLPattern.prototype.test.call({}, ""), TypeError);
  throws(() => Object.getOwnPropertyDescriptor(URLPattern.prototype, "hash").get.call({}), TypeError);
  throws(() => URLPattern(), TypeError);
});

test("an app that has patched what it might use", () => {
  const patched = [[RegExp.prototype, "exec"], [Array.prototype, "push"], [Object, "defineProperty"], [String.prototype, "match"]];
  const undo = patched.map(([object, name]) => [object, name, Object.getOwnPropertyDescriptor(object, name)]);
  const { defineProperty } = Object;
  for (let i = 0; i < patched.length; i++) {
    defineProperty(patched[i][0], patched[i][1], { value: () => { throw new Error("patched"); }, configurable: true });
  }
  let found;
  try {
    found = new URLPattern({ pathname: "/:id" }).exec({ pathname: "/7" });
  } finally {
    for (let i = 0; i < undo.length; i++) defineProperty(undo[i][0], undo[i][1], undo[i][2]);
  }
  equal(found.pathname.groups.id, "7");
});

await done();
