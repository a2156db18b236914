// An app that patches the intrinsics changes nothing of how Headers, Request and Response work.

import { deepEqual, done, equal, test } from "./harness.js";

async function scenario() {
  const bytes = new Uint8Array([97, 98]);
  const headers = new Headers({ "X-B": "1", "x-a": "\xe9 2 " });
  headers.append("x-b", "3");
  const request = new Request("http://a.example/", { method: "post", body: bytes, headers });
  const clone = request.clone();
  const response = new Response("\ufefftext", { status: 201, headers: request.headers });
  const params = new Response(new URLSearchParams("a=b"));
  const pieces = new Response(response.clone().body);
  return [
    headers.get("x-b"), headers.get("x-a"), request.method, await request.text(), (await clone.bytes()).length, await response.text(),
    await params.text(), await pieces.text(), await Response.json({ a: [1] }).text(), response.headers.get("content-type"),
  ];
}

test("patched intrinsics", async () => {
  const expected = await scenario();
  const undo = [];
  const touched = [];
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  const patches = [
    [Array.prototype, ["push", "shift", "splice", "sort", "slice", "map", "forEach", "indexOf", Symbol.iterator]],
    [String.prototype, ["toLowerCase", "toUpperCase", "slice", "charCodeAt", "trim", "toWellFormed", "replace", "indexOf", "split"]],
    [RegExp.prototype, ["exec", "test", Symbol.replace, Symbol.match]],
    [Object, ["keys", "defineProperty", "assign", "entries"]],
    [Object.prototype, ["hasOwnProperty", "propertyIsEnumerable"]],
    [Reflect, ["ownKeys", "apply", "getOwnPropertyDescriptor"]],
    [JSON, ["parse", "stringify"]],
    [ArrayBuffer.prototype, ["slice"]],
    [TypedArray.prototype, ["set", "slice", "subarray", Symbol.iterator]],
    [ReadableStream.prototype, ["getReader", "tee", "pipeTo", "cancel"]],
    [ReadableStreamDefaultReader.prototype, ["read", "releaseLock"]],
    [TextDecoder.prototype, ["decode"]],
    [TextEncoder.prototype, ["encode"]],
    [URLSearchParams.prototype, ["toString"]],
    [Headers.prototype, ["get", "set", "append", "has", "entries"]],
  ];
  const { apply, defineProperty, getOwnPropertyDescriptor } = { ...Reflect, defineProperty: Object.defineProperty, getOwnPropertyDescriptor: Object.getOwnPropertyDescriptor, apply: Reflect.apply };
  let isWatching = false;
  for (const [object, keys] of patches) {
    for (const key of keys) {
      const descriptor = getOwnPropertyDescriptor(object, key);
      undo.push(() => defineProperty(object, key, descriptor));
      const original = descriptor.value;
      defineProperty(object, key, {
        ...descriptor,
        value: function (...args) {
          if (isWatching) touched[touched.length] = key;
          return apply(original, this, args);
        },
      });
    }
  }
  for (const accessor of ["byteLength", "byteOffset", "buffer"]) {
    const descriptor = getOwnPropertyDescriptor(TypedArray.prototype, accessor);
    undo.push(() => defineProperty(TypedArray.prototype, accessor, descriptor));
    defineProperty(TypedArray.prototype, accessor, {
      ...descriptor,
      get() {
        if (isWatching) touched[touched.length] = accessor;
        return apply(descriptor.get, this, []);
      },
    });
  }
  // Only what runs synchronously is watched closely: between its steps, the scenario itself uses promises and arrays.
  const seen = [];
  const watch = (body) => {
    isWatching = true;
    try {
      return body();
    } finally {
      isWatching = false;
    }
  };
  const bytes = new Uint8Array([97, 98]);
  const record = { "X-B": "1", "x-a": " 2 " };
  const watched = watch(() => {
    const request = new Request("http://a.example/", { method: "post", body: bytes, headers: record });
    const clone = request.clone();
    const response = new Response("text", { status: 201, headers: record });
    const joined = response.headers;
    return [request.text(), clone.bytes(), response.clone().text(), Response.json({ a: [1] }).json(), new Response(response.body).text(), joined];
  });
  for (let i = 0; i < 5; i++) seen[i] = await watched[i];
  for (const restore of undo) restore();
  deepEqual(touched, []);
  deepEqual([seen[0], seen[1].length, seen[2], seen[3], seen[4], watched[5].get("x-a")], ["ab", 2, "text", { a: [1] }, "text", "2"]);
  deepEqual(await scenario(), expected);
});

test("a patched constructor of promises", async () => {
  const { constructor } = Promise.prototype;
  let touched = 0;
  const source = new ReadableStream({ start: (c) => setTimeout(() => { c.enqueue(new Uint8Array([97])); c.close(); }, 1) });
  Object.defineProperty(Promise.prototype, "constructor", {
    configurable: true,
    get() {
      touched++;
      return constructor;
    },
  });
  const response = new Response(source);
  const text = response.text();
  const before = touched;
  Object.defineProperty(Promise.prototype, "constructor", { value: constructor, writable: true, configurable: true });
  equal(before, 0);
  equal(await text, "a");
});

await done();
