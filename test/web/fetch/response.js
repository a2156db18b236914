// Response by the Fetch Standard.

import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

test("defaults", () => {
  const response = new Response();
  const expected = { type: "default", url: "", redirected: false, status: 200, ok: true, statusText: "", body: null, bodyUsed: false };
  for (const key of Object.keys(expected)) equal(response[key], expected[key], key);
  deepEqual([...response.headers], []);
  equal(response.headers, response.headers);
  for (const init of [undefined, null, {}]) equal(new Response(null, init).status, 200);
});

test("encodeBody, as Workers have it", async () => {
  const response = new Response("packed", { encodeBody: "manual", headers: { "content-encoding": "gzip" } });
  deepEqual([await response.text(), response.headers.get("content-encoding"), response.encodeBody], ["packed", "gzip", undefined]);
  equal(new Response("x", { encodeBody: "automatic" }).status, 200);
  const { name, message } = thrownBy(() => new Response("x", { encodeBody: "often" }));
  deepEqual([name, message], ["TypeError", "encodeBody: unexpected value: often"]);
});

test("the init", () => {
  const response = new Response("x", { status: 404, statusText: "Not\tFound \xff", headers: [["a", "1"]] });
  equal(response.status, 404);
  equal(response.ok, false);
  equal(response.statusText, "Not\tFound \xff");
  deepEqual([...response.headers], [["a", "1"], ["content-type", "text/plain;charset=UTF-8"]]);
  equal(new Response(null, { status: "299.9" }).status, 299);
  equal(new Response(null, { status: 65536 + 201 }).status, 201);
  for (const status of [0, 100, 101, 199, 600, 1000, NaN, "x", null]) {
    ok(thrownBy(() => new Response(null, { status })) instanceof RangeError, `status ${status}`);
  }
  for (const statusText of ["a\n", "\0", "\x7f", "Ā"]) {
    ok(thrownBy(() => new Response(null, { statusText })) instanceof TypeError, `statusText ${escape(statusText)}`);
  }
  for (const init of [1, "x", { headers: null }, { headers: { "a b": "" } }]) {
    ok(thrownBy(() => new Response(null, init)) instanceof TypeError, JSON.stringify(init));
  }
  const log = [];
  new Response(null, new Proxy({}, {
    get(_, key) {
      log.push(key);
    },
  }));
  // The first and the last are of Cloudflare Workers.
  deepEqual(log, ["encodeBody", "headers", "status", "statusText", "webSocket"]);
});

test("some statuses have no body", () => {
  for (const status of [204, 205, 304]) {
    equal(new Response(null, { status }).status, status);
    ok(thrownBy(() => new Response("", { status })) instanceof TypeError, `${status} with a body`);
    ok(thrownBy(() => Response.json(1, { status })) instanceof TypeError, `${status} with JSON`);
  }
});

test("Response.json", async () => {
  const response = Response.json({ a: "é" }, { status: 201 });
  equal(response.status, 201);
  equal(response.headers.get("content-type"), "application/json");
  deepEqual(await response.json(), { a: "é" });
  equal(Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type"), "a/b");
  equal(await Response.json(null).text(), "null");
  for (const data of [undefined, Symbol(), () => {}]) ok(thrownBy(() => Response.json(data)) instanceof TypeError, String(data));
  const circular = {};
  circular.self = circular;
  ok(thrownBy(() => Response.json(circular)) instanceof TypeError, "a circle");
  const reason = new Error("own");
  equal(thrownBy(() => Response.json({ toJSON: () => { throw reason; } })), reason);
  ok(thrownBy(() => Response.json()) instanceof TypeError, "an argument is required");
});

test("Response.redirect", () => {
  const response = Response.redirect("http://a.example/é");
  equal(response.status, 302);
  equal(response.headers.get("location"), "http://a.example/%C3%A9");
  for (const status of [301, 302, 303, 307, 308]) equal(Response.redirect("http://a.example", status).status, status);
  for (const status of [200, 300, 304, 309, 400]) {
    ok(thrownBy(() => Response.redirect("http://a.example", status)) instanceof RangeError, `status ${status}`);
  }
  for (const wrong of ["/relative", "http://", ""]) ok(thrownBy(() => Response.redirect(wrong)) instanceof TypeError, wrong);
  for (const each of [response, response.clone()]) {
    ok(thrownBy(() => each.headers.set("a", "b")) instanceof TypeError, "its headers are immutable");
    ok(thrownBy(() => each.headers.delete("location")) instanceof TypeError, "its headers are immutable");
  }
});

test("Response.error", () => {
  const response = Response.error();
  equal(response.type, "error");
  equal(response.status, 0);
  equal(response.ok, false);
  equal(response.body, null);
  ok(thrownBy(() => response.headers.append("a", "b")) instanceof TypeError, "its headers are immutable");
});

test("a clone is apart", () => {
  const response = new Response("x", { status: 201, statusText: "Made", headers: { a: "1" } });
  const clone = response.clone();
  equal(clone.status, 201);
  equal(clone.statusText, "Made");
  clone.headers.set("a", "2");
  equal(response.headers.get("a"), "1");
});

test("the shape of Web IDL", () => {
  equal(Object.prototype.toString.call(new Response()), "[object Response]");
  equal(Response.length, 0);
  equal(Response.redirect.length, 1);
  equal(Response.json.length, 1);
  deepEqual(Object.keys(Response), ["error", "redirect", "json"]);
  equal(Object.getOwnPropertyDescriptor(globalThis, "Response").enumerable, false);
  for (const key of Object.keys(Response.prototype)) {
    const { get } = Object.getOwnPropertyDescriptor(Response.prototype, key);
    if (get === undefined) continue;
    for (const receiver of [undefined, 1, {}, Response.prototype]) ok(thrownBy(() => get.call(receiver)) instanceof TypeError, key);
  }
  ok(thrownBy(() => Response("x")) instanceof TypeError, "a constructor");
});

await done();
