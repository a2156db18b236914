// node:zlib (nodejs.org/api/zlib.html), around the coders of the Compression Standard.
// NANO: `strategy` and `memLevel` are checked and have no effect; of Brotli's parameters those for quality and window have one.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { isAnyArrayBuffer } from "./buffer/create.js";
import { moduleExports as bufferModule } from "./buffer.js";
import { invalidArgType, rangeError } from "./internal/errors.js";
import { nextTick } from "./internal/next_tick.js";
import { validateFunction, validateInteger } from "./internal/validators.js";
import { code, codeSync, rangedOption, ZlibBase } from "./zlib/base.js";
import { Codec } from "./zlib/codec.js";
import { codes, constants } from "./zlib/constants.js";

const {
  ArrayBufferIsView, FunctionPrototypeCall, Int32Array, NumberIsNaN, ObjectDefineProperties, ObjectDefineProperty, ObjectKeys,
  ObjectSetPrototypeOf, StringPrototypeSlice, StringPrototypeToLowerCase,
} = primordials;

const { Buffer } = bufferModule;

const kBytes = ["Buffer", "TypedArray", "DataView", "ArrayBuffer"];
const kZlibDefaults = {
  flush: constants.Z_NO_FLUSH, finishFlush: constants.Z_FINISH, fullFlush: constants.Z_FULL_FLUSH, most: constants.Z_BLOCK,
};
const kBrotliDefaults = {
  flush: constants.BROTLI_OPERATION_PROCESS, finishFlush: constants.BROTLI_OPERATION_FINISH, fullFlush: constants.BROTLI_OPERATION_FLUSH,
  most: constants.BROTLI_OPERATION_EMIT_METADATA,
};

const kZstdDefaults = {
  flush: constants.ZSTD_e_continue, finishFlush: constants.ZSTD_e_end, fullFlush: constants.ZSTD_e_flush, most: constants.ZSTD_e_end,
};

/** What a stream of older packages finds in `_handle`. */
class Handle extends Codec {
  reset() {
    if (this.mode !== constants.UNZIP) this.open();
  }

  params(level) {
    this.setLevel(level);
  }
}

function dictionaryOf(options) {
  const { dictionary } = options;
  if (dictionary === undefined || ArrayBufferIsView(dictionary)) return dictionary;
  if (isAnyArrayBuffer(dictionary)) return Buffer.from(dictionary);
  throw invalidArgType("options.dictionary", kBytes, dictionary);
}

/** @type {any} */
const Zlib = function (options, mode) {
  const given = options ?? {};
  const isDecoder = mode === constants.INFLATE || mode === constants.GUNZIP || mode === constants.UNZIP;
  let windowBits = constants.Z_DEFAULT_WINDOWBITS;
  if (!(isDecoder && (given.windowBits === undefined || given.windowBits === null || given.windowBits === 0))) {
    const least = constants.Z_MIN_WINDOWBITS + (mode === constants.GZIP ? 1 : 0);
    windowBits = rangedOption(
      given.windowBits, "options.windowBits", least, constants.Z_MAX_WINDOWBITS, constants.Z_DEFAULT_WINDOWBITS,
    );
  }
  const level = rangedOption(
    given.level, "options.level", constants.Z_MIN_LEVEL, constants.Z_MAX_LEVEL, constants.Z_DEFAULT_COMPRESSION,
  );
  rangedOption(given.memLevel, "options.memLevel", constants.Z_MIN_MEMLEVEL, constants.Z_MAX_MEMLEVEL, constants.Z_DEFAULT_MEMLEVEL);
  const strategy = rangedOption(
    given.strategy, "options.strategy", constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_DEFAULT_STRATEGY,
  );
  const handle = new Handle(mode, { level: levelOf(level), windowBits, dictionary: dictionaryOf(given) });
  FunctionPrototypeCall(ZlibBase, this, options, mode, handle, kZlibDefaults);
  this._level = level;
  this._strategy = strategy;
  this._mode = mode;
};
ObjectSetPrototypeOf(Zlib.prototype, ZlibBase.prototype);
ObjectSetPrototypeOf(Zlib, ZlibBase);

function levelOf(level) {
  return level === constants.Z_DEFAULT_COMPRESSION ? undefined : level;
}

Zlib.prototype.params = function (level, strategy, callback) {
  rangedOption(level, "level", constants.Z_MIN_LEVEL, constants.Z_MAX_LEVEL, undefined);
  rangedOption(strategy, "strategy", constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, undefined);
  if (this._level === level && this._strategy === strategy) return void nextTick(callback);
  this.flush(constants.Z_SYNC_FLUSH, (error) => {
    if (!error && !this.destroyed && this._handle) {
      this._handle.params(levelOf(level) ?? 6);
      this._level = level;
      this._strategy = strategy;
    }
    if (callback) callback(error);
  });
};

/** @type {any} */
const Brotli = function (options, mode) {
  const given = options?.params ?? {};
  const keys = ObjectKeys(given);
  for (let at = 0; at < keys.length; at++) {
    const key = +keys[at];
    if (NumberIsNaN(key) || key < 0 || key > constants.BROTLI_PARAM_NDIRECT) {
      throw rangeError("ERR_BROTLI_INVALID_PARAM", `${keys[at]} is not a valid Brotli parameter`);
    }
    const value = given[keys[at]];
    if (typeof value !== "number" && typeof value !== "boolean") throw invalidArgType("options.params[key]", "number", value);
  }
  const level = given[constants.BROTLI_PARAM_QUALITY] ?? constants.BROTLI_DEFAULT_QUALITY;
  const windowBits = given[constants.BROTLI_PARAM_LGWIN] ?? constants.BROTLI_DEFAULT_WINDOW;
  FunctionPrototypeCall(ZlibBase, this, options, mode, new Handle(mode, { level, windowBits, dictionary: undefined }), kBrotliDefaults);
};
ObjectSetPrototypeOf(Brotli.prototype, Zlib.prototype);
ObjectSetPrototypeOf(Brotli, Zlib);

/** @type {any} */
const Zstd = function (options, mode) {
  const given = options?.params ?? {};
  const keys = ObjectKeys(given);
  const parameters = new Int32Array(keys.length * 2);
  const isDecoder = mode === constants.ZSTD_DECOMPRESS;
  for (let at = 0; at < keys.length; at++) {
    const key = +keys[at];
    const isKnown = isDecoder ? key === constants.ZSTD_d_windowLogMax
      : (key >= 100 && key <= 107) || (key >= 160 && key <= 164) || (key >= 200 && key <= 202) || (key >= 400 && key <= 402);
    if (!isKnown) throw rangeError("ERR_ZSTD_INVALID_PARAM", `${keys[at]} is not a valid zstd parameter`);
    const value = given[keys[at]];
    if (typeof value !== "number" && typeof value !== "boolean") throw invalidArgType("options.params[key]", "number", value);
    parameters[at * 2] = key;
    parameters[at * 2 + 1] = +value;
  }
  const size = options?.pledgedSrcSize;
  if (size !== undefined) validateInteger(size, "options.pledgedSrcSize", 0);
  const handle = new Handle(mode, { parameters, size, dictionary: options ? dictionaryOf(options) : undefined });
  FunctionPrototypeCall(ZlibBase, this, options, mode, handle, kZstdDefaults);
};
ObjectSetPrototypeOf(Zstd.prototype, ZlibBase.prototype);
ObjectSetPrototypeOf(Zstd, ZlibBase);

/** A class of Node.js: a function, since older code calls it without `new`. */
function defineClass(name, parent, mode) {
  /** @type {any} */
  const constructor = function (options = undefined) {
    if (!(this instanceof constructor)) return new constructor(options);
    // zlib itself makes no window of 256 bytes for raw data.
    if (mode === constants.DEFLATERAW && options?.windowBits === 8) options.windowBits = 9;
    return void FunctionPrototypeCall(parent, this, options, mode);
  };
  ObjectDefineProperty(constructor, "name", { __proto__: null, value: name, configurable: true });
  ObjectSetPrototypeOf(constructor.prototype, parent.prototype);
  ObjectSetPrototypeOf(constructor, parent);
  return constructor;
}

function bytesOf(input) {
  if (typeof input === "string") return Buffer.from(input);
  if (ArrayBufferIsView(input)) {
    return input instanceof Buffer ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  }
  if (isAnyArrayBuffer(input)) return Buffer.from(input);
  throw invalidArgType("buffer", ["string", "Buffer", "TypedArray", "DataView", "ArrayBuffer"], input);
}

function crc32(data, value = 0) {
  if (typeof data !== "string" && !ArrayBufferIsView(data)) {
    throw invalidArgType("data", ["Buffer", "TypedArray", "DataView", "string"], data);
  }
  validateInteger(value, "value", 0, 2 ** 32 - 1);
  return ops.crc32(typeof data === "string" ? Buffer.from(data) : data, value);
}

/** @type {any} */
const zlib = { crc32 };

function defineFormat(name, parent, mode) {
  const constructor = defineClass(name, parent, mode);
  const method = StringPrototypeToLowerCase(name[0]) + StringPrototypeSlice(name, 1);
  zlib[name] = constructor;
  zlib[method] = (input, givenOptions, givenCallback) => {
    const isShort = typeof givenOptions === "function";
    const callback = isShort ? givenOptions : givenCallback;
    validateFunction(callback, "callback");
    const stream = new constructor(isShort ? {} : givenOptions);
    code(stream, typeof input === "string" ? input : bytesOf(input), callback);
  };
  zlib[`${method}Sync`] = (input, options) => {
    const bytes = bytesOf(input);
    return codeSync(new constructor(options), bytes);
  };
  ObjectDefineProperty(zlib, `create${name}`, {
    __proto__: null, configurable: true, enumerable: true, value: (options) => new constructor(options),
  });
}

defineFormat("Deflate", Zlib, constants.DEFLATE);
defineFormat("Inflate", Zlib, constants.INFLATE);
defineFormat("Gzip", Zlib, constants.GZIP);
defineFormat("Gunzip", Zlib, constants.GUNZIP);
defineFormat("DeflateRaw", Zlib, constants.DEFLATERAW);
defineFormat("InflateRaw", Zlib, constants.INFLATERAW);
defineFormat("Unzip", Zlib, constants.UNZIP);
defineFormat("BrotliCompress", Brotli, constants.BROTLI_ENCODE);
defineFormat("BrotliDecompress", Brotli, constants.BROTLI_DECODE);
defineFormat("ZstdCompress", Zstd, constants.ZSTD_COMPRESS);
defineFormat("ZstdDecompress", Zstd, constants.ZSTD_DECOMPRESS);

ObjectDefineProperties(zlib, {
  constants: { __proto__: null, enumerable: true, value: constants },
  codes: { __proto__: null, enumerable: true, value: codes },
});
const names = ObjectKeys(constants);
for (let at = 0; at < names.length; at++) {
  ObjectDefineProperty(zlib, names[at], { __proto__: null, enumerable: true, value: constants[names[at]], writable: false });
}

export const moduleExports = zlib;
