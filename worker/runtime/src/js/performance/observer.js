// PerformanceObserver (https://w3c.github.io/performance-timeline/#the-performanceobserver-interface) for marks and measures. Made when
// an app looks at it.
//
// NANO: an observer that is not called yet keeps so many entries as the timeline does; those beyond are counted as dropped.

import { DOMException } from "../dom/dom_exception.js";
import { reportError } from "../html/error_reporting.js";
import { queueTurnAnyway } from "../html/turns.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, createSequenceConverter, illegalConstructor, illegalInvocation, isObject,
  kInternal, requireArguments,
} from "../webidl.js";
import { KEPT, setEntryListener, userTiming } from "./user_timing.js";

const {
  ArrayPrototypeIncludes, ArrayPrototypePush, ArrayPrototypeSort, FunctionPrototypeCall, ObjectFreeze, Set, SetPrototypeAdd,
  SetPrototypeDelete, SetPrototypeForEach, TypeError,
} = primordials;

const supported = ObjectFreeze(["mark", "measure"]);
const { startOf, nameOf, typeOf } = userTiming();

const toInit = createDictionaryConverter("PerformanceObserverInit", [
  { key: "buffered", converter: converters.boolean },
  { key: "entryTypes", converter: createSequenceConverter(converters.DOMString) },
  { key: "type", converter: converters.DOMString },
]);

/** "List of registered performance observer objects". */
const observers = new Set();

setEntryListener((entry) => {
  SetPrototypeForEach(observers, (observer) => observer.tell(entry));
});

function select(entries, name, type) {
  const list = [];
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if ((name === undefined || nameOf(entry) === name) && (type === undefined || typeOf(entry) === type)) ArrayPrototypePush(list, entry);
  }
  return ArrayPrototypeSort(list, (a, b) => startOf(a) - startOf(b));
}

class PerformanceObserverEntryList {
  #entries;

  constructor(brand = undefined, entries = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#entries = entries;
  }

  getEntries() {
    return select(PerformanceObserverEntryList.#of(this), undefined, undefined);
  }

  getEntriesByType(type) {
    const entries = PerformanceObserverEntryList.#of(this);
    requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByType' on 'PerformanceObserverEntryList'");
    return select(entries, undefined, converters.DOMString(type));
  }

  getEntriesByName(name, type = undefined) {
    const entries = PerformanceObserverEntryList.#of(this);
    requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByName' on 'PerformanceObserverEntryList'");
    return select(entries, converters.DOMString(name), type === undefined ? undefined : converters.DOMString(type));
  }

  static #of(self) {
    if (!isObject(self) || !(#entries in self)) throw illegalInvocation("PerformanceObserverEntryList");
    return self.#entries;
  }
}

/** What an observer wants, and what it was not told of yet. */
class Registration {
  object;
  callback;
  /** "multiple", by `entryTypes`, or "single", by `type`. */
  kind = "";
  types = [];
  buffer = [];
  dropped = 0;
  context = ops.getAsyncContext();
  #isQueued = false;

  constructor(object, callback) {
    this.object = object;
    this.callback = callback;
  }

  tell(entry) {
    if (ArrayPrototypeIncludes(this.types, typeOf(entry))) this.keep(entry);
  }

  keep(entry) {
    if (this.buffer.length === 2 * KEPT) this.dropped++;
    else ArrayPrototypePush(this.buffer, entry);
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueTurnAnyway(this, this.context);
  }

  empty() {
    const entries = this.buffer;
    this.buffer = [];
    return entries;
  }

  run() {
    this.#isQueued = false;
    const entries = this.empty();
    if (entries.length === 0) return;
    const options = { droppedEntriesCount: this.dropped };
    this.dropped = 0;
    try {
      FunctionPrototypeCall(this.callback, this.object, new PerformanceObserverEntryList(kInternal, entries), this.object, options);
    } catch (error) {
      reportError(error);
    }
  }
}

class PerformanceObserver {
  #registration;

  constructor(callback) {
    const prefix = "Failed to construct 'PerformanceObserver'";
    requireArguments(arguments.length, 1, prefix);
    if (typeof callback !== "function") throw new TypeError(`${prefix}: Argument 1 is not a function`);
    this.#registration = new Registration(this, callback);
  }

  static get supportedEntryTypes() {
    return supported;
  }

  observe(options = undefined) {
    const registration = PerformanceObserver.#of(this);
    const prefix = "Failed to execute 'observe' on 'PerformanceObserver'";
    const { buffered, entryTypes, type } = toInit(options, prefix, "Argument 1");
    if (entryTypes === undefined && type === undefined) throw new TypeError(`${prefix}: neither 'entryTypes' nor 'type' is there`);
    if (entryTypes !== undefined && (type !== undefined || buffered !== undefined)) {
      throw new TypeError(`${prefix}: 'entryTypes' stands alone`);
    }
    const kind = entryTypes === undefined ? "single" : "multiple";
    if (registration.kind !== "" && registration.kind !== kind) {
      throw new DOMException(`${prefix}: one observer has either 'entryTypes' or 'type'`, "InvalidModificationError");
    }
    registration.kind = kind;
    const wanted = entryTypes ?? [type];
    const known = [];
    for (let i = 0; i < wanted.length; i++) if (ArrayPrototypeIncludes(supported, wanted[i])) ArrayPrototypePush(known, wanted[i]);
    if (known.length === 0) return;
    if (kind === "multiple") registration.types = known;
    else if (!ArrayPrototypeIncludes(registration.types, type)) ArrayPrototypePush(registration.types, type);
    SetPrototypeAdd(observers, registration);
    if (!buffered) return;
    const earlier = userTiming().list(type);
    for (let i = 0; i < earlier.length; i++) registration.keep(earlier[i]);
  }

  disconnect() {
    const registration = PerformanceObserver.#of(this);
    SetPrototypeDelete(observers, registration);
    registration.kind = "";
    registration.types = [];
    registration.empty();
  }

  takeRecords() {
    return PerformanceObserver.#of(this).empty();
  }

  static #of(self) {
    if (!isObject(self) || !(#registration in self)) throw illegalInvocation("PerformanceObserver");
    return self.#registration;
  }
}

configureInterface(PerformanceObserver);
configureInterface(PerformanceObserverEntryList);

export const moduleExports = { __proto__: null, PerformanceObserver, PerformanceObserverEntryList };
