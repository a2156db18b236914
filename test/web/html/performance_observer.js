// Observers of marks and measures.

import { deepEqual, done, equal, test, thrownBy } from "./harness.js";

const names = (entries) => entries.map(({ name }) => name);
const later = () => new Promise((resolve) => setTimeout(resolve, 1));

test("are called in a turn of their own, with what came since", async () => {
  const calls = [];
  const observer = new PerformanceObserver(function (list, self, options) {
    calls.push([names(list.getEntries()), this === observer && self === observer, options.droppedEntriesCount]);
    equal(list instanceof PerformanceObserverEntryList, true);
  });
  observer.observe({ entryTypes: ["mark", "nothing known"] });
  performance.mark("a");
  performance.measure("not wanted");
  performance.mark("b");
  deepEqual(calls, []);
  await later();
  deepEqual(calls, [[["a", "b"], true, 0]]);
  performance.mark("c");
  deepEqual(names(observer.takeRecords()), ["c"]);
  await later();
  equal(calls.length, 1, "nothing is left");
  performance.mark("d");
  observer.disconnect();
  performance.mark("e");
  await later();
  equal(calls.length, 1, "not after its end");
});

test("see what was before them, if they ask for it", async () => {
  performance.clearMarks();
  performance.mark("early");
  let seen;
  const observer = new PerformanceObserver((list) => (seen = list));
  observer.observe({ type: "mark", buffered: true });
  observer.observe({ type: "measure" });
  performance.measure("m");
  await later();
  deepEqual(names(seen.getEntries()).sort(), ["early", "m"]);
  deepEqual([names(seen.getEntriesByType("mark")), names(seen.getEntriesByName("m")), names(seen.getEntriesByName("m", "mark"))], [["early"], ["m"], []]);
  observer.disconnect();
});

test("keep so many entries and no more", async () => {
  let told;
  const observer = new PerformanceObserver((list, _, { droppedEntriesCount }) => (told = [list.getEntries().length, droppedEntriesCount]));
  observer.observe({ type: "mark" });
  for (let i = 0; i < 5000; i++) performance.mark("m");
  await later();
  deepEqual(told, [2000, 3000]);
  observer.disconnect();
});

test("one that throws is reported, and the others are called", async () => {
  const errors = [];
  addEventListener("error", (event) => {
    errors.push(event.error);
    event.preventDefault();
  }, { once: true });
  let called = 0;
  const first = new PerformanceObserver(() => {
    throw "thrown";
  });
  const second = new PerformanceObserver(() => called++);
  first.observe({ type: "mark" });
  second.observe({ type: "mark" });
  performance.mark("x");
  await later();
  await later();
  deepEqual([errors, called], [["thrown"], 1]);
  first.disconnect();
  second.disconnect();
});

test("what cannot be observed", () => {
  deepEqual(PerformanceObserver.supportedEntryTypes, ["mark", "measure"]);
  equal(PerformanceObserver.supportedEntryTypes, PerformanceObserver.supportedEntryTypes);
  const observer = new PerformanceObserver(() => {});
  for (const options of [undefined, {}, { entryTypes: "mark" }, { entryTypes: ["mark"], type: "mark" }, { entryTypes: ["mark"], buffered: true }]) {
    equal(thrownBy(() => observer.observe(options)) instanceof TypeError, true, JSON.stringify(options));
  }
  observer.observe({ type: "mark" });
  equal(thrownBy(() => observer.observe({ entryTypes: ["mark"] })).name, "InvalidModificationError");
  observer.disconnect();
  observer.observe({ entryTypes: [] });
  for (const make of [() => new PerformanceObserver(), () => new PerformanceObserver({}), () => PerformanceObserver(() => {}), () => new PerformanceObserverEntryList()]) {
    equal(thrownBy(make) instanceof TypeError, true);
  }
});

await done();
