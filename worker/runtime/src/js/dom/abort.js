// AbortController and AbortSignal (https://dom.spec.whatwg.org/#aborting-ongoing-activities).

import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, illegalConstructor, illegalInvocation, isObject, kInternal, requireArguments,
  sequenceFrom,
} from "../webidl.js";
import { DOMException } from "./dom_exception.js";
import {
  EventTarget, fireEvent, getEventHandler, hasListeners, onListenersChanged, setAbortSignalInternals, setEventHandler,
} from "./event_target.js";

const {
  ArrayPrototypePush, FinalizationRegistry, Set, SetPrototypeAdd, SetPrototypeDelete, SetPrototypeForEach, SetPrototypeGetSize,
  SymbolIterator, WeakRef, WeakRefPrototypeDeref,
} = primordials;
const registerForFinalization = primordials.FinalizationRegistryPrototypeRegister;

// How AbortSignal.timeout() waits; html/timers.js provides it. `start(callback, ms)` returns a handle for `stop`, and
// such a timer does not keep a program alive.
let timers = null;

/** Sets the timers for `AbortSignal.timeout()`. */
export function configureAbortTimers(start, stop) {
  timers = { __proto__: null, start, stop };
}

// Timeout signals that someone listens to: they must live until they fire, also when only their timer knows them.
const awaitedTimeouts = new Set();
let forgottenTimeouts = null;

let internals;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  // Abort algorithms: a Set of functions, or null.
  #algorithms = null;
  #handlers = null;

  // A dependent signal (made by any()) keeps its sources alive; a source keeps its dependents only weakly, unless
  // someone listens to them: those are in #observed. So nothing of either outlives its last user.
  #sources = null;
  #dependents = null;
  #pruneAt = 16;
  #observed = null;
  #isAwaited = false;

  constructor(brand = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    super();
  }

  static abort(reason = undefined) {
    const signal = new AbortSignal(kInternal);
    signal.#aborted = true;
    signal.#reason = reason === undefined ? abortError() : reason;
    return signal;
  }

  static timeout(milliseconds) {
    const prefix = "Failed to execute 'timeout' on 'AbortSignal'";
    requireArguments(arguments.length, 1, prefix);
    milliseconds = converters["unsigned long long"].enforceRange(milliseconds, prefix, "Argument 1");
    const signal = new AbortSignal(kInternal);
    const reference = new WeakRef(signal);
    const handle = timers.start(() => {
      const target = WeakRefPrototypeDeref(reference);
      if (target === undefined) return;
      SetPrototypeDelete(awaitedTimeouts, target);
      target.#signalAbort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    }, milliseconds);
    forgottenTimeouts ??= new FinalizationRegistry((timer) => timers.stop(timer));
    registerForFinalization(forgottenTimeouts, signal, handle);
    onListenersChanged(signal, (target) => target.#observersChanged());
    signal.#sources = timeoutSource;
    return signal;
  }

  static any(signals) {
    const prefix = "Failed to execute 'any' on 'AbortSignal'";
    requireArguments(arguments.length, 1, prefix);
    if (!isObject(signals)) throw conversionError(prefix, "Argument 1", "is not a sequence");
    const method = signals[SymbolIterator];
    if (typeof method !== "function") throw conversionError(prefix, "Argument 1", "is not iterable");
    const list = sequenceFrom(signals, method, toAbortSignal, prefix, "Argument 1");
    return AbortSignal.#createDependent(list);
  }

  get aborted() {
    if (!(#aborted in this)) throw illegalInvocation("AbortSignal");
    return this.#aborted;
  }

  get reason() {
    if (!(#aborted in this)) throw illegalInvocation("AbortSignal");
    return this.#reason;
  }

  throwIfAborted() {
    if (!(#aborted in this)) throw illegalInvocation("AbortSignal");
    if (this.#aborted) throw this.#reason;
  }

  get onabort() {
    if (!(#aborted in this)) throw illegalInvocation("AbortSignal");
    return getEventHandler(this.#handlers, "abort");
  }

  set onabort(value) {
    if (!(#aborted in this)) throw illegalInvocation("AbortSignal");
    this.#handlers = setEventHandler(this, this.#handlers, "abort", value);
  }

  // "Create a dependent abort signal".
  static #createDependent(signals) {
    const result = new AbortSignal(kInternal);
    for (let i = 0; i < signals.length; i++) {
      if (!signals[i].#aborted) continue;
      result.#aborted = true;
      result.#reason = signals[i].#reason;
      return result;
    }
    const sources = new Set();
    const addSource = (source) => {
      const before = SetPrototypeGetSize(sources);
      SetPrototypeAdd(sources, source);
      if (SetPrototypeGetSize(sources) !== before) source.#addDependent(result);
    };
    for (let i = 0; i < signals.length; i++) {
      const signal = signals[i];
      if (signal.#sources === null || signal.#sources === timeoutSource) {
        addSource(signal);
      } else {
        SetPrototypeForEach(signal.#sources, addSource);
      }
    }
    result.#sources = sources;
    onListenersChanged(result, (target) => target.#observersChanged());
    return result;
  }

  #addDependent(signal) {
    this.#dependents ??= [];
    if (this.#dependents.length >= this.#pruneAt) {
      const living = [];
      for (let i = 0; i < this.#dependents.length; i++) {
        if (WeakRefPrototypeDeref(this.#dependents[i]) !== undefined) ArrayPrototypePush(living, this.#dependents[i]);
      }
      this.#dependents = living;
      this.#pruneAt = living.length * 2 + 16;
    }
    ArrayPrototypePush(this.#dependents, new WeakRef(signal));
  }

  // Holds on to a dependent or timeout signal exactly as long as it is waited for.
  #observersChanged() {
    if (this.#aborted || this.#sources === null) return;
    const awaited = hasListeners(this, "abort") || (this.#algorithms !== null && SetPrototypeGetSize(this.#algorithms) > 0);
    if (this.#sources === timeoutSource) {
      if (awaited) SetPrototypeAdd(awaitedTimeouts, this);
      else if (this.#observed === null || SetPrototypeGetSize(this.#observed) === 0) SetPrototypeDelete(awaitedTimeouts, this);
      return;
    }
    // Only the first that comes and the last that goes are news to the sources, of which there may be many.
    if (awaited === this.#isAwaited) return;
    this.#isAwaited = awaited;
    SetPrototypeForEach(this.#sources, (source) => {
      if (awaited) SetPrototypeAdd(source.#observed ??= new Set(), this);
      else if (source.#observed !== null) SetPrototypeDelete(source.#observed, this);
      if (source.#sources !== timeoutSource || source.#aborted) return;
      if (awaited) SetPrototypeAdd(awaitedTimeouts, source);
      else source.#observersChanged();
    });
  }

  // "Signal abort".
  #signalAbort(reason) {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? abortError() : reason;
    // The reasons are set before anything runs, so that no listener sees one aborted and the other not.
    const toAbort = [];
    if (this.#dependents !== null) {
      for (let i = 0; i < this.#dependents.length; i++) {
        const dependent = WeakRefPrototypeDeref(this.#dependents[i]);
        if (dependent === undefined || dependent.#aborted) continue;
        dependent.#aborted = true;
        dependent.#reason = this.#reason;
        ArrayPrototypePush(toAbort, dependent);
      }
    }
    this.#runAbortSteps();
    for (let i = 0; i < toAbort.length; i++) toAbort[i].#runAbortSteps();
  }

  // "Run the abort steps".
  #runAbortSteps() {
    const sources = this.#sources;
    if (sources === timeoutSource) {
      SetPrototypeDelete(awaitedTimeouts, this);
    } else if (sources !== null) {
      SetPrototypeForEach(sources, (source) => {
        if (source.#observed !== null) SetPrototypeDelete(source.#observed, this);
        if (source.#sources === timeoutSource) source.#observersChanged();
      });
    }
    this.#sources = null;
    this.#dependents = null;
    this.#observed = null;
    const algorithms = this.#algorithms;
    this.#algorithms = null;
    if (algorithms !== null) SetPrototypeForEach(algorithms, (algorithm) => algorithm());
    if (hasListeners(this, "abort")) fireEvent(this, "abort");
  }

  static {
    internals = {
      __proto__: null,
      is: (value) => typeof value === "object" && value !== null && #aborted in value,
      isAborted: (signal) => signal.#aborted,
      reason: (signal) => signal.#reason,
      signalAbort: (signal, reason) => signal.#signalAbort(reason),
      createDependent: (signals) => AbortSignal.#createDependent(signals),
      addAlgorithm(signal, algorithm) {
        if (signal.#aborted) return;
        signal.#algorithms ??= new Set();
        SetPrototypeAdd(signal.#algorithms, algorithm);
        if (signal.#sources !== null) signal.#observersChanged();
      },
      removeAlgorithm(signal, algorithm) {
        if (signal.#algorithms === null) return;
        SetPrototypeDelete(signal.#algorithms, algorithm);
        if (signal.#sources !== null) signal.#observersChanged();
      },
    };
  }
}

// What #sources of a timeout signal holds: it has no sources, but must be kept alive like a signal that does.
const timeoutSource = new Set();

function abortError() {
  return new DOMException("This operation was aborted", "AbortError");
}

configureInterface(AbortSignal);

/** The brand check. */
export function isAbortSignal(value) {
  return internals.is(value);
}

/** The converter. */
export function toAbortSignal(value, prefix, context) {
  if (!internals.is(value)) throw conversionError(prefix, context, "is not of type AbortSignal");
  return value;
}

/** A signal that only `signalAbort` aborts. */
export function createAbortSignal() {
  return new AbortSignal(kInternal);
}

/** "Create a dependent abort signal" from an array of signals. */
export function createDependentAbortSignal(signals) {
  return internals.createDependent(signals);
}

/** "Signal abort": without a reason, an AbortError. */
export function signalAbort(signal, reason = undefined) {
  internals.signalAbort(signal, reason);
}

export function isAborted(signal) {
  return internals.isAborted(signal);
}

export function abortReason(signal) {
  return internals.reason(signal);
}

/** "Add": `algorithm()` runs when the signal is aborted, before its event; never when it is aborted already. */
export function addAbortAlgorithm(signal, algorithm) {
  internals.addAlgorithm(signal, algorithm);
}

/** "Remove" an algorithm. */
export function removeAbortAlgorithm(signal, algorithm) {
  internals.removeAlgorithm(signal, algorithm);
}

setAbortSignalInternals({
  __proto__: null,
  isAbortSignal,
  isAborted,
  addAlgorithm: addAbortAlgorithm,
  removeAlgorithm: removeAbortAlgorithm,
});

let controllerSignal;

export class AbortController {
  #signal = new AbortSignal(kInternal);

  constructor() {}

  get signal() {
    if (!(#signal in this)) throw illegalInvocation("AbortController");
    return this.#signal;
  }

  abort(reason = undefined) {
    if (!(#signal in this)) throw illegalInvocation("AbortController");
    internals.signalAbort(this.#signal, reason);
  }

  static {
    controllerSignal = (value) => (isObject(value) && #signal in value ? value.#signal : undefined);
  }
}

configureInterface(AbortController);

/** The signal of an AbortController; undefined when `value` is none. */
export function signalOfController(value) {
  return controllerSignal(value);
}
