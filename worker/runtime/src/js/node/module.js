// node:module (nodejs.org/api/module.html), as far as there is one: an app's modules are ECMAScript modules, and what can be
// required is what is built in.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { invalidArgValue, notImplemented, plainError } from "./internal/errors.js";
import { validateString } from "./internal/validators.js";

const { ArrayPrototypeIncludes, Error, ObjectAssign, StringPrototypeSlice, StringPrototypeStartsWith } = primordials;

const builtinModules = ops.builtinModules();

function isBuiltin(name) {
  return ArrayPrototypeIncludes(builtinModules, StringPrototypeStartsWith(name, "node:") ? StringPrototypeSlice(name, 5) : name);
}

function notFound(id) {
  const message = `Cannot find module '${id}'`;
  return StringPrototypeStartsWith(id, "node:")
    ? plainError("ERR_UNKNOWN_BUILTIN_MODULE", `No such built-in module: ${id}`)
    : ObjectAssign(new Error(message), { code: "MODULE_NOT_FOUND", requireStack: [] });
}

function createRequire(filename) {
  const isFile = typeof filename === "string" &&
    (StringPrototypeStartsWith(filename, "/") || StringPrototypeStartsWith(filename, "file:"));
  if (!isFile && !filename?.href) {
    throw invalidArgValue("filename", filename, "must be a file URL object, file URL string, or absolute path string");
  }
  const require = (id) => {
    validateString(id, "id");
    const found = ops.builtinModule(id);
    if (found === undefined) throw notFound(id);
    return found;
  };
  require.resolve = (id) => {
    validateString(id, "request");
    if (!isBuiltin(id)) throw notFound(id);
    return id;
  };
  require.cache = { __proto__: null };
  require.main = undefined;
  return require;
}

const wrapper = ["(function (exports, require, module, __filename, __dirname) { ", "\n});"];

function refuse(name) {
  return () => {
    throw notImplemented(name);
  };
}

/** @type {any} */
const Module = function () {
  throw notImplemented("Module");
};

export const moduleExports = ObjectAssign(Module, {
  Module,
  builtinModules,
  createRequire,
  isBuiltin,
  findSourceMap: () => undefined,
  register: () => undefined,
  syncBuiltinESMExports: () => undefined,
  enableCompileCache: () => ({ status: 3 }),
  getCompileCacheDir: () => undefined,
  globalPaths: [],
  constants: { __proto__: null, compileCacheStatus: { __proto__: null, FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 } },
  findPackageJSON: () => undefined,
  flushCompileCache: () => undefined,
  getSourceMapsSupport: () => ({ __proto__: null, enabled: false, nodeModules: false, generatedCode: false }),
  setSourceMapsSupport: () => undefined,
  registerHooks: refuse("module.registerHooks"),
  runMain: refuse("module.runMain"),
  stripTypeScriptTypes: refuse("module.stripTypeScriptTypes"),
  SourceMap: class SourceMap {},
  wrap: (script) => `${wrapper[0]}${script}${wrapper[1]}`,
  wrapper,
  _cache: { __proto__: null },
  _extensions: { __proto__: null },
  _findPath: () => false,
  _initPaths() {},
  _load: (request) => {
    const found = ops.builtinModule(request);
    if (found === undefined) throw notFound(request);
    return found;
  },
  _nodeModulePaths: () => [],
  _pathCache: { __proto__: null },
  _preloadModules() {},
  _resolveFilename: (request) => {
    if (!isBuiltin(request)) throw notFound(request);
    return request;
  },
  _resolveLookupPaths: () => null,
});
