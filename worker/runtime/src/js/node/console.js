// node:console (nodejs.org/api/console.html): the console that is global, and consoles that write to streams.

import { console as globalConsole } from "../console/console.js";
import { format } from "../console/format.js";
import { inspect } from "../console/inspect.js";
import { formatTable } from "../console/table.js";
import { now } from "../performance/clock.js";
import { primordials } from "../primordials.js";
import { invalidArgType } from "./internal/errors.js";

const {
  ArrayPrototypeUnshift, Error, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, NumberPrototypeToFixed, ObjectAssign,
  ObjectDefineProperty, ObjectKeys, StringPrototypeRepeat, StringPrototypeReplaceAll, StringPrototypeSlice,
} = primordials;

function requireStream(stream, name) {
  if (typeof stream?.write !== "function") throw invalidArgType(name, "Stream", stream);
}

function nothing() {}

/** Node.js's Console: a function, since older code calls it without `new`. @type {any} */
const Console = function (...args) {
  if (!new.target) return new Console(args[0], args[1], args[2]);
  const isOptions = args[0] && typeof args[0].write !== "function";
  const options = isOptions ? args[0] : { stdout: args[0], stderr: args[1], ignoreErrors: args[2] };
  const { stdout, stderr = stdout, ignoreErrors = true, groupIndentation = 2, inspectOptions } = options;
  requireStream(stdout, "stdout");
  requireStream(stderr, "stderr");
  ObjectAssign(this, methodsOf({ stdout, stderr, ignoreErrors, groupIndentation, inspectOptions, indent: "" }));
};

function methodsOf(state) {
  const counts = new Map();
  const timers = new Map();
  const write = (stream, args) => {
    const text = state.indent + StringPrototypeReplaceAll(format(args, state.inspectOptions), "\n", `\n${state.indent}`);
    if (!state.ignoreErrors) return void stream.write(`${text}\n`);
    stream.once("error", nothing);
    try {
      stream.write(`${text}\n`, nothing);
    } catch {
      // A console says nothing of what it could not write.
    } finally {
      stream.removeListener("error", nothing);
    }
  };
  const log = (...args) => write(state.stdout, args);
  const warn = (...args) => write(state.stderr, args);
  const elapsed = (label) => {
    const start = MapPrototypeGet(timers, label);
    return start === undefined ? undefined : `${label}: ${NumberPrototypeToFixed(now() - start, 3)}ms`;
  };
  const group = (...args) => {
    if (args.length > 0) write(state.stdout, args);
    state.indent += StringPrototypeRepeat(" ", state.groupIndentation);
  };
  return {
    log, info: log, debug: log, dirxml: log, warn, error: warn, group, groupCollapsed: group,
    groupEnd: () => {
      state.indent = StringPrototypeSlice(state.indent, 0, state.indent.length - state.groupIndentation);
    },
    dir: (object, options) => log(inspect(object, { customInspect: false, ...state.inspectOptions, ...options })),
    assert: (isTrue, ...args) => {
      if (isTrue) return;
      if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
      write(state.stderr, args.length > 0 ? args : ["Assertion failed"]);
    },
    trace: (...args) => {
      const error = new Error(format(args));
      error.name = "Trace";
      warn(error.stack);
    },
    count: (label = "default") => {
      const count = (MapPrototypeGet(counts, label) ?? 0) + 1;
      MapPrototypeSet(counts, label, count);
      log(`${label}: ${count}`);
    },
    countReset: (label = "default") => void MapPrototypeDelete(counts, label),
    time: (label = "default") => void MapPrototypeSet(timers, label, now()),
    timeLog: (label = "default", ...args) => {
      const text = elapsed(label);
      if (text === undefined) return;
      ArrayPrototypeUnshift(args, text);
      write(state.stdout, args);
    },
    timeEnd: (label = "default") => {
      const text = elapsed(label);
      if (text !== undefined) log(text);
      MapPrototypeDelete(timers, label);
    },
    table: (data, columns) => log(typeof data === "object" && data !== null ? formatTable(data, columns) : data),
  };
}

ObjectDefineProperty(globalConsole, "Console", { __proto__: null, value: Console, writable: true, enumerable: true, configurable: true });

/** What an inspector adds: nobody inspects. */
const ofInspectors = {
  context: () => globalConsole,
  createTask: (_name) => ({ run: (callback) => callback() }),
  profile() {},
  profileEnd() {},
  timeStamp() {},
};
const names = ObjectKeys(ofInspectors);
for (let at = 0; at < names.length; at++) globalConsole[names[at]] ??= ofInspectors[names[at]];

export const moduleExports = globalConsole;
