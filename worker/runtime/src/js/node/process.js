// node:process (nodejs.org/api/process.html), as far as there is one: an app has no process to itself. It knows nothing of its
// machine, its working directory is the root, and it ends when the supervisor says so.

import { now } from "../performance/clock.js";
import { ops, version } from "../ops.js";
import { primordials } from "../primordials.js";
import { queueMicrotask } from "../html/microtasks.js";
import { getEnvironment } from "../worker/environment.js";
import { moduleExports as EventEmitter } from "./events.js";
import { invalidArgType, notImplemented, typeError } from "./internal/errors.js";
import { validateFunction, validateString } from "./internal/validators.js";

const {
  ArrayIsArray, BigInt, Error, FunctionPrototypeCall, JSONStringify, MathFloor, ObjectCreate, ObjectKeys, ObjectSetPrototypeOf,
  ReflectApply, Set, String, StringPrototypeEndsWith, StringPrototypeSlice,
} = primordials;

/** What packages that ask for a version of Node.js get: the one whose API these modules follow. */
const nodeVersion = "22.19.0";

function Process() {
  FunctionPrototypeCall(EventEmitter, this);
}
Process.prototype = ObjectCreate(EventEmitter.prototype);
ObjectSetPrototypeOf(Process, EventEmitter);

/** @type {any} */
const process = new Process();

/** The strings of the app's environment; other values as JSON. */
function environment() {
  const env = {};
  const bindings = getEnvironment();
  const names = ObjectKeys(bindings);
  for (let at = 0; at < names.length; at++) {
    const value = bindings[names[at]];
    const text = typeof value === "string" ? value : JSONStringify(value);
    if (text !== undefined) env[names[at]] = text;
  }
  return env;
}

function nextTick(callback, ...args) {
  validateFunction(callback, "callback");
  queueMicrotask(() => ReflectApply(callback, undefined, args));
}

function hrtime(before = undefined) {
  const time = now();
  let seconds = MathFloor(time / 1000);
  let nanoseconds = MathFloor((time % 1000) * 1e6);
  if (before !== undefined) {
    if (!ArrayIsArray(before)) throw invalidArgType("time", "Array", before);
    seconds -= before[0];
    nanoseconds -= before[1];
    if (nanoseconds < 0) {
      seconds--;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(MathFloor(now() * 1e6));

function emitWarning(warning, options = undefined, code = undefined) {
  let type = "Warning";
  let detail;
  if (options !== null && typeof options === "object" && !ArrayIsArray(options)) {
    type = options.type || "Warning";
    ({ code, detail } = options);
  } else if (typeof options === "string") {
    type = options;
  }
  if (typeof code === "function") code = undefined;
  /** @type {any} */
  let error = warning;
  if (typeof warning === "string") {
    error = new Error(warning);
    error.name = type;
    if (code !== undefined) error.code = code;
    if (typeof detail === "string") error.detail = detail;
  } else if (!(warning instanceof Error)) {
    throw invalidArgType("warning", ["string", "Error"], warning);
  }
  if (error.name === "DeprecationWarning" && process.noDeprecation) return;
  nextTick(() => {
    const mark = error.code === undefined ? "" : `[${error.code}] `;
    const rest = typeof error.detail === "string" ? `\n${error.detail}` : "";
    ops.log("warn", `${mark}${error.name}: ${error.message}${rest}`);
    process.emit("warning", error);
  });
}

/** A stream of the process: its lines are in the app's log. */
function output(fd, level) {
  const stream = new EventEmitter();
  stream.fd = fd;
  stream.isTTY = false;
  stream.writable = true;
  stream.write = (chunk, encoding, callback) => {
    const done = typeof encoding === "function" ? encoding : callback;
    const text = String(chunk);
    ops.log(level, StringPrototypeEndsWith(text, "\n") ? StringPrototypeSlice(text, 0, -1) : text);
    if (typeof done === "function") nextTick(done);
    return true;
  };
  stream.end = () => stream;
  return stream;
}

function refuse(name) {
  return () => {
    throw notImplemented(`process.${name}`);
  };
}

function getBuiltinModule(id) {
  validateString(id, "id");
  return ops.builtinModule(id);
}

const properties = {
  version: `v${nodeVersion}`,
  versions: { __proto__: null, node: nodeVersion, nano: version },
  arch: "x64",
  platform: "linux",
  release: { name: "node" },
  argv: ["nano"],
  argv0: "nano",
  execArgv: [],
  execPath: "",
  title: "nano",
  pid: 1,
  ppid: 0,
  exitCode: undefined,
  config: { target_defaults: {}, variables: {} },
  features: {
    inspector: false, debug: false, uv: false, ipv6: true, tls_alpn: true, tls_sni: true, tls_ocsp: false, tls: true,
    cached_builtins: true, require_module: false, typescript: false,
  },
  noDeprecation: false,
  throwDeprecation: false,
  traceDeprecation: false,
  allowedNodeEnvironmentFlags: new Set(),
  env: environment(),
  stdout: output(1, "info"),
  stderr: output(2, "error"),
  nextTick,
  hrtime,
  emitWarning,
  getBuiltinModule,
  uptime: () => now() / 1000,
  cwd: () => "/",
  umask: () => 18,
  cpuUsage: () => ({ user: 0, system: 0 }),
  resourceUsage: () => ({ userCPUTime: 0, systemCPUTime: 0, maxRSS: 0 }),
  constrainedMemory: () => 0,
  availableMemory: () => 0,
  getActiveResourcesInfo: () => [],
  hasUncaughtExceptionCaptureCallback: () => false,
  setSourceMapsEnabled: () => undefined,
  abort: refuse("abort"),
  chdir: refuse("chdir"),
  exit: refuse("exit"),
  kill: refuse("kill"),
  binding: (name) => {
    throw typeError("ERR_ACCESS_DENIED", `process.binding(${name}) is not there`);
  },
};

function memoryUsage() {
  return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = () => 0;
process.memoryUsage = memoryUsage;
const names = ObjectKeys(properties);
for (let at = 0; at < names.length; at++) process[names[at]] = properties[names[at]];

export const moduleExports = process;
