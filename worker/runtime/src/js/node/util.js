// node:util (nodejs.org/api/util.html).

import { format as formatLine } from "../console/format.js";
import { customInspect, inspect as inspectValue } from "../console/inspect.js";
import { AbortController, addAbortAlgorithm, isAborted } from "../dom/abort.js";
import { TextDecoder } from "../encoding/text_decoder.js";
import { TextEncoder } from "../encoding/text_encoder.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { invalidArgType, invalidArgValue, notImplemented, plainError } from "./internal/errors.js";
import { validateAbortSignal, validateFunction, validateString } from "./internal/validators.js";
import { moduleExports as os } from "./os.js";
import { moduleExports as process } from "./process.js";
import { isDeepStrictEqual } from "./util/deep_equal.js";
import { MIMEParams, MIMEType } from "./util/mime.js";
import { parseArgs } from "./util/parse_args.js";
import { getSystemErrorMap, getSystemErrorMessage, getSystemErrorName } from "./util/system_errors.js";
import { moduleExports as types } from "./util/types.js";

const {
  ArrayIsArray, ArrayPrototypeJoin, ArrayPrototypePush, Error, ObjectAssign, ObjectDefineProperties, ObjectDefineProperty, ObjectGetOwnPropertyDescriptors, ObjectGetPrototypeOf,
  ObjectKeys, ObjectSetPrototypeOf, Promise, PromisePrototypeThen, PromiseResolve, ReflectApply, ReflectConstruct, Set,
  RegExpPrototypeExec, SetPrototypeAdd, SetPrototypeHas, StringPrototypeReplace, StringPrototypeReplaceAll, StringPrototypeSlice, StringPrototypeSplit, StringPrototypeToLowerCase, StringPrototypeToUpperCase,
  StringPrototypeToWellFormed, StringPrototypeTrim, SymbolFor,
} = primordials;

/** @type {any} */
const inspect = inspectValue;
inspect.custom = customInspect;
inspect.defaultOptions = {
  showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100, maxStringLength: 10000,
  breakLength: 128, compact: 3, sorted: false, getters: false, numericSeparator: false,
};
inspect.colors = {
  __proto__: null,
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27], hidden: [8, 28],
  strikethrough: [9, 29], doubleunderline: [21, 24], black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39],
  magenta: [35, 39], cyan: [36, 39], white: [37, 39], bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49], bgYellow: [43, 49],
  bgBlue: [44, 49], bgMagenta: [45, 49], bgCyan: [46, 49], bgWhite: [47, 49], framed: [51, 54], overlined: [53, 55], gray: [90, 39],
  grey: [90, 39], redBright: [91, 39], greenBright: [92, 39], yellowBright: [93, 39], blueBright: [94, 39], magentaBright: [95, 39],
  cyanBright: [96, 39], whiteBright: [97, 39], bgGray: [100, 49], bgRedBright: [101, 49], bgGreenBright: [102, 49],
  bgYellowBright: [103, 49], bgBlueBright: [104, 49], bgMagentaBright: [105, 49], bgCyanBright: [106, 49], bgWhiteBright: [107, 49],
};
inspect.styles = {
  __proto__: null,
  special: "cyan", number: "yellow", bigint: "yellow", boolean: "yellow", undefined: "grey", null: "bold", string: "green",
  symbol: "green", date: "magenta", regexp: "red", module: "underline",
};

function format(...args) {
  return formatLine(args);
}

function formatWithOptions(options, ...args) {
  if (typeof options !== "object" || options === null) throw invalidArgType("inspectOptions", "object", options);
  return formatLine(args, options);
}

function inherits(constructor, parent) {
  if (constructor === undefined || constructor === null) throw invalidArgType("ctor", "Function", constructor);
  if (parent === undefined || parent === null) throw invalidArgType("superCtor", "Function", parent);
  if (parent.prototype === undefined) throw invalidArgType("superCtor.prototype", "Object", parent.prototype);
  ObjectDefineProperty(constructor, "super_", { __proto__: null, value: parent, writable: true, configurable: true });
  ObjectSetPrototypeOf(constructor.prototype, parent.prototype);
}

const warned = new Set();

function deprecate(callback, message, code = undefined) {
  validateFunction(callback, "fn");
  if (code !== undefined) validateString(code, "code");
  let isWarned = false;
  function deprecated(...args) {
    if (!isWarned && !(code !== undefined && SetPrototypeHas(warned, code))) {
      if (code !== undefined) SetPrototypeAdd(warned, code);
      process.emitWarning(message, "DeprecationWarning", code);
    }
    isWarned = true;
    return new.target ? ReflectConstruct(callback, args, new.target) : ReflectApply(callback, this, args);
  }
  ObjectSetPrototypeOf(deprecated, callback);
  if (callback.prototype) deprecated.prototype = callback.prototype;
  return deprecated;
}

/** Whether NODE_DEBUG of the app's environment names a section; `*` stands for any text. */
function isDebugged(section) {
  const names = StringPrototypeSplit(process.env.NODE_DEBUG ?? "", ",");
  const own = StringPrototypeToLowerCase(section);
  for (let at = 0; at < names.length; at++) {
    const name = StringPrototypeToLowerCase(names[at]);
    if (name === own || name === "*") return true;
  }
  return false;
}

function debuglog(section, callback = undefined) {
  let enabled;
  const isEnabled = () => enabled ??= isDebugged(section);
  const debug = (...args) => {
    if (isEnabled()) ops.log("debug", `${StringPrototypeToUpperCase(section)} ${process.pid}: ${formatLine(args)}`);
  };
  ObjectDefineProperty(debug, "enabled", { __proto__: null, get: isEnabled, configurable: true, enumerable: true });
  if (typeof callback === "function") callback(debug);
  return debug;
}

const kPromisify = SymbolFor("nodejs.util.promisify.custom");

function promisify(original) {
  validateFunction(original, "original");
  const own = original[kPromisify];
  if (own !== undefined) {
    validateFunction(own, "util.promisify.custom");
    return ObjectDefineProperty(own, kPromisify, { __proto__: null, value: own, enumerable: false, writable: false, configurable: true });
  }
  function promisified(...args) {
    return new Promise((resolve, reject) => {
      ArrayPrototypePush(args, (error, value) => {
        if (error) reject(error);
        else resolve(value);
      });
      ReflectApply(original, this, args);
    });
  }
  ObjectSetPrototypeOf(promisified, ObjectGetPrototypeOf(original));
  ObjectDefineProperty(promisified, kPromisify, {
    __proto__: null, value: promisified, enumerable: false, writable: false, configurable: true,
  });
  return ObjectDefineProperties(promisified, ObjectGetOwnPropertyDescriptors(original));
}
promisify.custom = kPromisify;

function callbackify(original) {
  validateFunction(original, "original");
  function callbackified(...args) {
    const callback = args[args.length - 1];
    validateFunction(callback, "last argument");
    args.length -= 1;
    PromisePrototypeThen(PromiseResolve(ReflectApply(original, this, args)), (value) => {
      process.nextTick(callback, null, value);
    }, (reason) => {
      process.nextTick(callback, reason || rejectedWithout(reason));
    });
  }
  const descriptors = ObjectGetOwnPropertyDescriptors(original);
  if (typeof descriptors.length.value === "number") descriptors.length.value++;
  if (typeof descriptors.name.value === "string") descriptors.name.value += "Callbackified";
  return ObjectDefineProperties(callbackified, descriptors);
}

function rejectedWithout(reason) {
  return plainError("ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value", { reason });
}

const controls =
  /[\u001b\u009b][[\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\d/#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?(?:\u0007|\u001b\u005c|\u009c))|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]))/g;

function stripVTControlCharacters(text) {
  validateString(text, "str");
  return StringPrototypeReplace(text, controls, "");
}

function styleText(style, text) {
  validateString(text, "text");
  const styles = ArrayIsArray(style) ? style : [style];
  let before = "";
  let after = "";
  for (let at = 0; at < styles.length; at++) {
    const codes = inspect.colors[styles[at]];
    if (codes === undefined) {
      throw invalidArgValue("format", styles[at], `must be one of: '${ArrayPrototypeJoin(ObjectKeys(inspect.colors), "', '")}'`);
    }
    before += `\u001b[${codes[0]}m`;
    after = `\u001b[${codes[1]}m${after}`;
  }
  return `${before}${text}${after}`;
}

function aborted(signal, resource) {
  validateAbortSignal(signal, "signal");
  if (resource === null || typeof resource !== "object") throw invalidArgType("resource", "Object", resource);
  if (isAborted(signal)) return PromiseResolve();
  return new Promise((resolve) => addAbortAlgorithm(signal, () => resolve(undefined)));
}

/** What a file of settings says (nodejs.org/api/util.html#utilparseenvcontent). */
function parseEnv(content) {
  validateString(content, "content");
  const env = {};
  const pattern = /^\s*(?:export\s+)?([\w.-]+)\s*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^#\n\r]*)/gm;
  for (let found; (found = RegExpPrototypeExec(pattern, content)) !== null;) {
    const value = StringPrototypeTrim(found[2]);
    const isQuoted = value.length > 1 && (value[0] === '"' || value[0] === "'" || value[0] === "`") && value[value.length - 1] === value[0];
    const inner = isQuoted ? StringPrototypeSlice(value, 1, -1) : value;
    env[found[1]] = isQuoted && value[0] === '"' ? StringPrototypeReplaceAll(inner, "\\n", "\n") : inner;
  }
  return env;
}

const { signals } = os.constants;

/** Of Node.js's first versions: the members of one object in another. */
function _extend(target, source) {
  if (source === null || typeof source !== "object") return target;
  return ObjectAssign(target, source);
}

/** An aborted signal stays one where it is sent to; nothing here is another thread. */
function transferableAbortController() {
  return new AbortController();
}

function transferableAbortSignal(signal) {
  if (signal === undefined) throw invalidArgType("signal", "AbortSignal", signal);
  validateAbortSignal(signal, "signal");
  return signal;
}

/** An error of a system call, by its number. */
function _errnoException(number, syscall, original = undefined) {
  const code = getSystemErrorName(number);
  const message = original ? `${syscall} ${code} ${original}` : `${syscall} ${code}`;
  return ObjectAssign(new Error(message), { errno: number, code, syscall });
}

function _exceptionWithHostPort(number, syscall, address, port, additional = undefined) {
  const place = port && port > 0 ? `${address}:${port}` : address;
  const error = _errnoException(number, syscall, additional ? `${place} - Local (${additional})` : place);
  return ObjectAssign(error, port ? { address, port } : { address });
}

export const moduleExports = {
  _errnoException,
  _exceptionWithHostPort,
  _extend,
  aborted,
  callbackify,
  convertProcessSignalToExitCode: (name) => 128 + signals[name],
  debug: debuglog,
  debuglog,
  deprecate,
  diff: () => {
    throw notImplemented("util.diff");
  },
  format,
  formatWithOptions,
  getCallSite: () => [],
  getCallSites: () => [],
  getSystemErrorMap,
  getSystemErrorMessage,
  getSystemErrorName,
  inherits,
  inspect,
  isArray: (value) => ArrayIsArray(value),
  isBoolean: (value) => typeof value === "boolean",
  isBuffer: (value) => process.getBuiltinModule("node:buffer").Buffer.isBuffer(value),
  isDate: (value) => types.isDate(value),
  isDeepStrictEqual: (one, other, skipPrototype = false) => isDeepStrictEqual(one, other, skipPrototype),
  isError: (value) => types.isNativeError(value) || value instanceof Error,
  isFunction: (value) => typeof value === "function",
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === "number",
  isObject: (value) => value !== null && typeof value === "object",
  isPrimitive: (value) => value === null || (typeof value !== "object" && typeof value !== "function"),
  isRegExp: (value) => types.isRegExp(value),
  isString: (value) => typeof value === "string",
  isSymbol: (value) => typeof value === "symbol",
  isUndefined: (value) => value === undefined,
  log: (...args) => ops.log("info", formatLine(args)),
  MIMEParams,
  MIMEType,
  parseArgs,
  parseEnv,
  promisify,
  setTraceSigInt() {},
  stripVTControlCharacters,
  styleText,
  TextDecoder,
  TextEncoder,
  transferableAbortController,
  transferableAbortSignal,
  toUSVString: (text) => StringPrototypeToWellFormed(`${text}`),
  types,
};
