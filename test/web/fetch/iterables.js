// Bodies that are asynchronous iterables, as Node, Deno and workerd take them.

import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

const rejection = (promise) => promise.then(() => undefined, (error) => error);
const encode = (text) => new TextEncoder().encode(text);

async function* pieces(...list) {
  for (const piece of list) yield piece;
}

test("a response of a generator has its bytes", async () => {
  equal(await new Response(pieces(encode("a"), encode("b"))).text(), "ab");
  equal(await new Response(pieces("ä", encode("b").buffer, new DataView(encode("c").buffer), "", new Uint8Array(0), encode("d"))).text(), "äbcd");
  equal(await new Response(pieces()).text(), "");
  const response = new Response(pieces("x"));
  equal(response.headers.get("content-type"), null);
  ok(response.body instanceof ReadableStream, "a stream");
  equal(response.bodyUsed, false);
  const object = Object.assign(() => 1, { [Symbol.asyncIterator]: () => pieces("f") });
  equal(await new Response(object).text(), "f");
});

test("a request needs no duplex for it, nor for a stream", async () => {
  equal(await new Request("http://a/", { method: "POST", body: pieces("a") }).text(), "a");
  equal(await new Request("http://a/", { method: "POST", body: pieces("b"), duplex: "half" }).text(), "b");
});

test("it is asked for no more than is read, and told when nobody reads on", async () => {
  const log = [];
  async function* generator() {
    try {
      log.push("begun");
      yield "a";
      yield "b";
    } finally {
      log.push("over");
    }
  }
  const response = new Response(generator());
  await null;
  deepEqual(log, []);
  const reader = response.body.getReader();
  equal((await reader.read()).value[0], 97);
  deepEqual(log, ["begun"]);
  await reader.cancel("enough");
  deepEqual(log, ["begun", "over"]);
});

test("what it throws, and chunks that are no bytes, fail the body", async () => {
  const error = new Error("boom");
  equal(await rejection(new Response((async function* () { yield "a"; throw error; })()).text()), error);
  for (const chunk of [1, null, undefined, {}, ["a"]]) {
    let closed = false;
    const body = new Response((async function* () { try { yield chunk; } finally { closed = true; } })());
    equal((await rejection(body.text())).name, "TypeError");
    await null;
    ok(closed, "the generator is closed");
  }
  equal((await rejection(new Response({ [Symbol.asyncIterator]: () => ({ next: () => 1 }) }).text())).name, "TypeError");
  for (const method of [1, "x", {}]) equal(thrownBy(() => new Response({ [Symbol.asyncIterator]: method })).name, "TypeError");
  equal(thrownBy(() => new Response({ [Symbol.asyncIterator]: () => 1 })).name, "TypeError");
});

test("a clone has all of it too", async () => {
  const response = new Response(pieces("a", "b", "c"));
  const clone = response.clone();
  deepEqual([await response.text(), await clone.text()], ["abc", "abc"]);
});

test("other objects are strings, iterable or not", async () => {
  equal(await new Response(["a", "b"]).text(), "a,b");
  equal(await new Response((function* () { yield "a"; })()).text(), "[object Generator]");
  equal(await new Response({ [Symbol.asyncIterator]: undefined }).text(), "[object Object]");
  equal(await new Response({ [Symbol.asyncIterator]: null }).text(), "[object Object]");
});

done();
