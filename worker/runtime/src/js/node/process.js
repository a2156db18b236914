// node:process (nodejs.org/api/process.html), as far as there is one: an app has no process to itself. It knows nothing of its
// machine, its working directory is that of its files, and it ends when the supervisor says so.

import { now } from "../performance/clock.js";
import { ops, version } from "../ops.js";
import { primordials } from "../primordials.js";
import { getEnvironment } from "../worker/environment.js";
import { kUtf8 } from "./buffer/encodings.js";
import { moduleExports as EventEmitter } from "./events.js";
import { invalidArgType, notImplemented, plainError, typeError } from "./internal/errors.js";
import { nextTick } from "./internal/next_tick.js";
import { validateString } from "./internal/validators.js";

const {
  ArrayIsArray, BigInt, Error, FunctionPrototypeCall, JSONStringify, MathFloor, ObjectCreate, ObjectDefineProperty, ObjectKeys, ObjectSetPrototypeOf,
  Set, StringPrototypeEndsWith, StringPrototypeSlice, SymbolToStringTag,
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
// By which packages tell that they run in Node.js.
ObjectDefineProperty(process, SymbolToStringTag, { __proto__: null, value: "process", writable: true, enumerable: false, configurable: false });

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

/** Node.js's own has more in it; packages compare `node` alone. */
function versions() {
  const all = { node: nodeVersion, nano: version };
  const parts = [
    "acorn", "ada", "amaro", "ares", "brotli", "cjs_module_lexer", "cldr", "icu", "llhttp", "merve", "modules", "napi", "nbytes", "ncrypto",
    "nghttp2", "openssl", "simdjson", "simdutf", "sqlite", "tz", "undici", "unicode", "uv", "uvwasi", "v8", "zlib", "zstd",
  ];
  for (let at = 0; at < parts.length; at++) all[parts[at]] = "";
  return all;
}

/** What stands in for the input of a process: it has ended. */
function defineInput() {
  let stream;
  ObjectDefineProperty(process, "stdin", {
    __proto__: null,
    enumerable: true,
    configurable: true,
    get: () => {
      if (stream === undefined) {
        const { Readable } = ops.lazyBuiltin("node/stream.js");
        stream = new Readable({ read() {} });
        stream.push(null);
        stream.fd = 0;
        stream.isTTY = false;
      }
      return stream;
    },
    set: (value) => {
      stream = value;
    },
  });
}

/** A stream of the process: what is written to it is in the app's log. Made when it is first looked at. */
function defineOutput(name, fd, level) {
  let stream;
  ObjectDefineProperty(process, name, {
    __proto__: null,
    enumerable: true,
    configurable: true,
    get: () => stream ??= createOutput(fd, level),
    set: (value) => {
      stream = value;
    },
  });
}

function createOutput(fd, level) {
  const { Writable } = ops.lazyBuiltin("node/stream.js");
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, callback) {
      const text = typeof chunk === "string" ? chunk : ops.bytesToText(chunk, kUtf8);
      ops.log(level, StringPrototypeEndsWith(text, "\n") ? StringPrototypeSlice(text, 0, -1) : text);
      callback();
    },
  });
  stream.fd = fd;
  stream.isTTY = false;
  stream._isStdio = true;
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
  versions: versions(),
  arch: "x64",
  platform: "linux",
  release: { name: "node", lts: "Jod", sourceUrl: "", headersUrl: "" },
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
    cached_builtins: true, openssl_is_boringssl: true, require_module: false, typescript: false,
  },
  noDeprecation: false,
  throwDeprecation: false,
  traceDeprecation: false,
  allowedNodeEnvironmentFlags: new Set(),
  env: environment(),
  nextTick,
  hrtime,
  emitWarning,
  getBuiltinModule,
  uptime: () => now() / 1000,
  cwd: () => "/bundle",
  umask: () => 18,
  getegid: () => 0,
  geteuid: () => 0,
  getgid: () => 0,
  getgroups: () => [0],
  getuid: () => 0,
  ref() {},
  unref() {},
  connected: false,
  channel: null,
  debugPort: 0,
  domain: null,
  finalization: { register() {}, registerBeforeExit() {}, unregister() {} },
  moduleLoadList: [],
  permission: { has: () => false },
  report: {
    compact: false, directory: "", filename: "", getReport: () => ({}), reportOnFatalError: false, reportOnSignal: false,
    reportOnUncaughtException: false, excludeNetwork: false, excludeEnv: false, signal: "SIGUSR2", writeReport: () => "",
  },
  sourceMapsEnabled: false,
  getSourceMapsSupport: () => ({ __proto__: null, enabled: false, nodeModules: false, generatedCode: false }),
  setUncaughtExceptionCaptureCallback() {},
  addUncaughtExceptionCaptureCallback() {},
  threadCpuUsage: () => ({ user: 0, system: 0 }),
  assert: (value, message = "assertion error") => {
    if (!value) throw plainError("ERR_ASSERTION", message);
  },
  dlopen: refuse("dlopen"),
  execve: refuse("execve"),
  initgroups: refuse("initgroups"),
  loadEnvFile: refuse("loadEnvFile"),
  openStdin: () => process.stdin,
  reallyExit: refuse("reallyExit"),
  send: undefined,
  setegid: refuse("setegid"),
  seteuid: refuse("seteuid"),
  setgid: refuse("setgid"),
  setgroups: refuse("setgroups"),
  setuid: refuse("setuid"),
  _rawDebug: (...args) => ops.log("error", `${args[0]}`),
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
defineInput();
defineOutput("stdout", 1, "info");
defineOutput("stderr", 2, "error");
const names = ObjectKeys(properties);
for (let at = 0; at < names.length; at++) process[names[at]] = properties[names[at]];

export const moduleExports = process;
