// What bodies are made of, and how Request and Response give them back.

import { deepEqual, done, equal, ok, reasonOf, rejectsWith, test, thrownBy } from "./harness.js";

const encoder = new TextEncoder();

function streamOf(...chunks) {
  return new ReadableStream({
    pull(controller) {
      if (chunks.length === 0) controller.close();
      else controller.enqueue(chunks.shift());
    },
  });
}

test("a body and its type", async () => {
  const bytes = encoder.encode("bytes");
  const cases = [
    ["text", "text", "text/plain;charset=UTF-8"],
    [1, "1", "text/plain;charset=UTF-8"],
    [{ toString: () => "object" }, "object", "text/plain;charset=UTF-8"],
    ["\ud800é", "\ufffdé", "text/plain;charset=UTF-8"],
    [new URLSearchParams({ a: "é b" }), "a=%C3%A9+b", "application/x-www-form-urlencoded;charset=UTF-8"],
    [bytes, "bytes", null],
    [bytes.buffer, "bytes", null],
    [bytes.subarray(1, 3), "yt", null],
    [new DataView(bytes.buffer, 2), "tes", null],
    [streamOf(encoder.encode("one "), encoder.encode("two")), "one two", null],
  ];
  for (const [init, text, type] of cases) {
    const response = new Response(init);
    equal(response.headers.get("content-type"), type, String(init));
    equal(await response.text(), text);
  }
  equal(new Response("x", { headers: { "Content-Type": "a/b" } }).headers.get("content-type"), "a/b");
  equal(new Response(null).body, null);
  equal(new Response(undefined).body, null);
  equal(new Response(null).headers.get("content-type"), null);
  ok(thrownBy(() => new Response(Symbol())) instanceof TypeError, "a symbol");
});

test("bytes are copied when the body is made, and again when they are given away", async () => {
  const bytes = encoder.encode("abc");
  const response = new Response(bytes);
  bytes[0] = 0;
  const clone = response.clone();
  const first = await response.bytes();
  equal(new TextDecoder().decode(first), "abc");
  first[0] = 0;
  equal(await clone.text(), "abc");
});

test("every way to read", async () => {
  for (const make of [(text) => text, (text) => encoder.encode(text), (text) => streamOf(encoder.encode(text))]) {
    const body = (text) => new Response(make(text));
    equal(await body("é").text(), "é");
    deepEqual(await body('{"a":[1]}').json(), { a: [1] });
    const buffer = await body("é").arrayBuffer();
    ok(buffer instanceof ArrayBuffer, "an ArrayBuffer");
    deepEqual([...new Uint8Array(buffer)], [0xc3, 0xa9]);
    const bytes = await body("é").bytes();
    ok(bytes instanceof Uint8Array, "a Uint8Array");
    deepEqual([...bytes], [0xc3, 0xa9]);
    equal(await body("\ufeffa\ufeff").text(), "a\ufeff");
    deepEqual(await body('\ufeff{"a":1}').json(), { a: 1 });
    deepEqual([...await body("\ufeff").bytes()], [0xef, 0xbb, 0xbf]);
    ok((await reasonOf(body("{").json())) instanceof SyntaxError, "wrong JSON");
    ok((await reasonOf(body("").json())) instanceof SyntaxError, "no JSON");
  }
  equal(await new Response(new Uint8Array([0x61, 0xff, 0xe2, 0x82])).text(), "a\ufffd\ufffd");
  equal(await new Response().text(), "");
  equal((await new Response().arrayBuffer()).byteLength, 0);
  ok((await reasonOf(new Response().json())) instanceof SyntaxError, "no body is no JSON");
});

test("a body is read once", async () => {
  for (const make of [() => "a", () => encoder.encode("a"), () => streamOf(encoder.encode("a"))]) {
    for (const method of ["text", "json", "arrayBuffer", "bytes"]) {
      const response = new Response(make());
      equal(response.bodyUsed, false);
      const reading = method === "json" ? reasonOf(response.json()) : response[method]();
      equal(response.bodyUsed, true);
      await reading;
      await rejectsWith(response.text(), TypeError);
      await rejectsWith(response.json(), TypeError);
      ok(thrownBy(() => response.clone()) instanceof TypeError, "clone()");
      ok(response.body.locked, "its stream is locked");
      ok(thrownBy(() => response.body.getReader()) instanceof TypeError, "getReader()");
    }
  }
  const none = new Response();
  await none.text();
  await none.text();
  equal(none.bodyUsed, false);
});

test("methods of the wrong receiver reject and never throw", async () => {
  for (const constructor of [Request, Response]) {
    for (const method of ["arrayBuffer", "bytes", "json", "text"]) {
      equal(constructor.prototype[method].length, 0);
      for (const receiver of [undefined, null, 1, {}, constructor.prototype]) {
        await rejectsWith(constructor.prototype[method].call(receiver), TypeError);
      }
    }
  }
});

test("the stream of a body", async () => {
  const response = new Response("é".repeat(50000));
  const { body } = response;
  ok(body instanceof ReadableStream, "a ReadableStream");
  equal(response.body, body);
  equal(response.bodyUsed, false);
  const lengths = [];
  for await (const chunk of body) lengths.push(chunk.byteLength);
  deepEqual(lengths, [65536, 34464]);
  equal(response.bodyUsed, true);
  await rejectsWith(response.text(), TypeError);

  const byob = new Response("abc").body.getReader({ mode: "byob" });
  const { value } = await byob.read(new Uint8Array(2));
  deepEqual([...value], [97, 98]);
  deepEqual([...(await byob.read(new Uint8Array(2))).value], [99]);
  equal((await byob.read(new Uint8Array(2))).done, true);

  const untouched = new Response("abc");
  untouched.body;
  equal(await untouched.text(), "abc");
  const locked = new Response("abc");
  const reader = locked.body.getReader();
  equal(locked.bodyUsed, false);
  await rejectsWith(locked.text(), TypeError);
  reader.releaseLock();
  equal(await locked.text(), "abc");
});

test("a stream as a body", async () => {
  const stream = streamOf(encoder.encode("a"));
  equal(new Response(stream).body, stream);
  stream.getReader();
  ok(thrownBy(() => new Response(stream)) instanceof TypeError, "a locked stream");
  const read = streamOf(encoder.encode("a"));
  const reader = read.getReader();
  await reader.read();
  reader.releaseLock();
  ok(thrownBy(() => new Response(read)) instanceof TypeError, "a stream that was read from");
  await rejectsWith(new Response(streamOf("text")).text(), TypeError);
  const reason = new Error("broken");
  equal(await reasonOf(new Response(new ReadableStream({ start: (c) => c.error(reason) })).text()), reason);
  equal(await reasonOf(new Response(new ReadableStream({ pull: () => Promise.reject(reason) })).bytes()), reason);
  const chunk = encoder.encode("a");
  const bytes = await new Response(streamOf(chunk)).bytes();
  ok(bytes.buffer !== chunk.buffer, "the source's chunk stays its own");
});

test("clones", async () => {
  for (const make of [() => "abc", () => encoder.encode("abc"), () => streamOf(encoder.encode("ab"), encoder.encode("c"))]) {
    const response = new Response(make());
    const first = response.clone();
    const second = first.clone();
    deepEqual(await Promise.all([response.text(), first.text(), second.text()]), ["abc", "abc", "abc"]);
  }
  const response = new Response("abc");
  response.body;
  const clone = response.clone();
  ok(response.body !== clone.body, "each has a stream of its own");
  equal(await response.text(), "abc");
  equal(clone.bodyUsed, false);
  equal(await clone.text(), "abc");
});

test("a detached buffer is an empty body", async () => {
  const bytes = encoder.encode("abc");
  const view = new DataView(bytes.buffer);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  equal(await new Response(bytes).text(), "");
  equal(await new Response(view).text(), "");
  equal(await new Response(bytes.buffer).text(), "");
});

await done();
