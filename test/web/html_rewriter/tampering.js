// An app that patches the intrinsics changes nothing of how HTMLRewriter works, and sees nothing of it.

import { deepEqual, done, test } from "./harness.js";

async function scenario() {
  const log = [];
  const response = new HTMLRewriter()
    .onDocument({ doctype: (d) => { log[log.length] = d.name; }, end: (e) => { e.append("E"); } })
    .on("p", {
      element(e) {
        e.setAttribute("b", "c");
        const iterator = e.attributes;
        for (let next = iterator.next(); !next.done; next = iterator.next()) log[log.length] = next.value[0];
        e.before("1").append(new Response("2")).onEndTag((tag) => { tag.after("3"); });
      },
      async text(t) { log[log.length] = t.lastInTextNode; },
      comments(c) { c.text = "C"; },
    })
    .transform(new Response("<!doctype html><p a=1>x<!--c--></p>", { headers: { "content-type": "text/html; charset=utf-8" } }));
  return [await response.text(), log];
}

test("patched intrinsics", async () => {
  const expected = await scenario();
  const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const undo = [];
  const touched = [];
  let isWatching = false;
  for (const [object, keys] of [
    [Array.prototype, ["push", "pop", "slice", "concat", "map", Symbol.iterator]],
    [String.prototype, ["toLowerCase", "slice", "charCodeAt", "trim", "toWellFormed"]],
    [RegExp.prototype, ["exec", "test"]],
    [Function.prototype, ["call", "apply", "bind"]],
    [Promise.prototype, ["then"]],
    [Promise, ["resolve", "reject"]],
    [Reflect, ["apply", "ownKeys"]],
    [Object.getPrototypeOf(Uint8Array).prototype, ["set", "slice", "subarray", Symbol.iterator]],
    [ReadableStream.prototype, ["getReader", "cancel"]],
    [Headers.prototype, ["get", "has"]],
  ]) {
    for (const key of keys) {
      const descriptor = getOwnPropertyDescriptor(object, key);
      undo.push(() => defineProperty(object, key, { __proto__: null, ...descriptor }));
      defineProperty(object, key, {
        __proto__: null,
        ...descriptor,
        value: function (...args) {
          if (isWatching) touched[touched.length] = String(key);
          return apply(descriptor.value, this, args);
        },
      });
    }
  }
  for (const key of ["source", "id", "value", "html", "chunk", "position", "receiver", "functions", "changes", "rewriting"]) {
    undo.push(() => delete Object.prototype[key]);
    const see = () => { if (isWatching) touched[touched.length] = key; };
    defineProperty(Object.prototype, key, { __proto__: null, get: () => see(), set: () => see(), configurable: true });
  }
  isWatching = true;
  const got = await scenario();
  isWatching = false;
  for (let i = undo.length - 1; i >= 0; i--) undo[i]();
  deepEqual(got, expected);
  deepEqual(touched, []);
});

await done();
