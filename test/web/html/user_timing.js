// Marks and measures, and that the timeline is bounded.

import { deepEqual, done, equal, test, thrownBy } from "./harness.js";

const throws = (body, type, what) => equal(thrownBy(body) instanceof type, true, what);

test("marks", () => {
  const detail = { list: [1] };
  const mark = performance.mark("a", { detail, startTime: 0 });
  detail.list.push(2);
  deepEqual([mark.name, mark.entryType, mark.startTime, mark.duration, mark.detail], ["a", "mark", 0, 0, { list: [1] }]);
  equal(mark instanceof PerformanceMark && mark instanceof PerformanceEntry, true);
  equal(performance.mark("b").detail, null);
  equal(new PerformanceMark("not in the timeline").entryType, "mark");
  deepEqual(performance.getEntries().map(({ name }) => name), ["a", "b"]);
  equal(JSON.stringify(mark), '{"name":"a","entryType":"mark","startTime":0,"duration":0,"detail":{"list":[1]}}');
  throws(() => performance.mark(), TypeError);
  throws(() => performance.mark("x", { startTime: -1 }), TypeError);
  throws(() => performance.mark("x", { detail: () => {} }), DOMException);
  throws(() => new PerformanceEntry(), TypeError);
});

test("measures", () => {
  performance.clearMarks();
  performance.mark("a", { startTime: 1 });
  performance.mark("a", { startTime: 5 });
  performance.mark("z", { startTime: 9 });
  const times = ({ startTime, duration }) => [startTime, duration];
  deepEqual(times(performance.measure("m", "a", "z")), [5, 4]);
  deepEqual(times(performance.measure("m", { start: "a", duration: 2 })), [5, 2]);
  deepEqual(times(performance.measure("m", { end: 7, duration: 2 })), [5, 2]);
  deepEqual(times(performance.measure("m", { start: 2, end: "z", detail: 1 })), [2, 7]);
  equal(performance.measure("m").startTime, 0);
  equal(performance.measure("m", undefined, "z").duration, 9);
  throws(() => performance.measure("m", "none"), DOMException);
  throws(() => performance.measure("m", { start: 1, end: 2, duration: 1 }), TypeError);
  throws(() => performance.measure("m", { detail: 1 }), TypeError);
  throws(() => performance.measure("m", { start: 1 }, "z"), TypeError);
  equal(performance.getEntriesByName("m").length, 6);
  equal(performance.getEntriesByName("m", "mark").length, 0);
  performance.clearMeasures("other");
  equal(performance.getEntriesByType("measure").length, 6);
  performance.clearMeasures();
  deepEqual(performance.getEntriesByType("measure"), []);
  deepEqual(performance.getEntries().map(({ startTime }) => startTime), [1, 5, 9]);
  performance.clearMarks("a");
  deepEqual(performance.getEntriesByType("mark").map(({ name }) => name), ["z"]);
  deepEqual(performance.getEntriesByType("resource"), []);
});

test("the latest are kept, and no more than two thousand", () => {
  for (let i = 0; i < 10_000; i++) performance.mark(`mark ${i}`, { startTime: i });
  const marks = performance.getEntriesByType("mark");
  equal(marks.length >= 1000 && marks.length <= 2000, true, `${marks.length}`);
  equal(marks.at(-1).name, "mark 9999");
  performance.clearMarks();
});

await done();
