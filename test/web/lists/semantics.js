// Lists of names and values: short and long ones, which are kept differently, behave alike. Each is compared with a plain
// array of pairs that does what the standards say, while it is changed at random, by a seeded generator.

import { deepEqual, done, equal, ok, test } from "./harness.js";

// A list by the letter of the standards.
class Model {
  pairs = [];

  append(name, value) {
    this.pairs.push([name, value]);
  }

  delete(name, value) {
    this.pairs = this.pairs.filter((pair) => pair[0] !== name || (value !== undefined && pair[1] !== value));
  }

  set(name, value) {
    const first = this.pairs.findIndex((pair) => pair[0] === name);
    if (first === -1) return this.append(name, value);
    this.pairs[first] = [name, value];
    this.pairs = this.pairs.filter((pair, i) => i <= first || pair[0] !== name);
  }

  get(name) {
    return this.pairs.find((pair) => pair[0] === name)?.[1] ?? null;
  }

  getAll(name) {
    return this.pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  }

  has(name, value) {
    return this.pairs.some((pair) => pair[0] === name && (value === undefined || pair[1] === value));
  }
}

function random(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

function run(list, byValue, seed) {
  const next = random(seed);
  const model = new Model();
  const variety = 1 + next(60);
  const name = () => `n${next(variety)}`;
  const value = () => `v${next(4)}`;
  const iterators = [];
  for (let step = 0; step < 400; step++) {
    const [a, b] = [name(), value()];
    switch (next(10)) {
      case 0:
        list.delete(a);
        model.delete(a);
        break;
      case 1:
        if (byValue) {
          list.delete(a, b);
          model.delete(a, b);
          equal(list.has(a, b), model.has(a, b));
        }
        break;
      case 2:
        list.set(a, b);
        model.set(a, b);
        break;
      case 3:
        equal(list.get(a), model.get(a));
        equal(list.has(a), model.has(a));
        deepEqual(list.getAll(a), model.getAll(a));
        if (byValue) equal(list.has(a, b), model.has(a, b));
        break;
      case 4:
        if (iterators.length < 4) iterators.push({ iterator: list[Symbol.iterator](), index: 0 });
        break;
      case 5:
        for (const state of iterators) {
          const pair = model.pairs[state.index];
          deepEqual(state.iterator.next(), pair === undefined ? { value: undefined, done: true } : { value: pair, done: false });
          if (pair !== undefined) state.index++;
        }
        break;
      case 6:
        if (next(20) === 0 && byValue) {
          list.sort();
          model.pairs.sort((x, y) => (x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : 0));
        }
        break;
      default:
        list.append(a, b);
        model.append(a, b);
    }
    if (step % 50 === 0) deepEqual([...list], model.pairs);
  }
  deepEqual([...list], model.pairs);
  const seen = [];
  list.forEach((item, key) => seen.push([key, item]));
  deepEqual(seen, model.pairs);
  return model;
}

test("FormData", () => {
  for (let seed = 1; seed <= 60; seed++) run(new FormData(), false, seed);
});

test("URLSearchParams", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const params = new URLSearchParams();
    const model = run(params, true, seed);
    equal(params.toString(), model.pairs.map((pair) => pair.join("=")).join("&"));
    equal(params.size, model.pairs.length);
  }
});

test("the parameters of a URL", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const url = new URL(seed % 2 === 0 ? "http://a/p?x=y#h" : "data:x y  ?q=%20");
    url.searchParams.delete(seed % 2 === 0 ? "x" : "q");
    const model = run(url.searchParams, true, seed);
    const query = model.pairs.map((pair) => pair.join("=")).join("&");
    const search = query === "" ? "" : `?${query}`;
    equal(url.search, search);
    equal(url.hash, seed % 2 === 0 ? "#h" : "");
    equal(url.href, seed % 2 === 0 ? `http://a/p${search}#h` : `data:x y %20${search}`);
    equal(new URL(url).href, url.href);
  }
});

test("Headers, sorted and combined", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const headers = new Headers();
    const model = new Model();
    const variety = 1 + next(80);
    const iterator = headers[Symbol.iterator]();
    let index = 0;
    const sorted = () => {
      const names = [...new Set(model.pairs.map((pair) => pair[0]))].sort();
      return names.flatMap((name) => name === "set-cookie" ? model.getAll(name).map((item) => [name, item]) : [[name, model.getAll(name).join(", ")]]);
    };
    for (let step = 0; step < 300; step++) {
      const name = next(8) === 0 ? "Set-Cookie" : `N${next(variety)}`;
      const key = name.toLowerCase();
      const value = `v${next(4)}`;
      switch (next(8)) {
        case 0:
          headers.delete(name);
          model.delete(key);
          break;
        case 1:
          headers.set(name, value);
          model.set(key, value);
          break;
        case 2: {
          const pair = sorted()[index];
          deepEqual(iterator.next(), pair === undefined ? { value: undefined, done: true } : { value: pair, done: false });
          if (pair !== undefined) index++;
          break;
        }
        case 3:
          equal(headers.get(name), model.has(key) ? model.getAll(key).join(", ") : null);
          equal(headers.has(name), model.has(key));
          deepEqual(headers.getSetCookie(), model.getAll("set-cookie"));
          break;
        default:
          headers.append(name, value);
          model.append(key, value);
      }
    }
    deepEqual([...headers], sorted());
    deepEqual([...new Headers(headers)], sorted());
    deepEqual([...new Response("", { headers }).clone().headers], [...sorted(), ["content-type", "text/plain;charset=UTF-8"]].sort((x, y) => (x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : 0)));
  }
});

test("a URL's query is that of its parameters, whatever is looked at or set first", () => {
  const url = () => new URL("http://u:p@a.test:8080/p?x=1#h");
  const changed = (look) => {
    const it = url();
    it.searchParams.append("y", "é &");
    return look(it);
  };
  equal(changed((it) => it.href), "http://u:p@a.test:8080/p?x=1&y=%C3%A9+%26#h");
  equal(changed((it) => `${it}`), "http://u:p@a.test:8080/p?x=1&y=%C3%A9+%26#h");
  equal(changed((it) => it.toJSON()), "http://u:p@a.test:8080/p?x=1&y=%C3%A9+%26#h");
  equal(changed((it) => it.search), "?x=1&y=%C3%A9+%26");
  equal(changed((it) => it.hash), "#h");
  equal(changed((it) => it.host + it.pathname + it.username + it.password), "a.test:8080/pup");
  equal(changed((it) => new Request(Object.assign(it, { username: "", password: "" })).url), "http://a.test:8080/p?x=1&y=%C3%A9+%26#h");
  equal(changed((it) => (it.hash = "", it.href)), "http://u:p@a.test:8080/p?x=1&y=%C3%A9+%26");
  equal(changed((it) => (it.pathname = "/q", it.href)), "http://u:p@a.test:8080/q?x=1&y=%C3%A9+%26#h");
  equal(changed((it) => (it.search = "?z", `${it.href} ${it.searchParams}`)), "http://u:p@a.test:8080/p?z#h z=");
  equal(changed((it) => (it.href = "http://b/?w", `${it.href} ${it.searchParams}`)), "http://b/?w w=");
  equal(changed((it) => (it.searchParams.delete("x"), it.searchParams.delete("y"), it.href)), "http://u:p@a.test:8080/p#h");
});

test("the same listener counts once, with and without capture, in long lists too", () => {
  for (const count of [1, 40]) {
    const target = new EventTarget();
    const log = [];
    const listeners = Array.from({ length: count }, (_, i) => () => log.push(i));
    for (let round = 0; round < 2; round++) {
      for (const listener of listeners) {
        target.addEventListener("x", listener);
        target.addEventListener("x", listener, true);
      }
    }
    target.dispatchEvent(new Event("x"));
    equal(log.length, count * 2);
    log.length = 0;
    target.removeEventListener("x", listeners[0], true);
    target.dispatchEvent(new Event("x"));
    equal(log.length, count * 2 - 1);
    for (const listener of listeners) target.removeEventListener("x", listener);
    log.length = 0;
    target.dispatchEvent(new Event("x"));
    equal(log.length, count - 1);
    for (const listener of listeners) target.removeEventListener("x", listener, true);
    target.addEventListener("x", listeners[0]);
    log.length = 0;
    target.dispatchEvent(new Event("x"));
    deepEqual(log, [0]);
  }
});

test("listeners that are added and removed while the event goes round", () => {
  const target = new EventTarget();
  const log = [];
  const late = () => log.push("late");
  const gone = () => log.push("gone");
  target.addEventListener("x", () => {
    target.removeEventListener("x", gone);
    target.addEventListener("x", late);
    log.push("first");
  }, { once: true });
  target.addEventListener("x", gone);
  target.dispatchEvent(new Event("x"));
  deepEqual(log, ["first"]);
  target.dispatchEvent(new Event("x"));
  deepEqual(log, ["first", "late"]);
});

test("a dependent signal stays alive as long as somebody listens", () => {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal]);
  const listener = () => ok(false, "it was removed");
  signal.addEventListener("abort", listener);
  signal.removeEventListener("abort", listener);
  let calls = 0;
  signal.addEventListener("abort", () => calls++);
  controller.abort();
  equal(calls, 1);
});

done();
