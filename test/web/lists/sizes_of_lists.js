// Long lists: each operation on one pair or listener looks at few of the others. The sizes are such that looking at all of
// them each time would take minutes to hours, and the run has one minute; nothing here looks at a clock.

import { done, equal, test } from "./harness.js";

const N = 50_000;
const names = Array.from({ length: N }, (_, i) => `n${i}`);

function filled(list, count = N) {
  for (let i = 0; i < count; i++) list.append(names[i], "1");
  return list;
}

function count(iterable) {
  let n = 0;
  for (const _ of iterable) n++;
  return n;
}

test("a form of two names, a million bytes: parsed, and one of them deleted", async () => {
  const body = new Response("a&b&".repeat(250_000), { headers: { "content-type": "application/x-www-form-urlencoded" } });
  const form = await body.formData();
  form.delete("a");
  equal(form.has("a"), false);
  equal(form.getAll("b").length, 250_000);
});

for (const List of [FormData, URLSearchParams]) {
  test(`${List.name}: set, get, has and delete of each name`, () => {
    const list = new List();
    for (const name of names) list.set(name, "1");
    for (const name of names) if (list.get(name) !== "1" || list.getAll(name).length !== 1 || !list.has(name)) throw new Error(name);
    for (const name of names) list.set(name, "2");
    equal(list.get(names[N - 1]), "2");
    for (const name of names) list.delete(name);
    equal(count(list), 0);
  });

  test(`${List.name}: changed while it is iterated over`, () => {
    const list = filled(new List());
    for (const [name] of list) list.set(name, "2");
    equal(count(list.values()), N);
    // Each deletion moves the next pair to where this one was.
    for (const name of list.keys()) list.delete(name);
    equal(count(list), N / 2);
    equal([...list.keys()].slice(0, 2).join(), "n1,n3");
    let added = 0;
    for (const name of list.keys()) if (added++ < N / 2) list.append(`x${name}`, "3");
    equal(count(list), N);
  });
}

test("URLSearchParams: pairs of one name, found and deleted by their values", () => {
  const params = new URLSearchParams(names.map((name) => ["a", name]));
  for (const name of names) if (!params.has("a", name)) throw new Error(name);
  for (const name of names) params.delete("a", name);
  equal(params.size, 0);
});

test("a URL's parameters are changed, and its other parts looked at in between", () => {
  const url = new URL("http://a.test/p#h");
  for (const name of names) {
    url.searchParams.append(name, "1");
    if (url.hostname !== "a.test" || url.pathname !== "/p" || url.hash !== "#h" || url.origin !== "http://a.test") throw new Error(name);
  }
  equal(url.href.length > N * 5, true);
  for (const name of url.searchParams.keys()) url.searchParams.delete(name);
  for (const name of [...url.searchParams.keys()]) url.searchParams.delete(name);
  equal(url.href, "http://a.test/p#h");
});

done();
