// Imports every builtin and defines the globals. Evaluated once, at build time, into the startup snapshot: nothing
// here may read the clock, make random numbers or touch the outside; do that in a function that runs later.
//
// A new builtin needs four lines: its file in the list of ../builtins.rs, its natives (if any) in ../ops.rs, its
// import here, and its names in one of the tables below. Then try it on the real thing:
//     cargo run -q -p nano-worker -- run script.js
// Exports are functions, classes and constants, by name (`export let` is refused: importers would not see it change).

import { clearInterval, clearTimeout, fireTimer, setInterval, setTimeout } from "./html/timers.js";
import { ops } from "./ops.js";
import { primordials } from "./primordials.js";
import { configureBudget } from "./streams/budget.js";
import { ByteLengthQueuingStrategy } from "./streams/byte_length_queuing_strategy.js";
import { CountQueuingStrategy } from "./streams/count_queuing_strategy.js";
import { ReadableByteStreamController } from "./streams/readable_byte_stream_controller.js";
import { ReadableStream } from "./streams/readable_stream.js";
import { ReadableStreamBYOBReader } from "./streams/readable_stream_byob_reader.js";
import { ReadableStreamBYOBRequest } from "./streams/readable_stream_byob_request.js";
import { ReadableStreamDefaultController } from "./streams/readable_stream_default_controller.js";
import { ReadableStreamDefaultReader } from "./streams/readable_stream_default_reader.js";
import { TransformStream } from "./streams/transform_stream.js";
import { TransformStreamDefaultController } from "./streams/transform_stream_default_controller.js";
import { WritableStream } from "./streams/writable_stream.js";
import { WritableStreamDefaultController } from "./streams/writable_stream_default_controller.js";
import { WritableStreamDefaultWriter } from "./streams/writable_stream_default_writer.js";

const {
  ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ObjectKeys, TypeError, globalThis: global,
} = primordials;
const { version } = globalThis.__nano;
delete globalThis.__nano;

/** Web IDL interface objects and namespaces: writable, configurable, not enumerable. */
function defineInterfaces(table) {
  for (const name of ObjectKeys(table)) {
    ObjectDefineProperty(global, name, {
      __proto__: null, value: table[name], writable: true, enumerable: false, configurable: true,
    });
  }
}

/** Web IDL operations of the global: writable, configurable, enumerable. */
function defineFunctions(table) {
  for (const name of ObjectKeys(table)) {
    ObjectDefineProperty(global, name, {
      __proto__: null, value: table[name], writable: true, enumerable: true, configurable: true,
    });
  }
}

/** Web IDL [Replaceable] read-only attributes of the global: getters that an assignment replaces by a plain value. */
function defineAttributes(table) {
  for (const name of ObjectKeys(table)) {
    const { get } = ObjectGetOwnPropertyDescriptor(table, name);
    const replaceable = {
      set [name](value) {
        ObjectDefineProperty(global, name, {
          __proto__: null, value, writable: true, enumerable: true, configurable: true,
        });
      },
    };
    const { set } = ObjectGetOwnPropertyDescriptor(replaceable, name);
    ObjectDefineProperty(global, name, { __proto__: null, get, set, enumerable: true, configurable: true });
  }
}

/** HTML "Microtask queuing". */
function queueMicrotask(callback) {
  if (arguments.length < 1) {
    throw new TypeError("Failed to execute 'queueMicrotask': 1 argument required, but only 0 present");
  }
  if (typeof callback !== "function") {
    throw new TypeError("Failed to execute 'queueMicrotask': the callback is not a function");
  }
  ops.queueMicrotask(callback);
}

const navigator = new (class Navigator {
  get userAgent() {
    return `nano/${version}`;
  }
})();

// Until console/console.js is there.
const line = (level) => (...values) => ops.log(level, values.map(String).join(" "));
const console = { debug: line("debug"), log: line("info"), info: line("info"), warn: line("warn"), error: line("error") };

defineInterfaces({
  ByteLengthQueuingStrategy,
  console,
  CountQueuingStrategy,
  Navigator: navigator.constructor,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
});

defineFunctions({
  clearInterval,
  clearTimeout,
  queueMicrotask,
  setInterval,
  setTimeout,
});

defineAttributes({
  get navigator() {
    return navigator;
  },
  get self() {
    return global;
  },
});

/** The functions that Rust calls, by name. */
export const entry = {
  __proto__: null,
  configureBudget,
  fireTimer,
};
