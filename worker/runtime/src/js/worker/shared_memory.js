// Takes shared memory away from apps: an isolate has one thread, so there is nothing to share with, and V8 accounts no
// bytes of it to the isolate, so it would pass the memory limit by.
//
// It comes from SharedArrayBuffer, which packages look at when they are loaded, so that one without shared memory stands in for it; from
// WebAssembly.Memory, and from WebAssembly modules that declare a shared memory
// themselves. V8 has no switch for the latter two, so what compiles a module is wrapped and looks at the binary first.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { ViewByteLength, ViewByteOffset } from "../streams/array_buffers.js";
import { isArrayBuffer, viewBuffer } from "../webidl.js";

const {
  ArrayBufferIsView, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, PromiseReject, Proxy, ReflectApply, ReflectConstruct, TypeError, Uint8Array,
  globalThis: global,
} = primordials;

/** What a WebAssembly.Memory may be made of, beside `shared`. */
const MEMORY_FIELDS = ["initial", "minimum", "maximum", "address", "index"];

/** What `ops.wasmExamine` says. */
const SHARED = 1;
const UNREADABLE = 2;

function define(object, name, value) {
  ObjectDefineProperty(object, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

/** Puts a proxy with this `construct` in a constructor's place; `construct` gets the arguments and the true new.target. */
function replaceConstructor(namespace, name, construct) {
  const original = namespace[name];
  const guarded = new Proxy(original, {
    __proto__: null,
    construct(target, args, newTarget) {
      return construct(target, args, newTarget === guarded ? target : newTarget);
    },
  });
  define(namespace, name, guarded);
  define(original.prototype, "constructor", guarded);
}

function constructMemory(target, args, newTarget) {
  const given = args[0];
  if (given === null || (typeof given !== "object" && typeof given !== "function")) {
    return ReflectConstruct(target, args, newTarget);
  }
  if (given.shared) throw new TypeError("WebAssembly.Memory(): shared memory is not supported");
  // A copy, or a getter could answer differently the second time.
  const descriptor = { __proto__: null };
  for (let i = 0; i < MEMORY_FIELDS.length; i++) {
    const value = given[MEMORY_FIELDS[i]];
    if (value !== undefined) descriptor[MEMORY_FIELDS[i]] = value;
  }
  return ReflectConstruct(target, [descriptor], newTarget);
}

// A copy of a BufferSource, so that what was examined cannot be changed; null for anything else.
function copyOf(source) {
  if (ArrayBufferIsView(source)) {
    const length = ViewByteLength(source);
    if (length === 0) return new Uint8Array(0);
    return new Uint8Array(new Uint8Array(viewBuffer(source), ViewByteOffset(source), length));
  }
  if (!isArrayBuffer(source)) return null;
  return new Uint8Array(new Uint8Array(source));
}

/** Puts a class of plain array buffers in the place of SharedArrayBuffer, made when an app looks at it. */
function replaceSharedArrayBuffer() {
  const name = "SharedArrayBuffer";
  const { get, set } = ObjectGetOwnPropertyDescriptor({
    get [name]() {
      const made = ops.lazyBuiltin("worker/unshared_array_buffer.js");
      define(global, name, made[name]);
      return made[name];
    },
    set [name](value) {
      define(global, name, value);
    },
  }, name);
  ObjectDefineProperty(global, name, { __proto__: null, get, set, enumerable: false, configurable: true });
}

/** Called natively before any code of an app runs. */
export function removeSharedMemory() {
  replaceSharedArrayBuffer();
  // Not captured: V8 adds it to a realm only when that is restored from the snapshot.
  const { WebAssembly } = global;
  const { CompileError, compile, instantiate, validate } = WebAssembly;
  replaceConstructor(WebAssembly, "Memory", constructMemory);

  const refusal = (bytes) => {
    const verdict = ops.wasmExamine(bytes);
    if (verdict === SHARED) return "shared memory is not supported";
    // V8 says best what is wrong with a binary; one that it understands and we do not could hold anything.
    if (verdict === UNREADABLE && ReflectApply(validate, WebAssembly, [bytes])) return "the module cannot be examined";
    return undefined;
  };

  /** The arguments with bytes that were examined. Throws where the module is refused. */
  const examined = (args, name) => {
    const bytes = copyOf(args[0]);
    if (bytes === null) return args;
    const complaint = refusal(bytes);
    if (complaint !== undefined) throw new CompileError(`WebAssembly.${name}(): ${complaint}`);
    args[0] = bytes;
    return args;
  };

  replaceConstructor(
    WebAssembly,
    "Module",
    (target, args, newTarget) => ReflectConstruct(target, examined(args, "Module"), newTarget),
  );
  // Methods, so that they are no constructors; what they throw rejects, as with the originals.
  const functions = {
    compile(_bytes) {
      try {
        return ReflectApply(compile, WebAssembly, examined(arguments, "compile"));
      } catch (error) {
        return PromiseReject(error);
      }
    },
    instantiate(_bytes) {
      try {
        return ReflectApply(instantiate, WebAssembly, examined(arguments, "instantiate"));
      } catch (error) {
        return PromiseReject(error);
      }
    },
    validate(_bytes) {
      const copy = copyOf(arguments[0]);
      if (copy === null) return ReflectApply(validate, WebAssembly, arguments);
      if (refusal(copy) !== undefined) return false;
      arguments[0] = copy;
      return ReflectApply(validate, WebAssembly, arguments);
    },
  };
  for (const name in functions) {
    ObjectDefineProperty(WebAssembly, name, {
      __proto__: null, value: functions[name], writable: true, enumerable: true, configurable: true,
    });
  }
}
