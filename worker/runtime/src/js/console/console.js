// The console namespace (https://console.spec.whatwg.org/). Each call is one message, however many lines it has.

import { ops } from "../ops.js";
import { now } from "../performance/clock.js";
import { primordials } from "../primordials.js";
import { format } from "./format.js";
import { inspect } from "./inspect.js";
import { indentLines, spaces } from "./inspect/strings.js";
import { formatTable } from "./table.js";

const {
  ArrayIsArray, ArrayPrototypeUnshift, ErrorCaptureStackTrace, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet,
  MathMax, MathFloor, Number, NumberPrototypeToFixed, ObjectDefineProperty, StringPrototypePadStart, SymbolToStringTag, TypeError,
} = primordials;

const counts = new Map();
const timers = new Map();
let indentation = 0;

function write(level, text) {
  ops.log(level, indentation === 0 ? text : spaces(indentation) + indentLines(text, indentation));
}

function labelOf(label) {
  return label === undefined ? "default" : `${label}`;
}

// Seconds and more are easier to read as such; below, milliseconds to the microsecond.
function formatDuration(ms) {
  if (ms < 1000) return `${Number(NumberPrototypeToFixed(ms, 3))}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${NumberPrototypeToFixed(seconds, 3)}s`;
  const minutes = MathFloor(seconds / 60);
  const rest = StringPrototypePadStart(NumberPrototypeToFixed(seconds % 60, 3), 6, "0");
  if (minutes < 60) return `${minutes}:${rest} (m:ss.mmm)`;
  return `${MathFloor(minutes / 60)}:${StringPrototypePadStart(`${minutes % 60}`, 2, "0")}:${rest} (h:mm:ss.mmm)`;
}

function elapsed(label, method) {
  const start = MapPrototypeGet(timers, label);
  if (start === undefined) {
    write("warn", `Warning: No such label '${label}' for console.${method}()`);
    return undefined;
  }
  return `${label}: ${formatDuration(now() - start)}`;
}

// A namespace object's prototype is an ordinary object of its own.
export const console = {
  __proto__: {},

  debug(...data) {
    write("debug", format(data));
  },
  log(...data) {
    write("info", format(data));
  },
  info(...data) {
    write("info", format(data));
  },
  warn(...data) {
    write("warn", format(data));
  },
  error(...data) {
    write("error", format(data));
  },
  dirxml(...data) {
    write("info", format(data));
  },
  trace(...data) {
    const holder = { __proto__: null, name: "Trace", message: format(data) };
    ErrorCaptureStackTrace(holder, console.trace);
    const head = holder.message === "" ? "Trace" : `Trace: ${holder.message}`;
    const frames = framesOf(holder.stack);
    write("info", head + frames);
  },
  dir(item = undefined, options = undefined) {
    write("info", inspect(item, { __proto__: null, customInspect: false, ...options }));
  },
  table(tabularData = undefined, properties = undefined) {
    if (tabularData === null || typeof tabularData !== "object") return write("info", format([tabularData]));
    if (properties !== undefined && !ArrayIsArray(properties)) {
      throw new TypeError("Failed to execute 'table' on 'console': Argument 2 is not a sequence");
    }
    write("info", formatTable(tabularData, properties));
  },
  assert(condition = false, ...data) {
    if (condition) return;
    if (typeof data[0] === "string") data[0] = `Assertion failed: ${data[0]}`;
    else ArrayPrototypeUnshift(data, data.length === 0 ? "Assertion failed" : "Assertion failed:");
    write("error", format(data));
  },
  clear() {},
  count(label = "default") {
    label = labelOf(label);
    const count = (MapPrototypeGet(counts, label) ?? 0) + 1;
    MapPrototypeSet(counts, label, count);
    write("info", `${label}: ${count}`);
  },
  countReset(label = "default") {
    label = labelOf(label);
    if (!MapPrototypeDelete(counts, label)) write("warn", `Warning: Count for '${label}' does not exist`);
  },
  group(...data) {
    if (data.length > 0) write("info", format(data));
    indentation += 2;
  },
  groupCollapsed(...data) {
    if (data.length > 0) write("info", format(data));
    indentation += 2;
  },
  groupEnd() {
    indentation = MathMax(0, indentation - 2);
  },
  time(label = "default") {
    label = labelOf(label);
    if (MapPrototypeHas(timers, label)) {
      write("warn", `Warning: Label '${label}' already exists for console.time()`);
      return;
    }
    MapPrototypeSet(timers, label, now());
  },
  timeLog(label = "default", ...data) {
    label = labelOf(label);
    const text = elapsed(label, "timeLog");
    if (text === undefined) return;
    ArrayPrototypeUnshift(data, "%s", text);
    write("info", format(data));
  },
  timeEnd(label = "default") {
    label = labelOf(label);
    const text = elapsed(label, "timeEnd");
    MapPrototypeDelete(timers, label);
    if (text !== undefined) write("info", text);
  },
};

function framesOf(stack) {
  const start = primordials.StringPrototypeIndexOf(stack, "\n    at");
  return start === -1 ? "" : primordials.StringPrototypeSlice(stack, start);
}

ObjectDefineProperty(console, SymbolToStringTag, { __proto__: null, value: "console", writable: false, enumerable: false, configurable: true });
