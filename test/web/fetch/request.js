// Request by the Fetch Standard, as far as a server has it.

import { deepEqual, done, equal, ok, rejectsWith, test, thrownBy } from "./harness.js";

const url = "http://a.example/path?query#fragment";

test("defaults", () => {
  const request = new Request(url);
  const expected = {
    method: "GET", url, destination: "", referrer: "about:client", referrerPolicy: "", mode: "cors", credentials: "same-origin",
    cache: "default", redirect: "follow", integrity: "", keepalive: false, isReloadNavigation: false, isHistoryNavigation: false,
    duplex: "half", body: null, bodyUsed: false,
  };
  for (const key of Object.keys(expected)) equal(request[key], expected[key], key);
  deepEqual([...request.headers], []);
  equal(request.headers, request.headers);
  equal(request.signal, request.signal);
  equal(request.signal.aborted, false);
});

test("the URL", () => {
  equal(new Request("HTTP://A.example:80/a/../b c").url, "http://a.example/b%20c");
  equal(new Request(new URL(url)).url, url);
  equal(new Request({ toString: () => url }).url, url);
  for (const wrong of ["", "/relative", "http://", "http://user@a.example/", "http://user:word@a.example/", "http://:word@a.example/"]) {
    ok(thrownBy(() => new Request(wrong)) instanceof TypeError, wrong);
  }
  ok(thrownBy(() => new Request()) instanceof TypeError, "an argument is required");
});

test("methods", () => {
  for (const [given, method] of [["get", "GET"], ["Post", "POST"], ["delete", "DELETE"], ["head", "HEAD"], ["options", "OPTIONS"], ["put", "PUT"], ["patch", "patch"], ["PATCH", "PATCH"], ["x", "x"]]) {
    equal(new Request(url, { method: given }).method, method);
  }
  for (const method of ["CONNECT", "trace", "TRACK", "", "a b", "a,b", "é"]) {
    ok(thrownBy(() => new Request(url, { method })) instanceof TypeError, method);
  }
});

test("the init's members are checked", () => {
  for (const init of [
    { mode: "navigate" }, { mode: "x" }, { credentials: "x" }, { cache: "x" }, { redirect: "x" }, { referrerPolicy: "x" }, { duplex: "full" },
    { priority: "x" }, { window: {} }, { signal: {} }, { signal: 1 }, { referrer: "http://" }, { cache: "only-if-cached" },
    { mode: "no-cors", method: "PUT" }, { headers: 1 }, { headers: { "a b": "c" } }, 1, "x",
  ]) ok(thrownBy(() => new Request(url, init)) instanceof TypeError, JSON.stringify(init));
  const init = {
    method: "POST", mode: "same-origin", credentials: "include", cache: "only-if-cached", redirect: "manual", integrity: "sha256-x",
    keepalive: 1, referrer: "http://b.example", referrerPolicy: "origin", window: null, signal: null, priority: "high",
  };
  const request = new Request(url, init);
  for (const key of ["mode", "credentials", "cache", "redirect", "integrity", "referrerPolicy"]) equal(request[key], init[key], key);
  equal(request.keepalive, true);
  equal(request.referrer, "http://b.example/");
  equal(new Request(url, { referrer: "" }).referrer, "");
  equal(new Request(url, { referrer: "about:client" }).referrer, "about:client");
});

test("the init's members are read in order", () => {
  const log = [];
  new Request(url, new Proxy({}, {
    get(_, key) {
      log.push(key);
    },
  }));
  deepEqual(log, [
    "body", "cache", "credentials", "duplex", "headers", "integrity", "keepalive", "method", "mode", "priority", "redirect",
    "referrer", "referrerPolicy", "signal", "window", "cf",
  ]);
});

test("bodies", async () => {
  for (const method of ["GET", "HEAD", undefined]) {
    ok(thrownBy(() => new Request(url, { method, body: "" })) instanceof TypeError, `a body with ${method}`);
    equal(new Request(url, { method, body: null }).body, null);
  }
  const request = new Request(url, { method: "POST", body: '{"a":1}' });
  equal(request.headers.get("content-type"), "text/plain;charset=UTF-8");
  deepEqual(await request.json(), { a: 1 });
  equal(request.bodyUsed, true);
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array([97]));
      controller.close();
    },
  });
  const streamed = new Request(url, { method: "POST", body });
  equal(streamed.duplex, "half", "duplex may be left out, as in Workers");
  equal(await new Request(streamed, { method: "POST", body: streamed.body }).text(), "a");
  equal(await new Request(url, { method: "POST", body: new Blob(["b"]).stream(), duplex: "half" }).text(), "b");
});

test("a request from a request takes its body over", async () => {
  const first = new Request(url, { method: "POST", body: "abc", headers: { a: "1" }, redirect: "manual" });
  const second = new Request(first);
  equal(first.bodyUsed, true);
  equal(second.bodyUsed, false);
  equal(second.method, "POST");
  equal(second.redirect, "manual");
  equal(second.headers.get("a"), "1");
  ok(thrownBy(() => new Request(first)) instanceof TypeError, "the first one's body is used");
  await rejectsWith(first.text(), TypeError);
  const third = new Request(second, { headers: { b: "2" }, body: "def" });
  equal(third.headers.get("a"), null);
  equal(third.headers.get("b"), "2");
  equal(await third.text(), "def");
  equal(await second.text(), "abc");
  ok(thrownBy(() => new Request(new Request(url, { method: "POST", body: "x" }), { method: "GET" })) instanceof TypeError, "GET with a body");

  const looked = new Request(url, { method: "POST", body: "abc" });
  const { body } = looked;
  const taker = new Request(looked);
  equal(looked.bodyUsed, true);
  equal(body.locked, true);
  equal(await taker.text(), "abc");
  const failed = new Request(url, { method: "POST", body: "abc" });
  ok(thrownBy(() => new Request(failed, { headers: { "a b": "c" } })) instanceof TypeError, "a wrong header");
  equal(failed.bodyUsed, false);
});

test("clones", async () => {
  const request = new Request(url, { method: "POST", body: "abc", headers: { a: "1" } });
  const clone = request.clone();
  clone.headers.set("a", "2");
  equal(request.headers.get("a"), "1");
  equal(clone.url, url);
  deepEqual(await Promise.all([request.text(), clone.text()]), ["abc", "abc"]);
  ok(thrownBy(() => request.clone()) instanceof TypeError, "a used request");
});

test("the signal follows the one given", () => {
  const controller = new AbortController();
  const request = new Request(url, { signal: controller.signal });
  const derived = new Request(request);
  const clone = derived.clone();
  const apart = new Request(request, { signal: null });
  ok(request.signal !== controller.signal, "a signal of its own");
  let fired = 0;
  clone.signal.addEventListener("abort", () => fired++);
  const reason = new Error("enough");
  controller.abort(reason);
  for (const each of [request, derived, clone]) equal(each.signal.reason, reason);
  equal(fired, 1);
  equal(apart.signal.aborted, false);
  equal(new Request(url, { signal: AbortSignal.abort(reason) }).signal.reason, reason);
});

test("accessors check their receiver", () => {
  for (const key of Object.keys(Request.prototype)) {
    const { get } = Object.getOwnPropertyDescriptor(Request.prototype, key);
    if (get === undefined) continue;
    for (const receiver of [undefined, 1, {}, Request.prototype]) ok(thrownBy(() => get.call(receiver)) instanceof TypeError, key);
  }
  ok(thrownBy(() => Request.prototype.clone.call({})) instanceof TypeError, "clone");
  equal(Request.length, 1);
});

test("a subclass", async () => {
  class Own extends Request {
    get path() {
      return new URL(this.url).pathname;
    }
  }
  equal(new Own(url).path, "/path");
  equal(await new Own(url, { method: "POST", body: "x" }).text(), "x");
});

await done();
