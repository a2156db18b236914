// Marks and measures (https://w3c.github.io/user-timing/) and the timeline that they are in. Made when an app uses it.
//
// NANO: the timeline keeps the latest of each kind, so that an app that marks each request and never clears does not fill its
// memory.

import { DOMException } from "../dom/dom_exception.js";
import { structuredClone } from "../html/structured_clone.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalConstructor, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";
import { now } from "./clock.js";

const { ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSort, TypeError } = primordials;

/** So many of the latest marks are kept, and as many measures; at times twice as many. */
export const KEPT = 1000;

/** Told of each entry; that of the observers (observer.js). */
let onEntry = null;

export function setEntryListener(listener) {
  onEntry = listener;
}

let made = null;

/** The classes, and what the methods of `performance` do. */
export function userTiming() {
  return made ??= create();
}

class Timeline {
  #entries = [];

  append(entry) {
    if (this.#entries.length === 2 * KEPT) this.#entries = ArrayPrototypeSlice(this.#entries, KEPT);
    ArrayPrototypePush(this.#entries, entry);
    if (onEntry !== null) onEntry(entry);
  }

  get entries() {
    return this.#entries;
  }

  forget(name, nameOf) {
    const kept = [];
    for (let i = 0; i < this.#entries.length; i++) {
      if (name !== undefined && nameOf(this.#entries[i]) !== name) ArrayPrototypePush(kept, this.#entries[i]);
    }
    this.#entries = kept;
  }
}

function create() {
  const startOf = (value, prefix, context) => converters.double(value, prefix, context);
  const markOrTime = (value, prefix, context) =>
    typeof value === "number" ? startOf(value, prefix, context) : converters.DOMString(value, prefix, context);
  const toMarkOptions = createDictionaryConverter("PerformanceMarkOptions", [
    { key: "detail", converter: converters.any },
    { key: "startTime", converter: startOf },
  ]);
  const toMeasureOptions = createDictionaryConverter("PerformanceMeasureOptions", [
    { key: "detail", converter: converters.any },
    { key: "duration", converter: startOf },
    { key: "end", converter: markOrTime },
    { key: "start", converter: markOrTime },
  ]);
  const copyOf = (detail) => (detail === undefined || detail === null ? null : structuredClone(detail));

  /** Reads a member of an entry. */
  let read;

  class PerformanceEntry {
    #members;

    constructor(brand, members) {
      if (brand !== kInternal) throw illegalConstructor();
      this.#members = members;
    }

    get name() {
      return read(this, "name");
    }

    get entryType() {
      return read(this, "entryType");
    }

    get startTime() {
      return read(this, "startTime");
    }

    get duration() {
      return read(this, "duration");
    }

    toJSON() {
      const entry = { name: read(this, "name"), entryType: read(this, "entryType"), startTime: read(this, "startTime") };
      return { ...entry, duration: read(this, "duration"), detail: read(this, "detail") };
    }

    static {
      read = (self, member) => {
        if (!isObject(self) || !(#members in self)) throw illegalInvocation("PerformanceEntry");
        return self.#members[member];
      };
    }
  }

  class PerformanceMark extends PerformanceEntry {
    constructor(markName, markOptions = undefined) {
      const prefix = "Failed to construct 'PerformanceMark'";
      requireArguments(arguments.length, 1, prefix);
      const name = converters.DOMString(markName, prefix, "Argument 1");
      const { detail, startTime = now() } = toMarkOptions(markOptions, prefix, "Argument 2");
      if (startTime < 0) throw new TypeError(`${prefix}: 'startTime' is negative`);
      super(kInternal, { __proto__: null, name, entryType: "mark", startTime, duration: 0, detail: copyOf(detail) });
    }

    get detail() {
      return read(this, "detail");
    }
  }

  class PerformanceMeasure extends PerformanceEntry {
    get detail() {
      return read(this, "detail");
    }
  }

  configureInterface(PerformanceEntry);
  configureInterface(PerformanceMark);
  configureInterface(PerformanceMeasure);

  const marks = new Timeline();
  const measures = new Timeline();
  const nameOf = (entry) => read(entry, "name");

  /** The time of a mark, the latest of its name, or the time that is given. */
  function timeOf(mark, prefix) {
    if (typeof mark === "number") {
      if (mark < 0) throw new TypeError(`${prefix}: a time is negative`);
      return mark;
    }
    const { entries } = marks;
    for (let i = entries.length - 1; i >= 0; i--) if (nameOf(entries[i]) === mark) return read(entries[i], "startTime");
    throw new DOMException(`${prefix}: there is no mark '${mark}'`, "SyntaxError");
  }

  function measureTimes(startOrOptions, endMark, prefix) {
    if (!isObject(startOrOptions)) {
      const end = endMark === undefined ? now() : timeOf(markOrTime(endMark, prefix, "Argument 3"), prefix);
      const start = startOrOptions === undefined || startOrOptions === null
        ? 0
        : timeOf(markOrTime(startOrOptions, prefix, "Argument 2"), prefix);
      return { __proto__: null, start, end, detail: undefined };
    }
    const options = toMeasureOptions(startOrOptions, prefix, "Argument 2");
    const { detail, duration } = options;
    const isGiven = options.start !== undefined || options.end !== undefined;
    if (endMark !== undefined) throw new TypeError(`${prefix}: the end is told twice`);
    if (!isGiven && (duration !== undefined || detail !== undefined)) {
      throw new TypeError(`${prefix}: neither 'start' nor 'end' is there`);
    }
    if (options.start !== undefined && options.end !== undefined && duration !== undefined) {
      throw new TypeError(`${prefix}: of 'start', 'duration' and 'end' two are the most`);
    }
    let end;
    if (options.end !== undefined) end = timeOf(options.end, prefix);
    else if (options.start !== undefined && duration !== undefined) end = timeOf(options.start, prefix) + duration;
    else end = now();
    let start = 0;
    if (options.start !== undefined) start = timeOf(options.start, prefix);
    else if (options.end !== undefined && duration !== undefined) start = end - duration;
    return { __proto__: null, start, end, detail };
  }

  function collect(list, type, name) {
    if (type !== undefined && type !== "mark" && type !== "measure") return list;
    const lines = [marks, measures];
    for (let i = 0; i < lines.length; i++) {
      const { entries } = lines[i];
      for (let j = 0; j < entries.length; j++) {
        const entry = entries[j];
        if ((type === undefined || read(entry, "entryType") === type) && (name === undefined || nameOf(entry) === name)) {
          ArrayPrototypePush(list, entry);
        }
      }
    }
    return ArrayPrototypeSort(list, (a, b) => read(a, "startTime") - read(b, "startTime"));
  }

  return {
    __proto__: null,
    PerformanceEntry,
    PerformanceMark,
    PerformanceMeasure,
    nameOf,
    startOf: (entry) => read(entry, "startTime"),
    typeOf: (entry) => read(entry, "entryType"),
    mark(name, options) {
      const mark = new PerformanceMark(name, options);
      marks.append(mark);
      return mark;
    },
    measure(name, startOrOptions, endMark) {
      const prefix = "Failed to execute 'measure' on 'Performance'";
      name = converters.DOMString(name, prefix, "Argument 1");
      const { start, end, detail } = measureTimes(startOrOptions, endMark, prefix);
      const members = {
        __proto__: null, name, entryType: "measure", startTime: start, duration: end - start, detail: copyOf(detail),
      };
      const measure = new PerformanceMeasure(kInternal, members);
      measures.append(measure);
      return measure;
    },
    list: (type = undefined, name = undefined) => collect([], type, name),
    clearMarks: (name = undefined) => marks.forget(name, nameOf),
    clearMeasures: (name = undefined) => measures.forget(name, nameOf),
  };
}
